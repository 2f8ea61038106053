"""The values that the wire format is made of: each reads one kind of value, and says so in JSON Schema.

They take nothing for something else: no number for a text, no "yes" for true, no time without its offset.
Their messages say what is wrong and never repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from marshmallow import fields

from aftercare_sdk.model.reviews import FEWEST_STARS, MOST_STARS, ReviewStatus
from aftercare_sdk.shops.loading import Exact
from aftercare_sdk.shops.payloads import storable

T = TypeVar("T")

SAID: dict[str, Any] = {"required": "is missing", "null": "must not be null"}
"""What every field says that is missing; an optional one may be null, which is as good as missing."""

_COUNTRY = re.compile("[A-Z]{2}")
_CURRENCY = re.compile("[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1970, 2200)  # beyond, nothing is a date of a shop, and sums of dates leave the calendar
_TEXT_OR_NUMBER = (str, int)
_LARGEST_COUNT = 10**9
_LONGEST_ID = 100


class Value(fields.Field[T]):
    """A value that is either read or refused, with one message."""

    must: ClassVar[str]
    usual: ClassVar[type] = str
    """What JSON type the value has, as Python reads it; `read` decides about all others as well."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={**SAID, "invalid": self.must}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> T:
        read = self.read(value)
        if read is None:
            raise self.make_error("invalid")
        return read

    def exact(self) -> Exact:
        return Exact(self.usual, self.read)

    def read(self, value: Any) -> T | None:
        """Return what `value` means, or None if it is no such value."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        """Say in JSON Schema what is read."""
        raise NotImplementedError


class Text(Value[str]):
    """Any text; characters that no database takes are dropped."""

    must = "must be text"

    def __init__(self, *, longest: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._longest = longest

    def read(self, value: Any) -> str | None:
        if not isinstance(value, str) or (self._longest is not None and len(value) > self._longest):
            return None
        return storable(value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"} | ({} if self._longest is None else {"maxLength": self._longest})


class Id(Value[str]):
    """An id: a text without slashes and control characters, or a whole number taken for its digits."""

    must = "must be an id: text without slashes, not too long, or a whole number"

    def __init__(self, *, longest: int = _LONGEST_ID, **options: Any) -> None:
        super().__init__(**options)
        self._pattern = rf"[^/\u0000-\u001f\u007f]{{1,{longest}}}"
        self._form = re.compile(self._pattern)

    def read(self, value: Any) -> str | None:
        if isinstance(value, str):
            text = value
        elif isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
        else:
            return None
        return text if self._form.fullmatch(text) and text == storable(text) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"], "pattern": f"^{self._pattern}$"}


class Country(Value[str]):
    """A country, as ISO 3166 writes it."""

    must = "must be a country in two capital letters (ISO 3166)"

    def read(self, value: Any) -> str | None:
        return value if isinstance(value, str) and _COUNTRY.fullmatch(value) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_COUNTRY.pattern}$"}


class Currency(Value[str]):
    """A currency, as ISO 4217 writes it."""

    must = "must be a currency in three capital letters (ISO 4217)"

    def read(self, value: Any) -> str | None:
        return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_CURRENCY.pattern}$"}


class Amount(Value[Decimal]):
    """An amount of money as text, with as many decimals as were told."""

    must = 'must be an amount as text, such as "12.50", not negative'

    def read(self, value: Any) -> Decimal | None:
        return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_AMOUNT.pattern}$"}


class Moment(Value[datetime]):
    """An instant, read as UTC."""

    must = "must be a time with its offset from UTC (ISO 8601)"

    def read(self, value: Any) -> datetime | None:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            return None
        try:
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return moment if moment.year in _YEARS else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": f"^{_MOMENT.pattern}$"}


class Day(Value[date]):
    """A day of the calendar."""

    must = "must be a date (ISO 8601)"

    def read(self, value: Any) -> date | None:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": f"^{_DAY.pattern}$"}


class Count(Value[int]):
    """A number of things."""

    must = "must be a whole number, 0 or more"
    usual = int

    def read(self, value: Any) -> int | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and 0 <= value <= _LARGEST_COUNT else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": _LARGEST_COUNT}


class Stars(Value[int]):
    """A rating."""

    must = f"must be a whole number of stars, {FEWEST_STARS} to {MOST_STARS}"
    usual = int

    def read(self, value: Any) -> int | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and FEWEST_STARS <= value <= MOST_STARS else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": FEWEST_STARS, "maximum": MOST_STARS}


class Moderation(Value[str]):
    """What the shop's moderation says of a review."""

    must = f"must be one of {', '.join(ReviewStatus)}"

    def read(self, value: Any) -> str | None:
        return value if isinstance(value, str) and value in [*ReviewStatus] else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({'|'.join(ReviewStatus)})$"}


class Flag(Value[bool]):
    """True or false."""

    must = "must be true or false"
    usual = bool

    def read(self, value: Any) -> bool | None:
        return value if isinstance(value, bool) else None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Words(Value[dict[str, str]]):
    """An object of texts, whose names are the shop's own. What is null in it is left out."""

    must = "must be an object of texts and whole numbers"
    usual = dict

    def read(self, value: Any) -> dict[str, str] | None:
        if not isinstance(value, dict):
            return None
        told = {storable(name): below for name, below in value.items() if below is not None}
        if not all(
            isinstance(below, _TEXT_OR_NUMBER) and not isinstance(below, bool) for below in told.values()
        ):
            return None
        return {name: storable(str(below)) for name, below in told.items()}

    def json_schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}}
