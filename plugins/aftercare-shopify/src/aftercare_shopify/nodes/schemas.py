"""The part of GraphQL's answers that is used here: what the operations in `graphql/` ask for.

Much of it may be null: what has been deleted, and what an app may not see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from aftercare_sdk.shops.loading import Exact, Projection, compiled
from aftercare_sdk.shops.payloads import Text
from aftercare_shopify.schemas import Amount, Moment

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([1-9][0-9]{0,18})(\?.*)?", re.ASCII)
_LARGEST_QUANTITY = 10**9


def gid(kind: str, number: str) -> str:
    """Return the global name of an object of a kind, such as `Order`, by its number."""
    return f"gid://shopify/{kind}/{number}"


class Gid(fields.Field[str]):
    """A global id, of which the number is used: it is the `id` of webhooks."""

    default_error_messages = {"invalid": "Not a global id."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        number = _number(value) if isinstance(value, str) else None
        if number is None:
            raise self.make_error("invalid")
        return number

    def exact(self) -> Exact:
        return Exact(str, _number)


class Reference(fields.Field[str]):
    """An object of which only the id is asked for, as its number."""

    default_error_messages = {"invalid": "Not an object with an id."}  # noqa: RUF012 - as above

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        number = _named(value) if isinstance(value, dict) else None
        if number is None:
            raise self.make_error("invalid")
        return number

    def exact(self) -> Exact:
        return Exact(dict, _named)


class Bag(fields.Field[Decimal]):
    """An amount of a MoneyBag, in the one of its two currencies that was asked for."""

    default_error_messages = {"invalid": "Not an amount."}  # noqa: RUF012 - as above

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Decimal:
        told = _money(value) if isinstance(value, dict) else None
        if told is None:
            raise self.make_error("invalid")
        amount: Decimal = _AMOUNT.deserialize(told)
        return amount

    def exact(self) -> Exact:
        read = _AMOUNT.exact().read

        def amount(value: dict[str, Any]) -> Any:
            told = _money(value)
            return read(told) if read is not None and type(told) is str else None

        return Exact(dict, amount)


_AMOUNT = Amount()


def number_in(name: str) -> str:
    """Return the number in a global id. Raises ValueError if it is none."""
    number = _number(name)
    if number is None:
        raise ValueError("not a global id")
    return number


def _number(told: str) -> str | None:
    parts = _GID.fullmatch(told)
    return parts[2] if parts else None


def _named(told: dict[str, Any]) -> str | None:
    name = told.get("id")
    return _number(name) if isinstance(name, str) else None


def _money(told: dict[str, Any]) -> Any:
    money = told.get("presentmentMoney") or told.get("shopMoney")
    return money.get("amount") if isinstance(money, dict) else None


def _text(key: str | None = None) -> Text:
    return Text(load_default="", data_key=key)


def _flag(key: str) -> fields.Boolean:
    return fields.Boolean(required=True, data_key=key)


def _moment(key: str) -> Moment:
    return Moment(required=True, data_key=key)


def _may_be(key: str) -> Moment:
    return Moment(load_default=None, data_key=key)


def _reference(key: str) -> Reference:
    return Reference(load_default=None, data_key=key)


def _bag(key: str) -> Bag:
    return Bag(required=True, data_key=key)


def _quantity() -> fields.Integer:
    return fields.Integer(strict=True, required=True, validate=validate.Range(0, _LARGEST_QUANTITY))


def _nested(schema: type[Schema], key: str) -> fields.Nested:
    return fields.Nested(schema, load_default=None, data_key=key)


def _listed(schema: type[Schema], key: str | None = None) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), required=True, data_key=key)


def _connected(schema: type[Schema], key: str) -> fields.Nested:
    """Return a field for what GraphQL calls a connection: a page of a list, and whether there is more."""
    connection = Projection.from_dict(
        {"page": fields.Nested(_PageInfo, required=True, data_key="pageInfo"), "nodes": _listed(schema)}
    )
    return fields.Nested(connection, required=True, data_key=key)


class _PageInfo(Projection):
    more = _flag("hasNextPage")
    end = _text("endCursor")


class _Address(Projection):
    first_name = _text("firstName")
    last_name = _text("lastName")
    name = _text()
    company = _text()
    phone = _text()
    address1 = _text()
    address2 = _text()
    city = _text()
    province = _text()
    province_code = _text("provinceCode")
    zip = _text()
    country_code = _text("countryCodeV2")


class _Mailbox(Projection):
    address = _text("emailAddress")
    state = _text("marketingState")


class _Consent(Projection):
    state = _text("marketingState")
    since = _may_be("consentUpdatedAt")


class _Consenting(_Mailbox):
    level = _text("marketingOptInLevel")
    since = _may_be("marketingUpdatedAt")


class _Telephone(Projection):
    number = _text("phoneNumber")


class _Person(Projection):
    id = Gid(required=True)
    first_name = _text("firstName")
    last_name = _text("lastName")
    email = _nested(_Mailbox, "defaultEmailAddress")
    consent = _nested(_Consent, "emailMarketingConsent")
    phone = _nested(_Telephone, "defaultPhoneNumber")
    address = _nested(_Address, "defaultAddress")


class _TaxLine(Projection):
    price = _bag("priceSet")


class _Allocation(Projection):
    amount = _bag("allocatedAmountSet")


class _SellingPlan(Projection):
    name = _text()


class _Line(Projection):
    id = Gid(required=True)
    title = _text()
    quantity = _quantity()
    sku = _text()
    gift_card = _flag("isGiftCard")
    ships = _flag("requiresShipping")
    price = _bag("originalUnitPriceSet")
    discounts = _listed(_Allocation, "discountAllocations")
    taxes = _listed(_TaxLine, "taxLines")
    # Empty: not to be seen.
    product = Reference(load_default="", allow_none=True, data_key="product")
    variant = _reference("variant")
    selling_plan = _nested(_SellingPlan, "sellingPlan")


class _ShippingLine(Projection):
    price = _bag("originalPriceSet")
    discounts = _listed(_Allocation, "discountAllocations")
    taxes = _listed(_TaxLine, "taxLines")


class _Transaction(Projection):
    kind = _text()
    status = _text()
    created_at = _moment("createdAt")
    processed_at = _may_be("processedAt")
    amount = _bag("amountSet")


class _Fulfillment(Projection):
    id = Gid(required=True)
    status = _text()
    display_status = _text("displayStatus")
    ships = _flag("requiresShipping")
    created_at = _moment("createdAt")
    delivered_at = _may_be("deliveredAt")


class _Order(Projection):
    id = Gid(required=True)
    name = _text()
    test = fields.Boolean(required=True)
    processed_at = _moment("processedAt")
    updated_at = _moment("updatedAt")
    cancelled_at = _may_be("cancelledAt")
    financial_status = _text("displayFinancialStatus")
    taxes_included = _flag("taxesIncluded")
    shop_currency = Text(required=True, data_key="currencyCode")
    currency = Text(required=True, data_key="presentmentCurrencyCode")
    codes = fields.List(Text(), required=True, data_key="discountCodes")
    gateways = fields.List(Text(), required=True, data_key="paymentGatewayNames")
    locale = _text("customerLocale")
    email = _text()
    phone = _text()
    customer = _nested(_Person, "customer")
    billing = _nested(_Address, "billingAddress")
    shipping = _nested(_Address, "shippingAddress")
    placed_total = _bag("originalTotalPriceSet")
    total = _bag("totalPriceSet")
    lines = _connected(_Line, "lineItems")
    ways = _connected(_ShippingLine, "shippingLines")
    transactions = _listed(_Transaction)
    fulfillments = _listed(_Fulfillment)
    refunds = fields.List(Reference(), required=True)


class _RefundLine(Projection):
    line = Reference(required=True, data_key="lineItem")
    quantity = _quantity()
    subtotal = _bag("subtotalSet")
    tax = _bag("totalTaxSet")


class _Refund(Projection):
    id = Gid(required=True)
    created_at = _may_be("createdAt")
    lines = _connected(_RefundLine, "refundLineItems")
    transactions = _connected(_Transaction, "transactions")


class _Event(Projection):
    status = _text()
    happened_at = _moment("happenedAt")


class _Events(Projection):
    nodes = _listed(_Event)


class _Fulfilled(Projection):
    id = Gid(required=True)
    events = fields.Nested(_Events, required=True)


class _Customer(_Person):
    email = _nested(_Consenting, "defaultEmailAddress")
    updated_at = _moment("updatedAt")
    locale = _text()
    tags = fields.List(Text(), required=True)


class _Category(Projection):
    name = _text()


class _Product(Projection):
    id = Gid(required=True)
    updated_at = _moment("updatedAt")
    title = _text()
    handle = _text()
    status = _text()
    tags = fields.List(Text(), required=True)
    product_type = _text("productType")
    category = _nested(_Category, "category")


class _SubscriptionLine(Projection):
    product = Gid(load_default=None, data_key="productId")
    variant = Gid(load_default=None, data_key="variantId")
    quantity = _quantity()


class _Subscription(Projection):
    id = Gid(required=True)
    status = _text()
    updated_at = _moment("updatedAt")
    next_at = _may_be("nextBillingDate")
    customer = _reference("customer")
    lines = _connected(_SubscriptionLine, "lines")


class _Mark(Projection):
    value = _text()


class _RedeemCode(Projection):
    code = Text(required=True)


class _RedeemCodes(Projection):
    nodes = _listed(_RedeemCode)


class _Discount(Projection):
    title = _text()
    status = _text()
    ends_at = _may_be("endsAt")
    updated_at = _may_be("updatedAt")
    codes = _nested(_RedeemCodes, "codes")


class _Code(Projection):
    id = Gid(required=True)
    mark = _nested(_Mark, "metafield")
    discount = _nested(_Discount, "codeDiscount")


# Compiled once: that costs more than reading an order.
ORDER = compiled(_Order())
REFUND = compiled(_Refund())
FULFILLMENT = compiled(_Fulfilled())
CUSTOMER = compiled(_Customer())
PRODUCT = compiled(_Product())
SUBSCRIPTION = compiled(_Subscription())
CODE = compiled(_Code())
