"""What is sent to a custom shop, and what it answers: every object and every field.

docs/reference/customshop-wire-format.md explains it. A shop that has no use for a field leaves it unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aftercare_customshop.fields import (
    Amount,
    Count,
    Currency,
    Flag,
    Id,
    Moment,
    Stars,
    Text,
    Value,
)
from aftercare_customshop.schemas import Part, list_of, needed, optional
from aftercare_sdk.shops.payloads import storable

LONGEST_MARK = 500
LONGEST_REFERENCE = 200
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
_REASON = re.compile(r"[a-z0-9_]{1,60}")


class Percent(Value[str]):
    """A share, as text."""

    must = 'must be a percentage as text, such as "10" or "12.5"'

    def read(self, value: Any) -> str | None:
        return value if isinstance(value, str) and _PERCENT.fullmatch(value) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_PERCENT.pattern}$"}


class Mark(Value[str]):
    """Where a listing goes on: a word of the shop's own, or a whole number taken for its digits."""

    must = f"must be text, not empty and at most {LONGEST_MARK} characters, or null at the end"

    def read(self, value: Any) -> str | None:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_MARK or text != storable(text):
            return None
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"], "minLength": 1, "maxLength": LONGEST_MARK}


class Items(Value[list[Any]]):
    """The objects of a page, each read by itself, so that one broken one does not spoil the others."""

    must = "must be a list"
    usual = list

    def read(self, value: Any) -> list[Any] | None:
        return value if isinstance(value, list) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "object"}}


class Code(Value[str]):
    """Why something is refused, as a word for programs."""

    must = "must be a word of small letters, digits and _, at most 60"

    def read(self, value: Any) -> str | None:
        return value if isinstance(value, str) and _REASON.fullmatch(value) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_REASON.pattern}$"}


class List(Part):
    """Asks for one page of what the shop has."""

    updated_since = needed(
        Moment, "Only what was changed at this moment or later; null: everything.", allow_none=True
    )
    cursor = needed(Mark, "The `next` of the page before; null: the first page.", allow_none=True)
    limit = needed(Count, "How many objects a page should have at most.")


class Get(Part):
    """Asks for one object."""

    id = needed(Id, "The id of the object.")


class IssueCode(Part):
    """Make a discount code that one person can use once."""

    code = needed(Text, "What the customer types: capital letters, digits and hyphens.")
    email = needed(Text, "Whose code it is; nobody else may use it.")
    percent = needed(Percent, "The share that it takes off, or null.", allow_none=True)
    amount = needed(Amount, "The money that it takes off, or null.", allow_none=True)
    free_shipping = needed(Flag, "Whether it takes the shipping off.")
    minimum = needed(Amount, "What the order must come to, or null.", allow_none=True)
    currency = needed(Currency, "That of `amount` and `minimum`; null if neither is told.", allow_none=True)
    products = list_of(Id(), "The products that it is good for; [] for all.", required=True)
    expires_at = needed(Moment, "From when on it is no longer taken; null: never.", allow_none=True)
    reason = needed(Text, "Why it is given, in words for the people of the shop.")


class RevokeCode(Part):
    """Make a discount code unusable. One that is used already, or not there, is done."""

    code = needed(Text, "As it was issued.")


class TagCustomer(Part):
    """Show a value with an account, such as the tier."""

    customer = needed(Id, "The id of the account.")
    name = needed(Text, "What the value is called, such as tier.")
    value = needed(Text, "The value; null takes it away.", allow_none=True)


class WriteReview(Part):
    """Write what a customer has said of a product, as that customer's review."""

    key = needed(Text, "The same however often this review is told; another one has another.")
    product = needed(Id, "The id of the product.")
    rating = needed(Stars, "Stars; null: none.", allow_none=True)
    text = needed(Text, "What the customer said, as plain text.")
    name = needed(Text, "What stands beside it; may be empty.")
    email = needed(Text, "The writer's; never to be shown.")
    verified = needed(Flag, "Whether the writer has bought the product.")
    publish = needed(Flag, "Whether it is shown at once; else somebody of the shop approves it first.")


class Page(Part):
    """The answer to a listing."""

    items = needed(Items, "The objects, whole, as in `data` of a message.")
    next = needed(
        Mark,
        "Where the next page begins, in a word of the shop's own; null: this was the last.",
        allow_none=True,
    )
    total = optional(Count, "How many objects the whole listing has.")


class Gone(Part):
    """The answer, with the status 404, for an object that the shop does not have."""

    gone = needed(Flag, "true.")


class Done(Part):
    """The answer to an effect that was carried out, now or at an earlier try."""

    reference = optional(Text, "The shop's own name for what came of it.", longest=LONGEST_REFERENCE)


class Refused(Part):
    """The answer, with the status 409 or 422, to an effect that the shop will never carry out."""

    reason = optional(Code, "Why, as a word for programs, such as unknown_customer.")


QUESTIONS: Mapping[str, type[Part]] = {
    "orders.list": List,
    "customers.list": List,
    "products.list": List,
    "reviews.list": List,
    "discount_codes.list": List,
    "order.get": Get,
    "customer.get": Get,
    "product.get": Get,
    "review.get": Get,
    "discount_code.get": Get,
}
EFFECTS: Mapping[str, type[Part]] = {
    "discount_code.issue": IssueCode,
    "discount_code.revoke": RevokeCode,
    "customer.tag": TagCustomer,
    "review.write": WriteReview,
}
OUTGOING: Mapping[str, type[Part]] = {**QUESTIONS, **EFFECTS}
"""Every type of message that is sent to a shop. None of them is one that a shop sends."""

ANSWERS: tuple[type[Part], ...] = (Page, Gone, Done, Refused)
