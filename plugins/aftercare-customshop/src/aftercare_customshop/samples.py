"""The messages that docs/reference/customshop-wire-format.md shows, to send and to test with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


def message(name: str) -> dict[str, Any]:
    """Return the sample of a type, a new copy at each call: `message("order.updated")`.

    There is one for every kind of data; `customer.created` looks like `customer.updated`.
    """
    return _loaded(files("aftercare_customshop") / "examples" / f"{name}.json")


def messages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give type and message of every sample, by name."""
    return _all("examples")


def request(name: str) -> dict[str, Any]:
    """Return a sample of what is sent to a shop, a new copy at each call: `request("orders.list")`.

    There is one for every kind of data; `products.list` looks like `orders.list`.
    """
    return _loaded(files("aftercare_customshop") / "requests" / f"{name}.json")


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give type and message of every sample of what is sent to a shop, by name."""
    return _all("requests")


def _all(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in sorted((files("aftercare_customshop") / folder).iterdir(), key=lambda entry: entry.name):
        yield entry.name.removesuffix(".json"), _loaded(entry)


def _loaded(file: Traversable) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told
