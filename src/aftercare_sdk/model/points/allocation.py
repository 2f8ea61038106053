"""Whole numbers out of shares: rounding by a named mode, and allocation by the largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

_HALF = Fraction(1, 2)


class Rounding(StrEnum):
    """How a share of a point becomes a whole one."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"

    def whole(self, amount: Fraction) -> int:
        """Return a whole number for an amount that is not negative."""
        if self is Rounding.DOWN:
            return floor(amount)
        return ceil(amount) if self is Rounding.UP else floor(amount + _HALF)


def spread(total: int, weights: Sequence[int | Fraction]) -> tuple[int, ...]:
    """Divide `total` in proportion to `weights`, in whole numbers that add up to it exactly.

    What is left after rounding down goes to the largest remainders, the earlier ones first among equals.
    Without any weight above zero nothing can be divided: all parts are zero. Neither may be negative.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("neither what is divided nor a weight may be negative")
    whole = sum(weights, Fraction(0))
    if not whole:
        return (0,) * len(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [floor(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[: total - sum(parts)]:
        parts[at] += 1
    return tuple(parts)


def pour(amount: int | Fraction, rooms: Sequence[int], weights: Sequence[int]) -> tuple[Fraction, ...]:
    """Divide `amount` in proportion to `weights`, exactly, and no part above its room.

    What a full room cannot take goes to the others, so that as much is placed as there is room. A larger
    amount makes no part smaller.
    """
    placed = [Fraction(0)] * len(rooms)
    left = Fraction(min(amount, sum(max(0, room) for room in rooms)))
    while left > 0:
        free = [at for at, room in enumerate(rooms) if placed[at] < room]
        # Rooms without a weight are filled last, by their size: money came back, so it came from somewhere.
        heavy = [at for at in free if weights[at] > 0] or free
        shares = {at: weights[at] if weights[at] > 0 else rooms[at] for at in heavy}
        whole = sum(shares.values())
        given = {at: min(left * share / whole, rooms[at] - placed[at]) for at, share in shares.items()}
        for at, part in given.items():
            placed[at] += part
        left -= sum(given.values())
    return tuple(placed)


def rounded(parts: Sequence[Fraction], mode: Rounding) -> tuple[int, ...]:
    """Return whole parts whose sum is that of the exact ones, rounded once.

    A part that is whole stays what it is, if those that are not can take the difference.
    """
    whole = [floor(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: (whole[at] - parts[at], at))
    for at in order[: mode.whole(sum(parts, Fraction(0))) - sum(whole)]:
        whole[at] += 1
    return tuple(whole)
