from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.web.devmail.letter import read_letter

JAPANESE = (
    b"Message-ID: <1@x.example>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0900\r\n"
    b"Subject: =?utf-8?b?44GT44KT44Gr44Gh44Gv?=\r\nFrom: Hibi <hello@shop.example>\r\n"
    b"To: =?iso-2022-jp?b?GyRCMlYbKEI=?= <hana@x.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
) + "こんにちは、花さん。\r\n".encode("iso-2022-jp")


def test_a_japanese_mail_of_the_old_kind():
    """Whatever character set it is written in, it can be read, and a browser is told that it is Japanese."""
    letter = read_letter(JAPANESE)
    assert ("こんにちは", "こんにちは、花さん。\n", "ja") == (letter.subject, letter.text, letter.lang)
    assert ("花", "hana@x.example", "<1@x.example>") == (letter.name, letter.address, letter.message_id)
    assert datetime(2026, 11, 22, 3, tzinfo=UTC) == letter.date
    assert letter.headers.startswith("Message-ID: <1@x.example>\nDate:")
    assert ("", len(JAPANESE)) == (letter.html, letter.size)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no mail at all",
        b"Subject: x\r\n\r\n",
        b"Date: yesterday\r\nTo: \xff\xfe\r\n\r\nx",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xe3\x81\x82",
        b"Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>",
    ],
)
def test_a_broken_mail_can_be_looked_at(content):
    """A template author looks at what went wrong; the page must not go wrong with it."""
    letter = read_letter(content)
    assert (None, len(content)) == (letter.date, letter.size)


def test_english_needs_no_language():
    """The page is English already."""
    assert "" == read_letter(b"Subject: Hello\r\n\r\nHello\r\n").lang
