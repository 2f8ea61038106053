from __future__ import annotations

import pytest

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.shops import Gone, Ref
from aftercare_shopify.options import Rules
from aftercare_shopify.reading import Reader
from aftercare_shopify.results import Problem, Result, Sort


def test_many_at_once(answering, order, orders):
    """Objects are read together, those of one kind in as few questions as there can be, each of them once."""
    shop = answering(*(order(number) for number in range(1, 11)))
    told = shop.read(*orders(*range(1, 11)), *orders(3))
    assert [str(number) for number in range(1, 11)] == [each.id for each in told]
    assert [4, 4, 2] == [len(variables["ids"]) for _, variables in shop.asked]


def test_nothing_to_read(answering):
    """Nobody is asked for nothing."""
    shop = answering()
    assert [] == shop.read()
    assert [] == shop.asked


def test_kinds(answering, account, order):
    """Orders, customers and products are asked for by their global ids."""
    product = {
        "id": "gid://shopify/Product/7",
        "updatedAt": "2026-11-02T14:00:01Z",
        "title": "茶",
        "handle": "cha",
        "status": "ACTIVE",
        "tags": [],
        "productType": "",
        "category": None,
    }
    shop = answering(product, account(5, None), order(1))
    told = shop.read(Ref("product", "7"), Ref("order", "1"), Ref("customer", "5"), Ref("product", "8"))
    assert ["OrderSnapshot", "CustomerSnapshot", "ProductSnapshot", "Gone"] == [
        type(each).__name__ for each in told
    ]
    assert Gone(Ref("product", "8")) == told[-1]


@pytest.mark.parametrize("name", ["R-1042", "", "0", "007", "1e3", "\u0663", str(2**63), "1?x"])
def test_no_number(name, answering):
    """What cannot be an id of Shopify's is no object of it, and is not asked for."""
    shop = answering()
    assert [Gone(Ref("order", name))] == shop.read(Ref("order", name))
    assert [] == shop.asked


class TestTrouble:
    def test_withheld(self, answering, order, orders):
        """An order that is null because of an error is not gone, and nobody can tell what it is now."""
        shop = answering(order(1))
        shop.errors = (Problem(code="SOMETHING", path=("nodes", 1)),)
        with pytest.raises(PlatformUnavailable, match=r"'tea'.*read_orders with errors"):
            shop.read(*orders(1, 2))

    @pytest.mark.parametrize(
        "problem",
        [
            Problem(path=("nodes", 0, "cancelledAt")),
            Problem(code="SOMETHING_NEW", path=("nodes", 0, "customer")),
            Problem(code="TIMEOUT", path=("nodes", 0, "fulfillments"), sort=Sort.LATER),
        ],
    )
    def test_fields_with_errors(self, problem, answering, order, orders):
        """A field that is null because of an error says nothing: no order is opened again by it."""
        shop = answering(order(1))
        shop.errors = (problem,)
        with pytest.raises(PlatformUnavailable, match=r"'tea'.*read_orders with errors"):
            shop.read(*orders(1))

    def test_denied(self, answering, orders):
        """Where access is denied, the scope that is missing is named."""
        shop = answering()
        shop.errors = (
            Problem(code="ACCESS_DENIED", path=("nodes", 0), scopes=("read_orders",), sort=Sort.DENIED),
        )
        with pytest.raises(ConfigurationError, match=r"'tea'.*the scope read_orders"):
            shop.read(*orders(1))

    def test_hidden_fields(self, answering, order, orders):
        """Fields of a person that are denied are null, which is normal."""
        shop = answering(order(1))
        shop.errors = (Problem(code="ACCESS_DENIED", path=("nodes", 0, "email"), sort=Sort.DENIED),)
        [told] = shop.read(*orders(1))
        assert (None, "#1") == (told.contact, told.number)

    @pytest.mark.parametrize("nodes", [None, [], [None, None], {}])
    def test_other_objects(self, nodes, answering, orders):
        """An answer about something else says nothing."""
        shop = answering()
        shop.query = lambda *_: Result(data={"nodes": nodes})
        with pytest.raises(PlatformUnavailable, match="other objects"):
            shop.read(*orders(1))

    def test_not_understood(self, answering, order, orders):
        """An object that is not understood is told by its fields."""
        shop = answering(order(1, updatedAt=None, email="hana@example.jp"))
        with pytest.raises(TranslationError, match=r"^order 1: not understood: updatedAt$"):
            shop.read(*orders(1))

    @pytest.mark.parametrize(
        "broken",
        [
            lambda order, _: order(2, updatedAt=None),
            lambda order, _: order(2, refunds=[31]),
            lambda order, fulfillment: order(2, fulfillments=[fulfillment(21, displayStatus="DELIVERED")]),
        ],
        ids=["order", "refund", "fulfillment"],
    )
    def test_the_others_are_read(self, broken, answering, order, fulfillment, orders):
        """What is not understood, the order or a part of it, keeps no other from being read."""
        shop = answering(order(1), broken(order, fulfillment), order(3))
        shop.objects["gid://shopify/Refund/31"] = {"id": "gid://shopify/Refund/31"}
        shop.objects["gid://shopify/Fulfillment/21"] = {"id": "gid://shopify/Fulfillment/21"}
        attempts = Reader(shop, "tea", Rules.of({})).attempts(orders(1, 2, 3))
        told = {ref.id: type(each).__name__ for ref, each in attempts}
        assert {"1": "OrderSnapshot", "2": "TranslationError", "3": "OrderSnapshot"} == told
