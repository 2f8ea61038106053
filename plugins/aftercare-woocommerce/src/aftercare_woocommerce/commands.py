"""`aftercare woocommerce …`: commands for the shop's side of the connection."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.commands import ShopOption, UrlOption, webhook_commands, webhooks_target

if TYPE_CHECKING:
    from aftercare_sdk.model.console import Console
    from aftercare_sdk.model.shops import Shop
    from aftercare_woocommerce.client import RestClient


def build() -> typer.Typer:
    """Return the group of commands."""
    return webhook_commands("WooCommerce", install=install, check=check)


def install(
    context: typer.Context,
    url: UrlOption = None,
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
    target = webhooks_target(connected, url)
    secret, told = _secret(connected, secret_file)
    changes = webhooks.install(client, shop=connected.name, url=target, secret=secret, move=move)
    for change in changes:
        console.write(f"{change.topic}: {change.deed} (webhook {change.webhook})")
    findings = webhooks.check(client, shop=connected.name, url=target)
    for finding in findings:
        console.note(str(finding))
    slip = webhooks.unusual(target, shop=connected.name)
    if slip:
        # An address to mend, and neither to keep nor to move anything to.
        console.note(slip)
    elif any(finding.problem is webhooks.Problem.ELSEWHERE for finding in findings):
        console.note(
            "What goes elsewhere may be another installation's. If it is of an address from before, run this "
            "again with --move: it is redirected, or paused where it would be one too many."
        )
    for line in (*(() if slip else _to_write(connected, target)), *told):
        console.note(line)


def check(context: typer.Context, url: UrlOption = None, shop: ShopOption = None) -> None:
    """Say what is wrong with the webhooks of a shop; the exit code is 1 if anything is."""
    from aftercare_woocommerce import webhooks

    console: Console = context.obj
    connected, client = _connected(console, shop)
    target = webhooks_target(connected, url)
    findings = webhooks.check(client, shop=connected.name, url=target)
    for finding in findings:
        console.write(str(finding))
    slip = webhooks.unusual(target, shop=connected.name)
    if slip:
        console.note(slip)
    if findings:
        more = "" if slip else "; with --move also what goes elsewhere"
        console.note(f"`aftercare woocommerce webhooks install` mends this{more}")
        raise typer.Exit(1)
    console.note(f"{len(webhooks.TOPICS)} webhooks are active")


def _connected(console: Console, name: str | None) -> tuple[Shop, RestClient]:
    from aftercare_woocommerce.adapter import rest_client

    shop, _ = console.shop("woocommerce", name)
    return shop, rest_client(shop)


def _to_write(shop: Shop, url: str) -> tuple[str, ...]:
    """Return the line by which the configuration knows the address of the webhooks, unless it does."""
    from aftercare_woocommerce import webhooks

    known = str(shop.options.get("webhooks_url") or "")
    if webhooks.same(known, url):
        return ()
    instead = f", in place of {known}" if known else ""
    line = (
        f'Also write webhooks_url = "{url}" under [shops.{shop.name}]{instead}: webhooks that the shop '
        "switches off after failures are then switched on again."
    )
    return (line,)


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
