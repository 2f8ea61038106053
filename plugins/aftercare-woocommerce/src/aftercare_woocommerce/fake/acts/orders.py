"""What staff does with orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.acts.refunds import Refunds
from aftercare_woocommerce.fake.records import alone
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.state.amounts import currency_decimals, money, split_tax, tax_rate
from aftercare_woocommerce.fake.state.lines import Line, gross
from aftercare_woocommerce.fake.state.orders import Order


class Orders(Refunds):
    """Orders: paid, completed, changed, thrown away."""

    @alone
    def pay(self, order: int) -> None:
        """Pay an order."""
        told = self.orders[order]
        told.paid = told.paid or self.now
        if told.customer in self.customers:
            self.customers[told.customer].fields["is_paying_customer"] = True
        self.set_status(order, "processing")

    def complete(self, order: int) -> None:
        """Complete an order: in most shops, when the parcel leaves."""
        self.set_status(order, "completed")

    @alone
    def set_status(self, order: int, status: str) -> None:
        """Give an order another status."""
        told = self.orders[order]
        if status not in self.statuses:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): status")
        told.status = status
        if status == "completed":
            told.completed = told.completed or self.now
        if status == "completed" or (status == "processing" and told.gateway != "cod"):
            told.paid = told.paid or self.now
        self._touch(order)
        self.queue.happened(f"action.woocommerce_order_status_{status}", order)
        if status == "refunded" and self.refundable(order) > 0:
            self._refunded(order, self.refundable(order), [], "")

    @alone
    def edit(self, order: int, *, meta: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Change an order as staff does. With orders kept as posts, meta data alone move no date."""
        told = self.orders[order]
        self._write(told, meta, fields)
        self._touch(order, dated=self.hpos or bool(fields))

    @alone
    def edit_silently(self, order: int, *, meta: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Change an order in the database: no date moves, no webhook goes out."""
        self._write(self.orders[order], meta, fields)

    @alone
    def set_quantity(self, order: int, line: int, quantity: int) -> None:
        """Change how many of its line number `line` (from 0) an order has."""
        told = self.orders[order]
        old = told.lines[line]
        told.lines[line] = self._line(old.product_id, quantity, told.currency)
        told.lines[line].id = old.id
        self._calculate(told)
        self._touch(order, dated=self.hpos)

    @alone
    def trash(self, order: int) -> None:
        """Move an order to the trash."""
        told = self.orders[order]
        told.before_trash, told.status = told.status, "trash"
        told.modified = self.now
        if not self.hpos:
            # With orders kept as posts, everything that hears of posts in the trash speaks up.
            self.queue.happened("coupon.deleted", order)
            self.queue.happened("product.deleted", order)
        self.queue.happened("order.deleted", order)

    @alone
    def restore(self, order: int) -> None:
        """Take an order out of the trash."""
        told = self.orders[order]
        told.status, told.before_trash = told.before_trash, ""
        told.modified = self.now
        self.queue.happened("order.restored", order)
        if told.status == "completed":
            self.queue.happened("action.woocommerce_order_status_completed", order)

    @alone
    def delete_order(self, order: int) -> None:
        """Delete an order and its refunds for good. Nothing is sent."""
        for refund in self.orders.pop(order).refunds:
            del self.refunds[refund]

    def _line(self, product: int, quantity: int, currency: str) -> Line:
        thing = self.products.get(product)
        if thing is None:
            return Line(id=next(self._parts), product_id=0, sku=None, quantity=quantity)
        rate = tax_rate(thing.fields["tax_class"])
        price = Decimal(thing.fields["price"]) * quantity
        net, tax = split_tax(price, rate, max(self.site.decimals, currency_decimals(currency)))
        parent = thing.fields["parent_id"]
        return Line(
            id=next(self._parts),
            product_id=parent or product,
            variation_id=product if parent else 0,
            name=thing.fields["name"],
            sku=thing.fields["sku"],
            quantity=quantity,
            rate=rate,
            subtotal=net,
            subtotal_tax=tax,
            total=net,
            total_tax=tax,
        )

    def _calculate(self, order: Order) -> None:
        order.total = Decimal(money(gross(order.lines) + order.shipping_total, self.site.decimals))

    def _write(self, order: Order, meta: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            setattr(order, name, {**getattr(order, name), **value} if isinstance(value, dict) else value)
        self._set_meta(order.meta, meta or {})
