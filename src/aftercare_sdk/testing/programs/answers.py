"""What a program answers: the same each time, sound, and such that it can be carried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from aftercare_sdk.errors import ConfigurationError, InputError
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
from aftercare_sdk.model.events import TimerDue
from aftercare_sdk.plugins import FailureKind
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.decided import Answer, broke, spelled
from aftercare_sdk.testing.programs.elsewhere import NotAsked, decided_elsewhere
from aftercare_sdk.testing.programs.stories import Stories
from aftercare_sdk.testing.programs.variants import missing
from aftercare_sdk.testing.programs.world import Person, Sample

LANGUAGES = ("ja", "en")
_SEEDS = (1, 2)


class Answers(Stories):
    """The same event is decided in the same way, whatever else there is or is not."""

    def test_the_same_event_twice_is_decided_the_same(self) -> None:
        """If it fails, an event that is tried again makes a second message, or points a second time."""
        answers = self._asked(each for answer in self._answers for each in (answer.sample, answer.sample))
        for once, again in zip(answers[::2], answers[1::2], strict=True):
            _same(once, again, first="the first time", second="told of it again")

    def test_the_order_of_calls_does_not_matter(self) -> None:
        """If it fails, what one customer gets depends on whose order came in just before."""
        straight = {answer.sample.name: answer for answer in self._answers}
        for order in _orders([answer.sample for answer in self._answers]):
            for answer in self._asked(order):
                _same(
                    straight[answer.sample.name],
                    answer,
                    first="after some events",
                    second="after others",
                )

    def test_another_process_decides_the_same(self) -> None:
        """If it fails, a restart changes what things are called: what was sent already is sent once more."""
        here = dict(self._decisions())
        for told in decided_elsewhere(type(self), _SEEDS):
            if isinstance(told, NotAsked):
                failed(
                    f"{type(self).__name__} cannot be made in another process: {told.problem}; let it stand "
                    "at the top of its module, with all that it needs"
                )
            for where, there in told:
                if here.get(where, there) != there:
                    failed(
                        f"{where}: another process, with other hashes, decides otherwise:\n"
                        + _difference(here[where], there)
                        + "\nsort what comes out of sets, and make names with hashlib, not with hash()"
                    )

    def test_nothing_that_may_be_missing_is_needed(self) -> None:
        """If it fails, orders of some shops are parked for this plugin: they lack what others have."""
        for answer in self._answers:
            if problem := broke(answer, FailureKind.RAISED):
                failed(f"{answer.where}: {problem}")
        for answer in self._asked(_lacking(_telling(self._answers)), dressed=True):
            if problem := broke(answer, FailureKind.RAISED):
                failed(f"{answer.where}: {problem}; look whether it is there first")

    def test_nothing_fails_in_a_real_engine(self) -> None:
        """If it fails, orders as they really go leave events behind that are parked for a person."""
        for story, trouble in self._told.troubles:
            failed(f"{story}: told of {trouble.event} by a real engine, it fails: {trouble.error}")

    def test_answers_are_sound(self) -> None:
        """If it fails, the event is tried again five times, then parked for a person, and nothing happens."""
        for answer in self._answers:
            if problem := broke(answer, FailureKind.NONSENSE, FailureKind.OVERRUN):
                failed(f"{answer.where}: {problem}")

    def test_answers_can_be_carried_out(self) -> None:
        """If it fails, the engine refuses what was decided, and parks the event for a person."""
        with self._stage() as stage:
            for answer in self._answers:
                if problem := stage.try_out(answer.sample, answer.actions):
                    failed(f"{answer.where}: its answer cannot be carried out: {problem}")

    def test_every_key_stands_once_in_an_answer(self) -> None:
        """If it fails, one of two decisions of the same name is lost without a word."""
        for answer in self._answers:
            keys: dict[tuple[str, ...], Action] = {}
            for action in answer.actions:
                key = key_of(action)
                if key and keys.setdefault(key, action) is not action:
                    kind, name = key[0], key[-1]
                    failed(
                        f"{answer.where}: two actions of one answer about the {kind} {name!r}; only one of "
                        "them counts: say it once, or give them different names"
                    )

    def test_messages_can_be_written_in_both_languages(self) -> None:
        """If it fails, messages to Japanese or to foreign customers are never sent."""
        messages = [
            (answer, action)
            for answer in self._answers
            for action in answer.actions
            if isinstance(action, SendMessage)
        ]
        if not messages:
            pytest.skip(f"plugin {self._program.name!r} sends no message")
        with self._stage() as stage:
            known = stage.templates
            for answer, action in messages:
                for language in (each for each in LANGUAGES if (action.template, each) not in known):
                    failed(
                        f"{answer.where}: sends template {action.template!r}, which there is not in "
                        f"{language}: offer it with register_templates, or give it in `templates`"
                    )
                if answer.sample.person is not Person.REGULAR or answer.sample.ctx.order is None:
                    continue
                for language in LANGUAGES:
                    try:
                        stage.compose(action, language, answer.sample.ctx.order)
                    except (ConfigurationError, InputError) as problem:
                        failed(f"{answer.where}: {problem}")

    def test_every_hook_is_seen_at_work(self) -> None:
        """If it fails, a hook is offered to shops that no test has ever seen decide anything."""
        if any(answer.result.failure for answer in self._answers):
            pytest.skip("a hook fails, as another test says, and so others may wait for what it would decide")
        seen = {
            answer.sample.event.hook
            for answer in self._answers
            if any(not isinstance(action, Decline) for action in answer.actions)
        }
        idle = sorted(self._program.functions.keys() - seen)
        if idle:
            failed(
                f"{', '.join(idle)} decided nothing, whatever happened: give a `section` that makes it work, "
                "or `samples` of what it waits for"
            )


def key_of(action: Action) -> tuple[str, ...]:
    """Return what names an action within an answer, its kind first; nothing for what needs no name.

    Other than the keys of the engine it leaves out what is the same for all actions of an answer.
    """
    about = "customer" if action.scope is Scope.CUSTOMER else "event"
    match action:
        case SetTimer() | ClearTimer():
            return ("timer", about, action.name)
        case Remember():
            return ("memory", action.key)
        case TagCustomer():
            return ("tag", action.name)
        case ChangeTier():
            return ("tier", "")
        case AwardPoints():
            order = action.order or "" if action.lines else action.scope.value
            return ("points", order, action.discriminator or action.label)
        case SendMessage():
            return ("message", action.scope.value, action.discriminator or action.label)
        case GrantReward():
            return ("reward", action.scope.value, action.discriminator or action.label)
        case CancelMessages():
            return ()
        case Decline():
            return ("word on", action.label, action.reason)
        case _:
            return (type(action).__name__, action.scope.value, action.discriminator)


def _orders(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    yield list(reversed(samples))
    shuffled = list(samples)
    Random(0).shuffle(shuffled)  # noqa: S311 - not for keeping secrets
    yield shuffled


def _telling(answers: Iterable[Answer]) -> list[Sample]:
    """Return one sample of each kind, in which most is there: of a customer with a past."""
    found: dict[tuple[str, str], Sample] = {}
    for sample in (answer.sample for answer in answers):
        event = sample.event
        kind = sample.case.name if sample.case is not None else sample.name
        key = ("timer", event.name) if isinstance(event, TimerDue) else ("case", kind)
        first = found.setdefault(key, sample)
        # Later ones know more: they have what was decided before.
        if sample.person is Person.REGULAR and sample.currency == first.currency:
            found[key] = sample
    return list(found.values())


def _lacking(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Yield samples in which something is missing."""
    for sample in samples:
        for what, event in missing(sample.event):
            yield replace(sample, name=f"{sample.name}, with event.{what}", event=event)
        for what, ctx in missing(sample.ctx):
            yield replace(sample, name=f"{sample.name}, with ctx.{what}", ctx=ctx)


def _same(one: Answer, other: Answer, *, first: str, second: str) -> None:
    """Fail unless two answers about the same event are equal."""
    if one.result.actions is None and other.result.actions is None:
        return  # told by another test
    if one.result.actions is None or other.result.actions is None:
        problem = one.result.failure or other.result.failure
        failed(f"{one.where}: answers only once, {first} or {second}; else: {problem and problem.summary}")
    if one.result.actions != other.result.actions:
        decided = [[spelled(action) for action in answer.actions] for answer in (one, other)]
        failed(
            f"{one.where}: decides otherwise {second} than {first}:\n{_difference(*decided)}\n"
            "decide by the event and its context alone, and keep nothing between calls"
        )


def _difference(one: Sequence[str], other: Sequence[str]) -> str:
    """Say what stands in one of two answers only; or that their order differs."""
    lines = [f"  only the first time: {each}" for each in one if each not in other]
    lines += [f"  only the second time: {each}" for each in other if each not in one]
    return "\n".join(lines or ["  the same actions, in another order or number"])
