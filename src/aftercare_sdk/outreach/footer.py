"""What stands below a message that advertises: who sent it, and how to get no more of them (LAW-01, LAW-16).

A template may say all of that itself; else it is added. What is checked is the written message, not the
template.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

from aftercare_sdk.outreach.compose import Composed
from aftercare_sdk.outreach.sentences import say

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """The company's name, where it can be written to, where complaints are taken, and the way out."""

    name: str
    address: str
    contact: str
    unsubscribe: str


def missing(composed: Composed, footer: Footer) -> tuple[str, ...]:
    """Return what of a footer cannot be read in the text or in the HTML part of a written message."""
    shown = html.unescape(_COMMENT.sub("", composed.html))
    told = {
        "name": footer.name,
        "address": footer.address,
        "contact": footer.contact,
        "unsubscribe": footer.unsubscribe,
    }
    return tuple(name for name, value in told.items() if value not in composed.text or value not in shown)


def with_footer(composed: Composed, footer: Footer, lang: str) -> Composed:
    """Return a written message with its footer, which is added if the template does not say all of it."""
    if not missing(composed, footer):
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
