"""What can be set for a custom shop in aftercare.toml, and what of it decides what a payload means."""

from __future__ import annotations

from dataclasses import dataclass

from marshmallow import EXCLUDE, Schema, fields

from aftercare_sdk.model.shops import Shop


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Of which shop a payload speaks, and what decides what it means. `currency`: where it names none."""

    shop: str
    currency: str
    pay_on_delivery: frozenset[str]

    @classmethod
    def of(cls, shop: Shop) -> Rules:
        """Read the options of a shop, loaded or not; what is not set has its default."""
        told = OptionsSchema(unknown=EXCLUDE).load(dict(shop.options))
        return cls(
            shop=shop.name,
            currency=shop.currency,
            pay_on_delivery=frozenset(told["pay_on_delivery"]),
        )
