"""`aftercare loyalty`: what a shop owes its customers in points, and its books by month."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_database, read_moment, read_settings
from aftercare_sdk.cli.timeline import Language
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from fractions import Fraction

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.books import Liability, Month

commands = typer.Typer(help="See what customers hold in points, and export the books.", no_args_is_help=True)


@commands.command("liability")
def liability(
    context: typer.Context,
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="As the books stood just before this time. Without it: now.",
            show_default=False,
        ),
    ] = None,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what all customers hold together, and how much of it is expected to expire unused.

    By month of award. The expectation is taken from the shop's own history, and is left out while there is
    too little of that.
    """
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.books import liability as reckon

    settings = read_settings(context)
    zone = ZoneInfo(settings.brand.zone)
    before = read_moment(as_of, settings, "--as-of") if as_of else None
    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    speaker = Speaker(language, zone)
    with open_database(settings) as database, database.read() as connection:
        told = reckon(connection, zone, before)
    if as_json:
        output.write_json(to_json(told, before, speaker))
    else:
        _show(told, before, speaker)


@commands.command("books")
def books(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write it to this file, in place of what is there. Without it, to standard output.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the books by month as CSV: issued, spent, expired, revoked, adjusted, outstanding.

    Months are those of the brand's zone, from the first entry to the last one. No personal data.
    """
    from aftercare_sdk.engine.books import months

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        found = months(connection, ZoneInfo(settings.brand.zone))
    text = _csv(found)
    if out is None:
        output.write(text.rstrip("\n"))
    else:
        try:
            out.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise ConfigurationError(
                f"{out} cannot be written ({error.strerror}); name another file with --out"
            ) from None
        output.note(f"{out}: {output.number(len(found), 'month')}.")
    if not found:
        output.note("There are no entries yet.")


def _csv(found: Iterable[Month]) -> str:
    from aftercare_sdk.engine.books import Month

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(field.name for field in fields(Month))
    writer.writerows(asdict(month).values() for month in found)
    return stream.getvalue()


def to_json(told: Liability, before: datetime | None, speaker: Speaker) -> dict[str, Any]:
    """Return what is owed for programs, with the method in words."""
    history = told.history
    return {
        "as_of": output.instant(before),
        "zone": str(speaker.zone),
        "available": told.available,
        "pending": told.pending,
        "debt": told.debt,
        "outstanding": told.outstanding,
        "breakage": {
            "expected": told.breakage,
            "percent": None if history.share is None else _percent(history.share),
            "lots": history.lots,
            "earned": history.earned,
            "expired": history.expired,
            "method": _method(told, speaker),
        },
        "months": [asdict(month) for month in told.months],
    }


def _show(told: Liability, before: datetime | None, speaker: Speaker) -> None:
    if before is not None:
        output.write(_say(speaker, "points.as_of", at=before.isoformat()))
    if not told.months:
        output.write(speaker.word("loyalty.nothing"))
        return
    unknown = speaker.word("loyalty.unknown")
    numbers = [told.available, told.pending, told.debt, told.outstanding]
    codes = ("loyalty.available", "points.pending", "points.debt", "loyalty.outstanding")
    expected = unknown if told.breakage is None else f"{told.breakage:,}"
    shown = [*(f"{number:,}" for number in numbers), expected]
    width = max(map(len, shown))
    names = [speaker.word(code) for code in (*codes, "loyalty.breakage")]
    output.show(
        output.facts((name, number.rjust(width)) for name, number in zip(names, shown, strict=True)), ""
    )
    headings = ("month", "issued", "used", "expired", "held", "pending", "expected")
    rows = [
        (
            month.month,
            *(
                f"{number:,}"
                for number in (month.issued, month.used, month.expired, month.available, month.pending)
            ),
            "—" if month.breakage is None else f"{month.breakage:,}",
        )
        for month in told.months
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(headings))]
    aligned = [[cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    output.show(output.table([speaker.word(f"loyalty.{each}") for each in headings], aligned), "")
    output.write(_method(told, speaker))


def _method(told: Liability, speaker: Speaker) -> str:
    """Say how it is reckoned what will expire, or why that cannot be said."""
    from aftercare_sdk.engine.books import ENOUGH_LOTS

    history = told.history
    if history.share is None:
        return _say(speaker, "loyalty.too_little", needed=f"{ENOUGH_LOTS:,}", lots=f"{history.lots:,}")
    return _say(
        speaker,
        "loyalty.method",
        percent=_percent(history.share),
        expired=f"{history.expired:,}",
        earned=f"{history.earned:,}",
        lots=f"{history.lots:,}",
    )


def _percent(share: Fraction) -> str:
    tenths = round(share * 1_000)
    return f"{tenths // 10}.{tenths % 10}"


def _say(speaker: Speaker, code: str, **values: str) -> str:
    from aftercare_sdk.engine.timeline import Told

    return speaker.say(Told(code=code, values=values))
