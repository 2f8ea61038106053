from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.digests import digest

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
ORDER = OrderSnapshot(
    shop="tea",
    id="7",
    version=Version(),
    placed_at=NOON,
    contact=Contact(email="hana@example.jp", family_name="小川"),
    amounts=Amounts(total=Money(1500, "JPY"), shipping=Money(0, "JPY"), lines=()),
)


def test_version_does_not_count():
    """Two pictures that say the same have one digest, whenever they were drawn or read."""
    dated = replace(ORDER, version=Version(modified_at=NOON, read_at=NOON, digest="x"))
    assert digest(ORDER) == digest(dated)
    assert 64 == len(digest(ORDER))


@pytest.mark.parametrize(
    "change",
    [
        {"number": "A-7"},
        {"cancelled": False},
        {"placed_at": None},
        {"refunds": ()},
        {"contact": Contact(email="hana@example.jp", family_name="小河")},
        {"amounts": Amounts(total=Money(1501, "JPY"), shipping=Money(0, "JPY"), lines=())},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_else_changes_counts(change):
    """Anything else that a snapshot says makes another digest, its personal fields included."""
    assert digest(ORDER) != digest(replace(ORDER, **change))


def test_order_of_attributes_does_not_count():
    """Attributes are a mapping: their order says nothing."""
    one = ProductSnapshot(shop="tea", id="1", version=Version(), attributes={"a": "1", "b": "2"})
    other = replace(one, attributes={"b": "2", "a": "1"})
    assert digest(one) == digest(other)


def test_kinds_of_objects():
    """An account and a product have digests as well."""
    account = CustomerSnapshot(shop="tea", id="1", version=Version(), birthday=NOON.date(), attributes={})
    assert digest(account) != digest(replace(account, birthday=None))
