"""`aftercare rewards`: what can be had for points, who has what, redeeming and cancelling by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_database, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import tzinfo

    from aftercare_sdk.store.redemptions import Redemption

_SHOWN = 12
"""So much of a key tells two redemptions apart for a person."""
_ACTOR = "operator"

commands = typer.Typer(help="Let customers have rewards for their points.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="The account, as shop/id.", metavar="SHOP/ACCOUNT")]


@commands.command("list")
def listing(context: typer.Context, account: Account, *, as_json: Json = False) -> None:
    """List what a customer has redeemed, the oldest first."""
    from aftercare_sdk.store import people, redemptions

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        found = people.search(connection, account)
        if not found:
            raise ConfigurationError(f"nobody is known as {account!r}; see `aftercare timeline`")
        persons = people.identities_of(connection, found.values())
        redeemed = redemptions.of_identities(
            connection, [each for several in persons.values() for each in several]
        )
    if as_json:
        output.write_json([_json(one) for one in redeemed])
        return
    if not redeemed:
        output.note("Nothing has been redeemed.")
        return
    zone = ZoneInfo(settings.brand.zone)
    rows = [_row(one, zone) for one in redeemed]
    headings = ("redemption", "reward", "points", "code", "since", "until", "")
    output.show(output.table(headings, rows))


@commands.command("redeem")
def redeem(
    context: typer.Context,
    account: Account,
    reward: Annotated[str, typer.Argument(help="The reward, as [plugins.loyalty.rewards] names it.")],
    *,
    plugin: Annotated[str, typer.Option(help="The plugin that offers it.")] = "loyalty",
    request: Annotated[
        str, typer.Option(help="A name for what is asked: the same one again changes nothing.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Let a customer have a reward; the platform makes its code as soon as `aftercare work` runs."""
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.redeeming import redeem

    with Aftercare(read_settings(context)) as aftercare:
        done = redeem(aftercare.brand, account, reward, plugin=plugin, request=request, actor=_ACTOR)
    if as_json:
        output.write_json(_json(done))
        return
    what = f"code {done.code}" if done.code else f"tag {done.reward.tag}"
    output.write(f"{done.key[:_SHOWN]}: {done.reward.name} for {done.reward.cost:,} points, {what}.")


@commands.command("cancel")
def cancel(
    context: typer.Context,
    redemption: Annotated[str, typer.Argument(help="Its code, or its name in the list.")],
) -> None:
    """Call off a reward that was not used yet: its code stops working, and its points come back."""
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.redeeming import cancel

    with Aftercare(read_settings(context)) as aftercare:
        done = cancel(aftercare.brand, redemption, actor=_ACTOR)
    output.write(f"{done.key[:_SHOWN]} is cancelled; {done.reward.cost:,} points come back.")


def _row(one: Redemption, zone: tzinfo) -> tuple[str, ...]:
    from aftercare_sdk.model.points.expiry import FOREVER

    return (
        one.key[:_SHOWN],
        one.reward.name,
        f"{one.reward.cost:,}",
        one.code or f"tag {one.reward.tag}",
        output.local(one.redeemed_at, zone),
        "" if one.expires_at == FOREVER else output.local(one.expires_at, zone),
        f"{one.state}" if one.spent else f"{one.state}, points are back",
    )


def _json(one: Redemption) -> dict[str, object]:
    from aftercare_sdk.model.points.expiry import FOREVER

    return {
        "redemption": one.key,
        "plugin": one.plugin,
        "reward": one.reward.name,
        "points": one.reward.cost,
        "code": one.code or None,
        "tag": one.reward.tag,
        "shop": one.shop,
        "state": one.state,
        "spent": one.spent,
        "orders": list(one.uses),
        "redeemed_at": output.instant(one.redeemed_at),
        "expires_at": None if one.expires_at == FOREVER else output.instant(one.expires_at),
        "actor": one.actor,
    }
