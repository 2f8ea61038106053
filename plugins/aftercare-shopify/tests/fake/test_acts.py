from __future__ import annotations

import pytest

from aftercare_shopify.fake import Refusal


@pytest.fixture
def heard(shop):
    """What is announced, topic by topic, to an app that hears everything."""
    from aftercare_shopify.fake.graph.mutations.webhooks import _TOPICS

    shop.configure(
        "https://me.example/w", (*_TOPICS, "customers/redact", "customers/data_request", "shop/redact")
    )

    def heard():
        topics = [topic for topic, _ in shop.queue.waiting]
        shop.deliver()
        return topics

    return heard


class TestOrders:
    def test_bought_and_paid(self, shop, heard):
        """An order is announced with its payment; one that is paid later is announced again."""
        order = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        assert ["order_transactions/create", "orders/create", "orders/paid", "orders/updated"] == heard()
        order = shop.order({shop.tea: 1}, gateway="Cash on Delivery (COD)")
        assert ("pending", ["order_transactions/create", "orders/create", "orders/updated"]) == (
            shop.orders[order].financial_status,
            heard(),
        )
        shop.pay(order)
        assert ["order_transactions/create", "orders/paid", "orders/updated"] == heard()
        assert ["pending", "success"] == [each.status for each in shop.orders[order].transactions]

    def test_authorized(self, shop):
        """What is authorized is captured, or let go."""
        taken, gone = shop.order({shop.tea: 1}), shop.order({shop.tea: 1})
        shop.authorize(taken)
        shop.authorize(gone)
        assert "authorized" == shop.orders[taken].financial_status
        shop.pay(taken)
        shop.void(gone)
        assert ("paid", "voided") == (shop.orders[taken].financial_status, shop.orders[gone].financial_status)
        assert ["authorization", "capture"] == [each.kind for each in shop.orders[taken].transactions]

    def test_paid_in_parts(self, shop):
        """Half of it is not all of it; a failed payment is nothing."""
        order = shop.order({shop.tea: 1})
        shop.fail_payment(order)
        shop.pay(order, "1000")
        assert "partially_paid" == shop.orders[order].financial_status
        shop.pay(order)
        assert ("paid", 1480) == (shop.orders[order].financial_status, shop.orders[order].received.shop)
        with pytest.raises(Refusal, match="nothing to be paid"):
            shop.pay(order)

    def test_sent_in_two_parcels(self, shop, heard):
        """Each parcel is told, the last one closes a paid order."""
        order = shop.order({shop.tea: 2}, paid=True)
        heard()
        shop.fulfil(order, {0: 1})
        assert ["fulfillments/create", "orders/partially_fulfilled", "orders/updated"] == heard()
        second = shop.fulfil(order)
        assert ["fulfillments/create", "orders/fulfilled", "orders/updated"] == heard()
        assert ("fulfilled", True) == (
            shop.orders[order].fulfillment_status,
            shop.orders[order].closed is not None,
        )
        shop.deliver_parcel(order, parcel=second)
        assert ["fulfillment_events/create", "fulfillments/update", "orders/updated"] == heard()
        with pytest.raises(Refusal, match="not so much to be fulfilled"):
            shop.fulfil(order)
        with pytest.raises(Refusal, match="2 such parcels"):
            shop.deliver_parcel(order)

    def test_what_carriers_tell(self, shop, told, gid):
        """A parcel shows what was told last, and when it arrived."""
        order = shop.order({shop.tea: 1}, paid=True)
        parcel = shop.fulfil(order)
        query = (
            "query ($id: ID!) { fulfillment(id: $id) { status displayStatus deliveredAt"
            " inTransitAt events(first: 9) { nodes { status } } } }"
        )
        assert "FULFILLED" == told(query, id=gid("Fulfillment", parcel))["fulfillment"]["displayStatus"]
        shop.carrier_tells(order, "in_transit")
        shop.wait(days=2)
        shop.deliver_parcel(order)
        assert {
            "status": "SUCCESS",
            "displayStatus": "DELIVERED",
            "deliveredAt": "2026-08-05T00:00:00Z",
            "inTransitAt": "2026-08-03T00:00:00Z",
            "events": {"nodes": [{"status": "DELIVERED"}, {"status": "IN_TRANSIT"}]},
        } == told(query, id=gid("Fulfillment", parcel))["fulfillment"]
        with pytest.raises(Refusal, match="no status 'lost'"):
            shop.carrier_tells(order, "lost")

    def test_a_parcel_that_is_taken_back(self, shop):
        """What was in it is to be sent again."""
        order = shop.order({shop.tea: 1}, paid=True)
        shop.fulfil(order)
        shop.cancel_parcel(order)
        assert (None, None) == (shop.orders[order].fulfillment_status, shop.orders[order].closed)
        shop.fulfil(order)
        assert "fulfilled" == shop.orders[order].fulfillment_status

    def test_cancelled(self, shop, heard):
        """A cancellation gives the money back and says why; an unpaid order becomes void."""
        order, unpaid = shop.order({shop.tea: 1}, paid=True), shop.order({shop.tea: 1})
        heard()
        shop.cancel(order, reason="inventory")
        assert [
            "order_transactions/create",
            "refunds/create",
            "orders/updated",
            "orders/cancelled",
            "orders/updated",
        ] == heard()
        assert ("refunded", "inventory", "restocked") == (
            shop.orders[order].financial_status,
            shop.orders[order].cancel_reason,
            shop.orders[order].fulfillment_status,
        )
        shop.cancel(unpaid)
        assert "voided" == shop.orders[unpaid].financial_status
        for number in (order, shop.order({shop.tea: 1}, paid=True)):
            if number != order:
                shop.fulfil(number)
            with pytest.raises(Refusal, match="cancelled"):
                shop.cancel(number)
        with pytest.raises(Refusal, match="no reason 'bored'"):
            shop.cancel(shop.order({shop.tea: 1}), reason="bored")

    def test_cancelled_without_money(self, shop):
        """The money can stay."""
        order = shop.order({shop.tea: 1}, paid=True)
        shop.cancel(order, refund=False, restock=False)
        assert ("paid", []) == (shop.orders[order].financial_status, shop.orders[order].refunds)

    @pytest.mark.parametrize("paid", ["0", "1000", "1480"])
    def test_cancelled_after_refunds_and_payments(self, shop, paid):
        """Whatever was paid and given back before, nothing is left afterwards."""
        order = shop.order({shop.tea: 1})
        if paid != "0":
            shop.pay(order, paid)
            shop.refund(order, amount="300")
        shop.cancel(order)
        found = shop.orders[order]
        assert (0, 0, 0) == (
            found.current_total.shop,
            found.outstanding.shop,
            (found.received - found.refunded).shop,
        )

    def test_revived(self, shop, heard):
        """A cancellation that is taken back leaves the order as it was, but money that went back."""
        order, other = shop.order({shop.tea: 1}, paid=True), shop.order({shop.tea: 1}, paid=True)
        shop.cancel(order, refund=False)
        shop.cancel(other)
        heard()
        shop.reopen(order)
        shop.reopen(other)
        assert ["orders/updated"] * 2 == heard()
        assert (None, "paid", None) == (
            shop.orders[order].cancelled,
            shop.orders[order].financial_status,
            shop.orders[order].fulfillment_status,
        )
        assert "refunded" == shop.orders[other].financial_status
        shop.fulfil(order)
        with pytest.raises(Refusal, match="is not cancelled"):
            shop.reopen(order)

    def test_edited(self, shop, heard, told, gid):
        """What is added is to be paid; what is removed is a refund without money."""
        order = shop.order({shop.tea: 2}, paid=True)
        heard()
        shop.edit(order, add={shop.food: 1}, remove={0: 1})
        assert ["refunds/create", "orders/updated", "orders/edited", "orders/updated"] == heard()
        found = shop.orders[order]
        assert (1, 1980 - 880, "partially_paid") == (
            found.current(found.lines[0]),
            found.outstanding.shop,
            found.financial_status,
        )
        query = (
            "query ($id: ID!) { order(id: $id) { edited originalTotalPriceSet { shopMoney {"
            " amount } } totalPriceSet { shopMoney { amount } } currentTotalPriceSet { shopMoney"
            " { amount } } refunds { totalRefundedSet { shopMoney { amount } }"
            " refundLineItems(first: 5) { nodes { quantity restockType } } } } }"
        )
        assert {
            "edited": True,
            "originalTotalPriceSet": {"shopMoney": {"amount": "2360.0"}},
            "totalPriceSet": {"shopMoney": {"amount": "4340.0"}},
            "currentTotalPriceSet": {"shopMoney": {"amount": "3460.0"}},
            "refunds": [
                {
                    "totalRefundedSet": {"shopMoney": {"amount": "0.0"}},
                    "refundLineItems": {"nodes": [{"quantity": 1, "restockType": "CANCEL"}]},
                }
            ],
        } == told(query, id=gid("Order", order))["order"]
        shop.tag_order(order, ["b", "a"])
        assert ["a", "b"] == found.tags
        shop.fulfil(order)
        with pytest.raises(Refusal, match="not fulfilled"):
            shop.edit(order, remove={0: 1})

    def test_deleted(self, shop, heard):
        """An order that was paid online must be cancelled first; then it is gone."""
        order, test = shop.order({shop.tea: 1}, paid=True), shop.order({shop.tea: 1}, paid=True, test=True)
        with pytest.raises(Refusal, match="can't be deleted"):
            shop.delete_order(order)
        shop.cancel(order)
        heard()
        shop.delete_order(order)
        shop.delete_order(test)
        assert (["orders/delete"] * 2, {}) == (heard(), shop.orders)

    def test_a_test_order(self, shop):
        """A test is paid with the bogus gateway."""
        order = shop.orders[shop.order({shop.tea: 1}, paid=True, test=True)]
        assert (True, "bogus", True) == (order.test, order.gateway, order.transactions[0].test)

    @pytest.mark.parametrize("cart", [{}, {1: 1}])
    def test_carts_that_cannot_be_bought(self, shop, cart):
        """Nothing, and what there is not, cannot be bought."""
        with pytest.raises(Refusal):
            shop.order(cart)

    def test_variants(self, shop):
        """A size is bought by its own id; the product's means the first."""
        small, large = shop.products[shop.food].variants
        order = shop.orders[shop.order({large.id: 1, shop.food: 1})]
        assert [("3 kg", "DOG-2", 4980), ("1 kg", "DOG", 1980)] == [
            (line.variant_title, line.sku, line.price.shop) for line in order.lines
        ]
        assert small.id == order.lines[1].variant


