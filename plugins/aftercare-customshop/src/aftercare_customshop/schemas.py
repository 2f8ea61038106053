"""The wire format: every object and every field. docs/reference/customshop-wire-format.md explains it.

Fields that are not here are left out unread, at every level. An optional field may be null, which says as
little as leaving it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from aftercare_customshop.fields import (
    SAID,
    Amount,
    Count,
    Country,
    Currency,
    Day,
    Flag,
    Id,
    Moment,
    Text,
    Value,
    Words,
)

_SHORT_ID = 60
"""Ids of parcels and refunds stand behind that of their order in the ids of events, which have an end."""
_LONGEST_ADDRESS = 254


def _needed(kind: type[Value[Any]], about: str, **options: Any) -> Value[Any]:
    return kind(required=True, metadata={"description": about}, **options)


def _optional(kind: type[Value[Any]], about: str, **options: Any) -> Value[Any]:
    return kind(load_default=None, metadata={"description": about}, **options)


def _list(of: fields.Field[Any] | type[Schema], about: str, *, required: bool = False) -> fields.List[Any]:
    inner = of if isinstance(of, fields.Field) else _object(of)
    told: dict[str, Any] = {"required": True} if required else {"load_default": None}
    messages = {**SAID, "invalid": "must be a list"}
    return fields.List(inner, error_messages=messages, metadata={"description": about}, **told)


def _object(of: type[Schema], about: str = "", **options: Any) -> fields.Nested:
    return fields.Nested(of, error_messages=SAID, metadata={"description": about}, **options)


class Part(Schema):
    """Whatever is an object in the format."""

    error_messages = {"type": "must be an object"}  # noqa: RUF012 - marshmallow's own convention

    # Set here because a parent's setting does not reach the schemas nested in it.
    class Meta:
        unknown = EXCLUDE
        register = False


class Contact(Part):
    """How to reach and address a person."""

    email = _optional(Text, "As the person wrote it.", longest=_LONGEST_ADDRESS)
    phone = _optional(Text, "With its country's prefix, if possible.")
    family_name = _optional(Text, "")
    given_name = _optional(Text, "")
    full_name = _optional(Text, "In place of the two, if the shop knows only the whole name.")
    company = _optional(Text, "")
    postal_code = _optional(Text, "")
    region = _optional(Text, "State, province or prefecture.")
    city = _optional(Text, "")
    street = _optional(Text, "With the house number and what else belongs to it.")
    country = _optional(Country, "Such as JP.")


class Line(Part):
    """What was bought."""

    id = _needed(Id, "Unique in the order, and the same in every message.")
    title = _needed(Text, "What the customer reads.")
    quantity = _needed(Count, "")
    paid = _needed(Amount, "For the whole quantity: net of all discounts, with tax.")
    tax = _optional(Amount, "The tax in `paid`; 0 if left out.")
    product = _optional(Id, "The product's id.")
    variant = _optional(Id, "The variant's id.")
    sku = _optional(Text, "")
    categories = _list(Text(), "Names of the product's categories.")
    tags = _list(Text(), "")
    gift_card = _optional(Flag, "Whether a gift card was bought.")
    on_sale = _optional(Flag, "Whether the price was reduced.")


class Shipment(Part):
    """A parcel that left the shop."""

    id = _needed(Id, "Unique in the order.", longest=_SHORT_ID)
    shipped_at = _needed(Moment, "When it left the shop.")
    delivered_at = _optional(Moment, "When it reached the customer.")


class RefundLine(Part):
    """What was given back for one line."""

    line = _needed(Id, "The `id` of the order's line.")
    quantity = _needed(Count, "How many were taken back; 0 for money only.")
    amount = _needed(Amount, "What was given back for this line, with tax.")


class Refund(Part):
    """Money that was given back."""

    id = _needed(Id, "Unique in the order.", longest=_SHORT_ID)
    amount = _needed(Amount, "All that was given back, with tax.")
    refunded_at = _needed(Moment, "When it was given back.")
    lines = _list(RefundLine, "For which lines; [] for none. Left out: not known yet.")


class Order(Part):
    """The whole order, as it is now."""

    id = _needed(Id, "The key by which the shop finds the order; it never changes.")
    number = _optional(Text, "What customers know the order by; the `id` if left out.")
    placed_at = _needed(Moment, "When the customer placed it.")
    updated_at = _optional(Moment, "When anything of the order was last changed. Do send it.")
    currency = _optional(Currency, "Such as JPY. May be left out if aftercare.toml names the shop's.")
    total = _needed(Amount, "What the customer pays: lines, shipping and fees, less discounts, with tax.")
    shipping = _optional(Amount, "What of it is for shipping, with tax; 0 if left out.")
    lines = _list(Line, "What was bought.", required=True)
    paid_at = _optional(Moment, "Since when it is paid.")
    released = _optional(Flag, "Paid at the door: whether the shop has accepted it and prepares it.")
    completed_at = _optional(Moment, "Since when nothing is left to do; an order of 0 is a purchase then.")
    cancelled = _optional(Flag, "Whether it is called off; false when it is on again.")
    status = _optional(Text, "The shop's own word, for people to read; nothing is decided by it.")
    customer = _optional(Id, "The id of the customer's account; left out for guests.")
    contact = _object(Contact, "The person who ordered.", load_default=None)
    country = _optional(Country, "Where it is sent to.")
    locale = _optional(Text, "The language the customer ordered in, such as ja or pt-BR.")
    gateway = _optional(Text, "How it is paid, such as card or cod.")
    codes = _list(Text(), "Discount codes that were used.")
    needs_shipping = _optional(Flag, "False for downloads, seats and the like.")
    shipments = _list(Shipment, "The parcels that have left.")
    refunds = _list(Refund, "All refunds so far. Left out: not told here.")
    test = _optional(Flag, "Whether it is only a test: nothing is ever sent for it.")
    erased = _optional(Flag, "Whether the shop has removed the person; `contact` is not read then.")


class ShipmentCreated(Shipment):
    """A parcel has left; told without the rest of the order."""

    order = _needed(Id, "The id of the order.")


class DeliveryReported(Part):
    """A parcel has reached the customer; told without the rest of the order."""

    order = _needed(Id, "The id of the order.")
    id = _needed(Id, "The id of the shipment.", longest=_SHORT_ID)
    delivered_at = _needed(Moment, "When it reached the customer.")


class RefundCreated(Refund):
    """Money was given back; told without the rest of the order."""

    order = _needed(Id, "The id of the order.")
    currency = _optional(Currency, "As in the order; may be left out if aftercare.toml names the shop's.")


class Customer(Part):
    """An account, as it is now."""

    id = _needed(Id, "The key by which the shop finds the account; it never changes.")
    updated_at = _optional(Moment, "When anything of the account was last changed. Do send it.")
    contact = _object(Contact, "The person.", load_default=None)
    locale = _optional(Text, "The language the person has chosen.")
    zone = _optional(Text, "The person's time zone, such as Asia/Tokyo.")
    birthday = _optional(Day, "")
    tags = _list(Text(), "")
    attributes = _optional(Words, "Whatever else the shop knows, each a text.")
    erased = _optional(Flag, "Whether the shop has removed the person, of whom nothing is read then.")


class Product(Part):
    """A product or a variant of one, as it is now."""

    id = _needed(Id, "The key by which the shop finds the product; it never changes.")
    updated_at = _optional(Moment, "When anything of the product was last changed. Do send it.")
    parent = _optional(Id, "For a variant: the product it belongs to.")
    sku = _optional(Text, "")
    title = _optional(Text, "What customers read.")
    url = _optional(Text, "The product's page.")
    categories = _list(Text(), "Names of its categories.")
    tags = _list(Text(), "")
    attributes = _optional(Words, "Whatever else is known, such as supply_days.")
    needs_shipping = _optional(Flag, "False for downloads, seats and the like.")


class SubscriptionLine(Part):
    """What comes again and again."""

    product = _needed(Id, "The product's id.")
    variant = _optional(Id, "The variant's id.")
    quantity = _needed(Count, "")


class Subscription(Part):
    """A subscription, as it is now. Not used by this release."""

    id = _needed(Id, "The key by which the shop finds the subscription; it never changes.")
    updated_at = _optional(Moment, "When anything of the subscription was last changed. Do send it.")
    customer = _optional(Id, "The id of the customer's account.")
    status = _optional(Text, "The shop's own word.")
    started_at = _optional(Moment, "When it began.")
    next_order_at = _optional(Moment, "When the next order is due.")
    ended_at = _optional(Moment, "When it ended, or will end.")
    lines = _list(SubscriptionLine, "What it is of.")


class Deleted(Part):
    """Something that the shop no longer has."""

    id = _needed(Id, "The id it had.")
    deleted_at = _optional(Moment, "When it was deleted. Do send it.")


class Ping(Part):
    """Nothing: a ping only asks whether the signature is right."""


def envelope(data: type[Part]) -> Schema:
    """Return the schema of a whole message about `data`."""
    parts: dict[str, fields.Field[Any]] = {
        "type": _needed(Text, "What happened."),
        "timestamp": _needed(Moment, "When it happened."),
        "data": _object(data, "What it happened to.", required=True),
    }
    return Part.from_dict(parts, name=f"{data.__name__}Message")()


Data = Mapping[str, Any]
"""What a schema has read."""
