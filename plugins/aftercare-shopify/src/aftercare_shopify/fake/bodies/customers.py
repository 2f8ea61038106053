"""The bodies of `customers/…` and of what is told of customers alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import at, gid
from aftercare_shopify.fake.state.customers import Customer

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def customer_body(shop: Records, customer: Customer) -> dict[str, Any]:
    """Return a customer. Tags, consent and totals are not told since 2025-01."""
    told = embedded_body(shop, customer)
    home = told.pop("default_address", None)
    end = {name: told.pop(name) for name in ("tax_exemptions", "admin_graphql_api_id")}
    addresses = [] if home is None else [dict(home)]
    return {**told, "addresses": addresses, **end, **({} if home is None else {"default_address": home})}


def embedded_body(shop: Records, customer: Customer) -> dict[str, Any]:
    """Return a customer as orders tell it. Without an address the key is missing."""
    body: dict[str, Any] = {
        "id": customer.id,
        "created_at": at(shop, customer.created),
        "updated_at": at(shop, customer.updated),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": customer.state.lower(),
        "note": customer.note,
        "verified_email": customer.email is not None,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer.email,
        "phone": customer.phone,
        "currency": shop.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer.id),
    }
    home = customer.address
    if home is None:
        return body
    return {
        **body,
        "default_address": {
            "id": customer.address_id,
            "customer_id": customer.id,
            "first_name": home.first_name or None,
            "last_name": home.last_name or None,
            "company": home.company or None,
            "address1": home.address1 or None,
            "address2": home.address2 or None,
            "city": home.city or None,
            "province": home.province or None,
            "country": home.country,
            "zip": home.zip or None,
            "phone": home.phone or None,
            "name": home.name or None,
            "province_code": home.province_code or None,
            "country_code": home.country_code,
            "country_name": home.country,
            "default": True,
        },
    }


def deleted_body(customer: Customer) -> dict[str, Any]:
    """Return what `customers/delete` tells."""
    return {
        "id": customer.id,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer.id),
    }


def consent_body(shop: Records, customer: Customer) -> dict[str, Any]:
    """Return what `customers_email_marketing_consent/update` tells."""
    consent = customer.consent
    return {
        "customer_id": customer.id,
        "email_address": customer.email,
        "email_marketing_consent": {
            "state": consent.state.lower(),
            "opt_in_level": consent.level.lower() if consent.level else None,
            "consent_updated_at": at(shop, consent.updated),
        },
    }


def tags_body(shop: Records, customer: Customer, tags: Iterable[str]) -> dict[str, Any]:
    """Return what `customer.tags_added` and `customer.tags_removed` tell: in another style than the rest."""
    return {
        "customerId": gid("Customer", customer.id),
        "tags": list(tags),
        "occurredAt": f"{shop.now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{shop.now.microsecond // 1000:03}Z",
    }


def redact_body(shop: Records, customer: Customer, orders: Iterable[int]) -> dict[str, Any]:
    """Return what `customers/redact` asks for."""
    return {**_person(shop, customer), "orders_to_redact": list(orders)}


def request_body(shop: Records, customer: Customer, orders: Iterable[int], request: int) -> dict[str, Any]:
    """Return what `customers/data_request` asks for."""
    return {**_person(shop, customer), "orders_requested": list(orders), "data_request": {"id": request}}


def _person(shop: Records, customer: Customer) -> dict[str, Any]:
    return {
        "shop_id": shop.shop_id,
        "shop_domain": shop.domain,
        "customer": {"id": customer.id, "email": customer.email, "phone": customer.phone},
    }
