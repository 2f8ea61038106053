"""`aftercare suppressions`: who is not written to any more."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings

if TYPE_CHECKING:
    from datetime import tzinfo

    from aftercare_sdk.store.suppressions import Suppression

_BY = "operator"
_SHOWN = 12
"""So much of a hash tells two addresses apart for a person."""

commands = typer.Typer(
    help="See which addresses are not written to any more, add one, or let one go.", no_args_is_help=True
)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The e-mail address, in any capitals.")]


class Why(StrEnum):
    """What a person may say against an address."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


@commands.command("list")
def listing(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have been let go.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what stands against addresses, newest first.

    The addresses themselves are not kept here, so none can be shown.
    """
    from aftercare_sdk.store import suppressions

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        found, count = suppressions.listing(connection, everything=everything, limit=limit)
    if as_json:
        output.write_json({"suppressions": [_json(one) for one in found], "count": count})
        return
    if not found:
        output.note("No address is suppressed.")
        return
    zone = ZoneInfo(settings.brand.zone)
    rows = [
        (
            one.address[:_SHOWN],
            one.kind,
            one.reason.value,
            one.purpose or "",
            one.source,
            _since(one, zone),
        )
        for one in found
    ]
    output.show(output.table(("hash", "kind", "reason", "purpose", "told by", "since"), rows), "")
    if count > len(found):
        output.note(f"{len(found)} of {count} are shown; --limit shows more.")


@commands.command("add")
def add(
    context: typer.Context,
    address: Address,
    *,
    reason: Annotated[Why, typer.Option(help="What has happened.")] = Why.UNSUBSCRIBE,
) -> None:
    """Write to an address no more."""
    from aftercare_sdk.engine.suppressing import suppress
    from aftercare_sdk.model.outcomes import SuppressionReason

    _check(address)
    with open_database(read_settings(context)) as database:
        news = suppress(database, address, SuppressionReason(reason.value), at=now(), by=_BY)
    output.write("It is suppressed." if news else "It was suppressed for that already.")


@commands.command("lift")
def lift(context: typer.Context, address: Address) -> None:
    """Let an address be written to again, because its owner wants that, or its mailbox is there again."""
    from aftercare_sdk.engine.suppressing import let_go

    _check(address)
    with open_database(read_settings(context)) as database:
        lifted, left = let_go(database, address, at=now(), by=_BY)
    output.write("It may be written to again." if lifted else "Nothing stood against this address itself.")
    if left:
        output.note("The same person has objected at another address; that still counts. Lift that one too.")


def _check(address: str) -> None:
    from aftercare_sdk.outreach.addresses import UnusableAddress, parse_address

    try:
        parse_address(address)
    except UnusableAddress as error:
        raise typer.BadParameter(f"is no e-mail address: {error}", param_hint="ADDRESS") from None


def _since(one: Suppression, zone: tzinfo) -> str:
    since = output.local(one.at, zone)
    if one.lifted_at is None or one.stands:
        return since
    return f"{since}, until {output.local(one.lifted_at, zone)}"


def _json(one: Suppression) -> dict[str, object]:
    return {
        "address_hash": one.address,
        "kind": one.kind,
        "reason": one.reason.value,
        "purpose": one.purpose,
        "source": one.source,
        "since": output.instant(one.at),
        "stands": one.stands,
        "lifted_at": output.instant(one.lifted_at),
        "lifted_by": one.lifted_by or None,
    }
