"""Orders: what was bought, paid, sent and given back, and all amounts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from aftercare_shopify.fake.state.money import ZERO, Bag, Exchange, total
from aftercare_shopify.fake.state.parcels import Fulfillment
from aftercare_shopify.fake.state.people import Address
from aftercare_shopify.fake.state.refunds import Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A discount as an order knows it. `kind` is `code` or `manual`; `value` is in percent or an amount."""

    kind: str
    title: str
    value: Decimal
    percentage: bool
    target: str = "line_item"
    selection: str = "all"
    method: str = "across"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What an application, by its index, takes off a line."""

    application: int
    amount: Bag


@dataclass(slots=True, kw_only=True)
class Line:
    """One product of an order. `quantity` includes what was given back or removed."""

    id: int
    product: int
    variant: int
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    price: Bag
    quantity: int
    tax: int
    taxable: bool = True
    requires_shipping: bool = True
    gift_card: bool = False
    plan: tuple[str, int] | None = None
    """The selling plan: its name and its id."""
    contract: int | None = None
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The title with that of the variant."""
        return f"{self.title} - {self.variant_title}" if self.variant_title else self.title

    @property
    def gross(self) -> Bag:
        """Before discounts."""
        return self.price.times(self.quantity)

    @property
    def discount(self) -> Bag:
        """All discounts on it."""
        return total(each.amount for each in self.allocations)

    @property
    def net(self) -> Bag:
        """After discounts; with tax only if the prices include it."""
        return self.gross - self.discount


@dataclass(slots=True, kw_only=True)
class Shipping:
    """How an order travels, and what that costs."""

    id: int
    title: str
    price: Bag
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def discount(self) -> Bag:
        """All discounts on it."""
        return total(each.amount for each in self.allocations)

    @property
    def net(self) -> Bag:
        """After discounts."""
        return self.price - self.discount


@dataclass(slots=True, kw_only=True)
class Transaction:
    """Money that moves, or is meant to. `kind` and `status` in small letters."""

    id: int
    kind: str
    status: str
    gateway: str
    amount: Bag
    created: datetime
    processed: datetime | None
    parent: int | None = None
    test: bool = False
    manual: bool = False
    payment: str = ""


