"""Webhooks: the topics that there are, and how they are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aftercare_woocommerce.fake.state.site import Site, links
from aftercare_woocommerce.fake.state.things import Thing

HOOKS: Mapping[str, tuple[str, ...]] = {
    "order.created": ("woocommerce_new_order",),
    "order.updated": ("woocommerce_update_order", "woocommerce_order_refunded"),
    "order.deleted": ("wp_trash_post", "woocommerce_trash_order"),
    "order.restored": ("untrashed_post", "woocommerce_untrash_order"),
    "customer.created": ("user_register", "woocommerce_created_customer", "woocommerce_new_customer"),
    "customer.updated": ("profile_update", "woocommerce_update_customer"),
    "customer.deleted": ("delete_user",),
    "product.created": ("woocommerce_process_product_meta", "woocommerce_new_product"),
    "product.updated": ("woocommerce_process_product_meta", "woocommerce_update_product"),
    "product.deleted": ("wp_trash_post",),
    "product.restored": ("untrashed_post",),
    "product.published": ("publish_product",),
    "coupon.created": ("woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"),
    "coupon.updated": ("woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"),
    "coupon.deleted": ("wp_trash_post",),
    "coupon.restored": ("untrashed_post",),
}
"""The topics that WooCommerce takes, beside those of actions."""

_ACTION = re.compile(r"action\.[a-z0-9_]+")


def valid_topic(topic: str) -> bool:
    """Tell whether WooCommerce takes a topic."""
    return topic in HOOKS or _ACTION.fullmatch(topic) is not None


def webhook_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return a webhook. Its secret is never told."""
    names = ("name", "status", "topic", "resource", "event", "hooks", "delivery_url")
    return {
        "id": thing.id,
        **{name: thing.fields[name] for name in names},
        **thing.dates(site),
        "_links": links(site, "webhooks", thing.id),
    }
