"""What a message tells: one table of types, and behind each the schema that reads it and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aftercare_customshop import codes, orders, people, products, reviews, schemas
from aftercare_customshop.options import Rules
from aftercare_customshop.reading import load, misunderstood, parse
from aftercare_customshop.schemas import Data, Part
from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.shops import Ignored, Translation
from aftercare_sdk.shops.loading import compiled
from aftercare_sdk.shops.payloads import storable

PING = "ping"
"""The type of a message that only asks whether the signature is right."""

Told = tuple[Translation, ...]
_TYPE = re.compile(r"[a-zA-Z0-9_.]{1,64}")


def _ignored(reason: str) -> Callable[[Data, Rules], Told]:
    return lambda *_: (Ignored(reason),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of message. `dated_by`: the field whose presence lets a second copy be dropped."""

    data: type[Part]
    tell: Callable[[Data, Rules], Told]
    dated_by: str = "updated_at"


_ORDER = Kind(data=schemas.Order, tell=orders.order)
_CUSTOMER = Kind(data=schemas.Customer, tell=people.customer)
_PRODUCT = Kind(data=schemas.Product, tell=products.product)
_REVIEW = Kind(data=schemas.Review, tell=reviews.review)
_SUBSCRIPTION = Kind(data=schemas.Subscription, tell=_ignored("subscriptions are not used by this release"))

KINDS: Mapping[str, Kind] = {
    "order.created": _ORDER,
    "order.updated": _ORDER,
    "order.deleted": Kind(data=schemas.Deleted, tell=orders.deleted_order, dated_by="deleted_at"),
    "shipment.created": Kind(
        data=schemas.ShipmentCreated, tell=orders.shipment_created, dated_by="shipped_at"
    ),
    "delivery.reported": Kind(
        data=schemas.DeliveryReported, tell=orders.delivery_reported, dated_by="delivered_at"
    ),
    "refund.created": Kind(data=schemas.RefundCreated, tell=orders.refund_created, dated_by="refunded_at"),
    "customer.created": _CUSTOMER,
    "customer.updated": _CUSTOMER,
    "customer.deleted": Kind(data=schemas.Deleted, tell=people.deleted_customer, dated_by="deleted_at"),
    "product.created": _PRODUCT,
    "product.updated": _PRODUCT,
    "product.deleted": Kind(data=schemas.Deleted, tell=products.deleted_product, dated_by="deleted_at"),
    "review.created": _REVIEW,
    "review.updated": _REVIEW,
    "review.deleted": Kind(data=schemas.Deleted, tell=reviews.deleted_review, dated_by="deleted_at"),
    "discount_code.updated": Kind(data=schemas.DiscountCode, tell=codes.code),
    "discount_code.deleted": Kind(data=schemas.Deleted, tell=codes.deleted_code, dated_by="deleted_at"),
    "subscription.created": _SUBSCRIPTION,
    "subscription.updated": _SUBSCRIPTION,
    "subscription.ended": _SUBSCRIPTION,
    PING: Kind(data=schemas.Ping, tell=_ignored("a ping")),
}

# Compiled once: that costs more than reading a message.
_LOADERS = {data: compiled(schemas.envelope(data)) for data in {kind.data for kind in KINDS.values()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the endpoint must know of a message before it is stored: its type, and whether it is dated."""

    type: str = ""
    dated: bool = False


def announcement(body: bytes) -> Announcement:
    """Look at a signed message; what is none is stored all the same, so that a person sees it parked."""
    try:
        told = parse(body)
    except TranslationError:
        return Announcement()
    named, data = told.get("type"), told.get("data")
    if not isinstance(named, str):
        return Announcement()
    kind = KINDS.get(named)
    dated = kind is not None and isinstance(data, dict) and isinstance(data.get(kind.dated_by), str)
    return Announcement(type=storable(named), dated=dated)


def translate(body: bytes, rules: Rules) -> Told:
    """Return what a message tells. Raises TranslationError if it cannot be understood."""
    told: Mapping[str, Any] = parse(body)
    named = told.get("type")
    if not isinstance(named, str):
        raise misunderstood(["type is missing" if named is None else "type must be text"])
    kind = KINDS.get(named)
    if kind is None:
        shown = f" {named}" if _TYPE.fullmatch(named) else ""
        return (Ignored(f"the type{shown} is none that is used here"),)
    try:
        return kind.tell(load(_LOADERS[kind.data], told)["data"], rules)
    except TranslationError as error:
        raise TranslationError(f"{named}: {error}") from None
