"""What the commands of adapters have in common: `aftercare <platform> webhooks install` and `… check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.shops import Shop

ShopOption = Annotated[
    str | None, typer.Option("--shop", metavar="NAME", help="The shop; may be left out if there is only one.")
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


def webhook_commands(
    platform: str, *, install: Callable[..., None], check: Callable[..., None]
) -> typer.Typer:
    """Return the group of commands of a platform, such as `WooCommerce`, with those for its webhooks."""
    plain: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
    group = typer.Typer(help=f"A {platform} shop's side of the connection.", **plain)
    hooks = typer.Typer(help=f"The webhooks of a {platform} shop.", **plain)
    hooks.command("install")(install)
    hooks.command("check")(check)
    group.add_typer(hooks, name="webhooks")
    return group


def webhooks_target(shop: Shop, url: str | None) -> str:
    """Return where the webhooks of a shop are to go: `url`, else what its option `webhooks_url` says.

    Raises ConfigurationError if neither does.
    """
    target = url or str(shop.options.get("webhooks_url") or "")
    if not target:
        raise ConfigurationError(
            f"shop {shop.name!r}: say where the webhooks are to go to: --url https://<your server>/webhooks/"
            f"{shop.name}, or webhooks_url under [shops.{shop.name}]"
        )
    return target
