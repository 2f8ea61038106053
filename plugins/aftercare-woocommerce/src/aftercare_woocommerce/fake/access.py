"""Who may ask: Basic over HTTPS, OAuth 1.0a over plain HTTP, as WooCommerce checks them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from aftercare_woocommerce.fake.refusals import Refusal

KEY, SECRET = "ck_fake_key_of_a_fake_shop", "cs_fake_secret_of_a_fake_shop"
"""The key that every fake shop has."""
_SKEW = 15 * 60
"""Seconds that the clock of who signs may be off."""


def _seconds() -> float:
    # The library signs by the computer's clock, and nobody can give it another.
    return time.time()  # noqa: TID251 - see above; the shop's own time is never asked of it


@dataclass(slots=True)
class Keys:
    """The REST API keys of a shop. `clock` gives seconds since 1970: it judges the age of signatures."""

    clock: Callable[[], float] = _seconds
    known: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """By key: the secret and the permission, `read`, `write` or `read_write`."""
    _nonces: set[str] = field(default_factory=set, repr=False)

    def check(self, method: str, url: str, headers: Mapping[str, str], params: Mapping[str, str]) -> None:
        """Raise Refusal unless the request comes with a key that may do this."""
        secure = urlsplit(url).scheme == "https"
        key = self._basic(headers, params) if secure else self._signed(method, url, params)
        _, permission = self.known[key]
        if method in ("GET", "HEAD", "OPTIONS") and permission == "write":
            raise _wrong("The API key provided does not have read permissions.")
        if method not in ("GET", "HEAD", "OPTIONS") and permission == "read":
            raise _wrong("The API key provided does not have write permissions.")

    def _basic(self, headers: Mapping[str, str], params: Mapping[str, str]) -> str:
        told = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        kind, _, coded = told.partition(" ")
        try:
            text = base64.b64decode(coded, validate=True).decode() if kind.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        key, _, secret = text.partition(":")
        if not key:
            key, secret = params.get("consumer_key", ""), params.get("consumer_secret", "")
        if key not in self.known:
            raise _unknown()
        if not hmac.compare_digest(self.known[key][0].encode(), secret.encode()):
            raise _wrong("Consumer secret is invalid.")
        return key

    def _signed(self, method: str, url: str, params: Mapping[str, str]) -> str:
        key = params.get("oauth_consumer_key", "")
        # Basic and keys in the query are not even looked at.
        if key not in self.known or not params.get("oauth_signature"):
            raise _unknown()
        secret, _ = self.known[key]
        wanted = signature(method, url, params, secret)
        if not hmac.compare_digest(wanted.encode(), params["oauth_signature"].encode()):
            raise _wrong("Invalid signature - provided signature does not match.")
        told, nonce = params.get("oauth_timestamp", ""), params.get("oauth_nonce", "")
        if not (told.isascii() and told.isdigit()) or abs(self.clock() - int(told)) > _SKEW:
            raise _wrong("Invalid timestamp.")
        if not nonce or nonce in self._nonces:
            raise _wrong("Invalid nonce - nonce has already been used.")
        self._nonces.add(nonce)
        return key


def signature(method: str, url: str, params: Mapping[str, str], secret: str) -> str:
    """Return the signature that WooCommerce expects for a request."""
    base = url.partition("?")[0]
    pairs = sorted(
        (_coded(name), _coded(value)) for name, value in params.items() if name != "oauth_signature"
    )
    query = "%26".join(f"{name}%3D{value}" for name, value in pairs)
    signed = f"{method.upper()}&{quote(base, safe='')}&{query}"
    digest = hmac.new(f"{secret}&".encode(), signed.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _coded(text: str) -> str:
    return quote(unquote(text), safe="-_.~").replace("%", "%25")


def _unknown() -> Refusal:
    return Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")


def _wrong(message: str) -> Refusal:
    return Refusal(401, "woocommerce_rest_authentication_error", message)
