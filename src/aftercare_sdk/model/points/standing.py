"""What of an order's points stands: a function of the order and of the set of its refunds, nothing else.

Refunds are added up first, so neither their order nor how an amount was divided among them matters. Shares
are exact; only the sum of what is left is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from aftercare_sdk.model.orders import Order, OrderLine
from aftercare_sdk.model.points.allocation import Rounding, pour, rounded

SHIPPING = "*shipping"
"""Stands among the ids of lines for what was paid for the shipping."""
_OTHER = "*other"
"""Fees and the like: what was paid in all, and for no line."""


def standing(
    points: Mapping[str, int], order: Order, rounding: Rounding = Rounding.DOWN
) -> Mapping[str, int]:
    """Return what is left of `points`, by line, after everything that was given back.

    A line that was given back in full loses exactly its points. Of a part, the share of what is left of the
    line's amount stays; the sum of all is rounded. A cancelled order, a test, and one that was given back
    in full keep nothing; nor does a line that is no longer on the order.
    """
    if order.cancelled or order.fully_refunded or order.test:
        return dict.fromkeys(points, 0)
    if order.total is None:
        return dict(points)
    returned = _Returned.of(order)
    exact = [earned * returned.left(line) for line, earned in points.items()]
    return dict(zip(points, rounded(exact, rounding), strict=True))


def paid_for(order: Order) -> dict[str, int]:
    """Return what was paid for each line, and for the shipping if there was any, in minor units."""
    paid = {line.id: line.paid.minor for line in order.lines}
    if order.shipping is not None and order.shipping.minor:
        paid[SHIPPING] = order.shipping.minor
    return paid


def given_back(order: Order) -> Mapping[str, Fraction]:
    """Return what was given back of each line, of the shipping and of fees, in minor units.

    Shares are exact, and never more than was paid. A refund that names lines gives back these, and what it
    holds beyond them is shipping first. An amount without lines, or of lines that are not known, is spread
    over the original amounts of everything, the shipping included; what a line cannot hold any more goes to
    the others.
    """
    return _Returned.of(order).back


@dataclass(slots=True)
class _Returned:
    """What was paid and given back. `empty` are lines that had cost nothing and were given back."""

    paid: dict[str, int]
    back: dict[str, Fraction] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    _pool: int = 0

    @classmethod
    def of(cls, order: Order) -> _Returned:
        paid = paid_for(order)
        if order.total is not None:
            paid[_OTHER] = max(0, order.total.minor - sum(paid.values()))
        found = cls(paid, dict.fromkeys(paid, Fraction(0)))
        found._add_up(order)
        return found

    def left(self, line: str) -> Fraction:
        """Return the share of a line that was not given back."""
        paid = self.paid.get(line)
        if paid is None or line in self.empty:
            return Fraction(0)
        return Fraction(1) if not paid else 1 - self.back[line] / paid

    def _add_up(self, order: Order) -> None:
        pieces = {line.id: line for line in order.lines}
        beyond = 0
        quantities: dict[str, int] = {}
        for refund in order.refunds:
            named = 0
            for part in refund.lines or ():
                named += part.amount.minor
                self._pool += self._take(part.line, part.amount.minor)
                quantities[part.line] = quantities.get(part.line, 0) + part.quantity
            rest = max(0, refund.amount.minor - named)
            if refund.lines:
                beyond += rest
            else:
                self._pool += rest
        self.empty = {line for line, count in quantities.items() if _free(pieces.get(line), count)}
        # After all lines, and all refunds together: else it would matter which came first.
        self._pool += self._take(SHIPPING, beyond)
        # Where a discount stands beside the lines, as a fee below zero, less than their sum was paid.
        whole, total = sum(self.paid.values()), order.total.minor if order.total else 0
        pool = Fraction(self._pool * whole, total) if 0 < total < whole else Fraction(self._pool)
        lines = list(self.paid)
        rooms = [self.paid[line] - int(self.back[line]) for line in lines]
        shares = pour(pool, rooms, [self.paid[line] for line in lines])
        for line, amount in zip(lines, shares, strict=True):
            self.back[line] += amount

    def _take(self, line: str, amount: int) -> int:
        """Give back as much of a line as it holds; return the rest."""
        taken = min(amount, self.paid.get(line, 0) - int(self.back.get(line, 0)))
        if taken > 0:
            self.back[line] += taken
        return amount - max(0, taken)


def _free(line: OrderLine | None, returned: int) -> bool:
    """Tell whether a line that had cost nothing was given back in full: only its pieces tell."""
    return line is not None and not line.paid.minor and returned >= line.quantity
