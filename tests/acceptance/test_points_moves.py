"""Points whose order belongs to somebody else by now, and rewards that were redeemed with them."""

from __future__ import annotations

from typing import Any

import pytest

from aftercare_sdk.engine.books import verify
from aftercare_sdk.engine.splitting import split
from aftercare_sdk.errors import RedemptionRefused
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.store import redemptions
from aftercare_sdk.store.redemptions import Redemption
from tests.support.points import (
    ANN,
    available,
    awards,
    balance,
    basket,
    delivered,
    person,
    posted,
    reading,
    shop_with,
)
from tests.support.shop import DAY, HOUR, START, Bench, customer

SEVEN, EIGHT = "main/7", "main/8"
OTHER = "seven@customer.example"
SETTLED = START + 15 * DAY
CODE = {"valid_for": "10 days", "returns_unused": True}
REWARDS: dict[str, Any] = {
    "thirty": {"cost": 30, "amount": {"GBP": 3}, **CODE},
    "seventy": {"cost": 70, "amount": {"GBP": 7}, **CODE},
}


def rich(url: str, rules: dict[str, object] | None = None) -> Bench:
    """Return a shop whose customer 7 has fifty points to spend; customer 8 has none."""
    bench = Bench(url, config=shop_with({"rewards": REWARDS, **(rules or {})}))
    bench.tell(customer("7"), customer("8", email="eight@customer.example"), sevens())
    bench.run(SETTLED)
    assert 50 == available(bench, SEVEN)
    return bench


def sevens(**changes: Any) -> OrderSnapshot:
    """Draw the order of customer 7."""
    return basket(**{"customer": "7", **delivered(), **changes})


def eights(**changes: Any) -> OrderSnapshot:
    """Draw the same order, which is customer 8's."""
    return sevens(**{"customer": "8", "email": "eight@customer.example", "modified": SETTLED, **changes})


def redeem(bench: Bench, reward: str = "thirty", account: str = "7") -> Redemption:
    """Redeem a reward, and have its code made."""
    done = bench.aftercare.redeem("main", account, reward, request="a click")
    bench.run_due()
    return done


def tell(bench: Bench, *told: object) -> None:
    """Let the shop tell something, and do what follows; the books are right then."""
    bench.tell(*told)
    bench.run_due()
    assert [] == problems(bench)


def standing(bench: Bench, one: Redemption) -> tuple[str, bool]:
    """Return where a reward stands, and whether its points are spent."""
    with reading(bench) as connection:
        found = redemptions.get(connection, one.key)
    assert found is not None
    return found.state.value, found.spent


def both(bench: Bench) -> tuple[int, int]:
    """Return what customers 7 and 8 can spend, less what they owe."""
    return available(bench, SEVEN), available(bench, EIGHT)


def problems(bench: Bench) -> list[str]:
    """Return what is wrong with the books."""
    with reading(bench) as connection:
        return [one.problem for one in verify(connection).violations]


def order_with(code: str, number: str = "2", **changes: Any) -> OrderSnapshot:
    """Draw an order of customer 7 that was made with a code."""
    return sevens(
        **{"number": number, "lines": {"1": 40}, "placed": SETTLED, "codes": (code,), **NOT_SENT, **changes}
    )


NOT_SENT: dict[str, Any] = {"shipped": None, "delivered": None}


def test_whoever_has_spent_points_of_an_order_that_is_not_hers_owes_them(migrated_database_url):
    """Whose it is has all of its points; the reward was not free."""
    with rich(migrated_database_url) as bench:
        redeem(bench)
        tell(bench, eights())
        assert (-30, 50) == both(bench)
        assert 30 == balance(bench, SEVEN).debt


def test_a_code_of_hers_that_is_never_used_settles_what_she_owes(migrated_database_url):
    """Its points come back to her, and to nobody else."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        tell(bench, eights())
        bench.run(11 * DAY)
        assert ("expired", False) == standing(bench, done)
        assert (0, 50) == both(bench)
        assert [] == problems(bench)


def test_a_use_that_is_told_after_that_is_hers_again(migrated_database_url):
    """The order with the code was placed in time; whose lot it was once does not matter."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        tell(bench, eights())
        bench.run(11 * DAY)
        tell(bench, order_with(done.code))
        assert ("used", True) == standing(bench, done)
        assert (-30, 50) == both(bench)


