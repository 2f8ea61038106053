from __future__ import annotations

import pytest
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, parse
from graphql.utilities import value_from_ast_untyped

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import Gone, Ref
from aftercare_shopify.nodes.asking import MOST_AT_ONCE
from aftercare_shopify.operations import operation
from aftercare_shopify.versions import UNDATED

MOST = 1000
"""Points that one operation may cost."""


class TestGone:
    def test_gone(self, answering, order, orders):
        """An order that is not there is gone, if the app may see all orders."""
        shop = answering(order(2))
        told = shop.read(*orders(1, 2, 3))
        assert [Gone(Ref("order", "1")), Gone(Ref("order", "3"))] == told[1:]

    def test_too_old_to_be_seen(self, answering, order, orders):
        """An app that sees sixty days only takes no older order for gone: of it, nothing is told."""
        shop = answering(order(50))
        shop.scopes, shop.visible = ["read_orders"], [50]
        assert [
            OrderSnapshot(shop="tea", id="49", version=UNDATED, partial=True),
            Gone(Ref("order", "51")),
        ] == shop.read(*orders(49, 50, 51))[1:]

    def test_nothing_to_be_seen(self, answering, orders):
        """Where such an app sees no order at all, none is taken for gone."""
        shop = answering()
        shop.scopes = ["read_orders"]
        [told] = shop.read(*orders(49))
        assert told.partial

    def test_asked_once(self, answering, orders):
        """What the app may see is asked once for all orders that are missing."""
        shop = answering()
        shop.read(*orders(*range(1, 10)))
        assert 1 == shop.names.count("order_access")


class TestPoints:
    def test_first_questions(self, strict, answering, order, refund, orders):
        """What is asked first fits into a thousand points by the strictest way of counting."""
        shop = answering(order(1, lines=300, ways=30, refunds=range(31, 41)))
        shop.objects |= {f"gid://shopify/Order/{each}": order(each) for each in range(2, 60)}
        whole = [refund(each, lines=200, payments=80) for each in range(31, 41)]
        shop.objects |= {each["id"]: each for each in whole}
        shop.read(
            *orders(*range(1, 60)), *(Ref(kind, "1") for kind in ("customer", "product", "subscription"))
        )
        costs = [strict(name, variables) for name, variables in shop.asked]
        assert MOST > max(costs)
        assert 600 < max(costs)

    def test_as_many_as_fit(self, strict, answering, order, orders):
        """Where Shopify counts less strictly, more are asked for at once; where more so, fewer."""
        shop = answering(*(order(number) for number in range(1, 200)))
        shop.points = lambda name, variables: strict(name, variables) / 10
        shop.read(*orders(*range(1, 150)))
        assert [4, 47, 47, 47, 4] == [len(variables["ids"]) for _, variables in shop.asked]
        shop.asked.clear()
        shop.points = lambda _, variables: 500 * len(variables["ids"])
        shop.read(*orders(*range(1, 10)))
        assert [4, 1, 1, 1, 1, 1] == [len(variables["ids"]) for _, variables in shop.asked]

    def test_never_all_at_once(self, answering, order, orders):
        """However little it costs, an answer stays of a size that can be handled."""
        shop = answering(*(order(number) for number in range(1, 200)))
        shop.points = lambda _, __: 1.0
        shop.read(*orders(*range(1, 150)))
        assert MOST_AT_ONCE == max(len(variables["ids"]) for _, variables in shop.asked)


@pytest.fixture(scope="session")
def strict():
    """What an operation costs if every list is full and every object in it is one point."""
    return cost


def cost(name, variables):
    """Count points as Shopify's documentation does: an object 1, a connection 2 and what is in it."""
    document = parse(operation(name))
    parts = {each.name.value: each for each in document.definitions}

    def below(found):
        return sum(of(each) for each in found.selections)

    def of(one):
        for directive in one.directives or ():
            told = value_from_ast_untyped(directive.arguments[0].value, variables)
            if told == (directive.name.value == "skip"):
                return 0
        if isinstance(one, FragmentSpreadNode):
            return below(parts[one.name.value].selection_set)
        if isinstance(one, InlineFragmentNode):
            return below(one.selection_set)
        if not isinstance(one, FieldNode) or not one.selection_set:
            return 0
        given = {
            each.name.value: value_from_ast_untyped(each.value, variables) for each in one.arguments or ()
        }
        if "ids" in given:
            return len(given["ids"]) * (1 + below(one.selection_set))
        if "first" in given:
            # `nodes` of the connection is the object; `pageInfo` comes with it.
            [nodes] = [each for each in one.selection_set.selections if each.name.value in {"nodes", "edges"}]
            return 2 + given["first"] * (1 + below(nodes.selection_set))
        return 1 + below(one.selection_set)

    return below(parts[next(iter(parts))].selection_set)


class TestConnected:
    def test_sixty_days(self, connect):
        """Without the scope for all orders, what is older than sixty days is not taken for deleted."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        old, deleted = (tea.shop.order({product: 1}, email="a@example.jp") for _ in range(2))
        tea.shop.wait(days=61)
        young, gone = (tea.shop.order({product: 1}, email="a@example.jp") for _ in range(2))
        for order in (deleted, gone):
            tea.shop.delete_order(order)
        tea.shop.access.scopes.remove("read_all_orders")
        told = tea.read("order", old, deleted, young, gone)
        assert [str(young)] == [each.id for each in told if isinstance(each, OrderSnapshot) and each.number]
        assert [str(old), str(deleted)] == [
            each.id for each in told if isinstance(each, OrderSnapshot) and each.partial
        ]
        assert Gone(Ref("order", str(gone))) in told

    @pytest.mark.parametrize(("kind", "scope"), [("order", "read_orders"), ("product", "read_products")])
    def test_a_scope_is_missing(self, connect, kind, scope):
        """Where a scope is missing, it is named."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        order = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        tea.shop.access.scopes -= {scope, scope.replace("read", "write")}
        with pytest.raises(ConfigurationError, match=rf"'tea'.*{scope}"):
            tea.read(kind, {"order": order, "product": product}[kind])

    def test_throttled(self, connect, monkeypatch):
        """A shop that has no points left is given time to get some, and then answers."""
        tea = connect()
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, email="a@example.jp", paid=True)
        monkeypatch.setattr("time.sleep", lambda seconds: tea.shop.wait(seconds=seconds))
        tea.shop.bucket.drain()
        assert str(order) == tea.read("order", order)[0].id
        assert 1 < len(tea.api.asked)
