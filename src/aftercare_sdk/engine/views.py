"""What a hook sees: the facts known with a time up to the event's, and nothing that could be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.model.context import Context, CustomerView, SentMessage, ShopView
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.records import CustomerRecord, OrderRecord
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import events, memory, messages, objects, people
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.memory import Remembered
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.objects import Stored
from aftercare_sdk.store.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    identities: tuple[int, ...]
    orders: tuple[Order, ...]
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
    orders = _by_identity(objects.orders_of(connection, everyone))
    accounts = _by_identity(objects.accounts_of(connection, everyone))
    planned = messages.of_identities(connection, everyone)
    planned_by = events.get_many(connection, {message.event for message in planned})
    sent: dict[int, list[tuple[datetime, Message]]] = {}
    for message in planned:
        at = planned_by[message.event].event.occurred_at
        sent.setdefault(message.identity, []).append((at, message))
    return {
        customer: _Person(
            identities=tuple(several),
            orders=tuple(
                sorted(
                    (
                        order
                        for identity in several
                        for stored in orders.get(identity, ())
                        if isinstance(stored.record, OrderRecord)
                        and (order := as_order(stored.record, brand.assumptions(stored.record.shop), now))
                    ),
                    key=lambda order: (order.placed_at, order.ref),
                )
            ),
            account=next(
                (
                    stored.record
                    for identity in several
                    for stored in accounts.get(identity, ())
                    if isinstance(stored.record, CustomerRecord)
                ),
                None,
            ),
            messages=tuple(one for identity in several for one in sent.get(identity, ())),
        )
        for customer, several in identities.items()
    }


def _by_identity(stored: Iterable[Stored]) -> dict[int, list[Stored]]:
    found: dict[int, list[Stored]] = {}
    for one in stored:
        if one.identity is not None:
            found.setdefault(one.identity, []).append(one)
    return found


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
        ),
        order=next(
            (
                order.as_of(at)
                for order in person.orders
                if order.shop == event.shop and order.id == known.object
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
