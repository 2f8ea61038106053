"""The part of WooCommerce's payloads that is used here; whatever else they hold is left out unread."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from aftercare_sdk.shops.loading import Exact, Projection, compiled
from aftercare_sdk.shops.payloads import LARGEST_ID, Text, scalar, storable

# Bounds keep a broken plugin's numbers from breaking the arithmetic or the database after it.
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,30})?")
_LARGEST_QUANTITY = 10**9

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LINE_ENDS = re.compile(r"<br\s*/?>\s*|</p>\s*", re.IGNORECASE)
_USER = re.compile(r"wp/v2/users/([1-9][0-9]{0,17})/?\Z")


class Title(Text):
    """A WordPress title as plain text: it is told with HTML entities, sometimes with tags."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        return _plain(super()._deserialize(value, attr, data, **kwargs))

    def exact(self) -> Exact:
        return Exact(str, lambda text: _plain(storable(text)))


class Prose(Text):
    """What somebody wrote into a form, as plain text: it is told as HTML, in paragraphs."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        return prose(super()._deserialize(value, attr, data, **kwargs))

    def exact(self) -> Exact:
        return Exact(str, lambda text: prose(storable(text)))


class Reviewer(fields.Field[int]):
    """`_links` as the id of the account to which `reviewer` leads; nought, if it leads to none."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        links = value.get("reviewer") if isinstance(value, dict) else None
        for link in links if isinstance(links, list) else ():
            place = link.get("href") if isinstance(link, dict) else None
            found = _USER.search(place) if isinstance(place, str) else None
            if found:
                return int(found[1])
        return 0


