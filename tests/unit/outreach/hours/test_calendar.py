from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo
from zoneinfo._zoneinfo import ZoneInfo as Transitions

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare_sdk.outreach.hours.calendar import (
    HORIZON,
    WHOLE_DAY,
    Hours,
    never,
    next_open,
)
from tests.support.clocks import ZONES, every_change
from tests.support.histories import UNHURRIED

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MAIL = Hours(time(8), time(22))
DAYTIME = Hours(time(9), time(21))
MANY = settings(UNHURRIED, max_examples=4_000)


def utc(text):
    """Read a moment such as `2026-03-29 01:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(text):
    """Read hours such as `08:00-22:00`."""
    return Hours(*map(time.fromisoformat, text.split("-")))


def is_open(moment, hours, zones, closed=never):
    """Say what a person would say who looks at the clock on the wall and at the calendar beside it."""
    for zone in zones:
        there = moment.astimezone(zone)
        shown = (there.hour * 60 + there.minute) * 60 + there.second
        opens = (hours.opens.hour * 60 + hours.opens.minute) * 60
        closes = (hours.closes.hour * 60 + hours.closes.minute) * 60 or 24 * 60 * 60
        if not opens <= shown < closes or closed(there.date()):
            return False
    return True


def walked(moment, hours, zones, closed=never, *, days=3):
    """Look at the clock every minute until it is open; None if it is not for some days."""
    last = moment + days * DAY
    while moment <= last:
        if is_open(moment, hours, zones, closed):
            return moment
        moment = moment.replace(second=0, microsecond=0) + MINUTE
    return None


def agrees(moment, hours, zones, closed=never):
    """Assert that the answer is the one that is found by walking, as far as somebody walks."""
    found = next_open(moment, hours, zones, closed)
    expected = walked(moment, hours, zones, closed)
    if expected is None:
        assert found is None or found > moment + 3 * DAY
        assert found is None or is_open(found, hours, zones, closed)
        assert found is None or not is_open(found - MINUTE, hours, zones, closed)
    else:
        assert expected == found


def minute_of_day(minutes):
    """Return the time that many minutes after midnight, of whichever day."""
    return time(*divmod(minutes % 1440, 60))


def as_hours(opens, closes):
    """Make hours of two times, whichever is first; equal ones make the whole day."""
    if opens == closes:
        return WHOLE_DAY
    return Hours(opens, closes) if opens < closes or closes == time() else Hours(closes, opens)


TIMES = st.integers(0, 1439).map(minute_of_day)
SOME_HOURS = st.builds(as_hours, TIMES, TIMES)
SOME_ZONES = st.lists(st.sampled_from(ZONES).map(ZoneInfo), min_size=1, max_size=3)
SOME_MOMENTS = st.datetimes(datetime(2023, 12, 1), datetime(2029, 1, 31)).map(  # noqa: DTZ001 - has UTC below
    lambda moment: moment.replace(tzinfo=UTC)
)


@st.composite
def around_changes(draw):
    """Draw a moment, hours and zones, such that a clock is changed about then and about those hours."""
    change = draw(st.sampled_from(every_change()))
    shown = change.wall.hour * 60 + change.wall.minute
    near = st.integers(-150, 150).map(lambda minutes: minute_of_day(shown + minutes))
    chosen = draw(st.one_of(st.builds(as_hours, near, near), st.builds(as_hours, near, TIMES), SOME_HOURS))
    seconds = draw(st.one_of(st.integers(-10_800, 10_800), st.integers(-90_000, 90_000)))
    moment = change.at + timedelta(seconds=seconds, microseconds=draw(st.sampled_from([0, 0, 1, 999_999])))
    others = draw(st.lists(st.sampled_from(ZONES).map(ZoneInfo), max_size=2))
    return moment, chosen, [ZoneInfo(change.zone), *others]


CASES = st.one_of(around_changes(), st.tuples(SOME_MOMENTS, SOME_HOURS, SOME_ZONES))
SOME_CLOSED = st.sampled_from(
    [
        never,
        lambda day: day.weekday() == 6,  # Sundays, when most clocks are changed
        lambda day: day.weekday() >= 5,
        lambda day: day.day % 2 == 0,
    ]
)


def test_law_22_hours_near_every_change_of_every_clock():
    """In every zone, at every change of 2024 to 2028, the first open moment is found, to the minute."""
    assert len(every_change()) > 100
    for change in every_change():
        zones = [ZoneInfo(change.zone)]
        shown = change.wall.hour * 60 + change.wall.minute
        moved = int((change.after - change.before) / MINUTE)
        inside = shown + moved // 2
        for opens, closes in [(inside, inside + 5), (inside, inside + 120), (shown - 30, inside)]:
            chosen = as_hours(minute_of_day(opens), minute_of_day(closes))
            for minutes in (-70, 0):
                agrees(change.at + minutes * MINUTE, chosen, zones)


@settings(UNHURRIED, max_examples=150)
@given(CASES, SOME_CLOSED)
def test_law_18_and_law_22_the_first_moment_that_is_open_in_every_zone(case, closed):
    """It is the one that is found by looking at all the clocks every minute."""
    agrees(*case, closed)


@pytest.mark.long
@MANY
@given(CASES, SOME_CLOSED)
def test_law_18_and_law_22_thousands_of_cases(case, closed):
    """The same, many times."""
    agrees(*case, closed)


def goes_out_once(moment, chosen, zones, closed, later):
    """Assert what makes one message of one plan, whatever the clocks do meanwhile."""
    first = next_open(moment, chosen, zones, closed)
    then = next_open(moment + later, chosen, zones, closed)
    if first is None:
        assert walked(moment, chosen, zones, closed) is None
        return
    assert first.tzinfo is UTC
    assert first >= moment
    assert is_open(first, chosen, zones, closed)
    assert first == next_open(first, chosen, zones, closed)
    assert then is None or then >= first
    assert moment + later > first or then == first


LATER = st.one_of(st.timedeltas(timedelta(0), 4 * timedelta(hours=1)), st.timedeltas(timedelta(0), 40 * DAY))


@settings(UNHURRIED, max_examples=100)
@given(CASES, SOME_CLOSED, LATER)
def test_law_22_a_message_goes_out_once_whatever_the_clock_does(case, closed, later):
    """Asked again at the moment, the answer stays; asked earlier, it is the same; it never moves back."""
    goes_out_once(*case, closed, later)


@pytest.mark.long
@settings(UNHURRIED, max_examples=8_000)
@given(CASES, SOME_CLOSED, LATER)
def test_law_22_thousands_of_messages_go_out_once(case, closed, later):
    """The same, many times."""
    goes_out_once(*case, closed, later)


@pytest.mark.parametrize(
    ("zone", "shop_hours", "moment", "expected"),
    [
        # 01:00 to 02:00 does not exist on 29 March 2026.
        ("Europe/London", "01:30-09:00", "2026-03-29 00:59", "2026-03-29 01:00"),
        ("Europe/London", "01:30-09:00", "2026-03-29 00:59:30.5", "2026-03-29 01:00"),
        ("Europe/London", "01:30-01:45", "2026-03-29 00:00", "2026-03-30 00:30"),
        ("Europe/London", "08:00-22:00", "2026-03-28 23:00", "2026-03-29 07:00"),
        # 01:00 to 02:00 exists twice on 25 October 2026.
        ("Europe/London", "01:10-01:20", "2026-10-25 00:00", "2026-10-25 00:10"),
        ("Europe/London", "01:10-01:20", "2026-10-25 00:30", "2026-10-25 01:10"),
        ("Europe/London", "00:30-01:20", "2026-10-25 00:30", "2026-10-25 01:00"),
        ("Europe/London", "08:00-22:00", "2026-10-24 22:00", "2026-10-25 08:00"),
        # 02:00 to 03:00 does not exist on 8 March 2026.
        ("America/New_York", "02:30-21:00", "2026-03-08 06:00", "2026-03-08 07:00"),
        ("America/New_York", "02:30-02:45", "2026-03-08 06:00", "2026-03-09 06:30"),
        # Half an hour: 02:00 is 01:30 again on 5 April 2026, and 02:30 at once on 4 October.
        ("Australia/Lord_Howe", "01:45-01:50", "2026-04-04 14:55", "2026-04-04 15:15"),
        ("Australia/Lord_Howe", "02:15-09:00", "2026-10-03 15:00", "2026-10-03 15:30"),
        ("Asia/Kathmandu", "09:00-21:00", "2026-06-01 00:00", "2026-06-01 03:15"),
        # An hour less in Ramadan, from 10 March to 14 April 2024.
        ("Africa/Casablanca", "08:00-22:00", "2024-03-09 21:00", "2024-03-10 08:00"),
        ("Africa/Casablanca", "08:00-22:00", "2024-04-13 23:00", "2024-04-14 07:00"),
        ("Africa/Casablanca", "02:10-02:20", "2024-03-10 01:30", "2024-03-10 02:10"),
        # 29 December 2011, 24:00, was 31 December, 00:00.
        ("Pacific/Apia", "09:00-21:00", "2011-12-30 08:00", "2011-12-30 19:00"),
        ("Pacific/Apia", "00:00-00:00", "2011-12-30 09:59", "2011-12-30 09:59"),
        ("Asia/Tokyo", "09:00-21:00", "2026-05-01 12:00", "2026-05-02 00:00"),
        ("Asia/Tokyo", "09:00-21:00", "2026-05-01 11:59", "2026-05-01 11:59"),
        # 01:00 was midnight again in Cuba, and 24:00 was 23:00 again in Lebanon.
        ("America/Havana", "23:00-00:00", "2025-11-02 04:10", "2025-11-03 04:00"),
        ("America/Havana", "00:10-00:20", "2025-11-02 04:30", "2025-11-02 05:10"),
        ("Asia/Beirut", "23:30-23:40", "2026-10-24 20:50", "2026-10-24 21:30"),
    ],
)
def test_law_22_well_known_changes(zone, shop_hours, moment, expected):
    """Hours that do not exist, or exist twice, and a day that did not exist."""
    assert utc(expected) == next_open(utc(moment), hours(shop_hours), [ZoneInfo(zone)])
    agrees(utc(moment), hours(shop_hours), [ZoneInfo(zone)])


def test_law_18_where_a_person_may_be_in_two_zones_both_must_be_open():
    """Texas: nine in El Paso is ten in Dallas, and nine in the evening comes to Dallas first."""
    texas = [ZoneInfo("America/Chicago"), ZoneInfo("America/Denver")]
    assert utc("2026-01-05 16:00") == next_open(utc("2026-01-05 15:00"), DAYTIME, texas)
    assert utc("2026-01-06 02:59") == next_open(utc("2026-01-06 02:59"), DAYTIME, texas)
    assert utc("2026-01-06 16:00") == next_open(utc("2026-01-06 03:00"), DAYTIME, texas)


def test_law_18_hours_that_never_meet_have_no_moment():
    """Nine to five in Tokyo is night in New York; that is said after a year, and quickly."""
    office = Hours(time(9), time(17))
    asked = []
    zones = [ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")]
    assert next_open(utc("2026-01-01 00:00"), office, zones, lambda day: bool(asked.append(day))) is None
    assert len(asked) < 366 * 2 * 5


def test_law_22_hours_that_meet_only_in_one_season_wait_for_it():
    """Cairo changes its clock at the end of April, Honolulu never does."""
    zones = [ZoneInfo("Pacific/Honolulu"), ZoneInfo("Africa/Cairo")]
    assert utc("2026-04-24 06:00") == next_open(utc("2026-01-01 00:00"), DAYTIME, zones)


def test_law_22_a_closed_day_is_passed_over_in_whichever_zone_it_is():
    """New Year in Sydney closes the evening before in London, and the other way round."""
    zones = [ZoneInfo("Australia/Sydney"), ZoneInfo("Europe/London")]
    closed = {date(2027, 1, 1)}.__contains__
    assert utc("2027-01-02 00:00") == next_open(utc("2026-12-31 13:00"), WHOLE_DAY, zones, closed)
    assert utc("2026-12-31 12:59") == next_open(utc("2026-12-31 12:59"), WHOLE_DAY, zones, closed)
    assert utc("2027-01-02 08:00") == next_open(utc("2026-12-31 22:00"), MAIL, zones[1:], closed)


def test_law_22_a_shop_that_is_always_closed_has_no_moment():
    """That ends after a year."""
    asked = []
    found = next_open(
        utc("2026-01-01 00:00"), MAIL, [ZoneInfo("Asia/Tokyo")], lambda day: not asked.append(day)
    )
    assert found is None
    assert len(asked) < 370
    assert max(asked) - min(asked) <= HORIZON


def test_an_opening_as_far_away_as_is_looked_is_found():
    """The last day of the horizon belongs to it."""
    tokyo = [ZoneInfo("Asia/Tokyo")]
    start = utc("2026-01-01 00:00")
    assert start + HORIZON == next_open(start, DAYTIME, tokyo, lambda day: day < date(2027, 1, 2))
    assert next_open(start, DAYTIME, tokyo, lambda day: day < date(2027, 1, 3)) is None


def test_a_moment_may_come_in_any_zone_and_leaves_in_utc():
    """What is stored is UTC."""
    evening = datetime(2026, 5, 1, 22, tzinfo=ZoneInfo("Asia/Tokyo"))
    found = next_open(evening, MAIL, [ZoneInfo("Asia/Tokyo")])
    assert (utc("2026-05-01 23:00"), UTC) == (found, found.tzinfo)


@pytest.mark.parametrize(
    ("moment", "zones"),
    [(datetime(2026, 1, 1), [ZoneInfo("UTC")]), (datetime(2026, 1, 1, tzinfo=UTC), [])],  # noqa: DTZ001 - that is it
)
def test_a_question_without_zones_has_no_answer(moment, zones):
    """Neither a moment that could be anywhere, nor a person who is nowhere."""
    with pytest.raises(ValueError, match="needs a moment in UTC and a zone at least"):
        next_open(moment, MAIL, zones)


@pytest.mark.parametrize(
    ("opens", "closes", "message"),
    [
        (time(22), time(8), "must open before they close, not from 22:00:00 to 08:00:00"),
        (time(8), time(8), "must open before they close"),
        (time(8, tzinfo=UTC), time(22), "opens must be a time of a clock on the wall"),
        (time(8), time(22, tzinfo=UTC), "closes must be a time of a clock on the wall"),
    ],
)
def test_hours_that_cannot_be(opens, closes, message):
    """They are refused where they are written."""
    with pytest.raises(ValueError, match=message):
        Hours(opens, closes)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("08:00-22:00", "09:00-21:00", "09:00-21:00"),
        ("07:00-20:00", "08:00-21:00", "08:00-20:00"),
        ("12:00-00:00", "08:00-21:00", "12:00-21:00"),
        ("12:00-00:00", "13:00-00:00", "13:00-00:00"),
        ("00:00-00:00", "00:00-00:00", "00:00-00:00"),
        ("06:00-08:00", "08:00-21:00", None),
        ("21:00-00:00", "08:00-21:00", None),
    ],
)
def test_hours_within_others(first, second, expected):
    """Midnight is the end of the day, and what only touches does not meet."""
    common = None if expected is None else hours(expected)
    assert common == hours(first).within(hours(second))
    assert common == hours(second).within(hours(first))


def test_no_clock_is_changed_twice_within_a_day():
    """What the search for a change rests on, over the whole tz database since 1970."""
    seen = 0
    for name in ZONES:
        zone = Transitions.no_cache(name)
        at = zone._trans_utc
        offsets = [one.utcoff for one in zone._ttinfos]
        known = [(when, offset) for when, offset in zip(at, offsets, strict=False) if when >= 0]
        moved = [two for one, two in pairwise(known) if one[1] != two[1]]
        assert [] == [name for one, two in pairwise(moved) if two[0] - one[0] < DAY.total_seconds()]
        seen += len(moved)
    assert seen > 10_000
