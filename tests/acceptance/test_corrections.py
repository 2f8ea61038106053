"""What a person corrects in the books, and what follows when two customers turn out to be one."""

from __future__ import annotations

import pytest

from aftercare_sdk.engine.books import verify
from aftercare_sdk.engine.redeeming import correct
from aftercare_sdk.errors import RedemptionRefused
from tests.support.points import (
    ANN,
    available,
    balance,
    basket,
    book,
    delivered,
    posted,
    reading,
    shop_with,
)
from tests.support.shop import DAY, START, Bench, customer

SETTLED = START + 15 * DAY
ACCOUNT = "main/7"
OTHER = "seven@customer.example"
REWARDS = {"rewards": {"fifty": {"cost": 50, "amount": {"GBP": 5}}}}


def right(bench: Bench) -> bool:
    """Tell whether the books are."""
    with reading(bench) as connection:
        return not verify(connection).violations


def test_a_person_adds_and_takes_points(migrated_database_url):
    """Each with an entry that says who it was, and why."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(customer("7"), basket(customer="7", **delivered()))
        bench.run(SETTLED)
        assert 70 == correct(bench.aftercare.brand, ACCOUNT, 20, reason="a wet parcel", actor="mori")
        assert 10 == correct(bench.aftercare.brand, ACCOUNT, -60, reason="a mistake", actor="mori")
        last = [
            (one.line.kind.value, one.line.points, one.why.actor, one.why.note) for one in book(bench)[1:]
        ]
        assert ("adjust", 20, "mori", "a wet parcel") == last[0]
        assert -60 == sum(points for _, points, _, note in last if note == "a mistake")
        assert right(bench)


def test_nobody_can_take_what_is_not_there(migrated_database_url):
    """And nothing is taken then."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(customer("7"), basket(customer="7", **delivered()))
        bench.run(SETTLED)
        with pytest.raises(RedemptionRefused, match="60 points were to be taken, and 50 are available"):
            correct(bench.aftercare.brand, ACCOUNT, -60, reason="a mistake")
        assert 50 == available(bench, ACCOUNT)


def test_two_customers_who_turn_out_to_be_one_pay_their_debt(migrated_database_url):
    """What one owes is paid from what the other has, so nobody spends what is owed."""
    with Bench(migrated_database_url, config=shop_with(REWARDS)) as bench:
        bench.tell(
            customer("7", email=OTHER),
            basket("1", customer="7", email=OTHER, **delivered()),
            basket("2", {"1": 40}, email=ANN, **delivered()),
        )
        bench.run(SETTLED)
        bench.aftercare.redeem("main", "7", "fifty", request="a click")
        bench.tell(basket("1", customer="7", email=OTHER, cancelled=True, modified=SETTLED, **delivered()))
        bench.process()
        assert (-50, 40) == (available(bench, ACCOUNT), available(bench, ANN))
        bench.tell(customer("7", email=ANN, modified=SETTLED + DAY))
        bench.process()
        assert (-10, 10) == (available(bench, ACCOUNT), balance(bench, ACCOUNT).debt)
        assert 0 == balance(bench, ACCOUNT).available
        assert sum(points for _, points in posted(bench, ACCOUNT)) == -10
        assert right(bench)
