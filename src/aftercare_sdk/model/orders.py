"""Orders: the picture an adapter draws (`OrderSnapshot`) and what is known in sum (`Order`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line. `paid` is net of discounts and includes `tax`, for the whole quantity.

    `selling_plan` is the name of the plan by which it was bought, such as a subscription to it. Adapters tell
    it in `OrderSnapshot.selling_plans`.
    """

    id: str
    title: str
    quantity: int
    paid: Money
    tax: Money
    product: str | None = None
    variant: str | None = None
    sku: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    gift_card: bool = False
    on_sale: bool = False
    selling_plan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """What a refund gave back for one order line. `amount` includes tax and is positive."""

    line: str
    quantity: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSnapshot:
    """One refund. `lines` None: not told yet; empty: an amount without lines. `amount` is positive."""

    id: str
    amount: Money
    lines: tuple[RefundLine, ...] | None = None
    refunded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The money side of an order, which changes only as a whole. `rounded`: coarser than the currency."""

    total: Money
    shipping: Money
    lines: tuple[OrderLine, ...]
    rounded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A shipment or a delivery of it: the same `id` names both."""

    id: str
    at: datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot:
    """An order as it now seems to the shop. None means "not told"; it never overwrites what is known.

    `purchased_at` (see `aftercare_sdk.shops.purchases`), shipments and deliveries are first-time facts:
    the earliest moment seen counts. `cancelled_at` is since when it is cancelled, if the shop says so; else
    that is when the picture was made. `refunds_complete` says that `refunds` is the authoritative, complete
    list. `selling_plans` names the plans by which lines were bought, by the id of the line. `erased` says
    that the shop has removed the person from this order. `partial`: a notice of single facts and no picture
    of the order; what it does not name is not missing.
    """

    shop: str
    id: str
    version: Version
    number: str | None = None
    placed_at: datetime | None = None
    status: str | None = None
    customer: str | None = None
    contact: Contact | None = field(default=None, repr=False)
    amounts: Amounts | None = None
    gateway: str | None = None
    codes: tuple[str, ...] | None = None
    country: str | None = None
    locale: str | None = None
    needs_shipping: bool | None = None
    test: bool = False
    purchased_at: datetime | None = None
    cancelled: bool | None = None
    cancelled_at: datetime | None = None
    shipments: tuple[Parcel, ...] = ()
    deliveries: tuple[Parcel, ...] = ()
    refunds: tuple[RefundSnapshot, ...] | None = None
    refunds_complete: bool = False
    selling_plans: Mapping[str, str] = field(default_factory=dict)
    erased: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefund:
    """A refund of an order, as known in sum."""

    id: str
    amount: Money
    lines: tuple[RefundLine, ...] | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is known of an order, without personal data. This is what plugins see."""

    shop: str
    id: str
    number: str
    placed_at: datetime
    status: str = ""
    total: Money | None = None
    shipping: Money | None = None
    lines: tuple[OrderLine, ...] = ()
    gateway: str = ""
    codes: tuple[str, ...] = ()
    country: str = ""
    locale: str = ""
    needs_shipping: bool = True
    test: bool = False
    purchased_at: datetime | None = None
    cancelled: bool = False
    cancelled_at: datetime | None = None
    shipments: tuple[Parcel, ...] = ()
    deliveries: tuple[Parcel, ...] = ()
    refunds: tuple[OrderRefund, ...] = ()

    @property
    def ref(self) -> str:
        """The name of the order in scopes, premises and event ids: `shop/order/1042`."""
        return order_ref(self.shop, self.id)

    @property
    def refunded(self) -> Money | None:
        """What has been given back so far."""
        if self.total is None:
            return None
        return sum((refund.amount for refund in self.refunds), Money(0, self.total.currency))

    @property
    def fully_refunded(self) -> bool:
        """Whether at least the whole total has been given back."""
        given_back = self.refunded
        return (
            bool(self.refunds)
            and self.total is not None
            and given_back is not None
            and given_back.minor >= self.total.minor
        )

    def as_of(self, moment: datetime) -> Order:
        """Return the order with only those facts that had occurred by `moment`."""
        gone = self.cancelled_at is not None and self.cancelled_at > moment
        parcels = (*self.shipments, *self.deliveries)
        if not (
            gone or any(one.at > moment for one in parcels) or any(one.at > moment for one in self.refunds)
        ):
            return self
        return replace(
            self,
            cancelled=self.cancelled and not gone,
            cancelled_at=None if gone else self.cancelled_at,
            shipments=tuple(parcel for parcel in self.shipments if parcel.at <= moment),
            deliveries=tuple(parcel for parcel in self.deliveries if parcel.at <= moment),
            refunds=tuple(refund for refund in self.refunds if refund.at <= moment),
        )


def order_ref(shop: str, order: str) -> str:
    """Return the name of an order in scopes, premises and event ids."""
    return f"{shop}/order/{order}"
