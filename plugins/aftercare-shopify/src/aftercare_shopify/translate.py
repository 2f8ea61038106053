"""What a verified webhook tells.

The headers are not signed. So the body decides what it is about, and the topic is asked only where the body
cannot say: an id alone, a body that fields were left out of, a notice that reads alike whatever happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.privacy import Disconnected, PrivacyKind, PrivacyRequest
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref, Translation, Webhook
from aftercare_sdk.shops.payloads import load, parse
from aftercare_shopify import domain, schemas
from aftercare_shopify.codes import KIND, NODE, TITLE, deleted_code
from aftercare_shopify.options import Rules
from aftercare_shopify.payloads import fulfillments, refunds
from aftercare_shopify.payloads.bags import identity, kind_in, number_in
from aftercare_shopify.payloads.consents import email_consent
from aftercare_shopify.payloads.orders import order_snapshot
from aftercare_shopify.payloads.people import customer_snapshot, is_redacted
from aftercare_shopify.payloads.products import product_snapshot

SHOP_HINT = "shop"
"""The hint that holds the domain of the shop that the webhook says it is from."""
TRIGGERED_HINT = "triggered"
"""The hint that holds when the webhook says that what it tells has happened."""

_WITHIN = timedelta(days=30)
"""In which Shopify wants requests about a person's data done."""

# Without any of these an object is only part of one: fields were left out of the webhook on purpose.
_WHOLE = {
    "order": frozenset(
        {
            *("updated_at", "created_at", "processed_at", "cancelled_at", "financial_status", "test"),
            *("payment_gateway_names", "taxes_included", "total_price_set", "discount_codes"),
            *("line_items", "shipping_lines", "fulfillments", "refunds"),
        }
    ),
    "customer": frozenset({"updated_at", "state"}),
    "product": frozenset({"updated_at", "title", "status", "tags"}),
}
# Fields can be left out of what an order lists, too: a line without its discounts would look paid in full.
_LISTED = (
    (
        "line_items",
        frozenset(
            {
                *("id", "title", "quantity", "price_set", "discount_allocations", "tax_lines"),
                *("requires_shipping", "product_id", "variant_id", "gift_card"),
            }
        ),
    ),
    ("shipping_lines", frozenset({"price_set", "discount_allocations", "tax_lines"})),
    ("fulfillments", frozenset({"id", "status", "shipment_status", "created_at", "line_items"})),
    ("refunds", frozenset({"id", "created_at", "transactions", "refund_line_items"})),
)
# What belongs to an order is only used whole; else the order is read that it names.
_PARTS = {
    "refund": ("created_at", "refund_line_items", "transactions"),
    "fulfillment": ("status", "created_at", "updated_at"),
    "fulfillment_event": ("fulfillment_id", "status", "happened_at"),
    "transaction": ("kind", "status"),
}
_PARTS_OF_TOPIC = frozenset({"refunds", "fulfillments", "fulfillment_events", "order_transactions"})
_OF_TOPIC = {"orders": "order", "customers": "customer", "products": "product"}
_OF_GID = {
    "Order": "order",
    "Customer": "customer",
    "Product": "product",
    "Refund": "refund",
    "Fulfillment": "fulfillment",
    "FulfillmentEvent": "fulfillment_event",
    "OrderTransaction": "transaction",
    NODE: "discount",
}
_BY_KEYS = (
    ("order", {"financial_status"}),
    ("refund", {"refund_line_items", "order_id"}),
    ("fulfillment_event", {"fulfillment_id", "happened_at"}),
    ("fulfillment", {"tracking_numbers", "order_id"}),
    ("transaction", {"order_id", "kind", "gateway"}),
    ("customer", {"verified_email"}),
    ("product", {"product_type", "handle"}),
    ("edit", {"order_edit"}),
    ("compliance", {"shop_id", "shop_domain"}),
    ("consent", {"customer_id", "email_marketing_consent"}),
    ("tags", {"customerId", "tags"}),
    ("merge", {"admin_graphql_api_customer_kept_id"}),
    ("contract", {"billing_policy", "delivery_policy", "customer_id"}),
    ("shop", {"myshopify_domain", "shop_owner"}),
)
"""What only bodies of a kind have; asked where the global id does not name it."""

