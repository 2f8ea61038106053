"""The endpoint as an ASGI application: `/webhooks/{shop}`, `/healthz` and `/readyz`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.receive import NOT_STORED, TOO_LARGE, Reply, answer
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.model.shops import RawRequest

INTERRUPTED = Reply(400, "the body broke off")
"""Nobody reads this answer; it is what the log says."""

Readiness = Callable[[], Mapping[str, str]]
"""Returns what is not ready, by name, with the reason in words; empty: everything is."""


def make_app(aftercare: Aftercare, readiness: Readiness) -> Starlette:
    """Return the application. It answers a webhook only after the commit that holds it."""
    limit = aftercare.brand.settings.server.body_limit

    def _response(shop: str, reply: Reply) -> JSONResponse:
        # What stands in the path of a request may be anything; only names of our own are logged.
        known = shop if aftercare.brand.adapter(shop) else "unknown"
        log.info("webhook", shop=known, status=reply.status, outcome=reply.body)
        return JSONResponse({"outcome": reply.body}, reply.status)

    async def webhook(request: Request) -> JSONResponse:
        shop = request.path_params["shop"]
        try:
            body = await _body(request, limit)
        except ClientDisconnect:
            return _response(shop, INTERRUPTED)
        if body is None:
            return _response(shop, TOO_LARGE)
        # Header names and values are Latin-1 on the wire; what is not cannot be a signature anyhow.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}
        admitted = aftercare.admit(shop, RawRequest(headers=headers, body=body, path=request.url.path))
        if isinstance(admitted, Reply):
            return _response(shop, admitted)
        try:
            return _response(shop, answer(was_new=await asyncio.wrap_future(admitted)))
        except StorageUnavailable as error:
            log.error("webhook not stored", shop=shop, problem=str(error))
            return _response(shop, NOT_STORED)

    async def alive(request: Request) -> JSONResponse:
        del request
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        del request
        problems = await asyncio.to_thread(readiness)
        status = 503 if problems else 200
        return JSONResponse(
            {"status": "not ready" if problems else "ready", "problems": dict(problems)}, status
        )

    return Starlette(
        routes=[
            Route("/webhooks/{shop}", webhook, methods=["POST"]),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ]
    )


async def _body(request: Request, limit: int) -> bytes | None:
    """Read the body, or return None as soon as it is known to be over the limit."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > limit:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)
