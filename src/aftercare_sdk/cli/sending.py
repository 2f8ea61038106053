"""`aftercare sending`: how sender domains stand, and the word of a person that ends a pause."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_brand, read_settings

if TYPE_CHECKING:
    from datetime import tzinfo

    from aftercare_sdk.engine.breaking import Health
    from aftercare_sdk.model.pauses import Pause, Tally

commands = typer.Typer(
    help="See how many mails were called spam or came back, and resume what was paused for that.",
    no_args_is_help=True,
)


@commands.command("status")
def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show how each sender domain stands: the last mails, complaints, hard bounces, and pauses."""
    from aftercare_sdk.engine.breaking import health

    settings = read_settings(context)
    with open_brand(settings) as brand:
        found = health(brand.database, brand.sender_domains, now())
    if as_json:
        output.write_json({"domains": [_json(one) for one in found]})
        return
    if not found:
        output.write("No channel sends mails.")
        return
    zone = ZoneInfo(settings.brand.zone)
    head = ("domain", "advertising", "mails", "complaints", "hard bounces", "since")
    output.show(output.table(head, [_row(one, zone) for one in found]), "")


@commands.command("resume")
def resume(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain, as `status` shows it.")],
    *,
    note: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What was done about it; no personal data.", show_default=False),
    ],
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Who says so; without it, the user of this machine.")
    ] = "",
) -> None:
    """Let what advertises leave a domain again. From then on only what leaves after that counts."""
    from aftercare_sdk.engine.breaking import resume

    with open_brand(read_settings(context)) as brand:
        ended = resume(brand, domain, by=by or getpass.getuser(), note=note)
    output.write(f"Advertising may leave {ended.domain} again.")


def _row(one: Health, zone: tzinfo) -> tuple[str, ...]:
    pause = one.pause
    if pause is not None:
        level, since = f"paused: {pause.cause.value}", output.local(pause.at, zone)
    else:
        cause = f": {one.standing.cause.value}" if one.standing.cause else ""
        level, since = f"{_WORDS[one.standing.level.value]}{cause}", ""
    tally = one.tally
    return (
        one.domain,
        level,
        str(tally.mails),
        _share(tally.complaints, tally.mails),
        _share(tally.bounces, tally.mails),
        since,
    )


_WORDS = {
    "untold": "open, too few mails to say more",
    "good": "open",
    "warned": "open, but close to a pause",
    "paused": "open until the next report",
}


def _share(count: int, mails: int) -> str:
    return f"{count} ({count / mails:.2%})" if mails else str(count)


def _json(one: Health) -> dict[str, Any]:
    return {
        "domain": one.domain,
        "level": one.standing.level.value,
        "cause": one.standing.cause.value if one.standing.cause else None,
        **_tally_json(one.tally),
        "paused": one.pause is not None,
        "pauses": [_pause_json(each) for each in one.pauses],
    }


def _pause_json(one: Pause) -> dict[str, Any]:
    return {
        "at": output.instant(one.at),
        "cause": one.cause.value,
        **_tally_json(one.tally),
        "resumed_at": output.instant(one.resumed_at),
        "resumed_by": one.resumed_by or None,
        "note": one.note or None,
    }


def _tally_json(tally: Tally) -> dict[str, int]:
    return {"mails": tally.mails, "complaints": tally.complaints, "hard_bounces": tally.bounces}
