"""Timers: set by plugins, and by the engine for deliveries that no shop reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, select, update

from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.tables import identities, timers, units

ENGINE = ""
"""The owner of the engine's own timers."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer, named by plugin, subject and name. `due_at` None: the fact it counts from is not known yet.

    `event` is the event that set it: each setting raises an event of its own.
    """

    plugin: str
    subject: str
    name: str
    shop: str
    object: str
    identity: int
    due_at: datetime | None
    event: str = ""
    anchor: str = ""
    delay: timedelta = timedelta(0)
    depth: int = 0
    data: Mapping[str, str] = field(default_factory=dict, repr=False)


def put(connection: Connection, timer: Timer) -> None:
    """Set a timer, or set it anew."""
    values: dict[str, Any] = {
        "plugin": timer.plugin,
        "subject": timer.subject,
        "name": timer.name,
        "event": timer.event,
        "anchor": timer.anchor,
        "delay": timer.delay // _MICROSECOND,
        "due_at": timer.due_at,
        "shop": timer.shop,
        "object": timer.object,
        "identity": timer.identity,
        "depth": timer.depth,
        "data": dump(timer.data),
    }
    connection.execute(
        insert_into(connection, timers)
        .values(**values)
        .on_conflict_do_update(index_elements=["plugin", "subject", "name"], set_=values)
    )


def clear(connection: Connection, plugin: str, subject: str, name: str) -> bool:
    """Clear a timer; False if it was not set."""
    return connection.execute(delete(timers).where(*_is(plugin, subject, name))).rowcount == 1


def move(connection: Connection, anchors: Mapping[str, datetime]) -> None:
    """Give timers their moment anew, from the facts they are anchored to."""
    for anchor, occurred_at in anchors.items():
        rows = connection.execute(select(timers).where(timers.c.anchor == anchor)).mappings().all()
        for row in rows:
            connection.execute(
                update(timers)
                .where(*_is(row["plugin"], row["subject"], row["name"]))
                .values(due_at=occurred_at + timedelta(microseconds=row["delay"]))
            )


def due(connection: Connection, *, before: datetime | None, now: datetime, limit: int) -> list[Timer]:
    """Return timers that are due, and older than `before`, the oldest first.

    A timer waits while its plugin has not been through with what it is told of that customer: a retry may
    move or clear it.
    """
    unheard = (
        select(units.c.seq)
        .join(identities, identities.c.customer == units.c.customer)
        .where(
            identities.c.id == timers.c.identity,
            units.c.state == literal_text("pending"),
            units.c.plugin == timers.c.plugin,
        )
        .correlate(timers)
        .exists()
    )
    statement = (
        select(timers).where(timers.c.due_at <= now, ~unheard).order_by(timers.c.due_at, timers.c.subject)
    )
    if before is not None:
        statement = statement.where(timers.c.due_at < before)
    return [_timer(row) for row in connection.execute(statement.limit(limit)).mappings()]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next timer is due, after a moment."""
    return connection.execute(select(func.min(timers.c.due_at)).where(timers.c.due_at > after)).scalar()


def _is(plugin: str, subject: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return (timers.c.plugin == plugin, timers.c.subject == subject, timers.c.name == name)


def _timer(row: RowMapping) -> Timer:
    values = dict(row)
    values["delay"] = timedelta(microseconds=values["delay"])
    values["data"] = load_words(values["data"])
    return Timer(**values)
