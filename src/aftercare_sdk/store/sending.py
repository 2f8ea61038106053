"""How messages leave: claimed with a lease, submitted by one compare-and-set, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, delete, or_, select, update

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import counters
from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.messages import (
    Copy,
    Message,
    as_message,
    get_many,
    has_not_left,
    is_leased,
    is_waiting,
)
from aftercare_sdk.store.tables import copies, identities, messages

_REACHED = tuple(state for state in MessageState if state.may_have_reached)
_SAID = (*_REACHED, MessageState.MERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A claimed message that is to leave, the mailbox it goes to, and what it says.

    `sender` is the domain that it leaves from.
    """

    message: Message
    recipient: int | None
    copy: Copy
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a message, as it was seen.

    `until` is when it is looked at again, if `state` is not final. `repeats` counts an outcome that nobody
    knows and that is tried once more.
    """

    message: Message
    state: MessageState
    code: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None
    reference: str = ""
    repeats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that may have reached `customer`, or the mailbox `recipient`, at a moment."""

    key: str
    plugin: str
    label: str
    customer: int
    recipient: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A message that may have reached customers: whose it was, and whose mailbox it went to."""

    key: str
    customers: frozenset[int]
    channel: str
    plugin: str
    at: datetime


def is_due(connection: Connection, now: datetime) -> bool:
    """Tell whether any message is due, or any that somebody had in hand was left."""
    waiting = select(messages.c.key).where(is_waiting(), messages.c.next_at <= now)
    left = select(messages.c.key).where(is_leased(), messages.c.lease_until < now)
    return any(connection.execute(one.limit(1)).first() is not None for one in (waiting, left))


def claim(
    connection: Connection,
    *,
    before: datetime | None,
    held: Collection[str] = (),
    now: datetime,
    lease: str,
    until: datetime,
    limit: int,
) -> list[Message]:
    """Take messages that are due, and older than `before`, under a lease that ends at `until`.

    None about the shops in `held`, but for what is too late.
    """
    due = (
        select(messages.c.key)
        .where(is_waiting(), messages.c.next_at <= now)
        .order_by(messages.c.next_at)
        .limit(limit)
    )
    if before is not None:
        due = due.where(messages.c.next_at < before)
    if held:
        # What is too late is only settled: nothing of it leaves.
        due = due.where(or_(messages.c.shop.not_in(sorted(held)), messages.c.expires_at <= now))
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    keys = list(connection.execute(due).scalars())
    if not keys:
        return []
    connection.execute(
        update(messages)
        .where(messages.c.key.in_(keys), is_waiting())
        .values(state=MessageState.CLAIMED, lease=lease, lease_until=until)
    )
    return [one for one in get_many(connection, keys) if one.lease == lease]


def unclaim(connection: Connection, now: datetime) -> None:
    """Put claims whose lease ran out back; nothing has left."""
    connection.execute(
        update(messages)
        .where(is_leased(), messages.c.state == MessageState.CLAIMED, messages.c.lease_until < now)
        .values(state=MessageState.PLANNED, lease="", lease_until=None)
    )


def let_go(connection: Connection, claimed: Sequence[Message]) -> None:
    """Put claims back that are still held under the same lease; nothing has left."""
    ours = _as_seen(connection, claimed)
    if ours:
        connection.execute(
            update(messages)
            .where(messages.c.key.in_(sorted(ours)))
            .values(state=MessageState.PLANNED, lease="", lease_until=None)
        )


def lost(connection: Connection, now: datetime) -> list[Message]:
    """Return submissions whose lease ran out: nobody can tell whether they arrived."""
    rows = connection.execute(
        select(messages).where(
            is_leased(), messages.c.state == MessageState.SUBMITTED, messages.c.lease_until < now
        )
    )
    return [as_message(row) for row in rows.mappings()]


def submit(
    connection: Connection, several: Sequence[Submission], *, now: datetime, until: datetime
) -> frozenset[str]:
    """Mark claimed messages as leaving; return the keys of those whose lease was still ours."""
    claimed = [one.message for one in several if one.message.state is MessageState.CLAIMED]
    ours = _as_seen(connection, claimed)
    leaving = [one for one in several if one.message.key in ours]
    if not leaving:
        return frozenset()
    connection.execute(
        _SUBMIT,
        [
            {
                "of": one.message.key,
                "now": now,
                "until": until,
                "tries": one.message.attempts + 1,
                "to": one.recipient,
                "from": one.sender,
            }
            for one in leaving
        ],
    )
    counters.add(connection, {(counters.SUBMITTED, ""): len(leaving)})
    waited = [now - one.message.next_at for one in leaving if one.message.next_at is not None]
    counters.observe(connection, counters.QUEUE_AGE, waited)
    statement = insert_into(connection, copies)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["message"],
            set_={
                name: statement.excluded[name] for name in ("locale", "subject", "text", "html", "written_at")
            },
        ),
        [
            {
                "message": one.copy.message,
                "locale": one.copy.locale,
                "subject": one.copy.subject,
                "text": one.copy.text,
                "html": one.copy.html,
                "written_at": now,
            }
            for one in leaving
        ],
    )
    return frozenset(ours)


def as_they_stand(connection: Connection, several: Sequence[Message]) -> dict[str, Message]:
    """Return messages, by key, with the state, lease and tries that they have now."""
    seen = {one.key: one for one in several}
    rows = connection.execute(_STANDING, {"keys": sorted(seen)})
    return {
        row.key: replace(
            seen[row.key],
            identity=row.identity,
            state=MessageState(row.state),
            lease=row.lease,
            attempts=row.attempts,
            repeated=row.repeated,
        )
        for row in rows
    }


def change(connection: Connection, changes: Sequence[Change], *, now: datetime) -> list[Change]:
    """Bring messages into other states; return the changes of those that were still as they were seen."""
    ours = _as_seen(connection, [one.message for one in changes])
    made = [_unless_called_off(one, ours[one.message.key]) for one in changes if one.message.key in ours]
    if made:
        connection.execute(
            _CHANGE,
            [
                {
                    "of": one.message.key,
                    "is": one.state,
                    "why": one.code,
                    "told": dump(one.detail),
                    "until": one.until,
                    "end": now if one.state.final else None,
                    "known_as": one.reference,
                    "times": one.message.repeated + one.repeats,
                }
                for one in made
            ],
        )
        counters.add(connection, _counted(made))
    return made


def _counted(made: Sequence[Change]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in made:
        if one.state.final and not one.message.state.final:
            counts[counters.ENDED, one.state] += 1
        if one.state is MessageState.SKIPPED:
            counts[counters.SKIPPED, one.code] += 1
        if one.state is MessageState.ACCEPTED:
            counts[counters.ACCEPTED, ""] += 1
    return counts


def note_references(connection: Connection, references: Mapping[str, str]) -> None:
    """Keep a channel's names for messages, by key, of which more is known than the channel could tell."""
    if references:
        rows = [{"of": key, "known_as": reference} for key, reference in references.items()]
        connection.execute(_NAME, rows)


