"""What is kept of every object: one register per field, so that pictures can be merged in any order.

The merge table of the design, per field:

    latest version wins     number, status, placing, contact, gateway, codes, country, locale, cancelled, …
    exact, then latest      the money of an order: what is rounded never replaces what is exact
    latest known wins       customer account, product and sku of a line: shops blank them later
    earliest wins           purchase, shipments, deliveries
    all are kept            the moments at which the order was seen cancelled
    once true, always true  test order
    latest list wins        refunds: only an authoritative complete list removes one, and leaves a tombstone

Every merge is commutative, associative and idempotent: the order of arrival cannot matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, TypeVar

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderSnapshot, RefundLine, RefundSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot, fold_email
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.versions import Register, Version, later

T = TypeVar("T")

UNNAMED_REFUND = "file"
"""The id of what was given back in all, by a file that does not name the single refunds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProduct:
    """Which product a line sold, as long as the shop still said so."""

    product: str | None
    variant: str | None
    sku: str | None


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
            amount=_later(self.amount, other.amount),
            lines=later(self.lines, other.lines),
            told_at=_earlier(self.told_at, other.told_at),
            dated=_earlier(self.dated, other.dated),
            seen=_newer(self.seen, other.seen),
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
    products: Mapping[str, Register[LineProduct]] = field(default_factory=dict)
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
            latest=_newer(self.latest, other.latest),
            amounts=_exact_then_later(self.amounts, other.amounts),
            products={
                line: _later(register, other.products.get(line, register))
                for line, register in {**other.products, **self.products}.items()
            },
            test=self.test or other.test,
            purchased_at=_earlier(self.purchased_at, other.purchased_at),
            cancellations=self.cancellations | other.cancellations,
            shipments=_earliest(self.shipments, other.shipments),
            deliveries=_earliest(self.deliveries, other.deliveries),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """Everything told of one account. What is not repr'd is personal data and is stored apart."""

    shop: str
    id: str
    latest: Version
    contact: Register[Contact | None] | None = field(default=None, repr=False)
    emails: frozenset[str] = field(default=frozenset(), repr=False)
    locale: Register[str] | None = None
    zone: Register[str] | None = None
    birthday: Register[date | None] | None = field(default=None, repr=False)
    tags: Register[tuple[str, ...]] | None = None
    attributes: Register[Mapping[str, str]] | None = field(default=None, repr=False)
    deleted: Register[bool] | None = None

    def merge(self, other: CustomerRecord) -> CustomerRecord:
        """Return both in one; every e-mail that the account ever had stays with it."""
        return replace(_merge_registers(self, other), emails=self.emails | other.emails)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """Everything told of one product."""

    shop: str
    id: str
    latest: Version
    parent: Register[str] | None = None
    sku: Register[str] | None = None
    title: Register[str] | None = None
    url: Register[str] | None = None
    categories: Register[tuple[str, ...]] | None = None
    tags: Register[tuple[str, ...]] | None = None
    attributes: Register[Mapping[str, str]] | None = None
    needs_shipping: Register[bool] | None = None
    deleted: Register[bool] | None = None

    def merge(self, other: ProductRecord) -> ProductRecord:
        """Return both in one."""
        return _merge_registers(self, other)


Record = OrderRecord | CustomerRecord | ProductRecord


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
        number=_told(snapshot.number, version),
        placed_at=_told(snapshot.placed_at, version),
        status=_told(snapshot.status, version),
        customer=_told(snapshot.customer, version),
        contact=Register(None, version) if snapshot.erased else _told_null(snapshot.contact, version),
        amounts=_told(amounts, version),
        products={
            line.id: Register(LineProduct(product=line.product, variant=line.variant, sku=line.sku), version)
            for line in (amounts.lines if amounts else ())
            if line.product or line.sku
        },
        gateway=_told(snapshot.gateway, version),
        codes=_told(snapshot.codes, version),
        country=_told(snapshot.country, version),
        locale=_told(snapshot.locale, version),
        needs_shipping=_told(snapshot.needs_shipping, version),
        test=snapshot.test,
        purchased_at=snapshot.purchased_at,
        cancelled=_told(snapshot.cancelled, version),
        cancellations=_cancelled_at(version) if snapshot.cancelled else frozenset(),
        shipments={parcel.id: parcel.at for parcel in snapshot.shipments},
        deliveries={parcel.id: parcel.at for parcel in snapshot.deliveries},
        refunds={refund.id: _refund_record(refund, version) for refund in refunds},
        refund_list=Register(listed, version) if snapshot.refunds_complete else None,
        refunds_told=None if snapshot.refunds is None or snapshot.partial else Register(listed, version),
    )


