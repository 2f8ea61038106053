"""Characters that must not travel from a form field into a message."""

from __future__ import annotations

import re

LONGEST_LINE = 1_000
"""Characters of what is kept of an answer, such as that of a mail server."""
_LINE_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Controls but for line feed and tab, halves of surrogate pairs, and the marks that turn the direction of
# everything behind them, across the border of the value.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def without_controls(text: str) -> str:
    r"""Drop control characters, bidirectional overrides and lone surrogates; keep `\n` and tabs (REND-06)."""
    if text.isascii() and text.isprintable():
        return text
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Make `text` a single line without control characters; other spaces stay as they are (REND-06)."""
    return without_controls(_LINE_BREAKS.sub(" ", text)).strip()


def short_line(told: object) -> str:
    """Return what a channel or an adapter told, as one line that every database can hold."""
    return one_line(str(told))[:LONGEST_LINE]
