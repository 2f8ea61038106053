"""Money: every amount of a message has exactly the decimals of its currency."""

from __future__ import annotations

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
        self._places = places = decimals(self._currency)
        wrong = [f"data.{path}" for path in _written_otherwise(data, Decimal(1).scaleb(-places))]
        if wrong:
            rule = (
                f"must have {places} decimals, as {self._currency} has" if places else "must have no decimals"
            )
            raise misunderstood([f"{path} {rule}" for path in wrong])

    def money(self, amount: Decimal | None) -> Money:
        """Return an amount of the message; what is not told is nothing."""
        # Exact, and no more than 64 bits: all amounts of the message have been looked at.
        return Money(0 if amount is None else int(amount.scaleb(self._places)), self._currency)


def _written_otherwise(data: Any, smallest: Decimal) -> list[str]:
    wrong = []
    # Amounts are the only numbers of this type that a schema reads. A list is of objects or of texts.
    for key, below in data.items() if isinstance(data, dict) else enumerate(data):
        kind = type(below)
        if kind is Decimal:
            if not below.same_quantum(smallest):
                wrong.append(str(key))
        elif kind is dict or (kind is list and below and type(below[0]) is dict):
            wrong += [f"{key}.{path}" for path in _written_otherwise(below, smallest)]
    return wrong