@dataclass(slots=True, kw_only=True)
class Order:
    """An order."""

    id: int
    number: int
    created: datetime
    updated: datetime
    processed: datetime
    exchange: Exchange
    lines: list[Line]
    shipping: list[Shipping]
    customer: int | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    destination: Address | None = None
    locale: str | None = "ja"
    gateway: str = "shopify_payments"
    manual: bool = False
    test: bool = False
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    source: str = "web"
    taxes_included: bool = True
    shipping_tax: int = 0
    applications: list[Application] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    cancelled: datetime | None = None
    cancel_reason: str | None = None
    closed: datetime | None = None
    edited: bool = False
    original_total: Bag = ZERO
    accepts_marketing: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return f"#{self.number}"

    def own_discount(self, line: Line) -> Bag:
        """Return the discounts that are meant for a line, and not for the whole order."""
        own = (each for each in line.allocations if self.applications[each.application].selection != "all")
        return total(each.amount for each in own)

    def line(self, number: int) -> Line:
        """Return a line by its id. Raises KeyError."""
        for each in self.lines:
            if each.id == number:
                return each
        raise KeyError(number)

    def tax_of(self, net: Bag, rate: int) -> Bag:
        """Return the tax in, or on, an amount."""
        return net.rated(Decimal(rate) / (100 + rate if self.taxes_included else 100))

    def line_tax(self, line: Line) -> Bag:
        """Return the tax in, or on, a whole line."""
        return self.tax_of(line.net, line.tax) if line.taxable else ZERO

    def shipping_tax_of(self, shipping: Shipping) -> Bag:
        """Return the tax in, or on, shipping."""
        return self.tax_of(shipping.net, self.shipping_tax)

    def gone(self, line: Line) -> int:
        """Return how many pieces of a line were given back or removed."""
        return sum(each.quantity for refund in self.refunds for each in refund.lines if each.line == line.id)

    def current(self, line: Line) -> int:
        """Return how many pieces of a line are still part of the order."""
        return line.quantity - self.gone(line)

    def sent(self, line: Line) -> int:
        """Return how many pieces of a line have left the shop."""
        return sum(each.lines.get(line.id, 0) for each in self.fulfillments if each.status == "success")

    def unsent(self, line: Line) -> int:
        """Return how many pieces of a line were taken out before they left the shop."""
        return sum(each.unsent for refund in self.refunds for each in refund.lines if each.line == line.id)

    def to_send(self, line: Line) -> int:
        """Return how many pieces of a line are still to be sent."""
        if self.cancelled is not None:
            return 0
        return max(0, line.quantity - self.unsent(line) - self.sent(line))

    # Amounts before anything was given back.

    @property
    def gross(self) -> Bag:
        """All lines before discounts."""
        return total(each.gross for each in self.lines)

    @property
    def discounts(self) -> Bag:
        """All discounts, those on shipping among them."""
        parts: tuple[Line | Shipping, ...] = (*self.lines, *self.shipping)
        return total(each.discount for each in parts)

    @property
    def subtotal(self) -> Bag:
        """All lines after discounts."""
        return total(each.net for each in self.lines)

    @property
    def shipping_price(self) -> Bag:
        """Shipping before discounts."""
        return total(each.price for each in self.shipping)

    @property
    def shipping_net(self) -> Bag:
        """Shipping after discounts."""
        return total(each.net for each in self.shipping)

    @property
    def tax(self) -> Bag:
        """All taxes."""
        lines = (self.line_tax(each) for each in self.lines)
        return total(lines) + total(self.shipping_tax_of(each) for each in self.shipping)

    @property
    def total(self) -> Bag:
        """What the customer pays."""
        return self.subtotal + self.shipping_net + (ZERO if self.taxes_included else self.tax)

    # Amounts after what was given back.

    @property
    def current_subtotal(self) -> Bag:
        """What is left of the subtotal."""
        return self.subtotal - total(each.subtotal for refund in self.refunds for each in refund.lines)

    @property
    def current_tax(self) -> Bag:
        """What is left of the taxes."""
        back = total(each.tax for refund in self.refunds for each in refund.lines)
        return self.tax - back - total(refund.shipping_tax for refund in self.refunds)

    @property
    def current_discounts(self) -> Bag:
        """What is left of the discounts."""
        lines = (each.discount.portion(self.current(each), each.quantity) for each in self.lines)
        return total(lines) + total(each.discount for each in self.shipping)

    @property
    def current_shipping(self) -> Bag:
        """What is left of shipping."""
        return self.shipping_net - total(refund.shipping for refund in self.refunds)

    @property
    def current_total(self) -> Bag:
        """What is left of the total, less what was given back beyond lines and shipping."""
        left = self.current_subtotal + self.current_shipping
        left += ZERO if self.taxes_included else self.current_tax
        return left - total(refund.beyond for refund in self.refunds)

    # Money that moved.

    def _moved(self, *kinds: str) -> Bag:
        return total(
            each.amount for each in self.transactions if each.kind in kinds and each.status == "success"
        )

    @property
    def received(self) -> Bag:
        """What was paid."""
        return self._moved("sale", "capture")

    @property
    def refunded(self) -> Bag:
        """What was paid back."""
        return self._moved("refund")

    @property
    def outstanding(self) -> Bag:
        """What is still to be paid; negative if the customer is owed something."""
        return self.current_total - (self.received - self.refunded)

    @property
    def capturable(self) -> Bag:
        """What is authorized and neither taken nor let go."""
        done = {each.parent for each in self.transactions if each.kind in ("capture", "void")}
        return total(
            each.amount for each in self.transactions if each.kind == "authorization" and each.id not in done
        )

    @property
    def financial_status(self) -> str:
        """How far it is paid, in small letters."""
        received, refunded = self.received.presentment, self.refunded.presentment
        if received > 0:
            if refunded >= received:
                return "refunded"
            if refunded > 0:
                return "partially_refunded"
            return "paid" if self.outstanding.presentment <= 0 else "partially_paid"
        if self.cancelled is not None or any(each.kind == "void" for each in self.transactions):
            return "voided"
        if self.total.presentment == 0:
            return "paid"
        return "authorized" if self.capturable.presentment else "pending"

    @property
    def fulfillment_status(self) -> str | None:
        """How far it is sent: None, `partial`, `fulfilled`, or `restocked` if all of it came back before."""
        sent = sum(self.sent(line) for line in self.lines)
        if any(self.to_send(line) for line in self.lines):
            return "partial" if sent else None
        if sent:
            return "fulfilled"
        return "restocked" if any(each.restocks for each in self.refunds) else None
