"""When points settle: once, whatever was off, late, corrected or never told."""

from __future__ import annotations

from typing import Any

import pytest

from aftercare_sdk.engine.books import verify
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Version
from tests.support.points import (
    ANN,
    RULES,
    available,
    awards,
    balance,
    basket,
    delivered,
    pending,
    posted,
    reading,
    shop_with,
)
from tests.support.shop import DAY, HOUR, START, Bench, customer

SETTLED = START + 15 * DAY
ACCOUNT = "main/7"
OFF = {"plugins": {"loyalty": dict(RULES), "disabled": ["loyalty"]}}
PROMOTED = {"multipliers": [{"category": "promo", "times": "10"}]}
TURNS = pytest.mark.parametrize("turn", [(0, 1), (1, 0)])


def tell(bench: Bench, *told: object) -> None:
    """Let the shop tell something, and process it."""
    bench.tell(*told)
    bench.process()


def problems(bench: Bench) -> list[str]:
    """Return what is wrong with the books."""
    with reading(bench) as connection:
        return [one.problem for one in verify(connection).violations]


def promote(bench: Bench) -> None:
    """Let the shop put the tea among what it promotes."""
    product = ProductSnapshot(
        shop="main",
        id="tea-1",
        version=Version(modified_at=bench.clock.now()),
        categories=("promo",),
    )
    bench.shelf.translator = lambda _: [product]
    bench.post(b"[]")
    bench.process()
    bench.shelf.translator = None


def review(number: str = "1", **changes: Any) -> ReviewSnapshot:
    """Draw a review of the tea, a day after the order."""
    told = {"status": ReviewStatus.APPROVED, "modified": START + DAY, **changes}
    modified = told.pop("modified")
    return ReviewSnapshot(
        shop="main",
        id=number,
        version=Version(modified_at=modified),
        created_at=START + DAY,
        product="tea-1",
        rating=5,
        text="Smells of May.",
        contact=Contact(email=ANN),
        **told,
    )


# ---- a program that was off for a while


def test_points_settle_although_the_program_was_off_when_they_were_to(migrated_database_url):
    """Its timer waits for it."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, basket(**delivered()))
        bench.clock.move(START + 10 * DAY)
        with bench.twin(config=OFF) as off:
            off.run(START + 20 * DAY)
            assert (0, 50) == (available(off), pending(off))
        with bench.twin(config=shop_with()) as on:
            on.run(HOUR)
            assert (50, 0) == (available(on), pending(on))
            assert [] == problems(on)


def test_points_settle_although_the_program_was_off_at_the_delivery(migrated_database_url):
    """The return period counts from the delivery all the same."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, basket(shipped={"p": START + DAY}))
        bench.clock.move(START + DAY)
        with bench.twin(config=OFF) as off:
            tell(off, basket(modified=START + DAY, **delivered()))
            off.run(START + 2 * DAY)
        with bench.twin(config=shop_with()) as on:
            on.run(SETTLED + 90 * DAY)
            assert (50, 0) == (available(on), pending(on))
            assert [] == problems(on)


def test_points_settle_although_the_section_was_gone_when_they_were_to(migrated_database_url):
    """The rules are those of the day of the order; what was promised then is kept."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, basket(**delivered()))
        bench.clock.move(START + 10 * DAY)
        with bench.twin(config={}) as without:
            without.run(START + 20 * DAY)
        bench.clock.move(START + 30 * DAY)
        with bench.twin(config=shop_with()) as on:
            on.run(10 * DAY)
            assert (50, 0) == (available(on), pending(on))
            assert [] == problems(on)


def test_a_start_that_is_put_later_takes_nothing_away(migrated_database_url):
    """Orders that have points keep them, and settle; others from before that earn none."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, basket(**delivered()))
        with bench.twin(config=shop_with({"starts_at": START + 2 * DAY})) as on:
            tell(on, basket("2", {"1": 7}, placed=START + HOUR, **delivered()))
            on.run(SETTLED + DAY)
            assert (50, 0) == (available(on), pending(on))
            assert [] == problems(on)


