"""Asking for what a command is about: all of it, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_shopify.results import Sort

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient


def whole(client: ShopifyClient, shop: str, name: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of a query of which nothing is withheld: what is null is not there.

    Raises ConfigurationError where the app may not see all of it, and PlatformUnavailable for other errors.
    """
    result = client.query(name, variables)
    if not result.errors:
        return result.data
    denied = [problem for problem in result.errors if problem.sort is Sort.DENIED]
    if denied:
        scopes = dict.fromkeys(scope for problem in denied for scope in problem.scopes)
        cure = f"the scope {' and '.join(scopes)}" if scopes else "access to protected customer data"
        raise ConfigurationError(f"shop {shop!r}: Shopify withholds a part of {name}: give the app {cure}")
    codes = ", ".join(sorted({problem.code or "no code" for problem in result.errors}))
    raise PlatformUnavailable(f"shop {shop!r}: Shopify does not tell all of {name} ({codes})")
