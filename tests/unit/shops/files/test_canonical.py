from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import Contact

HEADER = "order_id,placed_at,customer,product,quantity,line_paid,currency,status"
NINE = datetime(2024, 1, 1, 9, tzinfo=UTC)


def text(*lines):
    """Return a file."""
    return "\n".join((HEADER, *lines)) + "\n"


def line(**changes):
    """Return a line of it."""
    told = {
        "order_id": "1",
        "placed_at": "2024-01-01 09:00",
        "customer": "ann@customer.example",
        "product": "Tea",
        "quantity": "1",
        "line_paid": "10.00",
        "currency": "USD",
        "status": "paid",
        **changes,
    }
    return ",".join(told.values())


def test_an_order_is_the_sum_of_its_lines(read):
    """With everything that the columns tell."""
    told = read(text(line(), line(product="Cup", quantity="2", line_paid="5.50")))
    [order] = told.orders.values()
    assert ("main", "1", "1", NINE, "paid") == (
        order.shop,
        order.id,
        order.number,
        order.placed_at,
        order.status,
    )
    assert Contact(email="ann@customer.example") == order.contact
    assert Money(1550, "USD") == order.amounts.total
    assert [("row-1", "Tea", "Tea", 1, 1000), ("row-2", "Cup", "Cup", 2, 550)] == [
        (one.id, one.product, one.title, one.quantity, one.paid.minor) for one in order.amounts.lines
    ]
    assert NINE == order.purchased_at
    assert False is order.cancelled
    assert None is order.refunds
    assert (2, {}) == (told.taken, told.rejects)


@pytest.mark.parametrize("others", [[], ["2,2024-01-02,bob@customer.example,Cup,1,5.00,USD,paid"]])
@pytest.mark.parametrize(
    "broken", ['1,2024-01-01 09:00,ann@customer.example,"5 inch pan,1,2.00,USD,paid', "1,,"]
)
def test_an_order_that_lacks_its_last_line_is_not_taken(read, others, broken):
    """Its sum would be wrong; what is before the damage says that it is of this order. Also anywhere else."""
    reason = "another line of its order is refused"
    told = read(text(line(), broken, *others))
    assert (len(others), reason) == (len(told.orders), told.rejects[2])
    assert {2, 3} == told.rejects.keys()
    scattered = read(text(line(), *others, broken))
    assert (len(others), reason) == (len(scattered.orders), scattered.rejects[2])
    assert scattered.file.rows == scattered.taken + len(scattered.rejects)


def test_columns_are_found_by_other_names(read):
    """As somebody declares them; the rest by their own names, however they are written."""
    content = "Order No;Placed At;Product;Quantity;Line-Paid\n7;2024-01-01;Tea;1;10.00\n"
    assert ["7"] == list(read(content, columns={"order_id": "Order No"}).orders)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"ordr_id": "A"}, r"there is no 'ordr_id' \(did you mean 'order_id'\?\)"),
        ({"order_id": "Order no"}, r"the file has no column 'Order no' \(did you mean 'Order No'\?\)"),
        (
            {},
            r"has no column order_id; it has Order No, .*\(order_id: did you mean 'Order No'",
        ),
    ],
)
def test_columns_that_are_not_there_are_said(read, columns, problem):
    """With the one that was probably meant."""
    with pytest.raises(ConfigurationError, match=problem):
        read("Order No,placed_at,product,quantity,line_paid\n7,2024-01-01,Tea,1,10.00\n", columns=columns)


@pytest.mark.parametrize(
    ("status", "bought", "cancelled", "refunded"),
    [
        ("pending", None, False, None),
        ("paid", NINE, False, None),
        ("発送済み", NINE, False, None),
        ("refunded", NINE, False, 1000),
        ("partially_refunded", NINE, False, None),
        ("cancelled", None, True, None),
        ("", NINE, False, None),
    ],
)
def test_the_status_says_what_became_of_the_order(read, status, bought, cancelled, refunded):
    """A file without a status tells of orders that were paid."""
    [order] = read(text(line(status=status))).orders.values()
    assert (bought, cancelled) == (order.purchased_at, order.cancelled)
    assert refunded == (order.refunds[0].amount.minor if order.refunds else None)


def test_a_free_order_is_bought_once_it_is_completed(read):
    """As in every shop."""
    free = text(line(line_paid="0"), line(order_id="2", line_paid="0", status="completed"))
    orders = read(free).orders
    assert (None, NINE) == (orders["1"].purchased_at, orders["2"].purchased_at)


