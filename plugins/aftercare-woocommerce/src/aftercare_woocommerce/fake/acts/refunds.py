"""How refunds are given, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.refusals import no_refund
from aftercare_woocommerce.fake.state.amounts import ZERO, money
from aftercare_woocommerce.fake.state.lines import Line, gross
from aftercare_woocommerce.fake.state.refunds import Refund


class Refunds(Records):
    """Refunds of orders."""

    @alone
    def refund(
        self,
        order: int,
        *,
        lines: Mapping[int, int] | None = None,
        amount: str | Decimal | None = None,
        reason: str = "",
    ) -> int:
        """Give back lines (by number from 0, with how many of each), or an amount; else all that is left."""
        told = self.orders[order]
        back = [self._returned(told.lines[place], quantity) for place, quantity in (lines or {}).items()]
        worth = -gross(back)
        sum_back = Decimal(amount) if amount is not None else worth if back else self.refundable(order)
        return self._refunded(order, sum_back, back, reason)

    def refundable(self, order: int) -> Decimal:
        """Return what of an order has not been given back."""
        told = self.orders[order]
        return told.total - sum((self.refunds[each].amount for each in told.refunds), ZERO)

    @alone
    def delete_refund(self, refund: int) -> None:
        """Take a refund back, as staff can. No date moves, no webhook goes out."""
        gone = self.refunds.pop(refund)
        self.orders[gone.order].refunds.remove(refund)

    def _returned(self, line: Line, quantity: int) -> Line:
        share = Decimal(quantity) / line.quantity
        places = max(0, -int(line.total.as_tuple().exponent), -int(line.total_tax.as_tuple().exponent))
        net, tax = (Decimal(money(-part * share, places)) for part in (line.total, line.total_tax))
        return replace(
            line,
            id=next(self._parts),
            quantity=-quantity,
            subtotal=net,
            subtotal_tax=tax,
            total=net,
            total_tax=tax,
            meta=self._meta({"_refunded_item_id": str(line.id)}),
        )

    def _refunded(self, order: int, amount: Decimal, lines: list[Line], reason: str) -> int:
        left = self.refundable(order)
        if not 0 < amount <= left:
            raise no_refund("Invalid refund amount.")
        number = next(self._ids)
        kind = "full" if amount == left else "partial"
        self.refunds[number] = Refund(
            id=number,
            order=order,
            created=self.now,
            amount=amount,
            reason=reason,
            lines=lines,
            meta=self._meta({"_refund_type": kind}),
        )
        told = self.orders[order]
        told.refunds.append(number)
        if kind == "full":
            told.status = "refunded"
        self._touch(order)
        self.queue.happened("action.woocommerce_order_refunded", order)
        return number
