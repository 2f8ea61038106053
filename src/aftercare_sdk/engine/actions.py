"""Carry out what a hook decided: write it down, so that it happens later, once, if it still holds."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection

from aftercare_sdk.engine import approving
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.declining import declining, note_declined
from aftercare_sdk.engine.emitting import DEEPEST_CASCADE
from aftercare_sdk.engine.foreseeing import as_things_stand
from aftercare_sdk.engine.ledger import Awarding, Ledger
from aftercare_sdk.engine.performing import CodePayload, TagPayload, code_of
from aftercare_sdk.engine.tiers import change_tiers
from aftercare_sdk.errors import CascadeTooDeep, InvalidAction
from aftercare_sdk.model.actions import (
    Action,
    AwardPoints,
    CancelMessages,
    ChangeTier,
    ClearTimer,
    Decline,
    GrantReward,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
    TagCustomer,
)
from aftercare_sdk.model.commands import IssueCode
from aftercare_sdk.model.events import (
    FeedbackReceived,
    MessageOutcome,
    OrderEvent,
    ReferralCompleted,
    ReviewReceived,
    TimerDue,
)
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.model.reviews import review_ref
from aftercare_sdk.outreach.compose import TemplateFailed
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import (
    commands,
    decisions,
    erasing,
    events,
    memory,
    messages,
    people,
    sending,
    timers,
)
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.commands import Command
from aftercare_sdk.store.decisions import Decision, about
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.sending import Change
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Unit

SHORTEST_PAUSE = timedelta(minutes=1)
"""What counts as time: a plugin that woke itself more often would never let the decider catch up."""

_MESSAGE_IDS = uuid.UUID("6f5a3f58-6a3b-5c55-9a64-1f0b7c2d7e11")
"""The namespace of message ids: made from the key before the first try, so that every try has the same."""


_NAMES_ORDER = TimerDue | ReviewReceived | FeedbackReceived | ReferralCompleted | MessageOutcome
"""Events that may name an order, and are not about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What units decided, gathered in the transaction that applies it: one statement for each kind of row.

    Within one kind the last word about a name counts, as if each action had been written at once.
    """

    brand: Brand
    connection: Connection
    now: datetime
    _messages: list[Message] = field(default_factory=list)
    _timers: dict[timers.Name, Timer | None] = field(default_factory=dict)
    _notes: dict[tuple[str, int, str], _Note] = field(default_factory=dict)
    _rewards: list[Command] = field(default_factory=list)
    _tags: dict[str, Command] = field(default_factory=dict)
    _points: dict[str, Awarding] = field(default_factory=dict)
    _tiers: list[tuple[Known, ChangeTier]] = field(default_factory=list)
    _declined: list[Decision] = field(default_factory=list)
    _answers: list[tuple[_Answered, tuple[Action, ...]]] = field(default_factory=list)
    _persons: dict[int, list[int]] = field(default_factory=dict)
    _anchors: dict[str, Known] = field(default_factory=dict)

    def apply(self, unit: Unit, known: Known, actions: Iterable[Action]) -> None:
        """Take in what a hook answered."""
        self._answers.append((_Answered(applied=self, unit=unit, known=known), tuple(actions)))

    def person(self, identity: int) -> list[int]:
        """Return all identities of a person."""
        return self._persons[identity]

    def anchor(self, event: str) -> Known | None:
        """Return the fact that an action counts from, if it is known."""
        return self._anchors.get(event)

    def plan(self, message: Message) -> None:
        """Plan a message, unless its key is taken."""
        self._messages.append(message)

    def cancel(self, plugin: str, label: str | None, which: ColumnElement[bool], reason: str) -> None:
        """Cancel messages that have not left; those that were planned just now are among them."""
        self._write_messages()
        detail = {"plugin": plugin, "reason": reason}
        code = Reason.CANCELLED_BY_PLUGIN
        found = messages.cancellable(self.connection, plugin, label, which)
        in_hand = [one for one in found if one.state is MessageState.SUBMITTED]
        sending.call_off(self.connection, in_hand, code, detail)
        cancelled = [
            Change(message=message, state=MessageState.CANCELLED, code=code, detail=detail)
            for message in found
            if message.state is not MessageState.SUBMITTED
        ]
        made = sending.change(self.connection, cancelled, now=self.now)
        decisions.append(
            self.connection, [about(one.message, self.now, "cancelled", code, detail) for one in made]
        )

    def set_timer(self, name: timers.Name, timer: Timer | None) -> None:
        """Set a timer, or clear it."""
        self._timers[name] = timer

    def note(self, plugin: str, known: Known, action: Remember) -> None:
        """Keep a value for the person of an event."""
        self._notes[plugin, known.identity, action.key] = _Note(value=action.value, seq=known.seq)

    def grant(self, command: Command) -> None:
        """Have a discount code made, unless its key is taken."""
        self._rewards.append(command)

    def award(self, awarding: Awarding) -> None:
        """Let a lot of points be worth what a plugin says."""
        self._points[awarding.key] = awarding

    def change_tier(self, known: Known, action: ChangeTier) -> None:
        """Put the person of an event into a tier."""
        self._tiers.append((known, action))

    def tag(self, command: Command) -> None:
        """Have a value shown with an account."""
        self._tags[command.key] = command

    def decline(self, unit: Unit, known: Known, action: Decline) -> None:
        """Keep why nothing is planned."""
        self._declined.append(declining(unit.plugin, known, action, self.now))

    def write(self) -> None:
        """Carry everything out. Raises InvalidAction if an action names what does not exist."""
        self._look_up()
        erased = erasing.erased(self.connection, (answered.known.identity for answered, _ in self._answers))
        for answered, actions in self._answers:
            for action in actions:
                # Of somebody who was erased only the books go on.
                if answered.known.identity not in erased or isinstance(action, AwardPoints):
                    answered.apply(action)
        self._answers.clear()
        self._write_messages()
        self._write_commands()
        timers.clear(self.connection, [name for name, timer in self._timers.items() if timer is None])
        timers.put(self.connection, [timer for timer in self._timers.values() if timer is not None])
        self._timers.clear()
        self._write_notes()
        self._write_points()
        change_tiers(self.brand, self.connection, self._tiers, self.person, self.now)
        self._tiers.clear()
        note_declined(self.connection, self._declined)
        self._declined.clear()

    def _look_up(self) -> None:
        """Fetch what the actions will ask for, and lock what they may cancel in the order of the senders."""
        concerned = [
            (answered, action)
            for answered, actions in self._answers
            for action in actions
            if isinstance(action, CancelMessages | Remember | ChangeTier)
        ]
        if concerned:
            wanted = {answered.known.identity for answered, _ in concerned}
            owners = people.customers_of(self.connection, wanted)
            persons = people.identities_of(self.connection, owners.values())
            self._persons.update({identity: persons[owner] for identity, owner in owners.items()})
        cancelling = [one for one, action in concerned if isinstance(action, CancelMessages)]
        if cancelling:
            theirs = {each for one in cancelling for each in self._persons[one.known.identity]}
            about = {_about(one.known) for one in cancelling}
            messages.lock(self.connection, messages.to_identities(theirs) | messages.about_any(about))
        anchors = {
            action.anchor
            for _, actions in self._answers
            for action in actions
            if isinstance(action, SendMessage | SetTimer) and action.anchor is not None
        }
        self._anchors.update(events.get_many(self.connection, anchors))

    def _write_messages(self) -> None:
        planned, self._messages[:] = self._messages[:], []
        fresh = set(messages.plan(self.connection, planned))
        law = as_things_stand(self.brand, self.connection, [one for one in planned if one.key in fresh])
        approving.ask(self.brand, self.connection, [one for one in planned if one.key in fresh], self.now)
        decisions.append(
            self.connection,
            [
                about(
                    message,
                    self.now,
                    "planned",
                    "planned",
                    {"reason": message.reason, **law.get(message.key, {})},
                )
                for message in planned
                if message.key in fresh
            ],
        )

    def _write_commands(self) -> None:
        fresh = set(commands.plan(self.connection, self._rewards))
        latest = [*self._tags.values()]
        commands.replace_all(self.connection, latest)
        planned = [*(one for one in self._rewards if one.key in fresh), *latest]
        self._rewards.clear()
        self._tags.clear()
        decisions.append(
            self.connection,
            [
                Decision(
                    at=self.now,
                    identity=one.identity,
                    plugin=one.plugin,
                    event=one.event,
                    verdict=one.state.value,
                    code=Reason.COMMAND_PLANNED,
                    detail={"what": one.kind, "label": one.label, "reason": one.reason},
                )
                for one in planned
            ],
        )

    def _write_points(self) -> None:
        if self._points:
            ledger = Ledger(self.brand, self.connection, self.now)
            ledger.award_all(list(self._points.values()))
            ledger.write()
            self._points.clear()

    def _write_notes(self) -> None:
        memory.keep(
            self.connection,
            [
                memory.Note(
                    plugin=plugin,
                    person=self.person(identity),
                    identity=identity,
                    name=name,
                    value=note.value,
                    seq=note.seq,
                )
                for (plugin, identity, name), note in self._notes.items()
            ],
        )
        self._notes.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """What is to be kept under a name; None: nothing."""

    value: str | None = field(repr=False)
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """A unit whose hook has answered."""

    applied: Applied
    unit: Unit
    known: Known
    _keys: set[str] = field(default_factory=set)

    def apply(self, action: Action) -> None:
        """Gather one action."""
        match action:
            case SendMessage():
                self._send_message(action)
            case CancelMessages():
                self._cancel_messages(action)
            case SetTimer():
                self._set_timer(action)
            case ClearTimer():
                subject = _subject(self.known, action)
                self.applied.set_timer((self.unit.plugin, subject, action.name), None)
            case Remember() | ChangeTier() | Decline():
                self._note(action)
            case GrantReward():
                self._grant_reward(action)
            case TagCustomer():
                self._tag_customer(action)
            case AwardPoints():
                self._award_points(action)
            case _:
                raise InvalidAction(f"nobody carries out {type(action).__name__}")

    def _note(self, action: Remember | ChangeTier | Decline) -> None:
        match action:
            case Remember():
                self.applied.note(self.unit.plugin, self.known, action)
            case ChangeTier():
                self.applied.change_tier(self.known, action)
            case Decline():
                self.applied.decline(self.unit, self.known, action)

    def _send_message(self, action: SendMessage) -> None:
        brand = self.applied.brand
        if action.channel not in brand.settings.channels:
            raise InvalidAction(
                f"there is no channel {action.channel!r}; add [channels.{action.channel}] to aftercare.toml"
            )
        try:
            brand.composer.check_purpose(action.template, action.purpose)
        except TemplateFailed as error:
            raise InvalidAction(str(error)) from None
        known = self.known
        scope = _scope(known, action)
        key = _key(self.unit.plugin, "SendMessage", scope, action.discriminator or action.label)
        if key in self._keys:
            raise InvalidAction(
                f"two messages labelled {action.label!r} in one answer; tell them apart by `discriminator`"
            )
        self._keys.add(key)
        anchor, fact_at = self._anchor(action.anchor)
        due_at = None if fact_at is None else fact_at + action.delay
        window = brand.window(action.purpose) if action.window is None else action.window
        planned = Message(
            key=key,
            id=str(uuid.uuid5(_MESSAGE_IDS, key)),
            plugin=self.unit.plugin,
            event=known.event.id,
            shop=known.event.shop,
            object_kind=known.object_kind,
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
            categories=action.categories,
            data=action.data,
            version=action.version or brand.release(self.unit.plugin, known.event.occurred_at),
            reason=action.reason,
            planned_at=self.applied.now,
            due_at=due_at,
            next_at=due_at,
            expires_at=None if due_at is None else due_at + window,
            state=MessageState.PLANNED,
            merge_group=action.merge_group,
        )
        self.applied.plan(planned)

    def _cancel_messages(self, action: CancelMessages) -> None:
        if action.scope is Scope.CUSTOMER:
            which = messages.to_identities(self.applied.person(self.known.identity))
        else:
            which = messages.about_object(_about(self.known))
        self.applied.cancel(self.unit.plugin, action.label, which, action.reason)

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
        name = (self.unit.plugin, _subject(known, action), action.name)
        self.applied.set_timer(
            name,
            Timer(
                plugin=name[0],
                subject=name[1],
                name=name[2],
                shop=known.event.shop,
                object_kind=known.object_kind,
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

    def _grant_reward(self, action: GrantReward) -> None:
        known = self.known
        scope = _scope(known, action)
        key = _key(self.unit.plugin, "GrantReward", scope, action.discriminator or action.label)
        if key in self._keys:
            raise InvalidAction(
                f"two rewards labelled {action.label!r} in one answer; tell them apart by `discriminator`"
            )
        self._keys.add(key)
        now = self.applied.now
        payload = CodePayload(
            code=code_of(self.applied.connection, key),
            discount=action.discount,
            expires_at=None if action.valid_for is None else now + action.valid_for,
            minimum=action.minimum,
            products=action.products,
        )
        self.applied.grant(self._command(key, IssueCode.__name__, action.label, dump(payload), action))

    def _tag_customer(self, action: TagCustomer) -> None:
        known = self.known
        subject = f"{known.event.shop}/identity/{known.identity}"
        key = _key(self.unit.plugin, "TagCustomer", subject, action.name)
        payload = TagPayload(name=action.name, value=action.value)
        self.applied.tag(self._command(key, TagCustomer.__name__, action.name, dump(payload), action))

    def _award_points(self, action: AwardPoints) -> None:
        known = self.known
        if action.lines:
            scope = action.order or _subject(known, replace(action, scope=Scope.ORDER))
        else:
            scope = _scope(known, action)
        key = _key(self.unit.plugin, "AwardPoints", scope, action.discriminator or action.label)
        if key in self._keys:
            raise InvalidAction(
                f"two awards labelled {action.label!r} in one answer; tell them apart by `discriminator`"
            )
        self._keys.add(key)
        self.applied.award(Awarding(key=key, plugin=self.unit.plugin, known=known, action=action))

    def _command(self, key: str, kind: str, label: str, payload: str, action: Action) -> Command:
        known, now = self.known, self.applied.now
        return Command(
            key=key,
            plugin=self.unit.plugin,
            event=known.event.id,
            shop=known.event.shop,
            object_kind=known.object_kind,
            object=known.object,
            identity=known.identity,
            kind=kind,
            label=label,
            payload=payload,
            reason=action.reason,
            planned_at=now,
            next_at=now,
        )

    def _anchor(self, anchor: str | None) -> tuple[str, datetime | None]:
        """Return the fact that an action counts from, and when it happened, if it has."""
        event = self.known.event
        if anchor is None or anchor == event.id:
            return event.id, event.occurred_at
        fact = self.applied.anchor(anchor)
        return anchor, None if fact is None else fact.event.occurred_at


def _key(plugin: str, kind: str, scope: str, discriminator: str) -> str:
    parts = (plugin, kind, scope, discriminator)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _scope(known: Known, action: Action) -> str:
    """Return within what an action with the same discriminator happens once."""
    if action.scope is Scope.EVENT:
        return known.event.id
    if action.scope is not Scope.ONCE:
        return _subject(known, action)
    if not action.discriminator:
        raise InvalidAction(f"{type(action).__name__} with scope ONCE needs a discriminator: once for what?")
    return "once"


def _subject(known: Known, action: Action) -> str:
    """Return what an action is about: the order or the review of the event, or its customer.

    A customer is named by the identity of the event, which lasts; components of identities grow.
    """
    event = known.event
    if action.scope is Scope.ONCE:
        raise InvalidAction(
            f"{type(action).__name__} is about an order or a customer; scope ONCE names neither"
        )
    if action.scope is Scope.CUSTOMER:
        return f"identity/{known.identity}"
    if isinstance(event, OrderEvent):
        return event.order_ref
    if action.scope is not Scope.ORDER and _about_review(known):
        return review_ref(event.shop, known.object)
    if isinstance(event, _NAMES_ORDER) and event.order is not None:
        return order_ref(event.shop, event.order)
    message = f"{type(action).__name__} is about an order, but {event.kind} has none; use scope CUSTOMER"
    raise InvalidAction(message)


def _about_review(known: Known) -> bool:
    """Tell whether an event is about a review itself, and not only about whoever wrote it."""
    event = known.event
    if isinstance(event, TimerDue):
        return event.subject == review_ref(event.shop, known.object)
    if isinstance(event, MessageOutcome):
        return known.object_kind == "review"
    return isinstance(event, ReviewReceived)


def _about(known: Known) -> messages.Key:
    return (known.event.shop, known.object_kind, known.object)
