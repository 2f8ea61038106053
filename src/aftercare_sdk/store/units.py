"""Units: one event for one plugin, with all that the plugin decided about it. What happens once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, func, or_, select, update

from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.tables import events, plugins, units


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One event for one plugin. `attempts` counts the failures so far."""

    event: str
    plugin: str
    seq: int
    customer: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A plugin, as far as it is about to speak to a person about an object."""

    plugin: str
    shop: str
    object: str
    identity: int
    customer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """An event that a plugin is to be told of again, `at` a moment; None: when a person says so."""

    event: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A unit that failed: parked, or waiting for another try."""

    event: str
    plugin: str
    state: str
    attempts: int
    due_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The plugins that must hear of an event, which became known at `known_at`."""

    event: str
    plugins: Sequence[str]
    seq: int
    customer: int
    known_at: datetime


def add(connection: Connection, audiences: Iterable[Audience]) -> None:
    """Make the units of events; one that exists stays as it is."""
    rows = [
        {
            "event": one.event,
            "plugin": plugin,
            "seq": one.seq,
            "customer": one.customer,
            "known_at": one.known_at,
            "state": "pending",
            "attempts": 0,
            "due_at": one.known_at,
            "error": "",
        }
        for one in audiences
        for plugin in one.plugins
    ]
    if rows:
        connection.execute(insert_into(connection, units).on_conflict_do_nothing(), rows)


def ready(connection: Connection, plugins: Collection[str], now: datetime, limit: int) -> list[Unit]:
    """Return units of `plugins` that are due and may run together: the first pending of each customer.

    All plugins of one event run together; a customer's next event waits for the next round, so that its
    hooks see what this one decided. A plugin that waits for a retry blocks only its own later events of
    that customer.
    """
    rows = connection.execute(
        select(units).where(*_runnable(plugins, now)).order_by(units.c.seq).limit(limit)
    ).mappings()
    first: dict[int, int] = {}
    return [_unit(row) for row in rows if first.setdefault(row["customer"], row["seq"]) == row["seq"]]


def oldest_fresh(connection: Connection, plugins: Collection[str], now: datetime) -> datetime | None:
    """Return since when the oldest event is known that could be run now and was never tried."""
    return connection.execute(
        select(units.c.known_at)
        .where(units.c.attempts == 0, *_runnable(plugins, now))
        .order_by(units.c.seq)
        .limit(1)
    ).scalar()


def _runnable(plugins: Collection[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a unit that is due and is its plugin's first pending one of that customer."""
    earlier = units.alias()
    blocked = (
        select(earlier.c.seq)
        .where(
            earlier.c.state == literal_text("pending"),
            earlier.c.customer == units.c.customer,
            earlier.c.plugin == units.c.plugin,
            earlier.c.seq < units.c.seq,
        )
        .exists()
    )
    return (
        units.c.state == literal_text("pending"),
        units.c.plugin.in_(sorted(plugins)),
        units.c.due_at <= now,
        ~blocked,
    )


def unheard(
    connection: Connection, listeners: Collection[Listener], now: datetime
) -> dict[Listener, Unheard]:
    """Return for each of these who still has something to hear what that is, and when.

    Of a customer whatever waits for a retry, or for a plugin that is off; parked events only if they are
    about the same object.
    """
    if not listeners:
        return {}
    found: dict[Listener, Unheard] = {}
    off = set(connection.execute(select(plugins.c.name).where(plugins.c.off != "")).scalars())
    names = sorted({one.plugin for one in listeners})
    waits = connection.execute(
        _WAITING,
        {
            "customers": sorted({one.customer for one in listeners}),
            "plugins": names,
            "now": now,
            "off": sorted(off),
        },
    )
    first = {(row.customer, row.plugin): row for row in waits}
    parked = {
        (row.identity, row.shop, row.object, row.plugin): row.event
        for row in connection.execute(
            _PARKED, {"identities": sorted({one.identity for one in listeners}), "plugins": names}
        )
    }
    for one in listeners:
        row = first.get((one.customer, one.plugin))
        event = parked.get((one.identity, one.shop, one.object, one.plugin))
        if row is not None:
            found[one] = Unheard(event=row.event, at=None if one.plugin in off else row.due_at)
        elif event is not None:
            found[one] = Unheard(event=event, at=None)
    return found


_PLUGINS = units.c.plugin.in_(bindparam("plugins", expanding=True))
_WAITING = (
    select(units.c.event, units.c.plugin, units.c.customer, units.c.due_at)
    .where(
        units.c.state == literal_text("pending"),
        units.c.customer.in_(bindparam("customers", expanding=True)),
        _PLUGINS,
        or_(
            units.c.attempts > 0,
            units.c.due_at > bindparam("now"),
            units.c.plugin.in_(bindparam("off", expanding=True)),
        ),
    )
    .order_by(units.c.seq.desc())
)
_PARKED = (
    select(events.c.identity, events.c.shop, events.c.object, units.c.plugin, units.c.event)
    .join(units, units.c.event == events.c.id)
    .where(
        events.c.identity.in_(bindparam("identities", expanding=True)),
        _PLUGINS,
        units.c.state == "parked",
    )
)


