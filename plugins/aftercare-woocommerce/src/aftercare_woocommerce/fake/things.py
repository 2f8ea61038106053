"""What a fake shop keeps, and how WooCommerce tells it: keys, types and order of the recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every answer of a shop depends on."""

    url: str
    zone: ZoneInfo
    decimals: int
    release: str


@dataclass(slots=True, kw_only=True)
class Meta:
    """One entry of `meta_data`."""

    id: int
    key: str
    value: Any

    def told(self, *, shown: bool = False) -> dict[str, Any]:
        """Return the entry; those of lines are told with what is shown of them."""
        plain = {"id": self.id, "key": self.key, "value": self.value}
        return {**plain, "display_key": self.key, "display_value": self.value} if shown else plain


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of an order, or what a refund gives back of one (then everything is negative)."""

    id: int
    product_id: int
    variation_id: int = 0
    name: str = ""
    sku: str | None = ""
    quantity: int = 1
    rate: Decimal = _ZERO
    """Per cent of tax."""
    subtotal: Decimal = _ZERO
    subtotal_tax: Decimal = _ZERO
    total: Decimal = _ZERO
    total_tax: Decimal = _ZERO
    meta: list[Meta] = field(default_factory=list)

    def told(self, places: int) -> dict[str, Any]:
        """Return the line in so many decimals; the single taxes too, as WooCommerce does."""
        tax_id = 2 if self.rate == 8 else 1  # noqa: PLR2004 - Japan's reduced rate
        taxes = [
            {
                "id": tax_id,
                "total": money(self.total_tax, places),
                "subtotal": money(self.subtotal_tax, places),
            }
        ]
        return {
            "id": self.id,
            "name": self.name,
            "product_id": self.product_id,
            "variation_id": self.variation_id,
            "quantity": self.quantity,
            "tax_class": "reduced-jp" if tax_id == 2 else "",  # noqa: PLR2004
            "subtotal": money(self.subtotal, places),
            "subtotal_tax": money(self.subtotal_tax, places),
            "total": money(self.total, places),
            "total_tax": money(self.total_tax, places),
            "taxes": taxes,
            "meta_data": [each.told(shown=True) for each in self.meta],
            "sku": self.sku,
            "global_unique_id": "",
            "price": number(self.total / self.quantity if self.quantity else abs(self.total)),
            "image": {"id": "", "src": ""},
            "parent_name": None,
        }


@dataclass(slots=True, kw_only=True)
class Refund:
    """A refund. `amount` is positive, the lines are negative."""

    id: int
    order: int
    created: datetime
    amount: Decimal
    reason: str = ""
    lines: list[Line] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)

    @property
    def tax(self) -> Decimal:
        """The tax in it; an amount without lines has none."""
        return sum((line.total_tax for line in self.lines), _ZERO)

    def told(self, site: Site, places: int, *, parent: bool = False) -> dict[str, Any]:
        """Return the refund; `parent`: as the list of all refunds tells it, with the order."""
        place = f"{site.url}/wp-json/wc/v3/orders/{self.order}"
        return {
            "id": self.id,
            **({"parent_id": self.order} if parent else {}),
            **moments(site, "created", self.created),
            "amount": money(self.amount, places),
            "reason": self.reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [each.told() for each in self.meta],
            "line_items": [line.told(places) for line in self.lines],
            "shipping_lines": [],
            "tax_lines": _tax_lines(self.lines, _ZERO, places),
            "fee_lines": [],
            "_links": {
                "self": [{"href": f"{place}/refunds/{self.id}", "targetHints": {"allow": ["GET", "DELETE"]}}],
                "collection": [{"href": f"{place}/refunds"}],
                "up": [{"href": place}],
            },
        }


@dataclass(slots=True, kw_only=True)
class Order:
    """An order, with amounts as exact as it was calculated; `total` is rounded to the shop's decimals."""

    id: int
    created: datetime
    modified: datetime
    status: str = "pending"
    currency: str = "JPY"
    customer: int = 0
    billing: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    gateway: str = "bacs"
    gateway_title: str = "銀行振込"
    via: str = "store-api"
    note: str = ""
    paid: datetime | None = None
    completed: datetime | None = None
    lines: list[Line] = field(default_factory=list)
    shipping_total: Decimal = _ZERO
    shipping_line: int = 0
    """The id of its shipping line; 0: nothing is to be shipped."""
    coupon: tuple[int, str, str, Decimal] | None = None
    """The line's id, the code, its kind and its nominal amount."""
    total: Decimal = _ZERO
    virtual: bool = False
    refunds: list[int] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    before_trash: str = ""

    @property
    def discount(self) -> Decimal:
        """What was taken off, without tax."""
        return sum((line.subtotal - line.total for line in self.lines), _ZERO)

    @property
    def discount_tax(self) -> Decimal:
        """The tax of what was taken off."""
        return sum((line.subtotal_tax - line.total_tax for line in self.lines), _ZERO)

    @property
    def tax(self) -> Decimal:
        """The tax of its lines."""
        return sum((line.total_tax for line in self.lines), _ZERO)

    def told(self, site: Site, refunds: Iterable[Refund], places: int) -> dict[str, Any]:
        """Return the order with so many decimals; `total` has no more than it was kept with."""
        key = "wc_order_" + hashlib.sha256(str(self.id).encode()).hexdigest()[:13]
        local = {
            name: told
            for what in ("created", "modified", "completed", "paid")
            for name, told in moments(site, what, getattr(self, what)).items()
        }
        return {
            "id": self.id,
            "parent_id": 0,
            "status": self.status,
            "currency": self.currency,
            "version": site.release,
            "prices_include_tax": True,
            "date_created": local["date_created"],
            "date_modified": local["date_modified"],
            "discount_total": money(self.discount, places),
            "discount_tax": money(self.discount_tax, places),
            "shipping_total": money(self.shipping_total, places),
            "shipping_tax": money(_ZERO, places),
            "cart_tax": money(self.tax, places),
            "total": money(self.total, places),
            "total_tax": money(self.tax, places),
            "customer_id": self.customer,
            "order_key": key,
            "billing": address(self.billing, email=True),
            "shipping": address(self.shipping),
            "payment_method": self.gateway,
            "payment_method_title": self.gateway_title,
            "transaction_id": "",
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": self.via,
            "customer_note": self.note,
            "date_completed": local["date_completed"],
            "date_paid": local["date_paid"],
            "cart_hash": "",
            "number": str(self.id),
            "meta_data": [each.told() for each in self.meta],
            "line_items": [line.told(places) for line in self.lines],
            "tax_lines": _tax_lines(self.lines, _ZERO, places),
            "shipping_lines": self._shipping_lines(places),
            "fee_lines": [],
            "coupon_lines": self._coupon_lines(places),
            # The newest first.
            "refunds": [
                {
                    "id": each.id,
                    "reason": each.reason,
                    "total": money(-each.amount, places),
                    "total_tax": money(each.tax, places),
                }
                for each in sorted(refunds, key=lambda each: -each.id)
            ],
            "payment_url": f"{site.url}/checkout/order-pay/{self.id}/?pay_for_order=true&key={key}",
            "is_editable": self.status in ("pending", "on-hold", "auto-draft"),
            "needs_payment": self.status in ("pending", "failed") and self.total > 0,
            "needs_processing": not self.virtual,
            **{name: told for name, told in local.items() if name.endswith("_gmt")},
            "currency_symbol": {"JPY": "¥", "USD": "$"}.get(self.currency, self.currency),
            "_links": links(site, "orders", self.id),
        }

    def _shipping_lines(self, places: int) -> list[dict[str, Any]]:
        if not self.shipping_line:
            return []
        return [
            {
                "id": self.shipping_line,
                "method_title": "宅急便",
                "method_id": "flat_rate",
                "instance_id": "1",
                "total": money(self.shipping_total, places),
                "total_tax": money(_ZERO, places),
                "taxes": [],
                "tax_status": "taxable",
                "meta_data": [],
            }
        ]

    def _coupon_lines(self, places: int) -> list[dict[str, Any]]:
        if self.coupon is None:
            return []
        line, code, kind, nominal = self.coupon
        return [
            {
                "id": line,
                "code": code,
                "discount": money(self.discount, places),
                "discount_tax": money(self.discount_tax, places),
                "meta_data": [],
                "discount_type": kind,
                "nominal_amount": number(nominal),
                "free_shipping": False,
            }
        ]


