"""The endpoint as an ASGI application: webhooks, outcomes, pages for customers, `/healthz` and `/readyz`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.receive import NOT_STORED, Reply, answer
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.web import outcomes
from aftercare_sdk.web.bodies import read_body
from aftercare_sdk.web.customers import app as customers

Readiness = Callable[[], Mapping[str, str]]
"""Returns what is not ready, by name, with the reason in words; empty: everything is."""


def make_app(aftercare: Aftercare, readiness: Readiness, more: Sequence[Route] = ()) -> Starlette:
    """Return the application. It answers a webhook only after the commit that holds it.

    `more`: routes beside its own.
    """

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

    webhooks = _Webhooks(aftercare)
    return _App(
        webhooks,
        routes=[
            Route("/webhooks/{shop}", webhooks, methods=["POST"]),
            *outcomes.routes(aftercare),
            Route("/healthz", alive),
            Route("/readyz", ready),
            *customers.routes(aftercare),
            *more,
        ],
    )


class _App(Starlette):
    """Starlette, but for the one request that comes thousands of times, which goes straight to its place."""

    def __init__(self, webhooks: _Webhooks, routes: Sequence[Route]) -> None:
        super().__init__(routes=routes)
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request. What differs in anything, the router judges."""
        if scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path"):
            place, _, shop = scope["path"].rpartition("/")
            if place == "/webhooks" and shop:
                await self._webhooks.take(shop, scope, receive, send)
                return
        await super().__call__(scope, receive, send)


class _Webhooks:
    """Answers `POST /webhooks/{shop}`, as an ASGI application of its own."""

    def __init__(self, aftercare: Aftercare) -> None:
        self._aftercare = aftercare
        self._limit = aftercare.brand.settings.server.body_limit
        self._answered: Counter[tuple[str, Reply]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.take(scope["path_params"]["shop"], scope, receive, send)

    async def take(self, shop: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a webhook in, and answer it after the commit that holds it."""
        # Header names and values are Latin-1 on the wire; what is not cannot be a signature anyhow.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await read_body(headers.get("content-length", ""), receive, self._limit)
        if isinstance(body, Reply):
            reply = body
            self._aftercare.reject(reply.status)
        else:
            reply = await self._reply(shop, RawRequest(headers=headers, body=body, path=scope["path"]))
        self._note(shop, reply)
        for message in _response(reply):
            await send(message)

    async def _reply(self, shop: str, request: RawRequest) -> Reply:
        admitted = self._aftercare.admit_in_loop(shop, request)
        if isinstance(admitted, Reply):
            return admitted
        try:
            return answer(was_new=await admitted)
        except StorageUnavailable as error:
            log.error("webhook not stored", shop=shop, problem=str(error))
            return NOT_STORED

    def _note(self, shop: str, reply: Reply) -> None:
        """Log what was answered: one line for all that are answered alike in one turn of the loop."""
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._tell)
        # What stands in the path of a request may be anything; only names of our own are logged.
        known = shop if self._aftercare.brand.adapter(shop) else "unknown"
        self._answered[known, reply] += 1

    def _tell(self) -> None:
        answered, self._answered = self._answered, Counter()
        for (shop, reply), count in answered.items():
            log.info("webhook", shop=shop, status=reply.status, outcome=reply.body, count=count)


@cache
def _response(reply: Reply) -> tuple[Message, Message]:
    """Return a reply as ASGI sends it; there are fewer than ten of them."""
    response = JSONResponse({"outcome": reply.body}, reply.status)
    start = {"type": "http.response.start", "status": reply.status, "headers": response.raw_headers}
    return start, {"type": "http.response.body", "body": response.body}
