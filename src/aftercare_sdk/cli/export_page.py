"""The export of a person as one page of HTML that loads nothing from anywhere and runs no script (LAW-11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.exporting import Export

_DATES = {"ja": "%Y/%m/%d %H:%M", "en": "%Y-%m-%d %H:%M"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PHRASES = frozenset({"state", "purpose"})
"""Fields whose values are codes that have words of their own."""
_NOTHING: tuple[object, ...] = (None, "", [], {}, ())


def page(told: Export, speaker: Speaker) -> str:
    """Return the page, every value escaped."""
    return "\n".join(_lines(told, speaker))


def _lines(told: Export, speaker: Speaker) -> Iterator[str]:
    style = (files("aftercare_sdk.cli") / "export_page.css").read_text(encoding="utf-8")
    title = speaker.word("export.title")
    yield f'<!doctype html>\n<html lang="{speaker.lang}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{escape(title)}</h1>"
    made = f"{told.brand} · {_moment(told.at, speaker)} ({speaker.zone})"
    yield f'<p class="made">{escape(made)}</p>\n<p>{escape(speaker.word("export.lead"))}</p>'
    held = {name: rows for name, rows in told.sections.items() if rows}
    yield "<nav><ul>"
    for name, rows in held.items():
        yield f'<li><a href="#{name}">{escape(_title(name, speaker))}</a> <span>{len(rows)}</span></li>'
    yield "</ul></nav>"
    for name, rows in held.items():
        yield f'<section id="{name}">\n<h2>{escape(_title(name, speaker))}</h2>'
        yield from (f"<article>{_value(row, speaker)}</article>" for row in rows)
        yield "</section>"
    nothing = [_title(name, speaker) for name in told.sections if name not in held]
    if nothing:
        apart = "、" if speaker.lang == "ja" else ", "
        yield f"<p>{escape(speaker.word('export.nothing'))} {escape(apart.join(nothing))}</p>"
    yield "</main>\n</body>\n</html>"


def _title(section: str, speaker: Speaker) -> str:
    return speaker.phrase("export.section", section)


def _value(value: Any, speaker: Speaker) -> str:
    """Return a value as HTML; mappings and lists as lists of terms."""
    if isinstance(value, Mapping):
        several = {name: one for name, one in value.items() if one not in _NOTHING}
        terms = (
            f"<dt>{escape(speaker.phrase('export.field', name))}</dt>"
            f"<dd>{_value(speaker.phrase(name, one) if name in _PHRASES else one, speaker)}</dd>"
            for name, one in several.items()
        )
        return f"<dl>{''.join(terms)}</dl>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"<ul>{''.join(f'<li>{_value(one, speaker)}</li>' for one in value)}</ul>"
    if isinstance(value, bool):
        return escape(speaker.word("export.yes" if value else "export.no"))
    if isinstance(value, datetime):
        return escape(_moment(value, speaker))
    return escape(str(value)).replace("\n", "<br>")


def _moment(at: datetime, speaker: Speaker) -> str:
    return f"{at.astimezone(speaker.zone):{_DATES[speaker.lang]}}"
