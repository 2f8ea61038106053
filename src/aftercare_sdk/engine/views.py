"""What a hook sees: the facts known with a time up to the event's, and nothing that could be changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.model.context import (
    Context,
    CountedOrder,
    CustomerView,
    PointsAward,
    PointsView,
    SentMessage,
    ShopView,
)
from aftercare_sdk.model.events import ReviewReceived
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import Order, order_ref
from aftercare_sdk.model.records import (
    CustomerRecord,
    OrderRecord,
    ProductRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
)
from aftercare_sdk.model.reviews import Review
from aftercare_sdk.model.subscriptions import Subscription
from aftercare_sdk.plugins import read_only
from aftercare_sdk.shops.reconcile import as_order, as_review, as_subscription
from aftercare_sdk.store import balances, erasing, events, lots, memory, messages, objects, people
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.lots import Award
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
class _Points:
    """What plugins that count points see beside: by identity, and products by their keys."""

    awards: Mapping[int, Sequence[Award]] = field(default_factory=dict)
    balances: Mapping[int, Balance] = field(default_factory=dict)
    products: Mapping[objects.Key, ProductRecord] = field(default_factory=dict)


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
    counting = brand.counting & {unit.plugin for unit in units}
    counted = {customers[known[unit.event].identity] for unit in units if unit.plugin in counting}
    points = _points(connection, [persons[customer] for customer in counted], counting)
    erased = erasing.erased(connection, customers)
    contexts = {}
    for unit in units:
        person = persons[customers[known[unit.event].identity]]
        context = _context(brand, known[unit.event], unit.plugin, person, remembered)
        if known[unit.event].identity in erased:
            context = replace(context, customer=replace(context.customer, erased=True))
        if unit.plugin in counting:
            context = replace(context, points=_points_of(brand, unit.plugin, person, points))
        contexts[unit.event, unit.plugin] = context
    return Views(known=known, contexts=contexts)


def _points(connection: Connection, persons: Sequence[_Person], plugins: Collection[str]) -> _Points:
    if not persons:
        return _Points()
    identities = [identity for person in persons for identity in person.identities]
    awards: dict[int, list[Award]] = {}
    for award in lots.of_identities(connection, identities, plugins):
        awards.setdefault(award.lot.identity, []).append(award)
    keys = {
        (order.shop, "product", line.product)
        for person in persons
        for order in person.orders
        for line in order.lines
        if line.product
    }
    products = {
        key: stored.record
        for key, stored in objects.get_many(connection, keys).items()
        if isinstance(stored.record, ProductRecord)
    }
    held = balances.of_identities(connection, identities)
    return _Points(awards=awards, balances=held, products=products)


def _points_of(brand: Brand, plugin: str, person: _Person, points: _Points) -> PointsView:
    held = sum((points.balances.get(each, Balance()) for each in person.identities), Balance())
    awards = [
        award for each in person.identities for award in points.awards.get(each, ()) if award.plugin == plugin
    ]
    return PointsView(
        available=held.available,
        pending=held.pending,
        debt=held.debt,
        awards=tuple(
            PointsAward(
                label=award.label,
                order=order_ref(award.shop, award.object) if award.follows else None,
                lines=read_only(award.lines),
                left=award.lot.earned,
                settled=award.lot.available,
                awarded_at=award.awarded_at,
                terms=read_only(award.terms),
            )
            for award in sorted(awards, key=lambda award: (award.awarded_at, award.key))
        ),
        orders=tuple(
            CountedOrder(
                order=_described(order, points.products),
                config=brand.section(plugin, order.placed_at),
                counts=brand.counts(plugin, order.purchased_at),
                zone=brand.shop(order.shop).zone,
            )
            for order in person.orders
            if order.purchased_at is not None
        ),
        reviews=person.reviews,
    )


def _described(order: Order, products: Mapping[objects.Key, ProductRecord]) -> Order:
    """Return an order with the categories and tags that the shop gives its products."""
    lines = tuple(
        replace(
            line,
            categories=line.categories or (product.categories.value if product.categories else ()),
            tags=line.tags or (product.tags.value if product.tags else ()),
        )
        if line.product and (product := products.get((order.shop, "product", line.product)))
        else line
        for line in order.lines
    )
    return order if lines == order.lines else replace(order, lines=lines)


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
        # What no event has planned answers a form, at the moment at which that was filled in.
        known = planned_by.get(message.event)
        at = known.event.occurred_at if known else message.due_at or message.planned_at
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
            birthday=account.birthday.value if account and account.birthday else None,
            tier=_tier(person, remembered),
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


def _tier(person: _Person, remembered: Mapping[tuple[str, int], Sequence[Remembered]]) -> str | None:
    told = [one for each in person.identities for one in remembered.get((memory.ENGINE, each), ())]
    latest = max((one for one in told if one.name == memory.TIER), key=lambda one: one.seq, default=None)
    return latest.value or None if latest else None


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
