"""Messages: planned, moved with their facts, looked up. How they leave: `sending`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from string import hexdigits
from typing import Any

from sqlalchemy import (
    BindParameter,
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
from aftercare_sdk.store import counters
from aftercare_sdk.store.codec import dump, load, load_any, load_words
from aftercare_sdk.store.database import Database, among, literal_text
from aftercare_sdk.store.tables import copies, identities, messages

Key = tuple[str, str, str]
"""Shop, kind and id of what a message is about."""
WAITING = (MessageState.PLANNED, MessageState.HELD, MessageState.DEFERRED)
LEASED = (MessageState.CLAIMED, MessageState.SUBMITTED)
_TOGETHER = 500
"""How many messages are released in one transaction, so that none is long."""
_MICROSECOND = timedelta(microseconds=1)
_SHAPE = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
"""Of the ids of messages."""
_SHORTEST = 8
_NOT_LEFT = (*WAITING, MessageState.CLAIMED)
_OPEN = (*_NOT_LEFT, MessageState.SUBMITTED)
_UNCLAIMED: Mapping[str, Any] = {
    "state": case((messages.c.state == MessageState.CLAIMED, MessageState.PLANNED), else_=messages.c.state),
    "lease": "",
    "lease_until": None,
}
"""What takes a message out of the hands of whoever has claimed it."""


_THEN: BindParameter[datetime] = bindparam("then", type_=messages.c.due_at.type)
_IN_HAND = messages.c.state == MessageState.SUBMITTED
_RETRIED = (messages.c.state == MessageState.DEFERRED) & (messages.c.attempts > 0)
_MOVE = (
    update(messages)
    .where(messages.c.key == bindparam("of"), messages.c.state.in_([literal_text(one) for one in _OPEN]))
    .values(
        due_at=_THEN,
        expires_at=bindparam("end"),
        # What a channel has in hand stays with it, and comes back to its new moment if it comes back. The
        # pause before a retry is not cut short.
        next_at=case(
            (_IN_HAND, messages.c.next_at),
            (_RETRIED & (messages.c.next_at > _THEN), messages.c.next_at),
            else_=_THEN,
        ),
        state=_UNCLAIMED["state"],
        lease=case((_IN_HAND, messages.c.lease), else_=""),
        lease_until=case((_IN_HAND, messages.c.lease_until), else_=None),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One planned message and where it stands. It is about the `object` of `object_kind`.

    `host` is the message in which it leaves, if it was merged into another one of its `merge_group`. `sender`
    is the domain that it has left from, if it is a mail.
    """

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
    called_off: Mapping[str, str] = field(default_factory=dict)
    object_kind: str = "order"
    merge_group: str = ""
    host: str = ""
    categories: tuple[str, ...] = ()
    version: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a message said: personal data."""

    message: str
    locale: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def is_waiting() -> ColumnElement[bool]:
    """Return the condition that a message waits for its moment."""
    return messages.c.state.in_([literal_text(state) for state in WAITING])


def has_not_left() -> ColumnElement[bool]:
    """Return the condition that a message has not left, also if somebody is at work on it."""
    return messages.c.state.in_([literal_text(state) for state in _NOT_LEFT])


def is_leased() -> ColumnElement[bool]:
    """Return the condition that a sender has it in hand."""
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
        counters.add(connection, {(counters.PLANNED, ""): len(fresh)})
    return [one.key for one in fresh]


def move(connection: Connection, anchors: Mapping[str, datetime]) -> None:
    """Give messages that have not left their moment anew, from the facts they are anchored to.

    A claim falls with it: whoever holds it looked at the old moment.
    """
    if not anchors:
        return
    found = connection.execute(
        select(messages.c.key, messages.c.anchor, messages.c.delay, messages.c.window)
        .where(messages.c.anchor.in_(sorted(anchors)), messages.c.state.in_(_OPEN))
        .order_by(messages.c.key)
        .with_for_update()
    )
    rows: list[dict[str, Any]] = []
    for key, anchor, delay, window in found:
        due_at = anchors[anchor] + timedelta(microseconds=delay)
        rows.append({"of": key, "then": due_at, "end": due_at + timedelta(microseconds=window)})
    if rows:
        connection.execute(_MOVE, rows)


def follow(connection: Connection, object_: Key, identity: int) -> None:
    """Let what is planned about an object that changed its owner follow it; claims fall as in `move`."""
    about = about_object(object_)
    connection.execute(
        update(messages).where(about, messages.c.state == MessageState.SUBMITTED).values(identity=identity)
    )
    connection.execute(
        update(messages).where(about, messages.c.state.in_(_NOT_LEFT)).values(identity=identity, **_UNCLAIMED)
    )


def release(connection: Connection, objects: Iterable[Key], now: datetime) -> None:
    """Look at once at messages that were held until objects had been read."""
    rows = [{"in": shop, "is": kind, "of": id_, "now": now} for shop, kind, id_ in objects]
    if rows:
        connection.execute(_RELEASE, rows)


def look_again(database: Database, keys: Sequence[str], now: datetime) -> None:
    """Look at once at messages that were held until a person said something; some to a transaction."""
    for first in range(0, len(keys), _TOGETHER):
        with database.write() as connection:
            connection.execute(
                update(messages)
                .where(
                    messages.c.key.in_(keys[first : first + _TOGETHER]),
                    messages.c.state == MessageState.HELD,
                )
                .values(next_at=now)
            )


_RELEASE = (
    update(messages)
    .where(
        messages.c.shop == bindparam("in"),
        messages.c.object == bindparam("of"),
        messages.c.object_kind == bindparam("is"),
        messages.c.state == MessageState.HELD,
    )
    .values(next_at=bindparam("now"))
)


def about_any(wanted: Collection[Key]) -> ColumnElement[bool]:
    """Return the condition that a message is about one of these objects."""
    return among((messages.c.shop, messages.c.object_kind, messages.c.object), wanted)


def about_object(object_: Key) -> ColumnElement[bool]:
    """Return the condition that a message is about one object."""
    shop, kind, id_ = object_
    return (messages.c.shop == shop) & (messages.c.object == id_) & (messages.c.object_kind == kind)


def to_identities(wanted: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a message is to one of these identities."""
    return messages.c.identity.in_(sorted(wanted))


