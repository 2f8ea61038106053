from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.outreach.permission.suppression import address_hash, keeps_bouncing
from tests.unit.outreach.samples import NOW

DAY = timedelta(days=1)


def row(days, delivered=()):
    """Return soft bounces on some days, and deliveries on others."""
    told = [(NOW + day * DAY, "soft") for day in days] + [(NOW + day * DAY, "") for day in delivered]
    return sorted(told)


@pytest.mark.parametrize(
    ("told", "dead"),
    [
        (row([0, 1, 2, 3, 4]), None),
        (row([0, 1, 2, 7]), None),
        (row([0, 1, 2, 3, 7]), 7),
        (row([0, 1, 2, 3, 6.99]), None),
        (row([0, 1, 2, 3, 4, 5, 9]), 9),
        (row([0, 1, 2, 3, 9], delivered=[8]), None),
        (row([1, 2, 3, 4, 8, 20], delivered=[0]), 8),
        (row([0, 1, 2, 3, 7], delivered=[8]), 7),
        ([], None),
    ],
)
def test_five_in_a_row_over_seven_days_send_06(told, dead):
    """A delivery between them starts anew; one behind them comes too late."""
    assert (None if dead is None else NOW + dead * DAY) == keeps_bouncing(told)


def test_what_was_before_a_lifting_counts_no_more():
    """A person has said that the mailbox is there again."""
    assert keeps_bouncing(row([0, 1, 2, 3, 7]), since=NOW) is None
    assert NOW + 9 * DAY == keeps_bouncing(row([0, 2, 3, 4, 5, 9]), since=NOW)


def test_an_address_is_known_again_and_not_told_law_20():
    """Two spellings of a mailbox are one; with another key it is another hash."""
    hashed = address_hash("key", "ann@customer.example")
    assert hashed == address_hash("key", " ANN@Customer.Example")
    assert hashed != address_hash("other", "ann@customer.example")
    assert hashed != address_hash("key", "bob@customer.example")
    assert hashed != address_hash("key", "ann@customer.example", "sms")
    assert 64 == len(hashed)
