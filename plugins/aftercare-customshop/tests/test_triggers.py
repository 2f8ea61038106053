from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_customshop import plugin
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.triggers import SAMPLES
from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine, RefundLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import SAMPLE_KINDS, SampleOrder, Shop

BOUGHT = datetime(2026, 4, 1, 9, 5, 30, tzinfo=UTC)
LATER = BOUGHT + timedelta(days=2)
SENT = LATER + timedelta(minutes=3)


@pytest.fixture
def shop(secret, other_secret):
    """A shop whose first secret signs."""
    return Shop(name="tea", country="JP", locale="ja", secrets=(secret, other_secret))


@pytest.fixture
def told(shop):
    """What the adapter understands of a sample that it has verified."""

    def told(kind, sample):
        adapter = CustomShopAdapter(shop)
        (snapshot,) = adapter.translate(adapter.verify(SAMPLES[kind](shop, sample)))
        return snapshot

    return told


def order(currency="JPY", happened_at=LATER):
    """An order of two lines in a currency."""
    return SampleOrder(
        id="99000000001042",
        number="trigger-1042",
        placed_at=BOUGHT,
        happened_at=happened_at,
        sent_at=SENT,
        contact=Contact(
            email="trigger-1042@example.com", family_name="テスト", given_name="花子", country="JP"
        ),
        currency=currency,
        lines=(
            OrderLine(id="1", title="茶", quantity=1, paid=Money(1100, currency), tax=Money(100, currency)),
            OrderLine(id="2", title="急須", quantity=2, paid=Money(820, currency), tax=Money(74, currency)),
        ),
        shipping=Money(500, currency),
    )


def test_every_fact_has_a_sample():
    """A shop of one's own making tells everything."""
    (offered,) = plugin.register_adapters()
    assert set(SAMPLE_KINDS) == set(offered.samples)
    assert all(callable(sample) for sample in offered.samples.values())


@pytest.mark.parametrize(("currency", "total"), [("JPY", "2420"), ("USD", "24.20"), ("BHD", "2.420")])
def test_a_purchase(told, currency, total):
    """The order is paid, with exact amounts in the decimals of its currency."""
    sample = order(currency, happened_at=BOUGHT)
    snapshot = told("purchase", sample)
    assert ("99000000001042", "trigger-1042", BOUGHT) == (snapshot.id, snapshot.number, snapshot.purchased_at)
    contact = snapshot.contact
    assert (sample.contact.email, "テスト", "花子") == (
        contact.email,
        contact.family_name,
        contact.given_name,
    )
    assert ("ja", "JP") == (snapshot.locale, snapshot.country)
    assert Money.parse(total, currency) == snapshot.amounts.total == sample.total
    assert [(line.paid, line.tax) for line in sample.lines] == [
        (line.paid, line.tax) for line in snapshot.amounts.lines
    ]


def test_a_shipment_and_a_delivery(told):
    """Both are notices about the same parcel, which say nothing else of the order."""
    shipped, delivered = told("shipment", order()), told("delivery", order())
    assert [(parcel.id, LATER) for parcel in shipped.shipments] == [
        (parcel.id, parcel.at) for parcel in delivered.deliveries
    ]
    assert (True, True) == (shipped.partial, delivered.partial)


def test_a_refund(told):
    """Everything is given back, line by line, shipping included."""
    (refund,) = told("refund", order()).refunds
    assert (order().total, LATER) == (refund.amount, refund.refunded_at)
    expected = tuple(RefundLine(line=x.id, quantity=x.quantity, amount=x.paid) for x in order().lines)
    assert expected == refund.lines


def test_a_cancellation(told):
    """The order is cancelled, was a purchase, and its parcels and refunds stay as they are known."""
    snapshot = told("cancellation", order())
    assert (True, BOUGHT, LATER) == (snapshot.cancelled, snapshot.purchased_at, snapshot.version.modified_at)
    assert ((), None) == (snapshot.shipments, snapshot.refunds)


def test_it_is_signed_when_it_is_sent(shop, secret, other_secret):
    """By the first secret, at the time of sending, however long ago the fact was."""
    request = SAMPLES["purchase"](shop, order())
    assert SENT == request.received_at
    assert str(int(SENT.timestamp())) == request.header("webhook-timestamp")
    CustomShopAdapter(Shop(name="tea", secrets=(secret,))).verify(request)
    with pytest.raises(SignatureError):
        CustomShopAdapter(Shop(name="tea", secrets=(other_secret,))).verify(request)


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_the_same_again(shop, kind):
    """A sample depends on nothing but what it is given, and is JSON as documented."""
    request = SAMPLES[kind](shop, order())
    assert request == SAMPLES[kind](shop, order())
    assert {"type", "timestamp", "data"} == set(json.loads(request.body))
