"""The parameters of a request, read and refused as WooCommerce does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from aftercare_woocommerce.fake.refusals import bad_parameter

LARGEST_PAGE = 100
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE)
_ARRAY = re.compile(r"(\w+)\[\d*\]")


def read(query: str) -> dict[str, str]:
    """Return the parameters of a query; an array is told with commas, and the last of two values counts."""
    told: dict[str, str] = {}
    arrays: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        array = _ARRAY.fullmatch(name)
        if array:
            arrays.setdefault(array[1], []).append(value)
        else:
            told[name] = value
    return {**told, **{name: ",".join(values) for name, values in arrays.items()}}


def without_credentials(told: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that are not about who asks."""
    return {name: value for name, value in told.items() if not name.startswith(("oauth_", "consumer_"))}


def whole(
    told: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int | None = None
) -> int:
    """Return a whole number within its bounds."""
    text = told.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise bad_parameter(name, "rest_invalid_type", f"{name} is not of type integer.")
    value = int(text)
    if most is not None and not least <= value <= most:
        message = f"{name} must be between {least} (inclusive) and {most} (inclusive)"
        raise bad_parameter(name, "rest_out_of_bounds", message)
    if value < least:
        raise bad_parameter(name, "rest_out_of_bounds", f"{name} must be greater than or equal to {least}")
    return value


def places(told: Mapping[str, str], default: int) -> int:
    """Return how many decimals are asked for."""
    return whole(told, "dp", default, least=0)


def one_of(told: Mapping[str, str], name: str, allowed: Sequence[str]) -> str:
    """Return one of the words allowed; the first, if none is told."""
    value = told.get(name, allowed[0])
    if value not in allowed:
        raise bad_parameter(name, "rest_not_in_enum", f"{name} is not one of {_series(allowed)}.")
    return value


def some_of(told: Mapping[str, str], name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return some of the words allowed; the first, if none is told."""
    values = tuple(told.get(name, allowed[0]).split(","))
    for place, value in enumerate(values):
        if value not in allowed:
            message = f"{name}[{place}] is not one of {_series(allowed)}."
            raise bad_parameter(name, "rest_not_in_enum", message)
    return values


def ids(told: Mapping[str, str], name: str) -> frozenset[int] | None:
    """Return a set of ids; None, if none is told."""
    text = told.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,18}(,\d{1,18})*", text):
        raise bad_parameter(name, "rest_invalid_type", f"{name}[0] is not of type integer.")
    return frozenset(map(int, text.split(",")))


def flag(told: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """Return a yes or no."""
    value = told.get(name, default)
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true")


def moment(told: Mapping[str, str], name: str, zone: ZoneInfo, *, gmt: bool) -> datetime | None:
    """Return a date; without a zone of its own it is the site's, or UTC where `dates_are_gmt` says so."""
    text = told.get(name)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise bad_parameter(name, "rest_invalid_date", "Invalid date.") from None
    return value.replace(tzinfo=UTC if gmt else zone) if value.tzinfo is None else value


def _series(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])}, and {words[-1]}"
