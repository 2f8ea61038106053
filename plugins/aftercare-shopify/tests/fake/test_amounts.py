from __future__ import annotations

import itertools

import pytest

from aftercare_shopify.fake import FakeShopify, Refusal
from aftercare_shopify.fake.state.money import Bag, decimal, spread, written


@pytest.fixture
def make():
    """Make a shop of some kind with things for 10.00 or 1000 and so on."""

    def make(**told):
        shop = FakeShopify(deliver=lambda _: 200, **told)
        shop.hana = shop.add_customer("hana@example.jp")
        return shop

    return make


@pytest.fixture
def code():
    """Make a discount code."""

    def code(shop, text, **told):
        from datetime import datetime
        from decimal import Decimal

        from aftercare_shopify.fake.state.discounts import Discount

        told = {name: Decimal(value) if isinstance(value, str) else value for name, value in told.items()}
        made = Discount(
            id=shop.new_id(),
            code_id=shop.new_id(),
            code=text,
            title=text,
            created=shop.now,
            updated=shop.now,
            starts=datetime(2026, 1, 1, tzinfo=shop.now.tzinfo),
            **told,
        )
        shop.discounts[made.id] = made

    return code


class TestMoney:
    def test_writing(self):
        """Webhooks write all decimals of a currency; the scalar Decimal as few as it can, but one."""
        assert ["1500", "10.00", "0.05", "1.500"] == [
            written(*told) for told in ((1500, "JPY"), (1000, "USD"), (5, "EUR"), (1500, "KWD"))
        ]
        assert ["1500.0", "10.0", "0.05", "29.99", "-3.5", "0.0"] == [
            decimal(*told)
            for told in ((1500, "JPY"), (1000, "USD"), (5, "EUR"), (2999, "USD"), (-350, "USD"), (0, "JPY"))
        ]

    def test_shares_add_up(self):
        """However an amount is shared out, nothing is lost."""
        for amount in (1, 7, 100, 333):
            for over in itertools.product((1, 3, 10), repeat=3):
                shares = spread(Bag(amount, amount * 3), [Bag(each, each) for each in over])
                assert (amount, amount * 3) == (
                    sum(each.shop for each in shares),
                    sum(each.presentment for each in shares),
                )


class TestOrders:
    def test_with_tax_included(self, make):
        """In a shop whose prices include tax, the total is what the prices say, and the tax is in it."""
        shop = make()
        tea, dish = shop.add_product("tea", "1080", tax=8), shop.add_product("dish", "550")
        order = shop.orders[shop.order({tea: 2, dish: 1}, paid=True, shipping="600")]
        assert (2710, 2710 + 600, 160 + 50) == (order.subtotal.shop, order.total.shop, order.tax.shop)

    def test_with_tax_on_top(self, make):
        """In other shops tax comes on top, of each line and of shipping."""
        shop = make(currency="USD", taxes_included=False, shipping_tax=10)
        tea = shop.add_product("tea", "9.99", tax=8)
        order = shop.orders[shop.order({tea: 3}, paid=True, shipping="5")]
        assert (2997, 240 + 50, 2997 + 500 + 290) == (order.subtotal.shop, order.tax.shop, order.total.shop)
        assert "paid" == order.financial_status

    def test_a_share_off(self, make, code):
        """A code takes a share off everything, shared out over the lines, and the tax falls with it."""
        shop = make()
        tea, dish = shop.add_product("tea", "1080", tax=8), shop.add_product("dish", "550")
        code(shop, "TEN", percentage="0.1")
        order = shop.orders[shop.order({tea: 2, dish: 1}, code="ten", paid=True)]
        assert (271, 2439) == (order.discounts.shop, order.subtotal.shop)
        assert [216, 55] == [line.discount.shop for line in order.lines]
        assert 144 + 45 == order.tax.shop

    def test_an_amount_off(self, make, code):
        """An amount comes off once, or off each piece of what it is meant for; never more than there is."""
        shop = make(currency="USD")
        tea, dish = shop.add_product("tea", "10.00"), shop.add_product("dish", "3.00")
        code(shop, "ONCE", amount="5")
        code(shop, "EACH", amount="5", on_each_item=True, products=[tea])
        code(shop, "ALL", amount="500")
        discounts = [
            shop.orders[shop.order({tea: 2, dish: 1}, code=name)].discounts.shop
            for name in ("ONCE", "EACH", "ALL")
        ]
        assert [500, 1000, 2300] == discounts

    def test_free_shipping(self, make, code):
        """A code for free shipping leaves the lines alone."""
        shop = make()
        tea = shop.add_product("tea", "1000")
        code(shop, "SHIP", free_shipping=True)
        order = shop.orders[shop.order({tea: 1}, code="SHIP", paid=True)]
        assert (1000, 600, 1000) == (order.subtotal.shop, order.shipping_price.shop, order.total.shop)

    def test_another_currency(self, make, code):
        """Each amount is kept in both currencies, and adds up in both."""
        shop = make(rates={"USD": "0.0067"})
        tea, dish = shop.add_product("tea", "1080", tax=8), shop.add_product("dish", "777")
        code(shop, "TEN", percentage="0.1")
        order = shop.orders[shop.order({tea: 3, dish: 1}, code="TEN", currency="USD", paid=True)]
        assert (Bag(1080, 724), Bag(777, 521)) == (order.lines[0].price, order.lines[1].price)
        assert Bag(3240 + 777 - 402, 2172 + 521 - 269) == order.subtotal
        assert Bag(3615 + 600, 2424 + 402) == order.total == order.received

    def test_a_currency_that_is_not_sold(self, make):
        """A shop sells in its currency and those it has a rate for."""
        shop = make()
        with pytest.raises(Refusal, match="does not sell in EUR"):
            shop.order({shop.add_product("tea", "1"): 1}, currency="EUR")

    def test_nothing_to_pay(self, make):
        """An order that costs nothing is paid, without any movement of money."""
        shop = make()
        order = shop.orders[shop.order({shop.add_product("sample", "0"): 1}, shipping="0")]
        assert ("paid", []) == (order.financial_status, order.transactions)


