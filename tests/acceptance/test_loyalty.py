"""The program `loyalty` in a whole engine: what earns, how much, since when, and who is in which tier."""

from __future__ import annotations

from datetime import date, datetime
from itertools import permutations
from types import MappingProxyType

import pytest

from aftercare_sdk.actions import AwardPoints
from aftercare_sdk.model.commands import TagCustomer
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Version
from tests.support.points import (
    ANN,
    available,
    awards,
    balance,
    basket,
    delivered,
    pending,
    posted,
    shop_with,
)
from tests.support.shop import DAY, HOUR, START, Bench, customer, program

SETTLED = START + 15 * DAY
ACCOUNT = "main/7"
FIRST_OF_MAY = {"start": date(2026, 5, 1), "end": date(2026, 5, 2)}
SECOND_OF_MAY = {"start": date(2026, 5, 2), "end": date(2026, 5, 3)}
AWARD = AwardPoints(label="own", lines={"1": 5}, reason="a test wants it")


def earned(url: str, rules: dict[str, object], **order: object) -> int:
    """Return what one order earns by rules."""
    with Bench(url, config=shop_with(rules)) as bench:
        bench.tell(basket(**order))
        bench.process()
        return balance(bench).pending


@pytest.mark.parametrize(
    ("rules", "order", "points"),
    [
        ({}, {"lines": {"a": 50}}, 50),
        ({"points": {"GBP": "1 per 3.00"}}, {"lines": {"a": 5, "b": 5}}, 3),
        ({"points": {"GBP": "1 per 3.00"}, "rounding": "up"}, {"lines": {"a": 5, "b": 5}}, 4),
        ({"points": {"GBP": "1 per 4.00"}, "rounding": "half_up"}, {"lines": {"a": 5, "b": 5}}, 3),
        ({"points": {"JPY": "1 per 100"}}, {}, 0),
        ({"points_on": "excl_tax"}, {"lines": {"a": 60}, "taxes": {"a": 10}}, 50),
        ({}, {"lines": {"a": 50}, "shipping": 5}, 50),
        ({"exclude": []}, {"lines": {"a": 50}, "shipping": 5}, 55),
        ({}, {"lines": {"a": 50, "b": 20}, "of_lines": {"b": {"gift_card": True}}}, 50),
        ({"exclude": ["sale_items"]}, {"lines": {"a": 5, "b": 2}, "of_lines": {"b": {"on_sale": True}}}, 5),
        ({"minimum_order": {"GBP": 51}, "first_order": 9}, {"lines": {"a": 50}}, 0),
        ({"minimum_order": {"GBP": 50}, "first_order": 9}, {"lines": {"a": 50}}, 59),
        ({"cap_per_order": 30}, {"lines": {"a": 50}}, 30),
        ({"multipliers": [{"product": "tea-a", "times": "2"}]}, {"lines": {"a": 10, "b": 10}}, 30),
        ({"multipliers": [{"tag": "new", "times": "3"}]}, {"of_lines": {"1": {"tags": ("new",)}}}, 150),
        (
            {"multipliers": [{"tag": "new", "times": "3"}, {"category": "tea", "times": "2"}]},
            {"of_lines": {"1": {"tags": ("new",), "categories": ("tea",)}}},
            150,
        ),
        (
            {"campaigns": {"may": {"start": date(2026, 5, 1), "end": date(2026, 5, 2), "times": "1.5"}}},
            {},
            75,
        ),
        (
            {"campaigns": {"may": {"start": date(2026, 5, 2), "end": date(2026, 5, 3), "times": "1.5"}}},
            {},
            50,
        ),
        ({"campaigns": {"may": {"start": date(2026, 5, 1), "end": date(2026, 5, 2), "bonus": 7}}}, {}, 57),
    ],
)
def test_what_an_order_earns(migrated_database_url, rules, order, points):
    """By currency, tax, exclusions, minimum, cap, multipliers and campaigns."""
    assert points == earned(migrated_database_url, rules, **order)