@dataclass(slots=True, kw_only=True)
class Thing:
    """A product, account, coupon, review or webhook: its own fields as they are told, and its dates."""

    id: int
    created: datetime
    modified: datetime | None
    fields: dict[str, Any]
    meta: list[Meta] = field(default_factory=list)

    def dates(self, site: Site) -> dict[str, str | None]:
        """Return when it was made and modified."""
        return {**moments(site, "created", self.created), **moments(site, "modified", self.modified)}


def product_told(thing: Thing, site: Site, *, terse: bool = False) -> dict[str, Any]:
    """Return a product; `terse`: a variation as the list of variations tells it, with its own words only."""
    told = {"id": thing.id, **thing.dates(site), **thing.fields}
    told["meta_data"] = [each.told() for each in thing.meta]
    told["_links"] = links(site, "products", thing.id)
    if terse:
        told["name"] = told["name"].rpartition(" - ")[2]
        for name in ("slug", "categories", "tags", "catalog_visibility", "featured", "total_sales"):
            del told[name]
    return told


def customer_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return an account."""
    mail = hashlib.sha256(thing.fields["email"].lower().encode()).hexdigest()
    return {
        "id": thing.id,
        **thing.dates(site),
        **{name: thing.fields[name] for name in ("email", "first_name", "last_name", "role", "username")},
        "billing": _customer_address(thing.fields["billing"], email=True),
        "shipping": _customer_address(thing.fields["shipping"]),
        "is_paying_customer": thing.fields["is_paying_customer"],
        "avatar_url": f"https://secure.gravatar.com/avatar/{mail}?s=96&d=mm&r=g",
        "meta_data": [each.told() for each in thing.meta],
        "_links": links(site, "customers", thing.id),
    }


def coupon_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return a coupon. Its amounts have two decimals, whatever the shop and its currency have."""
    own = dict(thing.fields)
    expires = own.pop("date_expires")
    head = {name: own.pop(name) for name in ("code", "amount", "status")}
    kind = {name: own.pop(name) for name in ("discount_type", "description")}
    return {
        "id": thing.id,
        **head,
        "amount": money(head["amount"], 2),
        **thing.dates(site),
        **kind,
        **moments(site, "expires", expires),
        **own,
        **{name: money(own[name], 2) for name in ("minimum_amount", "maximum_amount")},
        "meta_data": [each.told() for each in thing.meta],
        "_links": links(site, "coupons", thing.id),
    }


