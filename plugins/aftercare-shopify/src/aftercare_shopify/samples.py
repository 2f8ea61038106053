"""Shopify's own examples of webhooks' bodies; see bodies/README.md."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

TOPICS = (
    "orders/create",
    "refunds/create",
    "fulfillments/create",
    "fulfillment_events/create",
    "customers/create",
    "products/create",
)
"""The topics of which there is an example."""


def example(topic: str) -> dict[str, Any]:
    """Return the example of a topic, a new copy at each call. Raises LookupError for any other topic."""
    if topic not in TOPICS:
        raise LookupError(topic)
    told: dict[str, Any] = json.loads(_text(topic))
    return told


@cache
def _text(topic: str) -> str:
    name = topic.replace("/", "-")
    return files("aftercare_shopify").joinpath("bodies", f"{name}.json").read_text(encoding="utf-8")
