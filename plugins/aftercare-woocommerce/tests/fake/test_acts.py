from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aftercare_woocommerce.fake import Api, FakeWooCommerce, Refusal


class TestMoney:
    def test_rounded_to_the_shop(self, api, shop, ask):
        """A shop of whole yen tells dollars in whole dollars; more decimals bring back the lines only."""
        cap = shop.product("Cap", "10.65")
        order = shop.checkout({cap: 1}, email="a@example.com", currency="USD", shipping="0")
        plain, exact = (ask(api, "GET", f"orders/{order}", **told)[1] for told in ({}, {"dp": 2}))
        assert ("11", "11.00") == (plain["total"], exact["total"])
        assert "9.68" == exact["line_items"][0]["total"]
        assert "10" == plain["line_items"][0]["total"]

    def test_coupons_take_off(self, api, shop, ask):
        """Per cent and amounts come off the lines, and the coupon remembers who used it."""
        shop.coupon("ten", discount_type="percent", amount=Decimal(10))
        order = shop.checkout({shop.tea: 1}, email="a@example.jp", coupon="TEN", shipping="0")
        assert "792" == ask(api, "GET", f"orders/{order}")[1]["total"]
        _, [coupon], _ = ask(api, "GET", "coupons", code="Ten")
        assert (1, ["a@example.jp"], "10.00") == (coupon["usage_count"], coupon["used_by"], coupon["amount"])

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"usage_limit": 0, "date_expires": datetime(2026, 3, 31, tzinfo=UTC)}, "expired"),
            ({"usage_limit": 1, "usage_count": 1}, "limit"),
            ({"email_restrictions": ["b@example.jp"]}, "e-mail"),
            ({"minimum_amount": Decimal(5000)}, "minimum"),
            ({"product_ids": [9999]}, "contents"),
        ],
    )
    def test_coupons_that_do_not_hold(self, shop, fields, why):
        """What a coupon is bound to is checked when it is used."""
        shop.coupon("ten", amount=Decimal(10), **fields)
        with pytest.raises(Refusal) as caught:
            shop.checkout({shop.tea: 1}, email="a@example.jp", coupon="ten")
        assert "woocommerce_rest_invalid_coupon" == caught.value.body["code"]
        assert why in caught.value.body["message"]


