"""What operators read, in Japanese and English: the codes of decisions, states and events as sentences.

The words stand in `locale/<language>/LC_MESSAGES/aftercare.po`, where the msgids are codes. A field may say
how its value is to be read:

    {order}             as it is
    {due:moment}        an ISO 8601 time, told in the operator's zone
    {at:day}            the day of such a time
    {period:duration}   seconds, told in the largest unit that fits
    {total:money}       an amount and its currency, `12.50 USD`
    {purpose:phrase}    a code of the group `purpose`, in its own words
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from babel.dates import format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency
from babel.units import format_unit

from aftercare_sdk.outreach.locales import parse_locale

LANGUAGES = ("ja", "en")
_UNKNOWN = "—"
_MOMENT = {"ja": "y年M月d日 H:mm", "en": "y-MM-dd HH:mm"}
_DAY = {"ja": "y年M月d日", "en": "d MMMM y"}
_UNITS = ((86_400, "duration-day"), (3_600, "duration-hour"), (60, "duration-minute"))


def say(code: str, values: Mapping[str, str] | None = None, lang: str = "en", *, zone: tzinfo = UTC) -> str:
    """Return the sentence or word for `code`; every language but Japanese gets English.

    A code that the catalogues do not have, from a newer release or a plugin, is shown as it is.
    """
    parsed = parse_locale(lang)
    language = "ja" if parsed is not None and parsed.language == "ja" else "en"
    sentence = catalogue(language).get(code)
    if sentence is None:
        return code
    reader = _Reader(language, zone)
    given = {name: _Value(value, name, reader) for name, value in (values or {}).items()}
    return sentence.format_map(_Values(given))


def language_of(locale: str) -> str:
    """Return the language in which somebody of a locale is spoken to: Japanese, or else English."""
    parsed = parse_locale(locale)
    return "ja" if parsed is not None and parsed.language == "ja" else "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all that can be said in `language`, by code."""
    source = files("aftercare_sdk.outreach") / "locale" / language / "LC_MESSAGES" / "aftercare.po"
    with source.open("rb") as file:
        catalog: Catalog = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalog if message.id}


class _Reader(NamedTuple):
    """Who reads: in which language, and whose clock they have on the wall."""

    language: str
    zone: tzinfo


class _Values(dict[str, "_Value | str"]):
    """The values of a sentence; what is not told is a dash, not an error in front of an operator."""

    def __missing__(self, name: str) -> _Value:
        return _Value(_UNKNOWN, name, _Reader("en", UTC))


class _Value:
    """One value; its format says how to read it. What cannot be read so is shown as it is."""

    def __init__(self, value: str, name: str, reader: _Reader) -> None:
        self._value = value
        self._name = name
        self._reader = reader

    def __format__(self, kind: str) -> str:
        try:
            match kind:
                case "moment":
                    return self._moment(_MOMENT)
                case "day":
                    return self._moment(_DAY)
                case "duration":
                    return self._duration()
                case "money":
                    return self._money()
                case "phrase":
                    return catalogue(self._reader.language).get(f"{self._name}.{self._value}", self._value)
        except (ValueError, InvalidOperation):
            pass
        return self._value

    def _moment(self, pattern: Mapping[str, str]) -> str:
        moment = datetime.fromisoformat(self._value)
        language = self._reader.language
        return format_datetime(moment, pattern[language], tzinfo=self._reader.zone, locale=language)

    def _duration(self) -> str:
        seconds = int(self._value)
        fitting = (each for each in _UNITS if seconds >= each[0] and seconds % each[0] == 0)
        size, unit = next(fitting, (1, "duration-second"))
        # Babel lacks the long names in Japanese; the short ones are whole words.
        if self._reader.language == "ja":
            return format_unit(seconds // size, unit, "short", locale="ja").replace(" ", "")
        return format_unit(seconds // size, unit, "long", locale="en")

    def _money(self) -> str:
        amount, currency = self._value.split()
        return format_currency(Decimal(amount), currency, locale=self._reader.language)
