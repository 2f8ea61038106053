"""Whether a code holds for a cart, and what it takes off."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from aftercare_shopify.fake.records import Records
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.discounts import Discount, Use
from aftercare_shopify.fake.state.money import Bag, minor, spread, total
from aftercare_shopify.fake.state.orders import Allocation, Application, Line, Order


class Codes(Records):
    """Discount codes at the checkout."""

    def _checked(self, code: str, order: Order) -> Discount:
        """Return the discount of a code. Raises Refusal if it does not hold for this order."""
        found = self.by_code(code)
        if found is None or found.status(self.now) != "ACTIVE":
            raise Refusal(f"{code} discount code isn't valid")
        if found.usage_limit is not None and len(found.uses) >= found.usage_limit:
            raise Refusal(f"{code} discount code has reached its usage limit")
        if found.customers is not None and order.customer not in found.customers:
            raise Refusal(f"{code} discount code isn't available to you right now")
        if found.once_per_customer and any(_same(use, order) for use in found.uses):
            raise Refusal(f"{code} discount code was already used")
        covered = [line for line in order.lines if found.covers(line.product, line.variant)]
        if not covered:
            raise Refusal(f"{code} discount code isn't valid for the items in your cart")
        self._enough(found, covered, code)
        if any(line.plan is not None for line in covered) and not found.on_subscription:
            raise Refusal(f"{code} discount code isn't valid for subscriptions")
        return found

    def _enough(self, found: Discount, covered: Sequence[Line], code: str) -> None:
        value = total(line.gross for line in covered).shop
        if found.minimum_subtotal is not None and value < minor(found.minimum_subtotal, self.currency):
            raise Refusal(f"{code} discount code isn't valid: the minimum amount isn't reached")
        if (
            found.minimum_quantity is not None
            and sum(line.quantity for line in covered) < found.minimum_quantity
        ):
            raise Refusal(f"{code} discount code isn't valid: the minimum quantity isn't reached")

    def _apply(self, found: Discount, order: Order) -> None:
        """Take off what a code takes off, and remember that it was used."""
        index = len(order.applications)
        everything = found.products is None
        if found.free_shipping:
            value, percentage = Decimal(100), True
            for shipping in order.shipping:
                shipping.allocations.append(Allocation(index, shipping.net))
        else:
            covered = [line for line in order.lines if found.covers(line.product, line.variant)]
            percentage = found.percentage is not None
            value = found.percentage * 100 if found.percentage is not None else found.amount or Decimal(0)
            for line, amount in zip(covered, self._off(found, covered, order), strict=True):
                line.allocations.append(Allocation(index, amount))
        order.applications.append(
            Application(
                kind="code",
                title=found.code,
                value=value.normalize() if percentage else value,
                percentage=percentage,
                target="shipping_line" if found.free_shipping else "line_item",
                selection="all" if everything else "entitled",
                method="each" if found.free_shipping or found.on_each_item else "across",
            )
        )
        found.uses.append(Use(order.id, order.customer or 0, order.email or "", self.now))

    def _off(self, found: Discount, covered: Sequence[Line], order: Order) -> list[Bag]:
        left = [line.net for line in covered]
        if found.percentage is not None:
            return spread(total(left).rated(found.percentage), left)
        off = order.exchange.priced(found.amount or Decimal(0))
        if found.on_each_item:
            return [off.times(line.quantity).least(line.net) for line in covered]
        return spread(off.least(total(left)), left)


def _same(use: Use, order: Order) -> bool:
    if use.customer and order.customer:
        return use.customer == order.customer
    return bool(use.email) and use.email.casefold() == (order.email or "").casefold()
