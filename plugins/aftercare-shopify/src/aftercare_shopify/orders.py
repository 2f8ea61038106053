"""What an order says, whichever way it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aftercare_sdk.model.orders import Amounts, OrderSnapshot, Parcel, RefundSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_shopify.amounts import PAID, gateway_of, purchase_at
from aftercare_shopify.options import Rules
from aftercare_shopify.versions import UNDATED, dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """A fulfilment, by its `status` in any letters. `ships` is whether anything in it has to be carried.

    `at` is when it was created. `delivered_at`: the moment of its event `delivered`, if that is known.
    """

    id: str
    status: str
    at: datetime
    ships: bool = True
    delivered_at: datetime | None = None

    @property
    def left(self) -> bool:
        """Whether a parcel has left the shop."""
        return self.ships and self.status.lower() == "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTold:
    """An order, in the words of neither webhooks nor GraphQL.

    `financial_status` in any letters; `placed_at` is when it was processed, which of an order that was
    brought in from elsewhere is the date that it had there. `paid_at`: since when it is paid, if that is
    known. `refunds` None: they are not told; those of `amounts.refund_snapshot` that are None are left out.
    """

    id: str
    name: str
    placed_at: datetime
    updated_at: datetime
    financial_status: str
    cancelled_at: datetime | None
    test: bool
    gateways: Sequence[str]
    codes: Sequence[str]
    amounts: Amounts | None
    customer: str | None
    contact: Contact | None = field(repr=False)
    country: str
    locale: str
    needs_shipping: bool | None
    fulfilments: Sequence[Fulfilment]
    refunds: Sequence[RefundSnapshot] | None
    refunds_complete: bool
    paid_at: datetime | None
    selling_plans: Mapping[str, str] = field(default_factory=dict)
    erased: bool = False

    @property
    def paid(self) -> bool:
        """Whether Shopify says that it has been paid in full."""
        return self.financial_status.lower() in PAID


def order_snapshot(told: OrderTold, *, shop: str, rules: Rules) -> OrderSnapshot:
    """Return what the order says."""
    gateway = gateway_of(told.gateways, rules)
    snapshot = OrderSnapshot(
        shop=shop,
        id=told.id,
        version=UNDATED,
        number=told.name or None,
        placed_at=told.placed_at,
        status="cancelled" if told.cancelled_at else told.financial_status.lower() or None,
        customer=told.customer,
        contact=None if told.erased else told.contact,
        amounts=told.amounts,
        gateway=gateway,
        codes=tuple(told.codes),
        country=told.country or None,
        locale=told.locale or None,
        needs_shipping=told.needs_shipping,
        test=told.test,
        purchased_at=purchase_at(
            placed_at=told.placed_at,
            paid=told.paid,
            paid_at=told.paid_at,
            released=any(each.status.lower() == "success" for each in told.fulfilments),
            gateway=gateway,
            total=told.amounts.total if told.amounts else None,
            rules=rules,
        ),
        cancelled=told.cancelled_at is not None,
        cancelled_at=told.cancelled_at,
        shipments=shipments(told.fulfilments),
        deliveries=deliveries(told.fulfilments),
        refunds=None if told.refunds is None else tuple(told.refunds),
        refunds_complete=told.refunds_complete,
        selling_plans=told.selling_plans,
        erased=told.erased,
    )
    return dated(snapshot, told.updated_at)


def shipments(fulfilments: Sequence[Fulfilment]) -> tuple[Parcel, ...]:
    """Return the parcels that have left."""
    return tuple(Parcel(id=each.id, at=each.at) for each in fulfilments if each.left)


def deliveries(fulfilments: Sequence[Fulfilment]) -> tuple[Parcel, ...]:
    """Return the parcels that have arrived."""
    return tuple(
        Parcel(id=each.id, at=each.delivered_at)
        for each in fulfilments
        if each.ships and each.delivered_at is not None
    )
