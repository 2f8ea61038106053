from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundLine
from aftercare_shopify.amounts import (
    PROMPT,
    GivenBack,
    Line,
    Payment,
    ShippingLine,
    gateway_of,
    order_amounts,
    paid_at,
    paid_by,
    purchase_at,
    refund_snapshot,
)
from aftercare_shopify.options import Rules

PLACED = datetime(2026, 11, 2, 14, tzinfo=UTC)
LATER = PLACED + timedelta(days=2)
RULES = Rules.of({})


def d(*amounts):
    """Return amounts as they are told."""
    return [Decimal(each) for each in amounts]


def line(**changes):
    """A line of three pieces with a discount and a tax."""
    told = {"id": "1", "title": "Tea", "quantity": 3, "price": Decimal("10.00"), "sku": "T-1"}
    return Line(**{**told, "discounts": d("1.50", "0.01"), "taxes": d("2.27", "0.10"), **changes})


def amounts(*, currency="USD", total="40.86", taxes_included=False, lines=None, shipping=()):
    """Return the amounts of an order."""
    return order_amounts(
        currency=currency,
        total=Decimal(total),
        taxes_included=taxes_included,
        lines=[line()] if lines is None else lines,
        shipping=shipping,
    )


class TestOrders:
    @pytest.mark.parametrize(("taxes_included", "paid"), [(False, 3086), (True, 2849)])
    def test_a_line(self, taxes_included, paid):
        """A line is net of all its discounts, and with its taxes, which may be in the price already."""
        (made,) = amounts(taxes_included=taxes_included).lines
        assert (Money(paid, "USD"), Money(237, "USD")) == (made.paid, made.tax)
        assert (3, "T-1", None) == (made.quantity, made.sku, made.product)

    @pytest.mark.parametrize(("taxes_included", "charged"), [(False, 880), (True, 800)])
    def test_shipping(self, taxes_included, charged):
        """Shipping is what was charged for it: after discounts, and with tax."""
        ways = [ShippingLine(price=Decimal(10), discounts=d(2), taxes=d("0.80"))]
        assert Money(charged, "USD") == amounts(taxes_included=taxes_included, shipping=ways).shipping

    @pytest.mark.parametrize(
        ("currency", "told", "minor"),
        [
            ("JPY", "1500", 1500),
            ("JPY", "1500.0", 1500),
            ("JPY", "1500.00", 1500),
            ("BHD", "1.234", 1234),
            ("USD", "0.29", 29),
            ("USD", "99999999999.99", 9999999999999),
        ],
    )
    def test_decimals(self, currency, told, minor):
        """Amounts are exact in the currency's decimals, however many zeros Shopify writes."""
        made = amounts(currency=currency, total=told, lines=[])
        assert Money(minor, currency) == made.total
        assert not made.rounded

    def test_too_fine(self):
        """An amount that is finer than the currency is rounded, and says so."""
        made = amounts(lines=[line(price=Decimal("0.005"), quantity=1, discounts=(), taxes=())])
        assert (Money(1, "USD"), True) == (made.lines[0].paid, made.rounded)

    @pytest.mark.parametrize("quantity", [10**5, 10**9])
    def test_too_large(self, quantity):
        """What no shop can mean is an error that names no amount."""
        with pytest.raises(TranslationError, match="larger than any"):
            amounts(lines=[line(price=Decimal("9" * 15 + ".123456789"), quantity=quantity)])

    def test_nothing(self):
        """An order that is given away has amounts of nothing."""
        made = amounts(total="0.00", lines=[line(discounts=d("30.00"), taxes=())])
        assert Money(0, "USD") == made.total == made.lines[0].paid == made.shipping


def refund(payments, lines=(), *, taxes_included=False):
    """Return a refund."""
    return refund_snapshot(
        id="7", at=LATER, currency="USD", payments=payments, lines=lines, taxes_included=taxes_included
    )


def payment(amount, kind="refund", status="success", at=None):
    """Return a transaction."""
    return Payment(kind=kind, status=status, amount=Decimal(amount), at=at)


class TestRefunds:
    def test_what_was_given_back(self):
        """The amount is that of the transactions that came through, whatever the lines add up to."""
        paid = [payment("75.00"), payment("10.00", status="SUCCESS"), payment("99.00", status="failure")]
        made = refund([*paid, payment("50.00", kind="void")])
        assert (Money(8500, "USD"), (), LATER) == (made.amount, made.lines, made.refunded_at)

    @pytest.mark.parametrize(("taxes_included", "amount"), [(False, 1100), (True, 1000)])
    def test_lines(self, taxes_included, amount):
        """A line tells its amount with tax; one of nothing is left out."""
        given = [
            GivenBack(line="1", quantity=1, subtotal=Decimal(10), tax=Decimal(1)),
            GivenBack(line="2", quantity=0, subtotal=Decimal(0), tax=Decimal(0)),
        ]
        made = refund([payment(11)], given, taxes_included=taxes_included)
        assert (RefundLine(line="1", quantity=1, amount=Money(amount, "USD")),) == made.lines

    def test_lines_that_are_not_told(self):
        """Not told is something else than none."""
        assert refund([payment(11)], None).lines is None

    @pytest.mark.parametrize(
        "payments", [[], [payment("5.00", status="pending")], [payment("0.00")], [payment("5", kind="sale")]]
    )
    def test_no_money(self, payments):
        """An edit, a restocking, and a refund that is still under way give nothing back."""
        assert refund(payments) is None


