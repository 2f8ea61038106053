from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundLine

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
UNSOLD = "the file has not sold to this customer what is taken back here"


def text(*lines):
    """Return a file."""
    return "\n".join((HEADER, *lines)) + "\n"


def test_every_line_is_taken_or_rejected_and_the_sums_add_up(read, fixtures):
    """What the file says, to the penny: sold, taken back, and refused."""
    told = read(fixtures / "online-retail.csv", zone="Europe/London")
    assert "online-retail" == told.file.format
    with (fixtures / "online-retail.csv").open(encoding="utf-8", newline="") as stream:
        amounts = {
            line: Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
            for line, row in enumerate(csv.DictReader(stream), 2)
        }
    assert len(amounts) == told.taken + len(told.rejects)
    sold = sum(order.amounts.total.amount for order in told.orders.values())
    back = sum(refund.amount.amount for notice in told.notices for refund in notice.refunds)
    rejected = sum(amounts[line] for line in told.rejects)
    assert sum(amounts.values()) == sold - back + rejected
    assert {UNSOLD, "another line of its order is refused"} < set(told.rejects.values())
    assert back > 0


def test_an_invoice_is_an_order_of_its_customer(read, fixtures):
    """Postage is its shipping, and the country has two letters."""
    order = read(fixtures / "online-retail.csv", zone="Europe/London").orders["536370"]
    assert ("12583", "FR", "completed") == (order.customer, order.country, order.status)
    assert datetime(2010, 12, 1, 8, 45, tzinfo=UTC) == order.purchased_at
    assert Money(5400, "GBP") == order.amounts.shipping
    assert "POST" not in [line.product for line in order.amounts.lines]
    total = sum((line.paid for line in order.amounts.lines), order.amounts.shipping)
    assert order.amounts.total == total


def test_what_is_taken_back_becomes_refunds_of_the_latest_sales(read):
    """Dated, with its number, on the lines that were sold."""
    told = read(
        text(
            "1,A,Mug,5,2011-01-01 09:00:00,2.00,7,France",
            "2,A,Mug,2,2011-02-01 09:00:00,2.00,7,France",
            "2,B,Tea,1,2011-02-01 09:00:00,9.00,7,France",
            "C3,A,Mug,-3,2011-03-01 09:00:00,2.00,7,France",
            "C3,B,Tea,-1,2011-03-01 09:00:00,9.00,7,France",
        )
    )
    refunds = {notice.id: notice.refunds[0] for notice in told.notices}
    march = datetime(2011, 3, 1, 9, tzinfo=UTC)
    assert {"2": ("C3", 1300, march), "1": ("C3", 200, march)} == {
        order: (one.id, one.amount.minor, one.refunded_at) for order, one in refunds.items()
    }
    assert (
        RefundLine(line="row-1", quantity=2, amount=Money(400, "GBP")),
        RefundLine(line="row-2", quantity=1, amount=Money(900, "GBP")),
    ) == refunds["2"].lines
    assert {} == told.rejects


def test_nothing_is_taken_back_twice(read):
    """Nor from another customer, nor before it was sold."""
    back = "C{},A,Mug,-{},2011-03-01 09:00:00,2.00,{},France"
    told = read(
        text(
            back.format(0, 1, 7),
            "1,A,Mug,5,2011-01-01 09:00:00,2.00,7,France",
            back.format(2, 3, 7),
            back.format(3, 3, 7),
            back.format(4, 1, 8),
            back.format(5, 2, 7),
        )
    )
    assert {2: UNSOLD, 5: UNSOLD, 6: UNSOLD} == told.rejects
    assert [("C2", 600), ("C5", 400)] == [
        (one.refunds[0].id, one.refunds[0].amount.minor) for one in told.notices
    ]


def test_odd_rows_are_rejected_with_their_reason(read):
    """Adjustments of debts, corrections of the stock, prices finer than a penny."""
    told = read(
        text(
            "A1,B,Adjust bad debt,1,2011-01-01 09:00:00,-11062.06,,United Kingdom",
            "2,A,damaged,-10,2011-01-01 09:00:00,0,,United Kingdom",
            "3,A,Mug,1,2011-01-01 09:00:00,0.001,7,France",
            "4,A,Mug,2000,2011-01-01 09:00:00,0.001,7,France",
        )
    )
    assert {
        2: "the invoice adjusts a debt and is no sale",
        3: "the line corrects the stock and is no sale",
        4: "quantity times price is not an exact amount of GBP: it has 2 decimals",
    } == told.rejects
    assert [200] == [order.amounts.total.minor for order in told.orders.values()]


def test_other_copies_of_the_file_are_read(read):
    """American dates, Latin-1, account numbers with a point, and sales to nobody."""
    told = read(
        text(
            "1,A,CAFÉ MUG,6,12/1/2010 8:26,2.55,17850.0,EIRE",
            "2,A,MUG,6,12/1/2010 8:28,2.55,,Unspecified",
        ).encode("latin-1")
    )
    first, second = told.orders.values()
    assert ("17850", "IE", "CAFÉ MUG") == (first.customer, first.country, first.amounts.lines[0].title)
    assert datetime(2010, 12, 1, 8, 26, tzinfo=UTC) == first.placed_at
    assert (None, None) == (second.customer, second.country)
