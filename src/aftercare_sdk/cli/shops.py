"""`aftercare shops`: which shops there are, and whether each is connected."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings
from aftercare_sdk.errors import ConfigurationError

commands = typer.Typer(help="List the shops, or connect one again.", invoke_without_command=True)


@commands.callback()
def listing(context: typer.Context, *, as_json: Json = False) -> None:
    """List the shops with their adapter, and whether each is connected.

    A shop that has ended its connection, such as one that has uninstalled the app, is asked for nothing and
    sent nothing.
    """
    from aftercare_sdk.store import connections

    if context.invoked_subcommand is not None:
        return
    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        ended = connections.all_ended(connection)
    if as_json:
        output.write_json(
            [
                {
                    "shop": name,
                    "adapter": shop.adapter,
                    "connected": name not in ended,
                    "disconnected_at": output.instant(ended[name].at) if name in ended else None,
                    "reason": ended[name].reason if name in ended else "",
                }
                for name, shop in settings.shops.items()
            ]
        )
        return
    zone = ZoneInfo(settings.brand.zone)
    rows = [
        (
            name,
            shop.adapter,
            f"disconnected since {output.local(ended[name].at, zone)}: {ended[name].reason}"
            if name in ended
            else "connected",
        )
        for name, shop in settings.shops.items()
    ]
    output.show(output.table(("shop", "adapter", "state"), rows))
    if any(name in ended for name in settings.shops):
        output.note("Connect it on its platform first, then here: `aftercare shops reconnect SHOP`.")


@commands.command("reconnect")
def reconnect(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The shop, by the name that the list shows.")],
) -> None:
    """Connect a shop again that had ended its connection.

    Everything that waited goes on. What was due longer ago than its window allows is not sent.
    """
    from aftercare_sdk.store import connections, journal
    from aftercare_sdk.store.journal import Arrival, Kind, State

    settings = read_settings(context)
    if name not in settings.shops:
        raise ConfigurationError(f"no shop {name!r} is configured: {', '.join(settings.shops) or 'none'}")
    with open_database(settings) as database, database.write() as connection:
        ended = connections.reconnect(connection, name, now())
        if ended is not None:
            arrival = Arrival(
                kind=Kind.COMMAND,
                shop=name,
                topic="shops.reconnect",
                received_at=now(),
                body=b"",
                state=State.DONE,
                outcome=f"shop {name} connected again; it was not: {ended.reason}",
            )
            journal.append(connection, [arrival])
    output.write(f"{name} is connected." if ended is None else f"{name} is connected again.")