def next_due(connection: Connection, plugins: Collection[str], after: datetime) -> datetime | None:
    """Return when the next unit of `plugins` is due, after a moment."""
    return connection.execute(
        select(func.min(units.c.due_at)).where(
            units.c.state == literal_text("pending"),
            units.c.plugin.in_(sorted(plugins)),
            units.c.due_at > after,
        )
    ).scalar()


def finish(connection: Connection, done: Collection[Unit], now: datetime) -> frozenset[tuple[str, str]]:
    """Mark units as done; return event and plugin of those that nobody had finished before."""
    if not done:
        return frozenset()
    named = {(unit.event, unit.plugin) for unit in done}
    still = connection.execute(
        select(units.c.event, units.c.plugin)
        .where(
            units.c.event.in_(sorted({event for event, _ in named})),
            units.c.state == literal_text("pending"),
        )
        .order_by(units.c.event, units.c.plugin)
        .with_for_update()
    )
    ours = frozenset((event, plugin) for event, plugin in still) & named
    if ours:
        rows = [{"of": event, "for": plugin, "now": now} for event, plugin in sorted(ours)]
        connection.execute(_FINISH, rows)
    return ours


_FINISH = (
    update(units)
    .where(units.c.event == bindparam("of"), units.c.plugin == bindparam("for"))
    .values(state="done", attempts=units.c.attempts + 1, done_at=bindparam("now"), error="")
)


def fail(connection: Connection, unit: Unit, error: str, due_at: datetime | None) -> None:
    """Note a failure: tried again at `due_at`, or parked for a person if that is None."""
    values: dict[str, Any] = {"attempts": unit.attempts + 1, "error": error}
    values |= {"state": "parked"} if due_at is None else {"due_at": due_at}
    connection.execute(update(units).where(*_pending(unit)).values(**values))


def postpone(connection: Connection, unit: Unit, due_at: datetime) -> None:
    """Let a unit wait without counting a failure."""
    connection.execute(update(units).where(*_pending(unit)).values(due_at=due_at))


def rest(connection: Connection, plugin: str, until: datetime) -> None:
    """Let everything of a plugin wait that would be due earlier: it keeps failing, and rests."""
    connection.execute(
        update(units)
        .where(units.c.state == literal_text("pending"), units.c.plugin == plugin, units.c.due_at < until)
        .values(due_at=until)
    )


def park(connection: Connection, event: str, plugin: str, error: str) -> bool:
    """Park one pending unit for a person; False if it is not pending."""
    unit = Unit(event=event, plugin=plugin, seq=0, customer=0, attempts=0)
    return (
        connection.execute(
            update(units)
            .where(*_pending(unit))
            .values(state="parked", error=error, attempts=units.c.attempts + 1)
        ).rowcount
        == 1
    )


def troubled(connection: Connection, limit: int = 100) -> list[Trouble]:
    """Return units that failed and are not done: parked ones and those that wait for a retry."""
    return _troubles(connection, select(units).order_by(units.c.seq).limit(limit))


def troubled_by(connection: Connection, events: Collection[str]) -> list[Trouble]:
    """Return the units of these events that failed and are not done."""
    return _troubles(connection, select(units).where(units.c.event.in_(sorted(events))).order_by(units.c.seq))


def _troubles(connection: Connection, statement: Select[Any]) -> list[Trouble]:
    rows = connection.execute(statement.where(units.c.error != "", units.c.state != "done")).mappings()
    return [
        Trouble(
            event=row["event"],
            plugin=row["plugin"],
            state=row["state"],
            attempts=row["attempts"],
            due_at=row["due_at"],
            error=row["error"],
        )
        for row in rows
    ]


def retry(connection: Connection, now: datetime, *, event: str | None = None) -> int:
    """Put parked units (all, or those of one event) back to be run again; return how many."""
    statement = update(units).where(units.c.state == "parked")
    if event is not None:
        statement = statement.where(units.c.event == event)
    return connection.execute(
        statement.values(state="pending", attempts=0, due_at=now, known_at=now, error="")
    ).rowcount


def follow(connection: Connection, owners: Mapping[str, int]) -> None:
    """Let what is still to be told of events that changed their owner follow them: event to customer."""
    for event, customer in owners.items():
        connection.execute(
            update(units).where(units.c.event == event, units.c.state != "done").values(customer=customer)
        )


def _pending(unit: Unit) -> tuple[ColumnElement[bool], ...]:
    return (
        units.c.event == unit.event,
        units.c.plugin == unit.plugin,
        units.c.state == literal_text("pending"),
    )


def _unit(row: RowMapping) -> Unit:
    return Unit(
        event=row["event"],
        plugin=row["plugin"],
        seq=row["seq"],
        customer=row["customer"],
        attempts=row["attempts"],
    )
