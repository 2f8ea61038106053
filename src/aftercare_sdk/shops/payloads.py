"""From a vendor's bytes to values: what the schemas of all adapters have in common.

Errors name the places that are wrong, and never what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.shops import parsing
from aftercare_sdk.shops.loading import Exact, Loader

LARGEST_ID = 2**63 - 1
"""What a database still takes for a whole number."""

_MOST_SHOWN = 10
# No database column takes NUL, and none but Python takes half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """Read JSON without floats. Raises TranslationError, without a word of the text."""
    try:
        return parsing.parse(body)
    except ValueError:
        pass
    # Outside the handler, so that the error tells what it tells and carries no other along.
    raise TranslationError("the body is not JSON")


def load(schema: Loader, data: Any, *, what: str) -> dict[str, Any]:
    """Read `data` by `schema`. Raises TranslationError with the paths of the bad fields and no values."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        bad = sorted(_paths(error.messages))
    else:
        return loaded
    shown = ", ".join(bad[:_MOST_SHOWN]) + (", …" if len(bad) > _MOST_SHOWN else "")
    raise TranslationError(f"{what}: not understood: {shown}")


def scalar(value: Any) -> str | None:
    """Return a string or a number as storable text, and None for anything else."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return str(value)


def storable(text: str) -> str:
    """Return the text without those characters that no database takes."""
    # Asked first because it costs a tenth; what is not printable may still be storable, such as a new line.
    return text if text.isprintable() else _UNSTORABLE.sub("", text)


class Text(fields.Field[str]):
    """A string; a number is taken for its digits, since plugins of shops are careless with types."""

    default_error_messages = {"invalid": "Not a string."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = scalar(value)
        if text is None:
            raise self.make_error("invalid")
        return text

    def exact(self) -> Exact:
        """Say how a string is read at once; see `loading.compiled`."""
        return Exact(str, storable)


def _paths(messages: object, path: str = "") -> Iterator[str]:
    if not isinstance(messages, Mapping):
        yield path or "the body"
        return
    for key, below in messages.items():
        # marshmallow files what concerns an object as a whole under this name.
        yield from _paths(below, path if key == "_schema" else f"{path}.{key}".lstrip("."))
