from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundSnapshot
from aftercare_sdk.model.versions import Version

JAPAN = {"zone": "Asia/Tokyo", "currency": "JPY"}


def test_the_extensions_export_is_recognised(read, fixtures):
    """By its columns, and every line is taken."""
    told = read(fixtures / "woocommerce.csv", **JAPAN)
    assert "woocommerce" == told.file.format
    assert (4, {}) == (told.taken, told.rejects)
    assert ["101", "102", "103"] == list(told.orders)


def test_an_order_tells_what_a_webhook_would(read, fixtures):
    """Ids of lines, products and accounts are those of the shop."""
    order = read(fixtures / "woocommerce.csv", **JAPAN).orders["101"]
    assert ("101", "completed", "7", "bacs", "JP") == (
        order.number,
        order.status,
        order.customer,
        order.gateway,
        order.country,
    )
    assert datetime(2024, 3, 10, 0, 15, tzinfo=UTC) == order.placed_at == order.purchased_at
    assert ("小川", "花子", "ogawa@example.jp", "+81312345678") == (
        order.contact.family_name,
        order.contact.given_name,
        order.contact.email,
        order.contact.phone,
    )
    assert (Money(3850, "JPY"), Money(550, "JPY"), False) == (
        order.amounts.total,
        order.amounts.shipping,
        order.amounts.rounded,
    )
    assert [
        ("11", "55", "SEN-100", "煎茶 100g", 2, 2200, 200),
        ("12", "56", "YUN-B", "湯呑; 青", 1, 1100, 100),
    ] == [
        (one.id, one.product, one.sku, one.title, one.quantity, one.paid.minor, one.tax.minor)
        for one in order.amounts.lines
    ]


def test_a_guest_has_no_account(read, fixtures):
    """0 is nobody."""
    assert None is read(fixtures / "woocommerce.csv", **JAPAN).orders["102"].customer


def test_refunds_have_their_ids_and_dates(read, fixtures):
    """So a later webhook tells nothing new."""
    refund = RefundSnapshot(
        id="110", amount=Money(300, "JPY"), refunded_at=datetime(2024, 3, 15, 1, tzinfo=UTC)
    )
    assert (refund,) == read(fixtures / "woocommerce.csv", **JAPAN).orders["102"].refunds


def test_what_is_on_hold_is_no_purchase(read, fixtures):
    """Nobody has paid it."""
    assert None is read(fixtures / "woocommerce.csv", **JAPAN).orders["103"].purchased_at


def test_both_formats_of_the_extension_tell_the_same(read, fixtures):
    """One row for a line, or one for an order."""
    one, other = (read(fixtures / f"{name}.csv", **JAPAN) for name in ("woocommerce", "woocommerce-orders"))
    assert one.orders == other.orders
    assert 3 == other.taken


def test_lines_in_json_are_read(read, fixtures):
    """The extension can write them so, too."""
    with (fixtures / "woocommerce-orders.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    rows[0][header.index("line_items")] = (
        '[{"id":11,"product_id":55,"name":"Tea","quantity":2,"total":"2000.00","total_tax":null}]'
    )
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    [line] = read(out.getvalue(), **JAPAN).orders["101"].amounts.lines
    assert ("11", "55", "Tea", 2, 2000) == (line.id, line.product, line.title, line.quantity, line.paid.minor)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("id:110|date", "110|date", "refunds is not written as the extension writes it"),
        ("amount:300.00", "amount:many", "a refund is no amount"),
        ("2024-03-11 20:00:00", "11 March", "order_date is no time"),
    ],
)
def test_what_is_not_written_so_is_rejected(read, fixtures, old, new, reason):
    """With the reason, and without the order."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace(old, new)
    told = read(text, **JAPAN)
    assert [4] == list(told.rejects)
    assert told.rejects[4].startswith(reason)


def test_an_own_status_is_declared(read, fixtures):
    """Shops invent them."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace("on-hold", "wc-lent")
    assert "declare it with --status WORD=MEANING" in read(text, **JAPAN).rejects[5]
    order = read(text, **JAPAN, statuses={"lent": "open"}).orders["103"]
    assert ("lent", None) == (order.status, order.purchased_at)


