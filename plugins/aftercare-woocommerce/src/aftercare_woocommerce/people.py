"""What an account, and the billing address of an order, say of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aftercare_sdk.model.people import Contact, CustomerSnapshot, fold_email
from aftercare_woocommerce.versions import UNDATED, dated

_NOBODY = "deleted@site.invalid"


def placeholder(email: str) -> bool:
    """Tell whether this is the address that a privacy erasure writes: one and the same for everybody."""
    return fold_email(email) == _NOBODY


def address_contact(address: Mapping[str, str]) -> Contact:
    """Return the person of a billing address. The e-mail stays as written; identities fold it."""
    return Contact(
        email=address["email"],
        phone=address["phone"],
        family_name=address["last_name"],
        given_name=address["first_name"],
        company=address["company"],
        postal_code=address["postcode"],
        region=address["state"],
        city=address["city"],
        street=" ".join(part for part in (address["address_1"], address["address_2"]) if part),
        country=address["country"],
    )


def customer_snapshot(customer: Mapping[str, Any], *, shop: str) -> CustomerSnapshot:
    """Return what the account says. Its own e-mail counts, not the one of its billing address."""
    contact = replace(address_contact(customer["billing"]), email=customer["email"])
    if customer["first_name"] or customer["last_name"]:
        contact = replace(contact, family_name=customer["last_name"], given_name=customer["first_name"])
    erased = placeholder(customer["email"])
    snapshot = CustomerSnapshot(
        shop=shop,
        id=str(customer["id"]),
        version=UNDATED,
        contact=None if erased else contact,
        deleted=False,
        erased=erased,
    )
    # A new account has no date of modification until its first change.
    return dated(snapshot, customer["date_modified_gmt"] or customer["date_created_gmt"])
