"""Webhook subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Who wants to hear of a topic, such as `orders/create`.

    `configured` ones belong to the app (its TOML file or dashboard): the API neither lists nor deletes them.
    `include` are the fields of the body that are sent; empty means all. `failures` counts those in a row.
    """

    id: int
    topic: str
    uri: str
    created: datetime
    updated: datetime
    filter: str | None = None
    include: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    name: str | None = None
    format: str = "JSON"
    configured: bool = False
    failures: int = 0
