"""Readers of single values: each takes what stands in the file and returns it checked.

They raise marshmallow's ValidationError with "what is wrong; cure" and never repeat the value.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from aftercare_sdk.config.database import normalise
from aftercare_sdk.config.problems import did_you_mean
from aftercare_sdk.config.secrets import Secret
from aftercare_sdk.model.budgets import PRESETS
from aftercare_sdk.model.durations import ACCEPTED, parse_duration

_URL_NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_PLUGIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:@\[\]_-]+(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
_RESOLVER = re.compile(r"(?:([0-9.]+)|\[([0-9a-fA-F:.]+)\])(?::(\d{1,5}))?", re.ASCII)
_DNS_PORT = 53
_HOUR = "((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_QUIET = re.compile(f"{_HOUR} ?- ?{_HOUR}", re.ASCII)
_LONGEST_LINE = 320
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_NO_CURRENCIES = frozenset({"XTS", "XXX"})
_FURTHER_NAMES = {"uk": "GB", "usa": "US", "england": "GB"}
_NO_ZONES = re.compile(r"Factory|localtime|(?:posix|right).*", re.DOTALL)
_YEARS = range(2000, 2200)
_LANGUAGES = frozenset({"ja", "en"})


def text(value: Any) -> str:
    """Read text of any length."""
    if not isinstance(value, str):
        raise ValidationError("must be text; write it in quotes")
    return value


def line(value: Any) -> str:
    """Read one line of text that is not blank: it may end up in the header of a mail."""
    read = text(value).strip()
    if not read:
        raise ValidationError("is empty; write something, or remove the key")
    if not read.isprintable() or len(read) > _LONGEST_LINE:
        raise ValidationError(f"must be one line of at most {_LONGEST_LINE} characters; shorten it")
    return read


def lines(value: Any) -> tuple[str, ...]:
    """Read a list of lines."""
    return _each(value, line)


def sender(value: Any) -> str:
    """Read who sends: an address without a display name."""
    read = line(value)
    if "<" in read or ">" in read:
        raise ValidationError("must be the bare address; write the name as sender_name")
    return read


def public_url(value: Any) -> str:
    """Read where customers reach the server, and return it without a slash at the end: `https://…`.

    Plain HTTP is for trying out on this computer: links in messages say who somebody is.
    """
    read = line(value).rstrip("/")
    host = _host(read)
    if not host or not _WEB_ADDRESS.fullmatch(read):
        raise ValidationError('is no address that a link can begin with; write "https://aftercare.example"')
    if "@" in read:
        raise ValidationError("holds a name or password, which every customer would read; leave it out")
    if read.startswith("http:") and not _is_loopback(host):
        raise ValidationError("must begin with https://; plain http:// is for 127.0.0.1 only")
    return read


def resolver(value: Any) -> tuple[str, int]:
    """Read the IP address of a DNS resolver, with or without a port: `192.0.2.53`, `[2001:db8::53]:5353`."""
    read = line(value)
    found = _RESOLVER.fullmatch(read)
    try:
        address = str(ip_address(found[1] or found[2] if found else read))
        port = int(found[3] or _DNS_PORT) if found else _DNS_PORT
    except ValueError:
        port = 0
    if not 0 < port < 2**16:
        raise ValidationError('is no address of a resolver; write "192.0.2.53" or "192.0.2.53:5353"')
    return address, port


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return ""
    return parts.hostname or ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def url_name(value: Any) -> str:
    """Read the name of a shop or a channel, which stands in addresses and in the ids of events."""
    read = text(value)
    if not _URL_NAME.fullmatch(read):
        raise ValidationError(
            "the name cannot stand in addresses and ids; "
            "rename it with a to z, 0 to 9 and hyphens only, at most 64 of them"
        )
    return read


def plugin_name(value: Any) -> str:
    """Read the name of a plugin, an adapter or a kind of channel."""
    read = text(value)
    if not _PLUGIN_NAME.fullmatch(read):
        raise ValidationError("is no name of a plugin; `aftercare plugins` lists those that are installed")
    return read


def plugin_names(value: Any) -> tuple[str, ...]:
    """Read a list of names of plugins, each once."""
    read = _each(value, plugin_name)
    if len(set(read)) < len(read):
        raise ValidationError("names a plugin twice; keep one of them")
    return read


def zone(value: Any) -> str:
    """Read the name of a time zone of the IANA database."""
    read = text(value)
    try:
        if not _NO_ZONES.fullmatch(read):
            return zoneinfo.ZoneInfo(read).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    hint = did_you_mean(read, (one for one in zoneinfo.available_timezones() if not _NO_ZONES.fullmatch(one)))
    cure = hint or 'write one such as "Asia/Tokyo" or "Europe/Berlin"'
    raise ValidationError(f"is no time zone; {cure}")


def country(value: Any) -> str:
    """Read the two letters of a country (ISO 3166)."""
    read, known = text(value), _countries()
    if read in known:
        return read
    by_name = {name.casefold(): code for code, name in known.items()} | _FURTHER_NAMES
    meant = by_name.get(read.casefold()) or _with_other_capitals(read, known)
    raise ValidationError(_no_code("country", meant, '"JP" or "DE"'))


def currency(value: Any) -> str:
    """Read the three letters of a currency (ISO 4217)."""
    read, known = text(value), _currencies()
    if read in known:
        return read
    raise ValidationError(_no_code("currency", _with_other_capitals(read, known), '"JPY" or "EUR"'))


def locale(value: Any) -> str:
    """Read a language, with or without its country, and return it as Babel writes it: `ja`, `pt_BR`."""
    from babel import Locale, UnknownLocaleError

    read = text(value)
    try:
        if _LOCALE.fullmatch(read):
            return str(Locale.parse(read.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        pass
    raise ValidationError('is no language; write one such as "ja", "en" or "pt-BR"')


def language(value: Any) -> str:
    """Read one of the languages that operators are spoken to in."""
    read = text(value)
    if read not in _LANGUAGES:
        raise ValidationError('is no language that staff can be told in; write "ja" or "en"')
    return read


def _with_other_capitals(value: str, known: Collection[str]) -> str:
    return value.upper() if value.upper() in known else ""


def _no_code(what: str, meant: str, examples: str) -> str:
    cure = f'did you mean "{meant}"?' if meant else f"write its code in capital letters, such as {examples}"
    return f"is no {what}; {cure}"


@cache
def _countries() -> Mapping[str, str]:
    from babel import Locale

    names = Locale("en").territories
    return {code: name for code, name in names.items() if code.isalpha() and code not in _NO_COUNTRIES}


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies()) - _NO_CURRENCIES


def zone_of(country: str) -> str:
    """Return the time zone of a country that has only one, else an empty string."""
    from babel.core import get_global

    zones = get_global("territory_zones").get(country, ())
    return str(zones[0]) if len(zones) == 1 else ""


def duration(value: Any) -> timedelta:
    """Read a length of time such as "3 days"."""
    if not isinstance(value, str):
        raise ValidationError(f"must be a length of time in quotes; {ACCEPTED}")
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def positive_duration(value: Any) -> timedelta:
    """Read a length of time that is more than nothing."""
    read = duration(value)
    if not read:
        raise ValidationError('must be longer than nothing; write for instance "1 day"')
    return read


def whole(lowest: int, highest: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `lowest` to `highest`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("must be a whole number; write it without quotes")
        if not lowest <= value <= highest:
            raise ValidationError(f"is out of range; write a number from {lowest} to {highest}")
        return value

    return read


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValidationError("must be true or false; write it without quotes")
    return value


def moment(value: Any) -> date:
    """Read a moment, or a date, which is its midnight; without an offset both are local to the brand."""
    if not isinstance(value, date):
        raise ValidationError("must be a date or moment; write it without quotes: 2026-11-01T00:00:00+09:00")
    if value.year not in _YEARS:
        raise ValidationError(f"is out of range; write a year from {_YEARS[0]} to {_YEARS[-1]}")
    return value


def moment_in(value: date, zone: str) -> datetime:
    """Return a moment in UTC, reading what has no offset as local time of `zone`."""
    local = zoneinfo.ZoneInfo(zone)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=local)
    return (value if value.tzinfo else value.replace(tzinfo=local)).astimezone(UTC)


def secret(value: Any) -> Secret:
    """Read a reference to a secret; one in plain text is refused."""
    if not isinstance(value, Secret):
        raise ValidationError(
            "must name where the secret is kept, never the secret itself; "
            'write { env = "NAME" } or { file = "path" }'
        )
    return value


def secrets(value: Any) -> tuple[Secret, ...]:
    """Read a list of references to secrets."""
    return _each(value, secret)


def database_url(value: Any) -> str | Secret:
    """Read the address of a database, or a reference to one that is kept as a secret."""
    if isinstance(value, Secret):
        return value
    read = text(value)
    try:
        normalise(read)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    return read


def _each(value: Any, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list):
        raise ValidationError("must be a list; write it in [ ]")
    kept: list[Any] = []
    errors: dict[int, Any] = {}
    for place, one in enumerate(value):
        try:
            kept.append(read(one))
        except ValidationError as error:
            errors[place] = error.messages
    if errors:
        raise ValidationError(errors)
    return tuple(kept)


def reasons_by_place(value: Any) -> Mapping[str, str]:
    """Read a table of countries with a reason in words for each."""
    if not isinstance(value, Mapping):
        raise ValidationError(
            'must be a table of countries with reasons; write { JP = "our lawyer, 2 May 2026" }'
        )
    return MappingProxyType({country(place): line(reason) for place, reason in value.items()})


def medium(value: Any) -> str:
    """Read what a cap is about: a medium by its name, `each`, or `all`."""
    read = text(value)
    if not _PLUGIN_NAME.fullmatch(read):
        raise ValidationError('is no channel; write "email", "sms", "line" or "push", "each" or "all"')
    return read


def preset(value: Any) -> str:
    """Read the name of a set of caps."""
    read = text(value)
    if read not in PRESETS:
        raise ValidationError(f"is no preset; there are {', '.join(PRESETS)}")
    return read


def programs(value: Any) -> tuple[str, ...]:
    """Read a list of programs: `plugin`, or `plugin/label` for one kind of its messages, each once."""
    read = _each(value, _program)
    if len(set(read)) < len(read):
        raise ValidationError("names a program twice; keep one of them")
    return read


def _program(value: Any) -> str:
    read = text(value)
    plugin, _, label = read.partition("/")
    if not _PLUGIN_NAME.fullmatch(plugin) or read != read.strip() or (read.endswith("/") and not label):
        raise ValidationError('is no program; write "flows", or "flows/thank-you" for one of its messages')
    return read


def quiet(value: Any) -> tuple[time, time]:
    """Read quiet hours, such as `22:00-08:00`, and return from when until before when messages may leave.

    They lie around midnight: nobody is asleep at noon. `none` leaves the whole day.
    """
    read = line(value)
    if read.lower() == "none":
        return time(), time()
    match = _QUIET.fullmatch(read)
    if match is None:
        raise ValidationError('is no span of hours; write it as "22:00-08:00", or "none"')
    closes, opens = map(time.fromisoformat, match.groups())
    if opens >= closes and closes != time():
        raise ValidationError("does not lie around midnight; write its beginning, then its end")
    return opens, closes