_MOVES_MONEY = frozenset({"sale", "capture", "refund"})


def translate(webhook: Webhook, *, shop: str, rules: Rules) -> tuple[Translation, ...]:
    """Return what the webhook tells. Raises TranslationError for a body that cannot be understood."""
    body = parse(webhook.body)
    if not isinstance(body, dict):
        raise TranslationError("the body is not a JSON object")
    _refuse_another_shop(body, webhook, rules)
    kind = kind_of(body)
    if kind is None:
        return (_unknown(body, webhook.topic),)
    if kind in _WHOLE and not is_whole(kind, body):
        return (_needs(kind, body, "the payload does not tell all of it"),)
    if kind in _PARTS and any(name not in body for name in _PARTS[kind]):
        return (_named_order(body, kind, f"the payload does not tell all of a {kind}"),)
    if kind == "order":
        return _order(body, shop, rules)
    if kind == "refund":
        return _refund(body, shop, rules)
    if kind == "consent":
        return _consent(body, shop)
    return (_BY_KIND[kind](body, webhook, shop, rules),)


def kind_of(body: Mapping[str, Any]) -> str | None:
    """Recognise an object by its global id, or by what only its kind has; None: none of those known."""
    named = kind_in(body.get("admin_graphql_api_id"))
    if named:
        return _OF_GID.get(named) or ("contract" if named == "SubscriptionContract" else None)
    return next((kind for kind, keys in _BY_KEYS if keys <= body.keys()), None)


def is_whole(kind: str, body: Mapping[str, Any]) -> bool:
    """Tell whether nothing was left out of an object that is needed to draw a picture of it."""
    if body.get("updated_at") is None or not _WHOLE[kind] <= body.keys():
        return False
    return kind != "order" or all(_have(body[name], needed) for name, needed in _LISTED)


def _have(listed: object, needed: frozenset[str]) -> bool:
    """Tell whether all that is listed has these fields; what is no list of objects is refused elsewhere."""
    if not isinstance(listed, list):
        return True
    return all(needed <= each.keys() for each in listed if isinstance(each, dict))


def is_dated(raw: bytes) -> bool:
    """Tell whether a body says when what it tells of was changed, so that a copy of it tells nothing new."""
    try:
        body = parse(raw)
    except TranslationError:
        return False
    if not isinstance(body, dict) or body.get("updated_at") is None:
        return False
    kind = kind_of(body)
    if kind in _WHOLE:
        return is_whole(kind, body)
    return kind == "fulfillment" and all(name in body for name in _PARTS[kind])


def _order(body: Mapping[str, Any], shop: str, rules: Rules) -> tuple[Translation, ...]:
    order = load(schemas.ORDER, body, what="order")
    snapshot, doubts = order_snapshot(order, shop=shop, rules=rules)
    if not doubts:
        return (snapshot,)
    return (snapshot, NeedsRead(Ref("order", snapshot.id), "; ".join(doubts)))


def _refund(body: Mapping[str, Any], shop: str, rules: Rules) -> tuple[Translation, ...]:
    refund = load(schemas.REFUND, body, what="refund")
    if not refund["order_id"]:
        raise TranslationError("refund: not understood: order_id")
    ref = Ref("order", str(refund["order_id"]))
    try:
        notice = refunds.alone(refund, shop=shop, rules=rules)
    except refunds.Untold:
        return (NeedsRead(ref, "a refund does not tell how much was given back in the currency that counts"),)
    if notice is None:
        return (Ignored("a refund by which no money was given back, or not yet"),)
    if notice.refunds and notice.refunds[0].lines is None:
        return (notice, NeedsRead(ref, "a refund does not tell whether its lines are with their taxes"))
    return (notice,)


