"""Objects of shops as records, with their personal part stored apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, update

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.records import KINDS, CustomerRecord, OrderRecord, Record, ReviewRecord, kind_of
from aftercare_sdk.model.versions import Register
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.database import among, insert_into
from aftercare_sdk.store.tables import identities, objects

Key = tuple[str, str, str]
"""Shop, kind and id of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A record and whose it is: `identity` the customer's, `contact_identity` the mailbox written to."""

    record: Record
    identity: int | None = None
    contact_identity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """The personal part of a record."""

    contact: Register[Contact | None] | None = field(default=None, repr=False)
    emails: frozenset[str] = field(default=frozenset(), repr=False)
    birthday: Register[date | None] | None = field(default=None, repr=False)
    attributes: Register[Mapping[str, str] | None] | None = field(default=None, repr=False)
    text: Register[str | None] | None = field(default=None, repr=False)


_KEY = (objects.c.shop, objects.c.kind, objects.c.id)


def get_many(connection: Connection, keys: Iterable[Key]) -> dict[Key, Stored]:
    """Return the objects that are known among `keys`."""
    wanted = set(keys)
    if not wanted:
        return {}
    rows = connection.execute(select(objects).where(among(_KEY, wanted)))
    return {(row["shop"], row["kind"], row["id"]): _stored(row) for row in rows.mappings()}


