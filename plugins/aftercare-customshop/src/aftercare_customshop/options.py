"""What can be set for a custom shop in aftercare.toml, and what of it decides what a payload means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from aftercare_customshop import address
from aftercare_sdk.model.durations import parse_duration
from aftercare_sdk.model.shops import Shop
from aftercare_sdk.model.sync import Stream

KINDS: Mapping[str, str] = {
    "orders": "order",
    "customers": "customer",
    "products": "product",
    "reviews": "review",
    "discount_codes": "code",
}
"""What can be listed, and what each of its objects is."""
USUAL = ("orders", "customers", "products")
"""What every shop has; what a shop has beside it is named in `lists`."""
WHOLE = "-all"
"""What the name of a stream ends with that lists everything there is."""
SWEEP = timedelta(days=1)
"""How often everything is listed."""
_LARGEST_PAGE = 500
_SHORTEST = timedelta(minutes=1)


class Every(fields.Field[timedelta]):
    """How long to wait from one listing to the next."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> timedelta:
        if isinstance(value, timedelta):  # loaded before
            return value
        if not isinstance(value, str):
            raise ValidationError('write a length of time with its unit, in quotes, such as "15 minutes"')
        try:
            told = parse_duration(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if told < _SHORTEST:
            raise ValidationError("must be a minute or more: every listing is work for the shop")
        return told


def _reachable(url: str) -> None:
    wrong = address.problem(url)
    if wrong:
        raise ValidationError(wrong)


def _address(about: str) -> fields.String:
    return fields.String(
        load_default=None, allow_none=True, validate=_reachable, metadata={"description": about}
    )


class OptionsSchema(Schema):
    """The options of one shop, beside those that every shop has."""

    url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={"description": "The address of the shop, such as https://shop.example."},
    )
    pay_on_delivery = fields.List(
        fields.String(),
        load_default=lambda: ["cod"],
        metadata={
            "description": "Values of `gateway` whose money is collected at the door: such an order is a "
            "purchase as soon as the shop has released it."
        },
    )
    read_url = _address(
        "Where the shop answers when it is asked for orders, customers, products, reviews and discount "
        "codes. Without it, only messages tell of the shop."
    )
    effects_url = _address(
        "Where the shop takes what programs decide: discount codes, values shown with an account, reviews. "
        "May be the same address."
    )
    lists = fields.List(
        fields.String(validate=validate.OneOf(KINDS)),
        load_default=lambda: list(USUAL),
        metadata={"description": "What the shop tells at `read_url`."},
    )
    every = Every(
        load_default=timedelta(minutes=15),
        metadata={"description": "How often the shop is asked what has changed."},
    )
    page_size = fields.Integer(
        strict=True,
        load_default=100,
        validate=validate.Range(1, _LARGEST_PAGE),
        metadata={"description": "How many objects are asked for at once."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Of which shop a payload speaks, and what decides what it means. `currency`: where it names none."""

    shop: str
    currency: str
    pay_on_delivery: frozenset[str]
    read_url: str | None = field(default=None, repr=False)
    effects_url: str | None = field(default=None, repr=False)
    lists: tuple[str, ...] = ()
    every: timedelta = timedelta(minutes=15)
    page_size: int = 100

    @classmethod
    def of(cls, shop: Shop) -> Rules:
        """Read the options of a shop, loaded or not; what is not set has its default."""
        told = OptionsSchema(unknown=EXCLUDE).load(dict(shop.options))
        return cls(
            shop=shop.name,
            currency=shop.currency,
            pay_on_delivery=frozenset(told["pay_on_delivery"]),
            read_url=told["read_url"],
            effects_url=told["effects_url"],
            lists=tuple(name for name in KINDS if name in told["lists"]),
            every=told["every"],
            page_size=told["page_size"],
        )

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What can be listed: what has changed, often, and everything there is, once a day."""
        if not self.read_url:
            return ()
        return tuple(
            stream
            for name in self.lists
            for stream in (
                Stream(name=name, kind=KINDS[name], every=self.every),
                Stream(name=f"{name}{WHOLE}", kind=KINDS[name], every=SWEEP, whole=True),
            )
        )
