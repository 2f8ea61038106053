"""Bodies that no platform sends, made of those that it does: strategies of hypothesis for tests of adapters.

Each function takes a way to get the bodies, not the bodies, so that they are read when a test runs.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Bodies = Callable[[], Sequence[bytes]]
Path = tuple[str | int, ...]

ODD = (
    "",
    "-1",
    "1e999",
    "9" * 400,
    "9" * 15,
    10**9,
    "12.345",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30T00:00:00Z",
    "2026-04-01T09:00:00",
    "JPY",
    "USD",
)
"""Values that look right, at first."""


def values(*more: object, people: Iterable[str] = ()) -> SearchStrategy[Any]:
    """Return any JSON value: ODD ones, `more` of the platform's own, and the words of `people` anywhere."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    told = st.sampled_from([*ODD, *more])
    named = list(people)
    leaves = scalars | told | st.sampled_from(named) if named else scalars | told
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    )


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything inside a JSON value, that of the value itself first."""
    yield path
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, below in items:
        yield from paths(below, (*path, key))


def mutated(bodies: Bodies, values: SearchStrategy[Any]) -> SearchStrategy[bytes]:
    """Return one of the bodies in which a few values have become something else, or are missing."""

    @st.composite
    def body(draw: DrawFn) -> bytes:
        told = copy.deepcopy(json.loads(draw(st.sampled_from(bodies()))))
        for _ in range(draw(st.integers(1, 4))):
            places = [path for path in paths(told) if path]
            if not places:
                break
            *above, last = draw(st.sampled_from(places))
            parent = told
            for key in above:
                parent = parent[key]
            if draw(st.booleans()):
                parent[last] = draw(values)
            else:
                del parent[last]
        return json.dumps(told).encode()

    return body()


def broken(bodies: Bodies) -> SearchStrategy[bytes]:
    """Return one of the bodies with a few bytes replaced."""

    @st.composite
    def body(draw: DrawFn) -> bytes:
        told = bytearray(draw(st.sampled_from(bodies())))
        for place in draw(st.lists(st.integers(0, len(told) - 1), min_size=1, max_size=5)):
            told[place] = draw(st.integers(0, 255))
        return bytes(told)

    return body()


def whatever(bodies: Bodies, values: SearchStrategy[Any]) -> SearchStrategy[bytes]:
    """Return any body: `mutated`, `broken`, any JSON, or no JSON at all."""
    plain = values.map(json.dumps).map(str.encode)
    return mutated(bodies, values) | broken(bodies) | st.binary() | plain
