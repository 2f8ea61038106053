"""Money of an order: every amount in two currencies, in whole minor units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_DECIMALS = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
            *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def decimals(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217)."""
    return _DECIMALS.get(currency, 2)


def minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units, halves rounded up."""
    scaled = amount.scaleb(decimals(currency))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_UP))


def major(amount: int, currency: str) -> Decimal:
    """Return minor units as an amount of the currency."""
    return Decimal(amount).scaleb(-decimals(currency))


def written(amount: int, currency: str) -> str:
    """Write an amount as webhooks and the scalar `Money` do: with all decimals, "1500" or "10.00"."""
    return str(major(amount, currency))


def decimal(amount: int, currency: str) -> str:
    """Write an amount as the scalar `Decimal` does: "1500.0", "10.0" or "29.99"."""
    text = f"{major(amount, currency):f}"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}"


@dataclass(frozen=True, slots=True)
class Bag:
    """The same amount in the shop's currency and in that of the customer, in minor units."""

    shop: int = 0
    presentment: int = 0

    def __add__(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.presentment - other.presentment)

    def __neg__(self) -> Bag:
        return Bag(-self.shop, -self.presentment)

    def times(self, count: int) -> Bag:
        """Return so many times the amount."""
        return Bag(self.shop * count, self.presentment * count)

    def portion(self, part: int, whole: int) -> Bag:
        """Return the first `part` of `whole` equal shares. Portions of one whole add up to all of it."""
        return Bag(_portion(self.shop, part, whole), _portion(self.presentment, part, whole))

    def least(self, other: Bag) -> Bag:
        """Return what is smaller, in each currency."""
        return Bag(min(self.shop, other.shop), min(self.presentment, other.presentment))

    def rated(self, part: Decimal) -> Bag:
        """Return a share of the amount, halves rounded up in each currency."""
        return Bag(_rated(self.shop, part), _rated(self.presentment, part))


ZERO = Bag()


def total(bags: Iterable[Bag]) -> Bag:
    """Add up."""
    return sum(bags, ZERO)


def spread(amount: Bag, over: Sequence[Bag]) -> list[Bag]:
    """Share an amount out in proportion; the shares add up to it in each currency."""
    shop = _spread(amount.shop, [each.shop for each in over])
    presentment = _spread(amount.presentment, [each.presentment for each in over])
    return [Bag(*pair) for pair in zip(shop, presentment, strict=True)]


@dataclass(frozen=True, slots=True)
class Exchange:
    """The two currencies of an order; `rate` is how much of the customer's one unit of the shop's is."""

    shop: str
    presentment: str
    rate: Decimal = Decimal(1)

    def priced(self, amount: Decimal) -> Bag:
        """Return a price of the shop in both currencies."""
        return Bag(minor(amount, self.shop), minor(amount * self.rate, self.presentment))

    def paid(self, amount: Decimal) -> Bag:
        """Return what a customer pays or gets in both currencies."""
        return Bag(minor(amount / self.rate, self.shop), minor(amount, self.presentment))


def _portion(amount: int, part: int, whole: int) -> int:
    return amount * part // whole if whole else 0


def _rated(amount: int, part: Decimal) -> int:
    return int((amount * part).to_integral_value(rounding=ROUND_HALF_UP))


def _spread(amount: int, over: Sequence[int]) -> list[int]:
    whole, seen, given = sum(over), 0, 0
    shares = []
    for each in over:
        seen += each
        until = _portion(amount, seen, whole)
        shares.append(until - given)
        given = until
    return shares
