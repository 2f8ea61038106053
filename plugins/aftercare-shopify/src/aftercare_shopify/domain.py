"""The address of a shop: its own domain at Shopify, and where that is answered.

A domain is checked and never put right. ShopifyAPI turns whatever it is given into some shop
(`x.evil.example` becomes `x.myshopify.com`), and the token would go there.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.addresses import fault

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.myshopify\.com", re.ASCII)

NO_DOMAIN = (
    "this is no domain of a Shopify shop; write the one that never changes, in small letters and without "
    "https://, such as torii.myshopify.com (Shopify admin > Settings > Domains)"
)
NO_ADDRESS = (
    "this is no address of a shop; write the one that customers know, such as https://shop.example, or leave "
    "it out. (Plain HTTP is for a fake shop on this computer, such as http://127.0.0.1:8080.)"
)


def problem(domain: str) -> str | None:
    """Say why `domain` is none of a shop, with the cure; None: it is one."""
    return None if _DOMAIN.fullmatch(domain) else NO_DOMAIN


def url_problem(url: str) -> str | None:
    """Say why `url` is none of a shop, with the cure; None: it is HTTPS, or plain HTTP to this computer."""
    if fault(url) is not None:
        return NO_ADDRESS
    parts = urlsplit(url)
    if _is_fake(url) and (parts.path.strip("/") or parts.query or parts.fragment):
        return NO_ADDRESS
    return None


def origin(domain: str, url: str = "", *, shop: str) -> str:
    """Return scheme and host at which a shop is asked. Raises ConfigurationError for anything else.

    That is its domain at Shopify, whatever customers know it by: the token goes nowhere else. A fake shop on
    this computer answers at its `url`.
    """
    wrong = problem(domain)
    if wrong:
        raise ConfigurationError(f"shops.{shop}.domain: {wrong}")
    wrong = url_problem(url) if url else None
    if wrong:
        raise ConfigurationError(f"shops.{shop}.url: {wrong}")
    return url.rstrip("/") if _is_fake(url) else f"https://{domain}"


def _is_fake(url: str) -> bool:
    """Tell whether an address is plain HTTP, which `fault` lets go to this computer only."""
    return urlsplit(url).scheme.lower() == "http"
