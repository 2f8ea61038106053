"""Messages: planned, claimed with a lease, submitted by one compare-and-set, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.premises import PREMISE_BY_KIND, Premise
from aftercare_sdk.store.codec import dump, load, load_any, load_words
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.tables import copies, identities, messages

WAITING = (MessageState.PLANNED, MessageState.HELD, MessageState.DEFERRED)
LEASED = (MessageState.CLAIMED, MessageState.SUBMITTED)
_REACHED = tuple(state for state in MessageState if state.may_have_reached)
_MICROSECOND = timedelta(microseconds=1)
_NOT_LEFT = (*WAITING, MessageState.CLAIMED)
_UNCLAIMED: Mapping[str, Any] = {
    "state": case((messages.c.state == MessageState.CLAIMED, MessageState.PLANNED), else_=messages.c.state),
    "lease": "",
    "lease_until": None,
}
"""What takes a message out of the hands of whoever has claimed it."""


_MOVE = (
    update(messages)
    .where(
        messages.c.key == bindparam("of"), messages.c.state.in_([literal_text(state) for state in _NOT_LEFT])
    )
    .values(due_at=bindparam("then"), next_at=bindparam("then"), expires_at=bindparam("end"), **_UNCLAIMED)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One planned message and where it stands."""

    key: str
    id: str
    plugin: str
    event: str
    shop: str
    object: str
    identity: int
    label: str
    template: str
    purpose: str
    channel: str
    anchor: str
    delay: timedelta
    window: timedelta
    premises: tuple[Premise, ...]
    data: Mapping[str, str] = field(repr=False)
    reason: str
    planned_at: datetime
    due_at: datetime | None
    next_at: datetime | None
    expires_at: datetime | None
    state: MessageState
    code: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    repeated: int = 0
    lease: str = ""
    lease_until: datetime | None = None
    recipient: int | None = None
    submitted_at: datetime | None = None
    final_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a message said: personal data."""

    message: str
    locale: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def _is_waiting() -> ColumnElement[bool]:
    return messages.c.state.in_([literal_text(state) for state in WAITING])


def _is_leased() -> ColumnElement[bool]:
    return messages.c.state.in_([literal_text(state) for state in LEASED])


def plan(connection: Connection, planned: Sequence[Message]) -> list[str]:
    """Insert messages; one whose key exists stays as it is. Return the keys that are new.

    For the decider only: nobody else plans, so what is not there now is new.
    """
    wanted: dict[str, Message] = {}
    for one in planned:
        wanted.setdefault(one.key, one)
    if not wanted:
        return []
    known = set(
        connection.execute(select(messages.c.key).where(messages.c.key.in_(sorted(wanted)))).scalars()
    )
    fresh = [one for one in wanted.values() if one.key not in known]
    if fresh:
        connection.execute(insert(messages), [_row(one) for one in fresh])
    return [one.key for one in fresh]


def move(connection: Connection, anchors: Mapping[str, datetime]) -> None:
    """Give messages that have not left their moment anew, from the facts they are anchored to.

    A claim falls with it: whoever holds it looked at the old moment.
    """
    if not anchors:
        return
    found = connection.execute(
        select(messages.c.key, messages.c.anchor, messages.c.delay, messages.c.window).where(
            messages.c.anchor.in_(sorted(anchors)), messages.c.state.in_(_NOT_LEFT)
        )
    )
    rows: list[dict[str, Any]] = []
    for key, anchor, delay, window in found:
        due_at = anchors[anchor] + timedelta(microseconds=delay)
        rows.append({"of": key, "then": due_at, "end": due_at + timedelta(microseconds=window)})
    if rows:
        connection.execute(_MOVE, rows)


def follow(connection: Connection, shop: str, object_: str, identity: int) -> None:
    """Let what is planned about an object that changed its owner follow it; claims fall as in `move`."""
    connection.execute(
        update(messages)
        .where(messages.c.shop == shop, messages.c.object == object_, messages.c.state.in_(_NOT_LEFT))
        .values(identity=identity, **_UNCLAIMED)
    )


def release(connection: Connection, shop: str, object_: str, now: datetime) -> None:
    """Look at once at messages that were held until an object had been read."""
    connection.execute(
        update(messages)
        .where(messages.c.shop == shop, messages.c.object == object_, messages.c.state == MessageState.HELD)
        .values(next_at=now)
    )


def about_object(shop: str, object_: str) -> ColumnElement[bool]:
    """Return the condition that a message is about one object."""
    return (messages.c.shop == shop) & (messages.c.object == object_)


def to_identities(wanted: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a message is to one of these identities."""
    return messages.c.identity.in_(sorted(wanted))


