"""What platforms have asked about people's data, and by when it is to be done.

An address that a request names stays in its journal row: here are internal ids only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true, update

from aftercare_sdk.model.privacy import PrivacyKind
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import privacy_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `key` is the same if the same is asked again; the row `journal` tells all of it.

    `identities` are whose an object was from which the shop has removed somebody: the owner, and the mailbox.
    A request with a `note` that is open waits for a person.
    """

    key: str
    shop: str
    kind: PrivacyKind
    reference: str
    customer: str
    orders: tuple[str, ...]
    journal: int
    received_at: datetime
    due_at: datetime
    identities: tuple[int, ...] = ()
    settled_at: datetime | None = None
    note: str = ""


def ask(connection: Connection, asked: Iterable[Asked]) -> None:
    """Note requests. One that is open stays as it is; one asked again after it was settled is open again."""
    rows = [
        {
            "key": one.key,
            "shop": one.shop,
            "kind": one.kind,
            "reference": one.reference,
            "customer": one.customer,
            "orders": dump(one.orders),
            "identities": dump(one.identities),
            "journal": one.journal,
            "received_at": one.received_at,
            "due_at": one.due_at,
            "settled_at": None,
            "note": "",
        }
        for one in asked
    ]
    if not rows:
        return
    statement = insert_into(connection, privacy_requests)
    again = privacy_requests.c.settled_at < statement.excluded.received_at
    told: dict[str, Any] = {
        name: case((again, statement.excluded[name]), else_=privacy_requests.c[name])
        for name in ("identities", "journal", "received_at", "due_at", "settled_at", "note")
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=told), rows)


def settle(connection: Connection, key: str, note: str, now: datetime) -> bool:
    """Note that a request has been done; False if no such request is open."""
    done = connection.execute(
        update(privacy_requests)
        .where(privacy_requests.c.key == key, privacy_requests.c.settled_at.is_(None))
        .values(settled_at=now, note=note)
    )
    return done.rowcount == 1


def to_carry_out(connection: Connection, removed_by: datetime, limit: int = 1_000) -> list[Asked]:
    """Return the open requests that are not left to a person, the most urgent first.

    Of what shops have removed themselves only that of which they told up to a moment.
    """
    table = privacy_requests
    is_ripe = or_(table.c.kind != PrivacyKind.REMOVED, table.c.received_at <= removed_by)
    return _listed(connection, is_open=True, limit=limit, which=and_(table.c.note == "", is_ripe))


def leave(connection: Connection, key: str, note: str) -> None:
    """Note of an open request why it is left to a person."""
    connection.execute(
        update(privacy_requests)
        .where(privacy_requests.c.key == key, privacy_requests.c.settled_at.is_(None))
        .values(note=note)
    )


def first_open(connection: Connection, kind: PrivacyKind, after: datetime) -> datetime | None:
    """Return when the first of the open requests of a kind came after a moment, but for a person's."""
    table = privacy_requests
    found: datetime | None = connection.execute(
        select(func.min(table.c.received_at)).where(
            table.c.settled_at.is_(None),
            table.c.note == "",
            table.c.kind == kind,
            table.c.received_at > after,
        )
    ).scalar()
    return found


def still_open(connection: Connection, limit: int = 1_000) -> list[Asked]:
    """Return the requests that are to be done, the most urgent first."""
    return _listed(connection, is_open=True, limit=limit)


def find(connection: Connection, beginning: str) -> list[Asked]:
    """Return the open requests whose keys begin so."""
    return [one for one in still_open(connection) if beginning and one.key.startswith(beginning)]


def settled(connection: Connection, limit: int = 1_000) -> list[Asked]:
    """Return the requests that have been done, the latest first."""
    return _listed(connection, is_open=False, limit=limit)


def _listed(
    connection: Connection, *, is_open: bool, limit: int, which: ColumnElement[bool] | None = None
) -> list[Asked]:
    table = privacy_requests
    found = select(table).where(true() if which is None else which)
    statement = (
        found.where(table.c.settled_at.is_(None)).order_by(table.c.due_at, table.c.key)
        if is_open
        else found.where(table.c.settled_at.is_not(None)).order_by(table.c.settled_at.desc(), table.c.key)
    )
    return [
        Asked(
            **{
                **row,
                "kind": PrivacyKind(row["kind"]),
                "orders": load(tuple[str, ...], row["orders"]),
                "identities": load(tuple[int, ...], row["identities"]),
            }
        )
        for row in connection.execute(statement.limit(limit)).mappings()
    ]
