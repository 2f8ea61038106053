"""Units: one event for one plugin, with all that the plugin decided about it. What happens once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    RowMapping,
    Select,
    String,
    bindparam,
    or_,
    select,
    union_all,
    update,
)

from aftercare_sdk.store import rests
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.rests import Resting
from aftercare_sdk.store.tables import Instant, events, lots, plugins, units


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
    object_kind: str = "order"


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
    found = _ask_each(connection, _ready_of, plugins, now=now, limit=limit)
    first: dict[int, int] = {}
    return [
        _unit(row)
        for row in sorted(found, key=lambda row: (row["seq"], row["plugin"]))[:limit]
        if first.setdefault(row["customer"], row["seq"]) == row["seq"]
    ]


def oldest_fresh(connection: Connection, plugins: Collection[str], now: datetime) -> datetime | None:
    """Return since when the oldest event is known that could be run now and was never tried."""
    found = _ask_each(connection, _fresh_of, plugins, now=now)
    return min((row["known_at"] for row in found), default=None)


def next_due(connection: Connection, plugins: Collection[str], after: datetime) -> datetime | None:
    """Return when units may be ready next, after a moment: one of `plugins` is due, or a rest ends."""
    moments = [row["due_at"] for row in _ask_each(connection, _due_of, plugins, now=after)]
    end = rests.next_end(connection, after)
    return min(moments if end is None else [*moments, end], default=None)


_NOW: BindParameter[datetime] = bindparam("now", type_=Instant())
_LIMIT = bindparam("limit", type_=Integer)
_Question = Callable[[ColumnElement[str]], Select[Any]]


def _ask_each(
    connection: Connection, of: _Question, plugins: Collection[str], **said: Any
) -> Sequence[RowMapping]:
    """Ask the same of each of several plugins, in one statement.

    Each has its own place in the index, where what is due comes first. So what waits for a plugin that is not
    asked for, or for a later moment, is not even looked at. In one list of all units it would be, every time.
    """
    if not plugins:
        return []
    names = {f"plugin_{number}": name for number, name in enumerate(sorted(plugins))}
    return connection.execute(_statement(of, len(names)), {**names, **said}).mappings().all()


@lru_cache
def _statement(of: _Question, count: int) -> CompoundSelect[Any]:
    parts = (
        of(bindparam(f"plugin_{number}", type_=String)).subquery(f"part_{number}") for number in range(count)
    )
    return union_all(*(select(part) for part in parts))


def _ready_of(plugin: ColumnElement[str]) -> Select[Any]:
    # By the moment it is due, as the index is. What was never tried is due since it became known, so that is
    # the order of the events too.
    return _runnable(select(units), plugin).order_by(units.c.due_at, units.c.seq).limit(_LIMIT)


def _fresh_of(plugin: ColumnElement[str]) -> Select[Any]:
    fresh = _runnable(select(units.c.known_at), plugin).where(units.c.attempts == 0)
    return fresh.order_by(units.c.due_at, units.c.seq).limit(1)


def _due_of(plugin: ColumnElement[str]) -> Select[Any]:
    return (
        select(units.c.due_at)
        .where(units.c.state == literal_text("pending"), units.c.plugin == plugin, units.c.due_at > _NOW)
        .order_by(units.c.due_at)
        .limit(1)
    )


def _runnable(statement: Select[Any], plugin: ColumnElement[str]) -> Select[Any]:
    """Restrict a statement to units of a plugin that are due, each its first pending one of that customer."""
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
    return statement.where(
        units.c.state == literal_text("pending"), units.c.plugin == plugin, units.c.due_at <= _NOW, ~blocked
    )


def unheard(
    connection: Connection, listeners: Collection[Listener], now: datetime
) -> dict[Listener, Unheard]:
    """Return for each of these who still has something to hear what that is, and when.

    Of a customer whatever waits for a retry, or for a plugin that rests or is off; parked events only if they
    are about the same object.
    """
    if not listeners:
        return {}
    found: dict[Listener, Unheard] = {}
    off = set(connection.execute(select(plugins.c.name).where(plugins.c.off != "")).scalars())
    resting = rests.of(connection, Resting.PLUGIN, now)
    names = sorted({one.plugin for one in listeners})
    waits = connection.execute(
        _WAITING,
        {
            "customers": sorted({one.customer for one in listeners}),
            "plugins": names,
            "now": now,
            "silent": sorted(off | resting.keys()),
        },
    )
    first = {(row.customer, row.plugin): row for row in waits}
    parked = {
        (row.identity, row.shop, row.object_kind, row.object, row.plugin): row.event
        for row in connection.execute(
            _PARKED, {"identities": sorted({one.identity for one in listeners}), "plugins": names}
        )
    }
    for one in listeners:
        row = first.get((one.customer, one.plugin))
        event = parked.get((one.identity, one.shop, one.object_kind, one.object, one.plugin))
        if row is not None:
            at = max(row.due_at, resting.get(one.plugin, row.due_at))
            found[one] = Unheard(event=row.event, at=None if one.plugin in off else at)
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
            units.c.plugin.in_(bindparam("silent", expanding=True)),
        ),
    )
    .order_by(units.c.seq.desc())
)
_PARKED = (
    select(
        events.c.identity,
        events.c.shop,
        events.c.object_kind,
        events.c.object,
        units.c.plugin,
        units.c.event,
    )
    .join(units, units.c.event == events.c.id)
    .where(
        events.c.identity.in_(bindparam("identities", expanding=True)),
        _PLUGINS,
        units.c.state == "parked",
    )
)


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


def states_of(connection: Connection, events: Collection[str]) -> dict[tuple[str, str], str]:
    """Return how it stands with these events, by event and plugin: `pending`, `done` or `parked`."""
    rows = connection.execute(
        select(units.c.event, units.c.plugin, units.c.state).where(units.c.event.in_(sorted(events)))
    )
    return {(event, plugin): state for event, plugin, state in rows}


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


def hold(connection: Connection, customers: Iterable[int]) -> None:
    """Keep others from finishing what is still to be told of these customers, until this transaction ends."""
    connection.execute(
        select(units.c.seq)
        .where(units.c.customer.in_(sorted(set(customers))), units.c.state == literal_text("pending"))
        .order_by(units.c.event, units.c.plugin)
        .with_for_update()
    )


def reopen(connection: Connection, events: Collection[str], plugins: Collection[str], now: datetime) -> None:
    """Have plugins hear of events once more that they have dealt with."""
    if events and plugins:
        connection.execute(
            update(units)
            .where(
                units.c.event.in_(sorted(events)),
                units.c.plugin.in_(sorted(plugins)),
                units.c.state == "done",
            )
            .values(state="pending", attempts=0, due_at=now, known_at=now, done_at=None)
        )


def recount(connection: Connection, now: datetime) -> None:
    """Have plugins say anew what purchases are worth whose points are still pending."""
    pending = (
        select(lots.c.shop.concat("/order/").concat(lots.c.object).concat("/purchase"))
        .where(lots.c.available == 0, lots.c.follows == 1, lots.c.plugin == units.c.plugin)
        .correlate(units)
    )
    connection.execute(
        update(units)
        .where(units.c.state == "done", units.c.event.in_(pending))
        .values(state="pending", attempts=0, due_at=now, known_at=now, done_at=None)
    )


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
