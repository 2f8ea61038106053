"""A shop lives for a year, and nobody gets a mail that a rule forbids; of every message it is known why.

The checker and the history know nothing of the SDK: see tests/support/simulated_shop.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support import simulated_shop
from tests.support.simulated_shop.accounting import FINAL, LEFT, audit, planned, table
from tests.support.simulated_shop.checker import check, read
from tests.support.simulated_shop.facts import Unanswered
from tests.support.simulated_shop.living import deferrals, fates, live
from tests.support.simulated_shop.programs import CONFIG, HOUSE
from tests.support.simulated_shop.world import make_world

FEW, MANY = 90, 5_000

REASONS = frozenset(
    {
        "accepted",
        "cancelled_by_plugin",
        "erased",
        "missing_variable",
        "no_address",
        "no_lawful_basis",
        "not_confirmed",
        "objected",
        "order_cancelled",
        "order_partly_refunded",
        "order_refunded",
        "outcome_unknown",
        "refused",
        "reported_bounced",
        "reported_complained",
        "reported_delivered",
        "sent_recently",
        "suppressed_complaint",
        "suppressed_hard_bounce",
        "suppressed_soft_bounces",
        "suppressed_unsubscribe",
        "window_closed",
    }
)
"""Why messages end as they do. A year in which one of them does not occur proves nothing about it."""
RULES = frozenset(
    {
        "BASIS-JP",
        "BASIS-EU",
        "BASIS-UK",
        "BASIS-CA",
        "BASIS-other",
        "LAW-14",
        "LAW-22",
        "LAW-23",
        "FEED-08",
        "SEND-06",
        "PREMISE",
        "ERASURE",
        "WINDOW",
    }
)
"""Which rules must have kept a message back. In the United States nothing but an objection does."""


def test_in_a_year_no_rule_is_broken_and_everything_is_accounted_for(migrated_database_url, capsys):
    """Six jurisdictions, two languages, every change of the clock, and every kind of bad luck."""
    live_and_check(migrated_database_url, FEW if "sqlite" in migrated_database_url else FEW // 5, capsys)


@pytest.mark.long
def test_a_year_of_five_thousand_customers(tmp_path, capsys):
    """The same with so many that every rule is met dozens of times."""
    url = f"sqlite:///{tmp_path / 'year.db'}"
    live_and_check(url, MANY, capsys)


def live_and_check(url, size, capsys):
    """Let an engine live through the year, and hold what left against the rules."""
    world = make_world(size)
    with live(url, world) as life:
        became, put_off = fates(life), deferrals(life)
    found = check(HOUSE, life.history, life.mails)
    audited = audit(HOUSE, life.history, life.mails, became)
    told = (
        f"\n{size} customers, {len(life.history)} facts, {len(life.mails)} mails",
        table(became, {step.label: step.purpose for step in HOUSE.steps.values()}),
        f"put off: {dict(put_off)}; advertising paused {life.pauses} times",
        f"kept back by: {dict(sorted(audited.rules.items()))}",
    )
    with capsys.disabled():
        sys.stdout.write("\n".join((*told, "")))

    assert "" == told_of(found)
    assert "" == told_of(audited.wrong)
    # Every planned message has one end, with a reason, and nothing else was planned.
    assert planned(HOUSE, life.history) == {(one.step, one.trigger) for one in became}
    assert len(became) == len({(one.step, one.trigger) for one in became})
    assert all(one.state in FINAL and one.code and one.at for one in became)
    # What is said to have left has left, and nothing else has.
    facts = [one.fact for one in life.history]
    left = Counter(read(mail).case.message for mail in life.mails)
    said = {one.message for one in became if one.state in LEFT}
    assert set() == said - set(left)
    # What is called off before it is repeated, or refused then, may have arrived the first time.
    ended = {one.message for one in became if one.state in {"cancelled", "failed"}}
    unanswered = {fact.message for fact in facts if isinstance(fact, Unanswered)}
    assert set() == set(left) - said - (ended & unanswered)
    # Every rule has been met.
    least = 1 if size == FEW else 20
    if size >= FEW:
        reasons = Counter(one.code for one in became)
        assert [] == [reason for reason in sorted(REASONS) if reasons[reason] < least]
        assert [] == [rule for rule in sorted(RULES) if audited.rules[rule] < least]
        assert put_off["quiet_hours"] >= 100
        assert put_off["try_again"] >= least
        assert put_off["over_budget"] >= 100
        assert put_off["cooling_down"] >= least
        assert life.pauses >= 1


def told_of(several):
    """Return violations as lines, those of one rule together."""
    return "\n".join(str(one) for one in sorted(several, key=lambda one: (one.rule, one.at)))


@pytest.mark.parametrize("module", ["facts", "places", "record", "checker", "accounting", "world"])
def test_the_checker_shares_no_code_with_what_it_checks(module):
    """Neither do the history and the accounts."""
    source = (Path(simulated_shop.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = "tests.support.simulated_shop."
    known = {f"{own}{name}" for name in ("facts", "places", "record", "checker")}
    assert set() == {name for name in imported if name.startswith(("aftercare_sdk", "tests"))} - known


def test_an_engine_that_knows_no_night_is_caught(migrated_database_url):
    """With quiet hours switched off, the checker finds what leaves at night, and so can fail."""
    config = {**CONFIG, "quiet_hours": {"email": "none"}}
    with live(migrated_database_url, make_world(8), config) as life:
        pass
    assert any("LAW-22" == one.rule for one in check(HOUSE, life.history, life.mails))
