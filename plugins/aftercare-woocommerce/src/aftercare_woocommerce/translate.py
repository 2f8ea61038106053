"""What a verified webhook tells.

The headers are not signed. So the body decides what it is about, and the topic is asked only where the body
cannot say: an id alone, or a body so broken that nobody could recognise it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref, Translation, Webhook
from aftercare_sdk.shops.payloads import load, parse
from aftercare_woocommerce import schemas
from aftercare_woocommerce.codes import KIND, is_ours
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.orders import DRAFTS, order_snapshot
from aftercare_woocommerce.people import customer_snapshot
from aftercare_woocommerce.products import product_snapshot

# Hooks whose argument is the id of an order. They tell no more than that something happened to it: all
# refunds of an order look the same, and a restored order is "completed" a second time.
_ORDER_ACTION = re.compile(
    r"woocommerce_(order_(status_[a-z_-]+|(fully_|partially_)?refunded)"
    r"|payment_complete|checkout_order_processed|new_order|update_order)"
)
_ERROR_CODE = re.compile(r"[a-z0-9_]{1,80}")
_KINDS = {"order": "order", "customer": "customer", "product": "product", "coupon": KIND}
"""What the model calls what topics are about."""


def translate(webhook: Webhook, *, shop: str, rules: Rules) -> tuple[Translation, ...]:
    """Return what the webhook tells. Raises TranslationError for a body that cannot be understood."""
    body = parse(webhook.body)
    if not isinstance(body, dict):
        raise TranslationError("the body is not a JSON object")
    if "id" not in body and {"action", "arg"} <= body.keys():
        return (_action(body),)
    if "id" not in body and {"code", "message", "data"} <= body.keys():
        return (_error(body),)
    resource, _, happened = webhook.topic.partition(".")
    known = kind_of(body)
    if "id" in body and (len(body) == 1 or (known is None and happened == "deleted")):
        return (_stub(body, resource),)
    kind = known or resource
    if kind == "order":
        return _order(body, shop, rules)
    if kind == "customer":
        return (_customer(body, shop, rules),)
    if kind == "product":
        return (_product(body, shop),)
    if kind == "coupon":
        return (_coupon(body),)
    return (Ignored("nothing that is used here"),)


def kind_of(body: Mapping[str, Any]) -> str | None:
    """Recognise an object by what only its kind has; None if it is none of those known."""
    if "line_items" in body and "billing" in body:
        return "order"
    if "username" in body and "role" in body:
        return "customer"
    if "permalink" in body and "catalog_visibility" in body:
        return "product"
    if "discount_type" in body:
        return "coupon"
    return None


def _order(body: Mapping[str, Any], shop: str, rules: Rules) -> tuple[Translation, ...]:
    if body.get("status") in DRAFTS:
        return (Ignored("an open checkout, not an order"),)
    if not body.get("date_modified_gmt"):
        return (_needs("order", body, "the payload does not say when the order was modified"),)
    order = load(schemas.ORDER, body, what="order")
    snapshot = order_snapshot(order, shop=shop, rules=rules)
    doubts = []
    if order["refunds"]:
        doubts.append("an order lists its refunds without their lines and dates")
    if snapshot.amounts is not None and snapshot.amounts.rounded:
        doubts.append("the amounts are rounded to the decimals of the store")
    if not doubts:
        return (snapshot,)
    return (snapshot, NeedsRead(Ref("order", snapshot.id), "; ".join(doubts)))


def _customer(body: Mapping[str, Any], shop: str, rules: Rules) -> Translation:
    customer = load(schemas.CUSTOMER, body, what="customer")
    if customer["role"] not in rules.customer_roles:
        return Ignored("a user of the shop's staff, not a customer")
    return customer_snapshot(customer, shop=shop)


def _product(body: Mapping[str, Any], shop: str) -> Translation:
    if not body.get("date_modified_gmt"):
        return _needs("product", body, "the payload does not say when the product was modified")
    return product_snapshot(load(schemas.PRODUCT, body, what="product"), shop=shop)


def _coupon(body: Mapping[str, Any]) -> Translation:
    if not is_ours(load(schemas.COUPON, body, what="coupon")):
        return Ignored("a coupon of the shop itself, which was not made for a reward")
    return _needs(KIND, body, "no date tells when the end of a coupon was moved")


def _stub(body: Mapping[str, Any], resource: str) -> Translation:
    # `product.deleted` is also sent for coupons and, with posts storage, for orders, and `coupon.deleted` for
    # both. To read a product or a coupon that is none finds nothing, which does no harm.
    if resource not in _KINDS:
        return Ignored("an id of nothing that is used here")
    return _needs(
        _KINDS[resource], body, "the notice of a deletion has an id only, and neither date nor state"
    )


def _needs(kind: str, body: Mapping[str, Any], reason: str) -> NeedsRead:
    stub = load(schemas.STUB, body, what=kind)
    return NeedsRead(Ref(kind, str(stub["id"])), reason)


def _action(body: Mapping[str, Any]) -> Translation:
    name = body["action"]
    if not isinstance(name, str) or not _ORDER_ACTION.fullmatch(name):
        return Ignored("an action that is not used")
    return _needs("order", {"id": body["arg"]}, "an action names the order and says nothing else of it")


def _error(body: Mapping[str, Any]) -> Ignored:
    code = body["code"]
    shown = code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else "no code"
    data = body["data"]
    status = data.get("status") if isinstance(data, dict) else data
    if status in (401, 403):
        return Ignored(
            f"an error in place of the object ({shown}): the user who owns this webhook may not read it; "
            "give that user the right, or make the webhook again as a user who has it"
        )
    return Ignored(f"an error in place of the object ({shown}): it was gone before the webhook was sent")
