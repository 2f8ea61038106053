"""Decisions: the answer to "why", one row for each verdict that was new."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select

from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.tables import decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a person: which check said what, with the values it looked at."""

    at: datetime
    identity: int
    plugin: str
    event: str = ""
    message: str = ""
    verdict: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)


def about(message: Message, at: datetime, verdict: str, code: str, detail: Mapping[str, str]) -> Decision:
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
    )


def append(connection: Connection, made: Sequence[Decision]) -> None:
    """Append decisions; a verdict equal to the last one about the same message is not repeated."""
    rows = []
    last = _last(connection, {one.message for one in made if one.message})
    for one in made:
        row: dict[str, Any] = {
            "at": one.at,
            "identity": one.identity,
            "plugin": one.plugin,
            "event": one.event,
            "message": one.message,
            "verdict": one.verdict,
            "code": one.code,
            "detail": dump(one.detail),
        }
        if one.message:
            now = (one.verdict, one.code, row["detail"])
            if last.get(one.message) == now:
                continue
            last[one.message] = now
        rows.append(row)
    if rows:
        connection.execute(insert(decisions), rows)


def of_identities(connection: Connection, wanted: Collection[int]) -> list[Decision]:
    """Return the decisions about these identities, oldest first."""
    return _found(connection, decisions.c.identity.in_(sorted(wanted)))


def of_messages(connection: Connection, keys: Collection[str]) -> list[Decision]:
    """Return the decisions about these messages, whoever they belonged to then, oldest first."""
    return _found(connection, decisions.c.message.in_(sorted(keys)))


def _found(connection: Connection, which: ColumnElement[bool]) -> list[Decision]:
    rows = connection.execute(select(decisions).where(which).order_by(decisions.c.id)).mappings()
    return [
        Decision(
            at=row["at"],
            identity=row["identity"],
            plugin=row["plugin"],
            event=row["event"],
            message=row["message"],
            verdict=row["verdict"],
            code=row["code"],
            detail=load_words(row["detail"]),
        )
        for row in rows
    ]


def _last(connection: Connection, about: Collection[str]) -> dict[str, tuple[str, str, str]]:
    """Return verdict, code and detail of the last decision about each of these messages."""
    if not about:
        return {}
    rows = connection.execute(_LAST, {"messages": sorted(about)})
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


_LAST = select(decisions.c.message, decisions.c.verdict, decisions.c.code, decisions.c.detail).where(
    decisions.c.id.in_(
        select(func.max(decisions.c.id))
        .where(decisions.c.message.in_(bindparam("messages", expanding=True)))
        .group_by(decisions.c.message)
    )
)
