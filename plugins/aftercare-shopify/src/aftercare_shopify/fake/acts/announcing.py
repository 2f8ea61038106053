"""How what happens is announced."""

from __future__ import annotations

from aftercare_shopify.fake.bodies.customers import customer_body
from aftercare_shopify.fake.bodies.orders import order_body
from aftercare_shopify.fake.bodies.products import product_body
from aftercare_shopify.fake.records import Records
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.customers import Customer
from aftercare_shopify.fake.state.orders import Line, Order
from aftercare_shopify.fake.state.products import Product


class Announcing(Records):
    """Changes of things, dated and announced."""

    def _order(self, number: int) -> Order:
        if number not in self.orders:
            raise Refusal(f"The shop has no order {number}")
        return self.orders[number]

    def _customer(self, number: int) -> Customer:
        if number not in self.customers:
            raise Refusal(f"The shop has no customer {number}")
        return self.customers[number]

    def _product(self, number: int) -> Product:
        if number not in self.products:
            raise Refusal(f"The shop has no product {number}")
        return self.products[number]

    def _line_at(self, order: Order, told: int) -> Line:
        """Return a line by its place in the order, from 0, or by its id."""
        if 0 <= told < len(order.lines):
            return order.lines[told]
        try:
            return order.line(told)
        except KeyError:
            raise Refusal(f"Order {order.name} has no line {told}") from None

    def _order_changed(self, order: Order, *topics: str) -> None:
        order.updated = self.now
        body = order_body(self, order)
        for topic in (*topics, "orders/updated"):
            self.queue.happened(topic, body)

    def _customer_changed(self, customer: Customer, topic: str = "customers/update") -> None:
        customer.updated = self.now
        self.queue.happened(topic, customer_body(self, customer))

    def _product_changed(self, product: Product, topic: str = "products/update") -> None:
        product.updated = self.now
        self.queue.happened(topic, product_body(self, product))
