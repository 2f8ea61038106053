"""`aftercare shopify …`: commands for the shop's side of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aftercare_sdk.shops.commands import ShopOption, UrlOption, webhook_commands, webhooks_target

if TYPE_CHECKING:
    from aftercare_sdk.model.console import Console
    from aftercare_sdk.model.shops import Shop
    from aftercare_shopify.client import ShopifyClient


def build() -> typer.Typer:
    """Return the group of commands."""
    return webhook_commands("Shopify", install=install, check=check)


def install(
    context: typer.Context,
    url: UrlOption = None,
    shop: ShopOption = None,
    *,
    move: Annotated[
        bool,
        typer.Option("--move", help="Also redirect subscriptions of this app that go to another address."),
    ] = False,
) -> None:
    """Make the subscriptions that the shop needs, and mend those that are there.

    Not for an app whose own configuration file subscribes: everything would be sent twice.
    """
    from aftercare_shopify import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    target = webhooks_target(connected, url)
    told = webhooks.install(client, shop=connected.name, url=target, move=move)
    for change in told.changes:
        console.write(f"{change.topic}: {change.deed} ({change.subscription})")
    for finding in told.findings:
        console.write(str(finding))
    after = [
        one
        for one in webhooks.check(client, shop=connected.name, url=target)
        if one.topic not in {finding.topic for finding in told.findings}
    ]
    for finding in after:
        console.note(str(finding))
    _remind(console, connected, target)
    if told.findings:
        raise typer.Exit(1)


def check(context: typer.Context, url: UrlOption = None, shop: ShopOption = None) -> None:
    """Say what is wrong with the subscriptions of a shop; the exit code is 1 if anything is."""
    from aftercare_shopify import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    target = webhooks_target(connected, url)
    findings = webhooks.check(client, shop=connected.name, url=target)
    for finding in findings:
        console.write(str(finding))
    needed = [topic for topic in webhooks.TOPICS if topic not in webhooks.OPTIONAL]
    missing = [finding.topic for finding in findings if finding.problem is webhooks.Problem.MISSING]
    if missing == needed:
        console.note(
            "The API shows no subscription of this app. If its configuration file (shopify.app.toml) "
            "subscribes, nothing is to be installed: such subscriptions belong to all shops of the app, and "
            "the API does not show them."
        )
    _remind(console, connected, target)
    if findings:
        console.note("`aftercare shopify webhooks install` mends this; with --move also what goes elsewhere")
        raise typer.Exit(1)
    console.note(f"{len(needed)} topics are subscribed")


def _remind(console: Console, shop: Shop, url: str) -> None:
    """Say what neither command can do."""
    from aftercare_shopify import webhooks

    console.note(
        f"{', '.join(webhooks.COMPLIANCE)}: no API subscribes to these or shows them. A public app must set "
        "them in its configuration file, and release it with `shopify app deploy` (or in the app's settings "
        "at dev.shopify.com):"
    )
    for line in webhooks.by_configuration(url):
        console.note(f"    {line}")
    if not shop.secrets:
        console.note(
            f"shops.{shop.name}.secret is not set: what Shopify sends is signed with the client secret of "
            "the app, and is refused until it is given there."
        )


def _connected(console: Console, name: str | None) -> tuple[Shop, ShopifyClient]:
    from aftercare_shopify.client import client_of

    shop, _ = console.shop("shopify", name)
    return shop, client_of(shop)
