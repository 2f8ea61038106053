"""What can be set for a WooCommerce shop in aftercare.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates, validates_schema

from aftercare_woocommerce import address


class OptionsSchema(Schema):
    """The options of one shop, beside those that every shop has."""

    url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={"description": "The address of the shop, such as https://shop.example."},
    )
    consumer_key = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The key of WooCommerce's REST API, by which the shop is read: "
            '`{ env = "WOO_KEY" }`. Without it, only webhooks tell of the shop.'
        },
    )
    consumer_secret = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": 'The secret of that key: `{ env = "WOO_KEY_SECRET" }`.'},
    )
    webhooks_url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Where the shop sends its webhooks to, such as "
            "https://aftercare.example/webhooks/main. Given here, webhooks that WooCommerce has switched off "
            "after failures are switched on again."
        },
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

    @validates("webhooks_url")
    def can_be_sent_to(self, value: str | None, **_: Any) -> None:
        """Refuse addresses that no webhook may go to."""
        problem = address.target_problem(value) if value else None
        if problem:
            raise ValidationError([problem])

    @validates_schema
    def can_be_asked(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse half of what it takes to ask a shop, and addresses that no key may be sent to."""
        key, secret, url = (data.get(name) for name in ("consumer_key", "consumer_secret", "url"))
        if not key and not secret:
            return
        missing = {
            "consumer_key": "missing: consumer_secret is its other half",
            "consumer_secret": "missing: consumer_key is its other half",
            "url": "missing: consumer_key is for asking the shop, so say where it is",
        }
        wrong = {name: [missing[name]] for name in missing if not data.get(name)}
        problem = address.problem(url) if url else None
        if problem:
            wrong["url"] = [problem]
        if wrong:
            raise ValidationError(wrong)


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