def call_off(
    connection: Connection, several: Sequence[Message], code: str, detail: Mapping[str, str]
) -> None:
    """Note that messages which a channel has in hand are not to come back: they cannot be cancelled now."""
    if several:
        words = dump({**detail, "code": code})
        connection.execute(_CALL_OFF, [{"of": one.key, "words": words} for one in several])


def _unless_called_off(change: Change, called_off: Mapping[str, str]) -> Change:
    """Return what becomes of a message that comes back from its channel, if it was called off meanwhile."""
    if change.state.final or not called_off:
        return change
    detail = dict(called_off)
    code = detail.pop("code")
    return Change(message=change.message, state=MessageState.CANCELLED, code=code, detail=detail)


def give_back(connection: Connection, several: Sequence[Change], *, now: datetime) -> list[Change]:
    """Let submitted messages wait that were never handed over: their last submission is undone.

    Each `message` is as it was before that submission, but for its state.
    """
    given = change(connection, several, now=now)
    if given:
        connection.execute(
            _UNDO,
            [
                {"of": one.message.key, "tries": one.message.attempts, "before": one.message.submitted_at}
                for one in given
            ],
        )
        counters.add(connection, {(counters.GIVEN_BACK, ""): len(given)})
        never_left = [one.message.key for one in given if one.message.submitted_at is None]
        connection.execute(delete(copies).where(copies.c.message.in_(never_left)))
    return given


