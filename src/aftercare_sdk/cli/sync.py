"""`aftercare sync`: list the shops now, and say what webhooks had not told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings
from aftercare_sdk.errors import DeciderBusy

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.store.streams import Stand


def sync(
    context: typer.Context,
    *,
    shop: Annotated[
        str | None,
        typer.Option(metavar="SHOP", help="Only this shop; without it: every shop that can be listed."),
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Only tell where each listing stands.")] = False,
    as_json: Json = False,
) -> None:
    """List what was modified in the shops, without waiting for the next time.

    A server that is running does this by itself. Every listing begins where the last one was cut off. What it
    brings is processed here, unless a server is doing that.
    """
    settings = read_settings(context)
    if shop is not None and shop not in settings.shops:
        known = ", ".join(sorted(settings.shops))
        raise typer.BadParameter(f"there is no shop {shop!r}; configured: {known}", param_hint="--shop")
    before = {} if status else _stands(settings, shop)
    after = _stands(settings, shop) if status else _list(settings, shop)
    if as_json:
        output.write_json([_row(one, before) for one in after.values()])
        return
    _show(list(after.values()), before, ZoneInfo(settings.brand.zone))


_Stands = dict[tuple[str, str], "Stand"]


def _stands(settings: Settings, shop: str | None) -> _Stands:
    from aftercare_sdk.store import streams

    with open_database(settings) as database, database.read() as connection:
        return {
            (one.shop, one.name): one
            for one in streams.listing(connection)
            if shop is None or one.shop == shop
        }


def _list(settings: Settings, shop: str | None) -> _Stands:
    """List until nothing is due any more, with a bar for each stream."""
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.store import streams

    with Aftercare(settings) as aftercare:
        wanted = aftercare.listings(shop)
        if not wanted:
            where = f"shop {shop!r}" if shop else "any shop"
            output.note(
                f"Nothing can be listed of {where}: its adapter needs an address and keys, or cannot list."
            )
        database = aftercare.brand.database
        with database.write() as connection:
            streams.ensure(connection, wanted, now())
            streams.hurry(connection, wanted, now())
        with output.progress("Listing", None) as tell:
            while aftercare.sync(shop):
                _process(aftercare)
                with database.read() as connection:
                    stands = streams.listing(connection)
                tell(
                    sum(one.listed for one in stands if (one.shop, one.name) in wanted and one.began_at),
                    sum(one.total or 0 for one in stands if (one.shop, one.name) in wanted and one.began_at),
                )
        _process(aftercare)
        with database.read() as connection:
            return {
                (one.shop, one.name): one
                for one in streams.listing(connection)
                if (one.shop, one.name) in wanted
            }


def _process(aftercare: Any) -> None:
    with suppress(DeciderBusy):  # a server is running, and does this
        aftercare.process()


def _row(one: Stand, before: _Stands) -> dict[str, Any]:
    old = before.get((one.shop, one.name))
    told = asdict(one)
    del told["lease"], told["position"]
    return {**told, "closed_now": one.closed - (old.closed if old else 0)}


def _show(stands: Sequence[Stand], before: _Stands, zone: tzinfo) -> None:
    if not stands:
        return
    rows = []
    for one in stands:
        old = before.get((one.shop, one.name))
        rows.append(
            (
                one.shop,
                one.name,
                _standing(one, zone),
                str(one.closed - (old.closed if old else 0)),
                str(one.closed),
            )
        )
    output.show(output.table(("shop", "listing", "", "gaps closed now", "in all"), rows))


def _standing(one: Stand, zone: tzinfo) -> str:
    if one.error:
        return f"failed, again at {one.due_at.astimezone(zone):%Y-%m-%d %H:%M}: {one.error}"
    if one.began_at is not None:
        return f"{one.listed} of {one.total or 'an unknown number'} listed"
    if one.finished_at is not None:
        return f"complete as of {one.finished_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return "not begun"
