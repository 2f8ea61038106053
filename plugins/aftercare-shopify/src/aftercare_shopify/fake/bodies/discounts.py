"""The bodies of `discounts/…`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import at, gid
from aftercare_shopify.fake.state.discounts import Discount

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def discount_body(shop: Records, discount: Discount, when: str) -> dict[str, Any]:
    """Return a discount; `when` names the time that is told, such as `created_at`."""
    body = {"admin_graphql_api_id": gid("DiscountCodeNode", discount.id)}
    if when == "deleted_at":
        return {**body, "deleted_at": at(shop, shop.now)}
    status = discount.status(shop.now)
    return {
        **body,
        "title": discount.title,
        "status": status,
        "created_at": at(shop, discount.created),
        "updated_at": at(shop, discount.updated),
    }
