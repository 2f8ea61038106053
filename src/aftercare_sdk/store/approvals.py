"""What people have approved: one row for each version of what sends marketing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, func, select, update

from aftercare_sdk.model.approvals import Approval, ApprovalState, FlowVersion
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.messages import Message, as_message, is_waiting
from aftercare_sdk.store.tables import approvals, messages

Step = tuple[str, str, str, str, str, str]
"""Plugin, label, template, purpose, channel and version: all that makes a version but its texts."""
_HELD_FOR = "not_approved"
_STEP = ("plugin", "label", "template", "purpose", "channel", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many messages of a step have not left, and until when the first of them can."""

    waiting: int
    first_lapse: datetime | None


def step_of(one: FlowVersion | Message) -> Step:
    """Return the step that a version or a message belongs to."""
    return (one.plugin, one.label, one.template, one.purpose, one.channel, one.version)


def note(connection: Connection, versions: Iterable[FlowVersion], at: datetime) -> None:
    """Let versions wait for a person; one that is known stays as it is."""
    rows = [
        {
            "digest": one.digest,
            **dict(zip(_STEP, step_of(one), strict=True)),
            "sources": one.sources,
            "first_seen": at,
            "state": ApprovalState.WAITING,
            "by": "",
            "note": "",
            "lapsed": 0,
        }
        for one in sorted(versions, key=lambda one: one.digest)
    ]
    if rows:
        connection.execute(insert_into(connection, approvals).on_conflict_do_nothing(), rows)


def of(connection: Connection, digests: Collection[str], *, locked: bool = False) -> dict[str, Approval]:
    """Return where versions stand, by their digests; `locked`: nobody decides about one before this ends."""
    wanted = select(approvals).where(approvals.c.digest.in_(sorted(digests))).order_by(approvals.c.digest)
    return _found(connection, wanted.with_for_update(read=True) if locked else wanted)


def everything(connection: Connection) -> list[Approval]:
    """Return all versions, those seen first before the rest."""
    wanted = select(approvals).order_by(approvals.c.first_seen, approvals.c.digest)
    return list(_found(connection, wanted).values())


def named(connection: Connection, prefix: str, *, locked: bool = False) -> list[Approval]:
    """Return the versions whose digests begin so; `locked`: to decide about them."""
    wanted = select(approvals).where(approvals.c.digest.startswith(prefix, autoescape=True))
    wanted = wanted.order_by(approvals.c.digest)
    return list(_found(connection, wanted.with_for_update() if locked else wanted).values())


def decide(connection: Connection, decided: Approval) -> None:
    """Keep what a person has said of a version."""
    connection.execute(
        update(approvals)
        .where(approvals.c.digest == decided.of.digest)
        .values(state=decided.state, decided_at=decided.decided_at, by=decided.by, note=decided.note)
    )


def held(connection: Connection, step: Step) -> list[str]:
    """Return the keys of messages of a step that are held until a person approves it."""
    found = select(messages.c.key).where(
        messages.c.state == literal_text(MessageState.HELD), messages.c.code == _HELD_FOR, _of_step(step)
    )
    return list(connection.execute(found).scalars())


def steps_held(connection: Connection) -> list[tuple[str, str]]:
    """Return plugins and labels of which messages are held until a person approves them."""
    names = (messages.c.plugin, messages.c.label)
    found = (
        select(*names)
        .where(messages.c.state == literal_text(MessageState.HELD), messages.c.code == _HELD_FOR)
        .distinct()
        .order_by(*names)
    )
    return [(plugin, label) for plugin, label in connection.execute(found)]


def count_lapsed(connection: Connection, lapsed: Mapping[str, int]) -> None:
    """Count messages that nobody approved in time, by the digest of their version."""
    if lapsed:
        rows = [{"of": digest, "more": number} for digest, number in sorted(lapsed.items())]
        connection.execute(_COUNT, rows)


def queues(connection: Connection, purposes: Collection[str]) -> dict[Step, Queue]:
    """Return what has not left yet, by its step."""
    columns = [messages.c[name] for name in _STEP]
    rows = connection.execute(
        select(*columns, func.count(), func.min(messages.c.expires_at))
        .where(is_waiting(), messages.c.purpose.in_(sorted(purposes)))
        .group_by(*columns)
    )
    return {(*row[:6],): Queue(waiting=row[6], first_lapse=row[7]) for row in rows}


def waiting(connection: Connection, step: Step, limit: int) -> list[Message]:
    """Return messages of a step that have not left, those that are due first."""
    rows = connection.execute(
        select(messages)
        .where(is_waiting(), _of_step(step))
        .order_by(messages.c.due_at, messages.c.key)
        .limit(limit)
    )
    return [as_message(row) for row in rows.mappings()]


def _of_step(step: Step) -> ColumnElement[bool]:
    return and_(*(messages.c[name] == value for name, value in zip(_STEP, step, strict=True)))


def _found(connection: Connection, wanted: Select[tuple[object, ...]]) -> dict[str, Approval]:
    return {row["digest"]: _approval(row) for row in connection.execute(wanted).mappings()}


def _approval(row: RowMapping) -> Approval:
    return Approval(
        of=FlowVersion(**{name: row[name] for name in (*_STEP, "sources")}),
        first_seen=row["first_seen"],
        state=ApprovalState(row["state"]),
        decided_at=row["decided_at"],
        by=row["by"],
        note=row["note"],
        lapsed=row["lapsed"],
    )


_COUNT = (
    update(approvals)
    .where(approvals.c.digest == bindparam("of"))
    .values(lapsed=approvals.c.lapsed + bindparam("more"))
)
