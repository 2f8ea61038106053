"""The messages that docs/reference/customshop-wire-format.md shows, to send and to test with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any


def message(name: str) -> dict[str, Any]:
    """Return the sample of a type, a new copy at each call: `message("order.updated")`.

    There is one for every kind of data; `customer.created` looks like `customer.updated`.
    """
    text = (files("aftercare_customshop") / "examples" / f"{name}.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


def messages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give type and message of every sample, by name."""
    for entry in sorted((files("aftercare_customshop") / "examples").iterdir(), key=lambda entry: entry.name):
        name = entry.name.removesuffix(".json")
        yield name, message(name)
