"""The bodies of `products/…`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import at, gid
from aftercare_shopify.fake.state.money import minor, written
from aftercare_shopify.fake.state.products import Product, Variant

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def product_body(shop: Records, product: Product) -> dict[str, Any]:
    """Return a product with its variants."""
    return {
        "admin_graphql_api_id": gid("Product", product.id),
        "body_html": product.description or None,
        "created_at": at(shop, product.created),
        "handle": product.handle,
        "id": product.id,
        "product_type": product.product_type,
        "published_at": at(shop, product.created) if product.status == "ACTIVE" else None,
        "template_suffix": None,
        "title": product.title,
        "updated_at": at(shop, product.updated),
        "vendor": product.vendor,
        "status": product.status.lower(),
        "published_scope": "web",
        "tags": ", ".join(product.tags),
        "variants": [_variant(shop, each) for each in product.variants],
        "options": [
            {
                "name": product.option,
                "id": product.id + 1,
                "product_id": product.id,
                "position": 1,
                "values": [each.title for each in product.variants],
            }
        ],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {
                "admin_graphql_api_id": gid("ProductVariant", each.id),
                "updated_at": f"{each.updated.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            }
            for each in reversed(product.variants)
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def _variant(shop: Records, variant: Variant) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "barcode": variant.barcode,
        "compare_at_price": None,
        "created_at": at(shop, variant.created),
        "id": variant.id,
        "inventory_policy": "deny",
        "position": variant.position,
        "price": written(minor(variant.price, shop.currency), shop.currency),
        "product_id": variant.product,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant.title,
        "updated_at": at(shop, variant.updated),
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "image_id": None,
        "inventory_item_id": None,
        "inventory_quantity": variant.stock,
        "old_inventory_quantity": variant.stock,
    }
