"""How customers buy."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from decimal import Decimal

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.acts.codes import Codes
from aftercare_shopify.fake.acts.payments import Payments
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.money import Exchange
from aftercare_shopify.fake.state.orders import Line, Order, Shipping
from aftercare_shopify.fake.state.people import Address

MANUAL = frozenset({"Cash on Delivery (COD)", "Bank Deposit", "Money Order", "manual"})
"""Ways to pay that the shop looks after itself: such an order is pending until somebody marks it as paid."""


class Checkout(Codes, Payments, Announcing):
    """The checkout."""

    @alone
    def order(
        self,
        cart: Mapping[int, int],
        *,
        customer: int | None = None,
        email: str | None = None,
        phone: str | None = None,
        code: str = "",
        gateway: str = "shopify_payments",
        paid: bool = False,
        currency: str = "",
        shipping: str | Decimal = "600",
        test: bool = False,
        plan: str = "",
        contract: int | None = None,
        locale: str | None = None,
        tags: Iterable[str] = (),
        note: str | None = None,
        attributes: Mapping[str, str] | None = None,
        source: str = "web",
        address: Address | None = None,
    ) -> int:
        """Buy products or variants (by id, with how many of each); return the order's id.

        Without a `customer` it is a guest's: the order has no customer, and an e-mail address only if one is
        given. `currency` is what the customer sees and pays in, converted by the shop's `rates`. `shipping`
        is in the shop's currency. `plan` is the name of a selling plan for all lines; `contract` the
        subscription that is billed with the order. Raises Refusal for a code that does not hold.
        """
        person = self._customer(customer) if customer is not None else None
        home = address or (person.address if person else None)
        exchange = self._exchange(currency or self.currency)
        lines = [self._line(exchange, each, quantity, plan, contract) for each, quantity in cart.items()]
        if not lines:
            raise Refusal("Line items must have at least one line item")
        if contract is not None and contract not in self.contracts:
            raise Refusal(f"The shop has no subscription {contract}")
        ships = any(line.requires_shipping for line in lines)
        made = Order(
            id=self.new_id(),
            number=0,
            created=self.now,
            updated=self.now,
            processed=self.now,
            exchange=exchange,
            lines=lines,
            shipping=[Shipping(id=self.new_id(), title="Standard", price=exchange.priced(Decimal(shipping)))]
            if ships
            else [],
            customer=customer,
            email=email or (person.email if person else None),
            phone=phone or (person.phone if person else None),
            billing=home,
            destination=home if ships else None,
            locale=locale or (person.locale if person else self.locale),
            gateway="bogus" if test and gateway == "shopify_payments" else gateway,
            manual=gateway in MANUAL,
            test=test,
            note=note,
            tags=sorted(tags),
            source=source,
            taxes_included=self.taxes_included,
            shipping_tax=self.shipping_tax,
            attributes=dict(attributes or {}),
            accepts_marketing=person is not None and person.consent.state == "SUBSCRIBED",
        )
        if code:
            self._apply(self._checked(code, made), made)
        return self._placed(made, paid=paid, contract=contract)

    def _placed(self, order: Order, *, paid: bool, contract: int | None) -> int:
        order.number = self.new_number()
        order.original_total = order.total
        self.orders[order.id] = order
        if contract is not None:
            self.contracts[contract].orders.append(order.id)
            self.contracts[contract].origin = self.contracts[contract].origin or order.id
        free = order.total.presentment == 0
        if order.manual and not paid and not free:
            self._moved(order, "sale", order.total, status="pending")
        if paid and not free:
            self._moved(order, "sale", order.total)
        # Who pays at the checkout is announced as paid with the order itself; so is who has nothing to pay.
        self._order_changed(order, "orders/create", *(("orders/paid",) if paid or free else ()))
        return order.id

    def _exchange(self, currency: str) -> Exchange:
        if currency == self.currency:
            return Exchange(self.currency, currency)
        if currency not in self.rates:
            raise Refusal(
                f"The shop does not sell in {currency}: give it a rate, rates={{{currency!r}: '…'}}"
            )
        return Exchange(self.currency, currency, self.rates[currency])

    def _line(self, exchange: Exchange, number: int, quantity: int, plan: str, contract: int | None) -> Line:
        if quantity < 1:
            raise Refusal("Quantity must be greater than 0")
        try:
            product, variant = self.variant(number)
        except KeyError:
            raise Refusal(f"The shop has no product or variant {number}") from None
        return Line(
            id=self.new_id(),
            product=product.id,
            variant=variant.id,
            title=product.title,
            variant_title=None if product.single else variant.title,
            sku=variant.sku,
            vendor=product.vendor or None,
            price=exchange.priced(variant.price),
            quantity=quantity,
            tax=product.tax,
            taxable=variant.taxable,
            requires_shipping=product.requires_shipping,
            gift_card=product.gift_card,
            plan=(plan, self._plan(plan)) if plan else None,
            contract=contract,
        )

    def _plan(self, name: str) -> int:
        return 690_000_000_000 + zlib.crc32(name.encode())
