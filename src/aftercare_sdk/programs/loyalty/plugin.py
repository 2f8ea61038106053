"""The program `loyalty`, on the public hooks only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.actions import (
    Action,
    AwardPoints,
    ChangeTier,
    Scope,
    SetTimer,
    TagCustomer,
)
from aftercare_sdk.model.context import Context, PointsView
from aftercare_sdk.model.events import (
    Cancellation,
    Delivery,
    Event,
    FeedbackReceived,
    Purchase,
    ReferralCompleted,
    ReferralRole,
    Refund,
    ReviewReceived,
    Shipment,
    TierChanged,
    TimerDue,
)
from aftercare_sdk.model.reviews import Review, ReviewStatus
from aftercare_sdk.model.rewards import Reward
from aftercare_sdk.programs.loyalty.configuration import LoyaltySchema
from aftercare_sdk.programs.loyalty.reckoning import Reckoning, rules_of
from aftercare_sdk.programs.loyalty.rules import Rules

SETTLE, TIER, BIRTHDAY = "settle", "tier", "birthday"
"""The names of the timers."""
REVIEW, SURVEY = "review", "survey"
"""The labels of what words earn."""
_THANKS = {
    SURVEY: "points for answering a survey, whatever the answer",
    ReferralRole.REFERRER.value: "points for a friend who has bought",
    ReferralRole.FRIEND.value: "points for coming by a friend",
}
_LONGEST_WAIT = timedelta(days=3_650)
"""No timer may wait longer than ten years."""
_A_MOMENT = timedelta(microseconds=1)
_ONCE_A_YEAR = timedelta(days=300)
"""So long somebody who corrects a birthday waits for the next points for it."""


class Loyalty(AftercareHooks):
    """Lets orders earn points that settle after the return period, and puts customers into tiers."""

    name = "loyalty"
    config_schema = LoyaltySchema
    counts_points = True
    needs_section = True

    def offered_rewards(self, config: Mapping[str, Any]) -> Mapping[str, Reward]:
        """Return the rewards that a section names."""
        rules = rules_of(config)
        return {} if rules is None else rules.rewards

    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """Reckon what the account's orders are worth, this one among them."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_shipment(self, event: Shipment, ctx: Context) -> Iterable[Action] | None:
        """Wait for this parcel too, before points settle."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterable[Action] | None:
        """Let the points settle once the return period of the last parcel is over."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_refund(self, event: Refund, ctx: Context) -> Iterable[Action] | None:
        """Reckon what the account's other orders are worth now: there may be room in a month again."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_cancellation(self, event: Cancellation, ctx: Context) -> Iterable[Action] | None:
        """Do the same."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_review(self, event: ReviewReceived, ctx: Context) -> Iterable[Action] | None:
        """Thank for a review: the same for every one, once for each product (LAW-06, LAW-19)."""
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_feedback(self, event: FeedbackReceived, ctx: Context) -> Iterable[Action] | None:
        """Thank for an answer to a survey: the same for every one."""
        rules = rules_of(ctx.config)
        return None if rules is None else _thanks(event, SURVEY, rules.survey, rules)

    @hookimpl
    def on_referral(self, event: ReferralCompleted, ctx: Context) -> Iterable[Action] | None:
        """Thank whoever has sent a friend, and welcome the friend."""
        rules = rules_of(ctx.config)
        if rules is None:
            return None
        is_friend = event.role is ReferralRole.FRIEND
        return _thanks(event, event.role.value, rules.friend if is_friend else rules.referral, rules)

    @hookimpl
    def on_timer(self, event: TimerDue, ctx: Context) -> Iterable[Action] | None:
        """Let points settle, look at the tier, or give points for a birthday."""
        if event.name == BIRTHDAY:
            return [*_for_birthday(event, ctx), *_reckoned(event, ctx)]
        return list(_reckoned(event, ctx))

    @hookimpl
    def on_tier_changed(self, event: TierChanged, ctx: Context) -> Iterable[Action] | None:
        """Show the new tier with the account, if the shop wants that."""
        rules = rules_of(ctx.config)
        if rules is None or rules.tiers is None or rules.tiers.show_as is None:
            return None
        return [TagCustomer(name=rules.tiers.show_as, value=event.tier, reason="the tier has changed")]


def _thanks(event: Event, label: str, points: int, rules: Rules) -> list[Action]:
    if not points:
        return []
    award = AwardPoints(
        label=label,
        points=points,
        scope=Scope.ONCE,
        discriminator=event.id,
        expiry=rules.expiry,
        reason=_THANKS[label],
    )
    return [award]


