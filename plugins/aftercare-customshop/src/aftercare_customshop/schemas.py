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
    Moderation,
    Moment,
    Stars,
    Text,
    Value,
    Words,
)

_SHORT_ID = 60
"""Ids of parcels and refunds stand behind that of their order in the ids of events, which have an end."""
_LONGEST_ADDRESS = 254


def needed(kind: type[Value[Any]], about: str, **options: Any) -> Value[Any]:
    """Return a field that must be there."""
    return kind(required=True, metadata={"description": about}, **options)


def optional(kind: type[Value[Any]], about: str, **options: Any) -> Value[Any]:
    """Return a field that may be left out."""
    return kind(load_default=None, metadata={"description": about}, **options)


def list_of(of: fields.Field[Any] | type[Schema], about: str, *, required: bool = False) -> fields.List[Any]:
    """Return a list of values or of objects."""
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

    email = optional(Text, "As the person wrote it.", longest=_LONGEST_ADDRESS)
    phone = optional(Text, "With its country's prefix, if possible.")
    family_name = optional(Text, "")
    given_name = optional(Text, "")
    full_name = optional(Text, "In place of the two, if the shop knows only the whole name.")
    company = optional(Text, "")
    postal_code = optional(Text, "")
    region = optional(Text, "State, province or prefecture.")
    city = optional(Text, "")
    street = optional(Text, "With the house number and what else belongs to it.")
    country = optional(Country, "Such as JP.")


class Line(Part):
    """What was bought."""

    id = needed(Id, "Unique in the order, and the same in every message.")
    title = needed(Text, "What the customer reads.")
    quantity = needed(Count, "")
    paid = needed(Amount, "For the whole quantity: net of all discounts, with tax.")
    tax = optional(Amount, "The tax in `paid`; 0 if left out.")
    product = optional(Id, "The product's id.")
    variant = optional(Id, "The variant's id.")
    sku = optional(Text, "")
    categories = list_of(Text(), "Names of the product's categories.")
    tags = list_of(Text(), "")
    gift_card = optional(Flag, "Whether a gift card was bought.")
    on_sale = optional(Flag, "Whether the price was reduced.")


class Shipment(Part):
    """A parcel that left the shop."""

    id = needed(Id, "Unique in the order.", longest=_SHORT_ID)
    shipped_at = needed(Moment, "When it left the shop.")
    delivered_at = optional(Moment, "When it reached the customer.")


class RefundLine(Part):
    """What was given back for one line."""

    line = needed(Id, "The `id` of the order's line.")
    quantity = needed(Count, "How many were taken back; 0 for money only.")
    amount = needed(Amount, "What was given back for this line, with tax.")


class Refund(Part):
    """Money that was given back."""

    id = needed(Id, "Unique in the order.", longest=_SHORT_ID)
    amount = needed(Amount, "All that was given back, with tax.")
    refunded_at = needed(Moment, "When it was given back.")
    lines = list_of(RefundLine, "For which lines; [] for none. Left out: not known yet.")


class Order(Part):
    """The whole order, as it is now."""

    id = needed(Id, "The key by which the shop finds the order; it never changes.")
    number = optional(Text, "What customers know the order by; the `id` if left out.")
    placed_at = needed(Moment, "When the customer placed it.")
    updated_at = optional(Moment, "When anything of the order was last changed. Do send it.")
    currency = optional(Currency, "Such as JPY. May be left out if aftercare.toml names the shop's.")
    total = needed(Amount, "What the customer pays: lines, shipping and fees, less discounts, with tax.")
    shipping = optional(Amount, "What of it is for shipping, with tax; 0 if left out.")
    lines = list_of(Line, "What was bought.", required=True)
    paid_at = optional(Moment, "Since when it is paid.")
    released = optional(Flag, "Paid at the door: whether the shop has accepted it and prepares it.")
    completed_at = optional(Moment, "Since when nothing is left to do; an order of 0 is a purchase then.")
    cancelled = optional(Flag, "Whether it is called off; false when it is on again.")
    status = optional(Text, "The shop's own word, for people to read; nothing is decided by it.")
    customer = optional(Id, "The id of the customer's account; left out for guests.")
    contact = _object(Contact, "The person who ordered.", load_default=None)
    country = optional(Country, "Where it is sent to.")
    locale = optional(Text, "The language the customer ordered in, such as ja or pt-BR.")
    gateway = optional(Text, "How it is paid, such as card or cod.")
    codes = list_of(Text(), "Discount codes that were used.")
    needs_shipping = optional(Flag, "False for downloads, seats and the like.")
    shipments = list_of(Shipment, "The parcels that have left.")
    refunds = list_of(Refund, "All refunds so far. Left out: not told here.")
    test = optional(Flag, "Whether it is only a test: nothing is ever sent for it.")
    erased = optional(Flag, "Whether the shop has removed the person; `contact` is not read then.")


