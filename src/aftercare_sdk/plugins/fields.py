"""Check and copy the fields of values that a plugin made.

Nothing of the plugin's own survives in the copy: text is plain `str`, mappings are new dictionaries. So what
a plugin does to its objects afterwards changes nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any, TypeVar

from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.points.expiry import Expiry

T = TypeVar("T")
Check = Callable[[object], Any]

NAME_LIMIT = 200
REASON_LIMIT = 1_000
TEXT_LIMIT = 10_000
SOURCE_LIMIT = 1_000_000
ENTRIES_LIMIT = 100
LONGEST = timedelta(days=3_653)
"""Ten years."""


class Unfit(Exception):
    """A field that cannot be used; the text says what it must be and holds no value of the field."""


def kind_of(value: object) -> str:
    """Return the name of the type of `value` for a message."""
    return type(value).__name__[:NAME_LIMIT]


def text(limit: int = NAME_LIMIT, *, empty: bool = False) -> Check:
    """Make a check for text that every database and every mail can hold."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise Unfit(f"must be a str, not {kind_of(value)}")
        exact = value if type(value) is str else str.__str__(value)
        if not empty and not exact.strip():
            raise Unfit("must not be empty")
        if len(exact) > limit:
            raise Unfit(f"must have at most {limit:,} characters")
        if "\x00" in exact:
            raise Unfit("must not hold the character NUL, which PostgreSQL cannot store")
        if not exact.isascii():
            try:
                exact.encode()
            except UnicodeEncodeError:
                raise Unfit("must be valid Unicode; it holds half of a surrogate pair") from None
        return exact

    return check


def span(value: object) -> timedelta:
    """Check a length of time."""
    if not isinstance(value, timedelta):
        raise Unfit(f"must be a timedelta, not {kind_of(value)}")
    exact = (
        value
        if type(value) is timedelta
        else timedelta(days=value.days, seconds=value.seconds, microseconds=value.microseconds)
    )
    if exact < timedelta(0):
        raise Unfit("must not be negative")
    if exact > LONGEST:
        raise Unfit("must be at most ten years")
    return exact


def money(value: object) -> Money:
    """Check an amount of money above zero."""
    if not isinstance(value, Money):
        raise Unfit(f"must be Money, not {kind_of(value)}")
    if type(value.minor) is not int or value.minor <= 0:
        raise Unfit("must be an amount above zero, in whole minor units")
    return Money(value.minor, _CURRENCY(value.currency))


def discount(value: object) -> Discount:
    """Check what a discount code takes off."""
    if not isinstance(value, Discount):
        raise Unfit(f"must be a Discount, not {kind_of(value)}")
    percent: object = value.percent
    if percent is not None and not (isinstance(percent, Decimal) and percent.is_finite()):
        raise Unfit("must have a Decimal as its percent")
    try:
        return Discount(
            amount=None if value.amount is None else money(value.amount),
            percent=None if percent is None else Decimal(str(percent)),
            free_shipping=flag(value.free_shipping),
        )
    except ValueError as problem:
        raise Unfit(f"is none: {problem}") from None


def flag(value: object) -> bool:
    """Check a yes or no."""
    if not isinstance(value, bool):
        raise Unfit(f"must be True or False, not {kind_of(value)}")
    return value


def whole(most: int) -> Check:
    """Make a check for a whole number from zero to `most`."""

    def check(value: object) -> int:
        if type(value) is not int:
            raise Unfit(f"must be an int, not {kind_of(value)}")
        if not 0 <= value <= most:
            raise Unfit(f"must lie between 0 and {most:,}")
        return value

    return check


def numbers(entries: int, most: int) -> Check:
    """Make a check for a mapping of text to whole numbers, which is copied."""
    number = whole(most)

    def check(value: object) -> dict[str, int]:
        if not isinstance(value, Mapping):
            raise Unfit(f"must be a mapping of str to int, not {kind_of(value)}")
        found = list(islice(value.items(), entries + 1))
        if len(found) > entries:
            raise Unfit(f"must have at most {entries:,} entries")
        try:
            return {_KEY(key): number(entry) for key, entry in found}
        except Unfit as problem:
            raise Unfit(f"must map str to int: a key or value {problem}") from None

    return check


def expiry(value: object) -> Expiry:
    """Check when points expire."""
    if not isinstance(value, Expiry):
        raise Unfit(f"must be an Expiry, not {kind_of(value)}")
    try:
        return Expiry(months=value.months, day=value.day, idle_months=value.idle_months)
    except (TypeError, ValueError) as problem:
        raise Unfit(f"is none: {problem}") from None


def member(enum: type[Enum]) -> Check:
    """Make a check for a member of `enum`; its bare value is not enough."""

    def check(value: object) -> Enum:
        if not isinstance(value, enum):
            example = f"{enum.__name__}.{next(iter(enum)).name}"
            raise Unfit(f"must be a {enum.__name__}, such as {example}, not {kind_of(value)}")
        return value

    return check


def optional(check: Check) -> Check:
    """Make a check that lets None pass."""

    def check_if_given(value: object) -> object:
        return None if value is None else check(value)

    return check_if_given


def texts(value: object) -> dict[str, str]:
    """Check a mapping of text to text, and copy it."""
    if not isinstance(value, Mapping):
        raise Unfit(f"must be a mapping of str to str, not {kind_of(value)}")
    entries = list(islice(value.items(), ENTRIES_LIMIT + 1))
    if len(entries) > ENTRIES_LIMIT:
        raise Unfit(f"must have at most {ENTRIES_LIMIT} entries")
    copied = {}
    for key, entry in entries:
        try:
            copied[_KEY(key)] = _ENTRY(entry)
        except Unfit as problem:
            raise Unfit(f"must map str to str: a key or value {problem}") from None
    return copied


def function(value: object) -> Callable[..., Any]:
    """Check something that can be called."""
    if not callable(value):
        raise Unfit(f"must be callable, and {kind_of(value)} is not")
    return value


def one_of(kinds: Mapping[type[T], Mapping[str, Check]]) -> Check:
    """Make a check for a value of exactly one of `kinds`, field by field."""

    def check(value: object) -> T:
        for kind, checks in kinds.items():
            if type(value) is kind:
                return rebuilt(value, kind, checks)
        names = ", ".join(kind.__name__ for kind in kinds)
        raise Unfit(f"must be one of {names}, not {kind_of(value)}")

    return check


def rows(check: Check, limit: int = ENTRIES_LIMIT) -> Check:
    """Make a check for a tuple of which each item passes `check`."""

    def check_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, tuple):
            raise Unfit(f"must be a tuple, not {kind_of(value)}")
        if len(value) > limit:
            raise Unfit(f"must have at most {limit} items")
        return tuple(map(check, tuple.__iter__(value)))

    return check_all


def rebuilt(value: object, kind: type[T], checks: Mapping[str, Check]) -> T:
    """Return a copy of `value` whose every field has passed its check.

    Raises Unfit with the name of the first field that has not.
    """
    fields = {}
    for name, check in checks.items():
        try:
            given = getattr(value, name)
        except AttributeError:
            raise Unfit(f"{kind.__name__}.{name} is not set") from None
        try:
            fields[name] = check(given)
        except Unfit as problem:
            raise Unfit(f"{kind.__name__}.{name} {problem}") from None
    return kind(**fields)


_CURRENCY = text(3)
_KEY = text()
_ENTRY = text(TEXT_LIMIT, empty=True)