def _reckoned(event: Event, ctx: Context) -> Iterator[Action]:
    if ctx.points is None:
        return
    reckoning = Reckoning(ctx.points, event.occurred_at).run()
    yield from reckoning.awards
    # Each only wakes the program: what settles then follows from the facts, whichever timer it was.
    for order, settling in reckoning.waiting:
        yield SetTimer(
            name=f"{SETTLE} {order.ref}",
            scope=Scope.CUSTOMER,
            anchor=settling.anchor,
            delay=settling.delay,
            reason="points settle when the return period after the delivery is over",
        )
    rules = rules_of(ctx.config)
    if rules is None:
        return
    yield from _tier(event, ctx, rules, reckoning)
    yield from _for_reviews(event, ctx, rules)
    yield from _next_birthday(event, ctx, rules)


def _tier(event: Event, ctx: Context, rules: Rules, reckoning: Reckoning) -> Iterator[Action]:
    if rules.tiers is None or ctx.points is None:
        if ctx.customer.tier is not None:
            yield ChangeTier(tier=None, reason="there are no tiers any more")
        return
    # Late news of old facts must not put anybody back to where they were by then.
    now = max([event.occurred_at, *(one.order.placed_at for one in ctx.points.orders)])
    climb = reckoning.climb(rules.tiers)
    tier = climb.at(now)
    name = tier.name if tier else None
    if name != ctx.customer.tier:
        yield ChangeTier(tier=name, reason="by what the orders come to")
    if climb.kept_until is not None:
        yield SetTimer(
            name=TIER,
            scope=Scope.CUSTOMER,
            # An old event may be told late. A timer that comes early only sets the next one.
            delay=min(climb.kept_until - event.occurred_at, _LONGEST_WAIT),
            reason="the tier is kept until then",
        )


def _for_reviews(event: Event, ctx: Context, rules: Rules) -> Iterator[Action]:
    """Say what reviews are worth that this program has heard of: of each product the first that counts.

    Each keeps the number of points of its day. One that does not count is worth nothing: it waits for the
    shop's approval or was taken away, or what it is about was not bought here, or given back.
    """
    if ctx.points is None:
        return
    told = {award.terms["review"]: award for award in ctx.points.awards if "review" in award.terms}
    heard = event.review_ref if isinstance(event, ReviewReceived) else None
    earned: set[tuple[str, str]] = set()
    for review in sorted(ctx.points.reviews, key=lambda review: (review.created_at, review.ref)):
        award = told.get(review.ref)
        if award is None and (review.ref != heard or not rules.review):
            continue
        points = rules.review if award is None else int(award.terms["points"])
        product = (review.shop, review.product)
        counts = product not in earned and _counts(review, ctx.points, rules)
        earned |= {product} if counts else set()
        worth = points if counts else 0
        if award is None or sum(award.lines.values()) != worth:
            yield AwardPoints(
                label=REVIEW,
                points=worth,
                scope=Scope.ONCE,
                discriminator=review.ref,
                expiry=rules.expiry,
                terms={"review": review.ref, "points": str(points)},
                reason="points for a review, whatever it says",
            )


def _counts(review: Review, view: PointsView, rules: Rules) -> bool:
    if review.deleted or review.status is not ReviewStatus.APPROVED:
        return False
    return (
        review.verified
        or rules.unverified_reviews
        or any(
            line.product == review.product
            for one in view.orders
            if one.order.shop == review.shop and not one.order.cancelled and not one.order.fully_refunded
            for line in one.order.lines
        )
    )


def _next_birthday(event: Event, ctx: Context, rules: Rules) -> Iterator[Action]:
    born = ctx.customer.birthday
    if not rules.birthday or born is None:
        return
    zone = ZoneInfo(ctx.shop.zone)
    next_one = _birthday_after(born, event.occurred_at, zone)
    yield SetTimer(
        name=BIRTHDAY,
        scope=Scope.CUSTOMER,
        delay=next_one - event.occurred_at,
        reason="the next birthday",
    )


def _birthday_after(born: date, moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of the next birthday, in the shop's zone; that of 29 February is on 1 March else."""
    year = moment.astimezone(zone).year
    for each in (year, year + 1):
        try:
            day = born.replace(year=each)
        except ValueError:
            day = date(each, 3, 1)
        start = datetime.combine(day, time(), zone)
        if start > moment:
            return start
    raise AssertionError("there is a birthday every year")


def _for_birthday(event: TimerDue, ctx: Context) -> Iterator[Action]:
    rules, born = rules_of(ctx.config), ctx.customer.birthday
    if rules is None or not rules.birthday or born is None or ctx.points is None:
        return
    zone = ZoneInfo(ctx.shop.zone)
    today = event.occurred_at.astimezone(zone).date()
    if _birthday_after(born, event.occurred_at - _A_MOMENT, zone).astimezone(zone).date() != today:
        return  # it was corrected since
    given = [award.awarded_at for award in ctx.points.awards if award.label == BIRTHDAY]
    if any(event.occurred_at - at < _ONCE_A_YEAR for at in given):
        return
    yield AwardPoints(
        label=BIRTHDAY,
        points=rules.birthday,
        scope=Scope.CUSTOMER,
        discriminator=f"{BIRTHDAY} {today.year}",
        expiry=rules.expiry,
        reason="points for the birthday",
    )