def _fulfillment(body: Mapping[str, Any], _: Webhook, shop: str, __: Rules) -> Translation:
    told = load(schemas.FULFILLMENT, body, what="fulfillment")
    if not told["order_id"]:
        raise TranslationError("fulfillment: not understood: order_id")
    return fulfillments.shipped(told, shop=shop) or Ignored("a fulfilment with which nothing has left")


def _fulfillment_event(body: Mapping[str, Any], webhook: Webhook, shop: str, __: Rules) -> Translation:
    event = load(schemas.FULFILLMENT_EVENT, body, what="fulfillment event")
    notice = fulfillments.delivered(event, shop=shop)
    if notice is None:
        return Ignored("a parcel on its way")
    # The notice that an event was removed reads like that of the event itself.
    if webhook.topic.endswith("/delete"):
        return NeedsRead(Ref("order", notice.id), "it was taken back that a parcel has arrived")
    return notice


def _transaction(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    told = load(schemas.ORDER_TRANSACTION, body, what="transaction")
    if told["status"].lower() != "success" or told["kind"].lower() not in _MOVES_MONEY:
        return Ignored("a transaction that moved no money")
    return NeedsRead(
        Ref("order", str(told["order_id"])), "a transaction does not tell whether it was the last"
    )


def _customer(body: Mapping[str, Any], _: Webhook, shop: str, __: Rules) -> Translation:
    return customer_snapshot(load(schemas.CUSTOMER, body, what="customer"), shop=shop)


def _product(body: Mapping[str, Any], _: Webhook, shop: str, rules: Rules) -> Translation:
    return product_snapshot(load(schemas.PRODUCT, body, what="product"), shop=shop, rules=rules)


def _edit(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    return _named_order(body["order_edit"], "order edit", "an edit tells which lines changed, not to what")


def _tags(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    return _gid_of("customer", body["customerId"], "tags of a customer changed; not all of them are told")


def _merge(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    if body.get("status") != "completed":
        return Ignored("a merging of customers that is not completed")
    gid = body.get("admin_graphql_api_customer_deleted_id")
    return _gid_of("customer", gid, "a customer was merged into another")


def _consent(body: Mapping[str, Any], shop: str) -> tuple[Translation, ...]:
    told = load(schemas.CONSENT, body, what="consent")
    consent = email_consent(told, shop=shop)
    if not is_redacted(told):
        return (consent,)
    return (consent, NeedsRead(Ref("customer", consent.customer), "a customer may have been removed"))


def _contract(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    return _needs("subscription", body, "a contract tells neither its lines nor when it was changed")


def _discount(body: Mapping[str, Any], _: Webhook, shop: str, __: Rules) -> Translation:
    gid, title = str(body["admin_graphql_api_id"]), body.get("title")
    deleted_at = schemas.instant(body.get("deleted_at") or "")
    if deleted_at is not None:
        return deleted_code(gid, deleted_at, shop=shop)
    if isinstance(title, str) and not TITLE.search(title):
        return Ignored("a discount of the shop itself, or one that was renamed")
    return NeedsRead(Ref(KIND, gid), "a discount tells neither its code nor when it ends")


def _compliance(body: Mapping[str, Any], _: Webhook, __: str, ___: Rules) -> Translation:
    if "orders_requested" in body or "data_request" in body:
        return _data_request(body)
    if "customer" in body or "orders_to_redact" in body:
        return _customer_redact(body)
    return _shop_redact()


def _data_request(body: Mapping[str, Any]) -> Translation:
    """Return what customers/data_request asks for."""
    told = load(schemas.COMPLIANCE, body, what="data request")
    return _about_a_person(PrivacyKind.EXPORT, told, told["orders_requested"])


def _customer_redact(body: Mapping[str, Any]) -> Translation:
    """Return what customers/redact asks for."""
    told = load(schemas.COMPLIANCE, body, what="customer redact")
    return _about_a_person(PrivacyKind.ERASE, told, told["orders_to_redact"])


def _shop_redact() -> Translation:
    """Return what shop/redact asks for; it comes two days after the app was uninstalled."""
    return PrivacyRequest(kind=PrivacyKind.ERASE_SHOP, within=_WITHIN)


def _about_a_person(kind: PrivacyKind, told: Mapping[str, Any], orders: list[int]) -> Translation:
    customer, request = told["customer"] or {}, told["data_request"] or {}
    account, email = customer.get("id") or 0, customer.get("email") or ""
    if not account and not email and not orders:
        raise TranslationError("a request about a person names nobody")
    return PrivacyRequest(
        kind=kind,
        id=str(request.get("id") or ""),
        customer=str(account or ""),
        email=email,
        orders=tuple(str(order) for order in orders),
        within=_WITHIN,
    )


def _shop(_: Mapping[str, Any], webhook: Webhook, __: str, ___: Rules) -> Translation:
    """Return what app/uninstalled tells: its body is that of the shop, as in shop/update."""
    if webhook.topic != "app/uninstalled":
        return Ignored("the shop's own data are not used")
    # A webhook that comes late must not end a connection that was made again since.
    return Disconnected(
        reason="the app was uninstalled from the shop",
        at=schemas.instant(webhook.hints.get(TRIGGERED_HINT, "")),
    )


_BY_KIND: Mapping[str, Callable[[Mapping[str, Any], Webhook, str, Rules], Translation]] = {
    "customer": _customer,
    "product": _product,
    "fulfillment": _fulfillment,
    "fulfillment_event": _fulfillment_event,
    "transaction": _transaction,
    "edit": _edit,
    "tags": _tags,
    "merge": _merge,
    "contract": _contract,
    "discount": _discount,
    "compliance": _compliance,
    "shop": _shop,
}


def _refuse_another_shop(body: Mapping[str, Any], webhook: Webhook, rules: Rules) -> None:
    """Raise TranslationError for what names another shop, so that a person sees it.

    One app, and so one secret, may serve several shops, and a shop may change its name. Some bodies name
    theirs under the signature; for all others there is a header.
    """
    told = body.get("shop_domain") or body.get("myshopify_domain")
    sender = told if isinstance(told, str) else webhook.hints.get(SHOP_HINT, "")
    if not rules.domain or not sender or sender == rules.domain:
        return
    name = "another shop" if domain.problem(sender) else sender
    raise TranslationError(
        f"this is of {name}, and not of {rules.domain}: let each shop send its webhooks to an address of its "
        "own; or, if that is the shop's new name, change its `domain`"
    )


def _unknown(body: Mapping[str, Any], topic: str) -> Translation:
    """Return what a body tells that names nothing but an id, or nothing that is known."""
    resource = topic.partition("/")[0]
    if kind_in(body.get("admin_graphql_api_id")):
        return Ignored("nothing that is used here")
    if resource in _OF_TOPIC and "id" in body:
        return _needs(_OF_TOPIC[resource], body, "the notice has little more than an id")
    if resource in _PARTS_OF_TOPIC and "order_id" in body:
        return _named_order(body, resource, "the notice has little more than the id of its order")
    return Ignored("nothing that is used here")


def _needs(kind: str, body: Mapping[str, Any], reason: str) -> NeedsRead:
    return NeedsRead(Ref(kind, identity(load(schemas.STUB, body, what=kind))), reason)


def _named_order(body: Any, what: str, reason: str) -> NeedsRead:
    told = load(schemas.NAMED, body, what=what)
    return NeedsRead(Ref("order", str(told["order_id"])), reason)


def _gid_of(kind: str, gid: object, reason: str) -> NeedsRead:
    number = number_in(gid)
    if not number:
        raise TranslationError(f"{kind}: not understood: the global id")
    return NeedsRead(Ref(kind, number), reason)
