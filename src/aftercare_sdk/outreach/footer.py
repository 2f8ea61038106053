"""What stands below a message that advertises: who sent it, and how to get no more of them (LAW-01, LAW-16).

A template may say all of that itself; else it is added. What is checked is the written message, not the
template: what can be seen of it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from aftercare_sdk.outreach.compose import Composed
from aftercare_sdk.outreach.sentences import say
from aftercare_sdk.outreach.shown import Shown, shown

REFUSALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (
            *("unsubscribe", "opt out", "opt-out", "stop these", "stop receiving", "stop getting"),
            *("no longer wish", "no longer want", "not wish to receive", "not want to receive"),
        ),
        "ja": (
            *("配信停止", "配信を停止", "配信の停止", "配信解除", "配信を解除", "配信の解除"),
            *("受信停止", "受信を停止", "受信の停止", "受信拒否", "受信を拒否", "受信の拒否"),
            *("購読解除", "購読を解除", "購読の解除", "購読停止", "購読を停止", "購読の停止"),
        ),
    }
)
"""Words, one of which says that one may refuse; in whatever language the message is."""
_NEAR = 200
"""So many characters before or after the link they stand at the most."""
_HERE = "\x1f"  # the link; a written message has no control characters
_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """The company's name, where it can be written to, where complaints are taken, and the way out.

    `refusal` are words of the shop's own that say that one may refuse, besides `REFUSALS`.
    """

    name: str
    address: str
    contact: str
    unsubscribe: str
    refusal: tuple[str, ...] = ()


def missing(composed: Composed, footer: Footer) -> tuple[str, ...]:
    """Return what of a footer cannot be read in the text or in the HTML part of a written message.

    `refuse` is the sentence that one may refuse, which stands near the link; without a link none is missing.
    """
    lacking = {*_lacking(_text(composed), footer), *_lacking(shown(composed.html), footer)}
    return tuple(name for name in ("name", "address", "contact", "unsubscribe", "refuse") if name in lacking)


def _text(composed: Composed) -> Shown:
    return Shown(words=(composed.text,))


def _lacking(part: Shown, footer: Footer) -> Iterator[str]:
    words = _plain("".join(part.words))
    for name, value in (("name", footer.name), ("address", footer.address)):
        if _plain(value) not in words:
            yield name
    if _plain(footer.contact) not in words and not any(footer.contact in link for link in part.links):
        yield "contact"
    pieces = _around(part, footer.unsubscribe)
    if len(pieces) == 1:
        yield "unsubscribe"
    elif not any(_refuse(f"{before[-_NEAR:]} {after[:_NEAR]}", footer) for before, after in pairwise(pieces)):
        yield "refuse"


def _around(part: Shown, link: str) -> list[str]:
    """Return the words before, between and after all places where a link is seen."""
    marks = ("", *(_HERE if link in href else "" for href in part.links))
    marked = "".join(mark + words for mark, words in zip(marks, part.words, strict=True))
    return [_plain(piece) for piece in marked.replace(link, _HERE).split(_HERE)]


def _refuse(words: str, footer: Footer) -> bool:
    said = words.casefold()
    known = (*footer.refusal, *(each for several in REFUSALS.values() for each in several))
    return any(_plain(each).casefold() in said for each in known)


def _plain(text: str) -> str:
    """Return text with one blank wherever there is space, as it is shown."""
    return " ".join(text.split())


def with_footer(composed: Composed, footer: Footer, lang: str) -> Composed:
    """Return a written message with its footer, which is added if the template does not say all of it."""
    # Most templates leave all of it to the footer: then the HTML part need not be read.
    if not any(_lacking(_text(composed), footer)) and not missing(composed, footer):
        return composed
    words = {name: say(f"footer.{name}", lang=lang) for name in ("refuse", "link", "contact")}
    said = (
        composed.text.rstrip(),
        "",
        "--",
        footer.name,
        footer.address,
        f"{words['contact']}{footer.contact}",
        words["refuse"],
        footer.unsubscribe,
        "",
    )
    name, address, contact, link = (
        html.escape(each) for each in (footer.name, footer.address, footer.contact, footer.unsubscribe)
    )
    below = (
        '<div style="max-width:600px; margin:0 auto; padding:16px 20px 32px; font-family:sans-serif; '
        'font-size:13px; line-height:1.7; color:#63686e; text-align:left; overflow-wrap:anywhere;">'
        f"{name}<br>{address}<br>{words['contact']}{contact}<br>"
        f'{words["refuse"]}<br><a href="{link}" style="color:#63686e;">{words["link"]}</a>'
        "</div>"
    )
    ends = list(_END.finditer(composed.html))
    at = ends[-1].start() if ends else len(composed.html)
    return replace(composed, text="\n".join(said), html=composed.html[:at] + below + composed.html[at:])
