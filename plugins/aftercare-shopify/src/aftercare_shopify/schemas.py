"""The part of Shopify's webhook bodies that is used here; whatever else they hold is left out unread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from aftercare_sdk.shops.loading import Exact, Projection, compiled
from aftercare_sdk.shops.payloads import LARGEST_ID, Text, scalar

# Bounds keep odd numbers from breaking the arithmetic or the database after it.
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)
_LARGEST_QUANTITY = 10**9


class Amount(fields.Field[Decimal]):
    """An amount with as many decimals as were told: a string, and in few places a number."""

    default_error_messages = {"invalid": "Not an amount."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Decimal:
        text = scalar(value)
        if text is None or not _AMOUNT.fullmatch(text):
            raise self.make_error("invalid")
        return Decimal(text)

    def exact(self) -> Exact:
        return Exact(str, lambda text: Decimal(text) if _AMOUNT.fullmatch(text) else None)


class Moment(fields.Field[datetime]):
    """An instant, written with its offset, in UTC."""

    default_error_messages = {"invalid": "Not a date."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        moment = instant(value)
        if moment is None:
            raise self.make_error("invalid")
        return moment

    def exact(self) -> Exact:
        return Exact(str, _instant)


def instant(told: Any) -> datetime | None:
    """Return a moment in UTC, or None for what is none that can be placed."""
    try:
        return _instant(told)
    except (TypeError, ValueError, OverflowError):
        return None


def _instant(told: str) -> datetime | None:
    moment = datetime.fromisoformat(told)
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def _id() -> fields.Integer:
    return fields.Integer(strict=True, required=True, validate=validate.Range(1, LARGEST_ID))


def _reference() -> fields.Integer:
    # Of what has been deleted, and of what never was a product, the number is null.
    return fields.Integer(strict=True, load_default=0, validate=validate.Range(0, LARGEST_ID))


def _quantity() -> fields.Integer:
    return fields.Integer(strict=True, required=True, validate=validate.Range(0, _LARGEST_QUANTITY))


def _text() -> Text:
    return Text(load_default="")


def _flag() -> fields.Boolean:
    return fields.Boolean(load_default=None)


def _moment() -> Moment:
    return Moment(load_default=None)


def _nested(schema: type[Schema]) -> fields.Nested:
    return fields.Nested(schema, load_default=None)


def _listed(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), load_default=list)


class _Amount(Projection):
    amount = Amount(required=True)
    currency_code = Text(required=True, validate=validate.Regexp(_CURRENCY))


class _Bag(Projection):
    shop_money = fields.Nested(_Amount, required=True)
    presentment_money = fields.Nested(_Amount, required=True)


class Bag(fields.Nested):
    """A bag of money. An order has dozens: the usual ones are read at once, all others by the schema."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_Bag, **kwargs)

    def exact(self) -> Exact:
        return Exact(dict, _bag_at_once)


def _bag_at_once(bag: dict[str, Any]) -> dict[str, Any] | None:
    told = {}
    for name in ("shop_money", "presentment_money"):
        money = bag.get(name)
        if type(money) is not dict:
            return None
        amount, code = money.get("amount"), money.get("currency_code")
        if type(amount) is not str or type(code) is not str:
            return None
        if not (_AMOUNT.fullmatch(amount) and _CURRENCY.fullmatch(code)):
            return None
        told[name] = {"amount": Decimal(amount), "currency_code": code}
    return told


def _bag() -> Bag:
    return Bag(required=True)


class _Address(Projection):
    first_name = _text()
    last_name = _text()
    name = _text()
    company = _text()
    address1 = _text()
    address2 = _text()
    city = _text()
    province = _text()
    province_code = _text()
    zip = _text()
    country_code = _text()
    phone = _text()


class _Consent(Projection):
    state = _text()
    opt_in_level = _text()
    consent_updated_at = _moment()


