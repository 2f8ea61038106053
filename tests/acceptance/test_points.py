"""The published errors of big loyalty products, each as a test that they would fail."""

from __future__ import annotations

from itertools import permutations

import pytest

from aftercare_sdk.model.shops import NeedsRead, Ref
from tests.support.points import (
    ANN,
    available,
    awards,
    balance,
    basket,
    book,
    change_rules,
    delivered,
    pending,
    posted,
    shop_with,
)
from tests.support.shop import DAY, HOUR, START, Bench, customer

SETTLED = START + 15 * DAY
"""When the points of an order can be spent that was delivered on the first day."""


def by_label(bench: Bench, text: str = ANN) -> dict[tuple[str, str], int]:
    """Return what every lot is worth, by order and label."""
    return {(one.object, one.label): one.lot.earned for one in awards(bench, text)}


def test_rule_doubled_between_order_and_refund(migrated_database_url):
    """50 earned, 50 taken: not 100, as where the present rule is applied to an old order."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.process()
        assert 50 == pending(bench)
        with change_rules(bench, {"points": {"GBP": "2 per 1"}}) as doubled:
            doubled.tell(basket(refunds={"r": {"1": 50}}, modified=START + DAY), at=START + DAY)
            doubled.process()
            assert 0 == pending(doubled)
            assert [("earn", 50), ("revoke", -50)] == posted(doubled)
            doubled.tell(basket("2", placed=START + DAY))
            doubled.process()
            assert 100 == pending(doubled)


def test_rule_disabled_before_the_refund(migrated_database_url):
    """50 taken, not 0: the points are those of the rule that is gone."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.process()
        with bench.twin(config={}) as without:
            without.tell(basket(refunds={"r": {"1": 50}}, modified=START + DAY), at=START + DAY)
            without.process()
            assert [("earn", 50), ("revoke", -50)] == posted(without)
        with bench.twin(config={"plugins": {"disabled": ["loyalty"]}}) as off:
            off.tell(basket("2", modified=START + DAY))
            off.process()
            assert 0 == pending(off)


def test_an_item_of_a_mixed_order_takes_back_what_it_earned(migrated_database_url):
    """An item that earned 20 takes 20, not 35 by its share of the amount."""
    tea = {"multipliers": [{"product": "tea-b", "times": "3"}]}
    with Bench(migrated_database_url, config=shop_with(tea)) as bench:
        bench.tell(basket(lines={"a": 20, "b": 10}))
        bench.process()
        assert 20 + 30 == pending(bench)
        bench.tell(basket(lines={"a": 20, "b": 10}, refunds={"r": {"a": 20}}, modified=START + DAY))
        bench.process()
        assert 30 == pending(bench)


def test_a_refund_notice_before_its_lines_are_known(migrated_database_url):
    """Whatever is taken back until then, in the end it is what the line earned."""
    tea = {"multipliers": [{"product": "tea-b", "times": "3"}]}
    lines = {"a": 20, "b": 10}
    with Bench(migrated_database_url, config=shop_with(tea)) as bench:
        bench.tell(basket(lines=lines))
        bench.tell(basket(lines=lines, refunds={"r": (20, None)}, modified=START + HOUR))
        bench.process()
        assert 0 < pending(bench) < 50
        bench.tell(basket(lines=lines, refunds={"r": {"a": 20}}, modified=START + DAY))
        bench.process()
        assert 30 == pending(bench)


def test_points_spent_before_the_refund_become_a_debt(migrated_database_url):
    """They are not lost to the shop, nor to the customer: the next earnings pay them."""
    with Bench(migrated_database_url, config=shop_with({"rewards": REWARD})) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        assert 50 == available(bench)
        redeem(bench)
        assert 20 == available(bench)
        bench.tell(
            basket(refunds={"r": {"1": 50}}, modified=SETTLED, **delivered()), basket("2", placed=SETTLED)
        )
        bench.process()
        assert -30 == available(bench)
        assert 30 == balance(bench).debt
        arrival = SETTLED + DAY
        bench.tell(basket("2", placed=SETTLED, modified=arrival, **delivered(arrival)))
        bench.run(arrival + 14 * DAY)
        assert (20, 0) == (available(bench), balance(bench).debt)


def test_a_debt_can_be_written_off_up_to_a_limit(migrated_database_url):
    """And if the refund is undone, what was forgiven is owed again: nobody gains by it."""
    rules = {"rewards": REWARD, "write_off": 10}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        redeem(bench)
        bench.tell(basket(cancelled=True, modified=SETTLED, **delivered()))
        bench.process()
        assert -20 == available(bench)
        bench.tell(basket(cancelled=False, modified=SETTLED + HOUR, **delivered()))
        bench.process()
        assert 20 == available(bench)


