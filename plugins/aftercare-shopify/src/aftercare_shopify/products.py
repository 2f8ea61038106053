"""What a product says, whichever way it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from aftercare_sdk.model.products import ProductSnapshot
from aftercare_shopify.options import Rules
from aftercare_shopify.versions import UNDATED, dated


def product_snapshot(
    *,
    shop: str,
    rules: Rules,
    id: str,  # noqa: A002 - the name in the snapshot
    updated_at: datetime,
    title: str,
    handle: str,
    status: str,
    tags: Sequence[str],
    product_type: str,
    category: str,
) -> ProductSnapshot:
    """Return what a product says; `category` is the name in Shopify's taxonomy, `status` in any letters.

    Its categories are its type and that name: no webhook tells of collections. The address is the one at
    `myshopify.com`, which leads on to the shop's own.
    """
    kinds = dict.fromkeys(kind for kind in (product_type, category) if kind)
    snapshot = ProductSnapshot(
        shop=shop,
        id=id,
        version=UNDATED,
        title=title or None,
        url=f"https://{rules.domain}/products/{quote(handle)}" if rules.domain and handle else None,
        categories=tuple(kinds),
        tags=tuple(sorted(tags)),
        # Archived is what Shopify calls a product that is no longer sold.
        deleted=status.lower() == "archived",
    )
    return dated(snapshot, updated_at)
