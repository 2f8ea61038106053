"""Amounts as WooCommerce writes them, and the taxes of a Japanese shop."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_REDUCED = 8
"""Japan's reduced rate, in per cent; the full one is 10."""
_REDUCED_CLASS = "reduced-jp"


def money(amount: Decimal, places: int) -> str:
    """Return an amount as WooCommerce writes it."""
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def number(amount: Decimal) -> int | float:
    """Return one of the few amounts that are told as JSON numbers."""
    rounded = amount.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def currency_decimals(currency: str) -> int:
    """Return how many decimals a currency has, whatever the shop shows of them."""
    from aftercare_sdk.model.money import decimals

    return decimals(currency)


def split_tax(gross: Decimal, rate: Decimal, places: int) -> tuple[Decimal, Decimal]:
    """Return what `gross` is without tax, and the tax in it."""
    unit = Decimal(1).scaleb(-places)
    tax = (gross * rate / (_HUNDRED + rate)).quantize(unit, ROUND_HALF_UP)
    return gross - tax, tax


def tax_class(rate: Decimal | int) -> str:
    """Return the class of a rate; that of the full rate has no name."""
    return _REDUCED_CLASS if rate == _REDUCED else ""


def tax_rate(named: str) -> Decimal:
    """Return the rate of a class, in per cent."""
    return Decimal(_REDUCED if named == _REDUCED_CLASS else 10)


def tax_id(rate: Decimal) -> int:
    """Return the id of a rate."""
    return 2 if rate == _REDUCED else 1
