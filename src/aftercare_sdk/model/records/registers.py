"""What the records of all kinds are made of: registers, and how two of them become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aftercare_sdk.model.versions import Register, Version, later

T = TypeVar("T")


class Registered(Protocol):
    """A record whose fields are registers, but for those that it merges by a rule of its own."""

    @property
    def latest(self) -> Version:
        """The version of the newest picture."""


def told(value: T | None, version: Version) -> Register[T] | None:
    """Return what a picture says of a field; None: nothing."""
    return None if value is None else Register(value, version)


def told_null(value: T | None, version: Version) -> Register[T | None] | None:
    """Return the same of a field that may be emptied, which is told by a register of None."""
    register: Register[T | None] = Register(value, version)
    return None if value is None else register


def newer(one: Version, other: Version) -> Version:
    """Return the later of two versions."""
    return max(one, other, key=lambda version: version.rank)


def later_of(one: Register[T], other: Register[T]) -> Register[T]:
    """Return the register with the higher version, where both are told."""
    return max(one, other, key=lambda register: register.version.rank)


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two moments, or the one that is told."""
    if one is None or other is None:
        return one or other
    return min(one, other)


def earliest(one: Mapping[str, datetime], other: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return the earliest moment that is told of each id."""
    return {id_: min(at, one.get(id_, at), other.get(id_, at)) for id_, at in {**one, **other}.items()}


R = TypeVar("R", bound=Registered)


def merge_registers(one: R, other: R, **by_rule: Any) -> R:
    """Merge every register by the latest version; `by_rule` are the fields that have another rule."""
    merged: dict[str, Any] = {
        entry.name: later(getattr(one, entry.name), getattr(other, entry.name))
        for entry in fields(one)  # type: ignore[arg-type] # every record is a dataclass
        if entry.name not in {"shop", "id", "latest", *by_rule}
    }
    made: R = replace(one, latest=newer(one.latest, other.latest), **merged, **by_rule)  # type: ignore[type-var]
    return made
