"""Amounts that are told twice, in the shop's currency and in the customer's, and ids that are told twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aftercare_sdk.errors import TranslationError

_GID = re.compile(r"gid://shopify/([A-Za-z]{1,60})/([0-9]{1,19})", re.ASCII)


def kind_in(gid: object) -> str:
    """Return the kind that a global id names, such as `Order`; empty: it is none."""
    found = _GID.fullmatch(gid) if isinstance(gid, str) else None
    return found[1] if found else ""


def number_in(gid: object) -> str:
    """Return the number in a global id; empty: it is none."""
    found = _GID.fullmatch(gid) if isinstance(gid, str) else None
    return found[2] if found else ""


def identity(told: Mapping[str, Any]) -> str:
    """Return the id of an object: the number in its global id, else its `id`.

    The numbers are larger than JavaScript can count, and get rounded by whatever is written in it.
    """
    return number_in(told["admin_graphql_api_id"]) or str(told["id"])


@dataclass(frozen=True, slots=True)
class Purse:
    """Takes out of every bag of money the amount that counts. `which`: `presentment` or `shop`."""

    which: str
    currency: str

    @classmethod
    def of(cls, which: str, bag: Mapping[str, Any]) -> Purse:
        """Make one for an object, from any bag in it."""
        return cls(which, bag[f"{which}_money"]["currency_code"])

    def take(self, bag: Mapping[str, Any]) -> Decimal:
        """Return the amount. Raises TranslationError if one object is told in several currencies."""
        money = bag[f"{self.which}_money"]
        if money["currency_code"] != self.currency:
            raise TranslationError(f"amounts in {self.currency} and in another currency stand side by side")
        amount: Decimal = money["amount"]
        return amount

    def each(self, listed: Iterable[Mapping[str, Any]], name: str) -> tuple[Decimal, ...]:
        """Return the amounts of a list of things that have one."""
        return tuple(self.take(one[name]) for one in listed)
