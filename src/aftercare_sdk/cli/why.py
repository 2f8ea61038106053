"""`aftercare why`: why a message was sent or not, and why others were never planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_brand, read_settings
from aftercare_sdk.cli.timeline import (
    STYLES,
    Language,
    nobody,
    person_json,
    show_head,
    speaker_for,
    told_json,
)

if TYPE_CHECKING:
    from rich.table import Table

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.timeline import Told
    from aftercare_sdk.engine.unplanned import Unplanned
    from aftercare_sdk.engine.why import Explained, Reasons, Why
    from aftercare_sdk.store.decisions import CheckLine

SHOWN_OF_ID = 8
"""So much of a message's id is enough to ask for it."""
_FORMS: Mapping[tuple[bool, int], str] = {
    (True, 0): "why.no",
    (True, 1): "why.no.of",
    (True, 2): "why.no.several",
    (False, 1): "why.fact",
    (False, 2): "why.facts",
}
"""What is said beside the reason itself: of a label or none, of no fact, one or several."""
_MARKS: Mapping[str, tuple[str, str]] = {
    "allow": ("✓", "green"),
    "deny": ("✗", "red"),
    "defer": ("…", "yellow"),
    "hold": ("…", "yellow"),
}


def why(
    context: typer.Context,
    about: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE|CUSTOMER",
            help="The id of a message, or its first 8 characters; or a customer, as in `aftercare timeline`.",
        ),
    ],
    *,
    program: Annotated[
        str, typer.Option(metavar="PROGRAM", help="Only this plugin, or this label of messages.")
    ] = "",
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a message was sent or not, and why others were never planned.

    Of a message: its state, each check with its rule and what it looked at, and what happened before. Of a
    customer: every message with its reason, and what no program has planned. This is personal data.
    """
    from aftercare_sdk.engine.why import why as explain

    settings = read_settings(context)
    speaker = speaker_for(settings, lang)
    with open_brand(settings) as brand:
        told = explain(brand, about, now(), program)
        if told.message is None and not told.people:
            nobody(brand, about)
            raise typer.Exit(output.FAILED)
    if as_json:
        output.write_json(to_json(told, speaker))
    else:
        show(told, speaker)


def show(told: Why, speaker: Speaker) -> None:
    """Write the answer for people."""
    if told.message is not None:
        _show_message(told.message, speaker)
    for reasons in told.people:
        _show_reasons(reasons, speaker)


def to_json(told: Why, speaker: Speaker) -> dict[str, Any]:
    """Return the answer for programs: codes and values, and the same in words."""
    return {
        "language": speaker.lang,
        "zone": str(speaker.zone),
        "at": output.instant(told.now),
        "message": _message_json(told.message, speaker) if told.message else None,
        "customers": [
            {
                **person_json(reasons.person, speaker),
                "messages": [_message_json(one, speaker) for one in reasons.messages],
                "never_planned": [_unplanned_json(one, speaker) for one in reasons.unplanned],
            }
            for reasons in told.people
        ],
    }


def _message_json(one: Explained, speaker: Speaker) -> dict[str, Any]:
    return {
        "id": one.id,
        "plugin": one.plugin,
        "label": one.label,
        "state": one.state,
        "at": output.instant(one.at),
        "text": speaker.say(one.headline),
        "why": _told(one.why, speaker),
        "rule": one.rule or None,
        "planned": told_json(one.planned, speaker),
        "plan": [told_json(told, speaker) for told in one.plan],
        "checked_at": output.instant(one.checked_at),
        "checks": [
            {
                "check": line.name,
                "rule": line.rule,
                "outcome": line.outcome,
                "code": line.code,
                "text": _check(line, speaker),
                "values": dict(line.values),
                "until": output.instant(line.until),
            }
            for line in one.checks
        ],
        "history": [
            {
                "at": output.instant(step.at),
                "last_at": output.instant(step.last_at),
                "times": step.times,
                "verdict": step.verdict,
                "why": _told(step.why, speaker),
                "rule": step.rule or None,
                "until": output.instant(step.until),
            }
            for step in one.history
        ],
    }


def _unplanned_json(one: Unplanned, speaker: Speaker) -> dict[str, Any]:
    return {
        "at": output.instant(one.at),
        "plugin": one.plugin or None,
        "label": one.label or None,
        "facts": one.facts,
        "fact": _told(one.fact, speaker),
        "text": _unplanned(one, speaker),
        "why": told_json(one.why, speaker),
    }


def _told(told: Told | None, speaker: Speaker) -> dict[str, Any] | None:
    return told_json(told, speaker) if told else None


def _show_message(one: Explained, speaker: Speaker) -> None:
    from rich.text import Text

    due = [told for told in one.plan if told.code == "timeline.due"]
    counted = [told for told in one.plan if told.code != "timeline.due"]
    facts = [(speaker.word("why.why"), speaker.say(one.why))] if one.why and one.why != one.planned else []
    if (rule := speaker.phrase("rule", one.rule)) != one.rule:
        facts.append((speaker.word("why.rule"), f"{rule} ({one.rule})"))
    facts.append((speaker.word("why.planned"), speaker.say(one.planned)))
    facts += [(speaker.word("why.counted"), speaker.say(told)) for told in counted]
    facts += [(speaker.word("why.window"), speaker.say(told)) for told in due]
    facts.append((speaker.word("why.message"), one.id))
    output.show(Text(speaker.say(one.headline), style=STYLES.get(one.state, "bold")), output.facts(facts), "")
    if one.checks and one.checked_at:
        heading = _sentence("why.checked", speaker, at=one.checked_at.isoformat())
        output.show(heading, _checks(one.checks, speaker), "")
    if one.history:
        output.show(speaker.word("heading.history"), _history(one, speaker), "")


def _checks(lines: tuple[CheckLine, ...], speaker: Speaker) -> Table:
    from rich.text import Text

    grid = _grid(4)
    for line in lines:
        mark, style = _MARKS.get(line.outcome, ("", ""))
        grid.add_row(
            Text(mark, style=style),
            speaker.phrase("check", line.name),
            Text(_check(line, speaker)),
            Text(line.rule, style="dim"),
        )
    return grid


def _history(one: Explained, speaker: Speaker) -> Table:
    from rich.text import Text

    grid = _grid(3)
    for step in one.history:
        said = Text(speaker.say(step.why) if step.why and step.why != one.planned else "")
        if step.times > 1:
            values = {"times": f"{step.times:,}", "until": step.last_at.isoformat()}
            said.append(f" ({_sentence('why.times', speaker, **values)})", style="dim")
        grid.add_row(
            Text(speaker.moment(step.at), style="dim"), speaker.phrase("verdict", step.verdict), said
        )
    return grid


def _show_reasons(reasons: Reasons, speaker: Speaker) -> None:
    show_head(reasons.person, speaker)
    by_plugin: dict[str, list[Explained]] = {}
    for one in reasons.messages:
        by_plugin.setdefault(one.plugin, []).append(one)
    for plugin, several in sorted(by_plugin.items()):
        output.show(plugin, _messages(several, speaker), "")
    if not by_plugin:
        output.write(f"{speaker.word('why.nothing')}\n")
    output.show(speaker.word("heading.never_planned"), _missing(reasons, speaker), "")


def _messages(several: list[Explained], speaker: Speaker) -> Table:
    from rich.text import Text

    grid = _grid(3)
    for one in several:
        told = Text(speaker.say(one.headline), style=STYLES.get(one.state, ""))
        grid.add_row(Text(speaker.moment(one.at), style="dim"), Text(one.id[:SHOWN_OF_ID], style="dim"), told)
        if one.why is not None:
            grid.add_row("", "", Text(speaker.say(one.why), style="dim"))
    return grid


def _missing(reasons: Reasons, speaker: Speaker) -> Table:
    from rich.text import Text

    grid = _grid(2)
    for one in reasons.unplanned:
        time = speaker.moment(one.at) if one.at else ""
        grid.add_row(Text(time, style="dim"), Text(_unplanned(one, speaker)))
    if not reasons.unplanned:
        grid.add_row("", speaker.word("why.nothing_missing"))
    return grid


def _unplanned(one: Unplanned, speaker: Speaker) -> str:
    """Return why there is nothing, in one sentence."""
    form = _FORMS.get((bool(one.label), min(one.facts, 2)))
    if form is None:
        return speaker.say(one.why)
    said = {"why": speaker.say(one.why), "label": one.label, "facts": f"{one.facts:,}"}
    if one.fact is not None:
        said["fact"] = speaker.say(one.fact)
    if one.at is not None:
        said["at"] = one.at.isoformat()
    return _sentence(form, speaker, **said)


def _check(line: CheckLine, speaker: Speaker) -> str:
    """Return what a check said, and when that may change."""
    return ("" if speaker.lang == "ja" else " ").join(_parts(line, speaker))


def _parts(line: CheckLine, speaker: Speaker) -> Iterator[str]:
    from aftercare_sdk.engine.timeline import Told

    yield speaker.say(Told(code=line.code, values=line.values))
    if line.until is not None:
        yield _sentence("why.until", speaker, until=line.until.isoformat())


def _sentence(code: str, speaker: Speaker, **values: str) -> str:
    from aftercare_sdk.engine.timeline import Told

    return speaker.say(Told(code=code, values=values))


def _grid(columns: int) -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 3, 0, 0))
    for number in range(columns):
        last = number == columns - 1
        grid.add_column(overflow="fold", no_wrap=not last and columns - number > 2)  # noqa: PLR2004
    return grid
