"""What a program has answered, and what follows from it: its timers, and what it finds decided later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aftercare_sdk.model.actions import (
    Action,
    AwardPoints,
    ChangeTier,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.model.context import PointsAward, SentMessage
from aftercare_sdk.model.events import Event, OrderEvent, ReviewReceived, TimerDue
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.plugins import FailureKind, HookResult
from aftercare_sdk.testing.programs.world import Past, Sample, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a program answered to a sample."""

    sample: Sample
    result: HookResult

    @property
    def actions(self) -> tuple[Action, ...]:
        """What it decided; nothing, where the call failed."""
        return self.result.actions or ()

    @property
    def where(self) -> str:
        """The hook, and what it was told of, for messages."""
        return f"{self.sample.event.hook}, told of {self.sample.name}"


def timer_sample(world: World, setter: Sample, action: SetTimer, past: Past, since: str) -> Sample | None:
    """Return how the plugin is told of a timer that it has set; None if its fact is nowhere known."""
    event, case = setter.event, setter.case
    at = _fact_at(setter, action.anchor)
    if at is None or case is None:
        return None
    kind, number = setter.about
    subject = "identity/1" if action.scope is Scope.CUSTOMER else f"{event.shop}/{kind}/{number}"
    if action.scope is Scope.ORDER and (order := _order_of(event)):
        subject = f"{event.shop}/order/{order}"
    due = TimerDue(
        id=f"{subject}/timer/0123456789abcdef",
        shop=event.shop,
        occurred_at=at + action.delay,
        plugin=world.plugin,
        name=action.name,
        subject=subject,
        order=subject.partition("/order/")[2] or None,
        data=action.data,
    )
    name = f"the timer {action.name!r}, which was set by {case.name.removeprefix('the timer ')}"
    sample = world.sample(replace(case, name=name, event=due), setter.person, past, since)
    return replace(sample, about=setter.about)


def _order_of(event: Event) -> str | None:
    return event.order if isinstance(event, OrderEvent | ReviewReceived | TimerDue) else None


def _fact_at(sample: Sample, anchor: str | None) -> datetime | None:
    """Return when the fact happened that an action counts from, as far as the sample knows it."""
    event, order = sample.event, sample.ctx.order
    if anchor is None or anchor == event.id:
        return event.occurred_at
    orders = [*sample.ctx.customer.orders, *([order] if order is not None else [])]
    if sample.ctx.points is not None:
        orders += [one.order for one in sample.ctx.points.orders]
    facts: dict[str, datetime | None] = {}
    for one in orders:
        facts[f"{one.ref}/purchase"] = one.purchased_at
        facts |= {f"{one.ref}/shipment/{parcel.id}": parcel.at for parcel in one.shipments}
        facts |= {f"{one.ref}/delivery/{parcel.id}": parcel.at for parcel in one.deliveries}
    return facts.get(anchor)


def past_of(world: World, answers: Iterable[Answer]) -> Past:
    """Return what a plugin has decided in these answers, as its own later contexts show it."""
    memory: dict[str, str] = {}
    awards: dict[tuple[str | None, str, str], PointsAward] = {}
    messages: dict[str, SentMessage] = {}
    tier: str | None = None
    for answer in answers:
        for action in answer.actions:
            if isinstance(action, Remember):
                memory.pop(action.key, None)
                if action.value is not None:
                    memory[action.key] = action.value
            elif isinstance(action, ChangeTier):
                tier = action.tier or tier
            elif isinstance(action, SendMessage):
                messages[action.label] = SentMessage(
                    label=action.label,
                    plugin=world.plugin,
                    purpose=action.purpose.value,
                    state=MessageState.ACCEPTED.value,
                    at=world.start,
                )
            elif isinstance(action, AwardPoints):
                award = _award(answer.sample, action)
                awards[award.order, award.label, action.discriminator] = award
    return Past(
        memory=memory,
        awards=tuple(sorted(awards.values(), key=lambda one: (one.awarded_at, one.label, one.order or ""))),
        messages=tuple(messages.values()),
        tier=tier,
    )


def _award(sample: Sample, action: AwardPoints) -> PointsAward:
    order = action.order or (f"{sample.event.shop}/order/{_order_of(sample.event)}" if action.lines else None)
    lines = action.lines or {"": action.points}
    return PointsAward(
        label=action.label,
        order=order,
        lines=dict(lines),
        left=sum(lines.values()),
        settled=action.settled,
        awarded_at=sample.event.occurred_at,
        terms=dict(action.terms),
    )


def spelled(value: object) -> str:
    """Return a text that is equal for equal actions, in whatever order their mappings and sets are."""
    if isinstance(value, Mapping):
        entries = sorted(f"{spelled(key)}: {spelled(entry)}" for key, entry in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, Action):
        told = [f"{name}={spelled(getattr(value, name))}" for name in value.__dataclass_fields__]
        return f"{type(value).__name__}({', '.join(told)})"
    return repr(value)


def broke(answer: Answer, *kinds: FailureKind) -> str:
    """Say how a call failed, if it did in one of these ways; empty: it did not."""
    failure = answer.result.failure
    return failure.summary if failure is not None and failure.kind in kinds else ""
