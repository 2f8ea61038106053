"""In which zones the states and provinces of the countries lie whose clocks differ from one to another.

The names of the zones and where they hold are those of the tz database (`zone.tab`, public domain). Which
states of the US are split is told by 49 CFR 71 too, which adds the west of Nevada's border with Utah, and
Arizona's Navajo Nation keeps the clock of Denver; Quebec's Legal Time Act puts Îles-de-la-Madeleine
on Atlantic time. The first zone of a state is that of most of its people.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

US_STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AL": ("Alabama", "America/Chicago"),
        "AK": (
            "Alaska",
            "America/Anchorage",
            "America/Juneau",
            "America/Sitka",
            "America/Metlakatla",
            "America/Yakutat",
            "America/Nome",
            "America/Adak",
        ),
        "AZ": ("Arizona", "America/Phoenix", "America/Denver"),
        "AR": ("Arkansas", "America/Chicago"),
        "CA": ("California", "America/Los_Angeles"),
        "CO": ("Colorado", "America/Denver"),
        "CT": ("Connecticut", "America/New_York"),
        "DE": ("Delaware", "America/New_York"),
        "DC": ("District of Columbia", "America/New_York"),
        "FL": ("Florida", "America/New_York", "America/Chicago"),
        "GA": ("Georgia", "America/New_York"),
        "HI": ("Hawaii", "Pacific/Honolulu"),
        "ID": ("Idaho", "America/Boise", "America/Los_Angeles"),
        "IL": ("Illinois", "America/Chicago"),
        "IN": (
            "Indiana",
            "America/Indiana/Indianapolis",
            "America/Indiana/Vincennes",
            "America/Indiana/Winamac",
            "America/Indiana/Marengo",
            "America/Indiana/Petersburg",
            "America/Indiana/Vevay",
            "America/Indiana/Tell_City",
            "America/Indiana/Knox",
            "America/Chicago",
        ),
        "IA": ("Iowa", "America/Chicago"),
        "KS": ("Kansas", "America/Chicago", "America/Denver"),
        "KY": (
            "Kentucky",
            "America/New_York",
            "America/Kentucky/Louisville",
            "America/Kentucky/Monticello",
            "America/Chicago",
        ),
        "LA": ("Louisiana", "America/Chicago"),
        "ME": ("Maine", "America/New_York"),
        "MD": ("Maryland", "America/New_York"),
        "MA": ("Massachusetts", "America/New_York"),
        "MI": ("Michigan", "America/Detroit", "America/Menominee"),
        "MN": ("Minnesota", "America/Chicago"),
        "MS": ("Mississippi", "America/Chicago"),
        "MO": ("Missouri", "America/Chicago"),
        "MT": ("Montana", "America/Denver"),
        "NE": ("Nebraska", "America/Chicago", "America/Denver"),
        "NV": ("Nevada", "America/Los_Angeles", "America/Denver"),
        "NH": ("New Hampshire", "America/New_York"),
        "NJ": ("New Jersey", "America/New_York"),
        "NM": ("New Mexico", "America/Denver"),
        "NY": ("New York", "America/New_York"),
        "NC": ("North Carolina", "America/New_York"),
        "ND": (
            "North Dakota",
            "America/Chicago",
            "America/North_Dakota/Center",
            "America/North_Dakota/New_Salem",
            "America/North_Dakota/Beulah",
            "America/Denver",
        ),
        "OH": ("Ohio", "America/New_York"),
        "OK": ("Oklahoma", "America/Chicago"),
        "OR": ("Oregon", "America/Los_Angeles", "America/Boise"),
        "PA": ("Pennsylvania", "America/New_York"),
        "RI": ("Rhode Island", "America/New_York"),
        "SC": ("South Carolina", "America/New_York"),
        "SD": ("South Dakota", "America/Chicago", "America/Denver"),
        "TN": ("Tennessee", "America/Chicago", "America/New_York"),
        "TX": ("Texas", "America/Chicago", "America/Denver"),
        "UT": ("Utah", "America/Denver"),
        "VT": ("Vermont", "America/New_York"),
        "VA": ("Virginia", "America/New_York"),
        "WA": ("Washington", "America/Los_Angeles"),
        "WV": ("West Virginia", "America/New_York"),
        "WI": ("Wisconsin", "America/Chicago"),
        "WY": ("Wyoming", "America/Denver"),
    }
)

US_ISLANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AS": ("American Samoa", "Pacific/Pago_Pago"),
        "FM": ("Micronesia", "Pacific/Chuuk", "Pacific/Pohnpei", "Pacific/Kosrae"),
        "GU": ("Guam", "Pacific/Guam"),
        "MH": ("Marshall Islands", "Pacific/Majuro", "Pacific/Kwajalein"),
        "MP": ("Northern Mariana Islands", "Pacific/Saipan"),
        "PR": ("Puerto Rico", "America/Puerto_Rico"),
        "PW": ("Palau", "Pacific/Palau"),
        "UM": ("United States Minor Outlying Islands", "Pacific/Wake", "Pacific/Midway"),
        "VI": ("U.S. Virgin Islands", "America/St_Thomas"),
    }
)
"""What the post of the US and some shops take for states. Who lives in "some state" does not live here."""

CA_PROVINCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AB": ("Alberta", "America/Edmonton"),
        "BC": (
            "British Columbia",
            "America/Vancouver",
            "America/Creston",
            "America/Dawson_Creek",
            "America/Fort_Nelson",
            "America/Edmonton",
        ),
        "MB": ("Manitoba", "America/Winnipeg"),
        "NB": ("New Brunswick", "America/Moncton"),
        "NL": ("Newfoundland and Labrador", "America/St_Johns", "America/Goose_Bay"),
        "NS": ("Nova Scotia", "America/Halifax", "America/Glace_Bay"),
        "NT": ("Northwest Territories", "America/Edmonton", "America/Inuvik"),
        "NU": (
            "Nunavut",
            "America/Iqaluit",
            "America/Rankin_Inlet",
            "America/Cambridge_Bay",
            "America/Resolute",
            "America/Atikokan",
        ),
        "ON": ("Ontario", "America/Toronto", "America/Winnipeg", "America/Atikokan"),
        "PE": ("Prince Edward Island", "America/Halifax"),
        "QC": ("Quebec", "America/Toronto", "America/Blanc-Sablon", "America/Halifax"),
        "SK": ("Saskatchewan", "America/Regina", "America/Swift_Current", "America/Edmonton"),
        "YT": ("Yukon", "America/Whitehorse", "America/Dawson"),
    }
)

AU_STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ACT": ("Australian Capital Territory", "Australia/Sydney"),
        "NSW": ("New South Wales", "Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"),
        "NT": ("Northern Territory", "Australia/Darwin"),
        "QLD": ("Queensland", "Australia/Brisbane", "Australia/Lindeman"),
        "SA": ("South Australia", "Australia/Adelaide"),
        "TAS": ("Tasmania", "Australia/Hobart", "Antarctica/Macquarie"),
        "VIC": ("Victoria", "Australia/Melbourne"),
        "WA": ("Western Australia", "Australia/Perth", "Australia/Eucla"),
    }
)

STATES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"US": US_STATES, "CA": CA_PROVINCES, "AU": AU_STATES}
)
"""By country and code: the name, then the zones."""

_OTHERWISE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "US": MappingProxyType(
            {
                "Federated States of Micronesia": "FM",
                "Virgin Islands": "VI",
                "Washington DC": "DC",
            }
        ),
        "CA": MappingProxyType(
            {
                "Labrador": "NL",
                "Newfoundland": "NL",
                "NF": "NL",
                "PEI": "PE",
                "PQ": "QC",
                "Yukon Territory": "YT",
            }
        ),
        "AU": MappingProxyType({}),
    }
)


def folded(region: str) -> str:
    """Return the form in which two spellings of a region are compared: letters and digits without marks."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", region).casefold() if letter.isalnum())


def _spellings(country: str, states: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if country == "US":
        states = {**states, **US_ISLANDS}
    names = {name: code for code, (name, *_) in states.items()} | dict(_OTHERWISE[country])
    return {
        folded(spelling): states[code][1:]
        for spelling, code in ({code: code for code in states} | names).items()
    }


_ZONES = MappingProxyType({country: _spellings(country, states) for country, states in STATES.items()})


def zones_of_state(country: str, region: str) -> tuple[str, ...]:
    """Return the zones of a state by its code (`CA`, `US-CA`) or name; () if the table does not know it.

    `country` is an upper-case code.
    """
    spellings = _ZONES.get(country, {})
    return spellings.get(folded(region.strip().upper().removeprefix(f"{country}-")), ())


def zones_of_states(country: str) -> tuple[str, ...]:
    """Return the zones of all states of a country, without outlying islands; () if it is not in the table."""
    states = STATES.get(country, {}).values()
    return tuple(dict.fromkeys(zone for _, *zones in states for zone in zones))
