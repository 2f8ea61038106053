from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Parcel
from aftercare_sdk.model.shops import NeedsRead, Ref

ORDER = "820982911946154508"
GLASSES = "487817672276298554"
PLACED = datetime(2026, 11, 2, 13, 59, 58, tzinfo=UTC)
LATE = "2026-11-05T09:00:00-05:00"
AT_THE_DOOR = "Cash on Delivery (COD)"


@pytest.fixture
def order(told):
    """The one picture that the body of an order draws."""

    def order(what="orders-create.live", **changes):
        snapshot, *_ = told(what, **changes)
        return snapshot

    return order


@pytest.fixture
def doubts(told):
    """What the body of an order leaves open."""

    def doubts(what="orders-create.live", **changes):
        return [one.reason for one in told(what, **changes) if isinstance(one, NeedsRead)]

    return doubts


def fulfillment(body, **changes):
    """Return a fulfilment of the order, as it is listed in it."""
    return {**body("fulfillments/create"), "status": "success", "created_at": LATE, **changes}


class TestOrder:
    def test_a_live_order(self, order):
        """An order that was paid in the checkout is told whole."""
        told = order()
        assert (ORDER, "#9999", "paid", False) == (told.id, told.number, told.status, told.test)
        assert PLACED == told.placed_at == told.purchased_at
        assert ("115310627314723954", "US", "en-US", "visa") == (
            told.customer,
            told.country,
            told.locale,
            told.gateway,
        )
        assert ((), (), (), ()) == (told.codes, told.shipments, told.deliveries, told.refunds)
        assert (False, True, False) == (told.cancelled, told.needs_shipping, told.refunds_complete)

    def test_amounts(self, order):
        """Lines are told by their numbers, with the product's where there is one."""
        amounts = order().amounts
        assert (Money(40495, "USD"), Money(1000, "USD")) == (amounts.total, amounts.shipping)
        glasses, plan, *_ = amounts.lines
        assert (GLASSES, "788032119674292922", None) == (glasses.id, glasses.product, glasses.variant)
        assert ("Aviator sunglasses", 1, Money(8999, "USD")) == (
            glasses.title,
            glasses.quantity,
            glasses.paid,
        )
        assert (None, "LENS-PROTECT-2YR") == (plan.product, plan.sku)

    def test_yen(self, order):
        """Yen have no decimals."""
        assert Money(60742, "JPY") == order("orders-create.jpy-zero-decimal").amounts.total

    def test_two_currencies(self, order, adapter_with):
        """What the customer saw counts, unless the shop wants its own currency."""
        name = "orders-create.multi-currency"
        presentment = order(name).amounts
        own = order(name, by=adapter_with(money="shop")).amounts
        assert {"EUR"} == {line.paid.currency for line in presentment.lines} | {presentment.total.currency}
        assert Money(37255, "EUR") == presentment.total
        assert Money(40495, "USD") == own.total

    def test_mixed_currencies(self, order, body):
        """Amounts in two currencies within one order cannot be understood."""
        lines = body("orders-create.live")["line_items"]
        lines[0]["price_set"]["presentment_money"]["currency_code"] = "EUR"
        with pytest.raises(TranslationError, match="USD and in another"):
            order(line_items=lines)

    @pytest.mark.parametrize(("included", "paid"), [(False, 9399), (True, 8499)])
    def test_discounts_and_taxes(self, order, body, included, paid):
        """A line is net of its discounts, and taxes are added unless the prices have them."""
        lines = body("orders-create.live")["line_items"]
        bag = {"shop_money": {"amount": "5.00", "currency_code": "USD"}}
        bag["presentment_money"] = bag["shop_money"]
        nine = {name: {**money, "amount": "9.00"} for name, money in bag.items()}
        lines[0] |= {"discount_allocations": [{"amount_set": bag}], "tax_lines": [{"price_set": nine}]}
        line = order(line_items=lines, taxes_included=included).amounts.lines[0]
        assert (Money(paid, "USD"), Money(900, "USD")) == (line.paid, line.tax)

    def test_a_removed_way_of_shipping(self, order, body):
        """What was taken off again by an edit is not charged."""
        ways = body("orders-create.live")["shipping_lines"]
        removed = {**ways[0], "is_removed": True}
        assert Money(1000, "USD") == order(shipping_lines=[*ways, removed]).amounts.shipping

    def test_codes(self, order):
        """The codes that were used are told as they were written."""
        codes = [{"code": "HELLO-10", "amount": "1.00", "type": "fixed_amount"}]
        assert ("HELLO-10",) == order(discount_codes=codes).codes

    def test_the_global_id_counts(self, order):
        """An `id` that something on the way has rounded is put right by the global one."""
        assert ORDER == order(id=820982911946154500).id

    @pytest.mark.parametrize(
        ("lines", "needed"), [([True, None], True), ([False, False], False), ([False, None], None)]
    )
    def test_needs_shipping(self, order, body, lines, needed):
        """One thing to carry is enough; where a line does not say, nobody knows."""
        first = body("orders-create.live")["line_items"][0]
        items = [{**first, "requires_shipping": each} for each in lines]
        assert needed is order(line_items=items).needs_shipping

    def test_an_order_from_elsewhere(self, order):
        """An order that was brought in counts from the day on which it was placed there."""
        told = order(processed_at="2019-05-01T10:00:00+02:00")
        assert datetime(2019, 5, 1, 8, tzinfo=UTC) == told.placed_at

    def test_unknown_words(self, order):
        """A status that Shopify adds next year is no purchase, and no error."""
        assert order(financial_status="bartered").purchased_at is None