def test_categories_of_the_shops_own_product_count(migrated_database_url):
    """Orders rarely name them; the products do, also when they are told later."""
    tea = {"multipliers": [{"category": "tea", "times": "2"}]}
    with Bench(migrated_database_url, config=shop_with(tea)) as bench:
        bench.tell(basket(**delivered()))
        bench.process()
        assert 50 == pending(bench)
        version = Version(modified_at=START)
        bench.shelf.translator = lambda _: [
            ProductSnapshot(shop="main", id="tea-1", version=version, categories=("tea",))
        ]
        bench.post(b"[]")
        bench.run(SETTLED)
        assert 100 == available(bench)


def test_the_first_order_earns_once(migrated_database_url):
    """The next one does not; but if the first is called off before it settled, the next is the first."""
    with Bench(migrated_database_url, config=shop_with({"first_order": 9})) as bench:
        bench.tell(basket("1"), basket("2", placed=START + HOUR))
        bench.process()
        assert 50 + 9 + 50 == pending(bench)
        bench.tell(basket("1", cancelled=True, modified=START + DAY))
        bench.process()
        assert 50 + 9 == pending(bench)


def review(
    number: str = "1", rating: int = 3, *, at: datetime = START + DAY, **changes: object
) -> ReviewSnapshot:
    """Draw a review that ANN wrote of the tea."""
    return ReviewSnapshot(
        shop="main",
        id=number,
        version=Version(modified_at=at),
        created_at=START + DAY,
        rating=rating,
        text="so so",
        contact=Contact(email=ANN),
        **{"product": "tea-1", "status": ReviewStatus.APPROVED, **changes},
    )


def of_reviews(bench: Bench) -> list[int]:
    """Return what the reviews that were heard of are worth, by their ids."""
    found = [one for one in awards(bench) if one.label == "review"]
    return [one.lot.earned for one in sorted(found, key=lambda one: one.terms["review"])]


def test_a_review_earns_whatever_its_stars_and_once_for_each_product(migrated_database_url):
    """LAW-06, LAW-07, LAW-19: one star and five earn the same, and so does the second try: nothing."""
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        bench.tell(basket())
        bench.tell(review("1", 1), review("2", 5), review("3", 5, product="another"), at=START + DAY)
        bench.process()
        assert [5, 0, 0] == of_reviews(bench)
        assert 5 == available(bench)


@pytest.mark.parametrize("turn", list(permutations(range(3))))
def test_a_review_counts_once_it_is_approved_in_any_order_of_arrival(migrated_database_url, turn):
    """It may be told before the order that it is about, and before the shop has looked at it."""
    later = START + 2 * DAY
    told = [basket(), review(status=ReviewStatus.HOLD), review(at=later)]
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        bench.clock.move(later)
        for at in turn:
            bench.tell(told[at])
            bench.process()
        assert [5] == of_reviews(bench)


def test_a_review_that_is_taken_away_is_worth_nothing(migrated_database_url):
    """And neither is one whose order was given back; the next one of the product takes its place."""
    later = START + 2 * DAY
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        bench.clock.move(later)
        bench.tell(basket(), review("1"), review("2"))
        bench.process()
        assert [5, 0] == of_reviews(bench)
        bench.tell(review("1", at=later, status=ReviewStatus.TRASH))
        bench.process()
        assert [0, 5] == of_reviews(bench)
        bench.tell(basket(cancelled=True, modified=later))
        bench.process()
        assert [0, 0] == of_reviews(bench)


def test_a_review_keeps_the_points_of_its_day(migrated_database_url):
    """Whatever a review is worth by now."""
    later = START + 2 * DAY
    with Bench(migrated_database_url, config=shop_with({"review": 5})) as bench:
        bench.clock.move(later)
        bench.tell(basket(), review())
        bench.process()
        with bench.twin(config=shop_with({"review": 50})) as dearer:
            dearer.tell(review(at=later, status=ReviewStatus.HOLD))
            dearer.process()
            assert [0] == of_reviews(dearer)
            dearer.tell(review(at=later + DAY))
            dearer.process()
            assert [5] == of_reviews(dearer)


def test_a_birthday_that_is_told_after_the_order(migrated_database_url):
    """Customers tell theirs when they like."""
    with Bench(migrated_database_url, config=shop_with({"birthday": 20})) as bench:
        bench.tell(customer("7"), basket(customer="7"))
        bench.process()
        bench.tell(customer("7", birthday=date(1990, 6, 1), modified=START + DAY), at=START + DAY)
        bench.run(START + 40 * DAY)
        assert 20 == available(bench, ACCOUNT)


