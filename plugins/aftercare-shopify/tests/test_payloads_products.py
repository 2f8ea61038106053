from __future__ import annotations

from datetime import UTC, datetime

import pytest


@pytest.fixture
def product(told):
    """The picture that the body of a product draws."""

    def product(what="products/update", **changes):
        (snapshot,) = told(what, "products/update", **changes)
        return snapshot

    return product


def test_whole(product):
    """A product is told with its title, its type and its tags."""
    told = product()
    assert ("788032119674292922", "Example T-Shirt") == (told.id, told.title)
    assert (("Shirts",), ("example", "mens", "t-shirt")) == (told.categories, told.tags)
    assert (False, datetime(2022, 1, 1, tzinfo=UTC)) == (told.deleted, told.version.modified_at)
    assert (None, None) == (told.attributes, told.needs_shipping)


def test_category(product):
    """The name in Shopify's taxonomy is a category too."""
    category = {"name": "Shirts & Tops", "full_name": "Apparel > Clothing > Shirts & Tops"}
    assert ("Shirts", "Shirts & Tops") == product(category=category).categories
    assert ("Shirts & Tops",) == product(category=category, product_type="").categories
    assert () == product(product_type=None).categories


def test_address(product, adapter_with):
    """The address is known where the shop's domain is."""
    assert product().url is None
    told = product(by=adapter_with(domain="torii.myshopify.com"))
    assert "https://torii.myshopify.com/products/example-t-shirt" == told.url
    told = product(by=adapter_with(domain="torii.myshopify.com"), handle="煎茶/1")
    assert "https://torii.myshopify.com/products/%E7%85%8E%E8%8C%B6/1" == told.url


@pytest.mark.parametrize(
    ("status", "gone"), [("active", False), ("draft", False), ("archived", True), ("new word", False)]
)
def test_archived(product, status, gone):
    """What is archived is no longer sold."""
    assert gone is product(status=status).deleted


def test_real_shapes(product):
    """Bodies of real shape are understood without a global id."""
    assert product("products.2023-10.1").title == product("products.2023-10.3").title == "example string"
