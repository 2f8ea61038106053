"""What is left of a body when the app may not see personal data: the keys are missing, not null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_shopify.fake.access import PERSONAL, Access

_PERSONS = frozenset(
    {"billing_address", "shipping_address", "customer", "default_address", "destination", "addresses"}
)
_KEYS = {
    "name": frozenset({"first_name", "last_name", "name", "company"}),
    "email": frozenset({"email", "contact_email", "email_address"}),
    "phone": frozenset({"phone"}),
    "address": frozenset({"address1", "address2", "city", "zip", "latitude", "longitude"}),
}


def trimmed(body: Mapping[str, Any], access: Access) -> Mapping[str, Any]:
    """Return a body without what the app may not see."""
    hidden = {kind for kind in PERSONAL if not access.sees(kind)}
    if not hidden:
        return body
    customer = "first_name" in body
    # The name of an order or a parcel is nobody's, and events tell of places, not of people.
    keys = _hidden(hidden if customer else hidden & {"email", "phone"}) | {"order_status_url"}
    if access.approved is None:
        keys |= {"customer"}
    return _without(body, keys, hidden)


def _hidden(kinds: set[str]) -> set[str]:
    return {key for kind in kinds for key in _KEYS[kind]}


def _without(body: Mapping[str, Any], keys: set[str], hidden: set[str]) -> dict[str, Any]:
    return {
        name: _person(value, hidden) if name in _PERSONS else value
        for name, value in body.items()
        if name not in keys
    }


def _person(value: Any, hidden: set[str]) -> Any:
    if isinstance(value, list):
        return [_person(each, hidden) for each in value]
    return _without(value, _hidden(hidden), hidden) if isinstance(value, Mapping) else value
