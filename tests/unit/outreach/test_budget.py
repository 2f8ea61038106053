"""The arithmetic of the contact budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.budgets import EACH, PRESETS, Cap
from aftercare_sdk.outreach.budget import LAST_CALL, Account, Contact, free, rests_until, turn

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DEFAULT = PRESETS["default"]


def mails(*hours_ago):
    """Return mails that arrived so many hours ago."""
    return tuple(Contact(at=NOW - hours * HOUR, medium="email", plugin="ads") for hours in hours_ago)


def account(*contacts, medium="email", caps=DEFAULT, **more):
    """Return what a mail is measured by."""
    return Account(medium=medium, caps=caps, contacts=contacts, **more)


@pytest.mark.parametrize(
    ("hours_ago", "wait"),
    [
        ((), 0),
        ((24,), 0),
        ((23,), 1),
        ((0,), 24),
        ((30, 60, 90), 78),
        ((10, 60, 90), 78),
        ((10, 60, 169), 14),
        ((168, 100, 50), 0),
    ],
)
def test_law_23_one_a_day_and_three_a_week(hours_ago, wait):
    """It fits as soon as the oldest that fills a cap is as old as the cap looks back."""
    assert NOW + wait * HOUR == free(account(*mails(*hours_ago)), NOW).at


def test_what_stands_against_it_is_told():
    """The cap that is free the last."""
    assert free(account(), NOW).cap is None
    assert DEFAULT[0] == free(account(*mails(1)), NOW).cap
    assert DEFAULT[1] == free(account(*mails(30, 60, 90)), NOW).cap


def test_a_cap_is_about_its_channel():
    """A mail does not fill what is set for text messages, and counts for what is set for all."""
    told = mails(1)
    each, sms, everything = (
        Cap(most=1, within=DAY, channel=EACH),
        Cap(most=1, within=DAY, channel="sms"),
        Cap(most=1, within=DAY),
    )
    assert free(account(*told, medium="sms", caps=(each,)), NOW).cap is None
    assert free(account(*told, medium="sms", caps=(sms,)), NOW).cap is None
    assert free(account(*told, medium="email", caps=(sms,)), NOW).cap is None
    assert everything == free(account(*told, medium="sms", caps=(everything,)), NOW).cap


_CAPS = st.lists(
    st.builds(
        Cap,
        most=st.integers(1, 4),
        within=st.integers(1, 200).map(lambda hours: hours * HOUR),
        channel=st.sampled_from(["all", "each", "email", "sms"]),
    ),
    max_size=4,
)
_CONTACTS = st.lists(
    st.builds(
        Contact,
        at=st.integers(0, 300 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        medium=st.sampled_from(["email", "sms", "line"]),
    ),
    max_size=12,
)


def fits(contacts, medium, caps, at):
    """Return whether one more message at a moment keeps every span of every cap within it."""
    for cap in caps:
        if cap.channel not in {"all", "each", medium}:
            continue
        counted = [
            one
            for one in contacts
            if (cap.channel == "all" or one.medium == medium) and at - cap.within < one.at <= at
        ]
        if len(counted) >= cap.most:
            return False
    return True


@given(_CONTACTS, st.sampled_from(["email", "sms", "line"]), _CAPS)
def test_the_next_free_moment_is_the_first_one_that_fits(contacts, medium, caps):
    """Whatever has been sent: at that moment it fits, and at no earlier one."""
    at = free(account(*contacts, medium=medium, caps=caps), NOW).at
    assert fits(contacts, medium, caps, at)
    moments = {one.at + cap.within for one in contacts for cap in caps} | {NOW}
    assert not any(fits(contacts, medium, caps, moment) for moment in moments if NOW <= moment < at)


def test_feed_08_a_complaint_pauses_what_advertises():
    """For two weeks, and nothing that serves the purchase."""
    angry = account(complained_at=NOW, cool_down=14 * DAY)
    closes = NOW + 3 * DAY
    assert NOW + 14 * DAY == rests_until(angry, Purpose.MARKETING, closes)
    for purpose in (Purpose.SURVEY, Purpose.SERVICE, Purpose.TRANSACTIONAL):
        assert rests_until(angry, purpose, closes) is None
    assert rests_until(account(cool_down=14 * DAY), Purpose.MARKETING, closes) is None


@pytest.mark.parametrize("days", [1, 3, 4, 20, 45])
def test_law_19_a_complaint_never_lasts_until_a_review_request_is_lost(days):
    """It goes some days before it would be too late, however long the rest would be."""
    closes = NOW + days * DAY
    until = rests_until(account(complained_at=NOW, cool_down=14 * DAY), Purpose.REVIEW_REQUEST, closes)
    assert min(NOW + 14 * DAY, closes - LAST_CALL) == until


def order_of(*several, contacts=(), priorities=()):
    """Return the programs in the order of their turns; each is (plugin, label, hours until too late)."""
    turns = {
        (plugin, label): turn(
            account(*contacts),
            plugin=plugin,
            label=label,
            priorities=priorities,
            closes_at=NOW + hours * HOUR,
        )
        for plugin, label, hours in several
    }
    return [label for _, label in sorted(turns, key=turns.__getitem__)]


def test_what_the_shop_has_named_goes_first():
    """A label of a program, or the whole program, in the order of the list."""
    told = (("flows", "news", 1), ("flows", "vip", 9), ("refill", "tea", 9))
    assert "news" == order_of(*told)[0]
    assert ["tea", "vip", "news"] == order_of(*told, priorities=("refill", "flows/vip"))
    assert ["vip", "news", "tea"] == order_of(*told, priorities=("flows/vip", "flows"))


def test_programs_take_turns():
    """The one whose last message is the longest ago, or has sent none; then what is soonest too late."""
    sent = (Contact(at=NOW - 5 * HOUR, medium="email", plugin="ads"),)
    assert ["ask", "sale"] == order_of(("ads", "sale", 1), ("reviews", "ask", 900), contacts=sent)
    assert ["sale", "ask"] == order_of(("ads", "sale", 1), ("reviews", "ask", 900))
    both = (*sent, Contact(at=NOW - 9 * HOUR, medium="email", plugin="reviews"))
    assert ["ask", "sale"] == order_of(("ads", "sale", 1), ("reviews", "ask", 900), contacts=both)
