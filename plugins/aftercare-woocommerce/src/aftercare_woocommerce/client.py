"""How an adapter asks a shop: the one module that knows the library `woocommerce`.

What the library does not do is done here. It knows one timeout, never looks at a status, tries nothing
again, follows redirects with the credentials, and takes answers of any size. Over HTTPS it sends the
credentials in a header. Over plain HTTP it signs each request (OAuth 1.0a) and writes that into the address,
so what it raises is never shown: it names the address.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.shops.asking import CONNECT, READ, TRIES, Answer, Asker, Silence, overloaded
from aftercare_sdk.shops.payloads import parse
from aftercare_woocommerce import address

_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_NOT_IMPLEMENTED = 501
_USER_AGENT = "aftercare-woocommerce"


class Refused(ConfigurationError):
    """WooCommerce understood the request and will not do it. `code` is its own word for why, or empty."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Client(Protocol):
    """Reads from the REST API of one shop."""

    def get(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Get `path`, relative to `/wp-json/wc/v3/`, such as `orders/42`.

        Raises PlatformUnavailable if there is no answer. May raise for what `RestClient` raises for; what is
        returned may have any status.
        """


class Writer(Client, Protocol):
    """Also changes something there. `again`: that may be tried a second time without doing it twice."""

    def post(self, path: str, data: Mapping[str, Any], *, again: bool = False) -> Answer:
        """Make something."""

    def put(self, path: str, data: Mapping[str, Any]) -> Answer:
        """Set something, which is the same however often."""

    def delete(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Delete something, which is the same however often."""


class RestClient:
    """Asks one shop, with its credentials.

    Returned are good answers and 404, which may mean many things. All else is raised: PlatformUnavailable
    for what may be better later (after some tries, where a second try does no harm), ConfigurationError for
    what a person must mend, and `Refused`, which is one, with WooCommerce's code. No message holds a word of
    the answer.

    May be used by many threads at once. `sleep` is called with the seconds to wait, `jitter` gives a number
    from 0 to 1, `elapsed` counts seconds.
    """

    __slots__ = ("_api", "_asker", "_shop", "site")

    def __init__(
        self,
        *,
        shop: str,
        url: str,
        consumer_key: str,
        consumer_secret: str,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        from woocommerce import API

        wrong = address.problem(url)
        if wrong:
            raise ConfigurationError(f"shops.{shop}.url: {wrong}")
        for name, value in (("consumer_key", consumer_key), ("consumer_secret", consumer_secret)):
            # A line break in it would end the header that it is sent in.
            if not value.isascii() or not value.isprintable() or not value.strip() or ":" in value:
                raise ConfigurationError(
                    f"shops.{shop}.{name}: this is no key of WooCommerce; copy it from WooCommerce > "
                    "Settings > Advanced > REST API, where it is shown once"
                )
        self.site = address.site(url)
        self._shop = shop
        self._asker = Asker(sleep=sleep, jitter=jitter, elapsed=elapsed)
        # `verify_ssl` stays on, and `query_string_auth` off: keys in addresses end up in logs.
        self._api = API(
            self.site,
            consumer_key.strip(),
            consumer_secret.strip(),
            version="wc/v3",
            timeout=(CONNECT, READ),
            user_agent=_USER_AGENT,
        )

    def __repr__(self) -> str:
        return f"RestClient(shop={self._shop!r}, site={self.site!r})"

    def get(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Get `path`."""
        return self._ask("get", path, again=True, params=dict(params))

    def post(self, path: str, data: Mapping[str, Any], *, again: bool = False) -> Answer:
        """Make something; with `again` also a second time, if nobody knows whether the first came through."""
        return self._ask("post", path, again=again, data=dict(data))

    def put(self, path: str, data: Mapping[str, Any]) -> Answer:
        """Set something."""
        return self._ask("put", path, again=True, data=dict(data))

    def delete(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Delete something."""
        return self._ask("delete", path, again=True, params=dict(params))

    def _ask(self, method: str, path: str, *, again: bool, **what: Any) -> Answer:
        answer = self._asker.ask(
            lambda: getattr(self._api, method)(path, allow_redirects=False, stream=True, **what),
            tries=TRIES if again else 1,
            later=_later,
        )
        if isinstance(answer, Silence):
            trouble = answer.reason
        elif _later(answer):
            trouble = f"WooCommerce answered {_told(answer)}"
        else:
            return self._checked(answer, path)
        raise PlatformUnavailable(f"shop {self._shop!r}: {trouble} for {method.upper()} {path}")

    def _checked(self, answer: Answer, path: str) -> Answer:
        if answer.good or answer.status == 404:  # noqa: PLR2004
            return answer
        if 300 <= answer.status < 400:  # noqa: PLR2004
            self._redirected(answer)
        told = f"shop {self._shop!r}: WooCommerce answered {_told(answer)} for {path}"
        code = error_code(answer)
        if answer.status == 403 and not code:  # noqa: PLR2004
            # A firewall's page. It lets the same request through an hour later.
            raise PlatformUnavailable(f"{told}, with a page for people: a firewall or a maintenance mode")
        if answer.status in (401, 403):
            raise ConfigurationError(f"{told}: {denied(self._shop)}")
        raise Refused(told, status=answer.status, code=code)

    def _redirected(self, answer: Answer) -> NoReturn:
        # The library would follow, and send the credentials on to whatever host is named.
        try:
            target = urlsplit(answer.header("Location"))
            named = f"{target.scheme}://{target.hostname}" if target.hostname else "another page"
        except ValueError:
            named = "another page"
        raise ConfigurationError(
            f"shops.{self._shop}.url: {self.site} sends on to {named}; write the address there at which the "
            "shop answers itself, with or without www, as WordPress shows it under Settings > General"
        )


def denied(shop: str) -> str:
    """Return what mends a denied access."""
    return (
        "give this shop a REST API key with the permission Read/Write, of a user who may manage the shop "
        f"(WooCommerce > Settings > Advanced > REST API), as shops.{shop}.consumer_key and .consumer_secret; "
        "see that its web server passes the header Authorization on, and that the clock of this computer is "
        "right"
    )


def parsed(answer: Answer, *, shop: str, path: str) -> Any:
    """Return the JSON of a good answer. Raises PlatformUnavailable: a page for people came in its place."""
    told: Any = None
    good = True
    try:
        told = parse(answer.body)
    except TranslationError:
        good = False
    if not good:
        # Maintenance, a cache, a firewall.
        raise PlatformUnavailable(f"shop {shop!r}: no JSON was answered for {path}")
    return told


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list. `total` is None where the shop does not say."""

    rows: list[dict[str, Any]] = field(repr=False)
    total: int | None
    pages: int | None


def listed(client: Client, path: str, params: Mapping[str, int | str], *, shop: str) -> Listed:
    """Ask for one page of a list. Raises ConfigurationError where there is no such list."""
    answer = client.get(path, params)
    if answer.status == 404:  # noqa: PLR2004
        raise ConfigurationError(
            f"shop {shop!r}: WooCommerce answered {_told(answer)} for {path}: check the `url` of this shop, "
            "and that its permalinks are not plain (Settings > Permalinks)"
        )
    rows = parsed(answer, shop=shop, path=path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PlatformUnavailable(f"shop {shop!r}: no list was answered for {path}")
    return Listed(rows, _count(answer, "X-WP-Total"), _count(answer, "X-WP-TotalPages"))


def every(
    client: Client, path: str, params: Mapping[str, int | str], *, shop: str
) -> Iterator[dict[str, Any]]:
    """Give the rows of all pages of a list that does not change meanwhile, or that is short."""
    page = 0
    while True:
        page += 1
        told = listed(client, path, {**params, "per_page": 100, "page": page}, shop=shop)
        yield from told.rows
        # The header is the shop's word; without it, a page that is not full is the last one.
        if not told.rows or (page >= told.pages if told.pages is not None else len(told.rows) < 100):  # noqa: PLR2004
            return


def error_code(answer: Answer) -> str:
    """Return WooCommerce's own word for what is wrong, or nothing."""
    try:
        body = parse(answer.body)
    except TranslationError:
        return ""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _told(answer: Answer) -> str:
    return f"{answer.status} ({error_code(answer) or 'no code'})"


def _count(answer: Answer, header: str) -> int | None:
    told = answer.header(header)
    return int(told) if told.isascii() and told.isdigit() and len(told) < 12 else None  # noqa: PLR2004


def _later(answer: Answer) -> bool:
    return overloaded(answer) and answer.status != _NOT_IMPLEMENTED
