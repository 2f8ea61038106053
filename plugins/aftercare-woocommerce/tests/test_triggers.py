from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.errors import ConfigurationError, SignatureError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import SAMPLE_KINDS, NeedsRead, Ref, SampleOrder, Shop
from aftercare_woocommerce import plugin
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.triggers import SAMPLES

BOUGHT = datetime(2026, 4, 1, 9, 5, 30, tzinfo=UTC)
LATER = BOUGHT + timedelta(days=2)
SECRETS = ("first-secret", "second-secret")


def shop(**options):
    """A shop whose first secret signs."""
    return Shop(name="tea", country="JP", locale="ja", zone="Asia/Tokyo", secrets=SECRETS, options=options)


def order(currency="JPY", happened_at=LATER, shipped_at=None):
    """An order of two lines in a currency: one major unit and a bit each."""
    line = OrderLine(
        id="1", title="Tea", quantity=1, paid=Money(1100, currency), tax=Money(100, currency), product="11"
    )
    return SampleOrder(
        id="99000000001042",
        number="trigger-1042",
        placed_at=BOUGHT,
        happened_at=happened_at,
        sent_at=LATER + timedelta(minutes=3),
        shipped_at=shipped_at,
        contact=Contact(
            email="trigger-1042@example.com", family_name="テスト", given_name="花子", country="JP"
        ),
        currency=currency,
        lines=(
            line,
            OrderLine(id="2", title="Pot", quantity=2, paid=Money(820, currency), tax=Money(74, currency)),
        ),
        shipping=Money(500, currency),
    )


def told(kind, sample, **options):
    """What the adapter understands of a sample that it has verified."""
    where = shop(**options)
    adapter = WooCommerceAdapter(where)
    return adapter.translate(adapter.verify(SAMPLES[kind](where, sample)))


def test_every_fact_has_a_sample_or_a_reason():
    """Nothing that can be triggered is left without an answer."""
    (offered,) = plugin.register_adapters()
    assert set(SAMPLE_KINDS) == set(offered.samples)
    assert ["delivery"] == [kind for kind, sample in offered.samples.items() if isinstance(sample, str)]
    assert "trigger a shipment instead" in offered.samples["delivery"]


@pytest.mark.parametrize(("currency", "total"), [("JPY", "2420"), ("USD", "24.20"), ("BHD", "2.420")])
def test_a_purchase(currency, total):
    """The order is paid, with exact amounts in the decimals of its currency, and nothing is left in doubt."""
    sample = order(currency, happened_at=BOUGHT)
    (snapshot,) = told("purchase", sample)
    assert ("99000000001042", "trigger-1042", BOUGHT) == (snapshot.id, snapshot.number, snapshot.purchased_at)
    assert sample.contact.email == snapshot.contact.email
    assert ("テスト", "花子") == (snapshot.contact.family_name, snapshot.contact.given_name)
    assert Money.parse(total, currency) == snapshot.amounts.total == sample.total
    assert [(line.paid, line.tax, line.quantity) for line in sample.lines] == [
        (line.paid, line.tax, line.quantity) for line in snapshot.amounts.lines
    ]
    assert sample.shipping == snapshot.amounts.shipping
    assert not snapshot.amounts.rounded
    assert ((), (), False) == (snapshot.shipments, snapshot.refunds, snapshot.cancelled)


@pytest.mark.parametrize("statuses", [["completed"], ["wc-shipped"], ["shipped", "completed"]])
def test_a_shipment(statuses):
    """The parcel has left at the time of the fact, whichever status says so in this shop."""
    (snapshot,) = told("shipment", order(), shipped_statuses=statuses)
    assert [LATER] == [parcel.at for parcel in snapshot.shipments]
    assert BOUGHT == snapshot.purchased_at


def test_a_shop_without_shipments():
    """Where no status means that a parcel has left, there is nothing to send, and the cure is told."""
    with pytest.raises(ConfigurationError, match="shipped_statuses"):
        told("shipment", order(), shipped_statuses=[])


def test_a_refund():
    """Everything is given back; the platform does not tell the lines, so the order must be read."""
    snapshot, doubt = told("refund", order(shipped_at=BOUGHT + timedelta(days=1)))
    assert [order().total] == [refund.amount for refund in snapshot.refunds]
    assert [BOUGHT + timedelta(days=1)] == [parcel.at for parcel in snapshot.shipments]
    assert isinstance(doubt, NeedsRead)
    assert Ref("order", "99000000001042") == doubt.ref


def test_a_cancellation():
    """The order is cancelled, and was a purchase."""
    (snapshot,) = told("cancellation", order())
    assert snapshot.cancelled
    assert (BOUGHT, LATER) == (snapshot.purchased_at, snapshot.version.modified_at)


def test_the_first_secret_signs():
    """A shop that only knows the second one refuses it."""
    request = SAMPLES["purchase"](shop(), order())
    other = WooCommerceAdapter(Shop(name="tea", secrets=SECRETS[1:]))
    assert "order.created" == WooCommerceAdapter(shop()).verify(request).topic
    with pytest.raises(SignatureError, match="does not belong to this body"):
        other.verify(request)


@pytest.mark.parametrize("kind", ["purchase", "shipment", "refund", "cancellation"])
def test_the_shape_is_the_recorded_one(kind, payload):
    """A sample has every field that the store wrote, and no other, and is written as PHP writes."""
    request = SAMPLES[kind](shop(), order())
    body = json.loads(request.body)
    recorded = payload(22)
    assert set(recorded) == set(body)
    assert {key: type(value) for key, value in recorded["line_items"][0].items()} == {
        key: type(value) for key, value in body["line_items"][0].items()
    }
    assert set(recorded["billing"]) == set(body["billing"])
    assert set(recorded["shipping"]) == set(body["shipping"])
    assert request.body.isascii()
    assert b"http:/" not in request.body
    # Nothing of the recorded customer, shop or order is left.
    for word in ("ogawa", "127.0.0.1", "小川", "直人", "千代田", str(recorded["id"]) + '"'):
        assert word not in json.dumps(body, ensure_ascii=False)


def test_the_same_again():
    """A sample depends on nothing but what it is given."""
    assert SAMPLES["refund"](shop(), order()) == SAMPLES["refund"](shop(), order())
