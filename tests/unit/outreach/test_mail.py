from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aftercare_sdk.model.messages import ChannelSettings
from aftercare_sdk.outreach.addresses import UnusableAddress
from aftercare_sdk.outreach.characters import one_line
from aftercare_sdk.outreach.mail import VERBATIM, MailPolicy, UnsafeHeader, build_mail
from tests.unit.outreach.samples import NOW, message, settings


def parsed(mail: bytes) -> EmailMessage:
    """Read a mail as a mail program does."""
    return BytesParser(policy=email.policy.default).parsebytes(mail)


def head(mail: bytes) -> list[str]:
    """Return the lines before the body."""
    return mail.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def shown_name(mail: bytes) -> str:
    """Return the name in the To line as RFC 2047 says; Python's new parser sets spaces between its words."""
    return str(make_header(decode_header(parseaddr(raw(mail, "to"))[0])))


def content(part: EmailMessage) -> str:
    """Return the text of a part with the line breaks of Python."""
    return part.get_content().replace("\r\n", "\n")


def raw(mail: bytes, name: str) -> str:
    """Return a header's value as it stands, its lines joined."""
    unfolded = mail.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    return next(line for line in unfolded.split("\r\n") if line.lower().startswith(f"{name}: "))[
        len(name) + 2 :
    ]


def test_a_mail_comes_back_as_it_was_meant():
    """Japanese names and subjects, two parts in UTF-8, the date of the message (REND-07, REND-10)."""
    back = parsed(build_mail(message(), settings()))
    assert "ご注文ありがとうございます" == back["Subject"]
    assert ("小川 花子", "ogawa@example.jp") == (
        back["To"].addresses[0].display_name,
        back["To"].addresses[0].addr_spec,
    )
    assert "山の茶舗 <shop@chaho.example>" == str(back["From"])
    assert NOW == back["Date"].datetime
    assert "multipart/alternative" == back.get_content_type()
    text, html = back.iter_parts()
    assert ("text/plain", "utf-8", message().text) == (
        text.get_content_type(),
        text.get_content_charset(),
        content(text),
    )
    assert ("text/html", "utf-8", message().html) == (
        html.get_content_type(),
        html.get_content_charset(),
        content(html),
    )
    assert [] == [part.defects for part in back.walk() if part.defects]


def test_rend_07_rare_characters_survive():
    """What ISO-2022-JP cannot hold is ordinary in names: 髙, ①, half-width kana, emoji, 𠮷."""
    words = "髙橋①ﾊﾅｺ 🍵 𠮷田㈱"
    back = parsed(build_mail(message(subject=words, recipient_name=words, text=f"{words}\n"), settings()))
    assert words == back["Subject"]
    assert words == back["To"].addresses[0].display_name
    assert f"{words}\n" == content(next(back.iter_parts()))


def test_send_11_the_message_id_is_the_messages_own_and_automatic_mail_says_so():
    """The same at every try; nobody's holiday notice answers to it (SEND-08, RFC 3834)."""
    mail = build_mail(message(), settings())
    assert f"<{message().id}@chaho.example>" == raw(mail, "message-id")
    assert "auto-generated" == raw(mail, "auto-submitted")
    assert mail == build_mail(message(), settings())


def test_send_10_a_mail_is_seven_bit():
    """A signature over it survives every relay; no line is too long for one."""
    long = "長い行です。" * 500
    mail = build_mail(message(text=long, html=f"<p>{long}</p>{'x' * 5_000}"), settings())
    assert mail.isascii()
    assert 998 >= max(map(len, mail.split(b"\r\n")))
    assert b"\n" not in mail.replace(b"\r\n", b"")


def test_send_09_lines_with_encoded_words_are_short():
    """RFC 2047 allows 76 characters, and 75 for each encoded-word."""
    mail = build_mail(message(subject="ご注文" * 100, recipient_name="小川" * 60), settings())
    lines = head(mail)
    assert [] == [line for line in lines if "=?" in line and len(line) > 76]
    assert [] == [word for line in lines for word in line.split() if "=?" in word and len(word) > 75]
    assert "ご注文" * 100 == parsed(mail)["Subject"]


@pytest.mark.parametrize("name", sorted(VERBATIM - {"from", "to", "subject", "date"}))
def test_send_09_long_values_are_never_encoded(name):
    """Python writes them as encoded-words, which mail programs do not read in these headers."""
    value = "<https://chaho.example/c/" + "x" * 300 + ">"
    mail = EmailMessage(policy=MailPolicy())
    mail[name] = value
    mail.set_content("x")
    assert f"{name}: {value}\r\n".encode() in bytes(mail)
    assert f"{name}: {value}\r\n" in mail.as_string()
    assert b"=?" not in bytes(mail)


def test_send_09_references_fold_between_ids_only():
    """Each id stays whole, each line short; joined again they are what was given."""
    ids = [f"<{number:032x}@chaho.example>" for number in range(40)]
    mail = EmailMessage(policy=MailPolicy())
    mail["References"] = " ".join(ids)
    mail.set_content("x")
    assert " ".join(ids) == raw(bytes(mail), "references")
    assert 76 >= max(len(line) for line in head(bytes(mail)))