def test_expiry_after_spending_does_not_collapse_the_balance(migrated_database_url):
    """Only what is left of a lot expires; what was spent of it is not taken a second time elsewhere."""
    rules = {"rewards": REWARD, "expires": "2 months"}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        redeem(bench)
        later = START + 40 * DAY
        bench.tell(basket("2", placed=later, **delivered(later)), at=later)
        bench.run(later + 15 * DAY)
        assert 20 + 50 == available(bench)
        bench.run(SETTLED + 63 * DAY)
        assert 50 == available(bench)
        assert ("expire", -20) in posted(bench)


def test_a_refund_told_twice_is_taken_once(migrated_database_url):
    """By the same id, and by another id too if there is no more to give back."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket(lines={"a": 20, "b": 30}))
        bench.process()
        for at in (HOUR, DAY):
            bench.tell(basket(lines={"a": 20, "b": 30}, refunds={"r": {"a": 20}}, modified=START + at))
            bench.process()
        assert [("earn", 50), ("revoke", -20)] == posted(bench)
        both = {"r": {"a": 20}, "s": {"a": 20}}
        bench.tell(basket(lines={"a": 20, "b": 30}, refunds=both, modified=START + 2 * DAY))
        bench.process()
        assert 10 == pending(bench)  # 40 pounds of 50 are back; a cannot have cost more than it did


@pytest.mark.parametrize("turn", list(permutations((0, 1))))
def test_two_orders_under_a_monthly_cap_in_both_orders_of_arrival(migrated_database_url, turn):
    """The earlier order has the room, whichever is told first."""
    told = [basket("1", {"1": 80}), basket("2", {"1": 80}, placed=START + HOUR)]
    with Bench(migrated_database_url, config=shop_with({"cap_per_month": 100})) as bench:
        for at in turn:
            bench.tell(told[at])
            bench.process()
        assert {("1", "order"): 80, ("2", "order"): 20} == by_label(bench)


@pytest.mark.parametrize("turn", list(permutations(range(4))))
def test_any_order_of_arrival_gives_the_same(migrated_database_url, turn):
    """Purchase, refund notice, refund with lines, another order: earned and taken back is the same."""
    lines = {"a": 30, "b": 20}
    told = [
        basket(lines=lines),
        basket(lines=lines, refunds={"r": (30, None)}, modified=START + HOUR),
        basket(lines=lines, refunds={"r": {"a": 30}}, modified=START + 2 * HOUR),
        basket("2", {"1": 80}, placed=START + HOUR),
    ]
    rules = {"cap_per_month": 100, "first_order": 7}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        for at in turn:
            bench.tell(told[at])
            bench.process()
        first = {("1", "order"): 20, ("1", "first-order"): 3}
        found = {key: points for key, points in by_label(bench).items() if points}
        assert {**first, ("2", "order"): 80} == found


def test_an_edited_order_earns_by_what_it_is_now(migrated_database_url):
    """Before and after its points have settled; by the rules of its day."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket(lines={"a": 20}))
        bench.process()
        bench.tell(basket(lines={"a": 20, "b": 5}, modified=START + HOUR))
        bench.process()
        assert 25 == pending(bench)
        bench.tell(basket(lines={"a": 20, "b": 5}, modified=START + DAY, **delivered()))
        bench.run(SETTLED)
        with change_rules(bench, {"points": {"GBP": "9 per 1"}}) as dearer:
            dearer.tell(basket(lines={"b": 5, "c": 1}, modified=SETTLED, **delivered()))
            dearer.process()
            assert 6 == available(dearer)


def test_a_revived_order_and_a_refund_that_was_removed_give_the_points_back(migrated_database_url):
    """What is taken back is what the order is worth less by now, never more."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.tell(basket(cancelled=True, modified=START + HOUR))
        bench.process()
        assert 0 == pending(bench)
        bench.tell(basket(cancelled=False, modified=START + 2 * HOUR))
        bench.process()
        assert 50 == pending(bench)
        bench.tell(basket(refunds={"r": 20}, modified=START + 3 * HOUR))
        bench.process()
        assert 30 == pending(bench)
        bench.tell(basket(refunds={}, refunds_complete=True, modified=START + 4 * HOUR))
        bench.process()
        bench.shelf.objects[Ref("order", "1")] = basket(
            refunds={}, refunds_complete=True, modified=START + 4 * HOUR
        )
        bench.run(HOUR)
        assert 50 == pending(bench)


def test_a_deleted_order_is_worth_nothing(migrated_database_url):
    """It was called off for good."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.process()
        assert 50 == pending(bench)
        bench.tell(NeedsRead(ref=Ref("order", "1"), reason="a notice that it is gone"))
        bench.run(HOUR)
        assert 0 == pending(bench)