def reached_since(
    connection: Connection,
    *,
    plugins: Collection[str],
    labels: Collection[str],
    customers: Collection[int],
    recipients: Collection[int],
    since: datetime,
) -> list[Sent]:
    """Return what these plugins sent under these labels that may have reached these persons or mailboxes.

    Also one whose outcome was unknown once counts, whatever became of its repeat.
    """
    said = {"plugins": sorted(plugins), "labels": sorted(labels), "since": since}
    found: dict[str, Sent] = {}
    for statement, whose in ((_TO_CUSTOMERS, sorted(customers)), (_TO_MAILBOXES, sorted(recipients))):
        for row in connection.execute(statement, {**said, "whose": whose}) if whose else ():
            found[row.key] = Sent(
                key=row.key,
                plugin=row.plugin,
                label=row.label,
                customer=row.customer,
                recipient=row.recipient,
                at=row.submitted_at,
            )
    return list(found.values())


def contacts_since(
    connection: Connection, customers: Collection[int], purposes: Collection[str], since: datetime
) -> list[Reached]:
    """Return what may have reached these customers since then, by whatever plugin and channel.

    What was merged into another message is one with it.
    """
    if not customers:
        return []
    given = {"whose": sorted(customers), "purposes": sorted(purposes), "since": since}
    found = {
        row.key: Reached(
            key=row.key,
            customers=frozenset(one for one in (row.customer, row.reader) if one is not None),
            channel=row.channel,
            plugin=row.plugin,
            at=row.submitted_at,
        )
        for statement in (_CONTACTS_OF, _CONTACTS_TO)
        for row in connection.execute(statement, given)
    }
    return list(found.values())


def lock_as_seen(connection: Connection, several: Sequence[Message]) -> frozenset[str]:
    """Return the keys of messages that are as they were seen; nobody else changes them from now on.

    Also whose they are and their moment: what nobody has claimed keeps its state when these change.
    """
    if not several:
        return frozenset()
    seen = {one.key: (one.state.value, one.lease, one.identity, one.due_at) for one in several}
    rows = connection.execute(_LOCKED, {"keys": sorted(seen)})
    return frozenset(
        row.key for row in rows if seen[row.key] == (row.state, row.lease, row.identity, row.due_at)
    )


def attach(connection: Connection, members: Mapping[str, str], *, now: datetime) -> None:
    """Let messages leave as part of others, by key: each stays with its host until that is final."""
    if members:
        connection.execute(_ATTACH, [{"of": key, "in": host, "now": now} for key, host in members.items()])


def leave_behind(connection: Connection, hosts: Collection[str]) -> None:
    """Let messages be by themselves that may have left in these once, before others leave in them again."""
    if hosts:
        connection.execute(_LEAVE_BEHIND, {"hosts": sorted(hosts)})


def attached(connection: Connection, hosts: Collection[str]) -> list[Message]:
    """Return the messages that leave, have left, or may have left as part of these."""
    if not hosts:
        return []
    rows = connection.execute(_ATTACHED, {"hosts": sorted(hosts)}).mappings()
    return [as_message(row) for row in rows]


def detach(connection: Connection, several: Collection[str]) -> None:
    """Let messages be by themselves again that were part of others."""
    if several:
        connection.execute(_DETACH, [{"of": key} for key in sorted(several)])


def _as_seen(connection: Connection, several: Sequence[Message]) -> dict[str, Mapping[str, str]]:
    """Return by key which messages are as they were seen, and keep them so; with why they are called off.

    State and lease are compared after the row is locked: on PostgreSQL by this statement, on SQLite by the
    transaction. So of two who have seen the same, one changes it.
    """
    if not several:
        return {}
    seen = {one.key: (one.state.value, one.lease) for one in several}
    rows = connection.execute(_LOCKED, {"keys": sorted(seen)})
    return {row.key: load_words(row.called_off) for row in rows if seen[row.key] == (row.state, row.lease)}


