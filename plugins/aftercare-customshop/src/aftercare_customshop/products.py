"""What a message says of a product or a variant."""

from __future__ import annotations

from aftercare_customshop.options import Rules
from aftercare_customshop.people import texts
from aftercare_customshop.schemas import Data
from aftercare_customshop.versions import UNDATED, dated
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.shops import NeedsRead, Ref, Translation


def product(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return the picture of a product."""
    if data["updated_at"] is None:
        doubt = "the product does not say when it was last changed (updated_at)"
        return (NeedsRead(Ref("product", data["id"]), doubt),)
    return (picture(data, rules),)


def picture(data: Data, rules: Rules) -> ProductSnapshot:
    """Return all that is said of a product."""
    drawn = ProductSnapshot(
        shop=rules.shop,
        id=data["id"],
        version=UNDATED,
        parent=data["parent"],
        sku=data["sku"] or None,
        title=data["title"] or None,
        url=data["url"] or None,
        categories=texts(data["categories"]),
        tags=texts(data["tags"]),
        attributes=data["attributes"],
        needs_shipping=data["needs_shipping"],
        deleted=False,
    )
    return dated(drawn, data["updated_at"])


def deleted_product(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return a product that the shop no longer sells and no longer shows."""
    if data["deleted_at"] is None:
        doubt = "the notice does not say when the product was deleted (deleted_at)"
        return (NeedsRead(Ref("product", data["id"]), doubt),)
    gone = ProductSnapshot(shop=rules.shop, id=data["id"], version=UNDATED, deleted=True)
    return (dated(gone, data["deleted_at"]),)
