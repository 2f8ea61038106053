"""Pauses of advertising by sender domain, kept for ever, and the mails that they are judged by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, distinct, exists, func, insert, select, update

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import Bounce, OutcomeKind
from aftercare_sdk.model.pauses import Cause, Pause, Tally
from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.tables import messages, outcomes, pauses

_HELD_FOR = "sending_paused"


def standing(connection: Connection, *, locked: bool = False) -> dict[str, Pause]:
    """Return the pauses that stand, by domain; `locked`: to end one."""
    wanted = select(pauses).where(pauses.c.resumed_at.is_(None)).order_by(pauses.c.domain)
    rows = connection.execute(wanted.with_for_update() if locked else wanted).mappings()
    return {row["domain"]: _pause(row) for row in rows}


def listing(connection: Connection, domain: str) -> list[Pause]:
    """Return all pauses of a domain, the last first."""
    wanted = select(pauses).where(pauses.c.domain == domain).order_by(pauses.c.id.desc())
    return [_pause(row) for row in connection.execute(wanted).mappings()]


def add(connection: Connection, one: Pause) -> None:
    """Begin a pause."""
    connection.execute(
        insert(pauses).values(
            domain=one.domain,
            at=one.at,
            cause=one.cause,
            mails=one.tally.mails,
            complaints=one.tally.complaints,
            bounces=one.tally.bounces,
            resumed_by="",
            note="",
        )
    )


def end(connection: Connection, ended: Pause) -> None:
    """End the pause of a domain that stands."""
    connection.execute(
        update(pauses)
        .where(pauses.c.domain == ended.domain, pauses.c.resumed_at.is_(None))
        .values(resumed_at=ended.resumed_at, resumed_by=ended.resumed_by, note=ended.note)
    )


def tally(connection: Connection, domain: str, *, now: datetime, period: timedelta, last: int) -> Tally:
    """Return what is counted of the mails that left a domain within `period`, or if more, of the `last` ones.

    After a pause only of those that left since a person ended it.
    """
    ended: datetime | None = connection.execute(
        select(func.max(pauses.c.resumed_at)).where(pauses.c.domain == domain)
    ).scalar()
    left = [
        messages.c.sender != literal_text(""),
        messages.c.sender == domain,
        messages.c.submitted_at >= ended if ended else messages.c.submitted_at.is_not(None),
    ]
    place: datetime | None = connection.execute(
        select(messages.c.submitted_at)
        .where(*left)
        .order_by(messages.c.submitted_at.desc())
        .limit(1)
        .offset(last - 1)
    ).scalar()
    if place is not None:  # if there are no more than those, all count
        left.append(messages.c.submitted_at >= min(place, now - period))
    mails, since = connection.execute(
        select(func.count(), func.min(messages.c.submitted_at)).where(*left)
    ).one()
    if not mails:
        return Tally()
    return Tally(
        mails=mails,
        complaints=_reported(
            connection, left, outcomes.c.kind == literal_text(OutcomeKind.COMPLAINED), since
        ),
        bounces=_reported(connection, left, outcomes.c.bounce == literal_text(Bounce.HARD), since),
    )


def held(connection: Connection, channels: Collection[str]) -> list[str]:
    """Return the keys of messages of channels that are held because of a pause."""
    found = select(messages.c.key).where(
        messages.c.state == literal_text(MessageState.HELD),
        messages.c.code == _HELD_FOR,
        messages.c.channel.in_(sorted(channels)),
    )
    return list(connection.execute(found).scalars())


def _reported(
    connection: Connection,
    left: list[ColumnElement[bool]],
    of_kind: ColumnElement[bool],
    since: datetime,
) -> int:
    """Return of how many of these mails something was reported."""
    # Bad reports are few and mails are many, so those come first. None is dated before its mail has left.
    is_one_of_them = exists().where(messages.c.key == outcomes.c.message, *left)
    told = select(func.count(distinct(outcomes.c.message)))
    found = told.where(of_kind, outcomes.c.at >= since, is_one_of_them)
    return connection.execute(found).scalar_one()


def _pause(row: RowMapping) -> Pause:
    return Pause(
        domain=row["domain"],
        at=row["at"],
        cause=Cause(row["cause"]),
        tally=Tally(mails=row["mails"], complaints=row["complaints"], bounces=row["bounces"]),
        resumed_at=row["resumed_at"],
        resumed_by=row["resumed_by"],
        note=row["note"],
    )
