"""Accounts: the fields of a new one, and how they are told."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.state.people import avatar, customer_address
from aftercare_woocommerce.fake.state.site import Site, links
from aftercare_woocommerce.fake.state.things import Thing


def customer_fields(
    email: str, *, first_name: str, last_name: str, role: str, billing: dict[str, str]
) -> dict[str, Any]:
    """Return the fields of a new account."""
    person = {"email": email, "first_name": first_name, "last_name": last_name}
    return {
        **person,
        "role": role,
        "username": email.partition("@")[0],
        "billing": {**person, "country": "JP", **billing},
        "shipping": {},
        "is_paying_customer": False,
    }


def customer_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return an account."""
    return {
        "id": thing.id,
        **thing.dates(site),
        **{name: thing.fields[name] for name in ("email", "first_name", "last_name", "role", "username")},
        "billing": customer_address(thing.fields["billing"], email=True),
        "shipping": customer_address(thing.fields["shipping"]),
        "is_paying_customer": thing.fields["is_paying_customer"],
        "avatar_url": avatar(thing.fields["email"], "96"),
        "meta_data": [each.told() for each in thing.meta],
        "_links": links(site, "customers", thing.id),
    }
