"""Mask what may be personal or secret in a text that was written by somebody else."""

from __future__ import annotations

import re

from aftercare_sdk.errors import AftercareError

# One side of an address, whole: the look-behind and the possessive `++` keep the search linear.
_EMAIL = re.compile(r"(?<![\w.+'-])[\w.+'-]++(?:[@＠]|%40)[\w.-]+", re.IGNORECASE)
_BASE64 = re.compile(r"(?<![\w+/=-])[\w+/=-]{24,}", re.ASCII)
_TOKEN = re.compile(r"(?<![\w-])[\w-]{20,}", re.ASCII)
# A run of digits, in any script, with what people put between the digits of a telephone number.
_NUMBER = re.compile(r"[+＋]?[(（]?\d(?:[\s().（）・\-‐‑‒–—―−－ー]{0,2}\d)*+")
_FEWEST_DIGITS = 5
_LONG = 40


def redact(text: str, *, limit: int = 300) -> str:
    """Return `text` in one line of at most `limit` characters, without what may name a person.

    E-mail addresses, numbers of five digits and more (telephones, postal codes, dates, long ids) and long
    tokens are masked. Names of people cannot be recognised: do not hand personal data to an error.
    """
    # What lies far behind the limit is never shown, so it need not be searched.
    masked = " ".join(text[: 2 * limit].split())
    masked = _EMAIL.sub("[e-mail]", masked)
    masked = _BASE64.sub(_mask_base64, masked)
    masked = _TOKEN.sub(_mask_token, masked)
    masked = _NUMBER.sub(_mask_number, masked)
    return masked if len(masked) <= limit else f"{masked[: limit - 1]}…"


def redact_error(error: BaseException) -> str:
    """Return the kind of an error, with its redacted message if it is one of the SDK's own.

    Those hold no personal data. Whatever else a plugin raises may quote a payload.
    """
    told = type(error).__name__
    return f"{told}: {redact(str(error))}" if isinstance(error, AftercareError) else told


def _mask_base64(match: re.Match[str]) -> str:
    """Mask base64, which mixes three kinds of characters; paths of files hardly ever do."""
    found = match.group()
    mixed = all(any(test(letter) for letter in found) for test in (str.isupper, str.islower, str.isdigit))
    return "[token]" if mixed else found


def _mask_token(match: re.Match[str]) -> str:
    """Mask keys and ids; long names in programs, which are words without digits, stay."""
    found = match.group()
    secret = any(map(str.isdigit, found)) or (len(found) >= _LONG and "_" not in found)
    return "[token]" if secret else found


def _mask_number(match: re.Match[str]) -> str:
    found = match.group()
    return "[number]" if sum(letter.isdigit() for letter in found) >= _FEWEST_DIGITS else found