class TestRefunds:
    @pytest.mark.parametrize("included", [True, False])
    def test_piece_by_piece(self, make, code, included):
        """Pieces that come back one by one are worth the whole line, to the last unit in both currencies."""
        shop = make(currency="USD", rates={"EUR": "0.92"}, taxes_included=included, shipping_tax=7)
        tea = shop.add_product("tea", "9.99", tax=8)
        code(shop, "TEN", percentage="0.15")
        number = shop.order({tea: 7}, code="TEN", currency="EUR", paid=True)
        order = shop.orders[number]
        for _ in range(7):
            shop.refund(number, {0: 1})
        assert order.line_tax(order.lines[0]) == sum((each.lines[0].tax for each in order.refunds), Bag())
        assert Bag(0, 0) == order.current_subtotal
        shop.refund(number, {}, shipping=True)
        assert (order.received, "refunded", Bag(0, 0)) == (
            order.refunded,
            order.financial_status,
            order.current_total,
        )

    def test_by_amount(self, make):
        """An amount without lines is a discrepancy: lines stay, the total falls."""
        shop = make()
        number = shop.order({shop.add_product("tea", "1000"): 2}, paid=True)
        shop.refund(number, amount="300")
        order = shop.orders[number]
        assert ("partially_refunded", 2, 2300, 2600) == (
            order.financial_status,
            order.current(order.lines[0]),
            order.current_total.shop,
            order.total.shop,
        )
        assert (Bag(300, 300), ()) == (order.refunds[0].beyond, tuple(order.refunds[0].lines))

    def test_less_than_the_lines_are_worth(self, make):
        """Lines can come back for less."""
        shop = make()
        number = shop.order({shop.add_product("tea", "1000"): 2}, paid=True)
        shop.refund(number, {0: 1}, amount="700")
        order = shop.orders[number]
        assert (Bag(-300, -300), 700, 1) == (
            order.refunds[0].beyond,
            order.refunded.shop,
            order.current(order.lines[0]),
        )

    def test_all(self, make):
        """Without a word all goes back, and shipping with it."""
        shop = make()
        number = shop.order({shop.add_product("tea", "1000"): 2}, paid=True)
        shop.refund(number)
        assert ("refunded", 2600) == (shop.orders[number].financial_status, shop.orders[number].refunded.shop)

    def test_money_that_does_not_arrive(self, make):
        """A refund whose payment fails or waits gives nothing back yet."""
        shop = make()
        number = shop.order({shop.add_product("tea", "1000"): 2}, paid=True)
        shop.refund(number, {0: 1}, status="pending")
        shop.refund(number, amount="1", status="failure")
        assert ("paid", 0) == (shop.orders[number].financial_status, shop.orders[number].refunded.shop)

    @pytest.mark.parametrize(
        ("lines", "amount"), [({0: 3}, None), ({0: 0}, None), ({1: 1}, None), (None, "2601"), (None, "-1")]
    )
    def test_too_much(self, make, lines, amount):
        """More than there is, less than nothing and lines that there are not are refused."""
        shop = make()
        number = shop.order({shop.add_product("tea", "1000"): 2}, paid=True)
        with pytest.raises(Refusal):
            shop.refund(number, lines, amount=amount)
        assert [] == shop.orders[number].refunds
