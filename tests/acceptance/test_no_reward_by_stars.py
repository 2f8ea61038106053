"""A reward for a review is the same whatever its stars, whoever wrote a program (LAW-06, LAW-07, LAW-19)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from aftercare_sdk.actions import AwardPoints, Discount, GrantReward
from aftercare_sdk.store.tables import lots
from tests.support.shop import DAY, HOUR, START, Bench, customer, note, order, program, review

POINTS = AwardPoints(label="praise", points=500, reason="thank for the review")
CODE = GrantReward(label="praise", discount=Discount(percent=Decimal(10)), reason="thank for the review")


def is_praise(stars):
    """Tell whether a review is to a shop's liking."""
    return (stars or 0) >= 4


def by_review(reward):
    """Do what the campaign did that was forbidden in Japan in 2024: reward four stars and five."""
    return lambda _, ctx: [reward, note()] if is_praise(ctx.review.rating) else [note()]


def by_former_reviews(event, ctx):
    """Do the same at the next purchase."""
    praise = [one for one in ctx.customer.reviews if is_praise(one.rating)]
    return [replace(POINTS, points=100 * len(praise))] if praise else []


def live(url, stars, **hooks):
    """Let somebody buy, review it and buy again; return problems, rewards and messages."""
    with Bench(url, {"praise": program(**hooks)}) as bench:
        bench.tell(customer("7"), order("1", customer="7"), review("715", rating=stars, customer="7"))
        bench.run(HOUR)
        bench.tell(order("2", customer="7", placed=START + HOUR), at=START + HOUR)
        bench.run(3 * DAY)
        with bench.aftercare.brand.database.read() as connection:
            points = list(connection.execute(select(lots.c.earned)).scalars())
        codes = [one for one in bench.commands() if one.kind == "MakeCode"]
        problems = {row["error"] for row in bench.units("praise")} - {""}
        return problems, points, codes, bench.messages()


@pytest.mark.parametrize("reward", [POINTS, CODE])
@pytest.mark.parametrize("stars", [4, 5])
def test_law_07_the_campaign_that_was_forbidden_cannot_be_expressed(migrated_database_url, reward, stars):
    """Nothing of its answer is carried out, and an operator reads why."""
    problems, points, codes, written = live(migrated_database_url, stars, on_review=by_review(reward))
    (problem,) = problems
    assert "reward the same whatever the stars" in problem
    assert all(rule in problem for rule in ("LAW-06", "LAW-07", "LAW-19"))
    assert ([], [], []) == (points, codes, written)


def test_law_06_nor_can_it_later_by_what_was_written_before(migrated_database_url):
    """Every hook sees the reviews of a customer, and is asked in the same way."""
    problems, points, _, _ = live(migrated_database_url, 5, on_purchase=by_former_reviews)
    assert {True} == {"whatever the stars" in problem for problem in problems}
    assert [] == points


@pytest.mark.parametrize("stars", [1, 3, 5, None])
def test_law_19_who_writes_is_rewarded_whatever_is_written(migrated_database_url, stars):
    """And may be written to by the stars: whoever is unhappy may need help."""

    def fair(event, ctx):
        return [POINTS, *([] if is_praise(ctx.review.rating) else [note("help")])]

    problems, points, _, written = live(migrated_database_url, stars, on_review=fair)
    assert (set(), [500]) == (problems, points)
    assert ([] if is_praise(stars) else ["help"]) == [one.label for one in written]


def test_a_plugin_that_cannot_be_asked_twice_is_told_so(migrated_database_url):
    """One that fails for other stars has not shown that it is fair."""

    def picky(event, ctx):
        return {4: [POINTS]}[ctx.review.rating]

    problems, points, _, _ = live(migrated_database_url, 4, on_review=picky)
    assert {"its answer cannot be carried out: asked as if reviews had 1 of 5 stars, it failed"} == problems
    assert [] == points


def test_who_has_written_no_review_is_asked_about_once(migrated_database_url):
    """Nothing is called twice where there are no stars."""
    seen = []

    def count(event, ctx):
        seen.append(event.id)
        return [POINTS]

    with Bench(migrated_database_url, {"counts": program(on_purchase=count)}) as bench:
        bench.tell(customer("7"), order("1", customer="7"))
        bench.run(HOUR)
    assert ["main/order/1/purchase"] == seen
