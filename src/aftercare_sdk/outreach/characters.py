"""Characters that must not travel from a form field into a message."""

from __future__ import annotations

import re
import unicodedata

_LINE_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# These turn the direction of everything behind them, across the border of the value.
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def without_controls(text: str) -> str:
    r"""Drop control characters, bidirectional overrides and lone surrogates; keep `\n` and tabs (REND-06)."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in text if character in "\n\t" or not _unwanted(character))


def one_line(text: str) -> str:
    """Make `text` a single line without control characters; other spaces stay as they are (REND-06)."""
    return without_controls(_LINE_BREAKS.sub(" ", text)).strip()


def _unwanted(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI_OVERRIDES
