"""`aftercare privacy`: what is asked about people's data, and by when it is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.erasing import erase
from aftercare_sdk.cli.exporting import export
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from aftercare_sdk.store.privacy import Asked

_SHOWN = 12
"""So much of a key tells two requests apart for a person."""

commands = typer.Typer(
    help="Export and erase people's data, and see what platforms ask about it.", no_args_is_help=True
)
commands.command("export")(export)
commands.command("erase")(erase)


@commands.command("requests")
def requests(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have been done.")] = False,
    as_json: Json = False,
) -> None:
    """List the requests that are to be done, the most urgent first.

    The journal row of a request holds whatever else the platform told: `aftercare journal show ROW`.
    """
    from aftercare_sdk.store import privacy

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        found = privacy.still_open(connection) + (privacy.settled(connection) if everything else [])
    if as_json:
        output.write_json([_json(one) for one in found])
        return
    if not found:
        output.note("Nothing has been asked." if everything else "Nothing is to be done.")
        return
    zone, moment = ZoneInfo(settings.brand.zone), now()
    rows = [
        (
            one.key[:_SHOWN],
            one.shop,
            one.kind,
            one.customer,
            output.number(len(one.orders), "order") if one.orders else "",
            str(one.journal),
            _standing(one, moment, zone),
        )
        for one in found
    ]
    headings = ("request", "shop", "asks for", "account", "of", "journal row", "")
    output.show(output.table(headings, rows))


@commands.command("settle")
def settle(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help="The request, as the list shows it.")],
    *,
    note: Annotated[str, typer.Option(help="What was done, and by whom; no personal data.")] = "",
) -> None:
    """Note that a request has been done."""
    from aftercare_sdk.store import journal, privacy
    from aftercare_sdk.store.journal import Arrival, Kind, State

    settings = read_settings(context)
    with open_database(settings) as database, database.write() as connection:
        found = privacy.find(connection, request)
        if len(found) != 1:
            what = "several open requests begin" if found else "no open request begins"
            raise ConfigurationError(f"{what} with {request!r}: see `aftercare privacy requests`")
        (asked,) = found
        privacy.settle(connection, asked.key, note, now())
        arrival = Arrival(
            kind=Kind.COMMAND,
            shop=asked.shop,
            topic="privacy.settle",
            received_at=now(),
            body=asked.key.encode(),
            state=State.DONE,
            outcome=f"request {asked.key[:_SHOWN]} ({asked.kind}) settled" + (f": {note}" if note else ""),
        )
        journal.append(connection, [arrival])
    output.write(f"{asked.key[:_SHOWN]} is settled.")


def _standing(one: Asked, moment: datetime, zone: tzinfo) -> str:
    if one.settled_at is not None:
        done = f"done {output.local(one.settled_at, zone)}"
        return f"{done}: {one.note}" if one.note else done
    due = output.local(one.due_at, zone)
    when = f"LATE: was due {due}" if one.due_at <= moment else f"due {due}"
    return f"{when}: {one.note}" if one.note else when


def _json(one: Asked) -> dict[str, object]:
    return {
        "request": one.key,
        "shop": one.shop,
        "kind": one.kind,
        "reference": one.reference,
        "customer": one.customer,
        "orders": list(one.orders),
        "journal": one.journal,
        "received_at": output.instant(one.received_at),
        "due_at": output.instant(one.due_at),
        "settled_at": output.instant(one.settled_at),
        "note": one.note,
    }
