"""Alerts for the shop's staff: raised once while something lasts, told to every address, and ended once.

An alert holds codes, names from the configuration, counts and moments: nothing of a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, literal, null, or_, select, update

from aftercare_sdk.store.codec import dump, load, load_words
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import Instant, alerts

OLD_NEWS = timedelta(days=1)
"""What was over so long ago before anybody could be told of it is told to nobody any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `key` says about what; `values` are told with it.

    `sent_at` and `end_sent_at` are when its beginning and its end had been told to all; `reached` are those
    who have been told of the one that is being told.
    """

    id: int
    kind: str
    key: str
    values: Mapping[str, str]
    raised_at: datetime
    ended_at: datetime | None
    sent_at: datetime | None
    end_sent_at: datetime | None
    next_at: datetime | None
    reached: tuple[str, ...]
    attempts: int
    error: str
    lease: str

    @property
    def tells_end(self) -> bool:
        """Whether its end is what is told next; its beginning comes first."""
        return self.sent_at is not None


def raise_alert(
    connection: Connection, kind: str, key: str, values: Mapping[str, str], now: datetime
) -> bool:
    """Raise an alert in the transaction of what has happened; False if it is raised and has not ended."""
    raised = insert_into(connection, alerts).values(
        kind=kind,
        key=key,
        told=dump(values),
        raised_at=now,
        next_at=now,
        reached="[]",
        attempts=0,
        error="",
        lease="",
    )
    made = connection.execute(raised.on_conflict_do_nothing().returning(alerts.c.id))
    return made.first() is not None


def end_alert(connection: Connection, kind: str, key: str, now: datetime) -> bool:
    """Note that what an alert tells of is over; False if there is no such alert."""
    ended = (
        update(alerts)
        .where(alerts.c.kind == kind, alerts.c.key == key, alerts.c.ended_at.is_(None))
        # One whose beginning is still to be told keeps its turn: its end follows.
        .values(ended_at=now, next_at=case((alerts.c.sent_at.is_(None), alerts.c.next_at), else_=_at(now)))
    )
    return connection.execute(ended).rowcount == 1


def still_open(connection: Connection) -> list[Alert]:
    """Return the alerts that have not ended, oldest first."""
    return _read(connection, alerts.c.ended_at.is_(None))


def latest(connection: Connection, limit: int = 100) -> list[Alert]:
    """Return the latest alerts, ended or not, newest first."""
    rows = connection.execute(select(alerts).order_by(alerts.c.id.desc()).limit(limit)).mappings()
    return [_alert(row) for row in rows]


def is_due(connection: Connection, now: datetime) -> bool:
    """Tell whether somebody is to be told of an alert now."""
    return connection.execute(select(alerts.c.id).where(*_due(now)).limit(1)).first() is not None


def claim(connection: Connection, *, now: datetime, lease: str, until: datetime, limit: int) -> list[Alert]:
    """Take alerts of which somebody is to be told; nobody else takes them before `until`."""
    statement = select(alerts.c.id).where(*_due(now)).order_by(alerts.c.next_at, alerts.c.id).limit(limit)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    taken = connection.execute(statement).scalars().all()
    if not taken:
        return []
    connection.execute(update(alerts).where(alerts.c.id.in_(taken)).values(lease=lease, next_at=until))
    return _read(connection, alerts.c.id.in_(taken))


def told(connection: Connection, alert: Alert, now: datetime) -> None:
    """Note that everybody has been told of the beginning of an alert, or of its end."""
    values: dict[str, Any] = {"reached": "[]", "attempts": 0, "error": "", "lease": ""}
    if alert.tells_end:
        values |= {"end_sent_at": now, "next_at": None}
    else:
        # It may have ended meanwhile: then that is told at once.
        values |= {"sent_at": now, "next_at": case((alerts.c.ended_at.is_(None), null()), else_=_at(now))}
    connection.execute(update(alerts).where(*_held(alert)).values(**values))


def not_told(
    connection: Connection, alert: Alert, *, reached: Collection[str], error: str, next_at: datetime
) -> None:
    """Note that not everybody could be told; those who are left are tried again at `next_at`."""
    connection.execute(
        update(alerts)
        .where(*_held(alert))
        .values(
            reached=dump(sorted(reached)),
            attempts=alert.attempts + 1,
            error=error,
            next_at=next_at,
            lease="",
        )
    )


def _at(now: datetime) -> ColumnElement[datetime]:
    return literal(now, Instant)


def _due(now: datetime) -> Iterable[ColumnElement[bool]]:
    return (
        alerts.c.next_at <= now,
        or_(alerts.c.ended_at.is_(None), alerts.c.ended_at > now - OLD_NEWS),
    )


def _held(alert: Alert) -> Iterable[ColumnElement[bool]]:
    return (alerts.c.id == alert.id, alerts.c.lease == alert.lease)


def _read(connection: Connection, condition: ColumnElement[bool]) -> list[Alert]:
    rows = connection.execute(select(alerts).where(condition)).mappings()
    # Not by the database: SQLite would read all alerts there ever were, in the order of their ids.
    return sorted((_alert(row) for row in rows), key=lambda one: one.id)


def _alert(row: Any) -> Alert:
    values = dict(row)
    values["values"] = load_words(values.pop("told"))
    values["reached"] = load(tuple[str, ...], values["reached"])
    return Alert(**values)
