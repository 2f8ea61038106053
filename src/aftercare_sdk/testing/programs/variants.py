"""Copies of events and contexts: the same again, later, with something missing, and for comparison."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Path = tuple[str, ...]

_OURS = "aftercare_sdk.model."
_MAY_BE_EMPTY = {
    "ShopView": {"country"},
    "CustomerView": {"locale", "country", "zone"},
    "Order": {"status", "gateway", "country", "locale"},
    "Review": {"text"},
    "Subscription": {"status"},
    "RewardChanged": {"code"},
}
"""Texts that the engine leaves empty where a shop does not tell them."""
_ATOMS = (bool, int, float, str, bytes, complex, Enum, date, timedelta, Decimal, Fraction, type, type(None))
_DEEPEST = 20


def copied(value: T) -> T:
    """Return an equal value of which no part is the same object, as far as the model made it.

    Mappings become read-only, as those that hooks get.
    """
    return cast("T", _rebuilt(value, _fresh, MappingProxyType))


def writable(value: T) -> T:
    """Return a copy whose mappings can be written to: to see who would."""
    return cast("T", _rebuilt(value, lambda atom: atom, dict))


def later(value: T, years: int) -> T:
    """Return a copy in which every moment and every day lies so many years later."""

    def moved(atom: object) -> object:
        return atom.replace(year=atom.year + years) if isinstance(atom, date) else atom

    return cast("T", _rebuilt(value, moved, MappingProxyType))


def _rebuilt(value: Any, of_atom: Callable[[object], object], mapping: Callable[[Any], Any]) -> Any:
    """Return a copy, down to what has no parts, or parts that are not the model's."""
    if is_ours(value):
        parts = {each.name: _rebuilt(getattr(value, each.name), of_atom, mapping) for each in fields(value)}
        return replace(value, **parts)
    if isinstance(value, Mapping):
        return mapping({key: _rebuilt(entry, of_atom, mapping) for key, entry in value.items()})
    if type(value) is tuple:
        return tuple(_rebuilt(each, of_atom, mapping) for each in value)
    return of_atom(value)


def _fresh(atom: object) -> object:
    return str(atom.encode("utf-8", "surrogatepass"), "utf-8", "surrogatepass") if type(atom) is str else atom


def frozen(value: object, owned: Callable[[type], bool] = lambda _: True) -> object:
    """Return what a value holds, for comparison with what it holds later.

    Objects of classes that are not `owned` are the same as long as they are the same object.
    """
    return _frozen(value, owned, ())


def _frozen(value: object, owned: Callable[[type], bool], above: tuple[int, ...]) -> object:
    kind = type(value)
    if isinstance(value, _ATOMS):
        return (kind.__qualname__, value)
    if id(value) in above or len(above) > _DEEPEST:
        return "..."
    above = (*above, id(value))
    if isinstance(value, Mapping):
        entries = [(_frozen(key, owned, above), _frozen(each, owned, above)) for key, each in value.items()]
        return ("mapping", tuple(entries))
    if isinstance(value, list | tuple | deque):
        return ("sequence", tuple(_frozen(each, owned, above) for each in value))
    if isinstance(value, AbstractSet):
        return ("set", tuple(sorted(repr(_frozen(each, owned, above)) for each in value)))
    if not (owned(kind) or is_ours(value)):
        return (kind.__qualname__, id(value))
    parts = _attributes(value).items()
    return (kind.__qualname__, tuple((name, _frozen(each, owned, above)) for name, each in parts))


def _attributes(value: object) -> dict[str, object]:
    """Return what an object keeps."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def missing(value: T) -> Iterator[tuple[str, T]]:
    """Yield copies in which one thing is missing that may be, then one that lacks all of these at once.

    Each comes with the name of what is missing, such as `order.lines[].product = None`. What other things
    are in is not missing in the last one: else nothing would be left to look at.
    """
    found = list(_may_be_missing(value))
    for path, nothing in found:
        yield f"{'.'.join(path)} = {nothing!r}", _without(value, path, nothing)
    above = {
        (*path[:place], step.removesuffix("[]")) for path, _ in found for place, step in enumerate(path[:-1])
    }
    bare = value
    for path, nothing in found:
        if path not in above:
            bare = _without(bare, path, nothing)
    yield "everything that may be missing", bare


def _may_be_missing(value: Any) -> Iterator[tuple[Path, object]]:
    """Find what may be missing in a value of the model and is there, each kind of field once."""
    kind: Any = type(value)
    empty = _MAY_BE_EMPTY.get(kind.__name__, set())
    hints = _hints(kind)
    for name in (each.name for each in fields(value)):
        there, hint = getattr(value, name), hints[name]
        if there is not None and type(None) in _alternatives(hint):
            yield (name,), None
        elif isinstance(there, tuple) and there:
            yield (name,), ()
        elif name in empty and there:
            yield (name,), ""
        elif name == "memory" and there:
            yield (name,), MappingProxyType({})
        below: dict[Path, object] = {}
        if is_ours(there):
            below = {(name, *path): nothing for path, nothing in _may_be_missing(there)}
        elif isinstance(there, tuple):
            below = {
                (f"{name}[]", *path): nothing
                for each in there
                if is_ours(each)
                for path, nothing in _may_be_missing(each)
            }
        yield from below.items()


def _without(value: T, path: Path, nothing: object) -> T:
    """Return a copy with `nothing` at a path; what does not lead there stays as it is."""
    step, *rest = path
    name = step.removesuffix("[]")
    told: Any = value
    there = getattr(value, name)
    if not rest:
        changed = nothing
    elif step.endswith("[]"):
        changed = tuple(_without(each, tuple(rest), nothing) for each in there)
    else:
        changed = there if there is None else _without(there, tuple(rest), nothing)
    made: T = replace(told, **{name: changed})
    return made


def is_ours(value: object) -> bool:
    """Tell whether a value is one of the model."""
    return is_dataclass(value) and type(value).__module__.startswith(_OURS)


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _alternatives(hint: object) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
