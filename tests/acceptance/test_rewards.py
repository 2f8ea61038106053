"""Rewards for points: whatever becomes of a code, the points are where they belong."""

from __future__ import annotations

import threading
from itertools import count, permutations

import pytest
from sqlalchemy import select, update

from aftercare_sdk.engine.redeeming import cancel
from aftercare_sdk.errors import CommandRefused, RedemptionRefused
from aftercare_sdk.model.commands import IssueCode, RevokeCode, TagCustomer
from aftercare_sdk.store import redemptions
from aftercare_sdk.store.redemptions import Redemption
from aftercare_sdk.store.tables import entries as entries_table
from aftercare_sdk.store.tables import lots as lots_table
from tests.support.points import available, balance, basket, delivered, person, posted, reading, shop_with
from tests.support.shop import DAY, HOUR, START, Bench, customer, program

ACCOUNT = "main/7"
SETTLED = START + 15 * DAY
REWARDS = {
    "thirty": {"cost": 30, "amount": {"GBP": 3}, "valid_for": "10 days", "returns_unused": True},
    "keeper": {"cost": 30, "percent": 10, "valid_for": "10 days", "returns_refunded": False},
    "early": {"cost": 20, "tag": "early-access"},
}


def rich(url: str, rules: dict[str, object] | None = None, **more: object) -> Bench:
    """Return a shop whose customer 7 has fifty points to spend."""
    bench = Bench(url, config=shop_with({"rewards": REWARDS, **(rules or {})}), **more)
    bench.tell(customer("7"), basket(customer="7", **delivered()))
    bench.run(SETTLED)
    return bench


CLICKS = count()


def redeem(bench: Bench, reward: str = "thirty", request: str = "") -> Redemption:
    """Redeem a reward as customer 7."""
    return bench.aftercare.redeem("main", "7", reward, request=request or f"click {next(CLICKS)}")


def redeemed(bench: Bench) -> list[tuple[str, bool]]:
    """Return state, and whether the points are spent, of all that customer 7 has redeemed."""
    with reading(bench) as connection:
        found = redemptions.of_identities(connection, person(bench, ACCOUNT))
    return [(one.state.value, one.spent) for one in found]


def order_with(code: str, number: str = "2", **changes: object):
    """Draw an order that was made with a code."""
    return basket(number, {"1": 40}, customer="7", placed=SETTLED, codes=(code.lower(),), **changes)


def test_a_reward_costs_its_points_at_once_and_becomes_a_code(migrated_database_url):
    """Made by the platform for this customer, with the conditions of the reward."""
    with rich(migrated_database_url) as bench:
        done = redeem(bench)
        assert 20 == available(bench, ACCOUNT)
        assert [("ordered", True)] == redeemed(bench)
        bench.run_due()
        (command,) = bench.shelf.performed
        assert isinstance(command, IssueCode)
        assert (done.code, "ann@customer.example", SETTLED + 10 * DAY) == (
            command.code,
            command.email,
            command.expires_at,
        )
        bench.run(HOUR)
        assert [("issued", True)] == redeemed(bench)


def test_the_same_request_is_one_redemption(migrated_database_url):
    """However often a browser sends it; another click is another one."""
    with rich(migrated_database_url) as bench:
        one, again = redeem(bench, request="r1"), redeem(bench, request="r1")
        assert one.key == again.key
        assert 20 == available(bench, ACCOUNT)
        with pytest.raises(RedemptionRefused) as refused:
            redeem(bench)
        assert ("not_enough_points", 20) == (refused.value.why, refused.value.available)
        assert "reward 'thirty' costs 30 points, and 20 are available" == str(refused.value)


def test_of_two_that_redeem_the_last_points_at_once_one_wins(migrated_database_url):
    """The other gets a clear answer, and nothing is spent twice."""
    with rich(migrated_database_url) as bench:
        twins = [bench.twin() for _ in range(4)]
        told: list[str] = []
        start = threading.Barrier(len(twins))

        def try_it(twin: Bench) -> None:
            start.wait()
            try:
                redeem(twin)
            except RedemptionRefused as error:
                told.append(error.why)
            else:
                told.append("redeemed")

        threads = [threading.Thread(target=try_it, args=(twin,)) for twin in twins]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for twin in twins:
            twin.aftercare.close()
        assert ["not_enough_points"] * 3 + ["redeemed"] == sorted(told)
        assert 20 == available(bench, ACCOUNT)


