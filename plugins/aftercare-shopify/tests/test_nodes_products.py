from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import schemas
from aftercare_shopify.nodes.products import product
from aftercare_shopify.options import Rules


def told(**fields):
    """Make a snapshot of a product as GraphQL tells it."""
    node = {
        "id": "gid://shopify/Product/788032119674292922",
        "updatedAt": "2026-11-02T14:00:01Z",
        "title": "深蒸し茶",
        "handle": "fukamushi",
        "status": "ACTIVE",
        "tags": ["green", "2026"],
        "productType": "Tea",
        "category": {"name": "Tea & Infusions"},
        **fields,
    }
    rules = Rules.of({"domain": "torii.myshopify.com"})
    return product(load(schemas.PRODUCT, node, what="product"), shop="tea", rules=rules)


def test_product():
    """A product tells its title, its address, its kinds and its tags."""
    told_ = told()
    assert ("tea", "788032119674292922", "深蒸し茶") == (told_.shop, told_.id, told_.title)
    assert datetime(2026, 11, 2, 14, 0, 1, tzinfo=UTC) == told_.version.modified_at
    assert "https://torii.myshopify.com/products/fukamushi" == told_.url
    assert (("Tea", "Tea & Infusions"), ("2026", "green")) == (told_.categories, told_.tags)


@pytest.mark.parametrize(
    ("status", "deleted"),
    [("ACTIVE", False), ("DRAFT", False), ("UNLISTED", False), ("ARCHIVED", True), ("NEW", False)],
)
def test_no_longer_sold(status, deleted):
    """An archived product is no longer sold."""
    assert deleted is told(status=status).deleted


def test_no_kind():
    """A product may be of no kind."""
    assert () == told(productType="", category=None).categories
