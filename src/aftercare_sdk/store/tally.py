"""What a run has done: the difference between two looks at the books.

Everything here is counted behind a mark or by an index of what is still open, so that it costs as little in a
database of many years.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from aftercare_sdk.store.journal import FROM_SHOPS, State
from aftercare_sdk.store.tables import decisions, events, journal, reads, units


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The end of the books at a moment, and what was still open then."""

    row: int
    event: int
    decision: int
    rows_open: int
    units_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened since a mark, and what is left for a person.

    `rows` and `units` were processed. `messages` counts those about which something was decided, by the
    state and the code that they have now.
    """

    rows: int
    events: int
    units: int
    messages: tuple[tuple[str, str, int], ...]
    rows_parked: int
    units_parked: int
    reads_waiting: int


def mark(connection: Connection) -> Mark:
    """Return the present end of the books."""
    return Mark(
        row=_number(connection, select(func.max(journal.c.seq))),
        event=_number(connection, select(func.max(events.c.seq))),
        decision=_number(connection, select(func.max(decisions.c.id))),
        rows_open=_rows_open(connection),
        units_open=_units_open(connection),
    )


def since(connection: Connection, start: Mark) -> Tally:
    """Return what has happened since `start`."""
    # The other kinds are written down by those who have done it.
    told = _count(journal).where(journal.c.seq > start.row, journal.c.kind.in_(FROM_SHOPS))
    rows = _number(connection, told)
    new_units = _number(
        connection, _count(units.join(events, units.c.event == events.c.id)).where(events.c.seq > start.event)
    )
    latest = (
        select(func.max(decisions.c.id))
        .where(decisions.c.id > start.decision, decisions.c.message != "")
        .group_by(decisions.c.message)
    )
    by_state = (
        select(decisions.c.verdict, decisions.c.code, func.count())
        .where(decisions.c.id.in_(latest))
        .group_by(decisions.c.verdict, decisions.c.code)
        .order_by(decisions.c.verdict, decisions.c.code)
    )
    return Tally(
        rows=max(0, start.rows_open + rows - _rows_open(connection)),
        events=_number(connection, _count(events).where(events.c.seq > start.event)),
        units=max(0, start.units_open + new_units - _units_open(connection)),
        messages=tuple((row[0], row[1], row[2]) for row in connection.execute(by_state)),
        rows_parked=_number(connection, _count(journal).where(journal.c.state == State.PARKED)),
        units_parked=_number(connection, _count(units).where(units.c.error != "", units.c.state == "parked")),
        reads_waiting=_number(connection, _count(reads)),
    )


def _rows_open(connection: Connection) -> int:
    return _number(connection, _count(journal).where(journal.c.state == State.NEW))


def _units_open(connection: Connection) -> int:
    return _number(connection, _count(units).where(units.c.state == "pending"))


def _count(source: Any) -> Select[Any]:
    return select(func.count()).select_from(source)


def _number(connection: Connection, statement: Select[Any]) -> int:
    return int(connection.execute(statement).scalar() or 0)
