from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.orders import Parcel
from aftercare_sdk.model.shops import Ignored, Ref

ORDER = "820982911946154508"
AT = datetime(2022, 1, 1, tzinfo=UTC)
ARRIVED = datetime(2026, 11, 6, 20, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update"])
def test_a_parcel_has_left(told, topic):
    """A fulfilment is a notice of one fact, dated by itself, and no picture of the order."""
    (notice,) = told("fulfillments/create", topic, status="success", updated_at="2022-01-03T00:00:00Z")
    assert (ORDER, True, (Parcel(id="123456", at=AT),)) == (notice.id, notice.partial, notice.shipments)
    assert datetime(2022, 1, 3, tzinfo=UTC) == notice.version.modified_at
    assert (None, None, ()) == (notice.placed_at, notice.refunds, notice.deliveries)


@pytest.mark.parametrize("status", ["pending", "open", "cancelled", "error", "failure", "a new word"])
def test_nothing_has_left(told, status):
    """What has not left, or came back before it did, is no shipment."""
    (ignored,) = told("fulfillments/create", status=status)
    assert isinstance(ignored, Ignored)


def test_nothing_to_carry(told, body):
    """A download is fulfilled, and no parcel."""
    lines = [{**line, "requires_shipping": False} for line in body("fulfillments/create")["line_items"]]
    (ignored,) = told("fulfillments/create", status="success", line_items=lines)
    assert isinstance(ignored, Ignored)


def test_of_no_order(told):
    """A fulfilment of nothing cannot be understood."""
    with pytest.raises(TranslationError, match="order_id"):
        told("fulfillments/create", order_id=None)


def test_a_parcel_has_arrived(told):
    """The event of an arrival tells its moment, by the fulfilment that is the parcel's name."""
    (notice,) = told("fulfillment_events-create.delivered")
    assert (ORDER, True) == (notice.id, notice.partial)
    assert (Parcel(id="123456", at=ARRIVED),) == notice.deliveries


def test_a_parcel_on_its_way(told):
    """Other events of a parcel are not used."""
    (ignored,) = told("fulfillment_events/create")
    assert isinstance(ignored, Ignored)


def test_an_arrival_that_was_taken_back(told):
    """That an event was removed reads like the event: the order must be read."""
    (doubt,) = told("fulfillment_events-create.delivered", "fulfillment_events/delete")
    assert Ref("order", ORDER) == doubt.ref
    (ignored,) = told("fulfillment_events/delete")
    assert isinstance(ignored, Ignored)
