"""Customers as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph import metafields
from aftercare_shopify.fake.graph.connections import connection, field
from aftercare_shopify.fake.graph.parts import Node, address, ids, moment, money
from aftercare_shopify.fake.search import Field
from aftercare_shopify.fake.state.customers import Customer
from aftercare_shopify.fake.state.money import total

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "CREATED_AT": lambda each: each.created,
    "UPDATED_AT": lambda each: each.updated,
    "NAME": lambda each: (each.last_name or "").casefold() + " " + (each.first_name or "").casefold(),
    "RELEVANCE": lambda each: each.id,
}


def searched(shop: Records) -> dict[str, Field]:
    """Return what customers are searched by."""
    return {
        "id": Field("number", lambda each: each.id),
        "email": Field("email", lambda each: each.email),
        "phone": Field("text", lambda each: each.phone),
        "first_name": Field("text", lambda each: each.first_name),
        "last_name": Field("text", lambda each: each.last_name),
        "tag": Field("words", lambda each: each.tags),
        "state": Field("text", lambda each: each.state),
        "country": Field("text", lambda each: each.address.country_code if each.address else None),
        "accepts_marketing": Field("flag", lambda each: each.consent.state == "SUBSCRIBED"),
        "orders_count": Field("number", lambda each: len(shop.of_customer(each.id))),
        "created_at": Field("time", lambda each: each.created),
        "customer_date": Field("time", lambda each: each.created),
        "updated_at": Field("time", lambda each: each.updated),
    }


def customer_node(shop: Records, customer: Customer) -> Node:
    """Return a customer."""
    from aftercare_shopify.fake.graph.contracts import contract_node, visible
    from aftercare_shopify.fake.graph.orders import order_node
    from aftercare_shopify.fake.graph.queries import orders_of

    own = shop.of_customer(customer.id)
    consent = customer.consent
    home = address(customer.address, customer.address_id)
    told = {
        "marketingState": consent.state,
        "marketingOptInLevel": consent.level,
        "sourceLocation": None,
    }
    # An address that was redacted is no address any more.
    email = None
    if customer.email is not None:
        email = {
            **told,
            "emailAddress": customer.email,
            "marketingUpdatedAt": moment(consent.updated),
            "validFormat": "@" in customer.email,
            "openTrackingLevel": "UNKNOWN",
            "openTrackingUrl": f"https://{shop.domain}/tools/open-tracking",
            "marketingUnsubscribeUrl": f"https://{shop.domain}/tools/unsubscribe/{customer.id}",
        }
    return {
        **ids("Customer", customer.id),
        **metafields.fields(shop, gid("Customer", customer.id)),
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "displayName": customer.name or customer.email or customer.phone or "",
        "email": customer.email,
        "phone": customer.phone,
        "defaultEmailAddress": email,
        "defaultPhoneNumber": _phone(customer),
        "emailMarketingConsent": None
        if customer.email is None and not customer.redacted
        else {**told, "consentUpdatedAt": moment(consent.updated)},
        "note": customer.note,
        "locale": customer.locale,
        "state": customer.state,
        "tags": sorted(customer.tags),
        "createdAt": moment(customer.created),
        "updatedAt": moment(customer.updated),
        "verifiedEmail": customer.email is not None,
        "validEmailAddress": customer.email is not None and "@" in customer.email,
        "taxExempt": False,
        "taxExemptions": [],
        "dataSaleOptOut": False,
        "canDelete": not own,
        "numberOfOrders": str(len(own)),
        "amountSpent": lambda **_: money(
            total(each.received - each.refunded for each in own).shop, shop.currency
        ),
        "lastOrder": lambda **_: order_node(shop, own[-1]) if own else None,
        "lifetimeDuration": f"{(shop.now - customer.created).days} days",
        "defaultAddress": home,
        "addresses": lambda **_: [] if home is None else [home],
        "addressesV2": lambda **asked: connection(
            [] if home is None else [home], asked, lambda each: each, lambda _: (customer.address_id,) * 2
        ),
        "companyContactProfiles": [],
        "mergeable": {"errorFields": [], "isMergeable": True},
        "productSubscriberStatus": _subscriber(shop, customer),
        "orders": lambda **asked: orders_of(shop, own, asked),
        "subscriptionContracts": field(
            [each for each in visible(shop) if each.customer == customer.id],
            lambda each: contract_node(shop, each),
        ),
    }


def _phone(customer: Customer) -> Node | None:
    if customer.phone is None:
        return None
    return {"phoneNumber": customer.phone, "marketingState": "NOT_SUBSCRIBED"}


def _subscriber(shop: Records, customer: Customer) -> str:
    mine = {each.status for each in shop.contracts.values() if each.customer == customer.id and each.own}
    for status in ("ACTIVE", "PAUSED", "FAILED", "CANCELLED", "EXPIRED"):
        if status in mine:
            return status
    return "NEVER_SUBSCRIBED"
