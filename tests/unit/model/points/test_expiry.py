"""Until when points can be used, on every calendar and clock."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare_sdk.model.months import months_after
from aftercare_sdk.model.points.expiry import FOREVER, Expiry
from tests.support.histories import UNHURRIED

THOROUGH = settings(UNHURRIED, max_examples=150)
TOKYO, BERLIN, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
# Some of them put the clock on at midnight, so that days begin at one o'clock, or back at midnight or one,
# so that there are two midnights; some have odd distances, and the last two are 25 hours apart.
ZONES = [
    "UTC",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Asuncion",
    "America/Nuuk",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
SOME_ZONE = st.sampled_from(ZONES).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(2005, 1, 1), date(2080, 1, 1))
MONTHS = st.integers(1, 30) | st.integers(1, 600)
FIXED = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))
EXPIRIES = st.one_of(
    MONTHS.map(lambda months: Expiry(months=months)),
    MONTHS.map(lambda months: Expiry(idle_months=months)),
    FIXED.map(lambda day: Expiry(day=day)),
)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def last_day(until, zone):
    """Return the last day on which points could be used that expire at a moment."""
    return (until - timedelta(microseconds=1)).astimezone(zone).date()


class TestMonthsAfter:
    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2026, 1, 31), 2, date(2026, 3, 31)),
            (date(2026, 1, 31), 3, date(2026, 4, 30)),
            (date(2026, 10, 31), 4, date(2027, 2, 28)),
            (date(2026, 11, 30), 1, date(2026, 12, 30)),
            (date(2026, 12, 31), 1, date(2027, 1, 31)),
            (date(2026, 12, 31), 2, date(2027, 2, 28)),
            (date(2024, 2, 29), 12, date(2025, 2, 28)),
            (date(2024, 2, 29), 48, date(2028, 2, 29)),
            (date(2026, 2, 28), 1, date(2026, 3, 28)),
            (date(2026, 6, 15), 12, date(2027, 6, 15)),
            (date(2099, 2, 28), 12, date(2100, 2, 28)),
            (date(2096, 2, 29), 48, date(2100, 2, 28)),
            (date(2026, 5, 5), 600, date(2076, 5, 5)),
        ],
    )
    def test_examples(self, day, months, expected):
        """A month later is the same day, or the last one of a month that is too short."""
        assert expected == months_after(day, months)

    @THOROUGH
    @given(DAYS, MONTHS)
    def test_counted_one_by_one(self, day, months):
        """Months are counted by the calendar, and only a short month changes the day."""
        year, month = day.year, day.month
        for _ in range(months):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        found = months_after(day, months)
        assert (year, month) == (found.year, found.month)
        assert found.day == day.day or found.day == monthrange(year, month)[1] < day.day

    @THOROUGH
    @given(DAYS, DAYS, MONTHS)
    def test_later_stays_later(self, one, other, months):
        """What came later never expires earlier."""
        early, late = sorted([one, other])
        assert months_after(early, months) <= months_after(late, months)


class TestExactlyOne:
    @pytest.mark.parametrize(
        ("months", "day", "idle_months"), list(product([None, 12], [None, (3, 31)], [None, 6]))
    )
    def test_of_three(self, months, day, idle_months):
        """Points expire for one reason: none, two or three of them are refused."""
        if [months, day, idle_months].count(None) == 2:
            Expiry(months=months, day=day, idle_months=idle_months)
        else:
            with pytest.raises(ValueError, match="exactly one"):
                Expiry(months=months, day=day, idle_months=idle_months)

    @pytest.mark.parametrize("name", ["months", "idle_months"])
    @pytest.mark.parametrize("months", [-12, -1, 601, 10**9])
    def test_months_out_of_range(self, name, months):
        """Months lie between 1 and 600."""
        with pytest.raises(ValueError, match="between 1 and 600"):
            Expiry(**{name: months})

    @pytest.mark.parametrize("name", ["months", "idle_months"])
    def test_zero_months_are_refused_too(self, name):
        """Zero lies not between 1 and 600; it is no other way of saying one."""
        with pytest.raises(ValueError, match="between 1 and 600"):
            Expiry(**{name: 0})

    @pytest.mark.parametrize("name", ["months", "idle_months"])
    @pytest.mark.parametrize("months", [1, 600])
    def test_bounds(self, name, months):
        """1 and 600 are still right."""
        assert months == getattr(Expiry(**{name: months}), name)

    @pytest.mark.parametrize("day", [(2, 30), (4, 31), (13, 1), (0, 1), (1, 0), (1, 32), (-1, 5)])
    def test_no_such_day(self, day):
        """A day that no year has is refused."""
        with pytest.raises(ValueError, match=r"day|month"):
            Expiry(day=day)


class TestMonths:
    @pytest.mark.parametrize(
        ("at", "months", "zone", "expected"),
        [
            # The end of 28 February in Tokyo is 15:00 of it in UTC.
            (datetime(2026, 1, 31, 3, tzinfo=UTC), 1, TOKYO, datetime(2026, 2, 28, 15, tzinfo=UTC)),
            (datetime(2024, 1, 31, 3, tzinfo=UTC), 1, TOKYO, datetime(2024, 2, 29, 15, tzinfo=UTC)),
            # 20:00 UTC is the next day in Tokyo.
            (datetime(2026, 1, 30, 20, tzinfo=UTC), 1, TOKYO, datetime(2026, 2, 28, 15, tzinfo=UTC)),
            (datetime(2026, 1, 27, 20, tzinfo=UTC), 1, TOKYO, datetime(2026, 2, 28, 15, tzinfo=UTC)),
            (datetime(2026, 1, 26, 20, tzinfo=UTC), 1, TOKYO, datetime(2026, 2, 27, 15, tzinfo=UTC)),
            # Three in the morning UTC is the day before in New York.
            (datetime(2026, 3, 1, 3, tzinfo=UTC), 12, NEW_YORK, datetime(2027, 3, 1, 5, tzinfo=UTC)),
            # From winter into summer and the other way.
            (datetime(2026, 1, 15, 12, tzinfo=UTC), 6, BERLIN, datetime(2026, 7, 15, 22, tzinfo=UTC)),
            (datetime(2026, 7, 15, 12, tzinfo=UTC), 6, BERLIN, datetime(2027, 1, 15, 23, tzinfo=UTC)),
            # The day on which the clock is changed has 23 or 25 hours.
            (datetime(2026, 2, 28, 12, tzinfo=UTC), 1, BERLIN, datetime(2026, 3, 28, 23, tzinfo=UTC)),
            (datetime(2026, 3, 1, 12, tzinfo=UTC), 1, BERLIN, datetime(2026, 4, 1, 22, tzinfo=UTC)),
            (datetime(2026, 2, 28, 23, 30, tzinfo=UTC), 1, BERLIN, datetime(2026, 4, 1, 22, tzinfo=UTC)),
            (datetime(2025, 12, 29, 12, tzinfo=UTC), 3, BERLIN, datetime(2026, 3, 29, 22, tzinfo=UTC)),
            (datetime(2026, 9, 25, 12, tzinfo=UTC), 1, BERLIN, datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ],
    )
    def test_examples(self, at, months, zone, expected):
        """Months are counted from the day in the shop's zone, to the end of the day in that zone."""
        assert expected == Expiry(months=months).after(at, zone)

    def test_a_day_that_begins_at_one(self):
        """Where the clock is put on at midnight there is no midnight: the day before ends all the same."""
        havana = ZoneInfo("America/Havana")  # on 8 March 2026 the clock went from 0:00 to 1:00
        until = Expiry(months=1).after(datetime(2026, 2, 7, 17, tzinfo=UTC), havana)
        assert datetime(2026, 3, 8, 5, tzinfo=UTC) == until
        assert (date(2026, 3, 7), date(2026, 3, 8)) == (
            last_day(until, havana),
            until.astimezone(havana).date(),
        )

    def test_a_day_with_two_midnights(self):
        """Where the clock is put back to midnight, the day before ends at the first of the two."""
        havana = ZoneInfo("America/Havana")  # on 1 November 2026 it went from 1:00 back to 0:00
        until = Expiry(months=1).after(datetime(2026, 9, 30, 17, tzinfo=UTC), havana)
        assert date(2026, 10, 30) == last_day(until, havana)
        until = Expiry(months=2).after(datetime(2026, 8, 31, 17, tzinfo=UTC), havana)
        assert datetime(2026, 11, 1, 4, tzinfo=UTC) == until

    @THOROUGH
    @given(MOMENTS, MONTHS, SOME_ZONE)
    def test_idle_months_are_months(self, at, months, zone):
        """After a rest means the same months, counted from the last activity."""
        assert Expiry(months=months).after(at, zone) == Expiry(idle_months=months).after(at, zone)

    @THOROUGH
    @given(MOMENTS, MONTHS, SOME_ZONE)
    def test_by_the_shops_calendar(self, at, months, zone):
        """The last day is the one that the calendar of the shop shows."""
        until = Expiry(months=months).after(at, zone)
        assert months_after(at.astimezone(zone).date(), months) == last_day(until, zone)


