"""Why a message was sent or not, and why others were never planned, as codes and values for `sentences`.

Personal data throughout: for the operator's eyes only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.finding import find_customers
from aftercare_sdk.engine.timeline import Person, Story, Told, code_about, moment_of, rule_of, why_of
from aftercare_sdk.engine.unplanned import Unplanned, idle, never_planned
from aftercare_sdk.store import messages, people
from aftercare_sdk.store.decisions import ALLOWED, CheckLine, Decision
from aftercare_sdk.store.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One verdict on a message; found `times` times from `at` to `last_at`. `until`: when it may change."""

    at: datetime
    last_at: datetime
    times: int
    verdict: str
    why: Told | None
    rule: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One message: what it is, its state and why.

    `at`: when it left, ended, or is looked at next. `plan`: what it counts from, and until when it may leave.
    `checks` are those of the last time that it was looked at, `checked_at`.
    """

    id: str
    plugin: str
    label: str
    state: str
    at: datetime
    headline: Told
    why: Told | None
    rule: str
    planned: Told
    plan: tuple[Told, ...] = ()
    checked_at: datetime | None = None
    checks: tuple[CheckLine, ...] = ()
    history: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """One customer: the messages, the latest first, and what was never planned."""

    person: Person
    messages: tuple[Explained, ...]
    unplanned: tuple[Unplanned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What was asked for: a message, or everyone that a text may mean."""

    now: datetime
    message: Explained | None = None
    people: tuple[Reasons, ...] = ()


def why(brand: Brand, text: str, now: datetime, program: str = "") -> Why:
    """Explain the message or the customer that a text means; `program` restricts it to a plugin or a label.

    A message is named by its id or the first eight characters of it, a customer as in a timeline. Whatever is
    not known: neither a message nor people.
    """
    asked = text.strip()
    with brand.database.read() as connection:
        message = messages.named(connection, asked)
        if message is not None:
            customer = people.customers_of(connection, [message.identity])[message.identity]
            story = Story(brand, connection, customer, now)
            return Why(now=now, message=_explained(story, message, _by_message(story)))
        return Why(now=now, people=tuple(_everyone(brand, connection, asked, program, now)))


def _everyone(
    brand: Brand, connection: Connection, asked: str, program: str, now: datetime
) -> Iterator[Reasons]:
    found = find_customers(connection, asked)
    for customer, how in sorted(found.items(), key=lambda one: (one[1] == "mailbox", one[0])):
        story = Story(brand, connection, customer, now)
        made = _by_message(story)
        told = [_explained(story, message, made) for message in story.messages]
        missing = [*never_planned(story), *idle(brand)]
        if program:
            # Of a label nobody has spoken yet any plugin may be the owner.
            owners = {one.plugin for one in told if program in {one.plugin, one.label}}
            owners |= {one.plugin for one in missing if program in {one.plugin, one.label}}
            told = [one for one in told if program in {one.plugin, one.label}]
            missing = [
                one
                for one in missing
                if program in {one.plugin, one.label}
                or (not one.label and (one.plugin in owners or not one.plugin or not owners))
            ]
        yield Reasons(
            person=story.person(Told(code=f"timeline.found.{how}")),
            messages=tuple(sorted(told, key=lambda one: (one.at, one.id), reverse=True)),
            unplanned=tuple(missing),
        )


def _by_message(story: Story) -> Mapping[str, Sequence[Decision]]:
    made: dict[str, list[Decision]] = {}
    for one in story.decisions:
        made.setdefault(one.message, []).append(one)
    return made


def _explained(story: Story, message: Message, decisions: Mapping[str, Sequence[Decision]]) -> Explained:
    made = decisions.get(message.key, ())
    checked = next((one for one in reversed(made) if one.checks), None)
    checks = checked.checks if checked else ()
    pairs = tuple((line.rule, line.code) for line in checks)
    values = {**story.about_message(message), "label": message.label, "state": message.state.value}
    plan = [story.counted_from(message)]
    if message.due_at is not None and message.expires_at is not None:
        span = {"due": message.due_at.isoformat(), "until": message.expires_at.isoformat()}
        plan.append(Told(code="timeline.due", values=span))
    return Explained(
        id=message.id,
        plugin=message.plugin,
        label=message.label,
        state=message.state.value,
        at=moment_of(message),
        headline=Told(code=code_about("timeline.message", message), values=values),
        why=why_of(message.state.value, message.code, message.detail, message),
        rule=rule_of(message.code, pairs, message, message.plugin),
        planned=Told(code="timeline.plan", values={"plugin": message.plugin, "reason": message.reason}),
        plan=tuple(plan),
        checked_at=(checked.last_at or checked.at) if checked else None,
        checks=checks,
        history=tuple(_step(one, message) for one in made),
    )


def _step(made: Decision, message: Message) -> Step:
    pairs = tuple((line.rule, line.code) for line in made.checks)
    passed = bool(made.checks) and made.checks[-1].outcome == ALLOWED
    return Step(
        at=made.at,
        last_at=made.last_at or made.at,
        times=made.times,
        verdict=made.verdict,
        why=why_of(made.verdict, made.code, made.detail, message),
        rule="" if passed else rule_of(made.code, pairs, message, made.plugin),
        until=made.checks[-1].until if made.checks and not passed else None,
    )
