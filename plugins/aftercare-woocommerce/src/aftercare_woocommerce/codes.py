"""What a coupon of ours says: whether it can still be used.

WooCommerce moves a coupon's date of modification when it goes to the trash and comes back, and not when its
own end is moved. So a webhook about a coupon is no more than a reason to read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_woocommerce.versions import UNDATED, dated

MARK = "_aftercare_key"
"""The meta data by which a coupon of ours is known; its value is the command's key."""
PATH = "coupons"
KIND = "code"
"""What the model calls a coupon."""

_ACTIVE = "publish"


def is_ours(coupon: Mapping[str, Any]) -> bool:
    """Tell whether aftercare has made a coupon: those of the shop itself concern nobody here."""
    return MARK in coupon["meta_data"]


def code_snapshot(coupon: Mapping[str, Any], *, shop: str) -> CodeSnapshot:
    """Return what a coupon says."""
    snapshot = CodeSnapshot(
        shop=shop,
        id=str(coupon["id"]),
        version=UNDATED,
        code=coupon["code"],
        active=coupon["status"] == _ACTIVE,
        ends_at=coupon["date_expires_gmt"],
    )
    return dated(snapshot, coupon["date_modified_gmt"])
