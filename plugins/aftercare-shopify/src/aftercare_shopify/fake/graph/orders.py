"""Orders as nodes, with their lines, payments, parcels and refunds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph import metafields
from aftercare_shopify.fake.graph.connections import field, nothing
from aftercare_shopify.fake.graph.lines import application_node, line_node, shipping_node, tax_nodes
from aftercare_shopify.fake.graph.parcels import parcel_node
from aftercare_shopify.fake.graph.parts import Node, address, both, count, ids, moment, money, plain, some
from aftercare_shopify.fake.graph.refunds import refund_node
from aftercare_shopify.fake.graph.transactions import transaction_node
from aftercare_shopify.fake.search import Field
from aftercare_shopify.fake.state.money import ZERO, Bag, total
from aftercare_shopify.fake.state.orders import Order

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "CREATED_AT": lambda each: each.created,
    "UPDATED_AT": lambda each: each.updated,
    "PROCESSED_AT": lambda each: each.processed,
    "ORDER_NUMBER": lambda each: each.number,
    "TOTAL_PRICE": lambda each: each.total.shop,
    "CURRENT_TOTAL_PRICE": lambda each: each.current_total.shop,
    "FINANCIAL_STATUS": lambda each: each.financial_status,
    "FULFILLMENT_STATUS": lambda each: each.fulfillment_status or "",
    "RELEVANCE": lambda each: each.id,
}
_SENT = {
    None: "UNFULFILLED",
    "partial": "PARTIALLY_FULFILLED",
    "fulfilled": "FULFILLED",
    "restocked": "RESTOCKED",
}
_SEARCHED_SENT = {None: "unfulfilled,unshipped", "partial": "partial", "fulfilled": "fulfilled,shipped"}


def _status(order: Order) -> list[str]:
    if order.cancelled is not None:
        return ["cancelled", "closed"]
    return ["closed"] if order.closed is not None else ["open", "not_closed"]


SEARCHED = {
    "id": Field("number", lambda each: each.id),
    "name": Field("words", lambda each: [each.name, str(each.number)]),
    "email": Field("email", lambda each: each.email),
    "customer_id": Field("number", lambda each: each.customer),
    "status": Field("words", lambda each: [*_status(each), "any"]),
    "financial_status": Field("text", lambda each: each.financial_status),
    "fulfillment_status": Field(
        "words", lambda each: _SEARCHED_SENT.get(each.fulfillment_status, "").split(",")
    ),
    "gateway": Field("text", lambda each: each.gateway),
    "tag": Field("words", lambda each: each.tags),
    "test": Field("flag", lambda each: each.test),
    "discount_code": Field("text", lambda each: next(iter(_codes(each)), None)),
    "sku": Field("words", lambda each: [line.sku for line in each.lines if line.sku]),
    "source_name": Field("text", lambda each: each.source),
    "created_at": Field("time", lambda each: each.created),
    "updated_at": Field("time", lambda each: each.updated),
    "processed_at": Field("time", lambda each: each.processed),
}
"""What orders are searched by."""


def order_node(shop: Records, order: Order) -> Node:
    """Return an order."""
    return {
        **ids("Order", order.id),
        **metafields.fields(shop, gid("Order", order.id)),
        **_facts(shop, order),
        **_amounts(order),
        **_parts(shop, order),
    }


def _facts(shop: Records, order: Order) -> dict[str, Any]:
    paid = order.outstanding.presentment <= 0
    return {
        "name": order.name,
        "number": order.number,
        "email": order.email,
        "phone": order.phone,
        "note": order.note,
        "tags": sorted(order.tags),
        "test": order.test,
        "confirmed": True,
        "closed": order.closed is not None,
        "closedAt": moment(order.closed),
        "cancelledAt": moment(order.cancelled),
        "cancelReason": order.cancel_reason.upper() if order.cancel_reason else None,
        "createdAt": moment(order.created),
        "processedAt": moment(order.processed),
        "updatedAt": moment(order.updated),
        "currencyCode": order.exchange.shop,
        "presentmentCurrencyCode": order.exchange.presentment,
        "customAttributes": [{"key": name, "value": value} for name, value in order.attributes.items()],
        "customerAcceptsMarketing": order.accepts_marketing,
        "customerLocale": order.locale,
        "discountCode": next(iter(_codes(order)), None),
        "discountCodes": _codes(order),
        "displayFinancialStatus": order.financial_status.upper(),
        "displayFulfillmentStatus": _SENT[order.fulfillment_status],
        "dutiesIncluded": False,
        "edited": order.edited,
        "estimatedTaxes": False,
        "fullyPaid": paid,
        "unpaid": order.received == ZERO and order.total != ZERO,
        "capturable": order.capturable != ZERO,
        "canMarkAsPaid": not paid and order.cancelled is None,
        "canNotifyCustomer": order.email is not None,
        "fulfillable": any(order.to_send(line) for line in order.lines),
        "refundable": (order.received - order.refunded).presentment > 0,
        "restockable": any(order.current(line) for line in order.lines),
        "requiresShipping": any(line.requires_shipping for line in order.lines),
        "merchantEditable": order.cancelled is None,
        "merchantEditableErrors": [],
        "hasTimelineComment": False,
        "productNetwork": False,
        "paymentGatewayNames": [order.gateway] if order.transactions else [],
        "returnStatus": "NO_RETURN",
        "sourceName": order.source,
        "statusPageUrl": lambda **_: (
            f"https://{shop.domain}/{shop.shop_id}/orders/{order.id:x}/authenticate?key=fake"
        ),
        "taxExempt": False,
        "taxesIncluded": order.taxes_included,
        "billingAddressMatchesShippingAddress": order.billing == order.destination,
        "currentTotalWeight": "0",
        "totalWeight": "0",
        "subtotalLineItemsQuantity": sum(line.quantity for line in order.lines),
        "currentSubtotalLineItemsQuantity": sum(order.current(line) for line in order.lines),
    }


_OLDER = frozenset(
    {
        *("cartDiscountAmount", "netPayment", "subtotalPrice", "totalCapturable", "totalDiscounts"),
        *("totalPrice", "totalReceived", "totalRefunded", "totalShippingPrice", "totalTax"),
    }
)


def _whole(order: Order) -> Bag:
    """Return what is off the whole order, and no line of its own."""
    return total(line.discount - order.own_discount(line) for line in order.lines)


_BAGS: dict[str, Callable[[Order], Bag]] = {
    "cartDiscountAmountSet": _whole,
    "currentCartDiscountAmountSet": _whole,
    "currentShippingPriceSet": lambda order: order.current_shipping,
    "currentSubtotalPriceSet": lambda order: order.current_subtotal,
    "currentTotalDiscountsSet": lambda order: order.current_discounts,
    "currentTotalPriceSet": lambda order: order.current_total,
    "currentTotalTaxSet": lambda order: order.current_tax,
    "netPaymentSet": lambda order: order.received - order.refunded,
    "originalTotalPriceSet": lambda order: order.original_total,
    "refundDiscrepancySet": lambda order: -total(refund.beyond for refund in order.refunds),
    "subtotalPriceSet": lambda order: order.subtotal,
    "totalCapturableSet": lambda order: order.capturable,
    "totalDiscountsSet": lambda order: order.discounts,
    "totalOutstandingSet": lambda order: order.outstanding,
    "totalPriceSet": lambda order: order.total,
    "totalReceivedSet": lambda order: order.received,
    "totalRefundedSet": lambda order: order.refunded,
    "totalRefundedShippingSet": lambda order: total(refund.shipping for refund in order.refunds),
    "totalShippingPriceSet": lambda order: order.shipping_price,
    "totalTaxSet": lambda order: order.tax,
}
"""The amounts of an order, worked out when they are asked for."""


def _amounts(order: Order) -> dict[str, Any]:
    exchange, none = order.exchange, both(ZERO, order.exchange)
    told = {name: lambda get=get, **_: both(get(order), exchange) for name, get in _BAGS.items()}
    # The older fields without "Set" are in the shop's currency.
    older = {
        name.removesuffix("Set"): lambda get=get, **_: plain(get(order).shop, exchange.shop)
        for name, get in _BAGS.items()
        if name.removesuffix("Set") in _OLDER
    }
    return {
        **older,
        **told,
        "totalTipReceived": money(0, exchange.shop),
        "totalTipReceivedSet": none,
        "currentTotalAdditionalFeesSet": None,
        "currentTotalDutiesSet": None,
        "originalTotalAdditionalFeesSet": None,
        "originalTotalDutiesSet": None,
        "totalCashRoundingAdjustment": {"paymentSet": none, "refundSet": none},
    }


def _parts(shop: Records, order: Order) -> dict[str, Any]:
    from aftercare_shopify.fake.graph.customers import customer_node

    customer = shop.customers.get(order.customer) if order.customer is not None else None
    shipping = [shipping_node(order, each) for each in order.shipping]
    rates = {line.tax for line in order.lines if line.taxable}
    return {
        "customer": lambda **_: None if customer is None else customer_node(shop, customer),
        "billingAddress": lambda **_: address(order.billing, order.id),
        "shippingAddress": lambda **_: address(order.destination, order.id + 1),
        "displayAddress": lambda **_: address(order.destination, order.id + 1),
        "lineItems": field(order.lines, lambda each: line_node(shop, order, each)),
        "nonFulfillableLineItems": field(
            [line for line in order.lines if not order.to_send(line)],
            lambda each: line_node(shop, order, each),
        ),
        "discountApplications": field(
            list(enumerate(order.applications)),
            lambda each: application_node(order, *each),
            lambda each: (each[0], each[0]),
        ),
        "fulfillments": _asked(
            [lambda each=each: parcel_node(shop, order, each) for each in order.fulfillments]
        ),
        "fulfillmentsCount": count(len(order.fulfillments)),
        "refunds": _asked([lambda each=each: refund_node(shop, order, each) for each in order.refunds]),
        "transactions": lambda first=None, capturable=None, **_: _transactions(
            shop, order, first, capturable
        ),
        "transactionsCount": count(len(order.transactions)),
        "returns": nothing,
        "fulfillmentOrders": nothing,
        "localizationExtensions": nothing,
        "localizedFields": nothing,
        "shippingLine": shipping[0] if shipping else None,
        "shippingLines": field(order.shipping, lambda each: shipping_node(order, each)),
        "taxLines": [told for rate in sorted(rates) for told in tax_nodes(order, rate, order.lines)],
        "currentTaxLines": [told for rate in sorted(rates) for told in tax_nodes(order, rate, order.lines)],
        "additionalFees": [],
        "alerts": [],
        "disputes": [],
        "risk": {"assessments": [], "recommendation": "NONE"},
    }


def _asked(makers: list[Any]) -> Any:
    return lambda first=None, **_: [make() for make in some(makers)(first=first)]


def _transactions(shop: Records, order: Order, first: int | None, capturable: bool | None) -> list[Node]:  # noqa: FBT001 - as GraphQL passes it
    found = [
        each
        for each in order.transactions
        if capturable is None or capturable is (each.kind == "authorization" and order.capturable != ZERO)
    ]
    return [transaction_node(shop, order, each) for each in some(found)(first=first)]


def _codes(order: Order) -> list[str]:
    return [each.title for each in order.applications if each.kind == "code"]
