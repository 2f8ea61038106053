"""What stands behind `/c/` in a link of a message: signed, so that nobody can make up or change one.

A token says what it is for and which message it came with, and nothing else: who the person is stands in the
database. It does not expire; what it leads to may (LAW-16, FEED-05).

    48 characters of base64url = 36 bytes: version (1), use (1), id of the message (16), signature (18)

The signature is the beginning of the HMAC-SHA256 of what stands before it. As 36 is a multiple of three, each
token has one spelling only.
"""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from dataclasses import dataclass
from enum import Enum

_VERSION = b"\x01"
_SIGNATURE = 18
_SPELLING = re.compile(r"[A-Za-z0-9_-]{48}", re.ASCII)


class Use(Enum):
    """What a link is for; the values stand in tokens for years: add, never change."""

    REDEEM = b"r"
    UNSUBSCRIBE = b"u"
    CONFIRM = b"c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token says: its `use`, and the id of the `message` that it came with."""

    use: Use
    message: str


def write_token(token: Token, key: bytes) -> str:
    """Return a token as it stands in a link. Raises ValueError if the id of the message is no UUID."""
    told = _VERSION + token.use.value + uuid.UUID(token.message).bytes
    return base64.urlsafe_b64encode(told + _signature(told, key)).decode()


def read_token(text: str, key: bytes) -> Token | None:
    """Return what a token says; None: it was not made with this key, or by a newer release."""
    if not _SPELLING.fullmatch(text):
        return None
    raw = base64.urlsafe_b64decode(text)
    told, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(told, key)) or told[:1] != _VERSION:
        return None
    try:
        use = Use(told[1:2])
    except ValueError:
        return None
    return Token(use=use, message=str(uuid.UUID(bytes=told[2:])))


def _signature(told: bytes, key: bytes) -> bytes:
    return hmac.digest(key, told, "sha256")[:_SIGNATURE]
