"""Metafields: values that apps keep with things of the shop."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Metafield:
    """One value. `owner` is the gid of what it belongs to; `type` one of Shopify's types."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created: datetime
    updated: datetime

    @property
    def digest(self) -> str:
        """What compare-and-set compares: it stands for the type and the value."""
        return hashlib.sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


def namespace_of(told: str | None, app: int) -> str:
    """Return the whole name of a namespace: that of the app for none, `$app` and `$app:…`."""
    if told is None or told == "$app":
        return f"app--{app}"
    if told.startswith("$app:"):
        return f"app--{app}--{told.removeprefix('$app:')}"
    return told
