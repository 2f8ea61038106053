"""Shopify's global ids, of the numbers by which things are known outside of its GraphQL API."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def gid(kind: str, number: str) -> str | None:
    """Return `gid://shopify/<kind>/<number>`, or None if `number` is none."""
    return f"gid://shopify/{kind}/{number}" if _NUMBER.fullmatch(number) else None
