from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global
from hypothesis import example, given
from hypothesis import strategies as st

from aftercare_sdk.outreach.hours.states import STATES, US_ISLANDS, zones_of_state, zones_of_states
from aftercare_sdk.outreach.hours.zones import zone_for, zones_of
from tests.support.clocks import ZONES, changes
from tests.support.histories import UNHURRIED

SHOP = "Asia/Tokyo"
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)


def keys(customer="", country="", region=""):
    """Return the names of the zones in which somebody may be."""
    return [zone.key for zone in zones_of(customer, country, region, SHOP)]


def clock(zone):
    """Return what a clock shows from 2025 on."""
    first = START.astimezone(ZoneInfo(zone)).utcoffset()
    return (first, *((change.at, change.after) for change in changes(zone, START, END)))


@pytest.mark.parametrize(
    ("customer", "country", "region", "shop", "expected"),
    [
        ("Europe/Paris", "JP", "", SHOP, "Europe/Paris"),
        ("Europe/Paris", "US", "CA", SHOP, "Europe/Paris"),
        ("", "JP", "", "Europe/Berlin", SHOP),
        ("", "DE", "", SHOP, "Europe/Berlin"),
        ("", "BR", "SP", SHOP, SHOP),
        ("", "US", "", SHOP, SHOP),
        ("", "US", "Nowhere", SHOP, SHOP),
        ("", "US", "CA", SHOP, "America/Los_Angeles"),
        ("", "US", "GU", SHOP, "Pacific/Guam"),
        ("", "US", "FM", SHOP, "Pacific/Chuuk"),
        ("", "CA", "CA", SHOP, SHOP),
        ("", "", "CA", SHOP, SHOP),
        # Where most people of the state live.
        ("", "US", "FL", SHOP, "America/New_York"),
        ("", "US", "TN", SHOP, "America/Chicago"),
        ("", "US", "TX", SHOP, "America/Chicago"),
        ("", "US", "ID", SHOP, "America/Boise"),
        ("", "US", "AK", SHOP, "America/Anchorage"),
        ("", "CA", "NL", SHOP, "America/St_Johns"),
        ("", "CA", "BC", SHOP, "America/Vancouver"),
        ("", "AU", "NSW", SHOP, "Australia/Sydney"),
        ("", "AU", "WA", SHOP, "Australia/Perth"),
        # Nonsense is passed over.
        ("Asia/Tokio", "", "", SHOP, SHOP),
        ("../../etc/passwd", "", "", SHOP, SHOP),
        ("Asia", "", "", SHOP, SHOP),
        ("a\x00b", "XX", "", SHOP, SHOP),
    ],
)
def test_times_are_told_in_the_persons_zone(customer, country, region, shop, expected):
    """Their own, else the one of their country or state, else the shop's."""
    assert expected == zone_for(customer, country, region, shop).key


def test_law_18_a_zone_that_was_told_is_the_only_one():
    """Wherever the person lives."""
    assert ["America/Denver"] == keys("America/Denver", "US", "TX")


@pytest.mark.parametrize(
    ("country", "region", "expected"),
    [
        ("JP", "JP13", [SHOP]),
        ("gb", "", ["Europe/London"]),
        ("US", "NY", ["America/New_York"]),
        ("US", "TX", ["America/Chicago", "America/Denver"]),
        ("US", "OR", ["America/Los_Angeles", "America/Boise"]),
        ("US", "AZ", ["America/Phoenix", "America/Denver"]),
        ("US", "IN", ["America/Indiana/Indianapolis", "America/Indiana/Tell_City"]),
        ("CA", "QC", ["America/Toronto", "America/Blanc-Sablon", "America/Halifax"]),
        ("AU", "NSW", ["Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"]),
        ("AU", "QLD", ["Australia/Brisbane"]),
        ("NZ", "AUK", ["Pacific/Auckland", "Pacific/Chatham"]),
    ],
)
def test_law_18_a_person_may_be_in_every_zone_of_their_state(country, region, expected):
    """The only one of the country, all of a state that lies in several, else the shop's."""
    assert expected == keys("", country, region)


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        ("US", "ca", "CA"),
        ("us", " California ", "CA"),
        ("US", "CALIFORNIA", "CA"),
        ("US", "US-CA", "CA"),
        ("US", "ＣＡ", "CA"),
        ("US", "Washington", "WA"),
        ("US", "Washington, D.C.", "DC"),
        ("US", "District of Columbia", "DC"),
        ("US", "U.S. Virgin Islands", "VI"),
        ("CA", "Québec", "QC"),
        ("CA", "quebec", "QC"),
        ("CA", "Newfoundland and Labrador", "NL"),
        ("CA", "Yukon Territory", "YT"),
        ("CA", "ca-on", "ON"),
        ("AU", "Western Australia", "WA"),
        ("AU", "nsw", "NSW"),
    ],
)
def test_shops_write_a_state_by_its_code_or_its_name(country, region, code):
    """In any case, with or without accents, dots and the country in front."""
    table = {**STATES[country.upper()], **(US_ISLANDS if country.upper() == "US" else {})}
    assert table[code][1:] == zones_of_state(country.upper(), region)
    assert set(keys("", country, region)) <= set(table[code][1:])


@pytest.mark.parametrize("country", STATES)
@pytest.mark.parametrize("region", ["", "AE", "?", "Nowhere"])
def test_law_18_in_an_unknown_state_a_person_may_be_in_any_zone_of_the_country(country, region):
    """The hours are the intersection of all of them, without those of far islands."""
    shown = {clock(zone) for zone in keys("", country, region)}
    assert {clock(zone) for zone in get_global("territory_zones")[country]} == shown
    assert len(shown) > 5


@pytest.mark.parametrize("country", STATES)
def test_every_zone_of_the_country_lies_in_a_state(country):
    """The table has forgotten none, and invented none, beside what Babel takes from CLDR."""
    assert set(get_global("territory_zones")[country]) == set(zones_of_states(country))


def test_every_zone_of_the_table_is_in_the_tz_database():
    """By its exact name; each state has one at least, and no two states share a spelling."""
    for table in (*STATES.values(), US_ISLANDS):
        assert [] == [name for name, *zones in table.values() if not zones or not set(zones) <= set(ZONES)]
    assert (51, 9, 13, 8) == (*map(len, (STATES["US"], US_ISLANDS, STATES["CA"], STATES["AU"])),)
    for country, table in STATES.items():
        for code, (name, *zones) in table.items():
            assert (*zones,) == zones_of_state(country, code) == zones_of_state(country, name)


@pytest.mark.parametrize("country", [*STATES, "DE", "AR", "CY", "KZ", "MY", "PS", "UZ"])
def test_zones_that_count_as_one_have_the_same_clock(country):
    """To the second of each change; and no clock is asked twice."""
    names = zones_of_states(country) or tuple(get_global("territory_zones")[country])
    shown = [clock(zone) for zone in keys("", country)]
    assert len(shown) == len(set(shown))
    assert set(shown) == {clock(zone) for zone in names}


@UNHURRIED
@given(
    st.text(),
    st.one_of(st.text(max_size=3), st.sampled_from(["US", "us", "CA", "AU", "JP", "DE"])),
    st.text(),
)
@example("", "ZZ", "")
@example("\ud800", "\ud800", "\ud800")
def test_whatever_a_shop_says_of_a_person_they_are_somewhere(customer, country, region):
    """In one zone at least, in none twice; the one in which times are told is among them or the shop's."""
    zones = keys(customer, country, region)
    assert len(zones) == len(set(zones)) >= 1
    assert zone_for(customer, country, region, SHOP).key in {*zones, SHOP}
