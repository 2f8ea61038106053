"""Rests: which plugins and shops are left alone for a while, because of what they did. One row each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, func, select

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import rests


class Resting(StrEnum):
    """Who rests: a plugin, whose units wait, or a shop, whose webhooks do because its adapter hangs."""

    PLUGIN = "plugin"
    SHOP = "shop"


def put(connection: Connection, kind: Resting, ends: Mapping[str, datetime | None]) -> None:
    """Note until when these rest; None: no longer."""
    over = sorted(name for name, until in ends.items() if until is None)
    if over:
        connection.execute(delete(rests).where(rests.c.kind == kind, rests.c.name.in_(over)))
    rows = [{"kind": kind, "name": name, "until": until} for name, until in ends.items() if until is not None]
    if rows:
        statement = insert_into(connection, rests)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "name"], set_={"until": statement.excluded["until"]}
            ),
            rows,
        )


def of(connection: Connection, kind: Resting, now: datetime) -> dict[str, datetime]:
    """Return who rests at `now`, and until when."""
    rows = connection.execute(
        select(rests.c.name, rests.c.until).where(rests.c.kind == kind, rests.c.until > now)
    )
    return {row[0]: row[1] for row in rows}


def ends(connection: Connection, kind: Resting) -> dict[str, datetime]:
    """Return until when each rests or has rested last, as far as it is known."""
    rows = connection.execute(select(rests.c.name, rests.c.until).where(rests.c.kind == kind))
    return {row[0]: row[1] for row in rows}


def all_of(connection: Connection, now: datetime) -> Mapping[Resting, frozenset[str]]:
    """Return who rests at `now`, plugins and shops."""
    rows = connection.execute(select(rests.c.kind, rests.c.name).where(rests.c.until > now)).all()
    return {kind: frozenset(name for of, name in rows if of == kind) for kind in Resting}


def next_end(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next rest ends, after a moment."""
    return connection.execute(select(func.min(rests.c.until)).where(rests.c.until > after)).scalar()
