"""What nodes share: ids, times and money as GraphQL tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.state.money import Bag, Exchange, decimal, major
from aftercare_shopify.fake.state.people import Address

Node = Mapping[str, Any]
"""A thing by the names of its fields. What can be called is called with the arguments of the field."""

_PREFIX = "gid://shopify/"


def ids(kind: str, number: int) -> dict[str, Any]:
    """Return the ids of a thing."""
    return {"__typename": kind, "id": gid(kind, number), "legacyResourceId": str(number)}


def number_of(told: str, kind: str) -> int | None:
    """Return the number in a global id of a kind; None for another kind. Raises GraphQLError for no id."""
    found, number = parsed(told)
    return number if found == kind else None


def parsed(told: str) -> tuple[str, int]:
    """Return kind and number of a global id. Raises GraphQLError for what is none."""
    kind, _, number = str(told).removeprefix(_PREFIX).partition("/")
    number = number.partition("?")[0]
    if not str(told).startswith(_PREFIX) or not (number.isascii() and number.isdigit()):
        raise GraphQLError(f"Invalid global id '{told}'")
    return kind, int(number)


def moment(at: datetime | None) -> str | None:
    """Write a time, as GraphQL does: in UTC, to the second."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_moment(told: str) -> datetime:
    """Read a time. Raises GraphQLError for what is none, and for one without a zone."""
    try:
        at = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise GraphQLError(f"invalid date_time '{told}'") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def money(amount: int, currency: str) -> Node:
    """Return a MoneyV2."""
    return {"amount": decimal(amount, currency), "currencyCode": currency}


def plain(amount: int, currency: str) -> str:
    """Write the scalar Money."""
    return str(major(amount, currency))


def both(bag: Bag, exchange: Exchange) -> Node:
    """Return a MoneyBag."""
    return {
        "shopMoney": money(bag.shop, exchange.shop),
        "presentmentMoney": money(bag.presentment, exchange.presentment),
    }


def some(things: list[Any]) -> Callable[..., list[Any]]:
    """Return a field that gives a list, or the first of it."""
    return lambda first=None, **_: things if first is None else things[: max(0, first)]


def one_of(told: Mapping[str, Any], kind: str) -> str:
    """Return the one member of a choice that is told. Raises GraphQLError for none and for several.

    Newer releases of graphql-core refuse them earlier, those before 3.3 do not.
    """
    there = [name for name, value in told.items() if value is not None]
    if len(there) != 1 or len(told) != 1:
        raise GraphQLError(f"'{kind}' requires exactly one field to be specified.")
    return there[0]


def count(of: int) -> Node:
    """Return a Count."""
    return {"count": of, "precision": "EXACT"}


def address(told: Address | None, number: int) -> Node | None:
    """Return a MailingAddress."""
    if told is None:
        return None
    area = ", ".join(part for part in (told.city, told.province_code, told.country) if part)
    lines = [
        told.company,
        told.address1,
        told.address2,
        f"{told.city} {told.province_code} {told.zip}".strip(),
    ]
    formatted = [line for line in (*lines, told.country) if line]
    return {
        "__typename": "MailingAddress",
        "id": f"{gid('MailingAddress', number)}?model_name=Address",
        "firstName": told.first_name or None,
        "lastName": told.last_name or None,
        "name": told.name or None,
        "company": told.company or None,
        "address1": told.address1 or None,
        "address2": told.address2 or None,
        "city": told.city or None,
        "province": told.province or None,
        "provinceCode": told.province_code or None,
        "zip": told.zip or None,
        "country": told.country,
        "countryCode": told.country_code,
        "countryCodeV2": told.country_code,
        "phone": told.phone or None,
        "formattedArea": area or None,
        "formatted": lambda withName=False, **_: [  # noqa: N803 - as GraphQL calls it
            *([told.name] if withName and told.name else []),
            *formatted,
        ],
        "coordinatesValidated": False,
    }