def test_points_can_be_spent_after_the_return_period_of_the_last_parcel(migrated_database_url):
    """Until then they are pending; a parcel that leaves after that does not take them away again."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        two = {"shipped": {"p": START + DAY, "q": START + DAY}}
        bench.tell(basket(modified=START + DAY, delivered={"p": START + DAY}, **two), at=START + DAY)
        bench.run(START + 30 * DAY)
        assert (0, 50) == (available(bench), pending(bench))
        came = START + 30 * DAY
        bench.tell(basket(modified=came, delivered={"p": START + DAY, "q": came}, **two))
        bench.run(came + 14 * DAY - HOUR)
        assert 0 == available(bench)
        bench.run(HOUR)
        assert (50, 0) == (available(bench), pending(bench))
        later = bench.clock.now() + DAY
        parcels = {"p": START + DAY, "q": came, "r": later}
        bench.tell(basket(modified=later, delivered=parcels, shipped=parcels), at=later)
        bench.run(DAY)
        assert (50, 0) == (available(bench), pending(bench))


def test_a_delivery_that_is_dated_anew_moves_what_is_still_pending(migrated_database_url):
    """The timer counts from the fact, and the fact has moved."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket(**delivered(START + 2 * DAY)), at=START + 3 * DAY)
        bench.process()
        bench.tell(basket(modified=START + 3 * DAY, **delivered(START + DAY)))
        bench.run(SETTLED)
        assert 50 == available(bench)


def test_everything_given_back_is_nothing_left_bonuses_included(migrated_database_url):
    """Whether line by line, in amounts, or both; and shipping too, where it was paid."""
    rules = {
        "first_order": 33,
        "exclude": [],
        "campaigns": {"spring": {"start": START.date(), "end": (START + DAY).date(), "bonus": 11}},
    }
    lines = {"a": 7, "b": 13, "c": 29}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        bench.tell(basket(lines=lines, shipping=5))
        bench.process()
        assert 54 + 33 + 11 == pending(bench)
        bench.tell(basket(lines=lines, shipping=5, refunds={"r": {"a": 7}, "s": 40}, modified=START + DAY))
        bench.process()
        assert 0 < pending(bench) < 54 + 33 + 11
        everything = {"r": {"a": 7}, "s": 40, "t": 7}
        bench.tell(basket(lines=lines, shipping=5, refunds=everything, modified=START + 2 * DAY))
        bench.process()
        assert 0 == pending(bench)


def test_every_entry_says_what_led_to_it(migrated_database_url):
    """Event, plugin, the rules it was reckoned with."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.tell(basket(refunds={"r": 20}, modified=START + HOUR))
        bench.process()
        rule = bench.aftercare.brand.rule(START)
        told = [(one.why.event, one.why.plugin, one.why.rule) for one in book(bench)]
        assert [("main/order/1/purchase", "loyalty", rule)] * len(told) == told


def test_what_depends_on_the_account_is_pinned_when_points_settle(migrated_database_url):
    """A refund of an earlier order makes room for what is pending, and changes nothing that has settled."""
    rules = {"cap_per_month": 100}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        bench.tell(basket("1", {"1": 80}), basket("2", {"1": 80}, placed=START + HOUR))
        bench.tell(basket("2", {"1": 80}, placed=START + HOUR, modified=START + DAY, **delivered()))
        bench.run(SETTLED)
        assert (20, 80) == (available(bench), pending(bench))
        bench.tell(
            basket("1", {"1": 80}, cancelled=True, modified=SETTLED),
            basket("3", {"1": 80}, placed=START + 2 * HOUR),
        )
        bench.process()
        assert (20, 80) == (available(bench), pending(bench))
        assert {("2", "order"): 20, ("3", "order"): 80} == {
            key: points for key, points in by_label(bench).items() if points
        }


def test_a_bare_address_earns_for_the_account_that_has_it(migrated_database_url):
    """The order was made without logging in; entries keep the identity that they came with."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.process()
        assert 50 == pending(bench)
        bench.tell(customer("7", email=ANN, modified=START + HOUR))
        bench.process()
        assert 50 == pending(bench, "main/7")
        (lot,) = awards(bench, "main/7")
        assert lot.lot.identity == book(bench)[0].line.identity


def test_an_order_that_finds_its_owner_takes_its_points_along(migrated_database_url):
    """From the address it was made with to the account that the shop names later."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket())
        bench.process()
        bench.tell(basket(customer="7", modified=START + HOUR), customer("7", email="other@customer.example"))
        bench.process()
        assert 50 == pending(bench, "main/7")
        assert 0 == pending(bench, ANN)


def test_facts_from_before_the_program_earn_nothing(migrated_database_url):
    """Unless it looks back; but they count as the first order."""
    with Bench(migrated_database_url, config=shop_with({"first_order": 9})) as bench:
        bench.tell(basket("1", placed=START - DAY), basket("2"))
        bench.process()
        assert {("2", "order"): 50} == by_label(bench)


REWARD = {"thirty": {"cost": 30, "amount": {"GBP": 3}}}


def redeem(bench: Bench) -> None:
    """Spend thirty points of ANN's."""
    from aftercare_sdk.engine.ledger import Ledger
    from aftercare_sdk.store.entries import Why

    with bench.aftercare.brand.database.write() as connection:
        ledger = Ledger(bench.aftercare.brand, connection, bench.clock.now())
        from tests.support.points import person

        (identity, *_) = person(bench)
        ledger.change(identity, Why(posting="p"), lambda account: account.spend(30))
        ledger.write()