_WHOSE: BindParameter[Any] = bindparam("whose", expanding=True)
_LEFT = (
    select(
        messages.c.key,
        messages.c.plugin,
        messages.c.label,
        identities.c.customer,
        messages.c.recipient,
        messages.c.submitted_at,
    )
    .join(identities, identities.c.id == messages.c.identity)
    .where(
        messages.c.plugin.in_(bindparam("plugins", expanding=True)),
        messages.c.label.in_(bindparam("labels", expanding=True)),
        or_(messages.c.state.in_(_SAID), messages.c.repeated > 0),
        messages.c.submitted_at > bindparam("since"),
    )
)
_TO_CUSTOMERS = _LEFT.where(
    messages.c.identity.in_(select(identities.c.id).where(identities.c.customer.in_(_WHOSE)))
)
_TO_MAILBOXES = _LEFT.where(messages.c.recipient.in_(_WHOSE))
_OF_WHOM = select(identities.c.id).where(identities.c.customer.in_(_WHOSE))
_READERS = identities.alias()
_CONTACTS = (
    select(
        messages.c.key,
        messages.c.plugin,
        messages.c.channel,
        messages.c.submitted_at,
        identities.c.customer,
        _READERS.c.customer.label("reader"),
    )
    .join(identities, identities.c.id == messages.c.identity)
    .outerjoin(_READERS, _READERS.c.id == messages.c.recipient)
    .where(
        messages.c.submitted_at.is_not(None),
        messages.c.submitted_at > bindparam("since"),
        messages.c.purpose.in_(bindparam("purposes", expanding=True)),
        or_(messages.c.state.in_(_REACHED), messages.c.repeated > 0),
        messages.c.host == "",
    )
)
_CONTACTS_OF = _CONTACTS.where(messages.c.identity.in_(_OF_WHOM))
_CONTACTS_TO = _CONTACTS.where(messages.c.recipient.in_(_OF_WHOM))
_ATTACHED = (
    select(messages)
    .where(
        messages.c.host != literal_text(""),
        messages.c.host.in_(bindparam("hosts", expanding=True)),
    )
    .order_by(messages.c.key)
    .with_for_update()
)
_KEYS: ColumnElement[bool] = messages.c.key.in_(bindparam("keys", expanding=True))
_STANDING = select(
    messages.c.key,
    messages.c.identity,
    messages.c.state,
    messages.c.lease,
    messages.c.attempts,
    messages.c.repeated,
).where(_KEYS)
_LOCKED = (
    select(
        messages.c.key,
        messages.c.state,
        messages.c.lease,
        messages.c.called_off,
        messages.c.identity,
        messages.c.due_at,
    )
    .where(_KEYS)
    .order_by(messages.c.key)
    .with_for_update()
)
_IS: ColumnElement[bool] = messages.c.key == bindparam("of")
_CALL_OFF = (
    update(messages)
    .where(_IS, messages.c.state == MessageState.SUBMITTED)
    .values(called_off=bindparam("words"))
)
_SUBMIT = (
    update(messages)
    .where(_IS)
    .values(
        state=MessageState.SUBMITTED,
        submitted_at=bindparam("now"),
        lease_until=bindparam("until"),
        attempts=bindparam("tries"),
        recipient=bindparam("to"),
        sender=bindparam("from"),
        host="",
        code="",
        detail="{}",
    )
)
_CHANGE = (
    update(messages)
    .where(_IS)
    .values(
        state=bindparam("is"),
        code=bindparam("why"),
        detail=bindparam("told"),
        next_at=bindparam("until"),
        final_at=bindparam("end"),
        reference=bindparam("known_as"),
        repeated=bindparam("times"),
        lease="",
        lease_until=None,
    )
)
_ATTACH = (
    update(messages)
    .where(_IS)
    .values(
        state=MessageState.SUBMITTED,
        host=bindparam("in"),
        submitted_at=bindparam("now"),
        lease="",
        lease_until=None,
        code="",
        detail="{}",
    )
)
_LEAVE_BEHIND = (
    update(messages)
    .where(
        messages.c.host != literal_text(""),
        messages.c.host.in_(bindparam("hosts", expanding=True)),
        has_not_left(),
    )
    .values(host="")
)
_DETACH = update(messages).where(_IS).values(host="", submitted_at=None)
_NAME = update(messages).where(_IS).values(reference=bindparam("known_as"))
_UNDO = update(messages).where(_IS).values(attempts=bindparam("tries"), submitted_at=bindparam("before"))