def cancellable(
    connection: Connection, plugin: str, label: str | None, which: ColumnElement[bool]
) -> list[Message]:
    """Return a plugin's messages, of `label` or of all labels, that have not left or may come back.

    Nobody else can change them before the transaction ends.
    """
    where = [which, messages.c.plugin == plugin, messages.c.state.in_(_OPEN)]
    if label is not None:
        where.append(messages.c.label == label)
    rows = connection.execute(select(messages).where(*where).order_by(messages.c.key).with_for_update())
    return [as_message(row) for row in rows.mappings()]


def unsent(connection: Connection, which: ColumnElement[bool]) -> list[Message]:
    """Return all messages that have not left or may come back; nobody else can change them meanwhile."""
    rows = connection.execute(
        select(messages).where(which, messages.c.state.in_(_OPEN)).order_by(messages.c.key).with_for_update()
    )
    return [as_message(row) for row in rows.mappings()]


def lock(connection: Connection, which: ColumnElement[bool]) -> None:
    """Keep others from changing messages that have not left; all at once, so that none waits in a circle."""
    connection.execute(
        select(messages.c.key)
        .where(which, messages.c.state.in_(_OPEN))
        .order_by(messages.c.key)
        .with_for_update()
    )


def waiting_for(connection: Connection, customers: Collection[int], until: datetime) -> list[Message]:
    """Return what is planned for these customers until a moment, and has not left."""
    mine = select(identities.c.id).where(identities.c.customer.in_(sorted(customers)))
    rows = connection.execute(
        select(messages)
        .where(messages.c.identity.in_(mine), has_not_left(), messages.c.due_at <= until)
        .order_by(messages.c.due_at, messages.c.key)
    )
    return [as_message(row) for row in rows.mappings()]


def companions(
    connection: Connection, customers: Collection[int], purposes: Collection[str], now: datetime
) -> list[Message]:
    """Return what is due and has not left of these customers: of `purposes`, or of any merge group."""
    rows = connection.execute(
        _COMPANIONS, {"whose": sorted(customers), "purposes": sorted(purposes), "now": now}
    )
    return [as_message(row) for row in rows.mappings()]


_COMPANIONS = (
    select(messages)
    .where(
        messages.c.identity.in_(
            select(identities.c.id).where(identities.c.customer.in_(bindparam("whose", expanding=True)))
        ),
        has_not_left(),
        messages.c.due_at <= bindparam("now", type_=messages.c.due_at.type),
        or_(messages.c.purpose.in_(bindparam("purposes", expanding=True)), messages.c.merge_group != ""),
    )
    .order_by(messages.c.due_at, messages.c.key)
)


