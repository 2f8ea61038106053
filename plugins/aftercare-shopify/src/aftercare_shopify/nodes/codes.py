"""What a discount by code says in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_shopify.codes import NODE, TITLE
from aftercare_shopify.nodes.schemas import gid
from aftercare_shopify.versions import UNDATED, dated

_NOT_YET = "SCHEDULED"


def code(node: Mapping[str, Any], *, shop: str) -> CodeSnapshot | None:
    """Return what a discount says; None: it is one of the shop itself, or one by which nothing is given.

    Whoever ends a discount in the shop gives it another end. One whose code was taken out is of no use.
    """
    told = node["discount"]
    if told is None or not (node["mark"] or TITLE.search(told["title"])):
        return None
    codes = told["codes"]["nodes"] if told["codes"] else []
    snapshot = CodeSnapshot(
        shop=shop,
        id=gid(NODE, node["id"]),
        version=UNDATED,
        code=codes[0]["code"] if codes else None,
        active=bool(codes) and told["status"] != _NOT_YET,
        ends_at=told["ends_at"],
    )
    return dated(snapshot, told["updated_at"])
