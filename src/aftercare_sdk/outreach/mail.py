"""From a composed message to the bytes of a mail.

Python's own policy writes long header values without spaces as encoded-words, which breaks one-click
unsubscribing and threading (SEND-09), and before 3.13 it refolds display names incorrectly. So every header
is encoded here, token by token, and the policy only breaks lines at spaces that are there already.
"""

from __future__ import annotations

import re
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from aftercare_sdk.model.messages import ChannelSettings, OutgoingMessage
from aftercare_sdk.outreach.addresses import Address, parse_address
from aftercare_sdk.outreach.characters import one_line

# SEND-09, and the headers that `encoded_text` and `mailbox` prepare.
VERBATIM = frozenset(
    {
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-id",
        "message-id",
        "in-reply-to",
        "references",
        "feedback-id",
        "auto-submitted",
        "date",
        "from",
        "to",
        "subject",
    }
)
_LINE = 76  # RFC 2047, 2: no line with an encoded-word is longer
_PLAIN = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60})*")
_ID = re.compile(r"[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*")


class UnsafeHeader(ValueError):
    """A header value that would be read as something else. The message does not repeat it."""


class MailPolicy(EmailPolicy):
    """Write the headers in `VERBATIM` as given, folded at their own spaces only (SEND-09, SEND-10)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"linesep": "\r\n", "cte_type": "7bit", **options})

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Refuse line breaks, and anything but ASCII in a verbatim header."""
        if name.lower() not in VERBATIM:
            return super().header_store_parse(name, value)
        if "\r" in value or "\n" in value:
            raise UnsafeHeader(f"{name}: a header value must be one line")
        if not value.isascii() and not self.utf8:
            raise UnsafeHeader(f"{name}: a header value must be ASCII")
        return name, value

    def fold(self, name: str, value: str) -> str:
        """Return the lines of a header."""
        return self._at_spaces(name, value) if name.lower() in VERBATIM else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the lines of a header as bytes."""
        if name.lower() not in VERBATIM:
            return super().fold_binary(name, value)
        return self._at_spaces(name, value).encode("utf-8" if self.utf8 else "ascii")

    def _at_spaces(self, name: str, value: str) -> str:
        lines = []
        first, *rest = value.split(" ")
        line = f"{name}: {first}"
        for token in rest:
            # A line of white space alone would end the header for some readers.
            if token and len(line) + 1 + len(token) > _LINE:
                lines.append(line)
                line = f" {token}"
            else:
                line += f" {token}"
        return self.linesep.join((*lines, line)) + self.linesep


def build_mail(message: OutgoingMessage, settings: ChannelSettings) -> bytes:
    """Write a mail with a text and an HTML part in UTF-8 (REND-07, REND-10); same message, same bytes.

    Raises UnusableAddress for a recipient or sender that no server can take, UnsafeHeader for a line break in
    a header value, ValueError for a date without a zone. None of them repeats the value.
    """
    sender, recipient = parse_address(settings.sender), parse_address(message.recipient)
    if message.date.tzinfo is None:
        raise ValueError("the date of a mail needs a zone")
    policy = MailPolicy(utf8=sender.international or recipient.international)
    mail = EmailMessage(policy=policy)
    mail["From"] = mailbox(settings.sender_name, sender, header="From")
    mail["To"] = mailbox(message.recipient_name, recipient, header="To")
    mail["Subject"] = encoded_text(message.subject, header="Subject")
    mail["Date"] = format_datetime(message.date)
    mail["Message-ID"] = message_id(message.id, sender)
    mail["Auto-Submitted"] = "auto-generated"  # SEND-11, RFC 3834
    if message.unsubscribe:  # SEND-01, RFC 8058: one address, and it may be posted to without being asked
        mail["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text, subtype="plain", charset="utf-8")
    mail.add_alternative(message.html, subtype="html", charset="utf-8")
    # A random boundary would make two writings of one message differ.
    mail.set_boundary(f"=_{message.id}")
    return mail.as_bytes(policy=policy)


def message_id(message: str, sender: Address) -> str:
    """Return the Message-ID, the same at every try (SEND-08, SEND-11)."""
    if _ID.fullmatch(message) is None:
        raise UnsafeHeader("Message-ID: the id of a message has letters, digits, - and _ only")
    return f"<{message}@{sender.domain}>"


def mailbox(name: str, address: Address, *, header: str) -> str:
    """Return `name <address>`, the name quoted or encoded where it must be."""
    name = _clean(name, header)
    if not name:
        return str(address)
    if _PHRASE.fullmatch(name) is not None and "=?" not in name:
        return f"{name} <{address}>"
    if _PLAIN.fullmatch(name) is not None and "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded_words(name, header)} <{address}>"


def encoded_text(text: str, *, header: str) -> str:
    """Return `text` as ASCII: as it is, or in encoded-words of at most 75 characters."""
    text = _clean(text, header)
    if not text or (_PLAIN.fullmatch(text) is not None and "=?" not in text):
        return text
    return _encoded_words(text, header)


def _clean(text: str, header: str) -> str:
    if "\r" in text or "\n" in text:
        raise UnsafeHeader(f"{header}: a header value must be one line")
    return one_line(text)


def _encoded_words(text: str, header: str) -> str:
    words = Header(text, charset="utf-8", header_name=header, maxlinelen=_LINE)
    return " ".join(line.strip() for line in words.encode(linesep="\n").split("\n"))
