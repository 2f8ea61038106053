from __future__ import annotations

import re
from datetime import timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.events import EVENT_TYPES
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.outreach.gate import Outcome, decide
from aftercare_sdk.outreach.premises import seconds
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue, say
from tests.unit.outreach.samples import NOW
from tests.unit.outreach.test_gate import FACTS, candidate

CODES = sorted(
    [
        *Reason,
        *(f"state.{each}" for each in MessageState),
        *(f"purpose.{each}" for each in Purpose),
        *(f"outcome.{each}" for each in Outcome),
        *(f"event.{each.kind}" for each in EVENT_TYPES),
    ]
)
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


def fields(sentence: str) -> set[tuple[str, str]]:
    """Return name and kind of the values in a sentence."""
    return {(name, kind) for _, name, kind, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_words_in_both_languages(code):
    """A code without words would be shown to an operator as it is."""
    assert all(catalogue(language).get(code) for language in LANGUAGES)


def test_both_catalogues_say_the_same():
    """The same codes, with the same values, read the same way; Japanese in the one, none in the other.

    A name of the trade stays as it is, and of a length of time alone the units are Japanese when it is told.
    """
    ja, en = catalogue("ja"), catalogue("en")
    assert list(ja) == list(en)
    assert {code: fields(words) for code, words in en.items()} == {code: fields(ja[code]) for code in ja}
    assert [] == [
        code
        for code, words in ja.items()
        if not JAPANESE.search(words) and code not in {"heading.webhooks", "approvals.length"}
    ]
    assert [] == [code for code, words in en.items() if JAPANESE.search(words)]


def test_every_field_says_how_it_is_read():
    """A kind that nobody knows would be shown as it is stored."""
    kinds = {kind for words in catalogue("en").values() for _, kind in fields(words)}
    assert kinds <= {"", "moment", "day", "duration", "money", "phrase"}


def test_times_are_told_on_the_operators_clock():
    """In their language and zone, whatever the store keeps."""
    values = {"label": "thank-you", "at": NOW.isoformat(), "period": seconds(timedelta(days=7))}
    assert "2026年11月22日 0:30 に、このお客様へ「thank-you」を送信済みです（間隔 7日 未満）。" == say(
        "sent_recently", values, "ja", zone=ZoneInfo("Asia/Tokyo")
    )
    expected = "“thank-you” went to this customer on 2026-11-21 15:30 already, less than 7 days ago."
    assert expected == say("sent_recently", values, "en-US")


def test_days_are_those_of_the_operators_calendar():
    """What happened in the afternoon in London was on the next day in Tokyo."""
    values = {"order": "1042", "at": NOW.isoformat()}
    assert "Order 1042 was refunded in full on 21 November 2026." == say("order_refunded", values)
    told = say("order_refunded", values, "ja", zone=ZoneInfo("Asia/Tokyo"))
    assert "注文 1042 は 2026年11月22日 に全額返金されました。" == told


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "61 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_periods_are_told_in_the_largest_unit_that_fits(period, expected):
    """Exactly, without rounding."""
    values = {"label": "x", "period": seconds(period)}
    assert f"No “x” went to this customer in the last {expected}." == say("not_sent_recently", values)


def test_codes_within_values_are_words_too():
    """The purpose of a message is told in the operator's language."""
    assert "目的が広告・宣伝ですが、お客様の同意の記録がありません。" == say(
        "no_lawful_basis", {"purpose": "marketing"}, "ja_JP"
    )


def test_other_languages_get_english():
    """There are two catalogues."""
    assert ("not sent", "not sent") == (say("state.skipped", lang="de"), say("state.skipped", lang="?"))


def test_a_code_from_a_newer_release_is_shown_as_it_is():
    """An operator's page does not break over it."""
    assert "phase_of_the_moon" == say("phase_of_the_moon", {}, "ja")


def test_missing_and_odd_values_do_not_break_a_sentence():
    """What is not told is a dash; what cannot be read is shown."""
    assert "It is not due before —." == say("not_yet_due")
    assert "It is not due before soon." == say("not_yet_due", {"due": "soon"})
    assert "Order {0.x} stands." == say("order_stands", {"order": "{0.x}"})


@given(
    st.sampled_from(list(catalogue("en"))), st.dictionaries(st.text(), st.text()), st.sampled_from(LANGUAGES)
)
def test_nothing_breaks_a_sentence(code, values, language):
    """Values come from shops and plugins."""
    names = dict.fromkeys((name for name, _ in fields(catalogue("en")[code])), "x{y}")
    assert say(code, {**names, **values}, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"due_at": NOW - timedelta(days=30)},
        {"awaiting_read": "a/order/1"},
        {"awaiting_event": "a/order/1/purchase"},
    ],
)
def test_every_line_of_a_decision_record_can_be_said(language, changes):
    """With all its values; a dash would be a value that the gate forgot."""
    for check in decide(candidate(**changes), FACTS).checks:
        assert "—" not in say(check.code, check.values, language)
        assert check.name != say(f"check.{check.name}", lang=language)