def get_many(connection: Connection, keys: Iterable[str]) -> list[Message]:
    """Return messages by key, those that are due first."""
    rows = connection.execute(
        select(messages)
        .where(messages.c.key.in_(sorted(set(keys))))
        .order_by(messages.c.next_at, messages.c.due_at, messages.c.key)
    )
    return [as_message(row) for row in rows.mappings()]


def with_id(connection: Connection, id_: str) -> Message | None:
    """Return the message that has left, or will, under an id."""
    row = connection.execute(select(messages).where(messages.c.id == id_)).mappings().first()
    return as_message(row) if row else None


def named(connection: Connection, text: str) -> Message | None:
    """Return the one message whose id is a text, or begins with it: at least eight characters."""
    alike = all(one in ("-" if like == "-" else hexdigits) for one, like in zip(text, _SHAPE, strict=False))
    if not alike or not _SHORTEST <= len(text) <= len(_SHAPE):
        return None
    first, last = (text.lower() + _SHAPE[len(text) :].replace("x", digit) for digit in "0f")
    rows = connection.execute(select(messages).where(messages.c.id.between(first, last)).limit(2))
    found = rows.mappings().all()
    return as_message(found[0]) if len(found) == 1 else None


def of_identities(connection: Connection, wanted: Collection[int]) -> list[Message]:
    """Return the messages of these identities or to their mailboxes, oldest plan first."""
    ids = sorted(wanted)
    rows = connection.execute(
        select(messages)
        .where(or_(messages.c.identity.in_(ids), messages.c.recipient.in_(ids)))
        .order_by(messages.c.planned_at, messages.c.key)
    )
    return [as_message(row) for row in rows.mappings()]


def copies_of(connection: Connection, keys: Iterable[str]) -> dict[str, Copy]:
    """Return what messages said, by message key."""
    rows = connection.execute(select(*_COPY).where(copies.c.message.in_(sorted(set(keys))))).mappings()
    return {row["message"]: Copy(**row) for row in rows}


_COPY = (copies.c.message, copies.c.locale, copies.c.subject, copies.c.text, copies.c.html)


def everything(connection: Connection) -> list[Message]:
    """Return all messages, oldest plan first; for reports over small databases such as the demo's."""
    rows = connection.execute(select(messages).order_by(messages.c.planned_at, messages.c.key))
    return [as_message(row) for row in rows.mappings()]


def counts(connection: Connection) -> list[tuple[str, str, int]]:
    """Return (state, code, number) over all messages."""
    rows = connection.execute(
        select(messages.c.state, messages.c.code, func.count())
        .group_by(messages.c.state, messages.c.code)
        .order_by(messages.c.state, messages.c.code)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def not_ended(connection: Connection) -> int:
    """Return how many messages wait, or are in the hands of a sender."""
    several = (select(func.count()).select_from(messages).where(one) for one in (is_waiting(), is_leased()))
    return sum(connection.execute(one).scalar_one() for one in several)


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Return since when the message that waits longest was to be looked at; None: none is late."""
    return connection.execute(
        select(func.min(messages.c.next_at)).where(is_waiting(), messages.c.next_at <= now)
    ).scalar()


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next message is to be looked at or a lease has run out, after a moment."""
    waiting: datetime | None = connection.execute(
        select(func.min(messages.c.next_at)).where(is_waiting(), messages.c.next_at > after)
    ).scalar()
    leased: datetime | None = connection.execute(
        select(func.min(messages.c.lease_until)).where(is_leased(), messages.c.lease_until >= after)
    ).scalar()
    found = (waiting, leased + _MICROSECOND if leased else None)
    return min((at for at in found if at is not None), default=None)


def _row(one: Message) -> dict[str, Any]:
    return {
        "key": one.key,
        "id": one.id,
        "plugin": one.plugin,
        "event": one.event,
        "shop": one.shop,
        "object_kind": one.object_kind,
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
        "categories": dump(one.categories),
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
        "called_off": dump(one.called_off),
        "merge_group": one.merge_group,
        "host": one.host,
        "version": one.version,
        "sender": one.sender,
    }


def as_message(row: RowMapping) -> Message:
    """Return the message in a row."""
    values = dict(row)
    values["delay"] = timedelta(microseconds=values["delay"])
    values["window"] = timedelta(microseconds=values["window"])
    values["premises"] = tuple(
        load(PREMISE_BY_KIND[one["kind"]], dump(one["is"])) for one in load_any(values["premises"])
    )
    values["categories"] = load(tuple[str, ...], values["categories"])
    values["data"] = load_words(values["data"])
    values["detail"] = load_words(values["detail"])
    values["called_off"] = load_words(values["called_off"])
    values["state"] = MessageState(values["state"])
    return Message(**values)
