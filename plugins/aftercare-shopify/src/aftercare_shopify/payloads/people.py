"""Who is behind an order or an account. What an app may not see is left out of a body, and that is normal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_shopify import people
from aftercare_shopify.payloads.bags import identity
from aftercare_shopify.people import Person

_REDACTED = "redacted"


def order_contact(order: Mapping[str, Any]) -> Contact | None:
    """Return the person who ordered."""
    customer = order["customer"]
    own = [_person(customer)] if customer else []
    homes = [customer["default_address"]] if customer else []
    return people.contact(
        people=[Person(email=order["email"], phone=order["phone"]), *own],
        addresses=[
            _address(each) for each in (order["billing_address"], order["shipping_address"], *homes) if each
        ],
    )


def is_redacted(customer: Mapping[str, Any] | None) -> bool:
    """Tell whether Shopify has removed the person from an account; it says so in the consent only."""
    consent = customer["email_marketing_consent"] if customer else None
    return consent is not None and consent["state"].lower() == _REDACTED


def customer_snapshot(customer: Mapping[str, Any], *, shop: str) -> CustomerSnapshot:
    """Return what an account says."""
    home = customer["default_address"]
    tags = customer["tags"]
    return people.customer_snapshot(
        shop=shop,
        id=identity(customer),
        updated_at=customer["updated_at"],
        person=_person(customer),
        address=_address(home) if home else None,
        erased=is_redacted(customer),
        tags=None if tags is None else split(tags),
    )


def split(tags: str) -> list[str]:
    """Return the tags in a string of them."""
    return [tag.strip() for tag in tags.split(",") if tag.strip()]


def _person(customer: Mapping[str, Any]) -> Person:
    return Person(
        email=customer["email"],
        phone=customer["phone"],
        first_name=customer["first_name"],
        last_name=customer["last_name"],
    )


def _address(address: Mapping[str, Any]) -> Person:
    return Person(
        phone=address["phone"],
        first_name=address["first_name"],
        last_name=address["last_name"],
        name=address["name"],
        company=address["company"],
        zip=address["zip"],
        region=address["province_code"] or address["province"],
        city=address["city"],
        address1=address["address1"],
        address2=address["address2"],
        country=address["country_code"],
    )
