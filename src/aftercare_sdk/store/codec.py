"""How values become text in the database, and values again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(order="deterministic")


def dump(value: object) -> str:
    """Return any value of the model as JSON, always the same for equal values."""
    return _ENCODER.encode(value).decode()


def load(type_: type[T], source: str | bytes) -> T:
    """Return the value of `type_` that `dump` wrote."""
    return msgspec.json.decode(source, type=type_)


def load_words(source: str) -> Mapping[str, str]:
    """Return a mapping of words that `dump` wrote."""
    return load(dict[str, str], source)


def load_any(source: str | bytes) -> Any:
    """Return plain JSON data."""
    return msgspec.json.decode(source)