def review_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return a review; of its dates there is only that of writing."""
    mail = hashlib.sha256(thing.fields["reviewer_email"].lower().encode()).hexdigest()
    place = f"{site.url}/wp-json/wc/v3/products"
    return {
        "id": thing.id,
        **moments(site, "created", thing.created),
        **thing.fields,
        "reviewer_avatar_urls": {
            size: f"https://secure.gravatar.com/avatar/{mail}?s={size}&d=mm&r=g"
            for size in ("24", "48", "96")
        },
        "_links": {
            **links(site, "products/reviews", thing.id),
            "up": [{"href": f"{place}/{thing.fields['product_id']}"}],
        },
    }


def webhook_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return a webhook. Its secret is never told."""
    names = ("name", "status", "topic", "resource", "event", "hooks", "delivery_url")
    return {
        "id": thing.id,
        **{name: thing.fields[name] for name in names},
        **thing.dates(site),
        "_links": links(site, "webhooks", thing.id),
    }


def money(amount: Decimal, places: int) -> str:
    """Return an amount as WooCommerce writes it."""
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def number(amount: Decimal) -> int | float:
    """Return one of the few amounts that are told as JSON numbers."""
    rounded = amount.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def split_tax(gross: Decimal, rate: Decimal, places: int) -> tuple[Decimal, Decimal]:
    """Return what `gross` is without tax, and the tax in it."""
    unit = Decimal(1).scaleb(-places)
    tax = (gross * rate / (_HUNDRED + rate)).quantize(unit, ROUND_HALF_UP)
    return gross - tax, tax


def moments(site: Site, what: str, at: datetime | None) -> dict[str, str | None]:
    """Return both fields of a moment: on the site's clock, and in UTC; neither says which it is."""
    if at is None:
        return {f"date_{what}": None, f"date_{what}_gmt": None}
    zones = ((f"date_{what}", site.zone), (f"date_{what}_gmt", UTC))
    return {name: f"{at.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for name, zone in zones}


def address(told: Mapping[str, str], *, email: bool = False) -> dict[str, str]:
    """Return an address of an order."""
    names = (*ADDRESS, "email", "phone") if email else (*ADDRESS, "phone")
    return {name: told.get(name, "") for name in names}


def _customer_address(told: Mapping[str, str], *, email: bool = False) -> dict[str, str]:
    # Accounts tell the state behind the country.
    names = (*(name for name in ADDRESS if name != "state"), "state", *(("email",) if email else ()), "phone")
    return {name: told.get(name, "") for name in names}


def links(site: Site, collection: str, number: int) -> dict[str, Any]:
    """Return what every object links to."""
    place = f"{site.url}/wp-json/wc/v3/{collection}"
    allowed = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    return {
        "self": [{"href": f"{place}/{number}", "targetHints": allowed}],
        "collection": [{"href": place}],
    }


def _tax_lines(lines: Iterable[Line], shipping: Decimal, places: int) -> list[dict[str, Any]]:
    taxes: dict[Decimal, Decimal] = {}
    for line in lines:
        if line.total_tax:
            taxes[line.rate] = taxes.get(line.rate, _ZERO) + line.total_tax
    return [
        {
            "id": 900_000 + place,
            "rate_code": f"JP-TAX-{rate.normalize()}",
            "rate_id": 2 if rate == 8 else 1,  # noqa: PLR2004
            "label": "消費税",
            "compound": False,
            "tax_total": money(tax, places),
            "shipping_tax_total": money(shipping, places),
            "rate_percent": number(rate),
            "meta_data": [],
        }
        for place, (rate, tax) in enumerate(taxes.items())
    ]
