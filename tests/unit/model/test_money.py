from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.money import Money, decimals
from tests.support.histories import UNHURRIED

CURRENCIES = st.sampled_from(["JPY", "USD", "BHD"])
MINOR = st.integers(-(2**63 - 1), 2**63 - 1)


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 0), ("USD", 2), ("BHD", 3)])
def test_decimals(currency, expected):
    """Yen have no decimals, dollars two, dinars of Bahrain three."""
    assert expected == decimals(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        (1500, "JPY", 1500),
        ("10.5", "USD", 1050),
        ("10.50000", "USD", 1050),
        (Decimal("10.5"), "USD", 1050),
        ("10.635", "BHD", 10_635),
        ("-0.001", "BHD", -1),
        ("-0", "USD", 0),
        ("1e2", "USD", 10_000),
        ("92233720368547758.07", "USD", 2**63 - 1),
    ],
)
def test_parse(amount, currency, minor):
    """A decimal amount becomes a number of the smallest units."""
    assert Money(minor, currency) == Money.parse(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.5", "JPY"),
        ("10.505", "USD"),
        ("10.6355", "BHD"),
        ("1.00000000000000000000000000000000000001", "JPY"),
        ("1e-999999", "USD"),
        ("", "USD"),
        ("free", "USD"),
        ("12,50", "USD"),
        ("NaN", "USD"),
        ("sNaN", "USD"),
        ("Infinity", "USD"),
        ("-Infinity", "JPY"),
        ("92233720368547758.08", "USD"),
        ("123456789012345678901234567890.12", "USD"),
        ("1e999999", "USD"),
        ("1e1000000000000000000", "JPY"),
    ],
)
def test_refused(amount, currency):
    """What is no number, too fine for the currency or too large for a price is refused, never rounded."""
    with pytest.raises(ValueError, match=currency):
        Money.parse(amount, currency)


@UNHURRIED
@given(MINOR, CURRENCIES)
def test_round_trip(minor, currency):
    """Every amount in major units reads back as the same money, exactly."""
    money = Money(minor, currency)
    assert money == Money.parse(money.amount, currency)
    assert money == Money.parse(str(money.amount), currency)


@UNHURRIED
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12), CURRENCIES)
def test_exact_or_refused(amount, currency):
    """What is read is worth exactly what was written; everything else is refused."""
    try:
        money = Money.parse(amount, currency)
    except ValueError:
        assert amount != round(amount, decimals(currency))
    else:
        assert amount == money.amount


@UNHURRIED
@given(MINOR, MINOR, CURRENCIES)
def test_arithmetic(one, other, currency):
    """Sums and differences are exact, however large."""
    total = Money(one, currency) + Money(other, currency)
    assert Money(one + other, currency) == total
    assert Money(one, currency) == total - Money(other, currency)
    assert Money(0, currency) == total + -total


def test_currencies_do_not_mix():
    """Yen and dollars can be neither added nor subtracted."""
    for add in (Money.__add__, Money.__sub__):
        with pytest.raises(ValueError, match="JPY and USD"):
            add(Money(1, "JPY"), Money(1, "USD"))
