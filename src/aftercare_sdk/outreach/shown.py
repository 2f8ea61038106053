"""What a person sees of the HTML part of a mail: its words, and where its links lead.

Known are comments, the attribute `hidden`, and `display: none` and `visibility: hidden` in a `style`; style
sheets are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_HIDES = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b", re.IGNORECASE)
_NEVER_SHOWN = frozenset({"script", "style", "template", "title"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_WITHIN_A_LINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "code", "em", "font", "i", "mark", "s", "small", "span", "strong", "u"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The words of a part, and the addresses of its links: the first link stands before the second words."""

    words: tuple[str, ...]
    links: tuple[str, ...] = ()


def shown(html: str) -> Shown:
    """Return what is seen of an HTML part. A link of which nothing can be seen is none."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finish()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._words: list[list[str]] = [[]]
        self._links: list[str] = []
        self._hidden: list[str] = []  # an element that is not shown, and what was begun in it
        self._link = ""  # one that has begun, and of which nothing has been seen yet

    def finish(self) -> Shown:
        """Return what was read."""
        return Shown(words=tuple("".join(each) for each in self._words), links=tuple(self._links))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        hides = tag in _NEVER_SHOWN or "hidden" in told or _HIDES.search(told.get("style") or "")
        if self._hidden or hides:
            if tag not in _VOID:
                self._hidden.append(tag)
            return
        if tag == "a":
            self._link = told.get("href") or ""
        elif tag == "img":
            self._see_link()
        self._part(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # For HTML `<p/>` begins a paragraph and does not end it.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                while self._hidden.pop() != tag:
                    pass
            return
        if tag == "a":
            self._link = ""
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if data.strip():
            self._see_link()
        self._words[-1].append(data)

    def _see_link(self) -> None:
        if self._link:
            self._links.append(self._link)
            self._words.append([])
            self._link = ""

    def _part(self, tag: str) -> None:
        """Keep the words before a cell, a line or a paragraph apart from those in it."""
        if tag not in _WITHIN_A_LINE:
            self._words[-1].append(" ")
