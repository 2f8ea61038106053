"""The Liquid that templates are written in: standard Liquid with limits, strict, and without the clock."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sized
from datetime import date, datetime
from typing import Any, NoReturn

from babel.dates import format_date
from babel.numbers import format_currency
from liquid import Environment
from liquid.exceptions import FilterArgumentError, OutputStreamLimitError
from liquid.undefined import FalsyStrictUndefined, Undefined

from aftercare_sdk.model.money import Money
from aftercare_sdk.outreach import adverts
from aftercare_sdk.outreach.characters import without_controls
from aftercare_sdk.outreach.locales import parse_locale
from aftercare_sdk.outreach.names import salutation

OUTPUT_LIMIT = 512_000  # bytes
LOOP_LIMIT = 1_000
# An input of OUTPUT_LIMIT characters and an argument of 32: `replace` and `join` multiply the two.
_WORK_LIMIT = 32 * OUTPUT_LIMIT
_DATE_FORMATS = ("short", "medium", "long", "full")
# `safe` would let a customer's name pass unescaped; scripts have no place in a mail; and includes would
# hide a part of a template from the check of its variables.
_REMOVED_FILTERS = ("safe", "escapejs")
_REMOVED_TAGS = ("include", "render")


class Missing(FalsyStrictUndefined):
    """A value that is not known: `{% if %}` and `| default:` may ask about it, printing it is an error."""

    def __eq__(self, other: object) -> bool:
        return other is None or other is False or other is self

    __hash__ = FalsyStrictUndefined.__hash__


class WrongValue(FilterArgumentError):
    """Something is printed or filtered that is not made for it; true whatever the values are."""


class Part(dict[str, object]):
    """A group of variables, such as `order`, in the locale of the message."""

    __slots__ = ("locale", "name")

    def __init__(self, values: Mapping[str, object], *, name: str, locale: str) -> None:
        super().__init__(values)
        self.name = name
        self.locale = locale

    def __str__(self) -> str:
        """Refuse: a printed group would show the program's inside and more of a person than was meant."""
        raise WrongValue(f"{self.name} is a group of variables; print one of them", token=None)

    def items(self) -> NoReturn:
        """Refuse: what a loop over a group prints has no name by which it could be judged (LAW-02)."""
        raise WrongValue(f"{self.name} is a group of variables; name one of them", token=None)


class Shown:
    """An amount or a moment that prints itself in the locale of the message."""

    __slots__ = ("locale", "value")

    def __init__(self, value: Money | datetime, *, locale: str) -> None:
        self.value = value
        self.locale = locale

    def __str__(self) -> str:
        return self.text()

    def text(self, date_format: str = "long") -> str:
        """Return the localised text (REND-09)."""
        if isinstance(self.value, Money):
            return _amount(self.value, self.locale)
        return _day(self.value.date(), date_format, self.locale)


# Text part and HTML part show the same amounts and days, and so do many messages of one hour.
@functools.lru_cache(maxsize=4_096)
def _amount(value: Money, locale: str) -> str:
    return format_currency(value.amount, value.currency, locale=parse_locale(locale))


@functools.lru_cache(maxsize=1_024)
def _day(value: date, date_format: str, locale: str) -> str:
    return format_date(value, date_format, locale=parse_locale(locale))


def prepare(value: object, *, locale: str, name: str = "variables") -> object:
    """Turn a value of the SDK into what a template sees; what is empty becomes None (REND-05)."""
    match value:
        case None | "":
            return None
        case bool() | int() | Shown() | Part():
            return value
        case str():
            return without_controls(value) or None
        case Money():
            return Shown(value, locale=locale)
        case datetime():
            if value.tzinfo is None:
                raise TypeError(f"{name}: a time without a zone")
            return Shown(value, locale=locale)
        case Mapping():
            prepared = {str(key): prepare(item, locale=locale, name=str(key)) for key, item in value.items()}
            known = {key: item for key, item in prepared.items() if item is not None}
            return Part(known, name=name, locale=locale)
        case list() | tuple():
            return [prepare(item, locale=locale, name=name) for item in value]
    raise TypeError(f"{name}: a template cannot show a {type(value).__name__}")


class Language(Environment):
    """Standard Liquid with this SDK's filters and limits (REND-04 to REND-06, REND-09)."""

    loop_iteration_limit = LOOP_LIMIT
    output_stream_limit = OUTPUT_LIMIT
    local_namespace_limit = 2 * OUTPUT_LIMIT
    context_depth_limit = 20

    def __init__(self, *, html: bool) -> None:
        super().__init__(undefined=Missing, strict_filters=True, autoescape=html)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register standard Liquid, less what does not fit mails, plus what only this SDK has."""
        super().setup_tags_and_filters(extra=extra)
        for name in _REMOVED_TAGS:
            del self.tags[name]
        for tag in adverts.BLOCKS:
            self.add_tag(tag)
        for name in _REMOVED_FILTERS:
            del self.filters[name]
        for name, function in list(self.filters.items()):
            self.filters[name] = _limited(function)
        self.filters.update(salutation=_salutation, money=_money, date=_date_of)


def _salutation(customer: object) -> str:
    _refuse_missing(customer)
    if not isinstance(customer, Part):
        raise WrongValue("salutation is for customer: {{ customer | salutation }}", token=None)
    return salutation(
        family=str(customer.get("family_name", "")),
        given=str(customer.get("given_name", "")),
        full=str(customer.get("full_name", "")),
        locale=customer.locale,
    )


def _money(amount: object) -> str:
    _refuse_missing(amount)
    if not isinstance(amount, Shown) or not isinstance(amount.value, Money):
        raise WrongValue("money is for amounts such as order.total", token=None)
    return amount.text()


def _date_of(moment: object, date_format: object = "long") -> str:
    _refuse_missing(moment)
    if not isinstance(moment, Shown) or not isinstance(moment.value, datetime):
        raise WrongValue("date is for moments such as order.placed_on", token=None)
    if date_format not in _DATE_FORMATS:
        raise WrongValue(f"date knows the formats {', '.join(_DATE_FORMATS)}", token=None)
    return moment.text(str(date_format))


def _refuse_missing(value: object) -> None:
    if isinstance(value, Undefined):
        str(value)  # raises, and knows the name


def _limited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a filter from making more in one step than a whole message may hold (REND-04).

    The language's own limits watch loops, variables and output, not what a filter makes in between.
    """

    @functools.wraps(function)
    def limited(value: object, *args: object, **kwargs: object) -> object:
        work = _size(value) * max((_size(argument) for argument in args), default=1)
        if work > _WORK_LIMIT or (isinstance(value, range) and len(value) > LOOP_LIMIT):
            raise OutputStreamLimitError("a filter's input is too long", token=None)
        result = function(value, *args, **kwargs)
        if _size(result) > OUTPUT_LIMIT:
            raise OutputStreamLimitError("a filter's result is too long", token=None)
        return result

    return limited


def _size(value: object) -> int:
    if isinstance(value, Undefined) or not isinstance(value, Sized):
        return 1
    return len(value)