def test_an_address_on_an_order_spends_nothing(migrated_database_url):
    """Whoever types an address into a form earns for it; only who has logged in may spend."""
    with Bench(migrated_database_url, config=shop_with({"rewards": REWARDS})) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        assert 50 == available(bench)
        with pytest.raises(RedemptionRefused, match="spends none") as refused:
            redeem(bench)
        assert "nobody" == refused.value.why


@pytest.mark.parametrize("unknown", ["forty", "early "])
def test_a_reward_that_is_not_there_is_refused(migrated_database_url, unknown):
    """By what the section says now."""
    with rich(migrated_database_url) as bench, pytest.raises(RedemptionRefused) as refused:
        redeem(bench, unknown)
    assert "no_such_reward" == refused.value.why


def test_a_command_that_fails_for_good_gives_the_points_back(migrated_database_url):
    """To the lot that they came from, with its expiry."""
    with rich(migrated_database_url, {"expires": "12 months"}) as bench:
        redeem(bench)
        bench.shelf.answers.append(CommandRefused("this platform knows no codes"))
        bench.run_due()
        bench.run(HOUR)
        assert [("failed", False)] == redeemed(bench)
        assert 50 == available(bench, ACCOUNT)
        assert ("adjust", 30) in posted(bench, ACCOUNT)


def test_an_unused_code_that_expires_returns_its_points_if_the_reward_says_so(migrated_database_url):
    """And keeps them if it does not."""
    with rich(migrated_database_url, {"points": {"GBP": "2 per 1"}}) as bench:
        redeem(bench)
        redeem(bench, "keeper")
        bench.run_due()
        bench.run(10 * DAY + HOUR)
        assert [("expired", True), ("expired", False)] == sorted(redeemed(bench), key=lambda one: not one[1])
        assert 100 - 30 == available(bench, ACCOUNT)


@pytest.mark.parametrize("turn", list(permutations(range(3))))
def test_a_code_that_is_used_refunded_and_revived_in_any_order(migrated_database_url, turn):
    """In the end the order stands, so the points are spent; whatever was known in between."""
    with rich(migrated_database_url) as bench:
        code = redeem(bench).code
        bench.run_due()
        told = [
            order_with(code, modified=SETTLED),
            order_with(code, cancelled=True, modified=SETTLED + HOUR),
            order_with(code, cancelled=False, modified=SETTLED + 2 * HOUR),
        ]
        for at in turn:
            bench.tell(told[at])
            bench.run_due()
        bench.run(30 * DAY)
        assert [("used", True)] == redeemed(bench)
        assert 20 == available(bench, ACCOUNT)
        assert 40 == balance(bench, ACCOUNT).pending


@pytest.mark.parametrize(("reward", "left"), [("thirty", 50), ("keeper", 20)])
def test_a_refunded_order_returns_the_code_by_policy(migrated_database_url, reward, left):
    """A reward that says so gives its points back when the order it was used for is called off."""
    with rich(migrated_database_url) as bench:
        code = redeem(bench, reward).code
        bench.run_due()
        bench.tell(order_with(code))
        bench.run_due()
        assert [("used", True)] == redeemed(bench)
        bench.tell(order_with(code, cancelled=True, modified=SETTLED + DAY))
        bench.run_due()
        assert left == available(bench, ACCOUNT)


def test_a_use_that_is_told_after_the_expiry_takes_the_points_again(migrated_database_url):
    """The order was placed in time, its webhook was lost; what was spent meanwhile is owed."""
    with rich(migrated_database_url) as bench:
        code = redeem(bench).code
        bench.run_due()
        bench.run(11 * DAY)
        assert 50 == available(bench, ACCOUNT)
        redeem(bench)
        bench.run_due()
        bench.tell(order_with(code))
        bench.run_due()
        assert -10 == available(bench, ACCOUNT)


def test_a_tag_is_set_on_the_account(migrated_database_url):
    """Early access is no code: the platform looks at the tag."""
    with rich(migrated_database_url) as bench:
        redeem(bench, "early")
        bench.run_due()
        (command,) = bench.shelf.performed
        assert isinstance(command, TagCustomer)
        assert ("7", "early-access", "yes") == (command.customer, command.name, command.value)
        bench.run(HOUR)
        assert [("used", True)] == redeemed(bench)


