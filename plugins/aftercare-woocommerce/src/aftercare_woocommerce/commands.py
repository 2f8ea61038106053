"""`aftercare woocommerce …`: commands for the shop's side of the connection."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.model.console import Console
    from aftercare_sdk.model.shops import Shop
    from aftercare_woocommerce.client import RestClient

ShopOption = Annotated[
    str | None, typer.Option("--shop", metavar="NAME", help="The shop; may be left out if there is only one.")
]
UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the webhooks go to: https://<your server>/webhooks/<name of the shop>.",
    ),
]


def build() -> typer.Typer:
    """Return the group of commands."""
    plain: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
    group = typer.Typer(help="A WooCommerce shop's side of the connection.", **plain)
    hooks = typer.Typer(help="The webhooks of a WooCommerce shop.", **plain)
    hooks.command("install")(install)
    hooks.command("check")(check)
    group.add_typer(hooks, name="webhooks")
    return group


def install(
    context: typer.Context,
    url: UrlOption,
    shop: ShopOption = None,
    *,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            "--secret-file",
            metavar="FILE",
            help="Write a new secret there instead of showing it; or take it from there.",
        ),
    ] = None,
    move: Annotated[
        bool,
        typer.Option("--move", help="Also redirect webhooks that an earlier run made for another address."),
    ] = False,
) -> None:
    """Make the webhooks that the shop needs, and mend those that are there."""
    from aftercare_woocommerce import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    secret, told = _secret(connected, secret_file)
    changes = webhooks.install(client, shop=connected.name, url=url, secret=secret, move=move)
    for change in changes:
        console.write(f"{change.topic}: {change.deed} (webhook {change.webhook})")
    for finding in webhooks.check(client, shop=connected.name, url=url):
        console.note(str(finding))
    for line in told:
        console.note(line)


def check(context: typer.Context, url: UrlOption, shop: ShopOption = None) -> None:
    """Say what is wrong with the webhooks of a shop; the exit code is 1 if anything is."""
    from aftercare_woocommerce import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    findings = webhooks.check(client, shop=connected.name, url=url)
    for finding in findings:
        console.write(str(finding))
    if findings:
        console.note(
            "`aftercare woocommerce webhooks install` mends this; with --move also what goes elsewhere"
        )
        raise typer.Exit(1)
    console.note(f"{len(webhooks.TOPICS)} webhooks are active")


def _connected(console: Console, name: str | None) -> tuple[Shop, RestClient]:
    from aftercare_woocommerce.adapter import rest_client

    shop, _ = console.shop("woocommerce", name)
    return shop, rest_client(shop)


def _secret(shop: Shop, file: Path | None) -> tuple[str, tuple[str, ...]]:
    """Return the secret for the webhooks, and what to tell of it.

    That of the configuration counts; without one, that of the file; and a new one, if there is none at all.
    """
    if shop.secrets:
        return shop.secrets[0], ()
    setting = f"under [shops.{shop.name}], in place of secrets = []"
    if file is not None:
        where = f'secret = {{ file = "{file.resolve()}" }} {setting}'
        return _kept(file), (f"The secret of these webhooks is in {file}; write {where}.",)
    secret = secrets.token_urlsafe(32)
    keep = (
        "Keep it where aftercare is started, such as in WOO_SECRET, and write "
        f'secret = {{ env = "WOO_SECRET" }} {setting}. Until then what the shop sends is refused, and after '
        "seven times the shop stops sending."
    )
    return secret, (f"The new secret of these webhooks, shown this once: {secret}", keep)


def _kept(file: Path) -> str:
    """Return the secret in a file; a new one is written there, for nobody else to read."""
    trouble = ""
    secret = secrets.token_urlsafe(32)
    try:
        if file.exists():
            secret = file.read_text(encoding="utf-8").strip()
            trouble = "" if secret else "it is empty; delete it, so that a new secret is written"
        else:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(f"{secret}\n")
    except (OSError, UnicodeDecodeError) as error:
        trouble = getattr(error, "strerror", None) or "it is not UTF-8"
    if trouble:
        raise ConfigurationError(f"--secret-file {file}: {trouble}")
    return secret
