"""Carry out what a hook decided: write it down, so that it happens later, once, if it still holds."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.errors import CascadeTooDeep, InvalidAction
from aftercare_sdk.model.actions import (
    Action,
    CancelMessages,
    ClearTimer,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.model.events import OrderEvent, TimerDue
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.outreach.gate import WINDOWS
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import decisions, events, memory, messages, people, timers
from aftercare_sdk.store.decisions import Decision
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Unit

DEEPEST_CASCADE = 8
"""How many events may raise one another without any time passing."""

_MESSAGE_IDS = uuid.UUID("6f5a3f58-6a3b-5c55-9a64-1f0b7c2d7e11")
"""The namespace of message ids: made from the key before the first try, so that every try has the same."""


def apply_action(
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: Action, now: datetime
) -> None:
    """Write one action down. Raises InvalidAction if it names what does not exist."""
    carry_out = _CARRIED_OUT_BY[type(action)]
    carry_out(brand, connection, unit, known, action, now)


def _send_message(  # noqa: PLR0913 - one signature for every kind of action
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: SendMessage, now: datetime
) -> None:
    if action.channel not in brand.settings.channels:
        message = f"there is no channel {action.channel!r}; add [channels.{action.channel}] to aftercare.toml"
        raise InvalidAction(message)
    key = _key(unit.plugin, "SendMessage", _scope(known, action), action.discriminator or action.label)
    anchor, fact_at = _anchor(connection, known, action.anchor)
    due_at = None if fact_at is None else fact_at + action.delay
    window = WINDOWS[action.purpose] if action.window is None else action.window
    planned = Message(
        key=key,
        id=str(uuid.uuid5(_MESSAGE_IDS, key)),
        plugin=unit.plugin,
        event=known.event.id,
        shop=known.event.shop,
        object=known.object,
        identity=known.identity,
        label=action.label,
        template=action.template,
        purpose=action.purpose.value,
        channel=action.channel,
        anchor=anchor,
        delay=action.delay,
        window=window,
        premises=action.premises,
        data=action.data,
        reason=action.reason,
        planned_at=now,
        due_at=due_at,
        next_at=due_at,
        expires_at=None if due_at is None else due_at + window,
        state=MessageState.PLANNED,
    )
    if messages.plan(connection, [planned]):
        _note(connection, planned, "planned", "planned", {"reason": action.reason}, now)


def _cancel_messages(  # noqa: PLR0913
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: CancelMessages, now: datetime
) -> None:
    if action.scope is Scope.CUSTOMER:
        which = messages.to_identities(people.identities_of(connection, [unit.customer])[unit.customer])
    else:
        which = messages.about_object(known.event.shop, known.object)
    detail = {"plugin": unit.plugin, "reason": action.reason}
    for message in messages.cancellable(connection, unit.plugin, action.label, which):
        code = Reason.CANCELLED_BY_PLUGIN
        if messages.settle(connection, message, MessageState.CANCELLED, code=code, detail=detail, now=now):
            _note(connection, message, "cancelled", code, detail, now)


def _set_timer(  # noqa: PLR0913
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: SetTimer, now: datetime
) -> None:
    anchor, fact_at = _anchor(connection, known, action.anchor)
    depth = 0 if action.delay else known.depth + 1  # time that passes ends a cascade
    if depth > DEEPEST_CASCADE:
        message = f"timer {action.name!r} without delay is set by an event {known.depth} timers deep"
        raise CascadeTooDeep(message)
    timers.put(
        connection,
        Timer(
            plugin=unit.plugin,
            subject=_subject(known, action),
            name=action.name,
            shop=known.event.shop,
            object=known.object,
            identity=known.identity,
            due_at=None if fact_at is None else fact_at + action.delay,
            event=known.event.id,
            anchor=anchor,
            delay=action.delay,
            depth=depth,
            data=action.data,
        ),
    )


def _clear_timer(  # noqa: PLR0913
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: ClearTimer, now: datetime
) -> None:
    timers.clear(connection, unit.plugin, _subject(known, action), action.name)


def _remember(  # noqa: PLR0913
    brand: Brand, connection: Connection, unit: Unit, known: Known, action: Remember, now: datetime
) -> None:
    identities = people.identities_of(connection, [unit.customer])[unit.customer]
    if action.value is None:
        memory.forget(connection, unit.plugin, identities, action.key)
    else:
        memory.remember(
            connection, unit.plugin, identities, known.identity, action.key, action.value, known.seq
        )


_CARRIED_OUT_BY: Mapping[type[Action], Callable[[Brand, Connection, Unit, Known, Any, datetime], None]] = {
    SendMessage: _send_message,
    CancelMessages: _cancel_messages,
    SetTimer: _set_timer,
    ClearTimer: _clear_timer,
    Remember: _remember,
}


def _note(  # noqa: PLR0913
    connection: Connection, message: Message, verdict: str, code: str, detail: Mapping[str, str], now: datetime
) -> None:
    decisions.append(
        connection,
        [
            Decision(
                at=now,
                identity=message.identity,
                plugin=message.plugin,
                event=message.event,
                message=message.key,
                verdict=verdict,
                code=code,
                detail=detail,
            )
        ],
    )


def _anchor(connection: Connection, known: Known, anchor: str | None) -> tuple[str, datetime | None]:
    """Return the fact that an action counts from, and when it happened, if it has."""
    if anchor is None or anchor == known.event.id:
        return known.event.id, known.event.occurred_at
    fact = events.get_many(connection, [anchor]).get(anchor)
    return anchor, None if fact is None else fact.event.occurred_at


def _key(plugin: str, kind: str, scope: str, discriminator: str) -> str:
    parts = (plugin, kind, scope, discriminator)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _scope(known: Known, action: Action) -> str:
    if action.scope is Scope.EVENT:
        return known.event.id
    return _subject(known, action)


def _subject(known: Known, action: Action) -> str:
    """Return what an action is about: the order of the event, or its customer.

    A customer is named by the identity of the event, which lasts; components of identities grow.
    """
    event = known.event
    if action.scope is Scope.CUSTOMER:
        return f"identity/{known.identity}"
    if isinstance(event, OrderEvent):
        return event.order_ref
    if isinstance(event, TimerDue) and event.order is not None:
        return order_ref(event.shop, event.order)
    message = f"{type(action).__name__} is about an order, but {event.kind} has none; use scope CUSTOMER"
    raise InvalidAction(message)
