"""Decisions: the answer to "why", one row for each verdict that was new.

A verdict that is found again is counted in its row, so that nothing grows while something waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store.codec import dump, load_any, load_words
from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.tables import decisions, messages

DECLINED = "declined"
"""The verdict of a plugin that has nothing to send."""
ALLOWED = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """What one check said: under which rule, why, what it looked at, and when that may change."""

    name: str
    rule: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ALLOWED
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a person, and by which checks, with the values they looked at.

    It was found `times` times, first `at`, and last `last_at` if that was not the only time.
    """

    at: datetime
    identity: int
    plugin: str
    event: str = ""
    message: str = ""
    verdict: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[CheckLine, ...] = ()
    times: int = 1
    last_at: datetime | None = None


def about(
    message: Message,
    at: datetime,
    verdict: str,
    code: str,
    detail: Mapping[str, str],
    *,
    checks: tuple[CheckLine, ...] = (),
) -> Decision:
    """Return a decision about a message."""
    return Decision(
        at=at,
        identity=message.identity,
        plugin=message.plugin,
        event=message.event,
        message=message.key,
        verdict=verdict,
        code=code,
        detail=detail,
        checks=checks,
    )


def append(connection: Connection, made: Sequence[Decision]) -> None:
    """Append decisions; a verdict equal to the last one about the same message is counted with that one.

    Equal are verdict, reason and values. Of its checks the latest are kept.
    """
    last = _last(connection, {one.message for one in made if one.message})
    fresh: list[dict[str, Any]] = []
    again: dict[int, dict[str, Any]] = {}
    for one in made:
        row = _row(one)
        before = last.get(one.message) if one.message else None
        if before is not None and all(before[name] == row[name] for name in _COMPARED):
            before |= {"times": before["times"] + 1, "last_at": one.at, "checks": row["checks"]}
            if "id" in before:
                again[before["id"]] = before
            continue
        last[one.message] = row
        fresh.append(row)
    if again:
        connection.execute(
            _COUNT,
            [
                {"of": id_, **{f"new_{name}": row[name] for name in ("times", "last_at", "checks")}}
                for id_, row in again.items()
            ],
        )
    if fresh:
        connection.execute(insert(decisions), fresh)


def of_identities(connection: Connection, wanted: Collection[int]) -> list[Decision]:
    """Return the decisions about these identities, oldest first."""
    return _found(connection, decisions.c.identity.in_(sorted(wanted)))


def of_messages(connection: Connection, keys: Collection[str]) -> list[Decision]:
    """Return the decisions about these messages, whoever they belonged to then, oldest first."""
    return _found(connection, decisions.c.message.in_(sorted(keys)))


def declined(connection: Connection, events: Collection[str]) -> list[Decision]:
    """Return why plugins planned nothing when they were told of these events, oldest first."""
    if not events:
        return []
    return _found(
        connection,
        (decisions.c.verdict == literal_text(DECLINED)) & decisions.c.event.in_(sorted(events)),
    )


def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` decisions that are older than a moment; return how many.

    What is said of a message stays until the message is final. No decision is ever looked at to decide
    another, so none of this changes what is sent.
    """
    # Rows are written as time goes by: the first that is young enough ends the search.
    young = connection.execute(
        select(decisions.c.id).where(decisions.c.at >= before).order_by(decisions.c.id).limit(1)
    ).scalar()
    over = [literal_text(state) for state in MessageState if state.final]
    old = (
        select(decisions.c.id)
        .outerjoin(messages, messages.c.key == decisions.c.message)
        .where(
            decisions.c.at < before,
            or_(decisions.c.last_at.is_(None), decisions.c.last_at < before),
            or_(messages.c.key.is_(None), messages.c.state.in_(over)),
        )
        .order_by(decisions.c.id)
        .limit(limit)
    )
    if young is not None:
        old = old.where(decisions.c.id < young)
    found = connection.execute(old).scalars().all()
    if found:
        connection.execute(delete(decisions).where(decisions.c.id.in_(found)))
    return len(found)


_COMPARED = ("verdict", "code", "detail")


def _row(one: Decision) -> dict[str, Any]:
    return {
        "at": one.at,
        "identity": one.identity,
        "plugin": one.plugin,
        "event": one.event,
        "message": one.message,
        "verdict": one.verdict,
        "code": one.code,
        "detail": dump(one.detail),
        "checks": _written(one.checks),
        "times": one.times,
        "last_at": one.last_at,
    }


def _found(connection: Connection, which: ColumnElement[bool]) -> list[Decision]:
    rows = connection.execute(select(decisions).where(which).order_by(decisions.c.id)).mappings()
    return [_decision(row) for row in rows]


def _decision(row: RowMapping) -> Decision:
    return Decision(
        at=row["at"],
        identity=row["identity"],
        plugin=row["plugin"],
        event=row["event"],
        message=row["message"],
        verdict=row["verdict"],
        code=row["code"],
        detail=load_words(row["detail"]),
        checks=_read(row["checks"]),
        times=row["times"],
        last_at=row["last_at"],
    )


def _written(checks: Iterable[CheckLine]) -> str:
    """Return checks as JSON: a list for each, of which what goes without saying is left out at its end."""
    lines = []
    for one in checks:
        line: list[Any] = [one.name, one.rule, one.code, one.values, one.outcome]
        if one.until is not None:
            line.append(one.until.isoformat())
        elif one.outcome == ALLOWED:
            del line[(4 if one.values else 3) :]
        lines.append(line)
    return dump(lines) if lines else ""


def _read(written: str) -> tuple[CheckLine, ...]:
    """Return the checks that `_written` wrote."""
    lines = load_any(written) if written else ()
    return tuple(_line(*line) for line in lines)


def _line(  # noqa: PLR0917 - a line of the record, in its order
    name: str,
    rule: str,
    code: str,
    values: Mapping[str, str] | None = None,
    outcome: str = ALLOWED,
    until: str | None = None,
) -> CheckLine:
    return CheckLine(
        name=name,
        rule=rule,
        code=code,
        values=values or {},
        outcome=outcome,
        until=datetime.fromisoformat(until) if until else None,
    )


def _last(connection: Connection, about: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the last decision about each of these messages, as a row."""
    if not about:
        return {}
    rows = connection.execute(_LAST, {"messages": sorted(about)}).mappings()
    return {row["message"]: dict(row) for row in rows}


_COUNT = (
    update(decisions)
    .where(decisions.c.id == bindparam("of"))
    .values(times=bindparam("new_times"), last_at=bindparam("new_last_at"), checks=bindparam("new_checks"))
)
_LAST = select(
    decisions.c.id,
    decisions.c.message,
    decisions.c.verdict,
    decisions.c.code,
    decisions.c.detail,
    decisions.c.times,
).where(
    decisions.c.id.in_(
        select(func.max(decisions.c.id))
        .where(decisions.c.message.in_(bindparam("messages", expanding=True)))
        .group_by(decisions.c.message)
    )
)
