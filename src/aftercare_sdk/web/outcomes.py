"""`POST /outcomes/{channel}`: what a mail provider tells of messages that have left (SEND-05)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.receive import Reply
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.web.bodies import read_body


def routes(aftercare: Aftercare) -> list[Route]:
    """Return the route of outcomes. It answers after the commit that holds them."""
    limit = aftercare.brand.settings.server.body_limit

    async def take(request: Request) -> JSONResponse:
        channel = request.path_params["channel"]
        body = await read_body(request.headers.get("content-length", ""), request.receive, limit)
        if isinstance(body, Reply):
            reply = body
        else:
            raw = RawRequest(headers=dict(request.headers), body=body, path=request.url.path)
            reply = await asyncio.to_thread(aftercare.receive_outcomes, channel, raw)
        # What stands in the path of a request may be anything; only names of our own are logged.
        known = channel if channel in aftercare.brand.settings.channels else "unknown"
        log.info("outcomes", channel=known, status=reply.status, outcome=reply.body)
        return JSONResponse({"outcome": reply.body}, reply.status)

    return [Route("/outcomes/{channel}", take, methods=["POST"])]
