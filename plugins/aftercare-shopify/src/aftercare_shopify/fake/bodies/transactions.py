"""Movements of money as bodies tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import at, gid
from aftercare_shopify.fake.state.money import ZERO, Bag, written
from aftercare_shopify.fake.state.orders import Order, Transaction

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def transaction_body(shop: Records, order: Order, told: Transaction, *, alone: bool = True) -> dict[str, Any]:
    """Return a movement of money, as `order_transactions/create` tells it or, not `alone`, a refund.

    Amounts are in the currency of the payment, which is the customer's.
    """
    currency = order.exchange.presentment
    body = {
        "id": told.id,
        "order_id": order.id,
        "kind": told.kind,
        "gateway": told.gateway,
        "status": told.status,
        "message": None,
        "created_at": at(shop, told.created),
        "test": told.test,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": told.parent,
        "processed_at": at(shop, told.processed),
        "device_id": None,
        "error_code": None,
        "source_name": order.source,
    }
    if alone:
        body["payment_details"] = None if told.manual else _card()
    return {
        **body,
        "receipt": {},
        "amount": written(told.amount.presentment, currency),
        "currency": currency,
        "payment_id": told.payment,
        "total_unsettled_set": _unsettled(order, told.amount if told.status == "pending" else ZERO),
        "manual_payment_gateway": told.manual,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", told.id),
    }


def _card() -> dict[str, Any]:
    return {
        "credit_card_bin": None,
        "avs_result_code": None,
        "cvv_result_code": None,
        "credit_card_number": "•••• •••• •••• 1234",
        "credit_card_company": "Visa",
        "buyer_action_info": None,
        "credit_card_name": None,
        "credit_card_wallet": None,
        "credit_card_expiration_month": None,
        "credit_card_expiration_year": None,
        "payment_method_name": "visa",
    }


def _unsettled(order: Order, bag: Bag) -> dict[str, Any]:
    # The one place where the currency is called "currency", and comes second in the sample, too.
    return {
        "presentment_money": {
            "amount": written(bag.presentment, order.exchange.presentment),
            "currency": order.exchange.presentment,
        },
        "shop_money": {"amount": written(bag.shop, order.exchange.shop), "currency": order.exchange.shop},
    }
