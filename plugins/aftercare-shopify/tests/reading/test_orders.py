from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.versions import Version

RATES = {"USD": "0.0067", "BHD": "0.00253", "EUR": "0.00618"}


class TestWholeOrders:
    @pytest.mark.parametrize("count", [0, 1, 10, 11, 60, 61, 300])
    def test_no_line_is_cut_off(self, count, answering, order, orders):
        """An order has all of its lines, however many they are."""
        shop = answering(order(1, lines=count), order(2))
        told, other = shop.read(*orders(1, 2))
        assert list(range(1, count + 1)) == [each.paid.minor for each in told.amounts.lines]
        assert Money(100, "JPY") == told.amounts.shipping
        assert 1 == len(other.amounts.lines)
        assert 1 + max(0, -(-(count - 10) // 50)) == len(shop.asked)

    def test_no_way_is_cut_off(self, answering, order, orders):
        """Nor are its ways of shipping, which are paged beside the lines."""
        shop = answering(order(1, lines=15, ways=25))
        [told] = shop.read(*orders(1))
        assert (15, Money(2500, "JPY")) == (len(told.amounts.lines), told.amounts.shipping)
        assert 4 == len(shop.asked)

    def test_changed_meanwhile(self, answering, order, orders):
        """Pages of two states of an order are not put together: it is read anew."""
        shop = answering(order(1, lines=60))

        def edit(_, __):
            if len(shop.asked) == 2:
                shop.objects["gid://shopify/Order/1"] = order(1, lines=55, updatedAt="2026-11-05T00:00:00Z")

        shop.before = edit
        [told] = shop.read(*orders(1))
        assert (55, 5) == (len(told.amounts.lines), told.version.modified_at.day)

    def test_changes_all_the_time(self, answering, order, orders):
        """An order that never stands still is left for later."""
        shop = answering(order(1, lines=60))

        def edit(_, __):
            shop.objects["gid://shopify/Order/1"]["updatedAt"] = f"2026-11-05T00:00:{len(shop.asked):02}Z"

        shop.before = edit
        with pytest.raises(PlatformUnavailable, match=r"'tea': order 1 changes all the time"):
            shop.read(*orders(1))

    def test_vanishes_meanwhile(self, answering, order, orders):
        """An order that vanishes while it is read is left for later."""
        shop = answering(order(1, lines=60))
        shop.before = lambda _, __: shop.objects.clear() if len(shop.asked) == 2 else None
        with pytest.raises(PlatformUnavailable, match="vanished"):
            shop.read(*orders(1))


class TestRefunds:
    def test_only_where_there_are_some(self, answering, order, refund, orders):
        """Refunds take a question of their own, one for all the orders of a batch."""
        shop = answering(order(1, refunds=[31, 32]), order(2), order(3, refunds=[33]), refund(31))
        shop.objects |= {each["id"]: each for each in (refund(32, lines=2), refund(33))}
        told = shop.read(*orders(1, 2, 3))
        assert [("31", "32"), (), ("33",)] == [tuple(one.id for one in each.refunds) for each in told]
        assert ["read_orders", "read_refunds"] == shop.names
        assert all(each.refunds_complete for each in told)

    def test_no_line_is_cut_off(self, answering, order, refund, orders):
        """A refund has all of its lines, and all the money that was given back."""
        shop = answering(order(1, refunds=[31]), refund(31, lines=70, payments=12))
        [told] = shop.read(*orders(1))
        assert (70, Money(12, "JPY")) == (len(told.refunds[0].lines), told.refunds[0].amount)
        assert ["read_orders", *["read_refunds"] * 3] == shop.names

    def test_hidden(self, answering, order, orders):
        """A refund that is listed and not shown is not taken for one that was withdrawn."""
        shop = answering(order(1, refunds=[31]))
        with pytest.raises(PlatformUnavailable, match="refund 31 is listed and not shown"):
            shop.read(*orders(1))


def test_deliveries_by_events(fulfillment, answering, order, orders):
    """Only where a fulfilment has arrived and does not say when, its events are asked for."""
    silent = fulfillment(21, displayStatus="DELIVERED")
    clear = fulfillment(22, displayStatus="DELIVERED", deliveredAt="2026-11-04T10:00:00Z")
    shop = answering(order(1, fulfillments=[silent, clear]))
    shop.objects["gid://shopify/Fulfillment/21"] = {
        "id": "gid://shopify/Fulfillment/21",
        "events": {"nodes": [{"status": "DELIVERED", "happenedAt": "2026-11-04T09:00:00Z"}]},
    }
    [told] = shop.read(*orders(1))
    assert [("21", 9), ("22", 10)] == [(each.id, each.at.hour) for each in told.deliveries]
    assert ["gid://shopify/Fulfillment/21"] == shop.asked[-1][1]["ids"]


def undated(snapshot):
    """Leave out what tells two pictures apart, and what only a read can tell."""
    return replace(snapshot, version=Version(), purchased_at=None, deliveries=(), refunds_complete=False)


class TestSameAsWebhook:
    """What a read says of an object is what a webhook says of it: else each would contradict the other."""

    @pytest.mark.parametrize("money", ["presentment", "shop"])
    @pytest.mark.parametrize("taxes_included", [True, False])
    def test_orders(self, connect, money, taxes_included, home):
        """In every currency: plain, discounted, sent, refunded by line and by amount, edited, cancelled."""
        chance = random.Random(7)  # noqa: S311
        how = {"taxes_included": taxes_included, "shipping_tax": 10, "rates": RATES}
        tea = connect(how, money=money)
        shop = tea.shop
        shop.bucket.set(limit=1e9, rate=1e9)
        products = [shop.add_product(f"{price}", price, tax=8) for price in ("333", "880", "1001")]
        card = shop.add_product("Gift card", "1000", tax=0, requires_shipping=False)
        account = shop.add_customer("a@example.jp", first_name="花", last_name="小川", address=home)
        tea.offer("THIRD", percentage=Decimal("0.33"))
        tea.offer("HUNDRED", amount=Decimal(100))
        tea.offer("FREIGHT", free_shipping=True)
        made = []
        for number in range(40):
            cart = {each: chance.randint(1, 3) for each in chance.sample([*products, card], 2)}
            guest = number % 3 == 0
            order = shop.order(
                cart,
                customer=None if guest else account,
                email="g@example.jp" if guest else None,
                address=home if chance.random() < 0.8 else None,
                currency=chance.choice(["JPY", *RATES]),
                code=chance.choice(["", "THIRD", "HUNDRED", "FREIGHT"]),
                paid=True,
                test=number % 7 == 0,
            )
            made.append(order)
            shop.wait(hours=1)
            line = shop.orders[order].lines[0].id
            for act in chance.sample(
                [
                    lambda order=order: shop.fulfil(order),
                    lambda order=order, line=line: shop.refund(order, {line: 1}, shipping=True),
                    lambda order=order: shop.refund(order, amount="1"),
                    lambda order=order, card=card: shop.edit(order, add={card: 1}),
                    lambda order=order: shop.tag_order(order, ["x"]),
                ],
                2,
            ):
                act()
            if not shop.orders[order].fulfillments and chance.random() < 0.3:
                shop.cancel(order)
        told, open_ = tea.last_told()
        read = tea.read("order", *made)
        for each in read:
            webhook = told[each.id]
            if webhook.refunds is None:
                # Refunds of an order of two currencies are told in the customer's only: they must be read.
                assert ("shop", True) == (money, each.id in open_)
                webhook = replace(webhook, refunds=each.refunds)
            assert undated(webhook) == undated(each)
            assert webhook.version.modified_at == each.version.modified_at
            charged = sum((line.paid for line in each.amounts.lines), each.amounts.shipping)
            assert each.amounts.total == charged
        assert 10 < sum(bool(each.refunds) for each in read)
        assert 10 < sum(bool(each.codes) for each in read)
        assert (
            {"JPY"} if money == "shop" else {"JPY", *RATES} == {each.amounts.total.currency for each in read}
        )

    def test_moments(self, connect):
        """A webhook tells no other moment of a purchase than a read, or none and that a read must tell."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        at_once = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        later = tea.shop.order({product: 1}, email="a@example.jp")
        never = tea.shop.order({product: 1}, email="a@example.jp")
        tea.shop.wait(days=1)
        tea.shop.pay(later)
        tea.shop.tag_order(never, ["x"])
        told, open_ = tea.last_told()
        read = {each.id: each.purchased_at for each in tea.read("order", at_once, later, never)}
        assert {str(later)} == open_
        for number in (at_once, never):
            assert read[str(number)] == told[str(number)].purchased_at
        assert (tea.shop.now, None) == (read[str(later)], read[str(never)])


class TestConnected:
    def test_many_lines(self, connect):
        """An order of many lines is read whole, within the points that one operation may cost."""
        tea = connect()
        cart = {tea.shop.add_product(f"{number}", "1"): 1 for number in range(130)}
        order = tea.shop.order(cart, email="a@example.jp", paid=True)
        tea.shop.refund(order)
        [told] = tea.read("order", order)
        assert (130, 130) == (len(told.amounts.lines), len(told.refunds[0].lines))
        assert ["ReadOrders"] * 4 + ["ReadRefunds"] * 4 == [each.operation for each in tea.api.asked]

    def test_delivered(self, connect):
        """A parcel has arrived since its carrier said so."""
        tea = connect()
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, email="a@example.jp", paid=True)
        parcel = tea.shop.fulfil(order)
        then = tea.shop.wait(days=2)
        tea.shop.deliver_parcel(order)
        [told] = tea.read("order", order)
        assert [(str(parcel), then)] == [(each.id, each.at) for each in told.deliveries]
