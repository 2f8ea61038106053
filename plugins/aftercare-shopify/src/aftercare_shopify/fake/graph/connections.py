"""Connections: pages of things, with cursors that stay right while things come, go and move."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from graphql import GraphQLError

from aftercare_shopify.fake.graph.parts import Node

Thing = TypeVar("Thing")
LARGEST = 250
DEEPEST = 25_000
"""Objects that one can page through, by cursors, from the beginning of a list."""

Place = Callable[[Any], tuple[Any, int]]
"""Where a thing stands: what it is sorted by, and its id."""


def placed(value: Any) -> Any:
    """Return what sorts, as it stands in cursors."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    return "" if value is None else value


def connection(
    things: Iterable[Thing], told: Mapping[str, Any], node: Callable[[Thing], Any], place: Place
) -> Node:
    """Return a page of things. Raises GraphQLError for a page that cannot be."""
    first, last = _size(told, "first"), _size(told, "last")
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last")
    if first is not None and last is not None:
        raise GraphQLError("providing both first and last is not supported")
    backwards = bool(told.get("reverse"))
    rows = sorted(((place(each), each) for each in things), key=lambda row: row[0], reverse=backwards)
    after, before = _cursor(told.get("after")), _cursor(told.get("before"))
    inside = [
        row
        for row in rows
        if (after is None or _behind(row[0], after, backwards=backwards))
        and (before is None or _behind(before, row[0], backwards=backwards))
    ]
    if after is not None and len(rows) - len(inside) + (first or 0) > DEEPEST:
        raise GraphQLError(f"Pagination is limited to {DEEPEST} objects: narrow the list down by a query")
    page = inside[: first or 0] if first is not None else inside[max(0, len(inside) - (last or 0)) :]
    nodes = [node(thing) for _, thing in page]
    cursors = [_written(where) for where, _ in page]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": each} for cursor, each in zip(cursors, nodes, strict=True)],
        "pageInfo": {
            "hasNextPage": bool(page) and rows[-1][0] != page[-1][0],
            "hasPreviousPage": bool(page) and rows[0][0] != page[0][0],
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def field(
    things: Iterable[Thing], node: Callable[[Thing], Any], place: Place | None = None
) -> Callable[..., Node]:
    """Return a field that gives pages of things, sorted by their id unless told otherwise."""
    return lambda **told: connection(things, told, node, place or (lambda each: (each.id, each.id)))


def nothing(**told: Any) -> Node:
    """Give pages of nothing: things that the fake shop never has."""
    return connection((), told, lambda each: each, lambda _: (0, 0))


def _size(told: Mapping[str, Any], name: str) -> int | None:
    size: int | None = told.get(name)
    if size is not None and not 0 <= size <= LARGEST:
        raise GraphQLError(f"{name} cannot exceed {LARGEST}" if size > 0 else f"{name} cannot be negative")
    return size


def _behind(one: tuple[Any, int], other: tuple[Any, int], *, backwards: bool) -> bool:
    try:
        return one < other if backwards else one > other
    except TypeError:
        raise _invalid() from None


def _written(where: tuple[Any, int]) -> str:
    value, number = where
    return base64.b64encode(json.dumps({"last_id": number, "last_value": value}).encode()).decode()


def _cursor(told: str | None) -> tuple[Any, int] | None:
    if told is None:
        return None
    try:
        read = json.loads(base64.b64decode(told, validate=True))
        return read["last_value"], int(read["last_id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise _invalid() from None


def _invalid() -> GraphQLError:
    return GraphQLError("Invalid cursor for current pagination sort.")
