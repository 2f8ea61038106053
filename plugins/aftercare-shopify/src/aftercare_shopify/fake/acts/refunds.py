"""How goods and money go back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aftercare_shopify.fake.acts.payments import Payments
from aftercare_shopify.fake.bodies.refunds import refund_body
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.money import ZERO, Bag, total
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.refunds import Refund, RefundLine


class Refunds(Payments):
    """Refunds."""

    @alone
    def refund(
        self,
        order: int,
        lines: Mapping[int, int] | None = None,
        *,
        amount: str | Decimal | None = None,
        shipping: bool = False,
        restock: str = "no_restock",
        note: str | None = None,
        status: str = "success",
    ) -> int:
        """Give back pieces of lines (by place or id), or an `amount` in the customer's currency, or all.

        With `lines` alone their exact worth goes back, with tax; with `amount`, too, just that. `shipping`
        gives back what shipping cost. `restock` is `return` for goods that came back, `cancel` for goods that
        were not sent, or `no_restock`. `status` `pending` or `failure` lets the money not arrive. Returns the
        id of the refund. Raises Refusal for more than is there.
        """
        found = self._order(order)
        if lines is None and amount is None:
            lines = {line.id: found.current(line) for line in found.lines if found.current(line)}
            shipping = shipping or found.current_shipping.presentment > 0
        back = self._returned(found, lines or {}, restock)
        travel = found.current_shipping if shipping else ZERO
        travel_tax = found.tax_of(travel, found.shipping_tax)
        worth = total(each.subtotal for each in back) + travel
        if not found.taxes_included:
            worth += total(each.tax for each in back) + travel_tax
        given = worth if amount is None else found.exchange.paid(Decimal(amount))
        left = found.received - found.refunded
        if given.presentment < 0 or given.presentment > left.presentment:
            raise Refusal("Refund amount exceeds the amount that can be refunded")
        if given.presentment == left.presentment:
            # The last of it leaves nothing behind, in no currency.
            given = left
        refund = Refund(
            id=self.new_id(),
            created=self.now,
            lines=back,
            shipping=travel,
            shipping_tax=travel_tax,
            shipping_id=self.new_id(),
            beyond=given - worth,
            adjustment_id=self.new_id(),
            note=note,
        )
        self._give_back(found, refund, given, status)
        return refund.id

    def _give_back(self, order: Order, refund: Refund, given: Bag, status: str = "success") -> None:
        order.refunds.append(refund)
        order.updated = self.now
        if given.presentment > 0:
            paid = next(
                each
                for each in order.transactions
                if each.kind in ("sale", "capture") and each.status == "success"
            )
            moved = self._moved(order, "refund", given, status=status, parent=paid.id)
            refund.transactions.append(moved.id)
        self.queue.happened("refunds/create", refund_body(self, order, refund))
        self._order_changed(order)

    def _returned(self, order: Order, lines: Mapping[int, int], restock: str) -> list[RefundLine]:
        if restock not in ("no_restock", "cancel", "return"):
            raise Refusal(f"There is no way {restock!r} to restock; there are no_restock, cancel and return")
        back = []
        for place, count in lines.items():
            line = self._line_at(order, place)
            gone = order.gone(line)
            if not 0 < count <= line.quantity - gone:
                raise Refusal("Refund line items quantity cannot be greater than what is left of the line")
            tax = order.line_tax(line)
            # Unless it is said otherwise, what was sent comes back before what was not.
            there = max(0, order.sent(line) - (gone - order.unsent(line)))
            kept = 0 if restock == "cancel" else min(count, there)
            back.append(
                RefundLine(
                    id=self.new_id(),
                    line=line.id,
                    quantity=count,
                    # So that all pieces together are worth the line to the last unit.
                    subtotal=_between(line.net, gone, count, line.quantity),
                    tax=_between(tax, gone, count, line.quantity),
                    restock=restock,
                    unsent=count - kept,
                )
            )
        return back


def _between(whole: Bag, gone: int, count: int, quantity: int) -> Bag:
    return whole.portion(gone + count, quantity) - whole.portion(gone, quantity)