@pytest.mark.parametrize("word", ["checkout-draft", "wc-checkout-draft", "auto-draft"])
def test_a_draft_is_no_order(read, fixtures, word):
    """An open checkout has the shopper's name in it already; webhooks and readings leave it out, too."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace("on-hold", word)
    told = read(text, **JAPAN)
    assert {5: "the status is that of a draft: an open checkout, and no order yet"} == told.rejects
    assert ["101", "102"] == list(told.orders)


def test_what_is_in_the_trash_is_cancelled(read, fixtures):
    """As a webhook tells it."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace("on-hold", "trash")
    assert read(text, **JAPAN).orders["103"].cancelled


def test_an_erased_order_is_of_nobody(read, fixtures):
    """WordPress writes the same address over that of everybody who is erased."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8")
    told = read(text.replace("ogawa@example.jp", "Deleted@site.invalid"), **JAPAN)
    assert {(None, True)} == {(one.contact, one.erased) for one in told.orders.values()}
    assert "7" == told.orders["101"].customer
    assert not any(one.erased for one in read(text, **JAPAN).orders.values())


def test_apostrophes_against_formulas_are_no_part_of_the_value(read, fixtures):
    """The extension writes them before =, +, - and @, in whatever cell."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace("煎茶 100g", "'-10% 煎茶")
    assert "-10% 煎茶" == read(text, **JAPAN).orders["102"].amounts.lines[0].title


def test_amounts_with_too_few_decimals_are_marked(read, fixtures):
    """The extension writes two, dinars of Bahrain have three."""
    text = (fixtures / "woocommerce.csv").read_text(encoding="utf-8").replace(",JPY,", ",BHD,")
    assert read(text, **JAPAN).orders["101"].amounts.rounded


def test_analytics_downloads_are_recognised(read, fixtures):
    """And tell what they tell: orders of nobody, net amounts that are marked as not exact."""
    told = read(fixtures / "woocommerce-analytics.csv", **JAPAN)
    assert "woocommerce-analytics" == told.file.format
    assert (3, {}) == (told.taken, told.rejects)
    first, second = told.orders["101"], told.orders["102"]
    assert (None, None) == (first.customer, first.contact)
    assert (Money(3000, "JPY"), (), True) == (first.amounts.total, first.amounts.lines, first.amounts.rounded)
    assert ("SPRING",) == first.codes
    [line] = second.amounts.lines
    assert ("煎茶, 100g", 1, 1000) == (line.title, line.quantity, line.paid.minor)


def test_refunds_of_analytics_come_to_their_order(read, fixtures):
    """They stand in rows of their own, elsewhere in the file."""
    order = read(fixtures / "woocommerce-analytics.csv", **JAPAN).orders["102"]
    [refund] = order.refunds
    assert ("file", 300, datetime(2024, 3, 15, 1, tzinfo=UTC)) == (
        refund.id,
        refund.amount.minor,
        refund.refunded_at,
    )


def test_a_refund_whose_order_is_not_there_is_rejected(read, fixtures):
    """The download was of another month."""
    lines = (fixtures / "woocommerce-analytics.csv").read_text(encoding="utf-8").splitlines()
    told = read("\n".join([lines[0], lines[1], lines[3]]), **JAPAN)
    assert {2: "the file has a refund, but not the order itself"} == told.rejects


def test_analytics_downloads_need_a_currency(read, fixtures):
    """They tell none."""
    with pytest.raises(ConfigurationError, match="tells no currency; declare --currency"):
        read(fixtures / "woocommerce-analytics.csv", zone="UTC", currency="")


def test_an_order_has_one_version_however_it_came(read, fixtures):
    """The version depends on what is told, and on when the file was written."""
    order = read(fixtures / "woocommerce.csv", **JAPAN).orders["101"]
    assert order.version.digest.startswith("file:20260401T090000Z:")
    assert Version(digest=order.version.digest) == order.version
    assert order != replace(order, number="x")
