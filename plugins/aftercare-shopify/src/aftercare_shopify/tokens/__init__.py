"""Where the token comes from with which a shop is asked: one that stays, or one that is asked for anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aftercare_sdk.errors import ConfigurationError
from aftercare_shopify import domain as domains
from aftercare_shopify.tokens.credentials import ClientCredentials
from aftercare_shopify.tokens.endpoint import Endpoint
from aftercare_shopify.tokens.offline import OfflineTokens
from aftercare_shopify.tokens.provider import Reconnect, TokenProvider
from aftercare_shopify.tokens.static import StaticToken

if TYPE_CHECKING:
    from aftercare_sdk.model.shops import Shop

__all__ = [
    "ClientCredentials",
    "Endpoint",
    "OfflineTokens",
    "Reconnect",
    "StaticToken",
    "TokenProvider",
    "provider_of",
]


def _now() -> datetime:
    # A token ends by the clock of Shopify: this is no moment of the story that the engine tells.
    return datetime.now(UTC)  # noqa: TID251


def provider_of(shop: Shop, *, now: Callable[[], datetime] | None = None) -> TokenProvider:
    """Return what gives the tokens of a configured shop, by its options.

    `access_token` alone, or `client_id` and `client_secret`, or these with `refresh_token` and `token_file`.
    Raises ConfigurationError where there is none of the three.
    """
    told = {
        name: str(shop.options.get(name) or "").strip()
        for name in ("access_token", "client_id", "client_secret", "refresh_token", "token_file")
    }
    where = f"[shops.{shop.name}]"
    if told["access_token"]:
        return StaticToken(told["access_token"], shop=shop.name)
    if not (told["client_id"] and told["client_secret"]):
        raise ConfigurationError(
            f"shop {shop.name!r}: there is no token to ask it with: set `access_token` under {where}, or "
            "`client_id` and `client_secret` (dev.shopify.com > the app > Settings), with `refresh_token` "
            "and `token_file` for an app whose tokens expire"
        )
    domain = str(shop.options.get("domain") or "")
    origin = domains.origin(domain, str(shop.options.get("url") or ""), shop=shop.name)
    endpoint = Endpoint(
        shop=shop.name,
        domain=domain,
        origin=origin,
        client_id=told["client_id"],
        client_secret=told["client_secret"],
    )
    if not (told["refresh_token"] or told["token_file"]):
        return ClientCredentials(endpoint, now=now or _now)
    if not told["token_file"]:
        raise ConfigurationError(
            f"shops.{shop.name}.token_file: missing: each use of a refresh token brings a new one, which "
            "must be kept; name a file that only this program may read"
        )
    return OfflineTokens(
        endpoint,
        file=Path(told["token_file"]).expanduser(),
        refresh_token=told["refresh_token"],
        now=now or _now,
    )
