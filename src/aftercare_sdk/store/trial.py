"""Databases for trying out: whether one is, and how an untouched one becomes one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from aftercare_sdk.store.journal import FROM_SHOPS
from aftercare_sdk.store.tables import journal, objects, plugins


def is_untouched(connection: Connection) -> bool:
    """Whether nothing has ever been received."""
    received = exists().where(journal.c.kind.in_(FROM_SHOPS))
    return not connection.execute(select(received)).scalar_one()


def begin_plugins(connection: Connection, at: datetime) -> None:
    """Let every plugin that is known take part since `at`, so that facts of that time are heard too."""
    connection.execute(update(plugins).where(plugins.c.started_at > at).values(started_at=at))


def has_other_orders(connection: Connection, prefix: str) -> bool:
    """Whether there is an order whose id does not begin with `prefix`, by which sample orders are known."""
    real = exists().where(objects.c.kind == "order", objects.c.id.not_like(f"{prefix}%"))
    return bool(connection.execute(select(real)).scalar_one())
