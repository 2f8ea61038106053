"""The shape of a mail: what gives its frame the right height, on a page without scripts.

A frame cannot grow with what is in it unless a script measures it. So the same mail is laid out a second
time, invisible, in a shadow root of the page, where it takes the room that it needs; the frame, which shows
the mail and lets it do nothing, covers just that room.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

_KEPT = frozenset(
    {
        *(
            "align",
            "border",
            "cellpadding",
            "cellspacing",
            "class",
            "colspan",
            "dir",
            "height",
            "hidden",
            "id",
        ),
        *("lang", "nowrap", "rowspan", "start", "style", "valign", "width"),
    }
)
"""The attributes that layout depends on. No other is needed, and many would do something."""

_TRANSPARENT = frozenset({"html", "head"})
_EMPTY = frozenset({"base", "link", "meta"})
_LEFT_OUT = frozenset(
    {
        *(
            "audio",
            "embed",
            "iframe",
            "math",
            "noembed",
            "noframes",
            "noscript",
            "object",
            "option",
            "plaintext",
        ),
        *("script", "select", "svg", "template", "textarea", "title", "video", "xmp"),
    }
)
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "source", "track", "wbr"})


def shape(mail: str) -> str:
    """Return the HTML of a mail as a fragment that can only take up room, and ends where it ends."""
    reader = _Reader()
    reader.feed(mail)
    reader.close()
    return reader.finish()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._written: list[str] = []
        self._open: list[str] = []
        self._inside = ""  # the element that is left out with all that is in it

    def finish(self) -> str:
        """Return what was written, with everything closed that was opened."""
        return "".join((*self._written, *(f"</{tag}>" for tag in reversed(self._open))))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside:
            return
        if tag in _LEFT_OUT:
            self._inside = "" if tag in _VOID else tag
        elif tag not in _TRANSPARENT | _EMPTY:
            kept = [(name, value) for name, value in attrs if name in _KEPT]
            if tag == "body":  # the page has one already; browsers give it a margin
                kept = [(name, value) for name, value in kept if name != "style"]
                kept.append(("style", f"display:flow-root;margin:8px;{dict(attrs).get('style') or ''}"))
            told = (name if value is None else f'{name}="{escape(value)}"' for name, value in kept)
            self._written.append(f"<{' '.join((_renamed(tag), *told))}>")
            if tag not in _VOID:
                self._open.append(_renamed(tag))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _LEFT_OUT:  # which a browser would take for begun and not ended
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            self._inside = "" if tag == self._inside else self._inside
        elif (ended := _renamed(tag)) in self._open:
            while self._open.pop() != ended:
                pass
            self._written.append(f"</{ended}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            # Browsers end a style where Python may not yet.
            self._written.append(data.replace("</", "") if self.cdata_elem else escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        if not self._inside:
            self._written.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        if not self._inside:
            self._written.append(f"&#{name};")


def _renamed(tag: str) -> str:
    return "div" if tag in {"body", "form"} else tag
