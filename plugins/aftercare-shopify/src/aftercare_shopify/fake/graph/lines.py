"""Lines, shipping, discounts and taxes of orders as nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph.parts import Node, both, ids, money, plain, some
from aftercare_shopify.fake.state.money import ZERO, Bag, total
from aftercare_shopify.fake.state.orders import Allocation, Application, Line, Order, Shipping

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def line_node(shop: Records, order: Order, line: Line) -> Node:
    """Return a line."""
    from aftercare_shopify.fake.graph.contracts import contract_node, visible
    from aftercare_shopify.fake.graph.products import product_node, variant_node

    exchange, now = order.exchange, order.current(line)
    product = shop.products.get(line.product)
    variant = next((each for each in product.variants if each.id == line.variant), None) if product else None
    contract = next((each for each in visible(shop) if each.id == line.contract), None)
    own = order.own_discount(line)
    left = order.to_send(line)
    tax = order.line_tax(line) if order.taxes_included else ZERO
    bags = {
        "originalTotalSet": line.gross,
        "originalUnitPriceSet": line.price,
        "discountedUnitPriceSet": line.price,
        "discountedUnitPriceAfterAllDiscountsSet": line.net.portion(1, line.quantity),
        "priceAfterAllDiscountsBeforeTaxesSet": (line.net - tax).portion(now, line.quantity),
        "totalDiscountSet": own,
        "unfulfilledDiscountedTotalSet": line.price.times(left),
        "unfulfilledOriginalTotalSet": line.price.times(left),
    }

    def discounted(withCodeDiscounts: bool = False, **_: Any) -> Node:  # noqa: N803, FBT001, FBT002 - as GraphQL passes it
        # Without codes, unless they are asked for; without what is off the whole order, always.
        return both(line.gross - own if withCodeDiscounts else line.gross, exchange)

    return {
        **ids("LineItem", line.id),
        **{name: both(bag, exchange) for name, bag in bags.items()},
        "discountedTotalSet": discounted,
        "originalTotal": plain(line.gross.shop, exchange.shop),
        "originalUnitPrice": plain(line.price.shop, exchange.shop),
        "discountedTotal": plain(line.gross.shop, exchange.shop),
        "discountedUnitPrice": plain(line.price.shop, exchange.shop),
        "totalDiscount": plain(own.shop, exchange.shop),
        "title": line.title,
        "variantTitle": line.variant_title,
        "name": line.name,
        "sku": line.sku,
        "vendor": line.vendor,
        "quantity": line.quantity,
        "currentQuantity": now,
        "refundableQuantity": now,
        "unfulfilledQuantity": left,
        "fulfillableQuantity": left,
        "nonFulfillableQuantity": line.quantity - left,
        "fulfillmentStatus": "fulfilled" if order.sent(line) and not left else "unfulfilled",
        "requiresShipping": line.requires_shipping,
        "restockable": now > 0,
        "canRestock": now > 0,
        "taxable": line.taxable,
        "isGiftCard": line.gift_card,
        "merchantEditable": order.cancelled is None,
        "customAttributes": [],
        "duties": [],
        "discountAllocations": [_allocation(order, each) for each in line.allocations],
        "taxLines": some(tax_nodes(order, line.tax, [line])),
        "product": lambda **_: None if product is None else product_node(shop, product),
        "variant": lambda **_: (
            None if product is None or variant is None else variant_node(shop, product, variant)
        ),
        "sellingPlan": None
        if line.plan is None
        else {"name": line.plan[0], "sellingPlanId": gid("SellingPlan", line.plan[1])},
        "contract": lambda **_: None if contract is None else contract_node(shop, contract),
    }


def application_node(order: Order, index: int, told: Application) -> Node:
    """Return a discount as orders know it."""
    if told.percentage:
        value: Node = {"__typename": "PricingPercentageValue", "percentage": float(told.value)}
    else:
        amount = order.exchange.priced(told.value)
        value = {
            "__typename": "MoneyV2",
            **money(amount.presentment, order.exchange.presentment),
        }
    code = told.kind == "code"
    return {
        "__typename": "DiscountCodeApplication" if code else "ManualDiscountApplication",
        "index": index,
        "code": told.title,
        "title": told.title,
        "description": None,
        "allocationMethod": told.method.upper(),
        "targetSelection": told.selection.upper(),
        "targetType": told.target.upper(),
        "value": value,
    }


def _allocation(order: Order, told: Allocation) -> Node:
    return {
        "allocatedAmount": money(told.amount.shop, order.exchange.shop),
        "allocatedAmountSet": both(told.amount, order.exchange),
        "discountApplication": application_node(
            order, told.application, order.applications[told.application]
        ),
    }


def shipping_node(order: Order, told: Shipping) -> Node:
    """Return how an order travels."""
    exchange = order.exchange
    back: Bag = total(refund.shipping for refund in order.refunds)
    return {
        "id": gid("ShippingLine", told.id),
        "title": told.title,
        "code": told.title,
        "source": "shopify",
        "carrierIdentifier": None,
        "custom": False,
        "isRemoved": False,
        "price": plain(told.price.shop, exchange.shop),
        "originalPrice": money(told.price.shop, exchange.shop),
        "originalPriceSet": both(told.price, exchange),
        "discountedPrice": money(told.net.shop, exchange.shop),
        "discountedPriceSet": both(told.net, exchange),
        "currentDiscountedPriceSet": both(told.net - back, exchange),
        "discountAllocations": [_allocation(order, each) for each in told.allocations],
        "taxLines": _tax(order, order.shipping_tax_of(told), order.shipping_tax),
    }


def tax_nodes(order: Order, rate: int, lines: Iterable[Line]) -> list[Node]:
    """Return the tax of some lines at a rate, or none."""
    return _tax(order, total(order.line_tax(line) for line in lines if line.tax == rate), rate)


def _tax(order: Order, amount: Bag, rate: int) -> list[Node]:
    if not rate or amount == ZERO:
        return []
    return [
        {
            "title": "CT",
            "rate": rate / 100,
            "ratePercentage": float(rate),
            "channelLiable": False,
            "price": plain(amount.shop, order.exchange.shop),
            "priceSet": both(amount, order.exchange),
        }
    ]