class TestPeopleAndProducts:
    def test_a_customer(self, shop, heard):
        """Changes of customers are announced; an e-mail address belongs to one only."""
        with pytest.raises(Refusal, match="already been taken"):
            shop.add_customer("HANA@example.jp")
        shop.tag(shop.hana, "vip", "VIP", "gold")
        shop.tag(shop.hana, "Gold")
        shop.untag(shop.hana, "GOLD", "none")
        assert ["vip"] == shop.customers[shop.hana].tags
        assert [
            "customer.tags_added",
            "customers/update",
            "customer.tags_removed",
            "customers/update",
        ] == heard()

    def test_with_orders_nobody_is_deleted(self, shop, heard):
        """Only who never bought can be deleted."""
        shop.order({shop.tea: 1}, customer=shop.hana)
        with pytest.raises(Refusal, match="because they have orders"):
            shop.delete_customer(shop.hana)
        heard()
        shop.delete_customer(shop.add_customer("x@example.jp"))
        assert ["customers/create", "customers/delete"] == heard()

    def test_redacted(self, shop, heard, told, gid):
        """What is known of a person is erased, in orders too, and the app is asked to do the same."""
        order = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        heard()
        shop.redact_customer(shop.hana)
        topic, body = shop.queue.waiting[-1]
        assert ("customers/redact", [order], "hana@example.jp") == (
            topic,
            body["orders_to_redact"],
            body["customer"]["email"],
        )
        query = (
            "query ($id: ID!) { order(id: $id) { email shippingAddress { zip } customer {"
            " firstName defaultEmailAddress { emailAddress } emailMarketingConsent {"
            " marketingState } } } }"
        )
        assert {
            "email": None,
            "shippingAddress": None,
            "customer": {
                "firstName": None,
                "defaultEmailAddress": None,
                "emailMarketingConsent": {"marketingState": "REDACTED"},
            },
        } == told(query, id=gid("Order", order))["order"]

    def test_consent(self, shop, heard):
        """Every state of Shopify's can be, and none else."""
        for state in ("PENDING", "SUBSCRIBED", "UNSUBSCRIBED", "REDACTED", "INVALID", "NOT_SUBSCRIBED"):
            shop.change_consent(shop.hana, state)
            assert state == shop.customers[shop.hana].consent.state
        assert ["customers_email_marketing_consent/update", "customers/update"] * 6 == heard()
        with pytest.raises(Refusal, match="no consent state"):
            shop.change_consent(shop.hana, "MAYBE")
        with pytest.raises(Refusal, match="no opt-in level"):
            shop.change_consent(shop.hana, "SUBSCRIBED", level="TRIPLE")

    def test_a_dearer_product(self, shop):
        """A new price is that of all variants, and of no order before."""
        order = shop.order({shop.food: 1})
        shop.edit_product(shop.food, price="2000")
        assert [2000, 2000] == [each.price for each in shop.products[shop.food].variants]
        assert 1980 == shop.orders[order].lines[0].price.shop

    def test_a_deleted_product(self, shop, told, gid):
        """Orders keep its title, and lose its id."""
        order = shop.order({shop.tea: 1}, paid=True)
        shop.delete_product(shop.tea)
        query = (
            "query ($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { title product { id"
            " } variant { id } } } } }"
        )
        assert [{"title": "ほうじ茶", "product": None, "variant": None}] == told(
            query, id=gid("Order", order)
        )["order"]["lineItems"]["nodes"]

    def test_unknown_things_and_fields(self, shop):
        """Acts on what there is not say so."""
        for act in (
            lambda: shop.pay(1),
            lambda: shop.tag(1, "a"),
            lambda: shop.edit_product(1, title="a"),
            lambda: shop.edit_product(shop.tea, colour="red"),
            lambda: shop.edit_customer(shop.hana, colour="red"),
            lambda: shop.change(shop.order({shop.tea: 1}), colour="red"),
            lambda: shop.subscribe_customer(shop.hana, {shop.tea: 1}, interval="HOUR"),
            lambda: shop.set_contract(shop.subscribe_customer(shop.hana, {shop.tea: 1}), "LOST"),
            lambda: shop.void(shop.order({shop.tea: 1})),
            lambda: shop.order({shop.tea: 1}, contract=1),
        ):
            with pytest.raises(Refusal):
                act()

    def test_time_stands_still(self, shop):
        """Time passes when it is told to."""
        before = shop.now
        shop.order({shop.tea: 1}, paid=True)
        assert before == shop.now
        assert 90 == (shop.wait(minutes=1, seconds=30) - before).seconds


class TestWhatIsStillToBeSent:
    def test_taken_out_before_it_was_sent(self, shop):
        """What is given back before it left the shop is not sent any more."""
        order = shop.order({shop.tea: 3}, paid=True)
        shop.refund(order, {0: 1})
        shop.fulfil(order)
        assert [2] == list(shop.orders[order].fulfillments[0].lines.values())

    def test_back_after_it_was_sent(self, shop):
        """What comes back after it was sent leaves the rest to be sent; `cancel` is for what was not sent."""
        order = shop.order({shop.tea: 3}, paid=True)
        line = shop.orders[order].lines[0]
        shop.fulfil(order, {0: 1})
        shop.refund(order, {0: 1}, restock="return")
        assert (2, 2) == (shop.orders[order].to_send(line), shop.orders[order].current(line))
        shop.refund(order, {0: 1}, restock="cancel")
        assert (1, 1) == (shop.orders[order].to_send(line), shop.orders[order].current(line))
        with pytest.raises(Refusal, match="no way 'burn'"):
            shop.refund(order, {0: 1}, restock="burn")
