"""Lines of orders as bodies tell them: in orders, and shorter in refunds and parcels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import both, gid, taxes
from aftercare_shopify.fake.state.money import Exchange, written
from aftercare_shopify.fake.state.orders import Allocation, Line, Order

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def line_body(shop: Records, order: Order, line: Line) -> dict[str, Any]:
    """Return a line as orders tell it. Its selling plan is not told."""
    told = _told(shop, order, line)
    return {
        "id": told["id"],
        "admin_graphql_api_id": told["admin_graphql_api_id"],
        "attributed_staffs": [],
        "current_quantity": order.current(line),
        **{
            name: told[name]
            for name in (
                *("fulfillable_quantity", "fulfillment_service", "fulfillment_status", "gift_card", "grams"),
                *("name", "price", "price_set", "product_exists", "product_id", "properties", "quantity"),
                "requires_shipping",
            )
        },
        "sales_line_item_group_id": None,
        **{
            name: told[name]
            for name in (
                *("sku", "taxable", "title", "total_discount", "total_discount_set", "variant_id"),
                *("variant_inventory_management", "variant_title", "vendor", "tax_lines", "duties"),
                "discount_allocations",
            )
        },
    }


def short_line_body(shop: Records, order: Order, line: Line, quantity: int | None = None) -> dict[str, Any]:
    """Return a line as refunds and parcels tell it; in a parcel, with the `quantity` that is in it."""
    told = _told(shop, order, line)
    return told if quantity is None else {**told, "quantity": quantity}


def allocations(told: Iterable[Allocation], exchange: Exchange) -> list[dict[str, Any]]:
    """Return discounts on a line."""
    return [
        {
            "amount": written(each.amount.shop, exchange.shop),
            "discount_application_index": each.application,
            "amount_set": both(each.amount, exchange),
        }
        for each in told
    ]


def _status(order: Order, line: Line) -> str | None:
    if not order.sent(line):
        return None
    return "partial" if order.to_send(line) else "fulfilled"


def _told(shop: Records, order: Order, line: Line) -> dict[str, Any]:
    exchange = order.exchange
    product = shop.products.get(line.product)
    there = product is not None
    variant_there = product is not None and any(each.id == line.variant for each in product.variants)
    return {
        "id": line.id,
        "variant_id": line.variant if variant_there else None,
        "title": line.title,
        "quantity": line.quantity,
        "sku": line.sku,
        "variant_title": line.variant_title,
        "vendor": line.vendor,
        "fulfillment_service": "manual",
        "product_id": line.product if there else None,
        "requires_shipping": line.requires_shipping,
        "taxable": line.taxable,
        "gift_card": line.gift_card,
        "name": line.name,
        "variant_inventory_management": "shopify",
        "properties": [],
        "product_exists": there,
        "fulfillable_quantity": order.to_send(line),
        "grams": 0,
        "price": written(line.price.shop, exchange.shop),
        # Only what is meant for this line; discounts on the whole order are allocations.
        "total_discount": written(order.own_discount(line).shop, exchange.shop),
        "fulfillment_status": _status(order, line),
        "price_set": both(line.price, exchange),
        "total_discount_set": both(order.own_discount(line), exchange),
        "discount_allocations": allocations(line.allocations, exchange),
        "duties": [],
        "admin_graphql_api_id": gid("LineItem", line.id),
        "tax_lines": taxes(order.line_tax(line), line.tax, exchange),
    }
