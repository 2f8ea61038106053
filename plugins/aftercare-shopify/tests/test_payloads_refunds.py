from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundLine
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref, Shop, Webhook
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.fake import FakeShopify

ORDER = "820982911946154508"
REFUND = "890088186047892319"
GLASSES = "487817672276298554"
AT = datetime(2022, 1, 1, tzinfo=UTC)


def bag(amount, shop="USD", presentment="USD"):
    """Return an amount in two currencies."""
    return {
        "shop_money": {"amount": amount, "currency_code": shop},
        "presentment_money": {"amount": amount, "currency_code": presentment},
    }


def line(tax="0.00", **currencies):
    """Return the one line of a refund."""
    return {
        "id": 1,
        "quantity": 1,
        "line_item_id": 487817672276298600,
        "subtotal": 89.99,
        "total_tax": float(tax),
        "subtotal_set": bag("89.99", **currencies),
        "total_tax_set": bag(tax, **currencies),
        "line_item": {"admin_graphql_api_id": f"gid://shopify/LineItem/{GLASSES}", "id": 487817672276298600},
    }


def transaction(amount="89.99", currency="USD", **changes):
    """Return a transaction of a refund."""
    return {"kind": "refund", "status": "success", "amount": amount, "currency": currency, **changes}


def listed(number, transactions, lines=()):
    """Return a refund in its order."""
    told = {"id": number, "created_at": "2022-01-01T00:00:00Z", "transactions": transactions}
    return {**told, "refund_line_items": list(lines)}


class TestAlone:
    def test_a_notice(self, told):
        """A refund is a notice of its own, with what was given back and when, and its lines."""
        (notice,) = told("refunds/create")
        assert (ORDER, True, AT) == (notice.id, notice.partial, notice.version.modified_at)
        (refund,) = notice.refunds
        assert (REFUND, Money(8500, "USD"), AT) == (refund.id, refund.amount, refund.refunded_at)
        assert 5 == len(refund.lines)
        assert RefundLine(line=GLASSES, quantity=1, amount=Money(8999, "USD")) == refund.lines[0]

    def test_a_rounded_line(self, told):
        """A line is named by its global id, where a number has been rounded."""
        (notice,) = told("refunds/create", refund_line_items=[line()], transactions=[transaction()])
        assert [GLASSES] == [each.line for each in notice.refunds[0].lines]

    def test_with_tax(self, told):
        """Only the order knows whether its prices have the tax in them: the lines wait for a read."""
        notice, doubt = told("refunds/create", refund_line_items=[line("7.20")], transactions=[transaction()])
        assert (Money(8999, "USD"), None) == (notice.refunds[0].amount, notice.refunds[0].lines)
        assert Ref("order", ORDER) == doubt.ref

    def test_by_amount(self, told):
        """A refund without lines is an amount."""
        (notice,) = told("refunds/create", refund_line_items=[], transactions=[transaction("5.00")])
        assert (Money(500, "USD"), ()) == (notice.refunds[0].amount, notice.refunds[0].lines)

    @pytest.mark.parametrize(
        "transactions", [[], [transaction(status="pending")], [transaction(status="failure")]]
    )
    def test_no_money(self, told, transactions):
        """An edit that takes a line out, or a refund under way, has given nothing back."""
        (ignored,) = told("refunds/create", transactions=transactions)
        assert isinstance(ignored, Ignored)

    def test_without_transactions(self, told, body):
        """A refund that fields were left out of must be read."""
        refund = body("refunds/create")
        del refund["transactions"]
        (doubt,) = told(refund, "refunds/create")
        assert Ref("order", ORDER) == doubt.ref

    def test_of_no_order(self, told):
        """A refund of nothing cannot be understood."""
        with pytest.raises(TranslationError, match="order_id"):
            told("refunds/create", order_id=None)