def test_a_customer_is_an_address_an_account_or_nobody(read):
    """Told apart by the sign."""
    orders = read(text(line(), line(order_id="2", customer="C-77"), line(order_id="3", customer=""))).orders
    assert [None, "C-77", None] == [one.customer for one in orders.values()]
    assert [True, False, False] == [one.contact is not None for one in orders.values()]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": "0"}, "the quantity is not above zero; what was given back is told by the status"),
        ({"line_paid": "-1"}, "line_paid is below zero; what was given back is told by the status"),
        ({"line_paid": "1.005"}, "line_paid is not an exact amount of USD: it has 2 decimals"),
        ({"product": ""}, "the product is empty"),
    ],
)
def test_an_order_is_taken_whole_or_not_at_all(read, changes, reason):
    """An order that lacks a line would be a wrong one."""
    told = read(text(line(), line(**changes), line(order_id="2")))
    assert ["2"] == list(told.orders)
    assert {2: "another line of its order is refused", 3: reason} == told.rejects


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"placed_at": "2024-01-02"}, "placed_at is not the same in all lines of its order"),
        ({"status": "open"}, "the status is not the same in all lines of its order"),
        ({"currency": "JPY"}, "the currency is not the same in all lines of its order"),
        ({"customer": "bob@customer.example"}, "the customer is not the same in all lines of its order"),
    ],
)
def test_lines_of_an_order_that_contradict_each_other_are_rejected(read, changes, reason):
    """Nobody can tell which of them is right."""
    told = read(text(line(), line(**changes)))
    assert {2: "another line of its order is refused", 3: reason} == told.rejects


def test_a_currency_is_told_or_the_shops(read):
    """Or nobody's: then nothing is taken."""
    assert "GBP" == read(text(line(currency=""))).orders["1"].amounts.total.currency
    told = read(text(line(currency="")), currency="")
    assert {2: "no currency is told; declare --currency, or the currency of the shop"} == told.rejects
    assert "three letters" in read(text(line(currency="dollars"))).rejects[2]


def test_no_reason_quotes_the_file(read):
    """A column that was mapped wrongly may hold anything."""
    for name in HEADER.split(","):
        told = read(
            text(line(), line(order_id="2", **({} if name == "order_id" else {name: "Secret Person"})))
        )
        assert not [reason for reason in told.rejects.values() if "Secret" in reason]
        assert "Secret" not in repr(told.groups)


def test_lines_of_an_order_may_stand_anywhere(read):
    """A file that is sorted by product tells the same as one that is sorted by order."""
    lines = [line(), line(product="Cup"), line(order_id="2"), line(order_id="2", product="Cup")]
    sorted_, mixed = text(*lines), text(lines[0], lines[2], lines[1], lines[3])
    assert read(sorted_).orders == read(mixed).orders


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": "x" * 101}, "order_id is longer than 100 characters"),
        ({"customer": "a" * 320 + "@customer.example"}, "the e-mail address is longer than 320 characters"),
        (
            {"customer": "a\0@customer.example"},
            "the e-mail address is longer than 320 characters, or cannot be",
        ),
        ({"customer": "C" * 101}, "the customer is longer than 100 characters"),
        ({"product": "a\0b"}, "the product is longer than 100 characters, or holds signs that cannot be"),
        ({"line_paid": f"{2**63}"}, "line_paid is not an amount of USD: too large"),
    ],
)
def test_what_the_database_cannot_hold_is_rejected_alone(read, changes, reason):
    """It must not take ninety-nine good orders with it."""
    told = read(text(line(order_id="7"), line(**changes)))
    assert ["7"] == list(told.orders)
    assert told.rejects[3].startswith(reason)


def test_a_sum_that_is_too_large_is_rejected(read):
    """Of lines that are not."""
    most = line(line_paid=f"{(2**63 - 100) // 100}.00")
    told = read(text(line(order_id="7"), *[most] * 3))
    assert ["7"] == list(told.orders)
    assert {"the sum of the order is too large"} == set(told.rejects.values())


MONEY = {"JPY": "{}", "USD": "{}.{:02}", "BHD": "{}.{:03}"}


@given(
    orders=st.lists(
        st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 999)), min_size=1, max_size=4),
        min_size=1,
        max_size=5,
    ),
    currency=st.sampled_from(["JPY", "USD", "BHD"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_sums_add_up_in_every_currency(read, orders, currency):
    """To the last yen, cent and fils."""
    scale = {"JPY": 1, "USD": 100, "BHD": 1000}[currency]
    lines = [
        line(
            order_id=str(number),
            quantity=str(count),
            currency=currency,
            line_paid=MONEY[currency].format(*divmod(minor, scale)),
        )
        for number, several in enumerate(orders, 1)
        for minor, count in several
    ]
    told = read(text(*lines))
    assert [sum(minor for minor, _ in several) for several in orders] == [
        one.amounts.total.minor for one in told.orders.values()
    ]
