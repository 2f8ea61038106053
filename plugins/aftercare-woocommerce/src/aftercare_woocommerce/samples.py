"""The recorded webhooks and REST answers of a real WooCommerce store; see recordings/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from aftercare_sdk.model.shops import RawRequest

RECORDINGS: Traversable = files("aftercare_woocommerce") / "recordings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request as it arrived. Every webhook of the store has a secret of its own; a ping needs none."""

    name: str
    received_at: datetime
    secret: str = field(repr=False)
    request: RawRequest


def webhooks() -> Iterator[Sample]:
    """Give the webhooks in order of arrival, pings and repeats among them.

    The names tell that order; one `received_at` (159) lost its milliseconds and lies before the one ahead.
    """
    for name, recorded in recordings("webhooks"):
        yield Sample(
            name=name,
            received_at=datetime.fromisoformat(recorded["received_at"]),
            secret=recorded["secret"] or "",
            request=RawRequest(recorded["headers"], recorded["body"].encode()),
        )


def secrets() -> tuple[str, ...]:
    """Return the secrets of all webhooks, so that one shop can receive them."""
    return tuple(dict.fromkeys(sample.secret for sample in webhooks() if sample.secret))


def recordings(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give name and content of each recording in `webhooks` or `rest`, by name."""
    for entry in sorted((RECORDINGS / folder).iterdir(), key=lambda entry: entry.name):
        yield entry.name.removesuffix(".json"), json.loads(entry.read_text(encoding="utf-8"))
