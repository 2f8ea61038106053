from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.cli.demo.report import Meaning, meaning, moment, report
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.errors import Bug
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store.journal import Entry, Kind, State

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def entry(state, outcome):
    """Make a row of the journal."""
    return Entry(
        seq=1,
        kind=Kind.WEBHOOK,
        shop="main",
        topic="order.updated",
        delivery="",
        hints={},
        body=b"",
        received_at=NOW,
        state=state,
        outcome=outcome,
        processed_at=NOW,
        copies=0,
    )


@pytest.mark.parametrize(
    ("state", "outcome", "expected"),
    [
        (State.DONE, "order 1: first seen", Meaning.NEWS),
        (State.DONE, "order 1: nothing new; customer 2: changed", Meaning.NEWS),
        (State.DONE, "order 1: nothing new; customer 2: nothing new", Meaning.NO_NEWS),
        (State.DONE, "order 1: changed; order 1 needs a read: refunds", Meaning.NEEDED_READING),
        (State.IGNORED, "a draft", Meaning.IGNORED),
        (State.PARKED, "no JSON", Meaning.PARKED),
        (State.NEW, "", Meaning.PARKED),
    ],
)
def test_an_outcome_means_one_thing(state, outcome, expected):
    """So that the figures add up to what was received."""
    assert expected == meaning(entry(state, outcome))


def test_figures_add_up(told):
    """Each request is counted once, each message has one fate."""
    webhooks = told.webhooks
    parts = (webhooks.pings, webhooks.repeated, webhooks.news, webhooks.no_news, webhooks.needed_reading)
    assert webhooks.received == sum(parts) + webhooks.ignored + webhooks.parked
    assert len(told.story.messages) == sum(fate.number for fate in told.fates)
    assert len(told.story.messages) == len(told.mails) + len(told.unsent)


def test_mails_are_read_from_their_bytes(story, told):
    """What the database says of them is not asked."""
    first = told.mails[0]
    letter = first.letter
    assert ("346", "小川 直人 <ogawa@example.jp>") == (first.order, letter.to)
    assert "ひび商店 <hello@hibi.example>" == letter.sender
    assert letter.subject.startswith("【ひび商店】")
    assert "小川 直人 様" in letter.text
    assert "<!DOCTYPE html>" in letter.html
    assert "Auto-Submitted: auto-generated" in letter.headers
    assert "\r" not in letter.text + letter.headers
    assert len(story.mails[0].content) == letter.size
    changed = story.mails[0].content.replace(b"Auto-Submitted: auto-generated", b"X-Changed: yes")
    caught = (replace(story.mails[0], content=changed), *story.mails[1:])
    assert "X-Changed: yes" in report(replace(story, mails=caught), told.speaker).mails[0].letter.headers


def test_every_check_can_be_said(told):
    """With all its values, in the language of the report."""
    for mail in told.mails:
        assert 7 == len(mail.checks)
        assert all("—" not in check.sentence and check.code != check.sentence for check in mail.checks)


def test_reasons_are_in_words(told):
    """The words of the SDK's own programs are in the catalogues, too."""
    refunded = {"ja": "注文が全額返金", "en": "the order was refunded in full"}[told.speaker.lang]
    assert ["337", "342"] == [one.order for one in told.unsent]
    assert all(refunded in one.reason and one.state is MessageState.CANCELLED for one in told.unsent)
    assert {"ogawa@example.jp"} == {one.address for one in told.unsent}


def test_a_lost_mail_is_noticed(story):
    """Books and post must agree."""
    with pytest.raises(Bug, match="2 messages count as accepted, and 1 mails arrived"):
        report(replace(story, mails=story.mails[:1]), Speaker("en", TOKYO))


def test_a_mail_that_came_twice_is_noticed(story):
    """Effects happen once."""
    with pytest.raises(Bug, match="2 messages count as accepted, and 3 mails arrived"):
        report(replace(story, mails=(*story.mails, story.mails[0])), Speaker("en", TOKYO))


def test_times_are_told_on_the_shops_clock():
    """As timelines tell them."""
    assert "2026/11/22 06:30" == moment(NOW, Speaker("ja", TOKYO))
    assert "2026-11-22 06:30" == moment(NOW, Speaker("en", TOKYO))