def customer_record(snapshot: CustomerSnapshot) -> CustomerRecord:
    """Return one picture of an account as a record."""
    version = snapshot.version
    address = fold_email(snapshot.contact.email) if snapshot.contact and not snapshot.erased else ""
    return CustomerRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        contact=Register(None, version) if snapshot.erased else _told_null(snapshot.contact, version),
        emails=frozenset({address} - {""}),
        locale=_told(snapshot.locale, version),
        zone=_told(snapshot.zone, version),
        birthday=Register(None, version) if snapshot.erased else _told_null(snapshot.birthday, version),
        tags=_told(snapshot.tags, version),
        attributes=_told(snapshot.attributes, version),
        deleted=_told(snapshot.deleted, version),
    )


def product_record(snapshot: ProductSnapshot) -> ProductRecord:
    """Return one picture of a product as a record."""
    version = snapshot.version
    return ProductRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        parent=_told(snapshot.parent, version),
        sku=_told(snapshot.sku, version),
        title=_told(snapshot.title, version),
        url=_told(snapshot.url, version),
        categories=_told(snapshot.categories, version),
        tags=_told(snapshot.tags, version),
        attributes=_told(snapshot.attributes, version),
        needs_shipping=_told(snapshot.needs_shipping, version),
        deleted=_told(snapshot.deleted, version),
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


def gone_customer(shop: str, customer: str, version: Version) -> CustomerRecord:
    """Return the record of an account that the shop no longer has."""
    return CustomerRecord(
        shop=shop, id=customer, latest=version, deleted=Register(value=True, version=version)
    )


def gone_product(shop: str, product: str, version: Version) -> ProductRecord:
    """Return the record of a product that the shop no longer has."""
    gone = Register(value=True, version=version)
    return ProductRecord(shop=shop, id=product, latest=version, deleted=gone)


def _cancelled_at(version: Version) -> frozenset[datetime]:
    return frozenset() if version.instant is None else frozenset({version.instant})


def _refund_record(refund: RefundSnapshot, version: Version) -> RefundRecord:
    return RefundRecord(
        amount=Register(refund.amount, version),
        lines=_told(refund.lines, version),
        told_at=version.instant,
        dated=refund.refunded_at,
        seen=version,
    )


def _told(value: T | None, version: Version) -> Register[T] | None:
    return None if value is None else Register(value, version)


def _told_null(value: T | None, version: Version) -> Register[T | None] | None:
    register: Register[T | None] = Register(value, version)
    return None if value is None else register


def _newer(one: Version, other: Version) -> Version:
    return max(one, other, key=lambda version: version.rank)


def _later(one: Register[T], other: Register[T]) -> Register[T]:
    return max(one, other, key=lambda register: register.version.rank)


def _exact_then_later(
    one: Register[Amounts] | None, other: Register[Amounts] | None
) -> Register[Amounts] | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda register: (not register.value.rounded, register.version.rank))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _earliest(one: Mapping[str, datetime], other: Mapping[str, datetime]) -> dict[str, datetime]:
    return {id_: min(at, one.get(id_, at), other.get(id_, at)) for id_, at in {**one, **other}.items()}


R = TypeVar("R", CustomerRecord, ProductRecord)


def _merge_registers(one: R, other: R) -> R:
    """Merge every register by the latest version; for records whose fields have no other rule."""
    merged: dict[str, Any] = {
        entry.name: later(getattr(one, entry.name), getattr(other, entry.name))
        for entry in fields(one)
        if entry.name not in {"shop", "id", "latest", "emails"}
    }
    return replace(one, latest=_newer(one.latest, other.latest), **merged)
