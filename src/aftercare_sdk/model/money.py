"""Money as an integer number of minor units; no floats anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation
from functools import cache

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""The usual context of `decimal` rounds to 28 digits without a word."""
_LARGEST = 2**63 - 1


@cache
def decimals(currency: str) -> int:
    """Return how many decimals `currency` has (JPY 0, USD 2, BHD 3), by Unicode CLDR."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: `minor` units (yen, cents, fils) of an ISO 4217 `currency`."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read a decimal amount of `currency`.

        Raises ValueError for anything that is not a finite number, is finer than the currency's decimals,
        or has more than 64 bits of minor units.
        """
        try:
            scaled = Decimal(amount).scaleb(decimals(currency), _EXACT)
        except InvalidOperation:
            message = f"not an amount of {currency}"
            raise ValueError(message) from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value(context=_EXACT):
            message = f"not an exact amount of {currency}: it has {decimals(currency)} decimals"
            raise ValueError(message)
        if not -_LARGEST <= scaled <= _LARGEST:
            message = f"not an amount of {currency}: too large"
            raise ValueError(message)
        return cls(int(scaled), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-decimals(self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            message = f"cannot mix {self.currency} and {other.currency}"
            raise ValueError(message)
        return other.minor
