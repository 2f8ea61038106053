"""Discounts of ours, and what is told of them when they are gone."""

from __future__ import annotations

import re
from datetime import datetime

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_shopify.versions import UNDATED, dated

KIND = "code"
"""What the model calls a discount by code. It is known by its global id, as the receipt of its making is."""
NODE = "DiscountCodeNode"

TITLE = re.compile(r"\[aftercare ([0-9a-f]{12})\]$")
"""What the title of a discount of ours ends with, unless a clerk has renamed it: the mark of its reward."""


def deleted_code(gid: str, at: datetime, *, shop: str) -> CodeSnapshot:
    """Return what is left of a discount: that nobody can use it any more."""
    return dated(CodeSnapshot(shop=shop, id=gid, version=UNDATED, active=False), at)
