"""`aftercare timeline`: everything known of a person, in order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_brand, read_settings

if TYPE_CHECKING:
    from rich.table import Table

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.brand import Brand
    from aftercare_sdk.engine.timeline import Entry, Person, Timeline, Told


class Language(StrEnum):
    """A language that operators read."""

    JA = "ja"
    EN = "en"


def timeline(
    context: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER",
            help="An e-mail address, a telephone number, SHOP/ACCOUNT-ID, SHOP/order/ID or SHOP/review/ID.",
        ),
    ],
    *,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all that is known of a customer.

    Orders, reviews, events, decisions and messages, in order, and why. An e-mail address also shows other
    customers whose orders are written to it. This is personal data.
    """
    from aftercare_sdk.engine.timeline import timeline as tell

    settings = read_settings(context)
    speaker = speaker_for(settings, lang)
    with open_brand(settings) as brand:
        told = tell(brand, customer, now())
        if not told.people:
            nobody(brand, customer)
            raise typer.Exit(output.FAILED)
    if as_json:
        output.write_json(to_json(told, speaker))
    else:
        show(told, speaker)


def speaker_for(settings: Settings, lang: Language | None) -> Speaker:
    """Return who speaks to an operator: in the language asked for, else the brand's, on the brand's clock."""
    from aftercare_sdk.cli.words import Speaker

    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    return Speaker(language, ZoneInfo(settings.brand.zone))


def nobody(brand: Brand, customer: str) -> None:
    """Say that nobody is known by a text, and what else to write."""
    from aftercare_sdk.store import journal

    with brand.database.read() as connection:
        unread = journal.oldest_new(connection) is not None
    output.note(
        f"Nobody is known as {customer!r}. Write an e-mail address, a telephone number, "
        "SHOP/ACCOUNT-ID (such as main/26), SHOP/order/ID (such as main/order/1042) or SHOP/review/ID."
    )
    if unread:
        output.note("Something received is not processed yet: run `aftercare work --once`.")


def to_json(told: Timeline, speaker: Speaker) -> dict[str, Any]:
    """Return a timeline for programs: codes and values, and the same in words."""
    return {
        "asked": told.asked,
        "language": speaker.lang,
        "zone": str(speaker.zone),
        "at": output.instant(told.now),
        "customers": [
            {
                **person_json(person, speaker),
                "entries": [_entry_json(entry, speaker) for entry in person.entries],
            }
            for person in told.people
        ],
        "notes": [told_json(note, speaker) for note in told.notes],
    }


def person_json(person: Person, speaker: Speaker) -> dict[str, Any]:
    """Return who somebody is, for programs."""
    return {
        "customer": person.customer,
        "name": person.name,
        "identities": [
            {"kind": one.kind.value, "shop": one.shop, "value": one.value} for one in person.identities
        ],
        "found": told_json(person.found, speaker),
    }


def _entry_json(entry: Entry, speaker: Speaker) -> dict[str, Any]:
    return {
        "at": output.instant(entry.at),
        "kind": entry.kind.value,
        "code": entry.code,
        "text": speaker.headline(entry),
        "reason": told_json(entry.reason, speaker) if entry.reason else None,
        "rule": entry.rule or None,
        "values": dict(entry.values),
        "detail": [told_json(told, speaker) for told in entry.detail],
    }


def told_json(told: Told, speaker: Speaker) -> dict[str, Any]:
    """Return a sentence for programs: its code, its values and its words."""
    return {"code": told.code, "text": speaker.say(told), "values": dict(told.values)}


def show(told: Timeline, speaker: Speaker) -> None:
    """Write a timeline for people."""
    for person in told.people:
        _show_person(person, told, speaker)
    for note in told.notes:
        output.write(speaker.say(note))


def show_head(person: Person, speaker: Speaker) -> None:
    """Write who somebody is."""
    from aftercare_sdk.engine.timeline import Told

    known_as = "、".join if speaker.lang == "ja" else ", ".join
    zone = Told(code="timeline.zone", values={"zone": str(speaker.zone)})
    output.show(
        output.facts(
            [
                (speaker.word("heading.customer"), person.name or "—"),
                ("", known_as(speaker.identity(one) for one in person.identities)),
                ("", speaker.say(person.found)),
                ("", speaker.say(zone)),
            ]
        ),
        "",
    )


def _show_person(person: Person, told: Timeline, speaker: Speaker) -> None:
    show_head(person, speaker)
    past = [entry for entry in person.entries if entry.at <= told.now]
    ahead = [entry for entry in person.entries if entry.at > told.now]
    if past:
        output.show(_entries(past, speaker), "")
    if ahead:
        output.show(speaker.word("heading.upcoming"), _entries(ahead, speaker), "")
    if not person.entries:
        output.write(f"{speaker.word('word.nothing_yet')}\n")


STYLES = {
    "accepted": "green",
    "planned": "cyan",
    "submitted": "cyan",
    "claimed": "cyan",
    "held": "yellow",
    "deferred": "yellow",
    "unknown": "yellow",
    "failed": "red",
}


def _entries(entries: list[Entry], speaker: Speaker) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for entry in entries:
        style = STYLES.get(entry.values.get("state", ""), "")
        grid.add_row(
            speaker.time(entry), speaker.kind(entry.kind), Text(speaker.headline(entry), style=style)
        )
        for line in speaker.lines(entry):
            grid.add_row("", "", Text(f"  {line}", style="dim"))
    return grid