class _Person(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    email = _text()
    phone = _text()
    first_name = _text()
    last_name = _text()
    default_address = _nested(_Address)
    email_marketing_consent = _nested(_Consent)


class _TaxLine(Projection):
    price_set = _bag()


class _Allocation(Projection):
    amount_set = _bag()


class _Line(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    title = _text()
    quantity = _quantity()
    price_set = _bag()
    tax_lines = _listed(_TaxLine)
    discount_allocations = _listed(_Allocation)
    product_id = _reference()
    variant_id = _reference()
    sku = _text()
    gift_card = _flag()
    requires_shipping = _flag()


class _ShippingLine(Projection):
    price_set = _bag()
    tax_lines = _listed(_TaxLine)
    discount_allocations = _listed(_Allocation)
    is_removed = _flag()


class _LineName(Projection):
    """The line of the order, as it is told once more with a refund or a fulfilment."""

    admin_graphql_api_id = _text()
    requires_shipping = _flag()


class _Transaction(Projection):
    kind = _text()
    status = _text()
    amount = Amount(required=True)
    # Of what the amount is; null where the payment method does not know.
    currency = _text()


class _RefundLine(Projection):
    line_item_id = _id()
    quantity = _quantity()
    subtotal_set = _bag()
    total_tax_set = _bag()
    line_item = _nested(_LineName)


class _Refund(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    order_id = _reference()
    created_at = _moment()
    refund_line_items = fields.List(fields.Nested(_RefundLine), load_default=None)
    transactions = fields.List(fields.Nested(_Transaction), load_default=None)
    total_duties_set = Bag(load_default=None)


class _Fulfillment(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    order_id = _reference()
    status = _text()
    shipment_status = _text()
    created_at = Moment(required=True)
    updated_at = _moment()
    line_items = _listed(_LineName)


class _FulfillmentEvent(Projection):
    fulfillment_id = _id()
    order_id = _id()
    status = _text()
    happened_at = Moment(required=True)
    updated_at = _moment()


class _OrderTransaction(Projection):
    order_id = _id()
    kind = _text()
    status = _text()


class _Code(Projection):
    code = Text(required=True)


class _Order(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    name = _text()
    financial_status = _text()
    created_at = Moment(required=True)
    processed_at = _moment()
    updated_at = Moment(required=True)
    cancelled_at = _moment()
    test = _flag()
    taxes_included = _flag()
    total_price_set = _bag()
    payment_gateway_names = fields.List(Text(), load_default=list)
    discount_codes = _listed(_Code)
    email = _text()
    phone = _text()
    customer = _nested(_Person)
    customer_locale = _text()
    billing_address = _nested(_Address)
    shipping_address = _nested(_Address)
    line_items = fields.List(fields.Nested(_Line), required=True)
    shipping_lines = _listed(_ShippingLine)
    fulfillments = _listed(_Fulfillment)
    refunds = _listed(_Refund)


class _Customer(_Person):
    updated_at = Moment(required=True)
    # One string; told until 2024-10.
    tags = Text(load_default=None)


class _Category(Projection):
    name = _text()


class _Product(Projection):
    id = _id()
    admin_graphql_api_id = _text()
    updated_at = Moment(required=True)
    title = _text()
    handle = _text()
    status = _text()
    tags = _text()
    product_type = _text()
    category = _nested(_Category)


class _Stub(Projection):
    id = _id()
    admin_graphql_api_id = _text()


class _Requester(Projection):
    id = _reference()
    email = _text()


class _DataRequest(Projection):
    id = _reference()


def _ids() -> fields.List[Any]:
    return fields.List(fields.Integer(strict=True, validate=validate.Range(1, LARGEST_ID)), load_default=list)


class _Compliance(Projection):
    customer = _nested(_Requester)
    orders_requested = _ids()
    orders_to_redact = _ids()
    data_request = _nested(_DataRequest)


class _ConsentOf(Projection):
    customer_id = _id()
    email_marketing_consent = fields.Nested(_Consent, required=True)


class _Named(Projection):
    """What names an order or a customer and tells next to nothing else of it."""

    order_id = _id()


# Compiled once: that costs more than reading an order.
ORDER = compiled(_Order())
REFUND = compiled(_Refund())
FULFILLMENT = compiled(_Fulfillment())
FULFILLMENT_EVENT = compiled(_FulfillmentEvent())
ORDER_TRANSACTION = compiled(_OrderTransaction())
CUSTOMER = compiled(_Customer())
PRODUCT = compiled(_Product())
STUB = compiled(_Stub())
COMPLIANCE = compiled(_Compliance())
CONSENT = compiled(_ConsentOf())
NAMED = compiled(_Named())
