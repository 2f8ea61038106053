"""What a hook sees: the facts known with a time up to the event's, and nothing that could be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.model.context import Context, CustomerView, SentMessage, ShopView
from aftercare_sdk.model.events import ReviewReceived
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.records import (
    CustomerRecord,
    OrderRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
)
from aftercare_sdk.model.reviews import Review
from aftercare_sdk.model.subscriptions import Subscription
from aftercare_sdk.shops.reconcile import as_order, as_review, as_subscription
from aftercare_sdk.store import events, memory, messages, objects, people
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.memory import Remembered
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    identities: tuple[int, ...]
    orders: tuple[Order, ...]
    reviews: tuple[Review, ...]
    subscriptions: tuple[Subscription, ...]
    account: CustomerRecord | None
    messages: tuple[tuple[datetime, Message], ...]
    """Each with the time of the event that planned it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Events and contexts of units that run together."""

    known: Mapping[str, Known]
    contexts: Mapping[tuple[str, str], Context]


def load_views(brand: Brand, connection: Connection, units: Sequence[Unit], now: datetime) -> Views:
    """Return what the hooks of `units` see; a handful of queries, however many units there are."""
    known = events.get_many(connection, {unit.event for unit in units})
    # By the event, not by the unit: an order may have found its account since the unit was made.
    customers = people.customers_of(connection, {one.identity for one in known.values()})
    persons = _persons(brand, connection, set(customers.values()), now)
    remembered = memory.of_identities(
        connection, {identity for person in persons.values() for identity in person.identities}
    )
    contexts = {
        (unit.event, unit.plugin): _context(
            brand,
            known[unit.event],
            unit.plugin,
            persons[customers[known[unit.event].identity]],
            remembered,
        )
        for unit in units
    }
    return Views(known=known, contexts=contexts)


def _persons(
    brand: Brand, connection: Connection, customers: Iterable[int], now: datetime
) -> dict[int, _Person]:
    identities = people.identities_of(connection, customers)
    everyone = [identity for several in identities.values() for identity in several]
    records = objects.all_of(connection, everyone)
    planned = messages.of_identities(connection, everyone)
    planned_by = events.get_many(connection, {message.event for message in planned})
    sent: dict[int, list[tuple[datetime, Message]]] = {}
    for message in planned:
        at = planned_by[message.event].event.occurred_at
        sent.setdefault(message.identity, []).append((at, message))
    return {
        customer: _person(
            brand,
            now,
            identities=several,
            records=[record for identity in several for record in records.get(identity, ())],
            messages=tuple(one for identity in several for one in sent.get(identity, ())),
        )
        for customer, several in identities.items()
    }


def _person(
    brand: Brand,
    now: datetime,
    *,
    identities: Sequence[int],
    records: Sequence[Record],
    messages: tuple[tuple[datetime, Message], ...],
) -> _Person:
    orders = [
        order
        for record in records
        if isinstance(record, OrderRecord)
        and (order := as_order(record, brand.assumptions(record.shop), now))
    ]
    reviews = [
        review for record in records if isinstance(record, ReviewRecord) and (review := as_review(record))
    ]
    return _Person(
        identities=tuple(identities),
        orders=tuple(sorted(orders, key=lambda order: (order.placed_at, order.ref))),
        reviews=tuple(sorted(reviews, key=lambda review: (review.created_at, review.ref))),
        subscriptions=tuple(
            as_subscription(record) for record in records if isinstance(record, SubscriptionRecord)
        ),
        account=next((record for record in records if isinstance(record, CustomerRecord)), None),
        messages=messages,
    )


def _context(
    brand: Brand,
    known: Known,
    plugin: str,
    person: _Person,
    remembered: Mapping[tuple[str, int], Sequence[Remembered]],
) -> Context:
    event = known.event
    at = event.occurred_at
    shop = brand.shop(event.shop)
    orders = tuple(
        order.as_of(at) for order in person.orders if order.purchased_at and order.purchased_at <= at
    )
    own = (one for identity in person.identities for one in remembered.get((plugin, identity), ()))
    own_order = known.object if known.object_kind == "order" else None
    if isinstance(event, ReviewReceived):
        own_order = event.order
    account = person.account
    country = next((order.country for order in reversed(orders) if order.country), "")
    return Context(
        shop=ShopView(name=shop.name, country=shop.country, locale=shop.locale, zone=shop.zone),
        customer=CustomerView(
            locale=account.locale.value if account and account.locale else "",
            country=country,
            zone=account.zone.value if account and account.zone else "",
            orders=orders,
            messages=tuple(
                _as_of(message, at) for planned_at, message in person.messages if planned_at <= at
            ),
            reviews=tuple(review for review in person.reviews if review.created_at <= at),
            subscriptions=person.subscriptions,
        ),
        order=next(
            (
                order.as_of(at)
                for order in person.orders
                if order.shop == event.shop and order.id == own_order
            ),
            None,
        ),
        review=next(
            (
                review
                for review in person.reviews
                if known.object_kind == "review" and (review.shop, review.id) == (event.shop, known.object)
            ),
            None,
        ),
        config=brand.section(plugin, at),
        memory={one.name: one.value for one in sorted(own, key=lambda one: one.seq)},
        flows=brand.flows,
    )


def _as_of(message: Message, moment: datetime) -> SentMessage:
    """Return a message as it stood at a moment: a hook that is called late decides as one that was not."""
    state = MessageState.PLANNED
    left = message.submitted_at is not None and message.submitted_at <= moment
    if message.final_at is None:
        state = message.state if left else state
    elif message.final_at <= moment:
        state = message.state
    elif left:
        state = MessageState.SUBMITTED
    return SentMessage(
        label=message.label,
        plugin=message.plugin,
        purpose=message.purpose,
        state=state.value,
        at=(message.submitted_at if left else None) or message.due_at or message.planned_at,
    )