class TestDay:
    @pytest.mark.parametrize(
        ("local", "day", "expected"),
        [
            (datetime(2026, 1, 1, 9, tzinfo=TOKYO), (3, 31), date(2026, 3, 31)),
            (datetime(2026, 3, 30, 23, 59, tzinfo=TOKYO), (3, 31), date(2026, 3, 31)),
            (datetime(2026, 3, 31, 0, 0, tzinfo=TOKYO), (3, 31), date(2027, 3, 31)),
            (datetime(2026, 3, 31, 23, 59, tzinfo=TOKYO), (3, 31), date(2027, 3, 31)),
            (datetime(2026, 4, 1, 0, 0, tzinfo=TOKYO), (3, 31), date(2027, 3, 31)),
            (datetime(2026, 12, 31, 12, tzinfo=TOKYO), (12, 31), date(2027, 12, 31)),
            (datetime(2026, 12, 31, 12, tzinfo=TOKYO), (1, 1), date(2027, 1, 1)),
            (datetime(2026, 1, 1, 12, tzinfo=TOKYO), (1, 1), date(2027, 1, 1)),
            (datetime(2026, 1, 1, 12, tzinfo=TOKYO), (2, 29), date(2026, 2, 28)),
            (datetime(2026, 2, 27, 12, tzinfo=TOKYO), (2, 29), date(2026, 2, 28)),
            (datetime(2026, 2, 28, 12, tzinfo=TOKYO), (2, 29), date(2027, 2, 28)),
            (datetime(2027, 2, 28, 12, tzinfo=TOKYO), (2, 29), date(2028, 2, 29)),
            (datetime(2028, 2, 28, 12, tzinfo=TOKYO), (2, 29), date(2028, 2, 29)),
            (datetime(2028, 2, 29, 12, tzinfo=TOKYO), (2, 29), date(2029, 2, 28)),
            (datetime(2028, 2, 28, 12, tzinfo=TOKYO), (2, 28), date(2029, 2, 28)),
        ],
    )
    def test_examples(self, local, day, expected):
        """The first such day that is at least one day ahead in the shop's zone, leap year or not."""
        assert expected == last_day(Expiry(day=day).after(local, TOKYO), TOKYO)

    @THOROUGH
    @given(MOMENTS, FIXED, SOME_ZONE)
    def test_the_next_one(self, at, day, zone):
        """It is the very next such day: there is none between, and it is never today."""
        local = at.astimezone(zone).date()
        sought = local + timedelta(days=1)

        def fits(one):
            wanted = (2, 28) if day == (2, 29) and not isleap(one.year) else day
            return (one.month, one.day) == wanted

        while not fits(sought):
            sought += timedelta(days=1)
        assert sought == last_day(Expiry(day=day).after(at, zone), zone)


