"""How orders are sent and arrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.fulfillments import event_body, fulfillment_body
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.parcels import Fulfillment, ParcelEvent

STATUSES = frozenset(
    {
        *("attempted_delivery", "carrier_picked_up", "confirmed", "delayed", "delivered", "failure"),
        *("in_transit", "label_printed", "label_purchased", "out_for_delivery", "ready_for_pickup"),
    }
)
"""What a carrier can tell."""


class Parcels(Announcing):
    """Parcels and what carriers tell of them."""

    @alone
    def fulfil(
        self,
        order: int,
        lines: Mapping[int, int] | None = None,
        *,
        company: str | None = "Yamato (JA)",
        number: str | None = None,
        url: str | None = None,
    ) -> int:
        """Send what is still to be sent, or pieces of some lines (by place or id); return the parcel's id.

        Raises Refusal if there is not so much to send.
        """
        found = self._order(order)
        if lines is None:
            sent = {line.id: found.to_send(line) for line in found.lines if found.to_send(line)}
        else:
            sent = {self._line_at(found, place).id: count for place, count in lines.items()}
        if not sent or any(not 0 < count <= found.to_send(found.line(line)) for line, count in sent.items()):
            raise Refusal(f"Order {found.name} has not so much to be fulfilled")
        parcel = Fulfillment(
            id=self.new_id(),
            name=f"{found.name}.{len(found.fulfillments) + 1}",
            created=self.now,
            updated=self.now,
            lines=sent,
            line_ids={line: self.new_id() for line in sent},
            company=company,
            number=number,
            url=url,
        )
        found.fulfillments.append(parcel)
        found.updated = self.now
        self.queue.happened("fulfillments/create", fulfillment_body(self, found, parcel))
        whole = found.fulfillment_status == "fulfilled"
        if whole and found.outstanding.presentment <= 0:
            found.closed = self.now
        self._order_changed(found, "orders/fulfilled" if whole else "orders/partially_fulfilled")
        return parcel.id

    @alone
    def carrier_tells(
        self, order: int, status: str, *, parcel: int | None = None, at: datetime | None = None
    ) -> int:
        """Let the carrier tell something of a parcel, or of the only one; return the event's id."""
        if status not in STATUSES:
            raise Refusal(
                f"There is no status {status!r} of a parcel; there are {', '.join(sorted(STATUSES))}"
            )
        found = self._order(order)
        box = self._parcel(found, parcel)
        event = ParcelEvent(id=self.new_id(), status=status, happened=at or self.now, created=self.now)
        box.events.append(event)
        box.updated = self.now
        found.updated = self.now
        self.queue.happened("fulfillment_events/create", event_body(self, found, box, event))
        self.queue.happened("fulfillments/update", fulfillment_body(self, found, box))
        self._order_changed(found)
        return event.id

    def deliver_parcel(self, order: int, *, parcel: int | None = None, at: datetime | None = None) -> int:
        """Let a parcel, or the only one, arrive; return the event's id."""
        return self.carrier_tells(order, "delivered", parcel=parcel, at=at)

    @alone
    def cancel_parcel(self, order: int, *, parcel: int | None = None) -> None:
        """Take a parcel back before it leaves: what is in it is to be sent again."""
        found = self._order(order)
        box = self._parcel(found, parcel)
        box.status, box.updated = "cancelled", self.now
        found.closed = None
        found.updated = self.now
        self.queue.happened("fulfillments/update", fulfillment_body(self, found, box))
        self._order_changed(found)

    def _parcel(self, order: Order, parcel: int | None) -> Fulfillment:
        there = [each for each in order.fulfillments if parcel in (None, each.id)]
        there = [each for each in there if parcel is not None or each.status == "success"]
        if len(there) != 1:
            raise Refusal(f"Order {order.name} has {len(there)} such parcels: name one, parcel=…")
        return there[0]
