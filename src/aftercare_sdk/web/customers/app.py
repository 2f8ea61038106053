"""The route of customers, `/c/{token}`: looking changes nothing, only pressing the button does.

Programs follow every link of a mail before the person does. They read pages and press no buttons (FEED-03).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NamedTuple, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.confirming import Confirmation, Stage
from aftercare_sdk.engine.links import PLACE, Links, Offer, Subscription
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import RedemptionRefused, StorageUnavailable
from aftercare_sdk.outreach.locales import parse_locale
from aftercare_sdk.outreach.tokens import Use
from aftercare_sdk.web.customers.page import Pages

MOST_BYTES = 4_096
"""What a form without fields may hold; browsers send nothing."""
AT_ONCE = 4
"""How many of these pages are worked on at a time: health checks need a thread as well."""
_OK, _SEE_OTHER, _NOT_FOUND, _CONFLICT, _GONE, _TOO_LARGE, _BUSY = 200, 303, 404, 409, 410, 413, 503
_RETRY_SECONDS = "30"


def routes(aftercare: Aftercare) -> list[Route]:
    """Return the routes of the pages for customers."""
    return [Route(f"{PLACE}{{token}}", _Customers(aftercare).serve, methods=["GET", "POST"])]


_Shown = TypeVar("_Shown", Subscription, Confirmation, Offer)


class _Answer(NamedTuple):
    status: int
    page: str = ""


class _Customers:
    """Answers customers."""

    def __init__(self, aftercare: Aftercare) -> None:
        self._links = Links(aftercare.brand)
        self._pages = Pages(aftercare.brand.settings.brand.name)
        self._locale = aftercare.brand.settings.brand.locale
        self._headers = {
            "Content-Security-Policy": self._pages.policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
        }
        self._room = asyncio.Semaphore(AT_ONCE)

    async def serve(self, request: Request) -> Response:
        """Show what a link leads to, or do it."""
        lang = _spoken(request.headers.get("accept-language", ""), self._locale)
        token: str = request.path_params["token"]
        is_post = request.method == "POST"
        if is_post and await _is_too_large(request):
            return self._response(_Answer(_TOO_LARGE, self._pages.missing(lang)))
        try:
            async with self._room:
                answer = await asyncio.to_thread(self._pressed if is_post else self._looked_at, token, lang)
        except StorageUnavailable as error:
            log.error("customer page not served", problem=str(error))
            return self._response(_Answer(_BUSY, self._pages.busy(lang)), {"Retry-After": _RETRY_SECONDS})
        if answer.status == _SEE_OTHER:
            # As a relative address it also holds behind a proxy that has moved everything into a folder.
            return self._response(answer, {"Location": token})
        return self._response(answer)

    def _looked_at(self, text: str, lang: str) -> _Answer:
        token = self._links.read(text)
        if token is None:
            return self._missing(lang)
        if token.use is Use.UNSUBSCRIBE:
            return self._subscribed(self._links.subscription(token), lang)
        if token.use is Use.CONFIRM:
            return self._confirmed(self._links.confirmation(token), lang)
        offer = self._links.offer(token)
        return self._missing(lang) if offer is None else _Answer(_OK, self._pages.offer(_in(lang, offer)))

    def _pressed(self, text: str, lang: str) -> _Answer:
        token = self._links.read(text)
        if token is None:
            return self._missing(lang)
        if token.use is Use.UNSUBSCRIBE:
            # Programs of mail providers press it too, and follow no redirection (SEND-01, RFC 8058).
            return self._subscribed(self._links.unsubscribe(token), lang)
        if token.use is Use.CONFIRM:
            return self._confirmed(self._links.confirm(token), lang)
        try:
            offer = self._links.redeem(token)
        except RedemptionRefused as refused:
            log.info("reward not redeemed by link", why=refused.why)
            return self._looked_at(text, lang)._replace(status=_CONFLICT)
        # The page that is shown then can be loaded anew without sending the form again.
        return self._missing(lang) if offer is None else _Answer(_SEE_OTHER)

    def _subscribed(self, subscription: Subscription | None, lang: str) -> _Answer:
        if subscription is None:
            return self._missing(lang)
        return _Answer(_OK, self._pages.subscription(_in(lang, subscription)))

    def _confirmed(self, confirmation: Confirmation | None, lang: str) -> _Answer:
        if confirmation is None:
            return self._missing(lang)
        status = _GONE if confirmation.stage is Stage.ENDED else _OK
        return _Answer(status, self._pages.confirmation(_in(lang, confirmation)))

    def _missing(self, lang: str) -> _Answer:
        return _Answer(_NOT_FOUND, self._pages.missing(lang))

    def _response(self, answer: _Answer, more: dict[str, str] | None = None) -> Response:
        return HTMLResponse(answer.page, answer.status, headers={**self._headers, **(more or {})})


def _in(lang: str, shown: _Shown) -> _Shown:
    """Return what is shown in the language of its mail; if that is forgotten, in the browser's."""
    return shown if shown.locale else replace(shown, locale=lang)


def _spoken(accepted: str, locale: str) -> str:
    """Return the language for somebody of whom only the browser's first wish is known, else the brand's."""
    wished = parse_locale(accepted.partition(",")[0].partition(";")[0][:35]) or parse_locale(locale)
    return wished.language if wished else ""


async def _is_too_large(request: Request) -> bool:
    """Read what was sent, up to the limit. Nothing in it matters: the link says everything."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MOST_BYTES:
        return True
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                return True
    except ClientDisconnect:
        return True
    return False
