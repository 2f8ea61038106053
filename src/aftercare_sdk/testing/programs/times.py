"""When things happen: some time after facts, and never long after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from aftercare_sdk.model.actions import Action, SendMessage, SetTimer
from aftercare_sdk.plugins import FailureKind
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.decided import Answer, broke
from aftercare_sdk.testing.programs.given import YEARS
from aftercare_sdk.testing.programs.stories import Stories
from aftercare_sdk.testing.programs.world import START, Sample

_Timed = SendMessage | SetTimer
_OF_AN_ORDER = re.compile(
    r"/order/[^/]+/(purchase|cancellation|(shipment|delivery|refund)/.+|timer/[0-9a-f]{16})"
)
_OTHERS = re.compile(
    r"/(review|feedback)/[^/]+|/referral/[^/]+/(referrer|friend)|/outcome/[^/]+/[^/]+|reward/.+"
)


class Times(Stories):
    """Times hang on facts."""

    def test_times_move_with_their_facts(self) -> None:
        """If it fails, a message comes at the wrong time, or tells one, once an order is dated rightly."""
        then = {
            answer.sample.name: answer for answer in self._all_answers(START.replace(year=START.year + YEARS))
        }
        for answer in self._answers:
            moved = then.get(answer.sample.name)
            if moved is None or answer.result.actions is None:
                continue
            if problem := broke(moved, FailureKind.RAISED, FailureKind.NONSENSE):
                failed(
                    f"{answer.where}: answers today, and not if everything happens {YEARS} years later "
                    f"({problem}); count from the facts, and not to a date"
                )
            for one, other in _pairs(answer.actions, moved.actions):
                _stays(answer, one, other)

    def test_every_anchor_is_a_fact(self) -> None:
        """If it fails, a message waits for ever for something that cannot happen, and nobody is told."""
        for answer in self._answers:
            for action in _timed(answer.actions):
                if action.anchor is not None and not _is_a_fact(action.anchor, answer.sample):
                    failed(
                        f"{answer.where}: {_named(action)} counts from {action.anchor!r}, which is the id of "
                        f"no event; those of an order are such as {self.shop}/order/1042/purchase or "
                        f"{self.shop}/order/1042/delivery/A"
                    )

    def test_an_old_event_sends_nothing(self) -> None:
        """If it fails, taking in the orders of five years writes to everybody who ever bought something."""
        told = self._told_to_the_end
        if not told.sent:
            pytest.skip(f"plugin {self._program.name!r} sends nothing about the orders of this test")
        for message in told.sent_long_ago:
            failed(
                f"the message {message.label!r} about an order of five years ago leaves today: it may leave "
                f"{spoken(message.window)} after its moment; let `window` be as long as it makes sense"
            )


def _timed(actions: Sequence[Action]) -> Iterator[_Timed]:
    return (action for action in actions if isinstance(action, SendMessage | SetTimer))


def _pairs(actions: Sequence[Action], others: Sequence[Action]) -> Iterator[tuple[_Timed, _Timed]]:
    """Yield what is decided both times. A campaign may be over by then, and its message not sent."""
    left = list(_timed(others))
    for action in _timed(actions):
        found = next((other for other in left if _named(other) == _named(action)), None)
        if found is not None:
            left.remove(found)
            yield action, found


def _stays(answer: Answer, one: _Timed, other: _Timed) -> None:
    """Fail unless an action counts from its fact in the same way after everything has moved."""
    moved = f"if everything happens {YEARS} years later, after which each calendar begins anew"
    if one.anchor != other.anchor or one.delay != other.delay:
        failed(
            f"{answer.where}: {_named(one)} is due {spoken(one.delay)} after {one.anchor or 'the event'}, "
            f"and {spoken(other.delay)} after {other.anchor or 'the event'} {moved}; count from the facts, "
            "and not to a date"
        )
    if isinstance(one, SendMessage) and isinstance(other, SendMessage) and one.window != other.window:
        failed(f"{answer.where}: the window of {_named(one)} is another {moved}; let it be a length of time")
    differing = sorted(key for key in one.data if other.data.get(key) != one.data[key])
    if differing:
        failed(
            f"{answer.where}: {_named(one)} holds a time in data[{differing[0]!r}], which stays as it is "
            "when the fact moves; look at the facts when it is due"
        )


def _is_a_fact(anchor: str, sample: Sample) -> bool:
    event = sample.event
    shops = {event.shop, *(order.shop for order in sample.ctx.customer.orders)}
    return (
        anchor == event.id
        or _OTHERS.fullmatch(anchor) is not None
        or any(
            anchor.startswith(shop)
            and (_OF_AN_ORDER.fullmatch(anchor, len(shop)) or _OTHERS.fullmatch(anchor, len(shop)))
            for shop in shops
        )
    )


def _named(action: _Timed) -> str:
    if isinstance(action, SetTimer):
        return f"the timer {action.name!r}"
    return f"the message {action.label!r}"


def spoken(length: timedelta) -> str:
    """Return a length of time in words: whole days as such."""
    return f"{length.days:,} days" if not length % timedelta(days=1) else str(length)