def cancellable(
    connection: Connection, plugin: str, label: str | None, which: ColumnElement[bool]
) -> list[Message]:
    """Return a plugin's messages that have not left, of `label` or of all labels."""
    where = [which, messages.c.plugin == plugin, messages.c.state.in_(_NOT_LEFT)]
    if label is not None:
        where.append(messages.c.label == label)
    return [_message(row) for row in connection.execute(select(messages).where(*where)).mappings()]


def claim(
    connection: Connection, *, before: datetime | None, now: datetime, lease: str, until: datetime, limit: int
) -> list[Message]:
    """Take messages that are due, and older than `before`, under a lease that ends at `until`."""
    due = (
        select(messages.c.key)
        .where(_is_waiting(), messages.c.next_at <= now)
        .order_by(messages.c.next_at)
        .limit(limit)
    )
    if before is not None:
        due = due.where(messages.c.next_at < before)
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    keys = list(connection.execute(due).scalars())
    if not keys:
        return []
    connection.execute(
        update(messages)
        .where(messages.c.key.in_(keys), _is_waiting())
        .values(state=MessageState.CLAIMED, lease=lease, lease_until=until)
    )
    return [one for one in get_many(connection, keys) if one.lease == lease]


def unclaim(connection: Connection, now: datetime) -> None:
    """Put claims whose lease ran out back; nothing has left."""
    connection.execute(
        update(messages)
        .where(_is_leased(), messages.c.state == MessageState.CLAIMED, messages.c.lease_until < now)
        .values(state=MessageState.PLANNED, lease="", lease_until=None)
    )


def lost(connection: Connection, now: datetime) -> list[Message]:
    """Return submissions whose lease ran out: nobody can tell whether they arrived."""
    rows = connection.execute(
        select(messages).where(
            _is_leased(), messages.c.state == MessageState.SUBMITTED, messages.c.lease_until < now
        )
    )
    return [_message(row) for row in rows.mappings()]


def submit(
    connection: Connection,
    message: Message,
    *,
    now: datetime,
    until: datetime,
    recipient: int | None,
    copy: Copy,
) -> bool:
    """Mark a claimed message as leaving: the one compare-and-set on its lease. False: it is not ours."""
    done = connection.execute(
        update(messages)
        .where(
            messages.c.key == message.key,
            messages.c.state == MessageState.CLAIMED,
            messages.c.lease == message.lease,
        )
        .values(
            state=MessageState.SUBMITTED,
            submitted_at=now,
            lease_until=until,
            attempts=message.attempts + 1,
            recipient=recipient,
            code="",
            detail="{}",
        )
    )
    if done.rowcount != 1:
        return False
    values = {
        "message": copy.message,
        "locale": copy.locale,
        "subject": copy.subject,
        "text": copy.text,
        "html": copy.html,
    }
    connection.execute(
        insert_into(connection, copies)
        .values(**values)
        .on_conflict_do_update(index_elements=["message"], set_=values)
    )
    return True


def settle(
    connection: Connection,
    message: Message,
    state: MessageState,
    *,
    code: str = "",
    detail: Mapping[str, str] | None = None,
    now: datetime,
    reference: str = "",
) -> bool:
    """Bring a message to a final state, if it is still as it was seen (state and lease)."""
    done = connection.execute(
        update(messages)
        .where(*_as_seen(message))
        .values(
            state=state,
            code=code,
            detail=dump(detail or {}),
            final_at=now,
            lease="",
            lease_until=None,
            next_at=None,
            reference=reference,
        )
    )
    return done.rowcount == 1


def wait(
    connection: Connection,
    message: Message,
    state: MessageState,
    *,
    code: str,
    detail: Mapping[str, str] | None = None,
    until: datetime,
    repeats: int = 0,
) -> bool:
    """Let a message wait, held or deferred, if it is still as it was seen (state and lease)."""
    done = connection.execute(
        update(messages)
        .where(*_as_seen(message))
        .values(
            state=state,
            code=code,
            detail=dump(detail or {}),
            next_at=until,
            lease="",
            lease_until=None,
            repeated=message.repeated + repeats,
        )
    )
    return done.rowcount == 1


def get_many(connection: Connection, keys: Iterable[str]) -> list[Message]:
    """Return messages by key, those that are due first."""
    rows = connection.execute(
        select(messages)
        .where(messages.c.key.in_(sorted(set(keys))))
        .order_by(messages.c.next_at, messages.c.key)
    )
    return [_message(row) for row in rows.mappings()]


