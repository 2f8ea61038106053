from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine, Parcel
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import SAMPLE_KINDS, SampleOrder, Shop
from aftercare_shopify import plugin
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.samples import example
from aftercare_shopify.triggers import SAMPLES

BOUGHT = datetime(2026, 4, 1, 9, 5, 30, tzinfo=UTC)
LATER = BOUGHT + timedelta(days=2)
SECRETS = ("first-secret", "second-secret")
ID = "99000000001042"


def shop(**options):
    """A shop whose first secret signs."""
    return Shop(name="main", country="JP", locale="ja", zone="Asia/Tokyo", secrets=SECRETS, options=options)


def order(currency="JPY", happened_at=LATER):
    """An order of two lines in a currency, the second of which no price by the piece fits."""
    line = OrderLine(
        id="1", title="茶", quantity=1, paid=Money(1100, currency), tax=Money(100, currency), product="11"
    )
    return SampleOrder(
        id=ID,
        number="trigger-1042",
        placed_at=BOUGHT,
        happened_at=happened_at,
        sent_at=LATER + timedelta(minutes=3),
        contact=Contact(
            email="trigger-1042@example.com", family_name="テスト", given_name="花子", country="JP"
        ),
        currency=currency,
        lines=(
            line,
            OrderLine(id="2", title="Pot", quantity=3, paid=Money(821, currency), tax=Money(74, currency)),
        ),
        shipping=Money(500, currency),
    )


def told(kind, sample, **options):
    """What the adapter understands of a sample that it has verified."""
    where = shop(**options)
    adapter = ShopifyAdapter(where)
    return adapter.translate(adapter.verify(SAMPLES[kind](where, sample)))


def test_every_fact_has_a_sample():
    """Shopify tells everything that can be triggered."""
    (offered,) = plugin.register_adapters()
    assert set(SAMPLE_KINDS) == set(offered.samples)
    assert all(callable(sample) for sample in offered.samples.values())


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_nothing_must_be_read(kind):
    """One picture comes of it and no doubt: the shop could not be asked about an order it does not have."""
    happened_at = BOUGHT if kind == "purchase" else LATER
    assert 1 == len(told(kind, order(happened_at=happened_at)))


@pytest.mark.parametrize(("currency", "total"), [("JPY", "2421"), ("USD", "24.21"), ("BHD", "2.421")])
def test_a_purchase(currency, total):
    """The order is paid, with exact amounts in the decimals of its currency."""
    sample = order(currency, happened_at=BOUGHT)
    (snapshot,) = told("purchase", sample)
    assert (ID, "trigger-1042", BOUGHT) == (snapshot.id, snapshot.number, snapshot.purchased_at)
    assert sample.contact.email == snapshot.contact.email
    assert ("テスト", "花子") == (snapshot.contact.family_name, snapshot.contact.given_name)
    assert ("JP", "ja", None) == (snapshot.country, snapshot.locale, snapshot.customer)
    assert Money.parse(total, currency) == snapshot.amounts.total == sample.total
    assert [(line.paid, line.tax, line.quantity, line.product) for line in sample.lines] == [
        (line.paid, line.tax, line.quantity, line.product) for line in snapshot.amounts.lines
    ]
    assert sample.shipping == snapshot.amounts.shipping
    assert not snapshot.amounts.rounded
    assert ((), (), False, False) == (
        snapshot.shipments,
        snapshot.refunds,
        snapshot.cancelled,
        snapshot.test,
    )


def test_a_parcel():
    """A parcel leaves and arrives under one id."""
    (left,) = told("shipment", order())
    (arrived,) = told("delivery", order(happened_at=LATER + timedelta(days=1)))
    assert ID == left.id == arrived.id
    (parcel,) = left.shipments
    assert LATER == parcel.at
    assert (Parcel(id=parcel.id, at=LATER + timedelta(days=1)),) == arrived.deliveries


@pytest.mark.parametrize("currency", ["JPY", "USD", "BHD"])
def test_a_refund(currency):
    """Everything is given back, as an amount."""
    (notice,) = told("refund", order(currency))
    (refund,) = notice.refunds
    assert (order(currency).total, (), LATER) == (refund.amount, refund.lines, refund.refunded_at)


def test_a_cancellation():
    """The order is cancelled as of then."""
    (snapshot,) = told("cancellation", order())
    assert (True, LATER, BOUGHT) == (snapshot.cancelled, snapshot.version.modified_at, snapshot.placed_at)


def test_its_shop():
    """A shop that knows its domain takes its own samples."""
    (snapshot,) = told("purchase", order(happened_at=BOUGHT), domain="torii.myshopify.com")
    assert BOUGHT == snapshot.purchased_at


def test_the_first_secret_signs():
    """A shop that only knows the second one refuses it."""
    request = SAMPLES["purchase"](shop(), order())
    other = ShopifyAdapter(Shop(name="main", secrets=SECRETS[1:]))
    assert "orders/create" == ShopifyAdapter(shop()).verify(request).topic
    with pytest.raises(SignatureError, match="does not belong to this body"):
        other.verify(request)


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        ("purchase", "orders/create"),
        ("shipment", "fulfillments/create"),
        ("delivery", "fulfillment_events/create"),
        ("refund", "refunds/create"),
        ("cancellation", "orders/create"),
    ],
)
def test_the_shape_is_shopifys(kind, topic):
    """A sample has every field of Shopify's example and no other, in its lines too, and nobody of it."""
    body = SAMPLES[kind](shop(), order()).body
    made, shown = json.loads(body), example(topic)
    assert set(shown) == set(made)
    for name in ("line_items", "shipping_lines", "transactions"):
        for each in made.get(name, ()):
            assert set(shown[name][0]) == set(each)
    for word in (
        "jon@example",
        "Shipper",
        "Steve",
        "123 Shipping",
        "jsmith",
        "820982911946154508",
        "Aviator",
    ):
        assert word not in body.decode()


def test_the_same_again():
    """A sample depends on nothing but what it is given, and every delivery has an id of its own."""
    assert SAMPLES["refund"](shop(), order()) == SAMPLES["refund"](shop(), order())
    later = replace(order(), sent_at=LATER + timedelta(hours=1))
    ids = {SAMPLES["refund"](shop(), each).header("X-Shopify-Webhook-Id") for each in (order(), later)}
    assert 2 == len(ids)