def test_what_is_cancelled_by_hand_is_revoked_and_returned(migrated_database_url):
    """Made or not: a code that was never made is not made any more."""
    with rich(migrated_database_url) as bench:
        cancel(bench.aftercare.brand, redeem(bench).code)
        bench.run_due()
        assert [("cancelled", False)] == redeemed(bench)
        assert 50 == available(bench, ACCOUNT)
        assert [RevokeCode] == [type(one) for one in bench.shelf.performed]
        done = redeem(bench)
        bench.run_due()
        cancel(bench.aftercare.brand, done.key[:12])
        bench.run_due()
        assert [RevokeCode, IssueCode, RevokeCode] == [type(one) for one in bench.shelf.performed]
        assert 50 == available(bench, ACCOUNT)
        with pytest.raises(RedemptionRefused) as refused:
            cancel(bench.aftercare.brand, done.code)
        assert "too_late" == refused.value.why


def test_plugins_hear_what_becomes_of_a_reward(migrated_database_url):
    """Ordered, issued, used: each once."""
    heard: list[tuple[str, int, bool]] = []

    def listen(event, ctx):
        del ctx
        heard.append((event.state.value, event.points, event.spent))

    with rich(migrated_database_url, plugins={"ear": program(on_reward_changed=listen)}) as bench:
        code = redeem(bench).code
        bench.run(HOUR)
        bench.tell(order_with(code))
        bench.run(HOUR)
        assert [("ordered", 30, True), ("issued", 30, True), ("used", 30, True)] == heard


def test_points_that_come_back_after_their_time_can_be_used_for_a_while(migrated_database_url):
    """The customer could not have used them earlier; after that they expire like all others."""
    long = {"thirty": {**REWARDS["thirty"], "valid_for": "60 days"}}
    with rich(migrated_database_url, {"expires": "1 month", "rewards": long}) as bench:
        redeem(bench)
        bench.run_due()
        bench.run(45 * DAY)
        assert 0 == available(bench, ACCOUNT)
        assert ("expire", -20) in posted(bench, ACCOUNT)
        bench.run(16 * DAY)
        assert 30 == available(bench, ACCOUNT)
        bench.run(30 * DAY)
        assert 0 == available(bench, ACCOUNT)
        assert ("expire", -30) in posted(bench, ACCOUNT)


def test_a_page_can_show_points_and_rewards(migrated_database_url):
    """What the account has, and what it could have."""
    with rich(migrated_database_url) as bench:
        assert {"early", "keeper", "thirty"} == bench.aftercare.rewards().keys()
        redeem(bench)
        bench.tell(basket("9", {"1": 10}, customer="7", placed=SETTLED))
        bench.process()
        balance_now = bench.aftercare.points("main", "7")
        assert (20, 10) == (balance_now.points, balance_now.pending)


def test_a_reward_that_cannot_be_settled_keeps_no_other_from_it(migrated_database_url, caplog):
    """It is set aside, told in the log, and tried again after the next start."""
    with rich(migrated_database_url, {"points": {"GBP": "2 per 1"}}) as bench:
        lost, kept = redeem(bench), redeem(bench)
        bench.run_due()
        with bench.aftercare.brand.database.write() as connection:
            # Books that somebody has damaged: what was spent has no lot any more.
            connection.execute(
                update(entries_table).where(entries_table.c.posting == lost.key).values(lot="nowhere")
            )
        for one in (lost, kept):
            cancel(bench.aftercare.brand, one.key[:12])
        bench.run_due()
        states = redeemed(bench)
        assert ("cancelled", False) in states
        assert ("issued", True) in states
        assert "reward set aside" in caplog.text
        with bench.aftercare.brand.database.write() as connection:
            (lot,) = connection.execute(select(lots_table.c.key)).scalars()
            connection.execute(
                update(entries_table).where(entries_table.c.posting == lost.key).values(lot=lot)
            )
        with bench.twin() as again:
            again.run_due()
            assert [("cancelled", False)] * 2 == redeemed(again)
            assert 100 == available(again, ACCOUNT)
