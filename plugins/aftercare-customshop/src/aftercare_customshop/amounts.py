"""Money: every amount of a message has exactly the decimals of its currency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from aftercare_customshop.options import Rules
from aftercare_customshop.reading import misunderstood
from aftercare_customshop.schemas import Data
from aftercare_sdk.model.money import Money, decimals


class Till:
    """Counts in the currency of one message."""

    def __init__(self, data: Data, rules: Rules) -> None:
        """Raise TranslationError if the currency is not told, or an amount is not written in it.

        Fewer decimals than the currency has would be harmless, were they not how a shop looks that tells
        cents for dollars; more, how one looks that tells hundredths of a yen.
        """
        self._currency: str = data["currency"] or rules.currency
        if not self._currency:
            raise misunderstood(["data.currency is missing, here and as the shop's in aftercare.toml"])
        places = decimals(self._currency)
        wrong = list(_written_otherwise(data, places, "data"))
        if wrong:
            rule = (
                f"must have {places} decimals, as {self._currency} has" if places else "must have no decimals"
            )
            raise misunderstood([f"{path} {rule}" for path in wrong])

    def money(self, amount: Decimal | None) -> Money:
        """Return an amount of the message; what is not told is nothing."""
        return Money.parse(amount or 0, self._currency)


def _written_otherwise(value: Any, places: int, path: str) -> Iterator[str]:
    # Amounts are the only numbers of this type that a schema reads.
    if isinstance(value, Decimal):
        if value.as_tuple().exponent != -places:
            yield path
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _written_otherwise(below, places, f"{path}.{key}")
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _written_otherwise(below, places, f"{path}.{place}")
