from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.outreach.characters import one_line, without_controls


def test_rend_06_control_characters_are_dropped():
    """What a form field smuggles in does not reach a message; line breaks and tabs stay."""
    assert "a\n\tbc" == without_controls("a\x00\r\n\tb\x1b\x7fc")


def test_rend_06_direction_overrides_are_dropped():
    """A name cannot turn around the text behind it."""
    assert "gpj.exe" == without_controls("\u202egpj.exe\u2066")


def test_emoji_and_ideographic_spaces_stay():
    """Only what is invisible and harmful goes; joiners of emoji and a full-width space are text."""
    assert "小川　花子 👩‍👧" == one_line("小川　花子 👩‍👧")


def test_rend_06_one_line_joins_lines():
    """Every kind of line break becomes a space."""
    assert "a b c d e" == one_line("a\r\nb\u2028c\x85d\ve\n")


@given(st.text(st.characters(codec=None)))
def test_one_line_is_one_line_that_can_be_encoded(text):
    """Whatever comes in, a single line of valid Unicode comes out."""
    line = one_line(text)
    assert 1 >= len(line.splitlines())
    assert not [each for each in line if unicodedata.category(each) == "Cc"]
    assert line == line.encode().decode()
    assert line == one_line(line)
