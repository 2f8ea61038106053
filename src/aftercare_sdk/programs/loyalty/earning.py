"""What one order earns, by the rules of its day: points for its lines and its shipping."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from aftercare_sdk.model.orders import Order, OrderLine
from aftercare_sdk.model.points.allocation import spread
from aftercare_sdk.model.points.standing import SHIPPING, paid_for
from aftercare_sdk.programs.loyalty.rules import ONCE, Excluded, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order earns by, other than itself: its tier, and how many points its month has room for.

    `lines`: how many times as much lines have earned when that was settled.
    """

    times: Fraction = ONCE
    tier: str = ""
    room: int | None = None
    lines: Mapping[str, Fraction] = field(default_factory=dict)


def by_amount(order: Order, rules: Rules, zone: str, terms: Terms) -> Mapping[str, int]:
    """Return the points for what was paid, after the caps; whole numbers whose sum is rounded once."""
    exact = {line: amount for line, amount in _exact(order, rules, zone, terms).items() if amount}
    total = rules.rounding.whole(sum(exact.values(), Fraction(0)))
    for cap in (rules.cap_per_order, terms.room):
        total = total if cap is None else min(total, cap)
    return dict(zip(exact, spread(total, list(exact.values())), strict=True))


def bonus(order: Order, points: int) -> Mapping[str, int]:
    """Allocate a bonus to everything that was paid for, so that refunding all of it leaves nothing."""
    paid = {line: amount for line, amount in paid_for(order).items() if amount} if points else {}
    return dict(zip(paid, spread(points, list(paid.values())), strict=True))


def qualifies(order: Order, rules: Rules) -> bool:
    """Tell whether an order earns anything: its currency has a rate, and it is large enough."""
    if order.total is None or order.total.currency not in rules.rates:
        return False
    return order.total.minor >= rules.minimum_order.get(order.total.currency, 0)


def campaign_bonus(order: Order, rules: Rules, zone: str) -> int:
    """Return what campaigns give an order beside its amount."""
    return sum(each.bonus for each in rules.campaigns if each.runs(order.placed_at, zone))


def basis(order: Order) -> str:
    """Return a digest of what an order's points are reckoned from: equal, until the order is edited."""
    parts = [f"{line.id}\x1f{line.quantity}\x1f{line.paid}\x1f{line.tax}" for line in order.lines]
    return hashlib.sha256("\x1e".join((*parts, str(order.shipping))).encode()).hexdigest()[:16]


def _exact(order: Order, rules: Rules, zone: str, terms: Terms) -> Mapping[str, Fraction]:
    if not qualifies(order, rules) or order.total is None:
        return {}
    running = max((each.times for each in rules.campaigns if each.runs(order.placed_at, zone)), default=ONCE)
    rate = rules.rates[order.total.currency] * running * terms.times
    exact = {line.id: rate * _times(line, rules, terms) * _amount(line, rules) for line in order.lines}
    if order.shipping is not None and Excluded.SHIPPING not in rules.exclude:
        exact[SHIPPING] = rate * order.shipping.minor
    return exact


def _amount(line: OrderLine, rules: Rules) -> int:
    """Return the amount of a line that earns, in minor units."""
    if line.gift_card and Excluded.GIFT_CARDS in rules.exclude:
        return 0
    if line.on_sale and Excluded.SALE_ITEMS in rules.exclude:
        return 0
    return max(0, line.paid.minor - (0 if rules.with_tax else line.tax.minor))


def multipliers(order: Order, rules: Rules, terms: Terms) -> str:
    """Return how many times as much each line earns, as it is kept with the points."""
    # In the order of the lines, whose ids may hold anything.
    return " ".join(str(_times(line, rules, terms)) for line in order.lines)


def read_multipliers(told: str, order: Order) -> Mapping[str, Fraction]:
    """Return what `multipliers` has kept, for the lines that stand at the same place still."""
    return {line.id: Fraction(each) for line, each in zip(order.lines, told.split(), strict=False)}


def _times(line: OrderLine, rules: Rules, terms: Terms) -> Fraction:
    """Return how many times as much a line earns: of several multipliers the largest counts."""
    if line.id in terms.lines:
        return terms.lines[line.id]
    return max((each.times for each in rules.multipliers if each.fits(line)), default=ONCE)
