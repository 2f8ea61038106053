"""The documented samples, and what each of them says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aftercare_customshop import samples
from aftercare_customshop.signing import signed
from aftercare_customshop.translate import KINDS
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import (
    Amounts,
    OrderLine,
    OrderSnapshot,
    Parcel,
    RefundLine,
    RefundSnapshot,
)
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import Ignored, Ping
from aftercare_sdk.model.versions import Version


def at(*parts):
    """Return an instant of UTC in April 2026, or of the month that is given before the day."""
    month, *rest = parts if len(parts) > 3 else (4, *parts)
    return datetime(2026, month, *rest, tzinfo=UTC)


def yen(amount):
    """Return an amount of yen."""
    return Money(amount, "JPY")


SHIPPED = Parcel(id="1", at=at(2, 6, 0))
DELIVERED = Parcel(id="1", at=at(4, 2, 30))
REFUND = RefundSnapshot(
    id="R-7",
    amount=yen(2160),
    lines=(RefundLine(line="2", quantity=1, amount=yen(2160)),),
    refunded_at=at(9, 9, 20),
)
EXPECTED = {
    "order.created": OrderSnapshot(
        shop="main",
        id="1041",
        version=Version(modified_at=at(1, 9, 0)),
        placed_at=at(1, 9, 0),
        contact=Contact(email="ann@customer.example", full_name="Ann Archer"),
        amounts=Amounts(
            total=Money(2750, "USD"),
            shipping=Money(0, "USD"),
            lines=(
                OrderLine(
                    id="1",
                    title="House blend, 250 g",
                    quantity=2,
                    paid=Money(2750, "USD"),
                    tax=Money(0, "USD"),
                ),
            ),
        ),
        purchased_at=at(1, 9, 0),
    ),
    "order.updated": OrderSnapshot(
        shop="main",
        id="1042",
        version=Version(modified_at=at(9, 9, 20)),
        number="H-1042",
        placed_at=at(1, 9, 5),
        status="shipped",
        customer="88",
        contact=Contact(
            email="hana@customer.example",
            phone="+81-3-0000-0000",
            family_name="小川",
            given_name="花",
            postal_code="100-0005",
            region="東京都",
            city="千代田区",
            street="丸の内1-9-1",
            country="JP",
        ),
        amounts=Amounts(
            total=yen(4820),
            shipping=yen(500),
            lines=(
                OrderLine(
                    id="1",
                    title="有機煎茶 100g",
                    quantity=2,
                    paid=yen(2160),
                    tax=yen(160),
                    product="tea-1",
                    variant="tea-1-100",
                    sku="TEA-100",
                    categories=("お茶",),
                    tags=("organic",),
                    on_sale=True,
                ),
                OrderLine(id="2", title="急須", quantity=1, paid=yen(2160), tax=yen(196), product="pot-1"),
            ),
        ),
        gateway="card",
        codes=("SPRING",),
        country="JP",
        locale="ja",
        needs_shipping=True,
        purchased_at=at(4, 1, 9, 6, 30),
        cancelled=False,
        shipments=(SHIPPED,),
        deliveries=(DELIVERED,),
        refunds=(REFUND,),
    ),
    "order.deleted": OrderSnapshot(
        shop="main", id="1042", version=Version(modified_at=at(10, 1, 0)), cancelled=True
    ),
    "shipment.created": OrderSnapshot(
        shop="main", partial=True, id="1042", version=Version(), shipments=(SHIPPED,)
    ),
    "delivery.reported": OrderSnapshot(
        shop="main", partial=True, id="1042", version=Version(), deliveries=(DELIVERED,)
    ),
    "refund.created": OrderSnapshot(
        shop="main", partial=True, id="1042", version=Version(), refunds=(REFUND,)
    ),
    "customer.updated": CustomerSnapshot(
        shop="main",
        id="88",
        version=Version(modified_at=at(3, 20, 3, 0)),
        contact=Contact(email="hana@customer.example", family_name="小川", given_name="花", country="JP"),
        locale="ja",
        zone="Asia/Tokyo",
        birthday=date(1990, 5, 14),
        tags=("wholesale",),
        attributes={"roast": "dark", "cups_per_day": "3"},
        deleted=False,
    ),
    "product.updated": ProductSnapshot(
        shop="main",
        id="tea-1-100",
        version=Version(modified_at=at(2, 28, 23, 0)),
        parent="tea-1",
        sku="TEA-100",
        title="有機煎茶 100g",
        url="https://shop.example/tea-1?size=100",
        categories=("お茶",),
        tags=("organic",),
        attributes={"supply_days": "30"},
        needs_shipping=True,
        deleted=False,
    ),
    "review.updated": ReviewSnapshot(
        shop="main",
        id="R-31",
        version=Version(modified_at=at(12, 11, 15)),
        product="tea-1",
        contact=Contact(email="hana@customer.example", full_name="花"),
        rating=4,
        text="香りが良いです。また買います。",
        verified=True,
        status=ReviewStatus.APPROVED,
        created_at=at(12, 10, 40),
        customer="88",
        order="1042",
    ),
    "discount_code.updated": CodeSnapshot(
        shop="main",
        id="AC-7K3M-QWXP-D5RA",
        version=Version(modified_at=at(20, 3, 0)),
        code="AC-7K3M-QWXP-D5RA",
        active=False,
        ends_at=datetime(2026, 5, 18, 3, tzinfo=UTC),
    ),
    "subscription.updated": Ignored("subscriptions are not used by this release"),
    "ping": Ignored("a ping"),
}


def test_all():
    """There is a sample for every kind of data, and an expectation for every sample."""
    names = [name for name, _ in samples.messages()]
    assert sorted(EXPECTED) == names
    assert {kind.data for kind in KINDS.values()} == {KINDS[name].data for name in names}
    assert all(name == samples.message(name)["type"] for name in names)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_translated(translate, name):
    """Every sample becomes what it says, to the last field."""
    (told,) = translate(samples.message(name))
    if not isinstance(told, Ignored):
        assert 64 == len(told.version.digest)
        # The version of a notice is the subject of test_translate.
        expected = EXPECTED[name].version.modified_at and told.version.modified_at
        told = replace(told, version=Version(modified_at=expected))
    assert EXPECTED[name] == told


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        (f"{kind}.{verb}", sample)
        for kind, sample in (
            ("customer", "customer.updated"),
            ("product", "product.updated"),
            ("review", "review.updated"),
        )
        for verb in ("created", "updated")
    ],
)
def test_created_is_updated(translate, name, sample):
    """Whether an object is new makes no difference to what is told of it."""
    told = samples.message(sample)
    assert translate(told) == translate({**told, "type": name})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("customer", CustomerSnapshot(shop="main", id="1042", version=Version(), deleted=True)),
        ("product", ProductSnapshot(shop="main", id="1042", version=Version(), deleted=True)),
        ("review", ReviewSnapshot(shop="main", id="1042", version=Version(), deleted=True)),
        (
            "discount_code",
            CodeSnapshot(shop="main", id="1042", version=Version(), code="1042", active=False),
        ),
    ],
)
def test_deleted(translate, kind, expected):
    """An account, a product, a review and a code that are gone say so, dated."""
    (told,) = translate({**samples.message("order.deleted"), "type": f"{kind}.deleted"})
    assert at(10, 1, 0) == told.version.modified_at
    assert expected == replace(told, version=Version())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_verified(adapter, secret, now, name):
    """Every sample is taken when it is signed."""
    webhook = adapter.verify(signed(secret, samples.message(name), now))
    assert name == ("ping" if isinstance(webhook, Ping) else webhook.topic)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_no_person_in_reprs(translate, name):
    """What a log may show of a translation names nobody."""
    told = repr(translate(samples.message(name)))
    assert [] == [word for word in ("小川", "花", "hana@", "Archer", "丸の内", "1990") if word in told]


def test_a_new_copy(message):
    """Whoever changes a sample changes only his own."""
    samples.message("order.updated")["data"]["total"] = "1"
    assert "4820" == samples.message("order.updated")["data"]["total"]