class TestCurrencies:
    def refund(self, currency):
        """Return the changes that make a refund of an order in euros by a shop in dollars."""
        euros = {"shop": "USD", "presentment": "EUR"}
        return {
            "total_duties_set": bag("0.00", **euros),
            "refund_line_items": [line(**euros)],
            "transactions": [transaction("80.00", currency)],
        }

    def test_what_the_customer_saw(self, told):
        """A transaction is told in the customer's currency, and names it."""
        (notice,) = told("refunds/create", **self.refund("EUR"))
        assert Money(8000, "EUR") == notice.refunds[0].amount

    @pytest.mark.parametrize(("currency", "money"), [("EUR", "shop"), ("USD", "presentment"), (None, "shop")])
    def test_in_the_other_currency(self, told, adapter_with, currency, money):
        """How much that is in the other currency is not worked out, but read."""
        (doubt,) = told("refunds/create", by=adapter_with(money=money), **self.refund(currency))
        assert isinstance(doubt, NeedsRead)

    def test_no_bag(self, told):
        """A refund that does not say its order's currency must be read."""
        (doubt,) = told("refunds/create", total_duties_set=None, refund_line_items=[])
        assert isinstance(doubt, NeedsRead)


class TestInAnOrder:
    def test_listed(self, told):
        """An order lists its refunds with their lines; the list is not taken for the last word."""
        snapshot, doubt = told("orders-updated.partially-refunded")
        (refund,) = snapshot.refunds
        assert (REFUND, Money(8500, "USD"), False) == (refund.id, refund.amount, snapshot.refunds_complete)
        assert (RefundLine(line=GLASSES, quantity=1, amount=Money(8999, "USD")),) == refund.lines
        # Of the refund nothing is open.
        assert "the order is paid, and not told since when" == doubt.reason

    @pytest.mark.parametrize(("included", "amount"), [(True, 8999), (False, 9719)])
    def test_with_tax(self, told, included, amount):
        """The order says whether the tax is in its prices."""
        refunds = [listed(5, [transaction("97.19")], [line("7.20")])]
        snapshot, *_ = told("orders-create.live", refunds=refunds, taxes_included=included)
        assert [Money(amount, "USD")] == [each.amount for each in snapshot.refunds[0].lines]

    def test_not_told_in_the_currency_that_counts(self, told):
        """One refund that cannot be told leaves the list open: it must not look shorter than it is."""
        refunds = [listed(5, [transaction("9.00")]), listed(6, [transaction("9.00", "EUR")])]
        snapshot, doubt = told("orders-create.live", refunds=refunds)
        assert snapshot.refunds is None
        assert "currency" in doubt.reason

    def test_both_tell_the_same(self, told, body):
        """A refund alone and in its order is one and the same."""
        refund = body("refunds/create")
        snapshot, *_ = told("orders-create.live", refunds=[refund])
        (notice,) = told(refund, "refunds/create")
        assert snapshot.refunds == notice.refunds


@pytest.mark.parametrize("included", [True, False])
def test_a_whole_line_given_back(included):
    """What is given back for all pieces of a line is what was paid for them, to the last unit."""
    sent = []
    shop = FakeShopify(
        currency="EUR",
        rates={"USD": "1.137"},
        taxes_included=included,
        shipping_tax=19,
        deliver=lambda delivery: sent.append(delivery) or 200,
    )
    shop.configure("https://aftercare.example", ("orders/updated",))
    tea = shop.add_product("Tea", "9.99", tax=7)
    order = shop.order({tea: 3}, email="a@example.com", currency="USD", paid=True)
    shop.refund(order)
    shop.deliver()
    adapter = ShopifyAdapter(Shop(name="main", options={}))
    snapshot, *_ = adapter.translate(Webhook(topic="orders/updated", body=sent[-1].body))
    (line,), (refund,) = snapshot.amounts.lines, snapshot.refunds
    assert [line.paid] == [each.amount for each in refund.lines]
    assert snapshot.amounts.total == refund.amount == line.paid + snapshot.amounts.shipping
