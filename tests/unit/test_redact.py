from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_sdk.redact import redact, redact_error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no such customer: hanako.yamada+tea@example.co.jp", "no such customer: [e-mail]"),
        ('<ogawa@example.jp>, "o\'neil@example.ie"', '<[e-mail]>, "[e-mail]"'),
        ("?email=ogawa%40example.jp&page=2", "?email=[e-mail]&page=2"),
        ("山田@例え.jp", "[e-mail]"),
        ("ogawa＠example.jp", "[e-mail]"),
        ("root@localhost", "[e-mail]"),
    ],
)
def test_addresses_are_masked(text, expected):
    """An e-mail address is masked in whatever way it is written."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 090-1234-5678 now", "call [number] now"),
        ("call +81 (0)90 1234 5678 now", "call [number] now"),
        ("０３－１２３４－５６７８", "[number]"),
        ("〒150-0001", "〒[number]"),
        ("born 1984-02-29", "born [number]"),
        ("order 10425", "order [number]"),
    ],
)
def test_numbers_that_may_name_a_person_are_masked(text, expected):
    """Telephone numbers, postal codes, dates and long ids are masked, in any script."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key ck_1a2b3c4d5e6f7a8b9c0d1e2f", "key [token]"),
        ("Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "Bearer [token]"),
        ("signature 9vQ/3aB+cD4eFgH5iJkL6mNoP7qRsT8uVwX=", "signature [token]"),
        ("x" * 40, "[token]"),
    ],
)
def test_tokens_are_masked(text, expected):
    """Keys, signatures and session ids are masked."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "'NoneType' object has no attribute 'total'",
        "No module named 'aftercare_woocommerce'",
        "order 1042 has 3 lines, expected 2.5",
        "[Errno 2] No such file or directory: '/srv/shop/aftercare.toml'",
        "unexpected_keyword_argument_of_a_function",
        "注文が見つかりません",
    ],
)
def test_ordinary_messages_stay(text):
    """What programmers usually write stays readable."""
    assert text == redact(text)


def test_a_message_is_one_short_line():
    """A long text of many lines becomes one line of the limit's length."""
    assert "one two" == redact("one\n\n  two")
    assert 300 == len(redact("word " * 1_000))
    assert "word…" == redact("word word", limit=5)


@given(
    st.text(max_size=50),
    st.from_regex(r"[a-z]{1,10}[.+_-]?[a-z]{1,10}@[a-z]{2,10}\.(com|jp)", fullmatch=True),
    st.text(max_size=50),
)
def test_no_address_survives(before, address, after):
    """Whatever stands around it, an address does not come through."""
    assert address not in redact(f"{before} {address} {after}")


@given(st.text(max_size=2_000))
def test_any_text_can_be_redacted(text):
    """Redaction never fails, keeps the limit, and redacting twice changes nothing more."""
    once = redact(text)
    assert len(once) <= 300
    assert once == redact(once)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PlatformUnavailable("it answered 503 to ogawa@example.jp"),
            "PlatformUnavailable: it answered 503 to [e-mail]",
        ),
        (KeyError("Hanako Ogawa"), "KeyError"),
    ],
)
def test_only_the_sdks_own_errors_are_quoted(error, told):
    """Whatever else a plugin raises may hold a name, which nobody can recognise."""
    assert told == redact_error(error)
