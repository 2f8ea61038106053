"""Timers: set by plugins, and by the engine for deliveries that no shop reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, select, update

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
    object_kind: str = "order"


Name = tuple[str, str, str]
"""Plugin, subject and name of a timer."""


def put(connection: Connection, several: Iterable[Timer]) -> None:
    """Set timers, or set them anew."""
    rows = [_row(timer) for timer in several]
    if rows:
        statement = insert_into(connection, timers)
        told = {name: statement.excluded[name] for name in _TOLD}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["plugin", "subject", "name"], set_=told), rows
        )


def clear(connection: Connection, several: Iterable[Name]) -> None:
    """Clear timers, those that are set among them."""
    rows = [{"of": plugin, "about": subject, "called": name} for plugin, subject, name in several]
    if rows:
        connection.execute(_CLEAR, rows)


def move(connection: Connection, anchors: Mapping[str, datetime]) -> None:
    """Give timers their moment anew, from the facts they are anchored to."""
    if not anchors:
        return
    found = connection.execute(select(timers).where(timers.c.anchor.in_(sorted(anchors)))).mappings()
    rows = [
        {
            "of": row["plugin"],
            "about": row["subject"],
            "called": row["name"],
            "then": anchors[row["anchor"]] + timedelta(microseconds=row["delay"]),
        }
        for row in found
    ]
    if rows:
        connection.execute(_MOVE, rows)


def due(
    connection: Connection,
    *,
    before: datetime | None,
    held: Collection[str] = (),
    plugins: Collection[str],
    now: datetime,
    limit: int,
) -> list[Timer]:
    """Return timers of these plugins that are due, and older than `before`, the oldest first.

    None of the shops in `held`.

    A timer waits while its plugin has not been through with what it is told of that customer: a retry may
    move or clear it.
    """
    rows = connection.execute(
        _due(is_bounded=before is not None, holds=bool(held)),
        {"plugins": sorted(plugins), "now": now, "before": before, "held": sorted(held), "most": limit},
    )
    return [_timer(row) for row in rows.mappings()]


@cache
def _due(*, is_bounded: bool, holds: bool) -> Select[Any]:
    """Return the statement of `due`, which is asked several times a second."""
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
        select(timers)
        .where(
            timers.c.plugin.in_(bindparam("plugins", expanding=True)),
            timers.c.due_at <= bindparam("now"),
            ~unheard,
        )
        .order_by(timers.c.due_at, timers.c.subject)
        .limit(bindparam("most"))
    )
    if is_bounded:
        statement = statement.where(timers.c.due_at < bindparam("before"))
    if holds:
        statement = statement.where(timers.c.shop.not_in(bindparam("held", expanding=True)))
    return statement


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next timer is due, after a moment."""
    return connection.execute(_NEXT, {"after": after}).scalar()


_NEXT = select(func.min(timers.c.due_at)).where(timers.c.due_at > bindparam("after"))
_TOLD = ("event", "anchor", "delay", "due_at", "shop", "object_kind", "object", "identity", "depth", "data")
_IS = (
    timers.c.plugin == bindparam("of"),
    timers.c.subject == bindparam("about"),
    timers.c.name == bindparam("called"),
)
_CLEAR = delete(timers).where(*_IS)
_MOVE = update(timers).where(*_IS).values(due_at=bindparam("then"))


def _row(timer: Timer) -> dict[str, Any]:
    return {
        "plugin": timer.plugin,
        "subject": timer.subject,
        "name": timer.name,
        "event": timer.event,
        "anchor": timer.anchor,
        "delay": timer.delay // _MICROSECOND,
        "due_at": timer.due_at,
        "shop": timer.shop,
        "object_kind": timer.object_kind,
        "object": timer.object,
        "identity": timer.identity,
        "depth": timer.depth,
        "data": dump(timer.data),
    }


def _timer(row: RowMapping) -> Timer:
    values = dict(row)
    values["delay"] = timedelta(microseconds=values["delay"])
    values["data"] = load_words(values["data"])
    return Timer(**values)
