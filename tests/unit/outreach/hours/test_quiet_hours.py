from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.outreach.hours.calendar import WHOLE_DAY, Hours
from aftercare_sdk.outreach.hours.quiet_hours import JITTER, PLUS_ONE, OpenHours, hours_for

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
NOT_TRANSACTIONAL = [purpose for purpose in Purpose if purpose is not Purpose.TRANSACTIONAL]
MAIL = Hours(time(8), time(22))
DAYTIME = Hours(time(9), time(21))


@pytest.mark.parametrize("purpose", NOT_TRANSACTIONAL)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("email", MAIL), ("line", DAYTIME), ("push", DAYTIME), ("sms", DAYTIME), ("carrier-pigeon", DAYTIME)],
)
def test_law_22_each_kind_of_channel_has_its_hours(kind, expected, purpose):
    """Mail from eight to ten, what rings from nine to nine; so does what nobody knows."""
    assert expected == hours_for(kind, purpose, "JP", None)


@pytest.mark.parametrize("kind", ["email", "line", "push", "carrier-pigeon"])
@pytest.mark.parametrize("configured", [None, MAIL])
def test_law_22_what_is_transactional_is_exempt(kind, configured):
    """The receipt comes at night too."""
    assert hours_for(kind, Purpose.TRANSACTIONAL, "US", configured) is None


@pytest.mark.parametrize("country", ["JP", "US"])
def test_law_22_what_is_transactional_is_not_exempt_as_sms(country):
    """A telephone rings."""
    assert hours_for("sms", Purpose.TRANSACTIONAL, country, None) == DAYTIME


@pytest.mark.parametrize("kind", ["email", "sms"])
def test_law_22_a_shop_sets_its_own_hours(kind):
    """Wider or narrower ones, in the place of the defaults."""
    assert WHOLE_DAY == hours_for(kind, Purpose.MARKETING, "JP", WHOLE_DAY)


@pytest.mark.parametrize("country", ["US", "us", "CA", "PR"])
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        (None, DAYTIME),
        (WHOLE_DAY, Hours(time(8), time(21))),
        (Hours(time(7), time(20)), Hours(time(8), time(20))),
        (Hours(time(10), time(23)), Hours(time(10), time(21))),
    ],
)
def test_law_18_an_sms_to_north_america_keeps_to_the_hours_of_the_law(country, purpose, configured, expected):
    """Whatever the shop has set, and whatever the SMS is for."""
    assert expected == hours_for("sms", purpose, country, configured)


def test_law_18_other_channels_and_countries_are_free_of_it():
    """A mail to the US, an SMS to Japan."""
    assert hours_for("email", Purpose.MARKETING, "US", WHOLE_DAY) == WHOLE_DAY
    assert hours_for("sms", Purpose.MARKETING, "JP", WHOLE_DAY) == WHOLE_DAY
    assert hours_for("sms", Purpose.MARKETING, "", WHOLE_DAY) == WHOLE_DAY


def test_law_18_hours_outside_the_law_are_refused():
    """An SMS between ten and eleven in the evening could never leave."""
    with pytest.raises(ValueError, match=r"from 22:00:00 to 23:00:00, never meet that"):
        hours_for("sms", Purpose.MARKETING, "US", Hours(time(22), time(23)))


def test_law_18_the_numbers_with_plus_one():
    """The 25 countries and territories of the North American Numbering Plan."""
    assert len(PLUS_ONE) == 25


TOKYO = (ZoneInfo("Asia/Tokyo"),)
MINUTE = timedelta(minutes=1)


def opened(key="ann", hours=MAIL, zones=TOKYO):
    """Return the hours of a mailbox."""
    return OpenHours(key=key, hours=hours, zones=zones)


def utc(text):
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_law_22_what_waited_leaves_within_a_quarter_of_an_hour():
    """Not all at eight: a thousand mailboxes have most of the seconds there are, and each keeps its own."""
    opening = utc("2026-05-01 23:00")
    several = [opened(f"mailbox-{number}") for number in range(1_000)]
    left = [each.next(utc("2026-05-01 14:00")) for each in several]
    assert left == [each.next(utc("2026-05-01 22:59")) for each in several]
    assert all(opening <= moment < opening + JITTER for moment in left)
    assert len(set(left)) > 500


def test_law_22_nothing_overtakes_what_waits_for_the_same_mailbox():
    """What is due between the beginning of the hours and the mailbox's own moment waits for that, too."""
    mailbox = opened("mailbox-1")
    own = mailbox.next(utc("2026-05-01 14:00"))
    for minutes in range(-60, 60):
        due = own + minutes * MINUTE
        assert max(due, own) == mailbox.next(due)


@pytest.mark.parametrize("closes", ["08:00:01", "08:00:30", "08:05"])
def test_law_22_hours_that_are_too_short_for_it_open_at_their_beginning(closes):
    """Or a little later, but not on another day."""
    short = Hours(time(8), time.fromisoformat(closes))
    for number in range(100):
        left = opened(f"{number}", short).next(utc("2026-05-01 14:00"))
        assert utc("2026-05-01 23:00") <= left < utc("2026-05-01 23:05")


def test_law_22_in_two_zones_that_meet_for_five_minutes_it_leaves_in_these():
    """Kathmandu opens five minutes before Tokyo closes."""
    zones = (ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Kathmandu"))
    for number in range(100):
        left = opened(f"{number}", Hours(time(9), time(12, 20)), zones).next(utc("2026-06-01 00:00"))
        assert utc("2026-06-01 03:15") <= left < utc("2026-06-01 03:20")


def test_law_22_without_quiet_hours_everything_leaves_at_its_moment():
    """Also in an hour that exists twice."""
    for moment in (utc("2026-10-25 00:30"), utc("2026-10-25 01:30"), utc("2026-05-01 23:00")):
        assert moment == opened(hours=WHOLE_DAY, zones=(ZoneInfo("Europe/London"),)).next(moment)


@settings(max_examples=300)
@given(st.text(max_size=5), st.sampled_from(ZONES), st.integers(0, 2_000_000_000 // 60))
def test_law_22_once_it_may_leave_it_may_and_never_sooner(key, zone, minutes):
    """Whatever the clock does there: asked again at the moment that was told, the answer is yes."""
    moment = datetime(1975, 1, 1, tzinfo=UTC) + minutes * MINUTE
    mailbox = opened(key, zones=(ZoneInfo(zone),))
    until = mailbox.next(moment)
    assert until >= moment
    assert until == mailbox.next(until)
    assert MAIL.opens <= until.astimezone(ZoneInfo(zone)).time() < MAIL.closes
