"""The look that all pages with mails share, and the guard that browsers keep over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from liquid import DictLoader, Environment, StrictUndefined

from aftercare_sdk.web.devmail.letter import Letter
from aftercare_sdk.web.devmail.shape import shape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The browser's own guard over what the page promises. It holds for the mails in it as well: nothing remote
is loaded, no script runs, and no link in a mail leads anywhere."""


def environment(say: Callable[..., str]) -> Environment:
    """Return what renders pages; `say` speaks the codes of the catalogues, with values by name."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=DictLoader({"letter": resource("aftercare_sdk.web.devmail", "letter.html.liquid")}),
    )
    made.filters["say"] = say
    return made


def style(*sheets: str) -> str:
    """Return the style of a page: what is common, and the page's own sheets."""
    return "\n".join((resource("aftercare_sdk.web.devmail", "paper.css"), *sheets))


def resource(package: str, name: str) -> str:
    """Return a template or a sheet that is shipped with a package."""
    return (files(package) / name).read_text(encoding="utf-8")


def shown(letter: Letter, *, number: int, date: str) -> Mapping[str, Any]:
    """Return what the partial `letter` needs; `date` is in words, on the reader's clock."""
    return {
        "number": number,
        "lang": letter.lang,
        "subject": letter.subject,
        "sender": letter.sender,
        "name": letter.name,
        "address": letter.address,
        "date": date,
        "html": letter.html,
        "shape": shape(letter.html),
        "text": letter.text,
        "headers": letter.headers,
        "size": letter.size,
    }
