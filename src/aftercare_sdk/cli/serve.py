"""`aftercare serve`: the endpoint, and the work behind it."""

from __future__ import annotations

from typing import Annotated

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import read_settings
from aftercare_sdk.errors import ConfigurationError

_SERVER = frozenset({"starlette", "uvicorn", "uvloop", "httptools", "anyio", "h11"})
_DEMO = frozenset({"aiosmtpd"})


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; else [server] host, else 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="The port, 0 for a free one; else [server] port, else 8000."),
    ] = None,
    *,
    dev: Annotated[
        bool,
        typer.Option(
            "--dev",
            help="For trying out: mails of every channel are caught and shown at /dev, none leaves this "
            "machine. Listens on this machine only, and never uses a live database.",
        ),
    ] = False,
) -> None:
    """Listen for webhooks and do the work behind them.

    Goes on until it is stopped. POST /webhooks/SHOP takes requests in, /c/ is where the links in messages
    lead, /healthz and /readyz tell how it is. The log goes to stderr.
    """
    settings = read_settings(context)
    try:
        from aftercare_sdk.web import serve as web

        if dev:
            from aftercare_sdk.web.devmail.dev import MOST_BYTES, MOST_MAILS, Dev
            from aftercare_sdk.web.devmail.trap import MailTrap
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _SERVER | _DEMO:
            raise
        extras = "server,demo" if dev else "server"
        raise ConfigurationError(
            f'the server needs {error.name}, which is not installed: pip install "aftercare-sdk[{extras}]"'
        ) from None
    if dev:
        with MailTrap(most=MOST_MAILS, most_bytes=MOST_BYTES) as trap:
            code = web.serve(settings.source, host=host, port=port, dev=Dev(trap=trap, tell=output.note))
    else:
        code = web.serve(settings.source, host=host, port=port)
    if code:
        raise typer.Exit(code)
