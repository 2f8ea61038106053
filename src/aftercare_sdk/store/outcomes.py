"""What was reported of messages, as a set: where a message stands follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import Bounce, OutcomeKind
from aftercare_sdk.store import counters
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.messages import Message, as_message
from aftercare_sdk.store.tables import messages, outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One outcome of the message with the key `message`; `key` is the same if the same is told again."""

    key: str
    message: str
    channel: str
    kind: OutcomeKind
    reason: str
    bounce: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a message stands by all that was reported of it."""

    message: Message
    state: MessageState
    code: str
    detail: Mapping[str, str]
    at: datetime


def with_ids(connection: Connection, ids: Collection[str]) -> dict[str, Message]:
    """Return messages by the ids that their Message-IDs begin with."""
    rows = connection.execute(select(messages).where(messages.c.id.in_(sorted(ids)))).mappings()
    return {row["id"]: as_message(row) for row in rows}


def with_references(connection: Connection, channel: str, references: Collection[str]) -> dict[str, Message]:
    """Return messages by the names that a channel has for them; of several, the one that left last."""
    rows = connection.execute(
        select(messages)
        .where(
            messages.c.reference != literal_text(""),
            messages.c.reference.in_(sorted(references)),
            messages.c.channel == channel,
        )
        .order_by(messages.c.submitted_at, messages.c.key)
    ).mappings()
    return {row["reference"]: as_message(row) for row in rows}


def latest_to(
    connection: Connection, channel: str, mailboxes: Collection[int], since: datetime
) -> dict[int, Message]:
    """Return the message that left last to each of these mailboxes, since a moment."""
    rows = connection.execute(
        select(messages)
        .where(
            messages.c.recipient.in_(sorted(mailboxes)),
            messages.c.submitted_at > since,
            messages.c.channel == channel,
        )
        .order_by(messages.c.submitted_at, messages.c.key)
    ).mappings()
    return {row["recipient"]: as_message(row) for row in rows}


def lock(connection: Connection, keys: Collection[str]) -> dict[str, Message]:
    """Return messages by key as they are, and keep others from changing them."""
    rows = connection.execute(_LOCKED, {"keys": sorted(keys)}).mappings()
    return {row["key"]: as_message(row) for row in rows}


def add(connection: Connection, told: Sequence[Outcome]) -> None:
    """Keep outcomes; one that is known stays as it is."""
    if told:
        rows = [{name: getattr(one, name) for name in Outcome.__dataclass_fields__} for one in told]
        connection.execute(insert_into(connection, outcomes).on_conflict_do_nothing(), rows)
        kinds = Counter(one.kind for one in told)
        counters.add(connection, {(counters.EVENTS, kind): count for kind, count in kinds.items()})


def of_messages(connection: Connection, keys: Collection[str]) -> dict[str, list[Outcome]]:
    """Return all that was reported of messages, by their keys, in the order of time."""
    found: dict[str, list[Outcome]] = {}
    for row in connection.execute(_OF_MESSAGES, {"keys": sorted(keys)}).mappings():
        found.setdefault(row["message"], []).append(Outcome(**{**row, "kind": OutcomeKind(row["kind"])}))
    return found


def of_mailboxes(connection: Connection, mailboxes: Collection[int]) -> dict[int, list[Outcome]]:
    """Return what says whether mail arrives at mailboxes, in the order of time."""
    found: dict[int, list[Outcome]] = {}
    for row in connection.execute(_OF_MAILBOXES, {"mailboxes": sorted(mailboxes)}).mappings():
        values = dict(row)
        mailbox = values.pop("recipient")
        found.setdefault(mailbox, []).append(Outcome(**{**values, "kind": OutcomeKind(values["kind"])}))
    return found


def settle(connection: Connection, standings: Sequence[Standing]) -> None:
    """Bring messages, which are locked, to where they stand. Whoever has one in hand has it no more."""
    if standings:
        ended = Counter(one.state for one in standings if not one.message.state.final)
        counters.add(connection, {(counters.ENDED, state): count for state, count in ended.items()})
        connection.execute(
            _SETTLE,
            [
                {
                    "of": one.message.key,
                    "is": one.state,
                    "why": one.code,
                    "told": dump(one.detail),
                    "end": one.at,
                }
                for one in standings
            ],
        )


_KEYS: Any = bindparam("keys", expanding=True)
_LOCKED = select(messages).where(messages.c.key.in_(_KEYS)).order_by(messages.c.key).with_for_update()
_OF_MESSAGES = select(outcomes).where(outcomes.c.message.in_(_KEYS)).order_by(outcomes.c.at, outcomes.c.key)
_MAILBOXES: Any = bindparam("mailboxes", expanding=True)
_OF_MAILBOXES = (
    select(outcomes, messages.c.recipient)
    .join(messages, messages.c.key == outcomes.c.message)
    .where(
        messages.c.recipient.in_(_MAILBOXES),
        (outcomes.c.bounce == Bounce.SOFT) | (outcomes.c.kind == OutcomeKind.DELIVERED),
    )
    .order_by(outcomes.c.at, outcomes.c.key)
)
_SETTLE = (
    update(messages)
    .where(messages.c.key == bindparam("of"))
    .values(
        state=bindparam("is"),
        code=bindparam("why"),
        detail=bindparam("told"),
        final_at=bindparam("end"),
        next_at=None,
        lease="",
        lease_until=None,
    )
)
