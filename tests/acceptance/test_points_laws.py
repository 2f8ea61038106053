"""Laws of points in a whole engine, over generated stories: the order of arrival, the rules, the database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aftercare_sdk.errors import RedemptionRefused
from aftercare_sdk.model.orders import OrderSnapshot
from tests.support.databases import Databases, migrate
from tests.support.points import awards, balance, basket, delivered, posted, shop_with
from tests.support.shop import DAY, HOUR, START, Bench, customer

ACCOUNT = "main/7"
RULES = {
    "cap_per_month": 150,
    "cap_per_order": 90,
    "first_order": 25,
    "exclude": ["gift_cards"],
    "write_off": 5,
    "expires": "3 months",
    "multipliers": [{"product": "tea-b", "times": "2.5"}],
    "tiers": {"by": "orders", "steps": {"friend": {"at": 2, "times": "1.5"}}},
    "rewards": {
        "some": {"cost": 40, "percent": 10, "valid_for": "20 days", "returns_unused": True},
        "kept": {"cost": 15, "free_shipping": True, "valid_for": "20 days", "returns_refunded": False},
    },
}
OTHER_RULES = {**RULES, "points": {"GBP": "7 per 1"}, "first_order": 1_000, "cap_per_order": 5_000}
SETTLED = START + 25 * DAY


@dataclass(frozen=True)
class Outcome:
    """What everything came to."""

    worth: dict[tuple[str, str], int]
    points: int
    debt: int


def dice(seed: int) -> random.Random:
    """Return chances that can be had again."""
    return random.Random(seed)  # noqa: S311 - no secret depends on them


def story(rng: random.Random) -> list[OrderSnapshot]:
    """Return what a shop tells of a few orders, each later picture of one with a later date."""
    told: list[OrderSnapshot] = []
    for number in range(1, rng.randint(2, 4)):
        placed = START + rng.randint(0, 20) * HOUR
        lines = {line: rng.randint(1, 80) for line in rng.sample("abc", rng.randint(1, 3))}
        so_far = {"placed": placed, "shipping": rng.choice([0, 0, 7])}
        refunds: dict[str, object] = {}
        cancelled: bool | None = None
        at = placed
        for step in range(rng.randint(1, 5)):
            what = rng.choice(["refund line", "refund amount", "notice", "cancel", "edit", "nothing"])
            if step and what == "refund line":
                line = rng.choice(sorted(lines))
                refunds[f"r{step}"] = {line: lines[line]}
            elif step and what == "refund amount":
                refunds[f"r{step}"] = rng.randint(1, sum(lines.values()))
            elif step and what == "notice":
                refunds[f"r{step}"] = (rng.randint(1, 30), None)
            elif step and what == "cancel":
                cancelled = not cancelled
            elif step and what == "edit":
                lines = {**lines, rng.choice("abcd"): rng.randint(1, 80)}
            told.append(picture(number, lines, **so_far, at=at, refunds=dict(refunds), cancelled=cancelled))
            at += timedelta(minutes=rng.randint(1, 300))
        parcels = delivered(START + rng.randint(1, 3) * DAY)
        told.append(
            picture(number, lines, **so_far, **parcels, at=at, refunds=dict(refunds), cancelled=cancelled)
        )
    return told


def picture(
    number: int,
    lines: dict[str, int],
    *,
    shipping: int,
    placed: datetime,
    at: datetime,
    refunds: dict[str, object],
    cancelled: bool | None,
    **more: object,
) -> OrderSnapshot:
    """Draw an order as it was at a moment."""
    return basket(
        str(number),
        dict(lines),
        shipping=shipping,
        refunds=refunds or None,
        placed=placed,
        modified=at,
        cancelled=cancelled,
        customer="7",
        **more,
    )


def live(url: str, told: Sequence[OrderSnapshot], rng: random.Random | None = None) -> Outcome:
    """Tell a story, in its order, or (with `rng`) shuffled, partly twice, in batches; and let it settle.

    Shuffled, the rules are edited at some moment, too.
    """
    with Bench(url, config=shop_with(RULES)) as bench:
        bench.tell(customer("7"))
        bench.process()
        bench.clock.move(START + DAY)
        feeds = list(told)
        if rng is not None:
            feeds += rng.sample(feeds, len(feeds) // 3)
            rng.shuffle(feeds)
        current = bench
        for number, each in enumerate(feeds):
            current.tell(each)
            if rng is None or rng.random() < 0.5:
                current.process()
            if rng is not None and number == len(feeds) // 2:
                current = bench.twin(config=shop_with(OTHER_RULES))
        current.run(SETTLED)
        worth = {(one.object, one.label): one.lot.earned for one in awards(current, ACCOUNT)}
        found = Outcome(
            worth={key: points for key, points in worth.items() if points},
            points=balance(current, ACCOUNT).points + balance(current, ACCOUNT).pending,
            debt=balance(current, ACCOUNT).debt,
        )
        assert sum(points for _, points in posted(current, ACCOUNT)) == found.points
        if current is not bench:
            current.aftercare.close()
        return found


def baseline(tmp_path: Path, told: Sequence[OrderSnapshot]) -> Outcome:
    """Tell a story in its order, to SQLite."""
    url = f"sqlite:///{tmp_path / 'baseline.db'}"
    migrate(url)
    return live(url, told)


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_gives_the_same(databases: Databases, tmp_path, seed):
    """Twice, late, regrouped, while the rules are edited, on either database: it comes to the same."""
    told = story(dice(seed))
    assert baseline(tmp_path, told) == live(databases.copy_of(migrate), told, dice(1_000 + seed))


@pytest.mark.long
@pytest.mark.parametrize("block", range(8))
def test_any_order_of_arrival_gives_the_same_for_long(tmp_path, block):
    """The same with a thousand stories."""
    for seed in range(1_000 * block + 100, 1_000 * block + 225):
        told = story(dice(seed))
        folder = tmp_path / str(seed)
        folder.mkdir()
        url = f"sqlite:///{folder / 'shuffled.db'}"
        migrate(url)
        assert baseline(folder, told) == live(url, told, dice(seed)), seed


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_given_back_leaves_nothing(migrated_database_url, seed):
    """Rewards are redeemed, used and cancelled meanwhile; in the end all orders are called off."""
    rng = dice(seed)
    told = story(rng)
    latest = {one.id: one for one in told}
    with Bench(migrated_database_url, config=shop_with({**RULES, "write_off": 0})) as bench:
        bench.tell(customer("7"), *latest.values())
        bench.run(SETTLED)
        spent = 0
        for click, reward in enumerate(rng.choices(["some", "kept"], k=4)):
            with suppress(RedemptionRefused):  # there are too few
                bench.aftercare.redeem("main", "7", reward, request=str(click))
                spent += RULES["rewards"][reward]["cost"]
        for one in latest.values():
            lines = {line.id: line.paid.minor // 100 for line in one.amounts.lines}
            now = {"modified": SETTLED, "placed": one.placed_at, **delivered()}
            bench.tell(basket(one.id, lines, customer="7", cancelled=True, **now))
        bench.process()
        assert (-spent, 0) == (balance(bench, ACCOUNT).points, balance(bench, ACCOUNT).pending)
