"""What `[plugins.loyalty]` may say, and what the law forbids it to say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from aftercare_sdk.config import validate_section
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.programs.loyalty import Loyalty, Rules
from aftercare_sdk.programs.loyalty.law import prize_problem
from aftercare_sdk.programs.loyalty.rules import Excluded, Tier

CONDITIONS = {"valid_for": "90 days", "minimum": {"JPY": 3000}}
RATE = {"points": {"JPY": "1 per 100"}}


def read(section: dict[str, object]) -> Rules:
    """Return the rules of a section that has no mistake."""
    value, problems = validate_section("plugins.loyalty", Loyalty.config_schema, {**RATE, **section})
    assert () == problems
    return value["rules"]


def problems(section: dict[str, object]) -> str:
    """Return what is told of a section."""
    _, found = validate_section("plugins.loyalty", Loyalty.config_schema, {**RATE, **section})
    assert found
    return "\n".join(found)


def test_nothing_said_is_no_program():
    """Whoever does not configure it has none."""
    assert ({}, ()) == tuple(validate_section("plugins.loyalty", Loyalty.config_schema, {}))


def test_the_rate_is_needed():
    """Anything else without it makes no sense."""
    value, found = validate_section("plugins.loyalty", Loyalty.config_schema, {"review": 5})
    assert {} == value
    assert ('plugins.loyalty.points: missing; add points = { JPY = "1 per 100" }',) == found


def test_defaults():
    """What holds if nothing else is said."""
    assert Rules(rates={"JPY": Fraction(1, 100)}) == read({})
    assert frozenset({Excluded.GIFT_CARDS, Excluded.SHIPPING}) == read({}).exclude


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ({"USD": "1 per 1.00"}, Fraction(1, 100)),
        ({"BHD": "3 per 1"}, Fraction(3, 1000)),
        ({"JPY": "5 per 1"}, 5),
    ],
)
def test_rates_are_for_one_minor_unit(told, rate):
    """Cents, yen, fils: by the decimals of the currency."""
    assert {rate} == set(read({"points": told}).rates.values())


@pytest.mark.parametrize(
    ("told", "expiry"),
    [
        ("12 months", Expiry(months=12)),
        ("1 month", Expiry(months=1)),
        ("6 months idle", Expiry(idle_months=6)),
        ("31 March", Expiry(day=(3, 31))),
    ],
)
def test_expiry_in_words(told, expiry):
    """As people say it."""
    assert expiry == read({"expires": told}).expiry


@pytest.mark.parametrize(
    "section",
    [
        {"points": {"JPY": "1 for 100"}},
        {"points": {"JPY": "1 per 0"}},
        {"points": {"JPY": "1 per 0.5"}},
        {"points": {"yen": "1 per 100"}},
        {"points": {}},
        {"points_on": "net"},
        {"rounding": "away"},
        {"return_period": 14},
        {"exclude": ["taxes"]},
        {"minimum_order": {"JPY": 1.5}},
        {"cap_per_order": -1},
        {"review": True},
        {"expires": "30 February"},
        {"expires": "0 months"},
        {"expires": "12"},
        {"multipliers": [{"times": "2"}]},
        {"multipliers": [{"times": "2", "tag": "a", "product": "b"}]},
        {"multipliers": [{"times": "-1", "tag": "a"}]},
        {"multipliers": [{"times": "many", "tag": "a"}]},
        {"campaigns": {"may": {"start": date(2026, 5, 2), "end": date(2026, 5, 1)}}},
        {"campaigns": {"may": {"start": "May", "end": date(2026, 5, 1)}}},
        {"tiers": {"by": "spend", "steps": {"gold": {"at": 1}}}},
        {"tiers": {"by": "orders", "currency": "JPY", "steps": {"gold": {"at": 1}}}},
        {"tiers": {"by": "orders", "steps": {}}},
        {"tiers": {"by": "orders", "steps": {"gold": {"at": 0}}}},
        {"tiers": {"by": "orders", "steps": {"gold": {"at": 5}, "silver": {"at": 5}}}},
        {"rewards": {"gift": {"cost": 5}}},
        {"rewards": {"gift": {"cost": 0, "free_shipping": True}}},
        {"rewards": {"gift": {"cost": 5, "free_shipping": True, "tag": "a"}}},
        {"rewards": {"gift": {"cost": 5, "product": "1"}}},
        {"rewards": {"gift": {"cost": 5, "percent": 101}}},
        {"rewards": {"gift": {"cost": 5, "amount": {"JPY": 5, "USD": 5}}}},
        {"debt": "forget"},
        {"debt": "carry", "write_off": 5},
        {"poinst": {}},
    ],
)
def test_what_cannot_be_meant_is_refused(section):
    """With its path; nothing starts with a mistake."""
    assert problems(section).startswith("plugins.loyalty.")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            {"rewards": {"a": {"cost": 5, "amount": {"JPY": -500}}}},
            "rewards.a.amount: an amount cannot be below zero",
        ),
        (
            {"rewards": {"a": {"cost": 5, "amount": {"JPY": 0}}}},
            "rewards.a: an amount that is taken off lies above zero",
        ),
        (
            {"rewards": {"a": {"cost": 5, "percent": 10, "minimum": {"JPY": -5}}}},
            "rewards.a.minimum: an amount cannot be below zero",
        ),
        ({"minimum_order": {"JPY": -5}}, "minimum_order: an amount cannot be below zero"),
        ({"rewards": {"a": {"cost": 5, "percent": 0}}}, "rewards.a: say what it is: exactly one of"),
        (
            {"rewards": {"a": {"cost": 5, "free_shipping": False}}},
            "rewards.a: say what it is: exactly one of",
        ),
        (
            {"rewards": {"a": {"cost": 5, "percent": 10, "valid_for": "0 days"}}},
            "rewards.a: a code must be good for some time",
        ),
        (
            {"rewards": {"a": {"cost": 5, "tag": "early", "valid_for": "10 days"}}},
            "rewards.a: a tag stays until somebody takes it away: remove valid_for",
        ),
        (
            {"rewards": {"a": {"cost": 5, "amount": {"JPY": 10}, "minimum": {"USD": "5"}}}},
            "rewards.a: amount and minimum are of one currency",
        ),
        ({"return_period": "-1 days"}, "return_period: not a length of time"),
        ({"longest_wait": 90}, "longest_wait: write a length of time with its unit, in quotes"),
        ({"expires": "601 months"}, "expires: months lie between 1 and 600"),
        ({"debt": "write_off"}, "debt: Must be one of: carry."),
        ({"five_star_review": 50}, "five_star_review: unknown key; remove it"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(section, told):
    """Nobody has to guess which of ten rewards it is."""
    assert f"plugins.loyalty.{told}" in problems(section)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (datetime(2026, 4, 1, 9), datetime(2026, 4, 1, 10, tzinfo=UTC), "end: must end after it starts"),  # noqa: DTZ001 - in the zone of the shop
        (date(2026, 4, 1), datetime(2026, 4, 2, tzinfo=UTC), "end: must end after it starts"),
        (date(2026, 4, 1), date(2026, 4, 1), "end: must end after it starts"),
        (
            datetime.fromisoformat("2026-04-01T23:00+09:00"),
            datetime.fromisoformat("2026-04-01T14:00+00:00"),
            "end: must end after it starts",
        ),
    ],
)
def test_a_campaign_that_cannot_run_is_refused(start, end, told):
    """Both ends in one manner, the later one last, by the moments that they are."""
    found = problems({"campaigns": {"may": {"start": start, "end": end, "bonus": 1}}})
    assert f"plugins.loyalty.campaigns.may.{told}" in found


def test_a_campaign_that_does_nothing_is_refused():
    """Whoever writes it has forgotten the half of it."""
    found = problems({"campaigns": {"may": {"start": date(2026, 5, 1), "end": date(2026, 5, 2)}}})
    assert "plugins.loyalty.campaigns.may.times: does nothing; say times, bonus or both" in found


def test_a_campaign_lies_between_two_moments_whatever_their_offsets():
    """Eleven in the evening in Tokyo is two in the afternoon by universal time."""
    start = datetime.fromisoformat("2026-04-01T23:00+09:00")
    end = datetime.fromisoformat("2026-04-01T15:00+00:00")
    (campaign,) = read({"campaigns": {"late": {"start": start, "end": end, "bonus": 7}}}).campaigns
    assert (start, end, 7) == (campaign.start, campaign.end, campaign.bonus)


def test_a_reward_may_take_everything_off():
    """A hundred per cent is a present of the shop's, and its own affair."""
    (reward,) = read({"rewards": {"all": {"cost": 5, "percent": 100}}}).rewards.values()
    assert reward.discount is not None
    assert 100 == reward.discount.percent