class TestPurchase:
    @pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded"])
    def test_paid_since_placing(self, order, doubts, status):
        """What is paid so soon after placing was paid in the checkout."""
        assert PLACED == order(financial_status=status).purchased_at
        assert [] == doubts(financial_status=status)

    @pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded"])
    def test_paid_since_nobody_knows(self, order, doubts, status):
        """Later webhooks do not tell since when it is paid: it is not guessed, but read."""
        assert order(financial_status=status, updated_at=LATE).purchased_at is None
        assert ["the order is paid, and not told since when"] == doubts(
            financial_status=status, updated_at=LATE
        )

    @pytest.mark.parametrize("status", ["pending", "authorized", "voided", "expired", None])
    def test_not_paid(self, order, doubts, status):
        """What is not paid in full is no purchase, and nothing is open about it."""
        assert order(financial_status=status, updated_at=LATE).purchased_at is None
        assert [] == doubts(financial_status=status, updated_at=LATE)

    def test_paid_in_part(self, order, doubts):
        """What is paid in part may have been paid in full before something was added: that is read."""
        told = {"financial_status": "partially_paid", "updated_at": LATE}
        assert order(**told).purchased_at is None
        assert ["the order is paid in part, and not told whether it was paid in full before"] == doubts(
            **told
        )

    def test_cash_on_delivery(self, order, body, doubts):
        """Cash at the door is a purchase once something of it is fulfilled."""
        cod = {"financial_status": "pending", "payment_gateway_names": [AT_THE_DOOR], "updated_at": LATE}
        assert order(**cod).purchased_at is None
        left = {**cod, "fulfillments": [fulfillment(body)]}
        assert (PLACED, AT_THE_DOOR) == (order(**left).purchased_at, order(**left).gateway)
        assert [] == doubts(**left)

    def test_own_names(self, order, body, adapter_with):
        """A shop names its own ways to pay at the door."""
        told = {"payment_gateway_names": ["代金引換"], "fulfillments": [fulfillment(body)]}
        told["financial_status"] = "pending"
        assert order(**told).purchased_at is None
        assert PLACED == order(**told, by=adapter_with(pay_on_delivery=["代金引換"])).purchased_at

    def test_free(self, order, body, doubts):
        """A free order is paid at once, whenever it is told."""
        nothing = body("orders-create.live")["total_discounts_set"]
        for money in nothing.values():
            money["amount"] = "0.00"
        assert PLACED == order(total_price_set=nothing, updated_at=LATE).purchased_at
        assert [] == doubts(total_price_set=nothing, updated_at=LATE)

    def test_a_test_order(self, order):
        """A test order says so; the engine makes nothing of it."""
        assert order("orders-create.test-order").test


class TestCancellation:
    def test_cancelled(self, order):
        """A cancelled order says so, and keeps what it was."""
        told = order("orders-cancelled.live")
        assert (True, "cancelled") == (told.cancelled, told.status)

    def test_revived(self, order):
        """An order that was opened again is not cancelled any more."""
        assert order("orders-cancelled.live", cancelled_at=None).cancelled is False

    def test_unconfirmed(self, order):
        """That an order is not confirmed yet says nothing."""
        assert order() == order(confirmed=False)


class TestParcels:
    def test_shipments(self, order, body):
        """Every fulfilment that has left is a parcel, since it was created."""
        parcels = [
            fulfillment(body, id=1, admin_graphql_api_id="gid://shopify/Fulfillment/1"),
            fulfillment(body, id=2, admin_graphql_api_id=None, status="cancelled"),
            fulfillment(body, id=3, admin_graphql_api_id=None, status="pending"),
            fulfillment(body, id=4, admin_graphql_api_id=None, status="a new word"),
        ]
        at = datetime.fromisoformat(LATE)
        assert (Parcel(id="1", at=at),) == order(fulfillments=parcels).shipments

    def test_nothing_to_carry(self, order, body):
        """A fulfilled gift card has not left in a parcel."""
        lines = [{**body("fulfillments/create")["line_items"][0], "requires_shipping": False}]
        assert () == order(fulfillments=[fulfillment(body, line_items=lines)]).shipments

    def test_delivered(self, order, body, doubts):
        """An order says that a parcel has arrived, and not when: that must be read."""
        arrived = [fulfillment(body, shipment_status="delivered")]
        assert () == order(fulfillments=arrived).deliveries
        assert ["a parcel has arrived, and not told when"] == doubts(fulfillments=arrived)


class TestVersion:
    def test_dated(self, order):
        """A picture is of the moment at which Shopify changed the order."""
        moment = datetime.fromisoformat(LATE)
        assert moment == order(updated_at=LATE).version.modified_at

    def test_the_same_change(self, told):
        """Two webhooks of one change draw the same picture."""
        assert told("orders-create.live", "orders/create") == told("orders-create.live", "orders/paid")

    def test_another_picture(self, order):
        """Two pictures of one second that differ are told apart."""
        assert order().version.digest != order(financial_status="pending").version.digest


def test_the_read_names_the_order(told):
    """What is open about an order is read of that order."""
    _, doubt = told("orders-create.live", updated_at=LATE)
    assert Ref("order", ORDER) == doubt.ref


def test_time_before_placing(order):
    """A clock that runs behind makes no purchase of the future."""
    earlier = (PLACED - timedelta(seconds=3)).isoformat()
    assert PLACED == order(updated_at=earlier).purchased_at