class Amount(fields.Field[Decimal | None]):
    """An amount with as many decimals as were told; an empty string is none."""

    default_error_messages = {"invalid": "Not an amount."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Decimal | None:
        text = scalar(value)
        if text == "" and not self.required:
            return None
        if text is None or not _AMOUNT.fullmatch(text):
            raise self.make_error("invalid")
        return Decimal(text)

    def exact(self) -> Exact:
        return Exact(str, lambda text: Decimal(text) if _AMOUNT.fullmatch(text) else None)


class Moment(fields.Field[datetime]):
    """An instant of a `*_gmt` field: UTC, although it is written without a zone."""

    default_error_messages = {"invalid": "Not a date."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        try:
            return _instant(value)
        except (TypeError, ValueError, OverflowError):
            raise self.make_error("invalid") from None

    def exact(self) -> Exact:
        return Exact(str, _instant)


class Quantity(fields.Field[int]):
    """How many; with a plugin that sells by the metre it may be a fraction, and the last piece counts."""

    default_error_messages = {"invalid": "Not a quantity."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        text = scalar(value)
        if text is None or not _AMOUNT.fullmatch(text):
            raise self.make_error("invalid")
        number = Decimal(text)
        if abs(number) > _LARGEST_QUANTITY:
            raise self.make_error("invalid")
        return int(abs(number).to_integral_value(ROUND_CEILING).copy_sign(number))

    def exact(self) -> Exact:
        return Exact(int, lambda number: number if abs(number) <= _LARGEST_QUANTITY else None)


class MetaData(fields.Field[dict[str, str]]):
    """`meta_data` as name → value, of those values that are plain.

    A value may be anything at all; no plugin's meta may ever keep an order from being understood.
    """

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, str]:
        return _plain_pairs(value) if isinstance(value, list) else {}

    def exact(self) -> Exact:
        return Exact(list, _plain_pairs)


def prose(told: str) -> str:
    """Return HTML as plain text: what ended a line or a paragraph there ends a line here."""
    return _plain(_LINE_ENDS.sub("\n", told))


def _plain(title: str) -> str:
    if "<" in title:
        title = _TAG.sub("", title)
    if "&" in title:
        title = storable(html.unescape(title))
    return title.strip()


def _instant(told: str) -> datetime:
    moment = datetime.fromisoformat(told)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _plain_pairs(entries: list[Any]) -> dict[str, str]:
    pairs = (
        (scalar(entry.get("key")), scalar(entry.get("value"))) for entry in entries if isinstance(entry, dict)
    )
    return {key: text for key, text in pairs if key is not None and text is not None}


def _id() -> fields.Integer:
    return fields.Integer(strict=True, required=True, validate=validate.Range(1, LARGEST_ID))


def _reference() -> fields.Integer:
    return fields.Integer(strict=True, load_default=0, validate=validate.Range(0, LARGEST_ID))


def _text() -> Text:
    return Text(load_default="")


def _moment() -> Moment:
    return Moment(load_default=None)


def _meta() -> MetaData:
    return MetaData(load_default=dict)


def _listed(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), load_default=list)


_CURRENCY = validate.Regexp(r"[A-Z]{3}\Z")


class _Address(Projection):
    first_name = _text()
    last_name = _text()
    company = _text()
    address_1 = _text()
    address_2 = _text()
    city = _text()
    state = _text()
    postcode = _text()
    country = _text()
    email = _text()
    phone = _text()


class _Tax(Projection):
    total = Amount(load_default=None)


class _Line(Projection):
    id = _id()
    name = Title(load_default="")
    product_id = _reference()
    variation_id = _reference()
    quantity = Quantity(required=True)
    sku = _text()
    total = Amount(required=True)
    total_tax = Amount(required=True)
    taxes = _listed(_Tax)
    meta_data = _meta()


class _Fee(Projection):
    total = Amount(required=True)


class _Coupon(Projection):
    code = Text(required=True)


class _ShippingLine(Projection):
    """Nothing of it is used but that it is there."""


class _ListedRefund(Projection):
    id = _id()
    total = Amount(required=True)


class _Order(Projection):
    id = _id()
    number = _text()
    status = Text(required=True)
    currency = Text(required=True, validate=_CURRENCY)
    created_via = _text()
    date_created_gmt = _moment()
    date_modified_gmt = _moment()
    date_paid_gmt = _moment()
    date_completed_gmt = _moment()
    customer_id = _reference()
    payment_method = _text()
    total = Amount(required=True)
    shipping_total = Amount(required=True)
    shipping_tax = Amount(required=True)
    cart_tax = Amount(required=True)
    needs_processing = fields.Raw(load_default=None)
    billing = fields.Nested(_Address, required=True)
    shipping = fields.Nested(_Address, required=True)
    meta_data = _meta()
    line_items = fields.List(fields.Nested(_Line), required=True)
    fee_lines = _listed(_Fee)
    shipping_lines = _listed(_ShippingLine)
    coupon_lines = _listed(_Coupon)
    refunds = _listed(_ListedRefund)


class _Refund(Projection):
    id = _id()
    date_created_gmt = _moment()
    amount = Amount(required=True)
    line_items = _listed(_Line)


class _Customer(Projection):
    id = _id()
    role = _text()
    email = _text()
    first_name = _text()
    last_name = _text()
    date_created_gmt = _moment()
    date_modified_gmt = _moment()
    billing = fields.Nested(_Address, required=True)


class _Term(Projection):
    name = Title(required=True)


class _Product(Projection):
    id = _id()
    parent_id = _reference()
    type = _text()
    status = _text()
    name = Title(load_default="")
    sku = _text()
    permalink = _text()
    shipping_required = fields.Raw(load_default=None)
    date_modified_gmt = _moment()
    categories = _listed(_Term)
    tags = _listed(_Term)
    meta_data = _meta()


class _Review(Projection):
    id = _id()
    product_id = _reference()
    status = Text(required=True)
    date_created_gmt = Moment(required=True)
    reviewer = Title(load_default="")
    reviewer_email = _text()
    review = Prose(load_default="")
    rating = fields.Integer(strict=True, load_default=0)
    verified = fields.Raw(load_default=False)
    account = Reviewer(data_key="_links", load_default=0)


class _CouponItself(Projection):
    id = _id()
    code = Text(required=True)
    status = _text()
    date_modified_gmt = _moment()
    date_expires_gmt = _moment()
    meta_data = _meta()


class _Stub(Projection):
    id = _id()


# Compiled once: that costs more than reading an order.
ORDER = compiled(_Order())
REFUND = compiled(_Refund())
CUSTOMER = compiled(_Customer())
PRODUCT = compiled(_Product())
REVIEW = compiled(_Review())
COUPON = compiled(_CouponItself())
STUB = compiled(_Stub())
