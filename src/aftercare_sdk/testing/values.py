"""Amounts and times: what an adapter makes of an order that is known to the last unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aftercare_sdk.model.money import Money, decimals
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import SampleOrder
from aftercare_sdk.testing.given import Given, failed, walk

_LARGEST = 10**11
"""Major units. Platforms bound the digits of an amount, too."""
_EXAMPLES = 50


class Values(Given):
    """Money is exact, and times are moments."""

    def test_money_is_exact(self) -> None:
        """If it fails, customers are told wrong amounts, and points are off by a yen or a cent."""
        for currency in self.currencies:
            self._amounts_of(currency)
        for name, told in self._told.items():
            for value in walk(told):
                if isinstance(value, float):
                    failed(f"sample {name!r} holds a float: amounts are Money, whole minor units")
                if isinstance(value, Money) and type(value.minor) is not int:
                    failed(f"sample {name!r} holds Money with {type(value.minor).__name__} units")

    def test_times_are_aware(self) -> None:
        """If it fails, messages go out hours too early or too late, and refunds come before purchases."""
        order = self._order(self.currencies[0])
        picture = self._purchase(order)
        for name, told in {**self._told, "purchase": (picture,)}.items():
            for value in walk(told):
                if isinstance(value, datetime) and value.utcoffset() is None:
                    failed(f"sample {name!r} holds a time without a zone: {value}")
        for field, told_at in (("placed_at", picture.placed_at), ("purchased_at", picture.purchased_at)):
            if told_at != order.placed_at:
                failed(f"an order that was placed and paid at {order.placed_at} has {field} {told_at}")

    def _amounts_of(self, currency: str) -> None:
        minor = st.integers(1, _LARGEST * 10 ** decimals(currency))

        @settings(database=None, derandomize=True, max_examples=_EXAMPLES, deadline=None)
        @given(one=minor, other=minor, shipping=minor)
        @example(one=29, other=115, shipping=1)  # 0.29 * 100 is 28.999999999999996
        @example(one=1005, other=99_999_999_999, shipping=7)
        def exact(one: int, other: int, shipping: int) -> None:
            self._is_exact(self._order(currency, (one, other, shipping)))

        exact()

    def _is_exact(self, order: SampleOrder) -> None:
        picture: OrderSnapshot = self._purchase(replace(order))
        amounts = picture.amounts
        if amounts is None:
            failed("an order came without amounts")
        lines = [(line.paid, line.tax) for line in order.lines]
        told = [(line.paid, line.tax) for line in amounts.lines]
        for what, right, given_ in (
            ("total", order.total, amounts.total),
            ("shipping", order.shipping, amounts.shipping),
            ("lines (paid, tax)", lines, told),
        ):
            if right != given_:
                failed(f"{order.currency}: {what} must be {right}, and is {given_}")
        if amounts.rounded:
            failed(f"{order.currency}: exact amounts are marked as rounded")
