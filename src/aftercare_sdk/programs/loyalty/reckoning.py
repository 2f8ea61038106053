"""What all orders of an account are worth together, in the order in which they were placed.

What depends on the account (whose first order it is, the room that a month still has, the tier) is reckoned
anew whenever something becomes known, until the order's points settle; then it is pinned. An order that has
settled counts with what it is worth; another one with what it would be worth by what is known now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from aftercare_sdk.model.actions import AwardPoints, Scope
from aftercare_sdk.model.context import CountedOrder, PointsAward, PointsView
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.points.standing import SHIPPING, given_back, standing
from aftercare_sdk.programs.loyalty import earning
from aftercare_sdk.programs.loyalty.earning import Terms
from aftercare_sdk.programs.loyalty.rules import Rules, TierBy, Tiers
from aftercare_sdk.programs.loyalty.tiers import Climb

AMOUNT, FIRST, CAMPAIGN = "order", "first-order", "campaign"
"""The labels of what an order earns: for its amount, as the first one, and in campaigns."""
_REASONS = {
    AMOUNT: "points for the order",
    FIRST: "points for the first order",
    CAMPAIGN: "points of a campaign",
}
_Month = tuple[int, int]


def rules_of(config: Mapping[str, Any]) -> Rules | None:
    """Return the rules of a section; None, if it says nothing."""
    rules: Rules | None = config.get("rules")
    return rules


@dataclass(slots=True)
class Reckoning:
    """Goes through the orders of an account, at a moment.

    `awards` are what is to be said of them, `waiting` are the orders whose points are still to settle.
    """

    view: PointsView
    now: datetime
    awards: list[AwardPoints] = field(default_factory=list)
    waiting: list[tuple[Order, Settling]] = field(default_factory=list)
    _known: Mapping[tuple[str | None, str], PointsAward] = field(default_factory=dict)
    _used: dict[_Month, int] = field(default_factory=dict)
    _counted: list[tuple[Order, int]] = field(default_factory=list)
    _climb: Climb | None = None
    _first_given: bool = False

    def run(self) -> Reckoning:
        """Reckon; return itself."""
        self._known = {(award.order, award.label): award for award in self.view.awards}
        orders = sorted(self.view.orders, key=lambda one: (one.order.placed_at, one.order.ref))
        for one in orders:
            # Also of orders placed later: what has settled is no longer open, whoever comes before it.
            settled = self._settled(one.order, AMOUNT)
            if settled is not None:
                self._use(one, settled.left)
        self._first_given = any(
            award.label == FIRST and award.settled and award.left for award in self.view.awards
        )
        for one in orders:
            self._count(one)
        return self

    def climb(self, tiers: Tiers) -> Climb:
        """Return the way through tiers after all orders."""
        return self._climbed(tiers)

    def _count(self, one: CountedOrder) -> None:
        order, rules = one.order, rules_of(one.config)
        stands = not order.cancelled and not order.fully_refunded
        points = 0
        # What has points counts, also if the program was told to begin later since.
        if rules is not None and (one.counts or (order.ref, AMOUNT) in self._known):
            settling = settling_of(order, rules)
            due = settling is not None and settling.at <= self.now
            points = self._award(one, rules, stands=stands, due=due)
            if settling is not None and not due and self._settled(order, AMOUNT) is None:
                self.waiting.append((order, settling))
        if stands:
            self._counted.append((order, points))
            if self._climb is not None:
                self._climb.earn(order.placed_at, _measure(self._climb.tiers, order, points))

    def _award(self, one: CountedOrder, rules: Rules, *, stands: bool, due: bool) -> int:
        """Say what an order earns; return what of it stands. `due`: its points settle now, if not before."""
        order = one.order
        settled = self._settled(order, AMOUNT)
        if settled is not None and settled.terms.get("basis") == earning.basis(order):
            return sum(
                award.left for label in _REASONS if (award := self._known.get((order.ref, label))) is not None
            )
        terms = self._terms(one, rules) if settled is None else _pinned(settled.terms, order)
        lines = {AMOUNT: earning.by_amount(order, rules, one.zone, terms), FIRST: {}, CAMPAIGN: {}}
        if settled is None:
            self._use(one, sum(standing(lines[AMOUNT], order, rules.rounding).values()))
        if earning.qualifies(order, rules):
            lines[CAMPAIGN] = earning.bonus(order, earning.campaign_bonus(order, rules, one.zone))
            if self._is_first(order, settled, stands=stands):
                lines[FIRST] = earning.bonus(order, rules.first_order)
        settles = settled is not None or due
        for label, of_lines in lines.items():
            self._say(one, rules, label, of_lines, terms, settles=settles)
        return sum(sum(standing(of_lines, order, rules.rounding).values()) for of_lines in lines.values())

    def _say(
        self,
        one: CountedOrder,
        rules: Rules,
        label: str,
        lines: Mapping[str, int],
        terms: Terms,
        *,
        settles: bool,
    ) -> None:
        order = one.order
        known = self._known.get((order.ref, label))
        said = dict(lines) or {SHIPPING: 0}
        told = {"basis": earning.basis(order), "tier": terms.tier, "times": str(terms.times)}
        if terms.room is not None:
            told["room"] = str(terms.room)
        if label == AMOUNT:
            told["lines"] = earning.multipliers(order, rules, terms)
        if known is None and not lines and not (settles and label == AMOUNT):
            return  # nothing, of which nothing was said; but once settled, that it is nothing is pinned
        if known is not None and (known.lines, known.terms, known.settled) == (said, told, settles):
            return
        self.awards.append(
            AwardPoints(
                reason=_REASONS[label],
                scope=Scope.ORDER,
                label=label,
                order=order.ref,
                lines=said,
                settled=settles,
                expiry=rules.expiry,
                rounding=rules.rounding,
                write_off=rules.write_off,
                terms=told,
            )
        )

    def _terms(self, one: CountedOrder, rules: Rules) -> Terms:
        tier = None
        if rules.tiers is not None:
            tier = self._climbed(rules.tiers).at(one.order.placed_at)
        room = None
        if rules.cap_per_month is not None:
            room = max(0, rules.cap_per_month - self._used.get(_month(one), 0))
        return Terms(times=tier.times if tier else Fraction(1), tier=tier.name if tier else "", room=room)

    def _is_first(self, order: Order, settled: PointsAward | None, *, stands: bool) -> bool:
        known = self._known.get((order.ref, FIRST))
        if settled is not None:
            return known is not None and bool(known.lines)
        if self._first_given or not stands:
            return False
        return not self._counted

    def _settled(self, order: Order, label: str) -> PointsAward | None:
        award = self._known.get((order.ref, label))
        return award if award is not None and award.settled else None

    def _use(self, one: CountedOrder, points: int) -> None:
        self._used[_month(one)] = self._used.get(_month(one), 0) + points

    def _climbed(self, tiers: Tiers) -> Climb:
        """Return the way through these tiers up to here; begun anew if the tiers were changed."""
        if self._climb is None or self._climb.tiers != tiers:
            self._climb = Climb(tiers)
            for order, points in self._counted:
                self._climb.earn(order.placed_at, _measure(tiers, order, points))
        return self._climb


def _pinned(terms: Mapping[str, str], order: Order) -> Terms:
    """Return by what an order has settled. Of its lines, too: products may be sorted otherwise since."""
    room = terms.get("room")
    return Terms(
        lines=earning.read_multipliers(terms.get("lines", ""), order),
        times=Fraction(terms.get("times", "1")),
        tier=terms.get("tier", ""),
        room=None if room is None else int(room),
    )


def _measure(tiers: Tiers, order: Order, points: int) -> int:
    if tiers.by is TierBy.ORDERS:
        return 1
    if tiers.by is TierBy.POINTS:
        return points
    if order.total is None or order.total.currency != tiers.currency:
        return 0
    return int(order.total.minor - sum(given_back(order).values()))


def _month(one: CountedOrder) -> _Month:
    local = one.order.placed_at.astimezone(ZoneInfo(one.zone))
    return local.year, local.month


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """When the points of an order settle: so long after a fact."""

    at: datetime
    anchor: str
    delay: timedelta


def settling_of(order: Order, rules: Rules) -> Settling | None:
    """Return when the points of an order settle, by what is known now; None: nothing of it has left yet.

    The return period counts from the delivery of the last parcel. One of which nobody reports the delivery
    keeps points waiting for so long, and no longer.
    """
    arrived = {parcel.id for parcel in order.deliveries}
    moments = [
        Settling(
            at=parcel.at + rules.return_period,
            anchor=f"{order.ref}/delivery/{parcel.id}",
            delay=rules.return_period,
        )
        for parcel in order.deliveries
    ]
    longest = max(rules.longest_wait, rules.return_period)
    moments += [
        Settling(at=parcel.at + longest, anchor=f"{order.ref}/shipment/{parcel.id}", delay=longest)
        for parcel in order.shipments
        if parcel.id not in arrived
    ]
    return max(moments, key=lambda one: (one.at, one.anchor), default=None)
