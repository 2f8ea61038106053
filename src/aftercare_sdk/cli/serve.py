"""`aftercare serve`: the endpoint, and the work behind it."""

from __future__ import annotations

from typing import Annotated

import typer

from aftercare_sdk.cli.opening import read_settings
from aftercare_sdk.errors import ConfigurationError

_EXTRA = frozenset({"starlette", "uvicorn", "uvloop", "httptools", "anyio", "h11"})


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; else [server] host, else 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="The port, 0 for a free one; else [server] port, else 8000."),
    ] = None,
) -> None:
    """Listen for webhooks and do the work behind them.

    Goes on until it is stopped. POST /webhooks/SHOP takes requests in, /healthz and /readyz tell how it
    is. The log goes to stderr.
    """
    settings = read_settings(context)
    try:
        from aftercare_sdk.web import serve as web
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ConfigurationError(
            f'the server needs {error.name}, which is not installed: pip install "aftercare-sdk[server]"'
        ) from None
    code = web.serve(settings.source, host=host, port=port)
    if code:
        raise typer.Exit(code)
