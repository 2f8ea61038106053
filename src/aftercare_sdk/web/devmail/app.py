"""The routes of the page with caught mails: `/dev`, and `/dev/mails/{number}`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from aftercare_sdk.web.devmail.dev import is_loopback
from aftercare_sdk.web.devmail.page import Page
from aftercare_sdk.web.devmail.paper import POLICY
from aftercare_sdk.web.devmail.trap import MailTrap

_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def routes(trap: MailTrap, *, zone: tzinfo, call: str, commands: Callable[[], Sequence[str]]) -> list[Route]:
    """Return the routes. Times are told in `zone`; while nothing has come, `commands` are shown.

    `call` is how `aftercare` is called for this configuration.
    """
    page = Page(zone=zone, call=call)

    async def mails(request: Request) -> Response:
        return _guarded(request) or HTMLResponse(
            page.listing(tuple(trap.mails), commands()), headers=_HEADERS
        )

    async def mail(request: Request) -> Response:
        if refused := _guarded(request):
            return refused
        caught = tuple(trap.mails)
        found = next((one for one in caught if one.number == request.path_params["number"]), None)
        if found is None:
            return HTMLResponse(page.missing(caught), 404, headers=_HEADERS)
        return HTMLResponse(page.mail(found, caught), headers=_HEADERS)

    return [Route("/dev", mails), Route("/dev/mails/{number:int}", mail)]


def _guarded(request: Request) -> Response | None:
    """Refuse who comes by another name than that of this machine.

    The server listens on loopback only. But a tunnel leads the world there, and so does a web page whose
    name suddenly resolves to 127.0.0.1; both tell their own name.
    """
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        host = ""
    if is_loopback(host):
        return None
    return PlainTextResponse(
        "The caught mails are shown on this machine only: open http://127.0.0.1 with the server's port.\n",
        403,
        headers=_HEADERS,
    )
