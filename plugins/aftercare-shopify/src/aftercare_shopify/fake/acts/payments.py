"""How money comes in."""

from __future__ import annotations

from decimal import Decimal

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.transactions import transaction_body
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.money import Bag
from aftercare_shopify.fake.state.orders import Order, Transaction


class Payments(Announcing):
    """Payments of orders."""

    @alone
    def pay(self, order: int, amount: str | Decimal | None = None) -> None:
        """Pay what is outstanding, or an `amount` in the customer's currency; what is authorized is captured.

        Raises Refusal if nothing is outstanding.
        """
        found = self._order(order)
        due = found.outstanding
        if due.presentment <= 0:
            raise Refusal(f"Order {found.name} has nothing to be paid")
        sum_ = due if amount is None else found.exchange.paid(Decimal(amount))
        open_ = next((each for each in found.transactions if each.kind == "authorization"), None)
        waiting = next((each for each in found.transactions if each.status == "pending"), None)
        parent = open_ or waiting
        self._moved(found, "capture" if open_ else "sale", sum_, parent=parent.id if parent else None)
        full = found.outstanding.presentment <= 0
        self._order_changed(found, *(("orders/paid",) if full else ()))

    @alone
    def authorize(self, order: int) -> None:
        """Let the customer's bank promise what is outstanding; `pay` takes it, `void` lets it go."""
        found = self._order(order)
        self._moved(found, "authorization", found.outstanding)
        self._order_changed(found)

    @alone
    def void(self, order: int) -> None:
        """Let what was authorized go."""
        found = self._order(order)
        open_ = next((each for each in found.transactions if each.kind == "authorization"), None)
        if open_ is None:
            raise Refusal(f"Order {found.name} has nothing that is authorized")
        self._moved(found, "void", open_.amount, parent=open_.id)
        self._order_changed(found)

    @alone
    def fail_payment(self, order: int) -> None:
        """Let a payment fail: it is told, and moves nothing."""
        found = self._order(order)
        self._moved(found, "sale", found.outstanding, status="failure")
        self._order_changed(found)

    def _moved(
        self, order: Order, kind: str, amount: Bag, *, status: str = "success", parent: int | None = None
    ) -> Transaction:
        """Note a movement of money."""
        made = Transaction(
            id=self.new_id(),
            kind=kind,
            status=status,
            gateway=order.gateway,
            amount=amount,
            created=self.now,
            processed=None if status == "pending" else self.now,
            parent=parent,
            test=order.test,
            manual=order.manual,
            payment=f"{order.name}.{len(order.transactions) + 1}",
        )
        order.transactions.append(made)
        self.queue.happened("order_transactions/create", transaction_body(self, order, made))
        return made
