"""From bytes to values: JSON without floats, then the schema. Errors name places, never what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.shops import parsing
from aftercare_sdk.shops.loading import Loader

_MOST_SHOWN = 4


def parse(body: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises TranslationError, without a word of the text."""
    try:
        told = parsing.parse(body)
    except ValueError:
        told = None
        problem = "the body is not JSON in UTF-8"
    else:
        problem = "the body is not a JSON object"
    # Outside the handler, so that the error tells what it tells and carries no other along.
    if not isinstance(told, dict):
        raise TranslationError(problem)
    return told


def load(schema: Loader, told: Mapping[str, Any]) -> dict[str, Any]:
    """Read by `schema`. Raises TranslationError with what is wrong in which place."""
    try:
        loaded: dict[str, Any] = schema.load(told)
    except ValidationError as error:
        problems = list(_problems(error.messages))
    else:
        return loaded
    raise misunderstood(problems)


def misunderstood(problems: list[str]) -> TranslationError:
    """Return the error that tells these problems, the first few of them."""
    shown = "; ".join(problems[:_MOST_SHOWN])
    more = len(problems) - _MOST_SHOWN
    return TranslationError(f"{shown}; and {more} more" if more > 0 else shown)


def _problems(messages: object, path: str = "") -> Iterator[str]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            # marshmallow files what concerns an object as a whole under this name.
            yield from _problems(below, path if key == "_schema" else f"{path}.{key}".lstrip("."))
    elif isinstance(messages, list):
        for each in messages:
            yield from _problems(each, path)
    else:
        yield f"{path} {messages}"
