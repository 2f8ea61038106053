"""How customers buy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aftercare_woocommerce.fake.acts.coupons import Coupons
from aftercare_woocommerce.fake.acts.orders import Orders
from aftercare_woocommerce.fake.records import alone
from aftercare_woocommerce.fake.state.orders import Order


class Checkout(Coupons, Orders):
    """The checkout."""

    @alone
    def checkout(
        self,
        cart: Mapping[int, int],
        *,
        email: str = "",
        account: int = 0,
        coupon: str = "",
        gateway: str = "bacs",
        paid: bool = False,
        currency: str = "",
        shipping: str | Decimal = "600",
        via: str = "store-api",
        **billing: str,
    ) -> int:
        """Buy products (by id, with how many of each); as a guest, or with an account. Return the order's id.

        Raises Refusal for a coupon that does not hold. With the block checkout (`store-api`) order.updated
        waits before order.created; with the others (`checkout`, `rest-api`, `admin`) behind it.
        """
        known = self.customers[account].fields if account else None
        person = {**(known["billing"] if known else {"country": "JP"}), **billing}
        if email or known is None:
            person["email"] = email
        currency = currency or self.currency
        lines = [self._line(product, quantity, currency) for product, quantity in cart.items()]
        used = self._discounted(lines, coupon, person.get("email", ""), currency) if coupon else None
        ships = any(not self._virtual(line.product_id) for line in lines)
        number = next(self._ids)
        order = Order(
            id=number,
            created=self.now,
            modified=self.now,
            currency=currency,
            customer=account,
            billing=person,
            shipping={name: told for name, told in person.items() if name != "email"} if ships else {},
            gateway=gateway,
            via=via,
            lines=lines,
            shipping_total=Decimal(shipping) if ships else Decimal(0),
            shipping_line=next(self._parts) if ships else 0,
            virtual=not ships,
        )
        if used is not None:
            order.coupon = (
                next(self._parts),
                used.fields["code"],
                used.fields["discount_type"],
                used.fields["amount"],
            )
            used.fields["usage_count"] += 1
            used.fields["used_by"].append(str(account) if account else person.get("email", ""))
        self._calculate(order)
        self.orders[number] = order
        topics = ("order.created", "order.updated")
        for topic in reversed(topics) if via == "store-api" else topics:
            self.queue.happened(topic, number)
        if via == "checkout":
            self.queue.happened("action.woocommerce_checkout_order_processed", number)
        if gateway == "cod" and via in ("store-api", "checkout"):
            self.set_status(number, "processing")
        elif paid:
            self.pay(number)
        return number

    def _virtual(self, product: int) -> bool:
        return product in self.products and bool(self.products[product].fields["virtual"])
