"""What can be set for a Shopify shop in aftercare.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

PRESENTMENT, SHOP = "presentment", "shop"


class OptionsSchema(Schema):
    """The options of one shop, beside those that every shop has. `secret` is the app's client secret."""

    domain = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The shop's own name at Shopify, such as `torii.myshopify.com`; not the address "
            "that customers see."
        },
    )
    access_token = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "A token of the Admin API that does not expire: "
            '`{ env = "SHOPIFY_TOKEN" }`. For custom apps that have one; public apps need the four below.'
        },
    )
    client_id = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "The client id of the app, to get tokens with."},
    )
    client_secret = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The client secret of the app, to get tokens with. The webhooks' `secret` is the "
            "same value."
        },
    )
    refresh_token = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The first refresh token of an app with expiring tokens. Later ones are kept in "
            "`token_file`. Without it, `client_id` and `client_secret` alone get tokens: for an app and a "
            "shop of the same organisation."
        },
    )
    token_file = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Where the tokens are kept that Shopify gives in exchange; a file of this shop "
            "alone, not readable to others."
        },
    )
    money = fields.String(
        load_default=PRESENTMENT,
        validate=validate.OneOf([PRESENTMENT, SHOP]),
        metadata={
            "description": "Which of the two amounts that Shopify tells counts: `presentment`, what the "
            "customer saw and paid, or `shop`, the same in the shop's currency."
        },
    )
    pay_on_delivery = fields.List(
        fields.String(),
        load_default=lambda: ["Cash on Delivery (COD)"],
        metadata={
            "description": "Names of payment methods whose money is collected at the door: such an order is "
            "a purchase as soon as something of it is fulfilled. Capitals do not matter."
        },
    )
    customer_tags = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Whether the tier and other values of a customer are shown as tags "
            "(`aftercare:tier:gold`) too. They are always kept in a metafield of the app."
        },
    )
    webhooks_url = fields.Url(
        schemes={"https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Where the shop sends its webhooks to, such as "
            "https://aftercare.example/webhooks/main. Given here, webhooks that Shopify has deleted after "
            "failures are made again."
        },
    )
    url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The address that customers know the shop by, such as https://shop.example, for "
            "templates; the shop is asked at its `domain`. For tests: where a fake shop on this computer "
            "answers, such as http://127.0.0.1:8080."
        },
    )

    @validates_schema
    def can_be_asked(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse half of what it takes to ask a shop, and places that no token may be sent to."""
        wrong = {**_missing(data), **_no_places(data)}
        if wrong:
            raise ValidationError(wrong)


def _missing(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is missing of the one of three ways to a token that was begun."""
    given = {name for name in _TOKENS if data.get(name)}
    if not given:
        return {}
    wrong: dict[str, list[str]] = {}
    if "access_token" in given:
        others = given - {"access_token"}
        if others - {"client_id", "client_secret"} or len(others) == 1:
            wrong["access_token"] = [
                f"is one way to a token, {', '.join(sorted(others))} another: choose one"
            ]
    else:
        needed = {"client_id", "client_secret"}
        if given & {"refresh_token", "token_file"}:
            needed |= {"token_file"}
        wrong |= {
            name: [f"missing: {', '.join(sorted(given))} does not get a token without it"]
            for name in sorted(needed - given)
        }
    if not data.get("domain"):
        wrong["domain"] = ["missing: a token is for asking the shop, so say which it is"]
    return wrong


_TOKENS = ("access_token", "client_id", "client_secret", "refresh_token", "token_file")


def _no_places(data: Mapping[str, Any]) -> dict[str, list[str]]:
    from aftercare_shopify import domain

    wrong: dict[str, list[str]] = {}
    name, url = data.get("domain"), data.get("url")
    problem = domain.problem(name) if name else None
    if problem:
        wrong["domain"] = [problem]
    problem = domain.url_problem(url) if url else None
    if problem:
        wrong["url"] = [problem]
    return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The options that decide what a payload means. `pay_on_delivery` holds folded names."""

    money: str
    pay_on_delivery: frozenset[str]
    domain: str
    customer_tags: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Rules:
        """Read the options of a shop, loaded or not; what is not set has its default."""
        told = OptionsSchema(unknown=EXCLUDE).load(dict(options))
        return cls(
            money=told["money"],
            pay_on_delivery=frozenset(name.casefold() for name in told["pay_on_delivery"]),
            domain=told["domain"] or "",
            customer_tags=told["customer_tags"],
        )
