"""What is kept of every object: one register per field, so that pictures can be merged in any order.

The merge table of the design, per field:

    latest version wins     number, status, placing, contact, gateway, codes, country, locale, cancelled, …
    exact, then latest      the money of an order: what is rounded never replaces what is exact
    latest known wins       customer account, product and sku of a line: shops blank them later
    earliest wins           purchase, shipments, deliveries
    all are kept            the moments at which the order was seen cancelled; what a code was at a moment
    once true, always true  test order, a review that was approved or waited for approval
    latest list wins        refunds: only an authoritative complete list removes one, and leaves a tombstone

Every merge is commutative, associative and idempotent: the order of arrival cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records.codes import CodeRecord, code_record, gone_code
from aftercare_sdk.model.records.consents import ConsentRecord, consent_record, gone_consent
from aftercare_sdk.model.records.customers import CustomerRecord, customer_record, gone_customer
from aftercare_sdk.model.records.orders import (
    UNNAMED_REFUND,
    LineProduct,
    OrderRecord,
    RefundRecord,
    gone_order,
    order_record,
)
from aftercare_sdk.model.records.products import ProductRecord, gone_product, product_record
from aftercare_sdk.model.records.reviews import ReviewRecord, gone_review, review_record
from aftercare_sdk.model.records.subscriptions import (
    SubscriptionRecord,
    gone_subscription,
    subscription_record,
)
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.subscriptions import SubscriptionSnapshot
from aftercare_sdk.model.versions import Version

__all__ = [
    "KINDS",
    "UNNAMED_REFUND",
    "CodeRecord",
    "ConsentRecord",
    "CustomerRecord",
    "Kind",
    "LineProduct",
    "OrderRecord",
    "ProductRecord",
    "Record",
    "RefundRecord",
    "ReviewRecord",
    "Snapshot",
    "SubscriptionRecord",
    "code_record",
    "consent_record",
    "customer_record",
    "gone",
    "gone_code",
    "gone_consent",
    "gone_customer",
    "gone_order",
    "gone_product",
    "gone_review",
    "gone_subscription",
    "kind_of",
    "merged",
    "names_nobody",
    "names_somebody",
    "order_record",
    "product_record",
    "record_of",
    "review_record",
    "subscription_record",
]

Snapshot = (
    OrderSnapshot
    | CustomerSnapshot
    | ProductSnapshot
    | ReviewSnapshot
    | ConsentSnapshot
    | SubscriptionSnapshot
    | CodeSnapshot
)
"""The picture of an object that an adapter draws."""

Record = (
    OrderRecord
    | CustomerRecord
    | ProductRecord
    | ReviewRecord
    | ConsentRecord
    | SubscriptionRecord
    | CodeRecord
)
"""Everything told of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object: its picture, its record, and how the one becomes the other. A new one is one more."""

    snapshot: type[Any]
    record: type[Any]
    told: Callable[[Any], Record]
    gone: Callable[[str, str, Version], Record]


KINDS: Mapping[str, Kind] = {
    "order": Kind(snapshot=OrderSnapshot, record=OrderRecord, told=order_record, gone=gone_order),
    "customer": Kind(
        snapshot=CustomerSnapshot, record=CustomerRecord, told=customer_record, gone=gone_customer
    ),
    "product": Kind(snapshot=ProductSnapshot, record=ProductRecord, told=product_record, gone=gone_product),
    "review": Kind(snapshot=ReviewSnapshot, record=ReviewRecord, told=review_record, gone=gone_review),
    "consent": Kind(snapshot=ConsentSnapshot, record=ConsentRecord, told=consent_record, gone=gone_consent),
    "subscription": Kind(
        snapshot=SubscriptionSnapshot,
        record=SubscriptionRecord,
        told=subscription_record,
        gone=gone_subscription,
    ),
    "code": Kind(snapshot=CodeSnapshot, record=CodeRecord, told=code_record, gone=gone_code),
}
"""Every kind of object, by the word that `Ref.kind` and `Stream.kind` have for it."""

_NAMES = {
    **{kind.snapshot: name for name, kind in KINDS.items()},
    **{kind.record: name for name, kind in KINDS.items()},
}


def kind_of(one: Snapshot | Record) -> str:
    """Return the word for the kind of a picture or a record. Raises KeyError for anything else."""
    return _NAMES[type(one)]


def record_of(snapshot: Snapshot) -> Record:
    """Return one picture of an object as a record."""
    return KINDS[kind_of(snapshot)].told(snapshot)


def merged(one: Record, other: Record) -> Record:
    """Return two records of one object in one; they are of one kind."""
    merge: Callable[[Any], Record] = one.merge
    return merge(other)


def gone(kind: str, shop: str, id_: str, version: Version) -> Record:
    """Return the record of an object that the shop no longer has."""
    return KINDS[kind].gone(shop, id_, version)


def names_somebody(record: Record | None) -> bool:
    """Tell whether an order, a review or an account has a person."""
    return isinstance(record, OrderRecord | ReviewRecord | CustomerRecord) and bool(
        record.contact and record.contact.value
    )


def names_nobody(record: Record | None) -> bool:
    """Tell whether an order, a review or an account is told to have no person any more."""
    return isinstance(record, OrderRecord | ReviewRecord | CustomerRecord) and bool(
        record.contact and record.contact.value is None
    )
