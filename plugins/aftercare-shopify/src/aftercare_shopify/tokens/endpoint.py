"""Asking Shopify for a token. Nothing that is raised or shown holds a credential or a word of the answer."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.shops import parsing
from aftercare_sdk.shops.asking import CONNECT, READ, Answer, Asker, Silence, overloaded
from aftercare_shopify.tokens.provider import is_token

if TYPE_CHECKING:
    from requests import Response

PATH = "/admin/oauth/access_token"

_CODE = re.compile(r"[a-z_]{1,60}", re.ASCII)
_LONGEST = 10 * 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What Shopify gave; without a time it holds until it is revoked."""

    access_token: str = field(repr=False)
    lasts: timedelta | None
    refresh_token: str = field(default="", repr=False)
    refresh_lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """Shopify gives none for these credentials. `code` is its own word for why, such as `invalid_grant`."""

    code: str


class Endpoint:
    """Asks for the tokens of one shop, for one app. May be used by many threads at once.

    `sleep` is called with the seconds to wait, `jitter` gives a number from 0 to 1, `elapsed` counts seconds.
    """

    __slots__ = ("_asker", "_client_secret", "_origin", "client_id", "domain", "shop")

    def __init__(
        self,
        *,
        shop: str,
        domain: str,
        origin: str,
        client_id: str,
        client_secret: str,
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shop, self.domain, self.client_id = shop, domain, client_id
        self._origin, self._client_secret = origin, client_secret
        self._asker = Asker(sleep=sleep, jitter=jitter, elapsed=elapsed)

    def __repr__(self) -> str:
        return f"Endpoint(shop={self.shop!r}, domain={self.domain!r})"

    @property
    def secret_mark(self) -> str:
        """What changes with the secret of the app, and does not tell it."""
        return hashlib.sha256(self._client_secret.encode()).hexdigest()[:16]

    def ask(self, grant: str, **more: str) -> Granted | Denied:
        """Ask for a token. Raises PlatformUnavailable after some tries, and ConfigurationError for good.

        A refresh may be tried again: Shopify keeps the old refresh token until the new one is used.
        """
        form = {
            "client_id": self.client_id,
            "client_secret": self._client_secret,
            "grant_type": grant,
            **more,
        }
        answer = self._asker.ask(partial(self._send, form))
        if isinstance(answer, Silence):
            raise self._later(answer.reason)
        if overloaded(answer):
            raise self._later(f"Shopify answered {answer.status}")
        told = _object(answer)
        if answer.good:
            granted = _granted(told)
            if granted is None:
                raise self._later("Shopify answered no token")
            return granted
        code = told.get("error") if told else None
        if isinstance(code, str) and _CODE.fullmatch(code) and 400 <= answer.status < 500:  # noqa: PLR2004
            return Denied(code)
        if answer.status == 404:  # noqa: PLR2004
            raise ConfigurationError(
                f"shop {self.shop!r}: Shopify answered 404 to the request for a token: there is no shop "
                f"{self.domain}; check shops.{self.shop}.domain (Shopify admin > Settings > Domains)"
            )
        if 300 <= answer.status < 400:  # noqa: PLR2004
            raise ConfigurationError(
                f"shops.{self.shop}.domain: {self.domain} sends on to another page; write the one that ends "
                "in .myshopify.com and at which the shop answers itself"
            )
        raise ConfigurationError(
            f"shop {self.shop!r}: Shopify answered {answer.status} to the request for a token: check "
            f"shops.{self.shop}.client_id and .client_secret (dev.shopify.com > the app > Settings), and "
            "that the app is installed in this shop"
        )

    def _send(self, form: Mapping[str, str]) -> Response:
        import requests

        return requests.post(
            f"{self._origin}{PATH}",
            data=form,
            headers={"Accept": "application/json", "User-Agent": "aftercare-shopify"},
            # A redirect would carry the secrets to whatever host it names.
            allow_redirects=False,
            stream=True,
            timeout=(CONNECT, READ),
            # Else the library looks for a password for this host in ~/.netrc.
            auth=_nothing_added,
        )

    def _later(self, reason: str) -> PlatformUnavailable:
        return PlatformUnavailable(f"shop {self.shop!r}: {reason} to the request for a token")


def _object(answer: Answer) -> dict[str, Any]:
    try:
        told = parsing.parse(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _granted(told: Mapping[str, Any]) -> Granted | None:
    token, refresh = told.get("access_token"), told.get("refresh_token") or ""
    if not (isinstance(token, str) and is_token(token)):
        return None
    if not isinstance(refresh, str) or (refresh and not is_token(refresh)):
        return None
    return Granted(
        access_token=token,
        lasts=_lasts(told.get("expires_in")),
        refresh_token=refresh,
        refresh_lasts=_lasts(told.get("refresh_token_expires_in")),
    )


def _lasts(told: Any) -> timedelta | None:
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= _LONGEST:
        return timedelta(seconds=told)
    return None


def _nothing_added(request: Any) -> Any:
    return request