def test_an_order_that_moves_after_its_points_came_back(migrated_database_url):
    """They were in its lot; a late use is paid by whoever had the code."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        bench.run(11 * DAY)
        assert (50, 0) == both(bench)
        tell(bench, eights(modified=bench.clock.now()))
        assert (0, 50) == both(bench)
        tell(bench, order_with(done.code))
        assert (-30, 50) == both(bench)


def test_an_order_moves_and_is_given_back_in_the_same_moment(migrated_database_url):
    """What is left of it is the other one's; what was spent of it is still owed."""
    lines = {"a": 40, "b": 10}
    with Bench(migrated_database_url, config=shop_with({"rewards": REWARDS})) as bench:
        bench.tell(customer("7"), customer("8", email="eight@customer.example"), sevens(lines=lines))
        bench.run(SETTLED)
        redeem(bench)
        tell(bench, eights(lines=lines, refunds={"r": {"a": 40}}))
        assert (-30, 10) == both(bench)


def test_an_order_that_comes_back_settles_the_debt(migrated_database_url):
    """The shop had made a mistake, and corrects it."""
    with rich(migrated_database_url) as bench:
        redeem(bench)
        tell(bench, eights())
        tell(bench, sevens(modified=SETTLED + HOUR))
        assert (20, 0) == both(bench)
        assert 0 == balance(bench, SEVEN).debt


def test_both_have_spent_of_an_order_that_goes_there_and_back(migrated_database_url):
    """Each pays for her own reward; nobody else's points are touched."""
    with rich(migrated_database_url) as bench:
        redeem(bench)
        tell(bench, eights(), eights(number="9", lines={"1": 40}))
        bench.run(SETTLED + 15 * DAY)
        redeem(bench, account="8")
        assert (0, 50 + 40 - 30) == both(bench)  # her own code has expired unused by now
        tell(bench, sevens(modified=bench.clock.now()))
        assert (50, 40 - 30) == both(bench)


def test_what_one_order_has_paid_of_a_debt_is_owed_again_when_it_moves(migrated_database_url):
    """Customer 8 has no part in what customer 7 owed."""
    with rich(migrated_database_url) as bench:
        redeem(bench)
        later = SETTLED + HOUR
        tell(
            bench,
            sevens(cancelled=True, modified=later),
            sevens(number="2", lines={"1": 40}, placed=SETTLED, **delivered(later)),
        )
        bench.run(later + 15 * DAY)
        # The code has expired meanwhile, so nothing is owed: she uses it late.
        with reading(bench) as connection:
            (done,) = redemptions.of_identities(connection, person(bench, SEVEN))
        tell(bench, order_with(done.code, "3", lines={"1": 1}))
        assert (10, 0) == both(bench)
        moved = bench.clock.now()
        tell(bench, eights(number="2", lines={"1": 40}, placed=SETTLED, modified=moved, **delivered(later)))
        assert (-30, 40) == both(bench)


def test_a_code_is_used_late_after_two_were_told_apart(migrated_database_url):
    """Its points had come back to both of them; who redeemed it pays for all of it."""
    with Bench(migrated_database_url, config=shop_with({"rewards": REWARDS})) as bench:
        bench.tell(
            customer("7", email=ANN),
            basket("1", customer="7", email=OTHER, **delivered()),
            basket("2", {"1": 40}, email=ANN, **delivered()),
        )
        bench.run(SETTLED)
        done = redeem(bench, "seventy")
        bench.run(11 * DAY)
        assert 90 == available(bench, SEVEN)
        split(bench.aftercare.brand, SEVEN, ANN, reason="two sisters")
        assert (50, 40) == (available(bench, SEVEN), available(bench, ANN))
        assert [] == problems(bench)
        tell(bench, order_with(done.code, "3", email=OTHER))
        assert (50 - 70, 40) == (available(bench, SEVEN), available(bench, ANN))