def test_points_for_a_birthday_once_a_year(migrated_database_url):
    """At its start in the shop's zone; who corrects the date gets no second ones."""
    with Bench(migrated_database_url, config=shop_with({"birthday": 20})) as bench:
        bench.tell(customer("7", birthday=date(1990, 6, 1)), basket(customer="7"))
        bench.run(START + 31 * DAY)
        assert 20 == available(bench, ACCOUNT)
        told = bench.clock.now()
        bench.tell(
            customer("7", birthday=date(1990, 7, 1), modified=told), basket("2", customer="7", placed=told)
        )
        bench.run(60 * DAY)
        assert 20 == available(bench, ACCOUNT)
        bench.run(345 * DAY)
        assert 40 == available(bench, ACCOUNT)


def test_points_expire_after_months_at_the_end_of_the_day(migrated_database_url):
    """Counted from when they could be spent, in the shop's zone."""
    with Bench(migrated_database_url, config=shop_with({"expires": "2 months"})) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        (lot,) = awards(bench)
        assert "2026-07-17 00:00:00+00:00" == str(lot.lot.expires_at)
        bench.run(lot.lot.expires_at - HOUR)
        assert 50 == available(bench)
        bench.run(HOUR)
        assert 0 == available(bench)
        assert [("earn", 50), ("expire", -50)] == posted(bench)


def test_points_expire_on_a_day_of_the_year(migrated_database_url):
    """All at once, whenever they were earned."""
    with Bench(migrated_database_url, config=shop_with({"expires": "31 May"})) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        bench.run(30 * DAY)
        assert 0 == available(bench)


def test_points_of_an_account_that_rests_expire(migrated_database_url):
    """Earning again prolongs all of them."""
    with Bench(migrated_database_url, config=shop_with({"expires": "2 months idle"})) as bench:
        bench.tell(basket(**delivered()))
        bench.run(SETTLED)
        later = SETTLED + 30 * DAY
        bench.tell(basket("2", placed=later, **delivered(later)), at=later)
        bench.run(later + 14 * DAY)
        assert 100 == available(bench)
        bench.run(50 * DAY)
        assert 100 == available(bench)
        bench.run(15 * DAY)
        assert 0 == available(bench)


TIERS = {
    "by": "spend",
    "currency": "GBP",
    "keep_months": 3,
    "months": 3,
    "steps": {"silver": {"at": 100, "times": "1.5"}, "gold": {"at": 200, "times": "2"}},
}


def tier_of(bench: Bench) -> list[str]:
    """Return the tier that is kept of the one customer."""
    return [value for plugin, name, value in bench.memory() if (plugin, name) == ("", "tier")]


def test_a_tier_is_reached_multiplies_and_is_told(migrated_database_url):
    """From the order after the one that reached it on; plugins hear, and the platform shows it."""
    heard: list[tuple[str | None, str | None]] = []

    def listen(event, ctx):
        assert event.tier == ctx.customer.tier
        heard.append((event.before, event.tier))

    config = shop_with({"tiers": {**TIERS, "show_as": "rank"}})
    with Bench(migrated_database_url, {"ear": program(on_tier_changed=listen)}, config=config) as bench:
        bench.tell(customer("7"), basket("1", {"1": 120}, customer="7"))
        bench.run_due()
        assert [(None, "silver")] == heard
        assert ["silver"] == tier_of(bench)
        bench.tell(basket("2", {"1": 10}, customer="7", placed=START + HOUR))
        bench.run_due()
        assert 120 + 15 == pending(bench, ACCOUNT)
        (tag,) = bench.shelf.performed
        assert isinstance(tag, TagCustomer)
        assert ("7", "rank", "silver") == (tag.customer, tag.name, tag.value)


@pytest.mark.parametrize(
    ("downgrade", "steps"), [("earned", ["gold", ""]), ("one_step", ["gold", "silver", ""])]
)
def test_a_tier_that_is_not_reached_again_is_lost_after_its_time(migrated_database_url, downgrade, steps):
    """At once to what was earned, or step by step."""
    heard: list[str] = []
    listener = program(on_tier_changed=lambda event, _: heard.append(event.tier or ""))
    config = shop_with({"tiers": {**TIERS, "downgrade": downgrade}})
    with Bench(migrated_database_url, {"ear": listener}, config=config) as bench:
        bench.tell(basket("1", {"1": 250}))
        bench.run(400 * DAY)
        assert steps == heard