def test_tiers_are_sorted_and_in_minor_units():
    """However they were written."""
    steps = {"gold": {"at": "200.50", "times": "2"}, "silver": {"at": 100}}
    tiers = read({"tiers": {"by": "spend", "currency": "USD", "steps": steps}}).tiers
    assert tiers is not None
    assert (Tier(name="silver", at=10_000), Tier(name="gold", at=20_050, times=Fraction(2))) == tiers.steps


def test_rewards():
    """Each kind, with what it says of its points."""
    rewards = read(
        {
            "rewards": {
                "off": {
                    "cost": 500,
                    "amount": {"JPY": 500},
                    "valid_for": "90 days",
                    "minimum": {"JPY": 3000},
                },
                "tenth": {"cost": 900, "percent": 10, "returns_unused": True, "returns_refunded": False},
                "cup": {"cost": 3000, "product": "12", "worth": {"JPY": 800}},
                "early": {"cost": 100, "tag": "early-access"},
            }
        }
    ).rewards
    off, tenth, cup, early = (rewards[name] for name in ("off", "tenth", "cup", "early"))
    assert (Money(500, "JPY"), timedelta(days=90), Money(3_000, "JPY")) == (
        off.discount.amount,
        off.valid_for,
        off.minimum,
    )
    assert (10, True, False) == (tenth.discount.percent, tenth.returns_unused, tenth.returns_refunded)
    assert (Money(800, "JPY"), ("12",)) == (cup.discount.amount, cup.products)
    assert ("early-access", None) == (early.tag, early.discount)