class TestAlways:
    @THOROUGH
    @given(EXPIRIES, MOMENTS, SOME_ZONE)
    def test_end_of_a_day(self, expiry, at, zone):
        """Points expire at the first instant of a day of the shop's zone, after the moment, told in UTC."""
        until = expiry.after(at, zone)
        assert until > at
        assert UTC == until.tzinfo
        assert last_day(until, zone) + timedelta(days=1) == until.astimezone(zone).date()

    @THOROUGH
    @given(EXPIRIES, MOMENTS, MOMENTS, SOME_ZONE)
    def test_later_stays_later(self, expiry, one, other, zone):
        """Points that came later never expire earlier."""
        early, late = sorted([one, other])
        assert expiry.after(early, zone) <= expiry.after(late, zone)

    @THOROUGH
    @given(EXPIRIES, MOMENTS, SOME_ZONE, st.integers(-14, 14))
    def test_the_instant_counts(self, expiry, at, zone, hours):
        """In which zone a moment is told does not matter."""
        assert expiry.after(at, zone) == expiry.after(at.astimezone(timezone(timedelta(hours=hours))), zone)

    @THOROUGH
    @given(st.sampled_from([1, 12, 600]), SOME_ZONE)
    def test_never_is_later(self, months, zone):
        """Points that do not expire outlast all others."""
        assert Expiry(months=months).after(datetime(2080, 1, 1, tzinfo=UTC), zone) < FOREVER

    @pytest.mark.parametrize("zone", ZONES)
    def test_every_day_of_a_year(self, zone):
        """On no day of a year, in no zone, does a month end anywhere but at the end of a day."""
        there = ZoneInfo(zone)
        for distance in range(370):
            at = NOON + timedelta(days=distance)
            until = Expiry(months=1).after(at, there)
            assert months_after(at.astimezone(there).date(), 1) == last_day(until, there)
            assert last_day(until, there) < until.astimezone(there).date()
