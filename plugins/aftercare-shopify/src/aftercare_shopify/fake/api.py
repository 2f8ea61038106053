"""A request in, what Shopify would answer out."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from aftercare_sdk.shops.fakes import Reply
from aftercare_shopify.fake import oauth
from aftercare_shopify.fake.refusals import MissingExtra, Refusal
from aftercare_shopify.fake.shop import FakeShopify

_PATH = re.compile(r"/admin/api/(?P<version>\d{4}-\d{2}|unstable)/graphql\.json")
_OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made, as a test may want to look at it: without its token, and without secrets.

    `operation` is the name of the GraphQL operation, or empty.
    """

    method: str
    path: str
    operation: str = ""
    query: str = field(default="", repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    grant: str = ""


class Api:
    """Answers for one shop; requests come one after the other, from whatever thread.

    `asked` keeps what was asked for, without credentials. `before`, if set, is called with each request
    before it is answered: a test changes the shop there, while somebody pages through it. `fail` makes
    requests fail. Raises MissingExtra without the libraries of the extra `fake`.
    """

    def __init__(self, shop: FakeShopify) -> None:
        try:
            import graphql  # noqa: F401 - only to say at once that it is missing
        except ImportError:
            raise MissingExtra("graphql-core") from None
        self.shop = shop
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], None] | None = None
        self._failures: deque[Reply | None] = deque()

    def fail(
        self,
        *,
        times: int = 1,
        status: int = 503,
        headers: Mapping[str, str] | None = None,
        after: int = 0,
        body: Any = None,
    ) -> None:
        """Let requests fail, with a page for people or with a `body` as JSON; `after` so many that do not."""
        if body is None:
            page = Reply(status, {"Content-Type": "text/html", **(headers or {})}, b"<html>Sorry</html>")
        else:
            told = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
            page = Reply(status, told, json.dumps(body).encode())
        self._failures.extend([None] * after + [page] * times)

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Answer one request; `url` is the whole address that was asked for."""
        with self.shop.lock:
            parts = urlsplit(url)
            asked = _asked(method, parts.path, body)
            self.asked.append(asked)
            if self.before is not None:
                self.before(asked)
            failure = self._failures.popleft() if self._failures else None
            if failure is not None:
                return failure
            try:
                return self._answered(method, f"{parts.scheme}://{parts.netloc}", parts.path, headers, body)
            except Refusal as refusal:
                return _reply(refusal.status, refusal.body, refusal.headers)

    def _answered(self, method: str, place: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if place not in (self.shop.url, f"https://{self.shop.domain}"):
            raise Refusal("Not Found", status=404)
        if method == "POST" and path == oauth.PATH:
            return _reply(200, oauth.give(self.shop, headers, body))
        found = _PATH.fullmatch(path)
        if method != "POST" or found is None:
            raise Refusal("Not Found", status=404)
        version = self._version(found["version"])
        told = {name.lower(): value for name, value in headers.items()}
        if not self.shop.access.knows(told.get("x-shopify-access-token", "")):
            raise Refusal(
                "[API] Invalid API key or access token (unrecognized login or wrong password)", status=401
            )
        return _reply(200, self._graphql(body), {"X-Shopify-API-Version": version})

    def _version(self, asked: str) -> str:
        """Return the release that answers: for one that is gone, the oldest that is left."""
        known = self.shop.versions
        if asked in known or asked == "unstable":
            return asked
        if asked > known[-1] or asked[5:] not in ("01", "04", "07", "10"):
            raise Refusal("Not Found", status=404)
        return known[0]

    def _graphql(self, body: bytes) -> dict[str, Any]:
        from aftercare_shopify.fake.graph.executing import answer

        try:
            told = json.loads(body)
        except ValueError:
            raise Refusal("Bad request: the body is no JSON", status=400) from None
        if not isinstance(told, dict) or not isinstance(told.get("query"), str):
            raise Refusal("Required parameter missing or invalid: query", status=400)
        return answer(self.shop, told)


def _asked(method: str, path: str, body: bytes) -> Asked:
    try:
        told = json.loads(body) if body else {}
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    query = str(told.get("query") or "")
    named = _OPERATION.search(query)
    grant = str(told.get("grant_type") or "")
    if path == oauth.PATH and not grant:
        found = re.search(rb"grant_type=([\w%.:-]+)", body)
        grant = found[1].decode() if found else ""
    return Asked(
        method,
        path,
        str(told.get("operationName") or (named[1] if named else "")),
        query,
        told.get("variables") or {},
        grant,
    )


def _reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    told = {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "fake", **(headers or {})}
    return Reply(status, told, json.dumps(body, ensure_ascii=False, default=_plain).encode())


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"The fake shop cannot write {type(value).__name__} as JSON")