class ShipmentCreated(Shipment):
    """A parcel has left; told without the rest of the order."""

    order = needed(Id, "The id of the order.")


class DeliveryReported(Part):
    """A parcel has reached the customer; told without the rest of the order."""

    order = needed(Id, "The id of the order.")
    id = needed(Id, "The id of the shipment.", longest=_SHORT_ID)
    delivered_at = needed(Moment, "When it reached the customer.")


class RefundCreated(Refund):
    """Money was given back; told without the rest of the order."""

    order = needed(Id, "The id of the order.")
    currency = optional(Currency, "As in the order; may be left out if aftercare.toml names the shop's.")


class Customer(Part):
    """An account, as it is now."""

    id = needed(Id, "The key by which the shop finds the account; it never changes.")
    updated_at = optional(Moment, "When anything of the account was last changed. Do send it.")
    contact = _object(Contact, "The person.", load_default=None)
    locale = optional(Text, "The language the person has chosen.")
    zone = optional(Text, "The person's time zone, such as Asia/Tokyo.")
    birthday = optional(Day, "")
    tags = list_of(Text(), "")
    attributes = optional(Words, "Whatever else the shop knows, each a text.")
    erased = optional(Flag, "Whether the shop has removed the person, of whom nothing is read then.")


class Product(Part):
    """A product or a variant of one, as it is now."""

    id = needed(Id, "The key by which the shop finds the product; it never changes.")
    updated_at = optional(Moment, "When anything of the product was last changed. Do send it.")
    parent = optional(Id, "For a variant: the product it belongs to.")
    sku = optional(Text, "")
    title = optional(Text, "What customers read.")
    url = optional(Text, "The product's page.")
    categories = list_of(Text(), "Names of its categories.")
    tags = list_of(Text(), "")
    attributes = optional(Words, "Whatever else is known, such as supply_days.")
    needs_shipping = optional(Flag, "False for downloads, seats and the like.")


class Review(Part):
    """A review of a product, as it is now."""

    id = needed(Id, "The key by which the shop finds the review; it never changes.")
    product = needed(Id, "The id of the product.")
    created_at = needed(Moment, "When it was written.")
    updated_at = optional(Moment, "When anything of the review was last changed. Do send it.")
    rating = optional(Stars, "Stars; left out if none were given.")
    text = optional(Text, "What was written, as plain text.")
    status = optional(Moderation, "What moderation says; approved if left out.")
    contact = _object(Contact, "Who wrote it.", load_default=None)
    customer = optional(Id, "The id of the writer's account; left out for guests.")
    order = optional(Id, "The id of the order with which it was bought.")
    verified = optional(Flag, "Whether the shop knows that the writer has bought the product.")
    erased = optional(Flag, "Whether the shop has removed the person, of whom nothing is read then.")


class DiscountCode(Part):
    """A discount code that the shop was told to make, as it is now."""

    code = needed(Id, "As it was issued: the key by which the shop finds it.")
    updated_at = optional(Moment, "When anything of the code was last changed. Do send it.")
    active = optional(Flag, "False: somebody has switched it off. True if left out.")
    expires_at = optional(Moment, "From when on it is no longer taken; as it was issued, if left out.")


class SubscriptionLine(Part):
    """What comes again and again."""

    product = needed(Id, "The product's id.")
    variant = optional(Id, "The variant's id.")
    quantity = needed(Count, "")


class Subscription(Part):
    """A subscription, as it is now. Not used by this release."""

    id = needed(Id, "The key by which the shop finds the subscription; it never changes.")
    updated_at = optional(Moment, "When anything of the subscription was last changed. Do send it.")
    customer = optional(Id, "The id of the customer's account.")
    status = optional(Text, "The shop's own word.")
    started_at = optional(Moment, "When it began.")
    next_order_at = optional(Moment, "When the next order is due.")
    ended_at = optional(Moment, "When it ended, or will end.")
    lines = list_of(SubscriptionLine, "What it is of.")


class Deleted(Part):
    """Something that the shop no longer has."""

    id = needed(Id, "The id it had.")
    deleted_at = optional(Moment, "When it was deleted. Do send it.")


class Ping(Part):
    """Nothing: a ping only asks whether the signature is right."""


def envelope(data: type[Part]) -> Schema:
    """Return the schema of a whole message about `data`."""
    parts: dict[str, fields.Field[Any]] = {
        "type": needed(Text, "What happened."),
        "timestamp": needed(Moment, "When it happened."),
        "data": _object(data, "What it happened to.", required=True),
    }
    return Part.from_dict(parts, name=f"{data.__name__}Message")()


Data = Mapping[str, Any]
"""What a schema has read."""
