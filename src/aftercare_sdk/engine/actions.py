"""Carry out what a hook decided: write it down, so that it happens later, once, if it still holds."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import decisions, events, memory, messages, people, timers
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Unit

DEEPEST_CASCADE = 8
"""How many events may raise one another without any time passing."""
SHORTEST_PAUSE = timedelta(minutes=1)
"""What counts as time: a plugin that woke itself more often would never let the decider catch up."""

_MESSAGE_IDS = uuid.UUID("6f5a3f58-6a3b-5c55-9a64-1f0b7c2d7e11")
"""The namespace of message ids: made from the key before the first try, so that every try has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A unit whose hook has answered, in the transaction that applies what it decided."""

    brand: Brand
    connection: Connection
    unit: Unit
    known: Known
    now: datetime
    _keys: set[str] = field(default_factory=set)

    def apply(self, action: Action) -> None:
        """Write one action down. Raises InvalidAction if it names what does not exist."""
        match action:
            case SendMessage():
                self._send_message(action)
            case CancelMessages():
                self._cancel_messages(action)
            case SetTimer():
                self._set_timer(action)
            case ClearTimer():
                subject = _subject(self.known, action)
                timers.clear(self.connection, self.unit.plugin, subject, action.name)
            case Remember():
                self._remember(action)
            case _:
                raise InvalidAction(f"nobody carries out {type(action).__name__}")

    def _send_message(self, action: SendMessage) -> None:
        if action.channel not in self.brand.settings.channels:
            raise InvalidAction(
                f"there is no channel {action.channel!r}; add [channels.{action.channel}] to aftercare.toml"
            )
        known = self.known
        scope = known.event.id if action.scope is Scope.EVENT else _subject(known, action)
        key = _key(self.unit.plugin, "SendMessage", scope, action.discriminator or action.label)
        if key in self._keys:
            raise InvalidAction(
                f"two messages labelled {action.label!r} in one answer; tell them apart by `discriminator`"
            )
        self._keys.add(key)
        anchor, fact_at = self._anchor(action.anchor)
        due_at = None if fact_at is None else fact_at + action.delay
        window = self.brand.window(action.purpose) if action.window is None else action.window
        planned = Message(
            key=key,
            id=str(uuid.uuid5(_MESSAGE_IDS, key)),
            plugin=self.unit.plugin,
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
            planned_at=self.now,
            due_at=due_at,
            next_at=due_at,
            expires_at=None if due_at is None else due_at + window,
            state=MessageState.PLANNED,
        )
        if messages.plan(self.connection, [planned]):
            self._note(planned, "planned", "planned", {"reason": action.reason})

    def _cancel_messages(self, action: CancelMessages) -> None:
        if action.scope is Scope.CUSTOMER:
            which = messages.to_identities(self._identities())
        else:
            which = messages.about_object(self.known.event.shop, self.known.object)
        detail = {"plugin": self.unit.plugin, "reason": action.reason}
        code = Reason.CANCELLED_BY_PLUGIN
        for message in messages.cancellable(self.connection, self.unit.plugin, action.label, which):
            if messages.settle(
                self.connection, message, MessageState.CANCELLED, code=code, detail=detail, now=self.now
            ):
                self._note(message, "cancelled", code, detail)

    def _set_timer(self, action: SetTimer) -> None:
        known = self.known
        anchor, fact_at = self._anchor(action.anchor)
        due_at = None if fact_at is None else fact_at + action.delay
        # Time that passes ends a cascade: time between the events, whatever the delay is counted from.
        waits = due_at is None or due_at - known.event.occurred_at >= SHORTEST_PAUSE
        depth = 0 if waits else known.depth + 1
        if depth > DEEPEST_CASCADE:
            raise CascadeTooDeep(
                f"timer {action.name!r} is due at once, and is set by an event {known.depth} timers deep"
            )
        timers.put(
            self.connection,
            Timer(
                plugin=self.unit.plugin,
                subject=_subject(known, action),
                name=action.name,
                shop=known.event.shop,
                object=known.object,
                identity=known.identity,
                due_at=due_at,
                event=known.event.id,
                anchor=anchor,
                delay=action.delay,
                depth=depth,
                data=action.data,
            ),
        )

    def _remember(self, action: Remember) -> None:
        plugin, identities = self.unit.plugin, self._identities()
        memory.forget(self.connection, plugin, identities, action.key)
        if action.value is not None:
            memory.remember(
                self.connection, plugin, self.known.identity, action.key, action.value, self.known.seq
            )

    def _identities(self) -> list[int]:
        mine = self.known.identity
        customer = people.customers_of(self.connection, [mine])[mine]
        return people.identities_of(self.connection, [customer])[customer]

    def _anchor(self, anchor: str | None) -> tuple[str, datetime | None]:
        """Return the fact that an action counts from, and when it happened, if it has."""
        event = self.known.event
        if anchor is None or anchor == event.id:
            return event.id, event.occurred_at
        fact = events.get_many(self.connection, [anchor]).get(anchor)
        return anchor, None if fact is None else fact.event.occurred_at

    def _note(self, message: Message, verdict: str, code: str, detail: Mapping[str, str]) -> None:
        decisions.append(self.connection, [about(message, self.now, verdict, code, detail)])


def _key(plugin: str, kind: str, scope: str, discriminator: str) -> str:
    parts = (plugin, kind, scope, discriminator)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


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
