"""`aftercare alerts`: what the shop's staff must know, and whether it reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_brand, open_database, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import tzinfo

    from aftercare_sdk.store.alerts import Alert

_MOST = 1_000

commands = typer.Typer(help="See what the shop's staff must know.", no_args_is_help=True)


@commands.command("list")
def list_(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: Json = False,
) -> None:
    """List the alerts that last, with whether the staff have been told."""
    from aftercare_sdk.engine.alerting.telling import language
    from aftercare_sdk.outreach.sentences import say
    from aftercare_sdk.store import alerts

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        found = alerts.latest(connection, _MOST) if everything else alerts.still_open(connection)
    if as_json:
        output.write_json([_json(one) for one in found])
        return
    if not found:
        output.note("There have been no alerts." if everything else "All is well.")
        return
    zone = ZoneInfo(settings.brand.zone)
    lang = language(settings)
    rows = [
        (
            output.local(one.raised_at, zone),
            "" if one.ended_at is None else output.local(one.ended_at, zone),
            _telling(one, zone),
            say(f"alert.{one.kind}", one.values, lang, zone=zone),
        )
        for one in found
    ]
    output.show(output.table(("since", "over", "told", "what"), rows))


@commands.command("test")
def test(context: typer.Context) -> None:
    """Send a test to every address of [alerts], and say what came back."""
    from aftercare_sdk.engine.alerting.telling import try_out

    settings = read_settings(context)
    if not settings.alerts.urls:
        raise ConfigurationError('nobody is told: add [alerts] with urls = [{ env = "NAME" }]')
    with open_brand(settings) as brand:
        problems = try_out(brand)
    output.show(
        output.table(
            ("address", "what came back"),
            [(name, problem or "taken") for name, problem in problems.items()],
        )
    )
    if any(problems.values()):
        raise typer.Exit(output.FAILED)


def _telling(alert: Alert, zone: tzinfo) -> str:
    done = alert.end_sent_at or alert.sent_at
    if alert.error:
        return f"not yet: {alert.error}"
    return "not yet" if done is None else output.local(done, zone)


def _json(one: Alert) -> dict[str, object]:
    return {
        "kind": one.kind,
        "about": one.key,
        "values": dict(one.values),
        "raised_at": output.instant(one.raised_at),
        "ended_at": output.instant(one.ended_at),
        "sent_at": output.instant(one.sent_at),
        "end_sent_at": output.instant(one.end_sent_at),
        "next_at": output.instant(one.next_at),
        "reached": list(one.reached),
        "attempts": one.attempts,
        "error": one.error,
    }
