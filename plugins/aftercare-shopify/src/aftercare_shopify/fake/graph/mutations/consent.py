"""Writing whether a customer takes marketing by e-mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.graph.customers import customer_node
from aftercare_shopify.fake.graph.mutations.errors import UserError, need
from aftercare_shopify.fake.graph.parts import Node, number_of, read_moment
from aftercare_shopify.fake.state.customers import Customer

if TYPE_CHECKING:
    from aftercare_shopify.fake.shop import FakeShopify

_SETTABLE = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING")


def fields(shop: FakeShopify) -> dict[str, Callable[..., Node]]:
    """Return the field of Mutation for consent."""
    return {"customerEmailMarketingConsentUpdate": lambda input, **_: _tried(shop, input)}  # noqa: A006 - as GraphQL calls it


def _tried(shop: FakeShopify, told: Mapping[str, Any]) -> Node:
    need(shop, "customerEmailMarketingConsentUpdate", "Customer")
    try:
        found = _changed(shop, told)
    except UserError as error:
        return {"customer": None, "userErrors": [error.node]}
    return {"customer": customer_node(shop, found), "userErrors": []}


def _changed(shop: FakeShopify, told: Mapping[str, Any]) -> Customer:
    number = number_of(told["customerId"], "Customer")
    found = shop.customers.get(number or 0)
    if found is None:
        raise UserError("Customer not found", "input", "customerId", code="INVALID")
    consent = told["emailMarketingConsent"]
    place = ("input", "emailMarketingConsent")
    state = consent["marketingState"]
    if state not in _SETTABLE:
        raise UserError(
            f"Cannot specify {state} as a marketing state input", *place, "marketingState", code="INVALID"
        )
    if found.email is None:
        raise UserError("Customer must have an email address", "input", "customerId", code="MISSING_ARGUMENT")
    at = read_moment(consent["consentUpdatedAt"]) if consent.get("consentUpdatedAt") else shop.now
    if at > shop.now:
        raise UserError(
            "Consent updated at must not be in the future", *place, "consentUpdatedAt", code="INVALID"
        )
    if found.consent.updated is None or at >= found.consent.updated:
        # What is older than what is known changes nothing.
        shop.change_consent(found.id, state, level=consent.get("marketingOptInLevel"), at=at)
    return found
