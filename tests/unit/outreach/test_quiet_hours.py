from __future__ import annotations

from datetime import time

import pytest

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.outreach.calendar import WHOLE_DAY, Hours
from aftercare_sdk.outreach.quiet_hours import PLUS_ONE, hours_for

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
