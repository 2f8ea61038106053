"""What became of messages, written down: in the message, as a decision, and as a row of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine.logs import log
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.messages import (
    Accepted,
    MessageState,
    Refused,
    SendResult,
    TryAgain,
    Unknown,
)
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.plugins import retry_delay
from aftercare_sdk.redact import redact
from aftercare_sdk.store import decisions, journal, sending
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.sending import Change

REPEAT_AFTER = timedelta(minutes=1)
"""How long after an outcome that nobody knows a message is repeated, if its purpose allows that."""

_REPEATABLE = frozenset({Purpose.TRANSACTIONAL, Purpose.SERVICE})
"""Purposes whose unknown outcome is repeated, once, with the same Message-ID (SEND-08)."""

_DID_NOT_LEAVE = frozenset({MessageState.FAILED, MessageState.SKIPPED, MessageState.CANCELLED})
_FINAL = {
    Accepted: (MessageState.ACCEPTED, Reason.ACCEPTED),
    Refused: (MessageState.FAILED, Reason.REFUSED),
    Unknown: (MessageState.UNKNOWN, Reason.OUTCOME_UNKNOWN),
    TryAgain: (MessageState.FAILED, Reason.TRIES_USED_UP),
}


def write_outcomes(
    connection: Connection, results: Sequence[tuple[Message, SendResult]], now: datetime
) -> list[Change]:
    """Write down what became of submissions, and return that.

    What somebody else has written down meanwhile stays.
    """
    made = sending.change(connection, [_change(message, result, now) for message, result in results], now=now)
    decisions.append(
        connection, [about(one.message, now, one.state.value, one.code, one.detail) for one in made]
    )
    for one in made:
        log.info(
            "message",
            id=one.message.id,
            plugin=one.message.plugin,
            state=one.state.value,
            outcome=str(one.code),
        )
    settle_members(connection, made, now)
    if made:
        journal.append(connection, [_arrival(one, now) for one in made])
    return made


def settle_members(connection: Connection, hosts: Sequence[Change], now: datetime) -> None:
    """Let what left as part of other messages share their fate: final with them, or back with them.

    Where nobody knew whether a host had left, and it turns out that it has not, they have not either.
    """
    fates = {one.message.key: one for one in hosts if one.message.merge_group}
    members = [one for one in sending.attached(connection, fates) if _is_news_for(one, fates[one.host])]
    if not members:
        return
    made = sending.change(connection, [_shared(one, fates[one.host]) for one in members], now=now)
    # What waits for its repeat may have arrived in its host: whatever is told of that one is told of it.
    apart = [one for one in made if one.state is not MessageState.MERGED and not one.repeats]
    sending.detach(connection, [one.message.key for one in apart])
    decisions.append(
        connection, [about(one.message, now, one.state.value, one.code, one.detail) for one in made]
    )


def _is_news_for(member: Message, host: Change) -> bool:
    """Tell whether a message that left in another one does not share the fate of that one already."""
    if member.state is MessageState.SUBMITTED:
        return True
    if not member.state.final:
        return host.state.final and host.state not in _DID_NOT_LEAVE
    return host.message.state is MessageState.UNKNOWN and host.state is MessageState.FAILED


def _shared(member: Message, host: Change) -> Change:
    """Return what becomes of a message that left in another one.

    An outcome that nobody knows was its own too, and is repeated once. The tries of its host were not.
    """
    detail = {**host.detail, "host": host.message.id}
    if host.state.final and host.state not in _DID_NOT_LEAVE:
        return Change(message=member, state=MessageState.MERGED, code=Reason.MERGED, detail=detail)
    if host.state is MessageState.FAILED and host.code != Reason.TRIES_USED_UP:
        return Change(message=member, state=MessageState.FAILED, code=host.code, detail=detail)
    code = Reason.TRY_AGAIN if host.state is MessageState.FAILED else host.code
    return Change(
        message=member,
        state=MessageState.DEFERRED,
        code=code,
        detail=detail,
        until=host.until or member.next_at,
        repeats=host.repeats,
    )


def still_awaited(current: Message, sent: Message, result: SendResult) -> bool:
    """Tell whether a result is still news: nobody has settled the message or submitted it again meanwhile.

    After our lease has run out, only a certain answer says more than what was written down then: also more
    than that nobody knows.
    """
    if current.attempts != sent.attempts + 1:
        return False
    certain = isinstance(result, Accepted | Refused)
    if current.state.final:
        return certain and current.state is MessageState.UNKNOWN
    return certain or current.state is MessageState.SUBMITTED


def _change(message: Message, result: SendResult, now: datetime) -> Change:
    detail = {} if isinstance(result, Accepted) else {"reason": redact(str(result.reason))}
    state, code = _FINAL[type(result)]
    if isinstance(result, TryAgain) and (delay := retry_delay(message.attempts)) is not None:
        return Change(
            message=message,
            state=MessageState.DEFERRED,
            code=Reason.TRY_AGAIN,
            detail=detail,
            until=now + delay,
        )
    if isinstance(result, Unknown) and not message.repeated and Purpose(message.purpose) in _REPEATABLE:
        return Change(
            message=message,
            state=MessageState.DEFERRED,
            code=Reason.OUTCOME_UNKNOWN,
            detail=detail,
            until=now + REPEAT_AFTER,
            repeats=1,
        )
    reference = str(result.reference) if isinstance(result, Accepted) else ""
    return Change(message=message, state=state, code=code, detail=detail, reference=reference)


def _arrival(one: Change, now: datetime) -> Arrival:
    message = one.message
    return Arrival(
        kind=Kind.OUTCOME,
        shop=message.shop,
        topic=f"{message.channel}.{one.code}",
        delivery=message.id,
        received_at=now,
        body=dump({"message": message.key, "outcome": str(one.code), **one.detail}).encode(),
        state=State.DONE,
        outcome=f"message {message.id}: {one.state.value}",
    )
