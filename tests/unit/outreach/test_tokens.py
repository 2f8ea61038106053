"""Tokens in links: what was signed is read as it was written, and nothing else is read at all."""

from __future__ import annotations

import base64
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.outreach import tokens
from aftercare_sdk.outreach.tokens import Token, Use, read_token, write_token

KEY = b"k" * 32
ALPHABET = string.ascii_letters + string.digits + "-_"
MESSAGE = "0190b2a4-7c1e-5c3e-9d3e-2f1d0c5a8b11"
messages = st.uuids().map(str)
keys = st.binary(min_size=1, max_size=80)


def token(message: str = MESSAGE) -> Token:
    """Return what a link to a reward says."""
    return Token(use=Use.REDEEM, message=message)


@given(messages, keys)
def test_what_is_written_is_read(message, key):
    """With the same key, for ever."""
    assert token(message) == read_token(write_token(token(message), key), key)


@given(messages)
def test_a_token_fits_into_a_line_and_an_address(message):
    """Mail programs break long lines, and some characters mean something in an address."""
    written = write_token(token(message), KEY)
    assert 48 == len(written)
    assert set(written) <= set(ALPHABET)


def test_the_form_of_a_token_stays():
    """One that was sent years ago is still read."""
    written = "AXIBkLKkfB5cPp0-Lx0MWosRv2p6-IwEN6s9Op4eO454bmck"
    assert written == write_token(token(), KEY)
    assert token() == read_token(written, KEY)


@given(messages, st.integers(0, 47), st.sampled_from(ALPHABET))
def test_any_changed_character_is_refused(message, place, other):
    """Whichever it is: no bit of a token is without meaning."""
    written = write_token(token(message), KEY)
    changed = written[:place] + other + written[place + 1 :]
    assert (token(message) if changed == written else None) == read_token(changed, KEY)


def test_no_character_can_be_changed_into_any_other():
    """All of them, for one token: there are few enough."""
    written = write_token(token(), KEY)
    forged = {
        written[:place] + other + written[place + 1 :] for place in range(len(written)) for other in ALPHABET
    }
    assert [written] == [one for one in forged if read_token(one, KEY)]


@given(messages, keys, keys)
def test_another_key_reads_nothing(message, key, other):
    """Another shop's links are not ours."""
    written = write_token(token(message), key)
    # HMAC fills short keys up with zeros.
    same = key.ljust(64, b"\0") == other.ljust(64, b"\0") if max(len(key), len(other)) <= 64 else key == other
    assert (token(message) if same else None) == read_token(written, other)


@given(st.text(max_size=80))
def test_anything_else_is_no_token(text):
    """It breaks nothing either."""
    assert read_token(text, KEY) is None


@pytest.mark.parametrize("change", ["{}=", "{}\n", " {}", "{}A", "{}====", "", "%41{}"])
def test_a_token_has_one_spelling(change):
    """Python's own decoder skips what it does not know."""
    assert read_token(change.format(write_token(token(), KEY)), KEY) is None
    assert read_token(write_token(token(), KEY)[:-1], KEY) is None


@pytest.mark.parametrize("head", [b"\x02r", b"\x01x", b"\x00r"])
def test_a_signed_token_of_another_release_or_use_is_not_taken_for_this_one(head):
    """A link for one thing must not do another."""
    told = head + uuid.UUID(MESSAGE).bytes
    raw = told + tokens._signature(told, KEY)
    assert read_token(base64.urlsafe_b64encode(raw).decode(), KEY) is None


def test_a_message_without_a_uuid_has_no_link():
    """That would be a mistake of this SDK, and is told."""
    with pytest.raises(ValueError, match="UUID"):
        write_token(token("1042"), KEY)