def orders_of(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """Return the orders of these identities."""
    return _of(connection, "order", identities)


def accounts_of(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """Return the customer accounts of these identities."""
    return _of(connection, "customer", identities)


def accounts_of_customers(connection: Connection, customers: Iterable[int]) -> list[tuple[int, Stored]]:
    """Return the accounts of customers, each with whose it is."""
    rows = connection.execute(_ACCOUNTS, {"whose": sorted(customers)}).mappings()
    return [(row["whose"], _stored(row)) for row in rows]


_ACCOUNTS = (
    select(objects, identities.c.customer.label("whose"))
    .join(identities, identities.c.id == objects.c.identity)
    .where(identities.c.customer.in_(bindparam("whose", expanding=True)), objects.c.kind == "customer")
    .order_by(*_KEY)
)


def reviews_of(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """Return the reviews that these identities wrote."""
    return _of(connection, "review", identities)


def consents_of(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """Return what platforms say of the consents of these identities."""
    return _of(connection, "consent", identities)


def concerning(connection: Connection, identities: Iterable[int]) -> list[Stored]:
    """Return everything that belongs to these identities, or is written to them."""
    owners = sorted(set(identities))
    rows = connection.execute(
        select(objects)
        .where(or_(objects.c.identity.in_(owners), objects.c.contact_identity.in_(owners)))
        .order_by(*_KEY)
    )
    return [_stored(row) for row in rows.mappings()]


def all_of(connection: Connection, identities: Iterable[int]) -> dict[int, list[Record]]:
    """Return everything that belongs to these identities, by identity."""
    found: dict[int, list[Record]] = {}
    rows = connection.execute(_ALL_OF, {"owners": sorted(set(identities))})
    for row in rows.mappings():
        found.setdefault(row["identity"], []).append(_stored(row).record)
    return found


def owners_of_mailboxes(connection: Connection, mailboxes: Iterable[int]) -> list[int]:
    """Return the identities whose orders are written to these mailboxes, or whose reviews name them."""
    rows = connection.execute(
        select(objects.c.identity)
        .where(objects.c.contact_identity.in_(sorted(set(mailboxes))), objects.c.identity.is_not(None))
        .distinct()
    )
    return [row[0] for row in rows]


def save_many(
    connection: Connection, stored: Sequence[Stored], now: datetime, *, seen: Collection[Key] = ()
) -> None:
    """Insert or replace objects, in the order of their keys, in which senders lock what they look at.

    `seen`: those that the shop has shown just now; of the others it stays open when it last did.
    """
    if not stored:
        return
    statement = insert_into(connection, objects)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["shop", "kind", "id"],
            set_={
                name: statement.excluded[name]
                for name in ("record", "person", "identity", "contact_identity", "changed_at")
            }
            | {"seen_at": func.coalesce(statement.excluded.seen_at, objects.c.seen_at)},
        ),
        sorted((_row(one, now, seen) for one in stored), key=itemgetter("shop", "kind", "id")),
    )


def lock(connection: Connection, keys: Iterable[Key]) -> dict[Key, Stored]:
    """Return objects and keep others from changing them until this transaction ends."""
    wanted = set(keys)
    if not wanted:
        return {}
    statement = select(objects).where(among(_KEY, wanted)).order_by(*_KEY)
    rows = connection.execute(statement.with_for_update(read=True))
    return {(row["shop"], row["kind"], row["id"]): _stored(row) for row in rows.mappings()}


def saw(connection: Connection, keys: Iterable[Key], at: datetime | None) -> None:
    """Note when objects were last seen in the shop; None: they are known to be there no more."""
    rows = [{"in": shop, "is": kind, "of": id_, "at": at} for shop, kind, id_ in sorted(set(keys))]
    if rows:
        connection.execute(_SAW, rows)


def there(connection: Connection, keys: Iterable[Key]) -> set[Key]:
    """Return which objects the shop has shown, and has not said since to be gone."""
    wanted = set(keys)
    if not wanted:
        return set()
    rows = connection.execute(select(*_KEY).where(among(_KEY, wanted), objects.c.seen_at.is_not(None)))
    return {(row.shop, row.kind, row.id) for row in rows}


def unseen(connection: Connection, shop: str, kind: str, since: datetime, limit: int) -> list[str]:
    """Return the ids of objects that nobody has told of since a moment, though they may be there."""
    return list(
        connection.execute(
            select(objects.c.id)
            .where(objects.c.shop == shop, objects.c.kind == kind, objects.c.seen_at < since)
            .order_by(objects.c.seen_at)
            .limit(limit)
        ).scalars()
    )


_SAW = (
    update(objects)
    .where(
        objects.c.shop == bindparam("in"), objects.c.kind == bindparam("is"), objects.c.id == bindparam("of")
    )
    .values(seen_at=bindparam("at"))
)


def everything(connection: Connection) -> list[Stored]:
    """Return all objects; for proofs and reports over small databases."""
    rows = connection.execute(select(objects).order_by(objects.c.shop, objects.c.kind, objects.c.id))
    return [_stored(row) for row in rows.mappings()]


def _of(connection: Connection, kind: str, identities: Iterable[int]) -> list[Stored]:
    rows = connection.execute(_OF, {"is": kind, "owners": sorted(set(identities))})
    return [_stored(row) for row in rows.mappings()]


_ALL_OF = (
    select(objects)
    .where(objects.c.identity.in_(bindparam("owners", expanding=True)))
    .order_by(objects.c.shop, objects.c.kind, objects.c.id)
)
_OF = select(objects).where(
    objects.c.kind == bindparam("is"), objects.c.identity.in_(bindparam("owners", expanding=True))
)


def _row(stored: Stored, now: datetime, seen: Collection[Key]) -> dict[str, Any]:
    record = stored.record
    person: _Person | None = None
    if isinstance(record, OrderRecord):
        person = _Person(contact=record.contact)
        record = replace(record, contact=None)
    elif isinstance(record, CustomerRecord):
        person = _Person(
            contact=record.contact,
            emails=record.emails,
            birthday=record.birthday,
            attributes=record.attributes,
        )
        record = replace(record, contact=None, emails=frozenset(), birthday=None, attributes=None)
    elif isinstance(record, ReviewRecord):
        person = _Person(contact=record.contact, text=record.text)
        record = replace(record, contact=None, text=None)
    return {
        "shop": record.shop,
        "kind": kind_of(record),
        "id": record.id,
        "record": dump(record),
        "person": None if person is None else dump(person),
        "identity": stored.identity,
        "contact_identity": stored.contact_identity,
        "changed_at": now,
        "seen_at": now if (record.shop, kind_of(record), record.id) in seen else None,
    }


def _stored(row: RowMapping) -> Stored:
    record = _record(row["kind"], row["record"], row["person"])
    return Stored(record=record, identity=row["identity"], contact_identity=row["contact_identity"])


@lru_cache(maxsize=512)
def _record(kind: str, record: str, person: str | None) -> Record:
    """Read a record; a sender looks at the same rows twice within a moment, before and behind the lock."""
    found: Record = load(KINDS[kind].record, record)
    if person is None:
        return found
    told = load(_Person, person)
    if isinstance(found, OrderRecord):
        return replace(found, contact=told.contact)
    if isinstance(found, CustomerRecord):
        return replace(
            found,
            contact=told.contact,
            emails=told.emails,
            birthday=told.birthday,
            attributes=told.attributes,
        )
    if isinstance(found, ReviewRecord):
        return replace(found, contact=told.contact, text=told.text)
    return found