def test_a_refund_takes_the_tier_that_it_led_to(migrated_database_url):
    """What was given back was not spent."""
    with Bench(migrated_database_url, config=shop_with({"tiers": TIERS})) as bench:
        bench.tell(basket("1", {"1": 120}))
        bench.process()
        assert ["silver"] == tier_of(bench)
        bench.tell(basket("1", {"1": 120}, refunds={"r": 50}, modified=START + DAY), at=START + DAY)
        bench.process()
        assert [""] == tier_of(bench)


@pytest.mark.parametrize(("by", "at"), [("orders", 2), ("points", 100)])
def test_tiers_by_orders_or_points(migrated_database_url, by, at):
    """The second order of fifty points reaches it."""
    tiers = {"by": by, "steps": {"friend": {"at": at, "times": "2"}}}
    with Bench(migrated_database_url, config=shop_with({"tiers": tiers})) as bench:
        bench.tell(basket("1"))
        bench.process()
        assert [] == tier_of(bench)
        bench.tell(basket("2", placed=START + HOUR), basket("3", placed=START + 2 * HOUR))
        bench.process()
        assert ["friend"] == tier_of(bench)
        assert 50 + 50 + 100 == pending(bench)


def test_what_plugins_see_of_points_cannot_be_changed(migrated_database_url):
    """Mappings are read-only, all the way down."""
    seen: list[object] = []

    counter = program(on_purchase=lambda _, ctx: seen.append(ctx.points) or [AWARD])
    type(counter).counts_points = True
    with Bench(migrated_database_url, {"counter": counter}) as bench:
        bench.tell(basket())
        bench.process()
        bench.tell(basket(modified=START + HOUR, lines={"1": 60}))
        bench.process()
    (award,) = seen[-1].awards
    assert isinstance(award.lines, MappingProxyType)
    assert isinstance(award.terms, MappingProxyType)
    assert all(isinstance(one.config, MappingProxyType) for one in seen[-1].orders)
    assert ("main/order/1", {"1": 5}, 5) == (award.order, dict(award.lines), award.left)


def test_a_plugin_of_somebody_else_awards_points_on_the_same_ledger(migrated_database_url):
    """By order lines, which follow the order, or flat."""
    flat = AwardPoints(label="hello", points=7, reason="a test wants it")
    plugins = {"other": program(on_purchase=lambda *_: [AWARD, flat])}
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(basket())
        bench.process()
        assert 12 == available(bench)
        bench.tell(basket(cancelled=True, modified=START + HOUR))
        bench.process()
        assert 7 == available(bench)


@pytest.mark.parametrize(
    ("award", "problem"),
    [
        ({"lines": {"1": 5}, "order": "nonsense"}, "no name of an order"),
        ({"lines": {"1": 5}, "order": "main/order/99"}, "nobody knows"),
        ({"lines": {"1": -5}}, "must lie between 0"),
        ({"points": True}, "must be an int"),
    ],
)
def test_an_award_that_makes_no_sense_is_refused(migrated_database_url, award, problem):
    """It is the plugin's mistake, and concerns nobody else."""
    wrong = AwardPoints(label="wrong", reason="a test wants it", **award)
    with Bench(migrated_database_url, {"other": program(on_purchase=lambda *_: [wrong])}) as bench:
        bench.tell(basket())
        bench.process()
        (unit,) = bench.units("other")
        assert problem in unit["error"]


def test_a_program_without_a_section_costs_nothing(migrated_database_url):
    """No unit is made for it; once there is a section, what happens since then is heard."""
    with Bench(migrated_database_url) as bench:
        bench.tell(basket("1"))
        bench.process()
        assert [] == bench.units("loyalty")
        bench.clock.move(START + DAY)
        with bench.twin(config=shop_with()) as configured:
            configured.tell(
                basket("2", placed=START + DAY), basket("1", modified=START + DAY, cancelled=False)
            )
            configured.process()
            assert {"main/order/2/purchase"} == {unit["event"] for unit in configured.units("loyalty")}
            assert 50 == pending(configured)
