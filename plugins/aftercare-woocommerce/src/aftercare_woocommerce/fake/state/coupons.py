"""Coupons: the fields of a new one, and how they are told."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.state.amounts import ZERO, money
from aftercare_woocommerce.fake.state.site import Site, links, moments
from aftercare_woocommerce.fake.state.things import Thing


def coupon_fields() -> dict[str, Any]:
    """Return the fields of a coupon as they are before anybody sets one."""
    return {
        "code": "",
        "amount": ZERO,
        "status": "publish",
        "discount_type": "fixed_cart",
        "description": "",
        "date_expires": None,
        "usage_count": 0,
        "individual_use": False,
        "product_ids": [],
        "excluded_product_ids": [],
        "usage_limit": None,
        "usage_limit_per_user": None,
        "limit_usage_to_x_items": None,
        "free_shipping": False,
        "product_categories": [],
        "excluded_product_categories": [],
        "exclude_sale_items": False,
        "minimum_amount": ZERO,
        "maximum_amount": ZERO,
        "email_restrictions": [],
        "used_by": [],
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
