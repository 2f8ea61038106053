"""The bodies of `orders/…`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.customers import embedded_body
from aftercare_shopify.fake.bodies.fulfillments import embedded as parcel_body
from aftercare_shopify.fake.bodies.lines import allocations, line_body
from aftercare_shopify.fake.bodies.parts import address, at, both, gid, taxes
from aftercare_shopify.fake.bodies.refunds import refund_body
from aftercare_shopify.fake.state.money import ZERO, Bag, total, written
from aftercare_shopify.fake.state.orders import Application, Line, Order, Shipping

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def order_body(shop: Records, order: Order) -> dict[str, Any]:
    """Return an order as `orders/create`, `updated`, `paid` and their like tell it."""
    exchange = order.exchange

    def amount(bag: Bag) -> str:
        return written(bag.shop, exchange.shop)

    def money(bag: Bag) -> dict[str, Any]:
        return both(bag, exchange)

    customer = shop.customers.get(order.customer) if order.customer is not None else None
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "app_id": None,
        "browser_ip": None,
        "buyer_accepts_marketing": order.accepts_marketing,
        "cancel_reason": order.cancel_reason,
        "cancelled_at": at(shop, order.cancelled),
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": at(shop, order.closed),
        "confirmation_number": None,
        "confirmed": True,
        "contact_email": order.email,
        "created_at": at(shop, order.created),
        "currency": exchange.shop,
        "current_shipping_price_set": money(order.current_shipping),
        "current_subtotal_price": amount(order.current_subtotal),
        "current_subtotal_price_set": money(order.current_subtotal),
        "current_total_additional_fees_set": None,
        "current_total_discounts": amount(order.current_discounts),
        "current_total_discounts_set": money(order.current_discounts),
        "current_total_duties_set": None,
        "current_total_price": amount(order.current_total),
        "current_total_price_set": money(order.current_total),
        "current_total_tax": amount(order.current_tax),
        "current_total_tax_set": money(order.current_tax),
        "customer_locale": order.locale,
        "device_id": None,
        "discount_codes": _codes(order),
        "duties_included": False,
        "email": order.email or "",
        "estimated_taxes": False,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": order.name,
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes.items()],
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{shop.domain}/{shop.shop_id}/orders/{order.id:x}/authenticate?key=fake",
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "payment_gateway_names": [order.gateway] if order.transactions else [],
        "phone": order.phone,
        "po_number": None,
        "presentment_currency": exchange.presentment,
        "processed_at": at(shop, order.processed),
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": order.source,
        "source_url": None,
        "subtotal_price": amount(order.subtotal),
        "subtotal_price_set": money(order.subtotal),
        "tags": ", ".join(order.tags),
        "tax_exempt": False,
        "tax_lines": _taxes(order),
        "taxes_included": order.taxes_included,
        "test": order.test,
        "token": f"{order.id:x}",
        "total_cash_rounding_payment_adjustment_set": money(ZERO),
        "total_cash_rounding_refund_adjustment_set": money(ZERO),
        "total_discounts": amount(order.discounts),
        "total_discounts_set": money(order.discounts),
        "total_line_items_price": amount(order.gross),
        "total_line_items_price_set": money(order.gross),
        "total_outstanding": amount(order.outstanding),
        "total_price": amount(order.total),
        "total_price_set": money(order.total),
        "total_shipping_price_set": money(order.shipping_price),
        "total_tax": amount(order.tax),
        "total_tax_set": money(order.tax),
        "total_tip_received": amount(ZERO),
        "total_weight": 0,
        "updated_at": at(shop, order.updated),
        "user_id": None,
        "billing_address": address(order.billing),
        "customer": None if customer is None else embedded_body(shop, customer),
        "discount_applications": [_application(each) for each in order.applications],
        "fulfillments": [parcel_body(shop, order, each) for each in order.fulfillments],
        "line_items": [line_body(shop, order, each) for each in order.lines],
        "payment_terms": None,
        "refunds": [refund_body(shop, order, each) for each in order.refunds],
        "shipping_address": address(order.destination),
        "shipping_lines": [_shipping(order, each) for each in order.shipping],
        "returns": [],
        "line_item_groups": [],
    }


def edit_body(
    shop: Records, order: Order, added: dict[int, int], removed: dict[int, int], note: str
) -> dict[str, Any]:
    """Return what `orders/edited` tells: pieces that were added and removed, by the id of the line."""
    return {
        "order_edit": {
            "id": shop.new_id(),
            "app_id": None,
            "created_at": at(shop, shop.now),
            "committed_at": at(shop, shop.now),
            "notify_customer": False,
            "order_id": order.id,
            "staff_note": note,
            "user_id": None,
            "line_items": {
                "additions": [{"id": line, "delta": count} for line, count in added.items()],
                "removals": [{"id": line, "delta": count} for line, count in removed.items()],
            },
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def _taxes(order: Order) -> list[dict[str, Any]]:
    rates: dict[int, Bag] = {}
    for line in order.lines:
        rates[line.tax] = rates.get(line.tax, ZERO) + order.line_tax(line)
    for shipping in order.shipping:
        rates[order.shipping_tax] = rates.get(order.shipping_tax, ZERO) + order.shipping_tax_of(shipping)
    return [told for rate, tax in rates.items() for told in taxes(tax, rate, order.exchange)]


def _codes(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "code": each.title,
            "amount": written(_taken(order, index).shop, order.exchange.shop),
            "type": "shipping"
            if each.target == "shipping_line"
            else "percentage"
            if each.percentage
            else "fixed_amount",
        }
        for index, each in enumerate(order.applications)
        if each.kind == "code"
    ]


def _taken(order: Order, application: int) -> Bag:
    parts: tuple[Line | Shipping, ...] = (*order.lines, *order.shipping)
    return total(
        each.amount for part in parts for each in part.allocations if each.application == application
    )


def _application(told: Application) -> dict[str, Any]:
    name = {"code": told.title} if told.kind == "code" else {"title": told.title, "description": told.title}
    return {
        "target_type": told.target,
        "type": "discount_code" if told.kind == "code" else told.kind,
        "value": f"{told.value:f}",
        "value_type": "percentage" if told.percentage else "fixed_amount",
        "allocation_method": told.method,
        "target_selection": told.selection,
        **name,
    }


def _shipping(order: Order, shipping: Shipping) -> dict[str, Any]:
    exchange = order.exchange
    back = total(refund.shipping for refund in order.refunds)
    return {
        "id": shipping.id,
        "carrier_identifier": None,
        "code": shipping.title,
        "current_discounted_price_set": both(shipping.net - back, exchange),
        "discounted_price": written(shipping.net.shop, exchange.shop),
        "discounted_price_set": both(shipping.net, exchange),
        "is_removed": False,
        "phone": None,
        "price": written(shipping.price.shop, exchange.shop),
        "price_set": both(shipping.price, exchange),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": shipping.title,
        "tax_lines": taxes(order.shipping_tax_of(shipping), order.shipping_tax, exchange),
        "discount_allocations": allocations(shipping.allocations, exchange),
    }
