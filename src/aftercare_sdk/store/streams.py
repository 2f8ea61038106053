"""How far each listing of a shop has come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, update

from aftercare_sdk.store.database import among, insert_into
from aftercare_sdk.store.tables import streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where one stream of one shop stands.

    `since` and `position` say where the listing goes on that `began_at` some moment; None: none is under
    way. `listed` of `total` objects have come in. `closed` counts the gaps that listings have found: objects
    of which no webhook had told all. `finished_at` is when the last complete listing began. `lease` is whose
    work is under way, until `due_at`; empty: nobody's.
    """

    shop: str
    name: str
    since: datetime | None
    position: str
    began_at: datetime | None
    due_at: datetime
    listed: int
    total: int | None
    closed: int
    finished_at: datetime | None
    attempts: int
    error: str
    lease: str


def ensure(connection: Connection, names: Collection[tuple[str, str]], now: datetime) -> None:
    """Make the rows of streams (shop, name) that are new: they are due at once."""
    if names:
        connection.execute(
            insert_into(connection, streams).on_conflict_do_nothing(),
            [
                {
                    "shop": shop,
                    "name": name,
                    "since": None,
                    "position": "",
                    "began_at": None,
                    "due_at": now,
                    "listed": 0,
                    "total": None,
                    "closed": 0,
                    "finished_at": None,
                    "attempts": 0,
                    "error": "",
                    "lease": "",
                }
                for shop, name in sorted(names)
            ],
        )


def is_due(
    connection: Connection, now: datetime, shop: str | None = None, *, held: Collection[str] = ()
) -> bool:
    """Tell whether anything is to be listed now, of one shop or of any; but for the shops in `held`."""
    return connection.execute(_due(now, shop, held)).first() is not None


def claim(
    connection: Connection,
    *,
    held: Collection[str] = (),
    now: datetime,
    lease: str,
    until: datetime,
    shop: str | None = None,
) -> Stand | None:
    """Take the stream (of `shop`) that has been due longest; nobody else takes it before `until`.

    None of the shops in `held`.
    """
    statement = _due(now, shop, held)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    row = connection.execute(statement).mappings().first()
    if row is None:
        return None
    connection.execute(
        update(streams)
        .where(streams.c.shop == row["shop"], streams.c.name == row["name"])
        .values(lease=lease, due_at=until)
    )
    return replace(_stand(row), lease=lease, due_at=until)


def advance(connection: Connection, stand: Stand, *, lets_go: bool = False) -> bool:
    """Note where a listing stands now; False if somebody else has taken it over.

    `lets_go`: nobody works on it until it is due.
    """
    done = connection.execute(
        update(streams)
        .where(streams.c.shop == stand.shop, streams.c.name == stand.name, streams.c.lease == stand.lease)
        .values(
            since=stand.since,
            position=stand.position,
            began_at=stand.began_at,
            due_at=stand.due_at,
            listed=stand.listed,
            total=stand.total,
            finished_at=stand.finished_at,
            attempts=stand.attempts,
            error=stand.error,
            lease="" if lets_go else stand.lease,
        )
    )
    return done.rowcount == 1


def close_gaps(connection: Connection, shop: str, name: str, count: int) -> None:
    """Count gaps that a listing has closed."""
    connection.execute(
        update(streams)
        .where(streams.c.shop == shop, streams.c.name == name)
        .values(closed=streams.c.closed + count)
    )


def hurry(connection: Connection, names: Collection[tuple[str, str]], now: datetime) -> None:
    """Make listings (shop, name) due at once, unless one is under way."""
    connection.execute(
        update(streams)
        .where(among((streams.c.shop, streams.c.name), names), streams.c.due_at > now)
        .where(streams.c.began_at.is_(None) | (streams.c.lease == ""))
        .values(due_at=now, lease="")
    )


def listing(connection: Connection) -> list[Stand]:
    """Return where every stream stands."""
    rows = connection.execute(select(streams).order_by(streams.c.shop, streams.c.name)).mappings()
    return [_stand(row) for row in rows]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next listing is due, after a moment."""
    return connection.execute(select(func.min(streams.c.due_at)).where(streams.c.due_at > after)).scalar()


def _due(now: datetime, shop: str | None, held: Collection[str]) -> Select[Any]:
    statement = select(streams).where(streams.c.due_at <= now).order_by(streams.c.due_at).limit(1)
    if held:
        statement = statement.where(streams.c.shop.not_in(sorted(held)))
    return statement if shop is None else statement.where(streams.c.shop == shop)


def _stand(row: RowMapping) -> Stand:
    return Stand(**row)
