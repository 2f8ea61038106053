"""What can be set for a WooCommerce shop in aftercare.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate


class OptionsSchema(Schema):
    """The options of one shop, beside those that every shop has."""

    url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={"description": "The address of the shop, such as https://shop.example."},
    )
    read_from = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["recordings"]),
        metadata={
            "description": "For trying out only: `recordings` answers every read from the recordings of a "
            "test store that this package brings, never from your shop."
        },
    )
    pay_on_delivery = fields.List(
        fields.String(),
        load_default=lambda: ["cod"],
        metadata={
            "description": "Payment methods whose money is collected at the door: such an order is a "
            "purchase as soon as it is processing, completed or shipped."
        },
    )
    shipped_statuses = fields.List(
        fields.String(),
        load_default=lambda: ["completed"],
        metadata={"description": "Order statuses that mean that the parcel has left the shop."},
    )
    customer_roles = fields.List(
        fields.String(),
        load_default=lambda: ["customer", "subscriber"],
        metadata={
            "description": "WordPress roles that make a user a customer (add those of a wholesale plugin); "
            "all other users are staff and are ignored."
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The options that decide what a payload means."""

    pay_on_delivery: frozenset[str]
    shipped_statuses: frozenset[str]
    customer_roles: frozenset[str]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Rules:
        """Read the options of a shop, loaded or not; what is not set has its default."""
        told = OptionsSchema(unknown=EXCLUDE).load(dict(options))
        return cls(
            pay_on_delivery=frozenset(told["pay_on_delivery"]),
            # WooCommerce's own tables write wc-completed, its REST API writes completed.
            shipped_statuses=frozenset(status.removeprefix("wc-") for status in told["shipped_statuses"]),
            customer_roles=frozenset(told["customer_roles"]),
        )
