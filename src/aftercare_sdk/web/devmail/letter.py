"""A mail read from its bytes, as a mail program would, for a page that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

_KANA = re.compile("[\N{HIRAGANA LETTER SMALL A}-\N{KATAKANA LETTER SMALL KE}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What there is to see of a mail. `html` and `text` are empty where the mail has no such part.

    `name` and `address` are those of the header To. `date` None: the mail tells none that can be read.
    """

    message_id: str
    date: datetime | None
    subject: str = field(repr=False)
    sender: str = field(repr=False)
    to: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    headers: str = field(repr=False)
    size: int

    @property
    def lang(self) -> str:
        """`ja` if it is written in Japanese, else nothing: what a browser must know to choose its letters."""
        return "ja" if _KANA.search(self.subject + self.text) else ""

    @property
    def name(self) -> str:
        """The recipient's name."""
        return parseaddr(self.to)[0]

    @property
    def address(self) -> str:
        """The recipient's address."""
        return parseaddr(self.to)[1]


def read_letter(content: bytes) -> Letter:
    """Read a mail. What it lacks, or what cannot be decoded, is empty or replaced, never an error."""
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    head, _, _ = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    return Letter(
        message_id=str(mail["Message-ID"] or "").strip(),
        date=_date(mail),
        subject=str(mail["Subject"] or ""),
        sender=str(mail["From"] or ""),
        to=str(mail["To"] or ""),
        html=_part(mail, "html"),
        text=_part(mail, "plain"),
        headers=head.decode("utf-8", "replace"),
        size=len(content),
    )


def _date(mail: EmailMessage) -> datetime | None:
    told = getattr(mail["Date"], "datetime", None)
    return told if isinstance(told, datetime) and told.tzinfo is not None else None


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except LookupError:  # a character set that Python does not know
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