def test_an_order_that_is_paid_after_its_delivery_settles(migrated_database_url):
    """By invoice; the program had not begun when the parcel came."""
    with Bench(migrated_database_url, config=shop_with({"starts_at": START + 5 * DAY})) as bench:
        bench.tell(basket(purchased_at=START + 6 * DAY, **delivered()), at=START + 6 * DAY)
        bench.run(SETTLED - HOUR)
        assert (0, 50) == (available(bench), pending(bench))
        bench.run(HOUR)
        assert (50, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


# ---- when a parcel came


@TURNS
def test_a_delivery_that_was_earlier_leaves_the_wait_to_the_other_parcel(migrated_database_url, turn):
    """Of two parcels the second turns out to have come first: the return period counts from the other one."""
    shipped = {"p": START, "q": START}
    told = [
        basket(shipped=shipped, delivered={"p": START + 5 * DAY, "q": START + 10 * DAY}, modified=START),
        basket(shipped=shipped, delivered={"p": START + 5 * DAY, "q": START + DAY}, modified=START + HOUR),
    ]
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.clock.move(START + 11 * DAY)
        for at in turn:
            tell(bench, told[at])
        bench.run(START + 19 * DAY - HOUR)
        assert (0, 50) == (available(bench), pending(bench))
        bench.run(HOUR)
        assert (50, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_a_parcel_that_nobody_reports_keeps_points_waiting_so_long_and_no_longer(migrated_database_url):
    """Its label may have been thrown away: the shop lists only the other parcel now."""
    left, came = START + DAY, START + 2 * DAY
    with Bench(migrated_database_url, config=shop_with()) as bench:
        bench.tell(basket(shipped={"p": left, "q": left}), at=left)
        bench.process()
        bench.tell(basket(modified=came, shipped={"p": left}, delivered={"p": came}), at=came)
        bench.run(left + 90 * DAY - HOUR)
        assert (0, 50) == (available(bench), pending(bench))
        bench.run(HOUR)
        assert (50, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_how_long_the_longest_wait_is_can_be_said(migrated_database_url):
    """A delivery that is reported before it is over counts instead."""
    with Bench(migrated_database_url, config=shop_with({"longest_wait": "40 days"})) as bench:
        tell(bench, basket("1", shipped={"p": START}), basket("2", {"1": 7}, shipped={"p": START}))
        bench.clock.move(START + 30 * DAY)
        came = START + 30 * DAY
        tell(bench, basket("2", {"1": 7}, modified=came, shipped={"p": START}, delivered={"p": came}))
        bench.run(START + 40 * DAY - HOUR)
        assert 0 == available(bench)
        bench.run(HOUR)
        assert (50, 7) == (available(bench), pending(bench))
        bench.run(came + 14 * DAY)
        assert (57, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_what_has_not_left_stays_pending(migrated_database_url):
    """However long ago it was paid."""
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, basket())
        bench.run(START + 400 * DAY)
        assert (0, 50) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_points_that_are_worth_nothing_when_they_settle_are_pinned_as_such(migrated_database_url):
    """The month had no room for them then; it has room later, and they are settled."""
    with Bench(migrated_database_url, config=shop_with({"cap_per_month": 50})) as bench:
        tell(bench, basket("1"), basket("2", placed=START + HOUR, **delivered()))
        bench.run(SETTLED)
        tell(bench, basket("1", cancelled=True, modified=SETTLED))
        assert (0, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_a_line_that_settled_by_its_category_keeps_it(migrated_database_url):
    """The shop sorts its products anew; another line of an edited order is worth what it is, no more."""
    with Bench(migrated_database_url, config=shop_with(PROMOTED)) as bench:
        tell(bench, basket(lines={"1": 50, "2": 1}, **delivered()))
        bench.run(SETTLED)
        promote(bench)
        assert 51 == available(bench)
        tell(bench, basket(lines={"1": 50, "2": 2}, modified=SETTLED, **delivered()))
        assert 52 == available(bench)
        assert [] == problems(bench)


def test_a_category_that_is_told_before_points_settle_counts(migrated_database_url):
    """They are provisional until then."""
    with Bench(migrated_database_url, config=shop_with(PROMOTED)) as bench:
        tell(bench, basket(**delivered()))
        promote(bench)
        bench.run(SETTLED)
        assert (500, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_points_of_an_account_that_rests_do_not_live_on_by_a_code_that_expires(migrated_database_url):
    """Nobody did anything when its points came back."""
    reward = {"cost": 30, "amount": {"GBP": 3}, "valid_for": "50 days", "returns_unused": True}
    rules = {"expires": "2 months idle", "rewards": {"thirty": reward}}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        tell(bench, customer("7"), basket(customer="7", **delivered()))
        bench.run(SETTLED)
        bench.aftercare.redeem("main", "7", "thirty", request="a click")
        bench.run_due()
        (lot,) = awards(bench, ACCOUNT)
        bench.run(lot.lot.expires_at - HOUR)
        assert 50 == available(bench, ACCOUNT)
        bench.run(HOUR)
        assert 0 == available(bench, ACCOUNT)
        assert ("expire", -50) == posted(bench, ACCOUNT)[-1]
        assert [] == problems(bench)


# ---- test orders


@TURNS
def test_an_order_that_turns_out_to_be_a_test_earns_nothing(migrated_database_url, turn):
    """Whichever is told first, and nothing stays pending for ever."""
    told = [basket(**delivered()), basket(test=True, modified=START + HOUR, **delivered())]
    with Bench(migrated_database_url, config=shop_with()) as bench:
        tell(bench, customer("7"))
        for at in turn:
            tell(bench, told[at])
        bench.run(SETTLED + 100 * DAY)
        assert (0, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_an_order_that_turns_out_to_be_a_test_after_its_points_were_spent(migrated_database_url):
    """They are owed, as with any order that was called off."""
    rules = {"rewards": {"thirty": {"cost": 30, "amount": {"GBP": 3}}}}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        tell(bench, customer("7"), basket(customer="7", **delivered()))
        bench.run(SETTLED)
        bench.aftercare.redeem("main", "7", "thirty", request="a click")
        tell(bench, basket(customer="7", test=True, modified=SETTLED, **delivered()))
        assert (0, 30) == (balance(bench, ACCOUNT).available, balance(bench, ACCOUNT).debt)
        assert [] == problems(bench)


@TURNS
@pytest.mark.parametrize("known", [True, False])
def test_a_test_is_not_the_first_order(migrated_database_url, turn, known):
    """The first one that somebody has paid for is, whether the test was taken for one or not."""
    told = [
        basket("1", test=True, modified=START + HOUR, **delivered()),
        basket("2", placed=START + HOUR, **delivered()),
    ]
    with Bench(migrated_database_url, config=shop_with({"first_order": 9})) as bench:
        if known:
            tell(bench, basket("1", **delivered()))
        for at in turn:
            tell(bench, told[at])
        bench.run(SETTLED)
        assert (50 + 9, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_a_test_leads_to_no_tier(migrated_database_url):
    """Nor does an order that turns out to be one; its month has its room again."""
    steps = {"gold": {"at": 40, "times": "2"}}
    rules = {"cap_per_month": 60, "tiers": {"by": "spend", "currency": "GBP", "steps": steps}}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        tell(bench, basket("1", **delivered()))
        tell(bench, basket("1", test=True, modified=START + HOUR, **delivered()))
        tell(bench, basket("2", placed=START + HOUR, **delivered()))
        assert 50 == pending(bench)
        assert [] == problems(bench)


# ---- reviews


@pytest.mark.parametrize(
    ("statuses", "points"),
    [
        ([ReviewStatus.HOLD], 0),
        ([ReviewStatus.HOLD, ReviewStatus.APPROVED], 5),
        ([ReviewStatus.HOLD, ReviewStatus.SPAM], 0),
        ([ReviewStatus.APPROVED, ReviewStatus.TRASH], 0),
        ([ReviewStatus.APPROVED, ReviewStatus.HOLD, ReviewStatus.APPROVED], 5),
        ([ReviewStatus.APPROVED, ReviewStatus.TRASH, ReviewStatus.APPROVED], 5),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_review_earns_while_the_shop_shows_it(migrated_database_url, statuses, points, together):
    """Not while it waits for approval, and not as spam; whatever it was in between."""
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        tell(bench, basket())
        for day, status in enumerate(statuses, start=1):
            at = START + day * DAY
            bench.tell(review(status=status, modified=at), at=at)
            if not together:
                bench.process()
        bench.process()
        bench.run(5 * DAY)
        assert points == available(bench)
        assert [] == problems(bench)


def test_a_review_that_is_taken_away_after_its_points_were_spent_is_owed(migrated_database_url):
    """As with an order that is given back; and shown again, nothing is owed any more."""
    rules = {"review": 30, "rewards": {"thirty": {"cost": 30, "amount": {"GBP": 3}}}}
    with Bench(migrated_database_url, config=shop_with(rules)) as bench:
        tell(bench, customer("7"), basket(customer="7"))
        bench.tell(review(customer="7"), at=START + DAY)
        bench.process()
        bench.aftercare.redeem("main", "7", "thirty", request="a click")
        assert 0 == available(bench, ACCOUNT)
        tell(bench, review(customer="7", status=ReviewStatus.TRASH, modified=START + 2 * DAY))
        assert -30 == available(bench, ACCOUNT)
        assert [] == problems(bench)
        tell(bench, review(customer="7", modified=START + 3 * DAY))
        assert 0 == available(bench, ACCOUNT)
        assert [] == problems(bench)


def test_another_review_of_the_product_earns_once_the_first_is_gone(migrated_database_url):
    """Once for each product that stands."""
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        tell(bench, basket())
        bench.clock.move(START + DAY)
        tell(bench, review("1"))
        tell(bench, review("1", status=ReviewStatus.TRASH, modified=START + 2 * DAY))
        tell(bench, review("2"))
        assert 5 == available(bench)
        assert [] == problems(bench)


def test_two_addresses_of_one_customer_review_a_product_once(migrated_database_url):
    """By the account and by the mailbox: it is one person."""
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        tell(bench, customer("7", email=ANN), basket(customer="7"))
        bench.clock.move(START + DAY)
        tell(bench, review("1"), review("2", customer="7"))
        assert 5 == available(bench, ACCOUNT)
        assert [] == problems(bench)


@pytest.mark.parametrize("given_back", [{"cancelled": True}, {"refunds": {"r": {"1": 50}}}])
def test_a_review_of_what_was_given_back_earns_nothing(migrated_database_url, given_back):
    """Nobody has bought it."""
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        tell(bench, basket(**given_back))
        bench.clock.move(START + DAY)
        tell(bench, review())
        assert (0, 0) == (available(bench), pending(bench))
        assert [] == problems(bench)


def test_a_return_period_that_is_longer_than_the_longest_wait(migrated_database_url):
    """Nobody spends points of a parcel before any return period could be over."""
    with Bench(migrated_database_url, config=shop_with({"return_period": "100 days"})) as bench:
        bench.tell(basket(shipped={"p": START}))
        bench.run(START + 95 * DAY)
        assert 0 == available(bench)
        bench.run(5 * DAY)
        assert 50 == available(bench)