def of_identities(connection: Connection, wanted: Collection[int]) -> list[Message]:
    """Return the messages of these identities or to their mailboxes, oldest plan first."""
    ids = sorted(wanted)
    rows = connection.execute(
        select(messages)
        .where(or_(messages.c.identity.in_(ids), messages.c.recipient.in_(ids)))
        .order_by(messages.c.planned_at, messages.c.key)
    )
    return [_message(row) for row in rows.mappings()]


def reached_since(
    connection: Connection,
    message: Message,
    *,
    label: str,
    customer: int,
    recipient: int | None,
    since: datetime,
) -> datetime | None:
    """Return when another message of this plugin and label last may have reached the person or mailbox.

    Also one whose outcome was unknown once counts, whatever became of its repeat. None: not after `since`.
    """
    whose: ColumnElement[bool] = messages.c.identity.in_(
        select(identities.c.id).where(identities.c.customer == customer)
    )
    if recipient is not None:
        whose = or_(whose, messages.c.recipient == recipient)
    return connection.execute(
        select(messages.c.submitted_at)
        .where(
            messages.c.plugin == message.plugin,
            messages.c.label == label,
            messages.c.key != message.key,
            or_(messages.c.state.in_(_REACHED), messages.c.repeated > 0),
            messages.c.submitted_at > since,
            whose,
        )
        .order_by(messages.c.submitted_at.desc())
        .limit(1)
    ).scalar()


def copies_of(connection: Connection, keys: Iterable[str]) -> dict[str, Copy]:
    """Return what messages said, by message key."""
    rows = connection.execute(select(copies).where(copies.c.message.in_(sorted(set(keys))))).mappings()
    return {row["message"]: Copy(**row) for row in rows}


def everything(connection: Connection) -> list[Message]:
    """Return all messages, oldest plan first; for reports over small databases such as the demo's."""
    rows = connection.execute(select(messages).order_by(messages.c.planned_at, messages.c.key))
    return [_message(row) for row in rows.mappings()]


def counts(connection: Connection) -> list[tuple[str, str, int]]:
    """Return (state, code, number) over all messages."""
    rows = connection.execute(
        select(messages.c.state, messages.c.code, func.count())
        .group_by(messages.c.state, messages.c.code)
        .order_by(messages.c.state, messages.c.code)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Return since when the message that waits longest was to be looked at; None: none is late."""
    return connection.execute(
        select(func.min(messages.c.next_at)).where(_is_waiting(), messages.c.next_at <= now)
    ).scalar()


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next message is to be looked at or a lease has run out, after a moment."""
    waiting: datetime | None = connection.execute(
        select(func.min(messages.c.next_at)).where(_is_waiting(), messages.c.next_at > after)
    ).scalar()
    leased: datetime | None = connection.execute(
        select(func.min(messages.c.lease_until)).where(_is_leased(), messages.c.lease_until >= after)
    ).scalar()
    found = (waiting, leased + _MICROSECOND if leased else None)
    return min((at for at in found if at is not None), default=None)


def _as_seen(message: Message) -> tuple[ColumnElement[bool], ...]:
    return (
        messages.c.key == message.key,
        messages.c.state == message.state,
        messages.c.lease == message.lease,
    )


def _row(one: Message) -> dict[str, Any]:
    return {
        "key": one.key,
        "id": one.id,
        "plugin": one.plugin,
        "event": one.event,
        "shop": one.shop,
        "object": one.object,
        "identity": one.identity,
        "label": one.label,
        "template": one.template,
        "purpose": one.purpose,
        "channel": one.channel,
        "anchor": one.anchor,
        "delay": one.delay // _MICROSECOND,
        "window": one.window // _MICROSECOND,
        "premises": dump([{"kind": type(premise).__name__, "is": premise} for premise in one.premises]),
        "data": dump(one.data),
        "reason": one.reason,
        "planned_at": one.planned_at,
        "due_at": one.due_at,
        "next_at": one.next_at,
        "expires_at": one.expires_at,
        "state": one.state,
        "code": one.code,
        "detail": dump(one.detail),
        "attempts": one.attempts,
        "repeated": one.repeated,
        "lease": one.lease,
        "lease_until": one.lease_until,
        "recipient": one.recipient,
        "submitted_at": one.submitted_at,
        "final_at": one.final_at,
        "reference": one.reference,
    }


def _message(row: RowMapping) -> Message:
    values = dict(row)
    values["delay"] = timedelta(microseconds=values["delay"])
    values["window"] = timedelta(microseconds=values["window"])
    values["premises"] = tuple(
        load(PREMISE_BY_KIND[one["kind"]], dump(one["is"])) for one in load_any(values["premises"])
    )
    values["data"] = load_words(values["data"])
    values["detail"] = load_words(values["detail"])
    values["state"] = MessageState(values["state"])
    return Message(**values)
