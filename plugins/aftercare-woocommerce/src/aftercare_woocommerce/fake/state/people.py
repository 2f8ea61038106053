"""Addresses of people, and their pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_NAMES = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)


def order_address(told: Mapping[str, str], *, email: bool = False) -> dict[str, str]:
    """Return an address of an order."""
    return _address(told, _NAMES, email=email)


def customer_address(told: Mapping[str, str], *, email: bool = False) -> dict[str, str]:
    """Return an address of an account, which tells the state behind the country."""
    return _address(told, (*(name for name in _NAMES if name != "state"), "state"), email=email)


def avatar(email: str, size: str) -> str:
    """Return the address of somebody's picture, so many pixels wide."""
    person = hashlib.sha256(email.lower().encode()).hexdigest()
    return f"https://secure.gravatar.com/avatar/{person}?s={size}&d=mm&r=g"


def _address(told: Mapping[str, str], names: tuple[str, ...], *, email: bool) -> dict[str, str]:
    return {name: told.get(name, "") for name in (*names, *(("email",) if email else ()), "phone")}
