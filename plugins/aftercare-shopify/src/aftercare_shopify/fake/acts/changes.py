"""How orders are changed, cancelled, revived and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aftercare_shopify.fake.acts.checkout import Checkout
from aftercare_shopify.fake.acts.refunds import Refunds
from aftercare_shopify.fake.bodies.orders import edit_body
from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.money import ZERO, total
from aftercare_shopify.fake.state.refunds import Refund

REASONS = frozenset({"customer", "declined", "fraud", "inventory", "other", "staff"})
"""Why an order can be cancelled."""


class Changes(Refunds, Checkout):
    """What staff does with orders."""

    @alone
    def cancel(
        self, order: int, *, reason: str = "customer", refund: bool = True, restock: bool = True
    ) -> None:
        """Cancel an order: `refund` gives the money back, `restock` puts back what was not sent.

        Raises Refusal for an order that was cancelled or sent.
        """
        found = self._order(order)
        if reason not in REASONS:
            raise Refusal(f"There is no reason {reason!r} to cancel; there are {', '.join(sorted(REASONS))}")
        if found.cancelled is not None:
            raise Refusal(f"Order {found.name} is already cancelled")
        if any(each.status == "success" for each in found.fulfillments):
            raise Refusal(f"Order {found.name} can't be cancelled: it has been fulfilled")
        left = found.received - found.refunded
        pieces = {line.id: found.current(line) for line in found.lines if found.current(line)}
        back = (
            self._returned(found, pieces, "cancel" if restock else "no_restock") if refund or restock else []
        )
        travel = found.current_shipping if refund else ZERO
        travel_tax = found.tax_of(travel, found.shipping_tax)
        given = left if refund else ZERO
        found.cancelled, found.cancel_reason, found.closed = self.now, reason, self.now
        if found.capturable.presentment:
            open_ = next(each for each in found.transactions if each.kind == "authorization")
            self._moved(found, "void", open_.amount, parent=open_.id)
        made = Refund(
            id=self.new_id(),
            created=self.now,
            lines=back,
            shipping=travel,
            shipping_tax=travel_tax,
            shipping_id=self.new_id(),
            # What went back by amount before is part of the lines that go back now.
            beyond=-total(each.beyond for each in found.refunds) if refund else ZERO,
            adjustment_id=self.new_id(),
        )
        if back or given.presentment:
            self._give_back(found, made, given)
        self._order_changed(found, "orders/cancelled")

    @alone
    def reopen(self, order: int) -> None:
        """Take a cancellation back: the order is as before; money that went back is gone.

        Shopify's own admin cannot do this; integrations that copy orders can.
        """
        found = self._order(order)
        if found.cancelled is None:
            raise Refusal(f"Order {found.name} is not cancelled")
        found.cancelled = found.cancel_reason = found.closed = None
        found.refunds = [each for each in found.refunds if each.transactions]
        self._order_changed(found)

    @alone
    def edit(
        self,
        order: int,
        *,
        add: Mapping[int, int] | None = None,
        remove: Mapping[int, int] | None = None,
        note: str = "",
    ) -> None:
        """Edit an order: `add` products or variants (by id), `remove` pieces of lines (by place or id).

        What is removed becomes a refund without money, as in a real shop; what is owed then is left open.
        """
        found = self._order(order)
        if found.cancelled is not None:
            raise Refusal(f"Order {found.name} can't be edited: it is cancelled")
        taken = {self._line_at(found, place).id: count for place, count in (remove or {}).items()}
        if any(count > found.to_send(found.line(line)) for line, count in taken.items()):
            raise Refusal("Only what is not fulfilled can be removed")
        added: dict[int, int] = {}
        for number, count in (add or {}).items():
            line = self._line(found.exchange, number, count, "", None)
            found.lines.append(line)
            added[line.id] = count
        found.edited = True
        found.closed = None
        if taken:
            back = self._returned(found, taken, "cancel")
            self._give_back(found, Refund(id=self.new_id(), created=self.now, lines=back), ZERO)
        self.queue.happened("orders/edited", edit_body(self, found, added, taken, note))
        self._order_changed(found)

    @alone
    def change(self, order: int, **fields: Any) -> None:
        """Change what is no money: `email`, `phone`, `note`, `tags`, `customer`, `locale` of an order."""
        found = self._order(order)
        for name, value in fields.items():
            if name not in ("email", "phone", "note", "tags", "customer", "locale", "attributes"):
                raise Refusal(f"An order of the fake shop has no field {name} to change")
            setattr(found, name, value)
        self._order_changed(found)

    @alone
    def tag_order(self, order: int, tags: Iterable[str]) -> None:
        """Add tags to an order."""
        found = self._order(order)
        found.tags = sorted({*found.tags, *tags})
        self._order_changed(found)

    @alone
    def delete_order(self, order: int) -> None:
        """Delete an order. Raises Refusal unless it is cancelled, a test, or was never paid by card."""
        found = self._order(order)
        online = not (found.test or found.manual) and found.received.presentment > 0
        if found.cancelled is None and online:
            raise Refusal(f"Order {found.name} can't be deleted: it was paid online and is not cancelled")
        del self.orders[order]
        self.forget_metafields([gid("Order", order)])
        self.queue.happened("orders/delete", {"id": order})
