"""Who a customer is, and who made an order, in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_shopify.people import Person, contact, customer_snapshot

_REDACTED = "REDACTED"


def customer(told: Mapping[str, Any], *, shop: str) -> CustomerSnapshot:
    """Return what an account says."""
    return customer_snapshot(
        shop=shop,
        id=told["id"],
        updated_at=told["updated_at"],
        person=_person(told),
        address=_address(told["address"]) if told["address"] else None,
        erased=is_redacted(told),
        locale=told["locale"],
        tags=told["tags"],
    )


def order_contact(order: Mapping[str, Any]) -> Contact | None:
    """Return who made an order: what it says itself goes before what its customer's account says."""
    account = order["customer"]
    people = [Person(email=order["email"], phone=order["phone"])]
    addresses = [order["billing"], order["shipping"]]
    if account:
        people.append(_person(account))
        addresses.append(account["address"])
    return contact(people=people, addresses=[_address(each) for each in addresses if each])


def erased(order: Mapping[str, Any]) -> bool:
    """Tell whether the person has been removed from an order."""
    return bool(order["customer"]) and is_redacted(order["customer"])


def is_redacted(told: Mapping[str, Any]) -> bool:
    """Tell whether Shopify has removed the person from an account, which has no address any more then."""
    return any(each is not None and each["state"] == _REDACTED for each in (told["email"], told["consent"]))


def _person(told: Mapping[str, Any]) -> Person:
    return Person(
        email=told["email"]["address"] if told["email"] else "",
        phone=told["phone"]["number"] if told["phone"] else "",
        first_name=told["first_name"],
        last_name=told["last_name"],
    )


def _address(told: Mapping[str, Any]) -> Person:
    return Person(
        phone=told["phone"],
        first_name=told["first_name"],
        last_name=told["last_name"],
        name=told["name"],
        company=told["company"],
        zip=told["zip"],
        region=told["province_code"] or told["province"],
        city=told["city"],
        address1=told["address1"],
        address2=told["address2"],
        country=told["country_code"],
    )
