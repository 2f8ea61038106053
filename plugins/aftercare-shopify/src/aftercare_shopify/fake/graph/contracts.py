"""Subscription contracts as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph.connections import field, nothing
from aftercare_shopify.fake.graph.parts import Node, count, moment, money
from aftercare_shopify.fake.search import Field
from aftercare_shopify.fake.state.contracts import Contract, ContractLine
from aftercare_shopify.fake.state.money import minor

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "CREATED_AT": lambda each: each.created,
    "UPDATED_AT": lambda each: each.updated,
    "STATUS": lambda each: each.status,
}
SEARCHED = {
    "id": Field("number", lambda each: each.id),
    "status": Field("text", lambda each: each.status),
    "created_at": Field("time", lambda each: each.created),
    "updated_at": Field("time", lambda each: each.updated),
}


def visible(shop: Records) -> list[Contract]:
    """Return the contracts that this app made: it sees no others."""
    return [each for each in shop.contracts.values() if each.own]


def contract_node(shop: Records, contract: Contract) -> Node:
    """Return a subscription contract."""
    from aftercare_shopify.fake.graph.customers import customer_node
    from aftercare_shopify.fake.graph.orders import order_node

    customer = shop.customers.get(contract.customer)
    origin = shop.orders.get(contract.origin or 0)
    policy = {"interval": contract.interval, "intervalCount": contract.count, "anchors": []}
    return {
        "__typename": "SubscriptionContract",
        "id": gid("SubscriptionContract", contract.id),
        "status": contract.status,
        "createdAt": moment(contract.created),
        "updatedAt": moment(contract.updated),
        "currencyCode": shop.currency,
        "nextBillingDate": moment(contract.next_billing),
        "lastPaymentStatus": contract.last_payment,
        "revisionId": str(contract.revision),
        "customAttributes": [],
        "billingPolicy": {**policy, "minCycles": None, "maxCycles": None},
        "deliveryPolicy": policy,
        "deliveryPrice": money(0, shop.currency),
        "customer": lambda **_: None if customer is None else customer_node(shop, customer),
        "originOrder": lambda **_: None if origin is None else order_node(shop, origin),
        "orders": field(
            [shop.orders[each] for each in contract.orders if each in shop.orders],
            lambda each: order_node(shop, each),
        ),
        "lineCount": len(contract.lines),
        "linesCount": count(len(contract.lines)),
        "lines": field(
            list(enumerate(contract.lines)),
            lambda each: _line(shop, each[1]),
            lambda each: (each[0], each[0]),
        ),
        "billingAttempts": nothing,
        "discounts": nothing,
    }


def _line(shop: Records, line: ContractLine) -> Node:
    price = minor(line.price, shop.currency)
    return {
        "id": line.id,
        "title": line.title,
        "variantTitle": None,
        "quantity": line.quantity,
        "sku": line.sku,
        "productId": gid("Product", line.product),
        "variantId": gid("ProductVariant", line.variant),
        "sellingPlanName": line.plan or None,
        "currentPrice": money(price, shop.currency),
        "lineDiscountedPrice": money(price * line.quantity, shop.currency),
        "requiresShipping": True,
        "taxable": True,
        "customAttributes": [],
        "discountAllocations": [],
    }
