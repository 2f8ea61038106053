from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.files.pictures import divide


@pytest.fixture
def change(fixtures):
    """Return the export with some cells of its rows changed, by row and column."""

    def changed(changes, drop=()):
        with (fixtures / "shopify.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for (row, column), value in changes.items():
            rows[row][column] = value
        columns = [each for each in rows[0] if each not in drop]
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    return changed


def test_shopifys_own_export_is_recognised(read, fixtures):
    """By its columns, and every line is taken: a note over two lines, too."""
    told = read(fixtures / "shopify.csv")
    assert "shopify" == told.file.format
    assert (6, {}) == (told.taken, told.rejects)
    assert ["5003", "5002", "5001", "5000"] == list(told.orders)


def test_an_order_has_the_id_by_which_webhooks_name_it(read, fixtures):
    """And what stands in its first row only."""
    order = read(fixtures / "shopify.csv").orders["5003"]
    assert ("1003", "US", "Shopify Payments", ("WELCOME10",), True) == (
        order.number,
        order.country,
        order.gateway,
        order.codes,
        order.needs_shipping,
    )
    assert datetime(2024, 5, 3, 7, 58, 12, tzinfo=UTC) == order.placed_at
    assert datetime(2024, 5, 3, 8, 0, tzinfo=UTC) == order.purchased_at
    assert ("ann@customer.example", "Ann Archer", "02108", "+16175550100") == (
        order.contact.email,
        order.contact.full_name,
        order.contact.postal_code,
        order.contact.phone,
    )


def test_discount_and_tax_of_the_order_are_divided_among_its_lines(read, fixtures):
    """Exactly in sum, and marked as not exact line by line."""
    amounts = read(fixtures / "shopify.csv").orders["5003"].amounts
    assert (Money(3440, "USD"), Money(500, "USD"), True) == (amounts.total, amounts.shipping, amounts.rounded)
    assert [("Green tea - 100 g", "TEA-100", 2, 1960, 160), ('Mug, "blue"', "MUG-B", 1, 980, 80)] == [
        (one.title, one.sku, one.quantity, one.paid.minor, one.tax.minor) for one in amounts.lines
    ]


def test_tax_that_is_in_the_prices_is_not_added(read, change):
    """The total tells which it is."""
    text = change({(0, "Total"): "32.00"})
    lines = read(text).orders["5003"].amounts.lines
    assert [(1800, 160), (900, 80)] == [(one.paid.minor, one.tax.minor) for one in lines]


def test_what_was_given_back_is_one_refund(read, fixtures):
    """The export names no single ones."""
    orders = read(fixtures / "shopify.csv").orders
    assert [None, ("file", 400, ()), ("file", 1000, ()), None] == [
        one.refunds and (one.refunds[0].id, one.refunds[0].amount.minor, one.refunds[0].lines)
        for one in orders.values()
    ]


def test_a_cancellation_has_its_date(read, fixtures):
    """As a notice of its own, since the export dates nothing else of the picture."""
    told = read(fixtures / "shopify.csv")
    [notice] = told.notices
    assert ("5001", True) == (notice.id, notice.cancelled)
    assert datetime(2024, 5, 2, 8, 30, tzinfo=UTC) == notice.version.modified_at
    assert told.orders["5001"].version.imported


def test_what_nobody_paid_is_no_purchase(read, fixtures):
    """It may never be."""
    order = read(fixtures / "shopify.csv").orders["5000"]
    assert (None, "open", False) == (order.purchased_at, order.status, order.cancelled)


def test_an_export_without_ids_is_refused(read, change):
    """Later webhooks could not find its orders."""
    with pytest.raises(
        ConfigurationError, match=r"looks like shopify, but has no column Id; export it again"
    ):
        read(change({}, drop=("Id",)))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Created at", "", "Created at is empty"),
        ("Id", "", "Id is empty"),
        ("Total", "$34", "Total is no amount"),
        ("Financial Status", "whatever", "the status is a word that is not known"),
        ("Lineitem quantity", "", "Lineitem quantity is empty"),
        ("Lineitem discount", "99.00", "the line has a quantity or a price below zero"),
    ],
)
def test_a_broken_order_is_rejected_with_all_its_lines(read, change, column, value, reason):
    """And the others are taken."""
    told = read(change({(0, column): value}))
    assert ["5002", "5001", "5000"] == list(told.orders)
    # The first of its rows spans two lines.
    assert [2, 3, 4] == list(told.rejects)
    assert told.rejects[2].startswith(reason)
    assert told.rejects[2] == told.rejects[3]


@given(total=st.integers(0, 10**12), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_dividing_loses_nothing(total, weights):
    """Each share is within one minor unit of the exact one."""
    shares = [one.minor for one in divide(Money(total, "USD"), weights)]
    assert total == sum(shares)
    whole = sum(weights) or len(weights)
    for share, weight in zip(shares, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(share * whole - total * weight) < whole


def test_versions_of_a_file_rank_below_all_else(read, fixtures):
    """Whatever a webhook or a read says, wins."""
    version = read(fixtures / "shopify.csv").orders["5003"].version
    old = Version(modified_at=datetime(2000, 1, 1, tzinfo=UTC))
    assert version.rank < old.rank
    assert version.rank < Version(read_at=datetime(2000, 1, 1, tzinfo=UTC)).rank
