"""Which shops have ended their connection, each until somebody connects it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Since when a shop is not connected, and why."""

    at: datetime
    reason: str


def end(connection: Connection, shop: str, ended: Ended) -> bool:
    """Note that a shop has ended its connection; False if it is told of one that is mended already."""
    known = connection.execute(select(connections).where(connections.c.shop == shop)).mappings().first()
    if known is not None:
        was, mended = known["ended_at"], known["reconnected_at"]
        if (mended is not None and ended.at <= mended) or (was is not None and was <= ended.at):
            return False
    values = {"ended_at": ended.at, "reason": ended.reason}
    statement = insert_into(connection, connections).values(shop=shop, reconnected_at=None, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["shop"], set_=values))
    return True


def reconnect(connection: Connection, shop: str, now: datetime) -> Ended | None:
    """Connect a shop again; return how it was not, or None if it was."""
    ended = all_ended(connection).get(shop)
    if ended is not None:
        connection.execute(
            update(connections)
            .where(connections.c.shop == shop)
            .values(ended_at=None, reconnected_at=now, reason="")
        )
    return ended


def all_ended(connection: Connection) -> Mapping[str, Ended]:
    """Return every shop that is not connected."""
    rows = connection.execute(
        select(connections.c.shop, connections.c.ended_at, connections.c.reason).where(
            connections.c.ended_at.is_not(None)
        )
    )
    return {shop: Ended(at=at, reason=reason) for shop, at, reason in rows}
