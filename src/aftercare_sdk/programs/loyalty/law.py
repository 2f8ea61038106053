"""What the law of prizes and of points makes impossible, refused when the configuration is read.

The rules are those of Japan where nothing else is said; none of them hurts elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NoReturn

from marshmallow import ValidationError

_BY_RATING = ("rating", "stars", "star", "score", "min_rating", "positive", "評価", "星")
_SOLD = ("purchase", "sell", "sold", "sell_points", "price", "buy")

_FREE_LIMIT = 200
"""What may always be added to a sale, in yen: 20 % of a sale below 1,000 yen count as 200 (LAW-08)."""
_FREE_SHARE = Fraction(1, 5)


def refuse_rewards_by_rating(told: Mapping[str, Any], path: str) -> None:
    """Raise ValidationError if what words earn is to depend on what they say (LAW-06, LAW-07, LAW-19)."""
    for key in told:
        if str(key).casefold() in _BY_RATING:
            _refuse(
                path,
                f"{key!r} would pay for what a {path} says, which is stealth marketing and unfair (LAW-06, "
                f"LAW-07, LAW-19); a {path} earns the same whatever its stars: write one number",
            )


def refuse_sold_points(told: Mapping[str, Any]) -> None:
    """Raise ValidationError if points are to be sold: that makes them a means of payment (LAW-10)."""
    for key in told:
        if str(key).casefold() in _SOLD:
            _refuse(
                str(key),
                "points that are sold are a prepaid means of payment, with duties of their own (LAW-10); "
                "points are earned here, and nobody can buy them: remove it",
            )


def refuse_prizes(told: Mapping[str, Any]) -> None:
    """Raise ValidationError for points that are a prize: drawn by lot, or good elsewhere (LAW-08, LAW-09)."""
    if told.get("award", "all") != "all":
        _refuse(
            "award",
            "points that are drawn by lot are prizes, with a maximum for each and for all of them (LAW-08, "
            'LAW-09); everybody earns by the same rules here: award = "all", or leave it out',
        )
    if told.get("redeem_at", "own") != "own":
        _refuse(
            "redeem_at",
            "points that are good in other shops, or for money, are prizes and no price reduction (LAW-09); "
            'they are good in the shops of this brand: redeem_at = "own", or leave it out',
        )


def _refuse(path: str, told: str) -> NoReturn:
    raise ValidationError({path: [told]})


def prize_problem(cost: int, worth: int, points_per_yen: Fraction) -> str:
    """Say why a product is too dear a gift for what one has to buy to get it; empty: it is not (LAW-08).

    `worth` is in yen. The sale that it comes with is what earns `cost` points.
    """
    sale = Fraction(cost) / points_per_yen
    limit = max(_FREE_LIMIT, int(sale * _FREE_SHARE))
    if worth <= limit:
        return ""
    return (
        f"a product worth {worth:,} yen for {cost:,} points is a gift with purchases of {int(sale):,} yen, "
        f"and may be worth {limit:,} yen at most (LAW-08); let it cost more points, or give a discount, "
        "which is no gift (LAW-09)"
    )
