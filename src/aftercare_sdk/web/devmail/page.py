"""The page with caught mails: a list, and each mail as it looks. HTML and CSS only, nothing remote."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from aftercare_sdk.outreach.sentences import say
from aftercare_sdk.web.devmail import paper
from aftercare_sdk.web.devmail.dev import MOST_MAILS
from aftercare_sdk.web.devmail.letter import Letter, read_letter
from aftercare_sdk.web.devmail.trap import Caught

_ROOM = "aftercare_sdk.web.devmail"
_NO_SUBJECT = "(no subject)"


class Page:
    """Renders the pages, in English as everything for developers, with times in one zone."""

    def __init__(self, *, zone: tzinfo, call: str) -> None:
        """`call` is how `aftercare` is called for this configuration."""
        self._zone = zone
        self._call = call
        self._template = paper.environment(_say).from_string(paper.resource(_ROOM, "page.html.liquid"))
        self._style = paper.style(paper.resource(_ROOM, "page.css"))

    def listing(self, caught: Sequence[Caught], commands: Sequence[str]) -> str:
        """Return the list of all mails, the newest first; if there is none, commands that bring one."""
        newest = self._shown(caught[-1]) if caught else None
        return self._render(caught, title="Caught mails", mail=newest, commands=commands, is_list=True)

    def mail(self, chosen: Caught, caught: Sequence[Caught]) -> str:
        """Return one mail, with the list beside it."""
        shown = self._shown(chosen)
        return self._render(caught, title=shown["subject"] or _NO_SUBJECT, mail=shown)

    def missing(self, caught: Sequence[Caught]) -> str:
        """Return the answer for a mail that is not, or no longer, there."""
        return self._render(caught, title="No such mail", is_missing=True)

    def _render(
        self,
        caught: Sequence[Caught],
        *,
        title: str,
        mail: Mapping[str, Any] | None = None,
        is_list: bool = False,
        is_missing: bool = False,
        commands: Sequence[str] = (),
    ) -> str:
        return self._template.render(
            title=title,
            style=self._style,
            policy=paper.POLICY,
            mail=mail,
            current=mail["number"] if mail else 0,
            is_list=is_list,
            is_missing=is_missing,
            mails=[self._row(one) for one in reversed(caught)],
            most=MOST_MAILS,
            commands=list(commands),
            zone=str(self._zone),
        )

    def _shown(self, chosen: Caught) -> dict[str, Any]:
        letter = read_letter(chosen.content)
        return {
            **paper.shown(letter, number=chosen.number, date=self._moment(letter)),
            "recipients": ", ".join(chosen.recipients),
            "why": f"{self._call} timeline {shlex.quote(letter.address)}" if letter.address else "",
        }

    def _row(self, caught: Caught) -> dict[str, Any]:
        letter = read_letter(caught.content)
        return {
            "number": caught.number,
            "lang": letter.lang,
            "subject": letter.subject or _NO_SUBJECT,
            "to": letter.name or letter.address or ", ".join(caught.recipients),
            "address": letter.address if letter.name else "",
            "date": self._moment(letter),
        }

    def _moment(self, letter: Letter) -> str:
        return "" if letter.date is None else f"{letter.date.astimezone(self._zone):%Y-%m-%d %H:%M}"


def _say(code: str, **values: object) -> str:
    return say(code, {name: str(value) for name, value in values.items()}, "en")
