"""Products and variants as nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph import metafields
from aftercare_shopify.fake.graph.connections import field, nothing
from aftercare_shopify.fake.graph.parts import Node, count, ids, moment, money, plain, some
from aftercare_shopify.fake.search import Field
from aftercare_shopify.fake.state.money import minor
from aftercare_shopify.fake.state.products import Product, Variant

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "CREATED_AT": lambda each: each.created,
    "UPDATED_AT": lambda each: each.updated,
    "PUBLISHED_AT": lambda each: each.created,
    "TITLE": lambda each: each.title.casefold(),
    "VENDOR": lambda each: each.vendor.casefold(),
    "PRODUCT_TYPE": lambda each: each.product_type.casefold(),
    "RELEVANCE": lambda each: each.id,
}
VARIANT_SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "POSITION": lambda each: each.position,
    "SKU": lambda each: each.sku or "",
    "TITLE": lambda each: each.title.casefold(),
}


def searched() -> dict[str, Field]:
    """Return what products are searched by."""
    return {
        "id": Field("number", lambda each: each.id),
        "title": Field("text", lambda each: each.title),
        "handle": Field("text", lambda each: each.handle),
        "status": Field("text", lambda each: each.status),
        "vendor": Field("text", lambda each: each.vendor),
        "product_type": Field("text", lambda each: each.product_type),
        "tag": Field("words", lambda each: each.tags),
        "sku": Field("words", lambda each: [one.sku for one in each.variants if one.sku]),
        "created_at": Field("time", lambda each: each.created),
        "updated_at": Field("time", lambda each: each.updated),
        "published_at": Field("time", lambda each: each.created),
    }


def product_node(shop: Records, product: Product) -> Node:
    """Return a product."""
    prices = [minor(each.price, shop.currency) for each in product.variants]
    text = re.sub(r"<[^>]+>", "", product.description)
    return {
        **ids("Product", product.id),
        **metafields.fields(shop, gid("Product", product.id)),
        "title": product.title,
        "handle": product.handle,
        "description": lambda truncateAt=None, **_: text if truncateAt is None else text[:truncateAt],  # noqa: N803 - as GraphQL calls it
        "descriptionHtml": product.description,
        "bodyHtml": product.description,
        "vendor": product.vendor,
        "productType": product.product_type,
        "category": None,
        "tags": sorted(product.tags),
        "status": product.status,
        "createdAt": moment(product.created),
        "updatedAt": moment(product.updated),
        "publishedAt": moment(product.created) if product.status == "ACTIVE" else None,
        "onlineStoreUrl": f"https://{shop.domain}/products/{product.handle}"
        if product.status == "ACTIVE"
        else None,
        "isGiftCard": product.gift_card,
        "requiresSellingPlan": False,
        "hasOnlyDefaultVariant": product.single,
        "hasVariantsThatRequiresComponents": False,
        "hasOutOfStockVariants": any(each.stock <= 0 for each in product.variants),
        "tracksInventory": True,
        "totalInventory": sum(each.stock for each in product.variants),
        "totalVariants": len(product.variants),
        "variantsCount": count(len(product.variants)),
        "mediaCount": count(0),
        "priceRangeV2": {
            "minVariantPrice": money(min(prices), shop.currency),
            "maxVariantPrice": money(max(prices), shop.currency),
        },
        "options": some(
            [
                {
                    **ids("ProductOption", product.id + 1),
                    "name": product.option,
                    "position": 1,
                    "values": [each.title for each in product.variants],
                }
            ]
        ),
        "variants": lambda sortKey="POSITION", **told: field(  # noqa: N803 - as GraphQL calls it
            product.variants,
            lambda each: variant_node(shop, product, each),
            lambda each: (VARIANT_SORTS.get(sortKey, VARIANT_SORTS["POSITION"])(each), each.id),
        )(**told),
        "collections": nothing,
        "images": nothing,
        "media": nothing,
        "sellingPlanGroups": nothing,
        "seo": {"title": None, "description": None},
    }


def variant_node(shop: Records, product: Product, variant: Variant) -> Node:
    """Return a variant."""
    cost = minor(variant.price, shop.currency)
    return {
        **ids("ProductVariant", variant.id),
        **metafields.fields(shop, gid("ProductVariant", variant.id)),
        "title": variant.title,
        "displayName": f"{product.title} - {variant.title}",
        "sku": variant.sku,
        "barcode": variant.barcode,
        "price": plain(cost, shop.currency),
        "compareAtPrice": None,
        "position": variant.position,
        "taxable": variant.taxable,
        "availableForSale": product.status == "ACTIVE" and variant.stock > 0,
        "inventoryPolicy": "DENY",
        "inventoryQuantity": variant.stock,
        "sellableOnlineQuantity": variant.stock,
        "requiresComponents": False,
        "showUnitPrice": False,
        "createdAt": moment(variant.created),
        "updatedAt": moment(variant.updated),
        "selectedOptions": [{"name": product.option, "value": variant.title}],
        "product": lambda **_: product_node(shop, product),
        "media": nothing,
        "sellingPlanGroups": nothing,
    }