def brought(amount, after, kind="SALE", status="SUCCESS"):
    """Return a payment so long after placing."""
    return payment(amount, kind, status, PLACED + after)


class TestPaid:
    @pytest.mark.parametrize(
        ("payments", "expected"),
        [
            ([], None),
            ([brought(100, timedelta(seconds=-40))], PLACED),
            ([brought(100, PROMPT)], PLACED),
            ([brought(100, timedelta(days=2), "CAPTURE")], LATER),
            ([brought(100, timedelta(0), "AUTHORIZATION")], None),
            ([brought(100, timedelta(0), status="PENDING")], None),
            ([brought(60, timedelta(days=2)), brought(40, timedelta(0))], LATER),
            ([brought(100, timedelta(0)), brought(40, timedelta(days=2))], PLACED),
            ([brought(60, timedelta(0))], None),
        ],
        ids=[
            "no payment",
            "before the order was written down",
            "ten minutes after",
            "captured later",
            "authorised only",
            "pending",
            "in two parts, listed in any order",
            "more for an edit later on",
            "in part",
        ],
    )
    def test_by_its_payments(self, payments, expected):
        """An order is paid since its payments came to its total; one in the checkout is one at placing."""
        told = paid_at(placed_at=PLACED, payments=payments, total=Decimal(100), paid=False)
        assert expected == told

    def test_made_cheaper(self):
        """An order that was edited down is paid with less, since its last payment."""
        paid = [brought(60, timedelta(days=2))]
        assert LATER == paid_at(placed_at=PLACED, payments=paid, total=Decimal(100), paid=True)

    def test_without_payments(self):
        """Marked as paid without any transaction: since it was placed, as well as that is known."""
        assert PLACED == paid_at(placed_at=PLACED, payments=[], total=Decimal(100), paid=True)

    @pytest.mark.parametrize(
        ("told_at", "paid", "expected"),
        [
            (PLACED, True, PLACED),
            (PLACED + PROMPT, True, PLACED),
            (PLACED + PROMPT + timedelta(seconds=1), True, None),
            (PLACED, False, None),
        ],
    )
    def test_by_a_webhook(self, told_at, paid, expected):
        """A webhook is certain of the moment only if it is as young as the order."""
        assert expected == paid_by(placed_at=PLACED, told_at=told_at, paid=paid)

    @pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=3), PROMPT])
    def test_both_agree(self, after):
        """Whenever a webhook is certain, a read says the same."""
        by_webhook = paid_by(placed_at=PLACED, told_at=PLACED + after, paid=True)
        read = paid_at(placed_at=PLACED, payments=[brought(100, after)], total=Decimal(100), paid=True)
        assert by_webhook == read == PLACED


def purchase(*, paid=False, at=None, released=False, gateway="shopify_payments", total=100):
    """Return since when an order is a purchase."""
    return purchase_at(
        placed_at=PLACED,
        paid=paid,
        paid_at=at,
        released=released,
        gateway=gateway,
        total=Money(total, "USD"),
        rules=RULES,
    )


class TestPurchase:
    def test_paid(self):
        """It is a purchase since it is paid, and not as long as nobody says since when."""
        assert LATER == purchase(paid=True, at=LATER)
        assert purchase(paid=True) is None
        assert purchase(released=True) is None

    @pytest.mark.parametrize("told", [{"released": True}, {"paid": True}, {"paid": True, "at": LATER}])
    def test_paid_at_the_door(self, told):
        """Cash on delivery is bought when it is placed, as soon as it leaves or is paid."""
        cod = "cash on delivery (cod)"
        assert PLACED == purchase(gateway=cod, **told)
        assert purchase(gateway=cod) is None

    def test_free(self):
        """A free order is paid at once."""
        assert PLACED == purchase(total=0, paid=True)
        assert purchase(total=0) is None

    @pytest.mark.parametrize(
        ("names", "gateway"),
        [
            ([], None),
            (["gift_card", "shopify_payments"], "gift_card"),
            (["gift_card", "Cash on Delivery (COD)"], "Cash on Delivery (COD)"),
        ],
    )
    def test_gateway(self, names, gateway):
        """Of several ways to pay, the one at the door decides; else the first is named."""
        assert gateway == gateway_of(names, RULES)
