"""A request in, what WooCommerce would answer out."""

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
from aftercare_woocommerce.fake.php import written
from aftercare_woocommerce.fake.refusals import Refusal, no_route
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call
from aftercare_woocommerce.fake.rest.coupons import Coupons
from aftercare_woocommerce.fake.rest.customers import Customers
from aftercare_woocommerce.fake.rest.index import Index
from aftercare_woocommerce.fake.rest.lists import Page, paging
from aftercare_woocommerce.fake.rest.orders import Orders
from aftercare_woocommerce.fake.rest.products import Products
from aftercare_woocommerce.fake.rest.refunds import Refunds
from aftercare_woocommerce.fake.rest.reviews import Reviews
from aftercare_woocommerce.fake.rest.webhooks import Webhooks
from aftercare_woocommerce.fake.shop import FakeWooCommerce

_ROOT = "/wp-json/wc/v3/"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made, as a test may want to look at it."""

    method: str
    path: str
    params: Mapping[str, str] = field(repr=False)
    json: Any = field(default=None, repr=False)


class Api(Orders, Refunds, Customers, Products, Reviews, Coupons, Webhooks, Index):
    """Answers for one shop; requests come one after the other, from whatever thread.

    `asked` keeps what was asked for, without credentials. `before`, if set, is called with each request
    before it is answered: a test changes the shop there, while somebody pages through it. `fail` makes
    requests fail.
    """

    def __init__(self, shop: FakeWooCommerce) -> None:
        super().__init__(shop)
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], None] | None = None
        self._failures: deque[Reply | None] = deque()

    def fail(
        self, *, times: int = 1, status: int = 503, headers: Mapping[str, str] | None = None, after: int = 0
    ) -> None:
        """Let requests fail with a page for people, such as a server's; `after` so many that do not."""
        page = Reply(status, {"Content-Type": "text/html", **(headers or {})}, b"<html>Sorry</html>")
        self._failures.extend([None] * after + [page] * times)

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Answer one request; `url` is the whole address that was asked for."""
        with self.shop.lock:
            parts = urlsplit(url)
            told = params.read(parts.query)
            path = parts.path.removeprefix(urlsplit(self.shop.site.url).path)
            given = params.without_credentials(told)
            asked = Asked(method, path.removeprefix(_ROOT), dict(given), _json_or_none(body))
            self.asked.append(asked)
            if self.before is not None:
                self.before(asked)
            failure = self._failures.popleft() if self._failures else None
            if failure is not None:
                return failure
            try:
                if path.startswith(_ROOT):
                    self.shop.keys.check(method, url, headers, told)
                return self._answered(method, path, given, body)
            except Refusal as refusal:
                return self._reply(refusal.status, refusal.body)

    def _answered(self, method: str, path: str, told: dict[str, str], body: bytes) -> Reply:
        if path.rstrip("/") == "/wp-json":
            return self._reply(200, self._index())
        if not path.startswith(_ROOT):
            raise no_route()
        status, answer = self._routed(method, path.removeprefix(_ROOT).rstrip("/"), told, _json(body))
        if isinstance(answer, Page):
            headers = paging(f"{self.shop.site.url}{path}", told, answer)
            return self._reply(status, answer.rows, headers, head=method == "HEAD")
        return self._reply(status, answer, head=method == "HEAD")

    def _routed(self, method: str, path: str, told: dict[str, str], data: dict[str, Any]) -> Answer:
        """Find what answers, by the parts of the path; numbers are ids."""
        verb = {"HEAD": "GET", "PATCH": "PUT"}.get(method, method)
        answer = self._routes().get((verb, re.sub(r"(?<=/)\d+", "#", path)))
        if answer is None:
            raise no_route()
        return answer(Call(told, data), *(int(part) for part in path.split("/") if part.isdigit()))

    def _reply(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None, *, head: bool = False
    ) -> Reply:
        told = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Robots-Tag": "noindex",
            "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
            "Link": f'<{self.shop.site.url}/wp-json/>; rel="https://api.w.org/"',
            **(headers or {}),
        }
        return Reply(status, told, b"" if head else written(body))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal) if body else {}
    except ValueError:
        raise Refusal(
            400,
            "rest_invalid_json",
            "Invalid JSON body passed.",
            json_error_code=4,
            json_error_message="Syntax error",
        ) from None


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