class TestOperations:
    """For each operation: does the date move, what is sent; as recorded on three stores."""

    TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored", "customer.created")
    MORE = ("customer.updated", "customer.deleted", "product.deleted", "coupon.deleted", "product.updated")

    @pytest.fixture
    def watched(self, shop, api, ask):
        for topic in self.TOPICS + self.MORE + ("action.woocommerce_order_refunded",):
            ask(
                api, "POST", "webhooks", {"topic": topic, "delivery_url": "https://x.example/", "secret": "s"}
            )
        return shop

    @pytest.mark.parametrize(
        ("act", "moved", "sent"),
        [
            (lambda s, o: s.complete(o), True, ["order.updated"]),
            (lambda s, o: s.edit(o, meta={"a": "b"}), True, ["order.updated"]),
            (lambda s, o: s.set_quantity(o, 0, 3), True, ["order.updated"]),
            (
                lambda s, o: s.refund(o, amount="1"),
                True,
                ["order.updated", "action.woocommerce_order_refunded"],
            ),
            (lambda s, o: s.trash(o), True, ["order.deleted"]),
            (lambda s, o: s.edit_silently(o, note="x", meta={"a": "b"}), False, []),
            (lambda s, o: s.delete_order(o), None, []),
        ],
    )
    def test_of_an_order(self, watched, act, moved, sent):
        """An order in a new shop, whose orders have tables of their own."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp", paid=True)
        watched.queue.collect()
        watched.wait(minutes=1)
        act(watched, order)
        assert [(topic, order) for topic in sent] == list(watched.queue.waiting)
        if moved is not None:
            assert moved == (watched.orders[order].modified == watched.now)

    def test_posts_storage(self, api, ask):
        """In an older shop edits of lines and meta data move no date, and the trash speaks of all kinds."""
        shop = FakeWooCommerce(hpos=False, deliver=lambda _: 200)
        tea = shop.product("Tea", "880")
        order = shop.checkout({tea: 1}, email="a@example.jp")
        before = shop.now
        shop.wait(minutes=1)
        shop.edit(order, meta={"a": "b"})
        shop.set_quantity(order, 0, 2)
        assert before == shop.orders[order].modified
        for topic in ("coupon.deleted", "product.deleted", "order.deleted"):
            ask(Api(shop), "POST", "webhooks", {"topic": topic, "delivery_url": "https://x.example/"})
        shop.trash(order)
        assert {("coupon.deleted", order), ("product.deleted", order)} <= set(shop.queue.waiting)

    def test_refunds(self, watched, api, ask):
        """Refunds never change the total; all of it sets the status; a deleted one leaves no trace."""
        order = watched.checkout({watched.tea: 2}, email="a@example.jp", paid=True)
        part = watched.refund(order, lines={0: 1}, reason="広い")
        assert "processing" == watched.orders[order].status
        modified = watched.orders[order].modified
        watched.wait(minutes=1)
        watched.delete_refund(part)
        _, told, _ = ask(api, "GET", f"orders/{order}")
        assert ([], "2360", modified) == (told["refunds"], told["total"], watched.orders[order].modified)
        whole = watched.refund(order)
        _, told, _ = ask(api, "GET", f"orders/{order}")
        assert ("refunded", [(whole, "-2360")]) == (
            told["status"],
            [(each["id"], each["total"]) for each in told["refunds"]],
        )

    def test_trash(self, watched, api, ask):
        """The trash is left out of lists, but answers; what is deleted does not."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp", paid=True)
        _, told, _ = ask(api, "DELETE", f"orders/{order}")
        assert "processing" == told["status"]
        assert [] == ask(api, "GET", "orders")[1]
        assert [order] == [each["id"] for each in ask(api, "GET", "orders", status="trash")[1]]
        assert "trash" == ask(api, "GET", f"orders/{order}")[1]["status"]
        assert 410 == ask(api, "DELETE", f"orders/{order}")[0]
        watched.restore(order)
        assert "processing" == ask(api, "GET", f"orders/{order}")[1]["status"]
        ask(api, "DELETE", f"orders/{order}", force="true")
        assert 404 == ask(api, "GET", f"orders/{order}")[0]

    def test_erasure(self, watched, api, ask):
        """Orders stay with nobody in them; the account keeps its e-mail."""
        account = watched.customer("sho@example.jp", first_name="翔")
        orders = [
            watched.checkout({watched.tea: 1}, account=account),
            watched.checkout({watched.tea: 1}, email="Sho@Example.jp"),
        ]
        assert orders == watched.anonymise("sho@example.jp")
        _, told, _ = ask(api, "GET", f"orders/{orders[0]}")
        assert ("deleted@site.invalid", 0) == (told["billing"]["email"], told["customer_id"])
        assert "_anonymized" in [each["key"] for each in told["meta_data"]]
        assert "sho@example.jp" == ask(api, "GET", f"customers/{account}")[1]["email"]

    def test_deleted_product(self, watched, api, ask):
        """Old orders keep the name only."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp")
        watched.delete_product(watched.tea)
        [line] = ask(api, "GET", f"orders/{order}")[1]["line_items"]
        assert (0, None, "有機ほうじ茶") == (line["product_id"], line["sku"], line["name"])

    def test_coupon_expiry_is_in_the_sites_time(self, api, recorded, ask):
        """`date_expires_gmt` does nothing, and `date_expires` means the site's clock."""
        _, told, _ = ask(api, "POST", "coupons", {"code": "a", "date_expires_gmt": "2026-12-31T14:59:59"})
        assert recorded("coupons-post")["body"]["date_expires_gmt"] is told["date_expires_gmt"] is None
        real = recorded("coupons-put")
        _, told, _ = ask(api, "PUT", f"coupons/{told['id']}", real["request"]["json"])
        for name in ("date_expires", "date_expires_gmt", "amount"):
            assert real["body"][name] == told[name]