@pytest.mark.parametrize("turn", [(0, 1), (1, 0)])
def test_a_code_that_is_taken_off_her_order_was_not_used(migrated_database_url, turn):
    """The shop has edited the order; which of the two pictures is told first does not matter."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        told = [order_with(done.code), order_with(done.code, codes=(), modified=SETTLED + HOUR)]
        for at in turn:
            tell(bench, told[at])
        bench.run(20 * DAY)
        assert ("expired", False) == standing(bench, done)
        assert 50 == available(bench, SEVEN)
        assert [] == problems(bench)


def test_points_whose_time_is_over_cannot_be_redeemed(migrated_database_url):
    """Also if nobody has let them expire yet: how late that is done must not matter."""
    with rich(migrated_database_url, {"expires": "1 month"}) as bench:
        (lot,) = awards(bench, SEVEN)
        bench.clock.move(lot.lot.expires_at)
        with pytest.raises(RedemptionRefused) as refused:
            redeem(bench)
        assert ("not_enough_points", 0) == (refused.value.why, refused.value.available)
        bench.run_due()
        assert ("expire", -50) == posted(bench, SEVEN)[-1]
        assert [] == problems(bench)


def test_points_can_be_redeemed_until_the_last_moment(migrated_database_url):
    """The moment at which they expire is the first at which they are gone."""
    with rich(migrated_database_url, {"expires": "1 month"}) as bench:
        (lot,) = awards(bench, SEVEN)
        bench.clock.move(lot.lot.expires_at - HOUR)
        redeem(bench)
        bench.run(HOUR)
        assert ("expire", -20) == posted(bench, SEVEN)[-1]
        assert 0 == available(bench, SEVEN)
        assert [] == problems(bench)


def test_the_same_request_is_answered_after_the_reward_is_gone(migrated_database_url):
    """It was redeemed while it was there; whoever asks again is told so."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        bench.clock.move(SETTLED + HOUR)
        with bench.twin(config=shop_with()) as other:
            assert done.key == other.aftercare.redeem("main", "7", "thirty", request="a click").key
            assert 20 == available(other, SEVEN)
            with pytest.raises(RedemptionRefused) as refused:
                other.aftercare.redeem("main", "7", "thirty", request="another click")
            assert "no_such_reward" == refused.value.why
            assert [] == problems(other)


def what_both_have(bench: Bench) -> tuple[int, int]:
    """Return what customers 7 and 8 have, once the books are proven right."""
    with reading(bench) as connection:
        assert [] == verify(connection).violations
    return available(bench, SEVEN), available(bench, EIGHT)


@pytest.mark.parametrize("first", [9, 25])
def test_all_lots_of_an_order_move_before_anybody_pays(migrated_database_url, first):
    """A bonus of the same order pays for nothing that its former owner has redeemed."""
    rules = {"rewards": REWARDS, "first_order": first}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        bench.tell(customer("7"), customer("8", email="eight@customer.example"), sevens())
        bench.run(SETTLED)
        redeem(bench)
        bench.tell(eights())
        bench.process()
        assert (-30, 50 + first) == what_both_have(bench)


def test_two_orders_that_move_together(migrated_database_url):
    """The reward is paid by whoever redeemed it, and by neither order."""
    with rich(migrated_database_url) as bench:
        bench.tell(basket("2", customer="7", **delivered()))
        bench.run_due()
        redeem(bench)
        bench.tell(*(eights(number=number) for number in ("1", "2")))
        bench.process()
        assert (-30, 100) == what_both_have(bench)


def test_an_order_moves_between_accounts_of_one_customer_who_are_then_told_apart(migrated_database_url):
    """Whoever redeemed pays, although the lot was theirs together at that time."""
    with Bench(migrated_database_url, config=shop_with({"rewards": REWARDS})) as bench:
        bench.tell(customer("7", email=ANN), customer("8", email=ANN), basket(customer="7", **delivered()))
        bench.run(SETTLED)
        redeem(bench)
        bench.tell(basket(customer="8", modified=SETTLED, **delivered()))
        bench.process()
        split(bench.aftercare.brand, SEVEN, ANN, reason="two sisters")
        assert (-30, 50) == what_both_have(bench)


def test_a_code_that_is_used_and_returned_twice_at_one_moment(migrated_database_url):
    """Thirty points are spent in the end, and not sixty."""
    with rich(migrated_database_url) as bench:
        code = redeem(bench).code
        for number, off in enumerate([False, True, False, True, False]):
            now = {"cancelled": off, "modified": SETTLED + number * HOUR, "placed": SETTLED}
            bench.tell(basket("2", {"1": 1}, customer="7", codes=(code,), **now))
            bench.run_due()
        assert (20, 0) == what_both_have(bench)


def test_idle_points_whose_time_is_over_stay_over(migrated_database_url):
    """Whatever the account does before anybody has let them go."""
    idle = {"expires": "1 month idle", "review": 30, "unverified_reviews": True}
    with rich(migrated_database_url, idle) as bench:
        (lot,) = [one for one in awards(bench, SEVEN) if one.follows]
        bench.clock.move(lot.lot.expires_at + 3 * DAY)
        with pytest.raises(RedemptionRefused):
            bench.aftercare.redeem("main", "7", "thirty", request="a click")
        bench.run(HOUR)
        assert (0, 0) == what_both_have(bench)
