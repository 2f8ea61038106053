"""The law is asked when an advert is planned and again when it leaves; only the second answer decides."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import event

from aftercare_sdk.actions import Purpose
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine.timeline import EntryKind, timeline
from tests.support.shop import DAY, HOUR, LAWFUL, START, Bench, always, consent, note, order, program

ANN = "ann@customer.example"
ADVERT = note("advert", purpose=Purpose.MARKETING, delay=HOUR)


def shop(url, *actions):
    """Return a shop whose program decides the same at every purchase."""
    return Bench(url, {"ads": program(on_purchase=always(*actions))}, config=LAWFUL)


def plan_of(bench, label="advert"):
    """Return what was written down of the law when a message was planned."""
    key = bench.message(label).key
    (planned,) = [one for one in bench.decisions() if (one.message, one.verdict) == (key, "planned")]
    return {name: value for name, value in planned.detail.items() if name.startswith("law_")}


def told(bench, language):
    """Return what the timeline says of the plan."""
    speaker = Speaker(language, START.tzinfo)
    with bench.aftercare.brand.database.read():
        found = timeline(bench.aftercare.brand, ANN, bench.clock.now())
    (person,) = found.people
    (entry,) = [
        one for one in person.entries if one.kind is EntryKind.DECISION and one.values["verdict"] == "planned"
    ]
    return "\n".join(speaker.lines(entry))


@pytest.mark.parametrize(
    ("country", "agreed", "law"),
    [
        ("GB", False, {"law_rule": "LAW-13", "law_code": "no_lawful_basis"}),
        ("GB", True, {"law_rule": "LAW-13", "law_code": "consent_given", "law_allowed": "yes"}),
        ("JP", False, {"law_rule": "LAW-03", "law_code": "no_lawful_basis"}),
        ("US", False, {"law_rule": "LAW-16", "law_code": "no_consent_asked", "law_allowed": "yes"}),
        ("CA", False, {"law_rule": "LAW-17", "law_code": "bought_recently", "law_allowed": "yes"}),
    ],
)
def test_an_advert_is_planned_with_what_the_law_says_now(migrated_database_url, country, agreed, law):
    """Of the place where the customer is, with its rule."""
    with shop(migrated_database_url, ADVERT) as bench:
        if agreed:
            consent(bench)
        bench.tell(order(country=country))
        bench.process()
        assert law == plan_of(bench)


def test_what_is_denied_when_planned_leaves_if_consent_comes_in_time(migrated_database_url):
    """The record of the plan stays as it was."""
    with shop(migrated_database_url, ADVERT) as bench:
        bench.tell(order())
        bench.process()
        assert "planned" == bench.message("advert").state
        consent(bench)
        bench.run(DAY)
        assert "accepted" == bench.message("advert").code
        assert {"law_rule": "LAW-13", "law_code": "no_lawful_basis"} == plan_of(bench)


def test_law_17_a_basis_that_ends_before_the_message_is_due_is_said(migrated_database_url):
    """In Canada a purchase implies consent for two years; what is due later is planned and not sent."""
    late = note("advert", purpose=Purpose.MARKETING, delay=740 * DAY)
    with shop(migrated_database_url, late) as bench:
        bench.tell(order(country="CA"))
        bench.process()
        assert {
            "law_rule": "LAW-17",
            "law_code": "bought_recently",
            "law_allowed": "yes",
            "law_ends": "2028-05-01T09:00:00+00:00",
        } == plan_of(bench)
        said = told(bench, "en")
        assert "As things stand it may be sent (LAW-17); asked again when it is due." in said
        assert "What it rests on ends at 2028-05-01 09:00, before it is due." in said
        said = told(bench, "ja")
        assert "現時点では送信できます（LAW-17）。送信時にもう一度確認します。" in said
        bench.run(741 * DAY)
        assert "no_lawful_basis" == bench.message("advert").code


def test_what_needs_no_basis_is_planned_without_asking(migrated_database_url):
    """Messages of service, surveys and what is part of a purchase."""
    with shop(migrated_database_url, note("help"), note("survey", purpose=Purpose.SURVEY)) as bench:
        bench.tell(order())
        bench.process()
        assert {} == plan_of(bench, "help")
        assert {} == plan_of(bench, "survey")


def _note(statements, connection, cursor, statement, *rest):
    statements.append(statement)


def test_the_law_is_looked_up_once_for_a_batch(migrated_database_url):
    """However many adverts are planned at once."""
    asked = {}
    for number in (1, 9):
        with shop(migrated_database_url, ADVERT) as bench:
            bench.tell(
                *(order(f"{number}-{one}", email=f"{number}-{one}@customer.example") for one in range(number))
            )
            statements: list[str] = []
            asked[number] = statements
            event.listen(
                bench.aftercare.brand.database.engine, "before_cursor_execute", partial(_note, statements)
            )
            bench.process()
    assert 1 == len({len([one for one in several if "FROM consents" in one]) for several in asked.values()})
    assert asked[1]
