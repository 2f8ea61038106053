"""Nobody is woken: what is due at night leaves in the morning of whoever gets it, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.outreach.hours.quiet_hours import JITTER
from tests.support.shop import DAY, HOUR, START, Bench, always, customer, note, order, program

ANN = "ann@customer.example"
NIGHT = {"quiet_hours": {"email": "22:00-08:00"}}


def shop(url, *actions, config=NIGHT, **more):
    """Return a shop that keeps quiet hours."""
    told = program(on_purchase=always(*(actions or (note(),))))
    return Bench(url, {"letters": told}, config=config, **more)


def at(text):
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def left(bench, number="1"):
    """Return when the message about an order left; None: it has not."""
    return bench.message("note", number).submitted_at


def test_law_22_where_an_order_names_no_country_that_of_the_account_counts(migrated_database_url):
    """And all of them, if a person has several; a shop in London does not write to Tokyo at five."""
    moment = at("2026-06-01T20:00")
    with shop(migrated_database_url) as bench:
        ann = customer("7", email=ANN)
        bench.tell(
            replace(ann, contact=replace(ann.contact, country="JP")),
            order("1", customer="7", country="", placed=moment),
            at=moment,
        )
        bench.run(moment + DAY)
        assert at("2026-06-01T23:00") <= left(bench) <= at("2026-06-01T23:00") + JITTER


@pytest.mark.parametrize(
    ("country", "zone", "placed", "morning"),
    [
        ("JP", "", "2026-06-01T13:30", "2026-06-01T23:00"),
        ("GB", "", "2026-06-01T22:00", "2026-06-02T07:00"),
        ("GB", "", "2026-12-01T23:00", "2026-12-02T08:00"),
        ("GB", "Pacific/Auckland", "2026-06-01T11:00", "2026-06-01T20:00"),
    ],
)
def test_law_22_what_is_due_at_night_leaves_in_the_morning(
    migrated_database_url, country, zone, placed, morning
):
    """By the clock of the customer, summer and winter; soon after eight, and not all at once."""
    moment = at(placed)
    with shop(migrated_database_url) as bench:
        bench.tell(
            customer("7", email=ANN, zone=zone or None),
            order("1", customer="7", country=country, placed=moment),
            at=moment,
        )
        bench.run(moment + timedelta(minutes=1))
        waiting = bench.message()
        assert (MessageState.DEFERRED, "quiet_hours") == (waiting.state, waiting.code)
        bench.run(moment + DAY)
        assert at(morning) <= left(bench) <= at(morning) + JITTER
        assert 1 == len(bench.sent)


def test_law_22_by_day_it_leaves_at_once_and_transactional_mail_always(migrated_database_url):
    """Whoever has just bought gets the receipt, also at midnight."""
    noon, midnight = at("2026-06-01T11:00"), at("2026-06-01T23:00")
    receipt = note("receipt", purpose=Purpose.TRANSACTIONAL)
    with shop(migrated_database_url, note(), receipt) as bench:
        bench.tell(order("1", placed=noon), at=noon)
        bench.run(noon)
        assert noon == left(bench)
        bench.tell(order("2", placed=midnight), at=midnight)
        bench.run(midnight)
        assert (None, midnight) == (left(bench, "2"), bench.message("receipt", "2").submitted_at)


@pytest.mark.parametrize(
    ("day", "due"),
    [("2027-03-27", "in an hour that does not exist"), ("2026-10-24", "in an hour that exists twice")],
)
def test_at_a_change_of_the_clock_it_leaves_once(migrated_database_url, day, due):
    """In Britain the clock is changed at one in the morning."""
    start = at(f"{day}T12:00")
    with shop(migrated_database_url, note(delay=13 * HOUR + timedelta(minutes=30))) as bench:
        bench.tell(order("1", placed=start), at=start)
        bench.run(start + 3 * DAY)
        assert 1 == len(bench.sent), due
        morning = start + DAY
        assert morning.replace(hour=7 if "-03-" in day else 8) <= left(bench) < morning.replace(hour=9)


def test_what_would_be_too_late_in_the_morning_is_not_sent(migrated_database_url):
    """Its window closes while it waits, and the reason is told."""
    evening = at("2026-06-01T21:30")
    with shop(migrated_database_url, note(window=2 * HOUR)) as bench:
        bench.tell(order("1", placed=evening), at=evening)
        bench.run(evening + DAY)
        message = bench.message()
        assert ("skipped", "window_closed") == (message.state.value, message.code)
        assert [] == bench.sent


def test_in_several_zones_it_must_be_day_in_all(migrated_database_url):
    """Of an American of whom no state is known nobody can tell whether it is morning (LAW-18)."""
    noon_in_new_york = at("2026-06-01T16:00")
    with shop(migrated_database_url) as bench:
        bench.tell(order("1", country="US", placed=noon_in_new_york), at=noon_in_new_york)
        bench.run(noon_in_new_york + DAY)
        # Eight in Hawaii is two in the afternoon in New York.
        assert left(bench) >= at("2026-06-01T18:00")


def test_a_holiday_is_quiet_if_the_shop_wants_that(migrated_database_url):
    """New Year's Day in Japan."""
    new_year = at("2026-12-31T23:30")
    for holidays, morning in ((False, new_year), (True, at("2027-01-01T23:00"))):
        config = {"quiet_hours": {"email": "22:00-08:00", "holidays": holidays}}
        with shop(migrated_database_url, config=config) as bench:
            number = "2" if holidays else "1"
            bench.clock.move(max(bench.clock.now(), new_year))
            bench.tell(order(number, country="JP", placed=new_year), at=bench.clock.now())
            bench.run(2 * DAY)
            assert morning <= left(bench, number) <= morning + 2 * DAY


@pytest.mark.parametrize(
    "span", ["08:00-22:00", "22:00", "25:00-08:00", "22-08", "22:00+09:00-08:00", "night"]
)
def test_hours_that_are_none_are_refused(migrated_database_url, span):
    """With what to write."""
    with pytest.raises(SettingsError, match=r"quiet_hours\.email"):
        shop(migrated_database_url, config={"quiet_hours": {"email": span}})


def test_without_a_word_mail_is_quiet_from_ten_to_eight(migrated_database_url):
    """The default of LAW-22."""
    config = {"quiet_hours": {"email": "22:00-08:00"}}
    late = START.replace(hour=21, minute=30)
    with shop(migrated_database_url, config=config) as bench:
        bench.tell(order("1", placed=late), at=late)
        bench.run(late)
        assert left(bench) is None
