"""Authoritative reads that are still to be made, one per object."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, select, update

from aftercare_sdk.store.database import among, insert_into
from aftercare_sdk.store.tables import reads

Key = tuple[str, str, str]
"""Shop, kind and id of an object."""

MOST_DOUBLINGS = 7
"""So that a read whose answer is lost again and again is asked for once a day in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An object that needs reading, since when and why. `error`: what came of the last try."""

    shop: str
    kind: str
    id: str
    reason: str
    requested_at: datetime
    due_at: datetime
    attempts: int = 0
    error: str = ""
    lease: str = ""


def request(connection: Connection, wanted: Sequence[Read]) -> None:
    """Ask for reads. Asking again while one waits changes nothing but the reason: one read serves all.

    A read that is under way when its object becomes ambiguous again is made once more, since its answer
    may be older than the doubt.
    """
    rows = [
        {
            "shop": one.shop,
            "kind": one.kind,
            "id": one.id,
            "reason": one.reason,
            "requested_at": one.requested_at,
            "due_at": one.due_at,
            "attempts": 0,
            "error": "",
            "lease": "",
        }
        for one in wanted
    ]
    if rows:
        statement = insert_into(connection, reads)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["shop", "kind", "id"],
                set_={
                    "reason": statement.excluded.reason,
                    "requested_at": statement.excluded.requested_at,
                    "due_at": case((reads.c.lease == "", reads.c.due_at), else_=statement.excluded.due_at),
                    "lease": "",
                },
            ),
            rows,
        )


def is_due(connection: Connection, now: datetime) -> bool:
    """Tell whether any read is due."""
    return connection.execute(select(reads.c.id).where(reads.c.due_at <= now).limit(1)).first() is not None


def claim(
    connection: Connection,
    *,
    held: Collection[str] = (),
    now: datetime,
    lease: str,
    until: datetime,
    limit: int,
) -> list[Read]:
    """Take reads that are due. `until` is when they are due again if nothing comes of it; each time later.

    None of the shops in `held`.
    """
    statement = select(reads).where(reads.c.due_at <= now).order_by(reads.c.due_at, reads.c.id).limit(limit)
    if held:
        statement = statement.where(reads.c.shop.not_in(sorted(held)))
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    found = [Read(**row) for row in connection.execute(statement).mappings()]
    for one in found:
        due_at = now + (until - now) * 2 ** min(one.attempts, MOST_DOUBLINGS)
        values = {"lease": lease, "due_at": due_at, "attempts": one.attempts + 1}
        connection.execute(update(reads).where(*_is(one)).values(**values))
    return [replace(one, lease=lease) for one in found]


def settle(connection: Connection, answered: Iterable[tuple[Key, datetime]]) -> list[Key]:
    """Remove reads whose answers were processed, each asked for at a moment; return which.

    One whose object became ambiguous after it was asked for stays.
    """
    asked: dict[Key, datetime] = {}
    for key, at in answered:
        asked[key] = max(at, asked.get(key, at))
    if not asked:
        return []
    names = (reads.c.shop, reads.c.kind, reads.c.id)
    rows = connection.execute(select(*names, reads.c.requested_at).where(among(names, asked)))
    done = [
        (shop, kind, id_) for shop, kind, id_, requested_at in rows if requested_at <= asked[shop, kind, id_]
    ]
    if done:
        connection.execute(_SETTLE, [{"in": shop, "is": kind, "of": id_} for shop, kind, id_ in done])
    return done


_SETTLE = delete(reads).where(
    reads.c.shop == bindparam("in"), reads.c.kind == bindparam("is"), reads.c.id == bindparam("of")
)


def fail(connection: Connection, one: Read, error: str, due_at: datetime) -> None:
    """Note that a read failed, and when it is tried again; nothing if it was asked for anew meanwhile."""
    values = {"error": error, "due_at": due_at, "lease": ""}
    connection.execute(update(reads).where(*_is(one), reads.c.lease == one.lease).values(**values))


def pending(connection: Connection, objects: Iterable[Key]) -> dict[Key, Read]:
    """Return the reads that these objects wait for."""
    rows = connection.execute(select(reads).where(among((reads.c.shop, reads.c.kind, reads.c.id), objects)))
    found = [Read(**row) for row in rows.mappings()]
    return {(one.shop, one.kind, one.id): one for one in found}


def listing(connection: Connection, limit: int = 100) -> list[Read]:
    """Return the reads that wait, the oldest first."""
    rows = connection.execute(select(reads).order_by(reads.c.requested_at, reads.c.id).limit(limit))
    return [Read(**row) for row in rows.mappings()]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next read is due, after a moment."""
    return connection.execute(select(func.min(reads.c.due_at)).where(reads.c.due_at > after)).scalar()


def hurry(connection: Connection, now: datetime) -> int:
    """Make every waiting read due at once; return how many."""
    return connection.execute(update(reads).where(reads.c.due_at > now).values(due_at=now)).rowcount


def _is(one: Read) -> tuple[ColumnElement[bool], ...]:
    return (reads.c.shop == one.shop, reads.c.kind == one.kind, reads.c.id == one.id)
