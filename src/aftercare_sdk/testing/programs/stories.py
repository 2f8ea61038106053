"""Orders that live and end in a real engine: given back or called off, early and late, told in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count

import pytest

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderRefund, RefundLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.premises import NoRefund, OrderStands
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import Snapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.units import Trouble
from aftercare_sdk.testing.programs.given import Given
from aftercare_sdk.testing.programs.stage import Stage, picture
from aftercare_sdk.testing.programs.world import DAY, HOUR, World

BEGIN = datetime(2026, 4, 6, 3, tzinfo=UTC)
"""When the clock of the engine begins, and orders are placed."""
LONG_AGO = timedelta(days=5 * 365 + 137)
"""Five years, and no round number of weeks, months or years."""
_MINUTE = timedelta(minutes=1)


class End(StrEnum):
    """How an order ends."""

    LINES = "given back line by line"
    AMOUNT = "given back as an amount"
    UNTOLD = "given back, its lines not told,"
    PARTS = "given back in two parts"
    CANCELLED = "called off"


class When(StrEnum):
    """When it ends."""

    EARLY = "before anything was sent"
    WAITING = "while a parcel is on its way"
    SETTLED = "weeks after its parcels have come"


# At odd moments: else it would be open what comes first, the end or what is due just then.
_ENDS = {
    When.EARLY: timedelta(minutes=31, seconds=7),
    When.WAITING: timedelta(days=4, hours=2, minutes=11),
    When.SETTLED: timedelta(days=40, hours=3, minutes=13),
}
_LOOKS = (HOUR, 5 * DAY, 41 * DAY, 70 * DAY, 440 * DAY)
"""When it is looked at what is left."""
_LONG = 1_200 * DAY
"""So long it is waited for what is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An order and its end. `backwards`: its end is told first."""

    currency: str
    order: Order
    end: End
    when: When
    backwards: bool

    def __str__(self) -> str:
        told = ", told backwards" if self.backwards else ""
        return f"an order in {self.currency} that is {self.end} {self.when}{told}"

    @property
    def ended_at(self) -> datetime:
        """When its end becomes known."""
        return BEGIN + _ENDS[self.when]

    def told(self) -> Iterator[tuple[datetime, Snapshot]]:
        """Yield what the shop tells, and when."""
        email = f"{self.order.id}@customer.example"
        lives = [life for life in _life(self.order) if life[0] < self.ended_at]
        order = ended(lives[-1][1], self.end, self.ended_at)
        pictures = [picture(life, email, at) for at, life in lives]
        last = picture(order, email, self.ended_at)
        if not self.backwards:
            yield from zip([at for at, _ in lives], pictures, strict=True)
            yield self.ended_at, last
            return
        for turn, one in enumerate((last, *reversed(pictures))):
            yield self.ended_at + turn * _MINUTE, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Points that are left after a story, or owed."""

    story: Story
    after: str
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTier:
    """A tier that is left after a story."""

    story: Story
    after: str
    tier: str


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of all stories. `sent`, `awarded` and `tiers`: whether an order that is kept has any."""

    sent: bool = False
    awarded: bool = False
    tiers: bool = False
    left: list[Left] = field(default_factory=list)
    kept_tiers: list[KeptTier] = field(default_factory=list)
    sent_afterwards: list[tuple[Story, Message]] = field(default_factory=list)
    sent_long_ago: list[Message] = field(default_factory=list)
    troubles: list[tuple[str, Trouble]] = field(default_factory=list)


class Stories(Given):
    """Lets all stories happen in one engine, each to a customer of its own."""

    @property
    def _told(self) -> Told:
        return self._kept("stories", self._tell)

    @property
    def _told_to_the_end(self) -> Told:
        told = self._told
        if told.troubles:
            pytest.skip(
                f"plugin {self._program.name!r} fails before the end: see test_nothing_fails_in_a_real_engine"
            )
        return told

    def _stories(self) -> list[Story]:
        """Return every story in the first currency, and every end in the others."""
        numbers = count(1)
        return [
            Story(
                currency=currency,
                order=self._ordered(currency, f"s{next(numbers)}", BEGIN),
                end=end,
                when=when,
                backwards=backwards,
            )
            for currency in self.currencies
            for end in End
            for when in When
            for backwards in (False, True)
            if currency == self.currencies[0] or (when is When.WAITING and not backwards)
        ]

    def _ordered(self, currency: str, number: str, at: datetime) -> Order:
        """Return an order as it is when all of its parcels have come."""
        order = World(
            plugin=self._program.name, shop=self.shop, currency=currency, start=at, number=number
        ).delivered()
        return replace(order, deliveries=tuple(replace(parcel, assumed=False) for parcel in order.deliveries))

    def _tell(self) -> Told:
        stories = self._stories()
        kept = [self._ordered(currency, f"kept{currency}", BEGIN) for currency in self.currencies]
        waiting = [self._ordered(currency, f"lost{currency}", BEGIN) for currency in self.currencies]
        kept += [replace(order, deliveries=order.deliveries[:1]) for order in waiting]
        old = [self._ordered(currency, f"old{currency}", BEGIN - LONG_AGO) for currency in self.currencies]
        tellings = [*_tellings(kept, old), *(telling for story in stories for telling in story.told())]
        looks = {BEGIN + each for each in _LOOKS}
        told = Told()
        with self._stage(BEGIN, hears=True) as stage:
            for at in sorted({*looks, BEGIN + _LONG, *(at for at, _ in tellings)}):
                stage.run(at)
                for one in (one for when, one in tellings if when == at):
                    stage.tell(one)
                stage.process()
                if troubles := stage.troubles():
                    # It would be asked again for weeks, for each customer.
                    told.troubles = _named(troubles, stories)
                    return told
                if at in looks:
                    _look(stage, told, stories, kept)
            self._judge(stage, told, stories, kept, old)
        return told

    def _judge(
        self, stage: Stage, told: Told, stories: Sequence[Story], kept: Sequence[Order], old: Sequence[Order]
    ) -> None:
        by_number = {story.order.id: story for story in stories}
        kept_ids, old_ids = (
            {one for order in several for one in (order.id, f"r-{order.id}")} for several in (kept, old)
        )
        for message in stage.messages():
            at = left_at(message)
            if at is None:
                continue
            told.sent = told.sent or message.object in kept_ids
            story = by_number.get(message.object)
            if message.object in old_ids and at < BEGIN + HOUR:
                told.sent_long_ago.append(message)
            if story is not None and at > story.ended_at and not self._meant(message, story):
                told.sent_afterwards.append((story, message))

    def _meant(self, message: Message, story: Story) -> bool:
        """Tell whether a message is about the end of an order, and not about the order."""
        ref = story.order.ref
        of_the_end = message.event.startswith(f"{ref}/refund/") or message.event == f"{ref}/cancellation"
        return of_the_end or message.label in self.about_refunds


def _named(troubles: Sequence[Trouble], stories: Sequence[Story]) -> list[tuple[str, Trouble]]:
    """Return troubles, each with the story in words."""
    by_ref = {story.order.ref: str(story) for story in stories}
    return [
        (by_ref.get("/".join(trouble.event.split("/")[:3]), "an order that is kept"), trouble)
        for trouble in troubles
    ]


def left_at(message: Message) -> datetime | None:
    """Return when a message left, or would have left if its customer had consented; None: it did not."""
    if message.submitted_at is not None:
        return message.submitted_at
    stopped = message.state is MessageState.SKIPPED and message.code == Reason.NO_LAWFUL_BASIS
    if stopped and not any(isinstance(each, OrderStands | NoRefund) for each in message.premises):
        return message.final_at
    return None


def ended(order: Order, end: End, at: datetime) -> Order:
    """Return an order after its end."""
    if order.total is None:
        raise ValueError("an order of the contract has a total")
    if end is End.CANCELLED:
        return replace(order, status="cancelled", cancelled=True, cancelled_at=at)
    lines = tuple(RefundLine(line=line.id, quantity=line.quantity, amount=line.paid) for line in order.lines)
    total, currency = order.total.minor, order.total.currency
    first = lines[0].amount.minor
    parts: dict[End, tuple[tuple[int, tuple[RefundLine, ...] | None], ...]] = {
        End.LINES: ((total, lines),),
        End.AMOUNT: ((total, ()),),
        End.UNTOLD: ((total, None),),
        End.PARTS: ((first, lines[:1]), (total - first, ())),
    }
    refunds = tuple(
        OrderRefund(id=str(number), amount=Money(amount, currency), lines=told, at=at)
        for number, (amount, told) in enumerate(parts[end], 1)
    )
    return replace(order, status="refunded", refunds=refunds)


def _tellings(kept: Sequence[Order], old: Sequence[Order]) -> Iterator[tuple[datetime, Snapshot]]:
    """Yield what is told, and when, of orders that stand: as they live, or all of it at once, years later."""
    for order in kept:
        email = f"{order.id}@customer.example"
        yield from ((at, picture(life, email, at)) for at, life in _life(order))
        yield BEGIN + 10 * DAY, _review(order, email, BEGIN + 10 * DAY)
    for order in old:
        email = f"{order.id}@customer.example"
        yield BEGIN, picture(order, email, order.placed_at + 7 * DAY)
        yield BEGIN, _review(order, email, order.placed_at + 10 * DAY)


def _life(order: Order) -> list[tuple[datetime, Order]]:
    """Return an order as it was whenever the shop told of it, from when it was paid on."""
    moments = [
        order.placed_at + 5 * _MINUTE,
        *(parcel.at for parcel in (*order.shipments, *order.deliveries)),
    ]
    return [(at, order.as_of(at)) for at in sorted(moments)]


def _review(order: Order, email: str, at: datetime) -> ReviewSnapshot:
    return ReviewSnapshot(
        shop=order.shop,
        id=f"r-{order.id}",
        version=Version(modified_at=at),
        product="tea",
        contact=Contact(email=email),
        rating=4,
        text="As it should be.",
        verified=True,
        status=ReviewStatus.APPROVED,
        created_at=at,
        order=order.id,
    )


def _look(stage: Stage, told: Told, stories: Sequence[Story], kept: Sequence[Order]) -> None:
    """Note what the customers of stories that have ended have still."""
    over = [story for story in stories if story.ended_at + HOUR / 3 <= stage.now]
    held = stage.held((order.shop, order.id) for order in (*kept, *(story.order for story in over)))
    for order in kept:
        balance, tier = held.get((order.shop, order.id), (Balance(), None))
        told.awarded = told.awarded or balance.available + balance.pending > 0
        told.tiers = told.tiers or tier is not None
    for story in over:
        balance, tier = held.get((story.order.shop, story.order.id), (Balance(), None))
        passed = stage.now - story.ended_at
        after = f"{passed.days} days later" if passed.days else f"{passed // _MINUTE} minutes later"
        if balance != Balance():
            told.left.append(Left(story=story, after=after, balance=balance))
        if tier is not None:
            told.kept_tiers.append(KeptTier(story=story, after=after, tier=tier))
