from __future__ import annotations

import json
import string
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.outreach.hours import closed_days
from aftercare_sdk.outreach.hours.calendar import Hours, never, next_open
from aftercare_sdk.outreach.hours.closed_days import holidays_of


@pytest.mark.parametrize(
    ("country", "region", "day", "expected"),
    [
        ("JP", "JP13", date(2026, 11, 23), True),  # Labour Thanksgiving Day
        ("JP", "", date(2026, 5, 6), True),  # in lieu of the 3rd, a Sunday
        ("jp", "", date(2026, 11, 24), False),
        ("JP", "", date(2026, 11, 22), False),  # a Sunday
        ("US", "", date(2027, 12, 31), True),  # New Year of 2028, a Saturday, observed on the Friday
        ("US", "California", date(2026, 3, 31), True),  # Cesar Chavez Day
        ("US", "US-CA", date(2026, 3, 31), True),
        ("US", "NY", date(2026, 3, 31), False),
        ("US", "Nowhere", date(2026, 7, 4), True),
        ("CA", "Québec", date(2026, 6, 24), True),  # Saint-Jean-Baptiste
        ("CA", "ON", date(2026, 6, 24), False),
        ("DE", "bayern", date(2026, 1, 6), True),  # Epiphany
        ("DE", "DE-BY", date(2026, 1, 6), True),
        ("DE", "", date(2026, 1, 6), False),
        ("GB", "Scotland", date(2026, 1, 2), True),
        ("GB", "England", date(2026, 1, 2), False),
    ],
)
def test_law_22_holidays_of_a_country_and_its_regions(country, region, day, expected):
    """By code or name; of an unknown region, those of the whole country."""
    assert expected is holidays_of(country, region)(day)


def test_law_22_no_message_leaves_on_a_holiday():
    """From the evening before Labour Thanksgiving Day to the morning after it."""
    tokyo = [ZoneInfo("Asia/Tokyo")]
    evening = datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
    found = next_open(evening, Hours(time(8), time(22)), tokyo, holidays_of("JP", ""))
    assert datetime(2026, 11, 23, 23, 0, tzinfo=UTC) == found


def test_whatever_a_shop_calls_a_country_it_has_a_calendar():
    """Two letters that are none, a word of the package itself, nothing at all: no day is closed."""
    for country in ("", "XX", "MON", "__FILE__", "HolidayBase", "United States"):
        assert never is holidays_of(country, "?")
    codes = [one + two for one in string.ascii_uppercase for two in string.ascii_uppercase]
    assert len([code for code in codes if holidays_of(code, "") is not never]) > 200


def test_threads_that_ask_at_once_are_told_the_same():
    """The calendars of the package are filled as they are asked, year by year."""
    closed_days._days.cache_clear()
    days = [date(year, 7, 4) for year in range(1980, 2060)] * 4
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(holidays_of("US", ""), days))


def test_without_the_package_it_says_what_to_install(monkeypatch):
    """The extra, by its name."""
    closed_days._regions.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigurationError, match=r'holidays need holidays.*"aftercare-sdk\[holidays\]"'):
        holidays_of("JP", "")


def test_the_package_is_loaded_only_when_holidays_are_asked_for():
    """It takes a twentieth of a second, and most shops send on holidays."""
    script = "import json, sys, aftercare_sdk.outreach.hours.closed_days; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert "aftercare_sdk.outreach.hours.closed_days" in loaded
    assert "holidays" not in loaded
