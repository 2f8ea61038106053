"""How a Shopify shop is asked: the one module that knows the library `ShopifyAPI`.

The library is deprecated by Shopify, and its GraphQL client keeps the shop and the token of whoever was
activated last, waits for ever, follows redirects with the token and prints errors. What is used of it: the
class `GraphQL`, as the face of the transport, and `Session`, for the token and the path of a release. No
session is ever activated, and the requests are sent by `requests`.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from aftercare_sdk.errors import Bug, ConfigurationError, PlatformUnavailable
from aftercare_sdk.shops.asking import CONNECT, PATIENCE, READ, TRIES, Answer, Asker, Silence, overloaded
from aftercare_shopify import domain as domains
from aftercare_shopify import operations
from aftercare_shopify.operations import API_VERSION
from aftercare_shopify.results import Problem, Result, Sort, read

if TYPE_CHECKING:
    from datetime import datetime

    from requests import Response, Session

    from aftercare_sdk.model.shops import Shop
    from aftercare_shopify.tokens import TokenProvider

LONGEST_WAIT = 60.0
"""Seconds that one call waits in all for points; then the shop is asked again later."""
SHORTEST_WAIT = 0.5
"""Seconds: a bucket that just filled may be emptied by another before the next try."""

_USER_AGENT = "aftercare-shopify"
_VERSION = re.compile(r"\d{4}-\d{2}|unstable", re.ASCII)
_REJECTED = 430  # Shopify's own, for what looks like an attack; the same request passes later


@dataclass(frozen=True, slots=True, kw_only=True)
class _Later:
    """An answer after which the same request may do better.

    `seconds` is what the shop asks to wait. `refused`: it did nothing, so even a change may be tried again.
    """

    reason: str
    seconds: float | None = None
    refused: bool = False


class ShopifyClient:
    """Asks one shop, with its tokens.

    Returned is what has data, with the errors beside them: null for what this app may not see is normal.
    All else is raised: PlatformUnavailable for what may be better later, ConfigurationError for what a person
    must mend, Bug for an operation that Shopify does not understand. No message holds a word of the answer.

    May be used by many threads at once. `sleep` is called with the seconds to wait, `jitter` gives a number
    from 0 to 1, `elapsed` counts seconds. `url` is for a shop on this computer.
    """

    __slots__ = ("_asker", "_drift", "_jitter", "_local", "_origin", "_shop", "_sleep", "_tokens", "domain")

    def __init__(
        self,
        *,
        shop: str,
        domain: str,
        tokens: TokenProvider,
        url: str = "",
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = domains.origin(domain, url, shop=shop)
        self.domain = domain
        self._shop = shop
        self._tokens = tokens
        self._asker = Asker(sleep=sleep, jitter=jitter, elapsed=elapsed)
        self._sleep, self._jitter = sleep, jitter
        self._local = threading.local()
        self._drift = _Drift()

    def __repr__(self) -> str:
        return f"ShopifyClient(shop={self._shop!r}, domain={self.domain!r})"

    def query(self, name: str, variables: Mapping[str, Any] | None = None) -> Result:
        """Ask the query in `graphql/<name>.graphql`."""
        if operations.changes(name):
            raise Bug(f"{name} changes something; it is no query")
        return self._ask(name, variables or {}, again=True)

    def change(self, name: str, variables: Mapping[str, Any], *, repeatable: bool) -> Result:
        """Carry out the mutation in `graphql/<name>.graphql`; `user_errors` say what was not done, and why.

        `repeatable`: it may be tried a second time if nobody knows whether the first came through.
        """
        if not operations.changes(name):
            raise Bug(f"{name} changes nothing; it is no mutation")
        return self._ask(name, variables, again=repeatable)

    def findings(self) -> tuple[str, ...]:
        """Return what the answers showed that a person should know, each thing once; for `tend`."""
        served = self._drift.told()
        if not served:
            return ()
        told = (
            f"Shopify answers with release {served} of its API in place of {API_VERSION}, which it no longer "
            "serves; upgrade aftercare-shopify"
        )
        return (told,)

    # ---- one call

    def _ask(self, name: str, variables: Mapping[str, Any], *, again: bool) -> Result:
        waited, refusals, failures, renewed = 0.0, 0, 0, False
        while True:
            token = self._tokens.token()
            answer = self._once(name, variables, token)
            if isinstance(answer, Answer) and answer.status == 401 and not renewed:  # noqa: PLR2004
                # Taken back, or replaced by another process. Nothing was done, so this may be tried again.
                renewed = True
                if self._tokens.renew(token):
                    continue
            told = self._judged(answer, name)
            if isinstance(told, Result):
                return told
            if told.refused:
                refusals += 1
                pause = max(SHORTEST_WAIT, self._pause(refusals) if told.seconds is None else told.seconds)
                waited += pause
                enough = waited > LONGEST_WAIT
            else:
                failures += 1
                pause = max(self._pause(failures), told.seconds or 0.0)
                enough = not again or failures >= TRIES or pause > PATIENCE
            if enough:
                raise PlatformUnavailable(f"shop {self._shop!r}: {told.reason} for {name}")
            (self._sleep or time.sleep)(pause)

    def _pause(self, number: int) -> float:
        """Return the seconds to wait after the failure of that number, where the shop says nothing."""
        return 2.0 ** min(number - 1, 10) * (0.5 + self._jitter() / 2)

    def _once(self, name: str, variables: Mapping[str, Any], token: str) -> Answer | Silence:
        import shopify

        session = shopify.Session(self.domain, API_VERSION, token)
        send = partial(
            _transport()(session, self._origin, self._http().post).execute,
            operations.operation(name),
            variables,
            operations.title(name),
        )
        answer = self._asker.ask(send, tries=1)
        if isinstance(answer, Answer):
            self._drift.see(answer.header("X-Shopify-API-Version"))
        return answer

    def _http(self) -> Session:
        """Return this thread's connections: those of `requests` are not for several threads at once.

        Nor for several processes: two that share one since a fork would read each other's answers.
        """
        kept: Session | None = getattr(self._local, "session", None)
        if kept is None or self._local.process != os.getpid():
            from http.cookiejar import DefaultCookiePolicy

            import requests

            kept = requests.Session()
            # Else the library looks for a password for this host in ~/.netrc.
            kept.auth = _nothing_added
            kept.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
            self._local.session, self._local.process = kept, os.getpid()
        return kept

    # ---- what an answer means

    def _judged(self, answer: Answer | Silence, name: str) -> Result | _Later:
        if isinstance(answer, Silence):
            return _Later(reason=answer.reason)
        if not answer.good:
            return self._refused(answer, name)
        result = read(answer.body)
        if result is None:
            return _Later(reason="something else than GraphQL was answered")
        codes = {problem.sort: problem.code or "no code" for problem in reversed(result.errors)}
        if Sort.THROTTLED in codes:
            return self._throttled(result, name)
        if Sort.LATER in codes:
            # Also with data in part: an object that could not be looked up is not one that is gone.
            return _Later(reason=f"Shopify answered {codes[Sort.LATER]}")
        self._mended_by_people(result, codes, name)
        if not result.data:
            return _Later(reason=f"Shopify answered an error ({next(iter(codes.values()), 'no code')})")
        return result

    def _mended_by_people(self, result: Result, codes: Mapping[Sort, str], name: str) -> None:
        if Sort.CLOSED in codes:
            self._closed(codes[Sort.CLOSED])
        empty = all(value is None for value in result.data.values())
        for problem in result.errors:
            if problem.sort is Sort.DENIED and (empty or _takes_all(problem, result)):
                self._denied(result, name)
        if empty and Sort.OURS in codes:
            raise Bug(f"shop {self._shop!r}: Shopify does not understand {name} ({codes[Sort.OURS]})")

    def _throttled(self, result: Result, name: str) -> _Later:
        if result.cost is not None and result.cost.impossible:
            raise Bug(
                f"shop {self._shop!r}: {name} costs {result.cost.requested:g} points, and the shop never has "
                f"more than {result.cost.maximum:g}"
            )
        seconds = None if result.cost is None else result.cost.wait
        return _Later(reason="Shopify is throttling", seconds=seconds, refused=True)

    def _refused(self, answer: Answer, name: str) -> _Later:
        told = f"Shopify answered {answer.status}"
        if answer.status == 429:  # noqa: PLR2004
            return _Later(reason=told, seconds=_retry_after(answer), refused=True)
        if overloaded(answer) or answer.status == _REJECTED:
            return _Later(reason=told, seconds=_retry_after(answer))
        if 300 <= answer.status < 400:  # noqa: PLR2004
            self._redirected(answer)
        where = f"shop {self._shop!r}: {told} for {name}"
        if answer.status == 401:  # noqa: PLR2004
            raise ConfigurationError(f"{where}: {self._tokens.cure}")
        if answer.status == 403:  # noqa: PLR2004
            raise ConfigurationError(
                f"{where}: the app may not ask this shop; see in its admin under Settings > Apps that the "
                "app is installed, and give it the scopes that the docs name"
            )
        if answer.status in (402, 423):
            self._closed(str(answer.status))
        if answer.status == 404:  # noqa: PLR2004
            raise ConfigurationError(
                f"{where}: there is no shop {self.domain}; check shops.{self._shop}.domain (Shopify admin > "
                "Settings > Domains)"
            )
        raise Bug(f"{where}: the request is not as Shopify wants it")

    def _closed(self, code: str) -> NoReturn:
        raise ConfigurationError(
            f"shop {self._shop!r}: Shopify answered {code}: the shop {self.domain} is frozen, locked or "
            "closed; its owner must settle that with Shopify, or take the shop out of the configuration"
        )

    def _denied(self, result: Result, name: str) -> NoReturn:
        scopes = dict.fromkeys(scope for problem in result.errors for scope in problem.scopes)
        cure = (
            f"give the app the scope {' and '.join(scopes)}"
            if scopes
            else "give the app the scopes that the docs name, and access to protected customer data"
        )
        raise ConfigurationError(
            f"shop {self._shop!r}: Shopify denies {name} (ACCESS_DENIED): {cure}, and install it again in "
            "the shop so that its token has it"
        )

    def _redirected(self, answer: Answer) -> NoReturn:
        try:
            host = urlsplit(answer.header("Location")).hostname
        except ValueError:
            host = None
        raise ConfigurationError(
            f"shops.{self._shop}.domain: {self.domain} sends on to {host or 'another page'}; write the one "
            "there that ends in .myshopify.com and at which the shop answers itself"
        )


class _Drift:
    """The release that answers, where it is not the one that was asked."""

    __slots__ = ("_reported", "_served")

    def __init__(self) -> None:
        self._served = self._reported = ""

    def see(self, version: str) -> None:
        if version != API_VERSION and _VERSION.fullmatch(version):
            self._served = version

    def told(self) -> str:
        """Return the release once, and again only when it is another one."""
        if self._served == self._reported:
            return ""
        self._reported = self._served
        return self._served


def client_of(shop: Shop, *, now: Callable[[], datetime] | None = None) -> ShopifyClient:
    """Return a client with the tokens of a configured shop. Raises ConfigurationError without them."""
    from aftercare_shopify.tokens import provider_of

    domain, url = str(shop.options.get("domain") or ""), str(shop.options.get("url") or "")
    return ShopifyClient(shop=shop.name, domain=domain, url=url, tokens=provider_of(shop, now=now))


@cache
def _transport() -> Any:
    """Return the class of the transport; made when first needed, because the library loads slowly."""
    import shopify

    class Transport(shopify.GraphQL):  # type: ignore[misc] # the library has no types
        """Sends one operation to the shop of one session, and to no other.

        The constructor of the library is not called: it takes the address and the headers of whichever
        session was activated last, in any thread, and keeps the headers' dict as its own.
        """

        def __init__(self, session: Any, origin: str, post: Callable[..., Response]) -> None:
            # The address is not the session's: whoever calls `Session.setup` changes it for everybody.
            self.endpoint = f"{session.api_version.api_path(origin)}/graphql.json"
            self.headers = {"X-Shopify-Access-Token": session.token}
            self._post = post

        def execute(
            self, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
        ) -> Response:
            """Send it; the answer is not read yet."""
            plain = {
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": _USER_AGENT,
            }
            asked = {"query": query, "variables": variables, "operationName": operation_name}
            return self._post(
                self.endpoint,
                data=json.dumps(asked).encode(),
                headers=self.merge_headers(plain, self.headers),
                # A redirect would carry the token to whatever host it names.
                allow_redirects=False,
                stream=True,
                timeout=(CONNECT, READ),
            )

    return Transport


def _takes_all(problem: Problem, result: Result) -> bool:
    """Tell whether nothing is left of what was asked because of it."""
    return not problem.path or (len(problem.path) == 1 and result.data.get(str(problem.path[0])) is None)


def _retry_after(answer: Answer) -> float | None:
    # Shopify writes `2.0`, which HTTP does not know.
    told = answer.header("Retry-After").strip()
    return float(told) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", told, re.ASCII) else None


def _nothing_added(request: Any) -> Any:
    return request
