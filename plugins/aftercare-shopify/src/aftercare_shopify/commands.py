"""`aftercare shopify …`: commands for the shop's side of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.model.console import Console
    from aftercare_sdk.model.shops import Shop
    from aftercare_shopify.client import ShopifyClient

ShopArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SHOP", help="The shop; may be left out if there is only one.", show_default=False
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the webhooks go to: https://<your server>/webhooks/<name of the shop>; without it the "
        "shop's option webhooks_url.",
    ),
]


def build() -> typer.Typer:
    """Return the group of commands."""
    plain: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
    group = typer.Typer(help="A Shopify shop's side of the connection.", **plain)
    hooks = typer.Typer(help="The webhook subscriptions of a Shopify shop.", **plain)
    hooks.command("install")(install)
    hooks.command("check")(check)
    group.add_typer(hooks, name="webhooks")
    return group


def install(
    context: typer.Context,
    shop: ShopArgument = None,
    url: UrlOption = None,
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
    target = _target(connected, url)
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


def check(context: typer.Context, shop: ShopArgument = None, url: UrlOption = None) -> None:
    """Say what is wrong with the subscriptions of a shop; the exit code is 1 if anything is."""
    from aftercare_shopify import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    target = _target(connected, url)
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


def _target(shop: Shop, url: str | None) -> str:
    target = url or str(shop.options.get("webhooks_url") or "")
    if not target:
        raise ConfigurationError(
            f"shop {shop.name!r}: say where the webhooks are to go to: --url https://<your server>/webhooks/"
            f"{shop.name}, or webhooks_url under [shops.{shop.name}]"
        )
    return target


def _connected(console: Console, name: str | None) -> tuple[Shop, ShopifyClient]:
    from aftercare_shopify.client import client_of

    shop, _ = console.shop("shopify", name)
    return shop, client_of(shop)