@pytest.mark.parametrize(
    "section",
    [
        {"review": {"points": 5, "min_rating": 4}},
        {"review": {"stars": {"5": 50}}},
        {"review": {"rating": 5}},
        {"survey": {"points": 5, "score": 9}},
        {"stars": 5},
        {"評価": 5},
    ],
)
def test_law_06_law_07_praise_earns_nothing(section):
    """First order under the stealth-marketing rules: a discount for four stars or more."""
    told = problems(section)
    assert "LAW-06" in told
    assert "LAW-07" in told


def test_law_08_points_are_not_drawn_by_lot():
    """Prizes have a maximum; points for everybody have none."""
    assert "LAW-08" in problems({"award": "lottery"})


@pytest.mark.parametrize(
    ("cost", "worth", "allowed"),
    [(100, 2_000, True), (100, 2_001, False), (5, 200, True), (5, 201, False), (50, 1_000, True)],
)
def test_law_08_a_gift_is_worth_a_fifth_of_the_sale(cost, worth, allowed):
    """One point per hundred yen: a hundred points come with purchases of ten thousand yen."""
    assert allowed is not bool(prize_problem(cost, worth, Fraction(1, 100)))
    section = {"rewards": {"cup": {"cost": cost, "product": "1", "worth": {"JPY": worth}}}}
    if allowed:
        read(section)
    else:
        assert "LAW-08" in problems(section)


CUP = {"cup": {"cost": 3000, "product": "1", "worth": {"JPY": 60_000}}}


@pytest.mark.parametrize(
    "faster",
    [
        {"multipliers": [{"tag": "new", "times": "1.5"}]},
        {"campaigns": {"may": {"start": date(2026, 5, 1), "end": date(2026, 5, 2), "times": "2"}}},
        {"tiers": {"by": "orders", "steps": {"gold": {"at": 3, "times": "1.25"}}}},
    ],
)
def test_law_08_a_gift_is_measured_by_the_smallest_sale_that_can_earn_it(faster):
    """Whoever earns twice as many points has bought for half as much."""
    read({"rewards": CUP})
    assert "plugins.loyalty.rewards.cup.worth" in problems({"rewards": CUP, **faster})
    assert "LAW-08" in problems({"rewards": CUP, **faster})


def test_law_08_multipliers_that_meet_are_counted_together():
    """A product, in a campaign, by somebody in the highest tier: six times as much."""
    together = {
        "multipliers": [{"tag": "new", "times": "1.5"}, {"tag": "old", "times": "0.5"}],
        "campaigns": {"may": {"start": date(2026, 5, 1), "end": date(2026, 5, 2), "times": "2"}},
        "tiers": {"by": "orders", "steps": {"silver": {"at": 1}, "gold": {"at": 3, "times": "2"}}},
    }
    read({"rewards": {"cup": {**CUP["cup"], "worth": {"JPY": 10_000}}}, **together})
    found = problems({"rewards": {"cup": {**CUP["cup"], "worth": {"JPY": 10_001}}}, **together})
    assert "with purchases of 50,000 yen, and may be worth 10,000 yen at most (LAW-08)" in found


def test_law_08_is_about_gifts_in_yen():
    """Where a shop also sells in dollars, a gift there is not measured in yen."""
    rates = {"JPY": "1 per 100", "USD": "1 per 1.00"}
    cup = {"cup": {"cost": 1, "product": "1", "worth": {"USD": "9999"}}}
    assert {"cup"} == read({"points": rates, "rewards": cup}).rewards.keys()


def test_law_09_points_are_good_in_shops_of_the_brand():
    """As a price reduction; elsewhere they would be prizes."""
    assert "LAW-09" in problems({"redeem_at": "partner"})
    read({"redeem_at": "own"})


@pytest.mark.parametrize("key", ["purchase", "sell_points", "price"])
def test_law_10_points_are_not_sold(key):
    """That would make them a means of payment."""
    assert "LAW-10" in problems({key: 100})
