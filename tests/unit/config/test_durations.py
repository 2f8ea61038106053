"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.durations import LONGEST, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250 ms", timedelta(milliseconds=250)),
        ("30 s", timedelta(seconds=30)),
        ("90 minutes", timedelta(minutes=90)),
        ("1h", timedelta(hours=1)),
        ("1 Hour", timedelta(hours=1)),
        ("3 days", timedelta(days=3)),
        (" 2 weeks ", timedelta(weeks=2)),
        ("0 days", timedelta(0)),
        ("36500 days", LONGEST),
    ],
)
def test_number_and_unit(text, expected):
    """A whole number with a unit, long or short, is a length of time."""
    assert expected == parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "3", "days", "-3 days", "1.5 h", "3  days", "1h 30m", "3 dayz", "٣ days", "36501 days", "9" * 5000],
)
def test_everything_else_names_the_accepted_forms(text):
    """What is no length of time is refused with the forms that are accepted."""
    with pytest.raises(ValueError, match='such as "30 s", "90 minutes", "1h", "3 days" or "2 weeks"'):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1 month", "2 years"])
def test_months_and_years_are_refused_with_the_reason(text):
    """Months and years are refused, because nobody can say how long they are."""
    with pytest.raises(ValueError, match="no fixed length"):
        parse_duration(text)


@given(st.text())
def test_any_text_gives_a_length_or_a_value_error(text):
    """No text makes the parser fail in another way, and no accepted length is negative."""
    try:
        parsed = parse_duration(text)
    except ValueError:
        return
    assert timedelta(0) <= parsed <= LONGEST
