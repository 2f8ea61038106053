"""All that is held of a person, to be handed to the person (LAW-11, LAW-15)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.suppressing import ADDRESS_KEY
from aftercare_sdk.engine.tracing import Person, concerns, find
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.records import (
    ConsentRecord,
    CustomerRecord,
    OrderRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
)
from aftercare_sdk.model.versions import Register
from aftercare_sdk.outreach.permission.suppression import address_hash
from aftercare_sdk.shops.reconcile import as_order, as_review, as_subscription
from aftercare_sdk.store import control, exporting, journal, privacy
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.journal import Arrival, Entry, Kind, State
from aftercare_sdk.store.privacy import Asked

ROWS_AT_ONCE = 200

Row = Mapping[str, Any]
"""One thing that is held, as plain values: texts, numbers, instants, lists and mappings of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is held of a person, by section; every section is named, also one that holds nothing."""

    at: datetime
    brand: str
    sections: Mapping[str, Sequence[Row]] = field(repr=False)


def export(brand: Brand, identities: Collection[int], *, actor: str) -> Export:
    """Return all that is held of the customers that identities belong to, and note who has exported it."""
    now = brand.clock.now()
    with brand.database.write() as connection:
        key = control.secret(connection, ADDRESS_KEY)
    with brand.database.read() as connection:
        person = find(connection, identities)
        hashes = [
            address_hash(key, one.value)
            for one in person.identities.values()
            if one.kind is IdentityKind.EMAIL
        ]
        sections: dict[str, Sequence[Row]] = {
            "identities": [
                {"kind": one.kind.value, "shop": one.shop, "value": one.value}
                for _, one in sorted(person.identities.items())
            ],
            **_objects(brand, person, now),
            **exporting.rows(connection, person.identities, hashes),
        }
        received = [
            _received(row)
            for row in journal.all_bodies(connection, ROWS_AT_ONCE)
            if concerns(brand, row, person.trace)
        ]
    with brand.database.write() as connection:
        journal.append(connection, [_arrival(person, actor, now)])
    return Export(
        at=now,
        brand=brand.settings.brand.name,
        sections={**sections, "received": received},
    )


def settle(brand: Brand, asked: Asked) -> bool:
    """Note that what a platform asked for has been exported; False if somebody has noted that already."""
    with brand.database.write() as connection:
        return privacy.settle(connection, asked.key, "exported", brand.clock.now())


def _objects(brand: Brand, person: Person, now: datetime) -> dict[str, Sequence[Row]]:
    """Return what shops have told of a person, by kind."""
    told: dict[str, list[Row]] = {name: [] for name in _KINDS.values()}
    for one in person.stored:
        name = _KINDS.get(type(one.record))
        if name is not None and one.identity in person.identities:
            told[name].append(_described(brand, one.record, now))
    return dict(told)


_KINDS: Mapping[type[Record], str] = {
    CustomerRecord: "accounts",
    OrderRecord: "orders",
    ReviewRecord: "reviews",
    ConsentRecord: "shop_consents",
    SubscriptionRecord: "subscriptions",
}


def _described(brand: Brand, record: Record, now: datetime) -> Row:
    if isinstance(record, OrderRecord):
        order = as_order(record, brand.assumptions(record.shop), now)
        return {**_plain_fields(order or record), **_plain_of(record, "customer", "contact")}
    if isinstance(record, ReviewRecord):
        return {**_plain_fields(as_review(record) or record), **_plain_of(record, "customer", "contact")}
    if isinstance(record, SubscriptionRecord):
        return _plain_fields(as_subscription(record))
    return _plain_fields(record)


def _plain_fields(value: Any) -> dict[str, Any]:
    """Return what is told of an object, by field."""
    return _plain_of(value, *(each.name for each in fields(value) if each.name != "latest"))


def _plain_of(record: Any, *names: str) -> dict[str, Any]:
    told = {name: _plain(getattr(record, name)) for name in names}
    return {name: value for name, value in told.items() if value not in _NOTHING}


_NOTHING: tuple[object, ...] = (None, "", [], {})


def _plain(value: Any) -> Any:
    """Return a value of the model as plain data, without what nobody has told."""
    if isinstance(value, Register):
        return _plain(value.value)
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        told = {str(name): _plain(one) for name, one in value.items()}
        return {name: one for name, one in told.items() if one not in _NOTHING}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        several = sorted(value) if isinstance(value, frozenset) else list(value)
        return [_plain(one) for one in several]
    return value


def _received(row: Entry) -> Row:
    return {"row": row.seq, "received_at": row.received_at, "kind": row.kind.value, "topic": row.topic}


def _arrival(person: Person, actor: str, now: datetime) -> Arrival:
    return Arrival(
        kind=Kind.COMMAND,
        shop="",
        topic="privacy.export",
        received_at=now,
        body=dump({"customers": sorted(person.customers), "actor": actor}).encode(),
        state=State.DONE,
        outcome=f"exported: {', '.join(f'customer {one}' for one in sorted(person.customers))}",
    )


def json_ready(value: Any) -> Any:
    """Return plain values with instants as text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: json_ready(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(one) for one in value]
    return value