@pytest.mark.parametrize("name", ["List-Unsubscribe", "Subject", "To", "X-Other"])
@pytest.mark.parametrize("line_break", ["\r", "\n", "\r\n"])
def test_line_breaks_in_headers_are_refused(name, line_break):
    """Whatever stands behind one would be a header of its own."""
    mail = EmailMessage(policy=MailPolicy())
    with pytest.raises(ValueError, match=r"one line|linefeed"):
        mail[name] = f"x{line_break}Bcc: all@example.com"


def test_send_09_verbatim_headers_are_ascii():
    """What is written as given cannot hold anything else."""
    mail = EmailMessage(policy=MailPolicy())
    with pytest.raises(UnsafeHeader, match="List-Id: a header value must be ASCII"):
        mail["List-Id"] = "茶"


@pytest.mark.parametrize("field", ["subject", "recipient_name"])
def test_a_message_with_a_line_break_in_a_header_is_refused(field):
    """The error names the header, not the value."""
    with pytest.raises(UnsafeHeader) as error:
        build_mail(message(**{field: "Hana\nBcc: all@example.com"}), settings())
    assert "example" not in str(error.value)


@pytest.mark.parametrize("id_", ["", "a b", "a@b", "<a>", "a\n", "茶"])
def test_a_message_id_has_simple_characters(id_):
    """It is made by the engine; anything else is a mistake."""
    with pytest.raises(UnsafeHeader):
        build_mail(message(id=id_), settings())


def test_a_date_needs_a_zone():
    """A time without one would be told wrong to somebody."""
    with pytest.raises(ValueError, match="needs a zone"):
        build_mail(message(date=datetime(2026, 11, 21)), settings())  # noqa: DTZ001


def test_the_date_is_the_messages():
    """No clock is read: in which zone the date is given, in that it is written."""
    tokyo = timezone(timedelta(hours=9))
    mail = build_mail(message(date=datetime(2026, 11, 22, 0, 30, tzinfo=tokyo)), settings())
    assert "Sun, 22 Nov 2026 00:30:00 +0900" == raw(mail, "date")
    assert "Sat, 21 Nov 2026 15:30:00 +0000" == raw(
        build_mail(message(date=NOW.astimezone(UTC)), settings()), "date"
    )


def test_unusable_addresses_are_refused():
    """Of the person and of the shop."""
    with pytest.raises(UnusableAddress):
        build_mail(message(recipient="ogawa@"), settings())
    with pytest.raises(UnusableAddress):
        build_mail(message(), ChannelSettings(name="email", sender="Shop <shop@chaho.example>"))


def test_addresses_outside_ascii_are_written_as_they_are():
    """They go to servers with SMTPUTF8 only, which read UTF-8 in headers; domains are ASCII anyway."""
    mail = build_mail(message(recipient="花子@例え.jp"), settings())
    assert "花子@xn--r8jz45g.jp" == raw(mail, "to").rpartition("<")[2].rstrip(">")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hana Ogawa", "Hana Ogawa <ogawa@example.jp>"),
        ("", "ogawa@example.jp"),
        (" ", "ogawa@example.jp"),
        ("Ogawa, Hana", '"Ogawa, Hana" <ogawa@example.jp>'),
        ('Hana "H" \\', '"Hana \\"H\\" \\\\" <ogawa@example.jp>'),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <ogawa@example.jp>"),
        ("x" * 61, f"=?utf-8?q?{'x' * 60}?= =?utf-8?q?x?= <ogawa@example.jp>"),
    ],
)
def test_names_are_quoted_or_encoded_where_they_must_be(name, expected):
    """Plain words stay readable on the wire; what could be misread is not written plainly."""
    mail = build_mail(message(recipient_name=name), settings())
    assert expected == raw(mail, "to")
    assert name.strip() == shown_name(mail)


HEADERS = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "mime-version",
    "content-type",
]
anything = st.text(st.characters(codec=None, exclude_characters="\r\n"), max_size=300)


@given(subject=anything, name=anything)
@example(subject="=?utf-8?b?eA==?= x", name="a  b")
@example(subject="a" * 200, name="," * 80)
@example(subject="é " * 80, name="a\xa0b")
def test_any_subject_and_name_survive_the_wire(subject, name):
    """Only control characters are lost; no value adds a header or a recipient."""
    mail = build_mail(message(subject=subject, recipient_name=name), settings())
    back = parsed(mail)
    assert one_line(subject) == str(make_header(decode_header(raw(mail, "subject"))))
    assert one_line(name) == shown_name(mail)
    assert ["ogawa@example.jp"] == [each.addr_spec for each in back["To"].addresses]
    assert HEADERS == [name.lower() for name in back]
    assert 76 >= max(len(line) for line in head(mail))


@given(text=st.text(), html=st.text())
def test_any_text_survives_the_wire(text, html):
    """But for the kind of its line breaks; the two parts are never confused."""
    mail = build_mail(message(text=text, html=html), settings())
    assert mail.isascii()
    back = [content(part).rstrip("\n") for part in parsed(mail).iter_parts()]
    assert [re.sub("\r\n?", "\n", part).rstrip("\n") for part in (text, html)] == back
