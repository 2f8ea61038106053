"""`aftercare init`: a configuration to begin with."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Invocation
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.model.shops import AdapterType

_LIKELY = "woocommerce"
_SECRETS = {"woocommerce": "WOO_SECRET", "customshop": "SHOP_SECRET"}
_LANGUAGES = {"JP": "ja"}

_FILE = """\
# What an online shop does after the sale. Times are written as "1h" or "3 days".
# Secrets never stand in this file, only the environment variables that hold them.
# `aftercare doctor` says whether everything is in place.

[brand]
# The name that customers know.
name = {name}
# The language for customers of whom nothing else is known: "ja" or "en".
locale = "{locale}"
# The country of the shop, two letters. Its time zone follows from it if it has only one;
# else write, for instance, zone = "America/New_York".
{country}

# Where everything is kept: one file, no server. It is made when it is needed.
# For PostgreSQL: url = {{ env = "DATABASE_URL" }}
[database]
url = "sqlite:///aftercare.db"

# One shop. Its name becomes part of the address for webhooks, /webhooks/main, and of all
# ids: choose one that you can keep.
[shops.main]
# The kind of shop. Installed here: {adapters}.
adapter = "{adapter}"
# The secret that signs webhooks is in this environment variable, and the same in the shop.
secrets = [{{ env = "{secret}" }}]
# The currency of orders that name none, three letters.
# currency = "JPY"
{url}
# How messages leave. This one writes every mail as a file into the folder "mails",
# so that nothing reaches a customer while you try things out.
[channels.email]
kind = "maildir"
path = "mails"
# The address that messages come from. Write your own.
sender = "hello@shop.example"
# To send for real, replace the lines kind and path by these:
# kind = "smtp"
# host = "smtp.shop.example"
# username = "hello@shop.example"
# password = {{ env = "SMTP_PASSWORD" }}

# Which messages are sent. This one thanks for a purchase, at most once in seven days.
[plugins.flows.thank-you]
# How long after the purchase.
delay = "1h"
"""
_URL = """\
# The address of the shop, which templates can show.
# url = "https://shop.example"
"""


def init(
    context: typer.Context,
    *,
    adapter: Annotated[
        str | None,
        typer.Option(
            help="The kind of shop, of those installed. Without it: the only one, else woocommerce.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The name that customers know.")] = "My shop",
    country: Annotated[
        str | None, typer.Option(help="The country of the shop, such as JP.", show_default=False)
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option(
            help="The file to write. Without it: that of --config, else aftercare.toml in this folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a configuration with comments to begin with.

    Never overwrites a file. Mails become files in a folder until a mail server is configured.
    """
    from aftercare_sdk.config import FILE_NAME, parse

    file = path or (context.find_object(Invocation) or Invocation()).config or Path(FILE_NAME)
    adapters = _installed()
    chosen = _choose(adapter, adapters)
    text = _written(name, country, chosen, adapters)
    parse(tomllib.loads(text), file.absolute())  # says what is wrong with a name or a country
    _write(file, text)
    secret = _secret(chosen)
    output.write(str(file))
    output.note(
        f"Written for {chosen}. Next:\n"
        f"  put the secret that signs the shop's webhooks into the environment variable {secret}\n"
        f"  aftercare doctor"
    )


def _installed() -> dict[str, AdapterType]:
    from aftercare_sdk.engine.brand import builtin_plugins
    from aftercare_sdk.plugins import find_plugins, load_plugins

    return dict(load_plugins((*builtin_plugins(), *find_plugins())).parts.adapters)


def _choose(wanted: str | None, adapters: dict[str, AdapterType]) -> str:
    if not adapters:
        raise ConfigurationError(
            "no adapter for a shop is installed; install one, such as `pip install aftercare-woocommerce`, "
            "and run this command again"
        )
    if wanted is None:
        return _LIKELY if _LIKELY in adapters else min(adapters)
    if wanted not in adapters:
        raise ConfigurationError(
            f"there is no adapter {wanted!r} ({', '.join(sorted(adapters))}); "
            f"name one of these, or install its plugin, such as `pip install aftercare-{wanted}`"
        )
    return wanted


def _written(name: str, country: str | None, adapter: str, adapters: dict[str, AdapterType]) -> str:
    options = adapters[adapter].options
    has_url = options is not None and "url" in options().fields
    return _FILE.format(
        name=_quoted(name),
        locale=_LANGUAGES.get(country or "", "en"),
        country=f"country = {_quoted(country)}" if country else '# country = "JP"',
        adapters=", ".join(sorted(adapters)),
        adapter=adapter,
        secret=_secret(adapter),
        url=_URL if has_url else "",
    )


def _quoted(text: str) -> str:
    """Return a string of TOML, which is written like one of JSON, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _secret(adapter: str) -> str:
    return _SECRETS.get(adapter) or f"{adapter.upper().replace('-', '_')}_SECRET"


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError(
            f"there is a file {file} already, and it stays as it is; "
            "change it, or name another file with --path"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({error.strerror}); name a file in a folder that exists with --path"
        ) from None
