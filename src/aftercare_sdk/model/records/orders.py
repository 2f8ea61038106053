"""Orders, as everything that was told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderSnapshot, RefundLine, RefundSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.records.registers import earlier, earliest, later_of, newer, told, told_null
from aftercare_sdk.model.versions import Register, Version, later

UNNAMED_REFUND = "file"
"""The id of what was given back in all, by a file that does not name the single refunds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProduct:
    """Which product a line sold: each part as it was last told, since shops blank them one by one."""

    product: Register[str] | None = None
    variant: Register[str] | None = None
    sku: Register[str] | None = None

    def merge(self, other: LineProduct) -> LineProduct:
        """Return both in one."""
        return LineProduct(
            product=later(self.product, other.product),
            variant=later(self.variant, other.variant),
            sku=later(self.sku, other.sku),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecord:
    """One refund: `told_at` is the earliest picture that lists it, `dated` the shop's own date."""

    amount: Register[Money]
    lines: Register[tuple[RefundLine, ...]] | None
    told_at: datetime | None
    dated: datetime | None
    seen: Version

    def merge(self, other: RefundRecord) -> RefundRecord:
        """Return both in one."""
        return RefundRecord(
            amount=later_of(self.amount, other.amount),
            lines=later(self.lines, other.lines),
            told_at=earlier(self.told_at, other.told_at),
            dated=earlier(self.dated, other.dated),
            seen=newer(self.seen, other.seen),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """Everything told of one order. `contact` is personal data and is stored apart."""

    shop: str
    id: str
    latest: Version
    number: Register[str] | None = None
    placed_at: Register[datetime] | None = None
    status: Register[str] | None = None
    customer: Register[str] | None = None
    contact: Register[Contact | None] | None = field(default=None, repr=False)
    amounts: Register[Amounts] | None = None
    products: Mapping[str, LineProduct] = field(default_factory=dict)
    selling_plans: Mapping[str, Register[str]] = field(default_factory=dict)
    gateway: Register[str] | None = None
    codes: Register[tuple[str, ...]] | None = None
    country: Register[str] | None = None
    locale: Register[str] | None = None
    needs_shipping: Register[bool] | None = None
    test: bool = False
    purchased_at: datetime | None = None
    cancelled: Register[bool] | None = None
    cancellations: frozenset[datetime] = frozenset()
    shipments: Mapping[str, datetime] = field(default_factory=dict)
    deliveries: Mapping[str, datetime] = field(default_factory=dict)
    refunds: Mapping[str, RefundRecord] = field(default_factory=dict)
    refund_list: Register[tuple[str, ...]] | None = None
    refunds_told: Register[tuple[str, ...]] | None = None

    def merge(self, other: OrderRecord) -> OrderRecord:
        """Return both in one."""
        latest: dict[str, Any] = {name: later(getattr(self, name), getattr(other, name)) for name in _LATEST}
        return replace(
            self,
            **latest,
            latest=newer(self.latest, other.latest),
            amounts=_exact_then_later(self.amounts, other.amounts),
            products={
                line: product.merge(other.products.get(line, product))
                for line, product in {**other.products, **self.products}.items()
            },
            selling_plans={
                line: later_of(plan, other.selling_plans.get(line, plan))
                for line, plan in {**other.selling_plans, **self.selling_plans}.items()
            },
            test=self.test or other.test,
            purchased_at=earlier(self.purchased_at, other.purchased_at),
            cancellations=self.cancellations | other.cancellations,
            shipments=earliest(self.shipments, other.shipments),
            deliveries=earliest(self.deliveries, other.deliveries),
            refunds={
                id_: refund.merge(other.refunds.get(id_, refund))
                for id_, refund in {**other.refunds, **self.refunds}.items()
            },
        )

    @property
    def cancelled_at(self) -> datetime | None:
        """Since when the purchase is called off: not counted is what happened to an order not yet paid."""
        after = [at for at in self.cancellations if self.purchased_at is not None and at >= self.purchased_at]
        return min(after, default=None)

    def withdrawn(self, refund: str) -> bool:
        """Whether a later authoritative list no longer has this refund.

        One that a file told without naming it gives way to whatever the shop lists.
        """
        told = self.refunds_told
        if refund == UNNAMED_REFUND and told is not None and not told.version.imported:
            return UNNAMED_REFUND not in told.value
        listed = self.refund_list
        return (
            listed is not None
            and refund not in listed.value
            and listed.version.rank > self.refunds[refund].seen.rank
        )

    @property
    def misses_refund(self) -> bool:
        """Whether the latest list, complete or not, no longer has a refund that nobody has withdrawn."""
        told = self.refunds_told
        return told is not None and any(
            id_ not in told.value and told.version.rank > refund.seen.rank and not self.withdrawn(id_)
            for id_, refund in self.refunds.items()
        )


_LATEST = (
    "number",
    "placed_at",
    "status",
    "customer",
    "contact",
    "gateway",
    "codes",
    "country",
    "locale",
    "needs_shipping",
    "cancelled",
    "refund_list",
    "refunds_told",
)


def order_record(snapshot: OrderSnapshot) -> OrderRecord:
    """Return one picture of an order as a record."""
    version = snapshot.version
    amounts = snapshot.amounts
    refunds = snapshot.refunds or ()
    listed = tuple(sorted(refund.id for refund in refunds))
    return OrderRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=Version() if snapshot.partial else version,
        number=told(snapshot.number, version),
        placed_at=told(snapshot.placed_at, version),
        status=told(snapshot.status, version),
        customer=told(snapshot.customer, version),
        contact=Register(None, version) if snapshot.erased else told_null(snapshot.contact, version),
        amounts=told(amounts, version),
        products={
            line.id: LineProduct(
                product=told(line.product or None, version),
                variant=told(line.variant or None, version),
                sku=told(line.sku or None, version),
            )
            for line in (amounts.lines if amounts else ())
            if line.product or line.sku
        },
        selling_plans={line: Register(plan, version) for line, plan in snapshot.selling_plans.items()},
        gateway=told(snapshot.gateway, version),
        codes=told(snapshot.codes, version),
        country=told(snapshot.country, version),
        locale=told(snapshot.locale, version),
        needs_shipping=told(snapshot.needs_shipping, version),
        test=snapshot.test,
        purchased_at=snapshot.purchased_at,
        cancelled=told(snapshot.cancelled, version),
        cancellations=_cancelled_at(version, snapshot.cancelled_at) if snapshot.cancelled else frozenset(),
        shipments={parcel.id: parcel.at for parcel in snapshot.shipments},
        deliveries={parcel.id: parcel.at for parcel in snapshot.deliveries},
        refunds={refund.id: _refund_record(refund, version) for refund in refunds},
        refund_list=Register(listed, version) if snapshot.refunds_complete else None,
        refunds_told=None if snapshot.refunds is None or snapshot.partial else Register(listed, version),
    )


def gone_order(shop: str, order: str, version: Version) -> OrderRecord:
    """Return the record of an order that the shop no longer has: called off for good."""
    return OrderRecord(
        shop=shop,
        id=order,
        latest=version,
        cancelled=Register(value=True, version=version),
        cancellations=_cancelled_at(version),
    )


def _cancelled_at(version: Version, told: datetime | None = None) -> frozenset[datetime]:
    at = told or version.instant
    return frozenset() if at is None else frozenset({at})


def _refund_record(refund: RefundSnapshot, version: Version) -> RefundRecord:
    return RefundRecord(
        amount=Register(refund.amount, version),
        lines=told(refund.lines, version),
        told_at=version.instant,
        dated=refund.refunded_at,
        seen=version,
    )


def _exact_then_later(
    one: Register[Amounts] | None, other: Register[Amounts] | None
) -> Register[Amounts] | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda register: (not register.value.rounded, register.version.rank))
