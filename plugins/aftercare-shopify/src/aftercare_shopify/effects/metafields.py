"""Values that the app keeps with things of the shop, in a namespace of its own that nobody else writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftercare_sdk.errors import PlatformUnavailable

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient
    from aftercare_shopify.results import UserError

NAMESPACE = "$app"
PREFIX = "aftercare_"
"""Stands before the name of what is written, so that nothing else that the same app keeps is met."""
STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST"})
_LATER = frozenset({"INTERNAL_ERROR"})


def put(
    client: ShopifyClient, shop: str, owner: str, key: str, value: str, *, digest: str | None
) -> tuple[UserError, ...]:
    """Set one value if it is still the one of `digest`, or not there for None; return what stood against it.

    Raises PlatformUnavailable where Shopify itself was in trouble.
    """
    wanted = {
        "ownerId": owner,
        "namespace": NAMESPACE,
        "key": key,
        "type": "single_line_text_field",
        "value": value,
        "compareDigest": digest,
    }
    # A second time finds another digest than it looked for, and says so: nothing is written twice.
    told = client.change("set_metafields", {"metafields": [wanted]}, repeatable=True).user_errors
    if any(error.code in _LATER for error in told):
        raise PlatformUnavailable(f"shop {shop!r}: Shopify could not write a metafield")
    return told


def drop(client: ShopifyClient, owner: str, key: str) -> tuple[UserError, ...]:
    """Take one value away, if it is there; return what stood against it."""
    wanted = {"ownerId": owner, "namespace": NAMESPACE, "key": key}
    return client.change("delete_metafields", {"metafields": [wanted]}, repeatable=True).user_errors
