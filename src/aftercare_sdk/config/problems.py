"""Problems of a configuration as lines "path: what is wrong; cure".

A line never repeats a value that somebody wrote, because any value may be a secret in the wrong place. It
names keys, and offers names from lists that the SDK knows.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

Steps = tuple[str | int, ...]
"""The way to a value: keys of tables and places in lists."""

Place = Schema | fields.Field[Any] | None
"""What a plugin or the SDK expects somewhere in the tree; None where nobody has said."""

SCHEMA_KEY = "schema"
"""In the metadata of a field that is no `Nested`: the schema class of what lies below it."""

MUST_BE_TABLE = "must be a table; write key = value below a heading, or in { }"
NO_VALUE = "has no value; give it one, or remove it"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LONGEST_KEY = 60

# What marshmallow says by itself, and what is said here. Texts of a plugin's own validators are kept.
_WITH_CURE = {
    "Unknown field.": "unknown key; remove it",
    "Missing data for required field.": "missing; add it",
    "Field may not be null.": NO_VALUE,
    "Not a valid string.": "must be text; write it in quotes",
    "Not a valid integer.": "must be a whole number; write it without quotes",
    "Not a valid number.": "must be a number; write it without quotes",
    "Not a valid boolean.": "must be true or false; write it without quotes",
    "Not a valid list.": "must be a list; write it in [ ]",
    "Not a valid mapping type.": MUST_BE_TABLE,
    "Invalid input type.": MUST_BE_TABLE,
    "Invalid type.": "must be a list of tables; write [{ … }]",
}
_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_TOML_CURES = (
    ("twice", "keep one of them"),
    ("Duplicate", "keep one of them"),
    ("overwrite", "the same key or table stands above: keep one of them"),
    ("redefine", "the same key or table stands above: keep one of them"),
    ("mutate", "the table was written in { } above: add the key there"),
    ("Expected '='", "write key = value"),
    ("Invalid value", "write text in quotes, and true, false, numbers and dates without"),
    ("date", "write it like 2026-11-01T00:00:00+09:00"),
    ("Unterminated string", "close the quotes"),
    ("Illegal character", "close the quotes, or write the character as an escape such as \\n"),
    ("Unescaped", "write \\\\ for one backslash, or put the text in 'single quotes'"),
    ("Unclosed array", "close the list with ]"),
    ("Unclosed inline table", "close the table with } on the same line"),
    ("Expected newline", "write one key = value to a line, and text in quotes"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at `steps`. `text` says what, and after a semicolon how to mend it."""

    steps: Steps
    text: str

    def line(self, below: str = "") -> str:
        """Return the problem as one line, its path continuing that of the section `below`."""
        here = path(self.steps)
        where = f"{below}.{here}" if below and here and not here.startswith("[") else below + here
        return f"{where}: {self.text}" if where else self.text


def path(steps: Steps) -> str:
    """Return the way to a value as a person would write it: `shops.main.secrets[0]`."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{_shown(step)}" if text else _shown(step)
    return text


def _shown(key: str) -> str:
    short = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    if _BARE_KEY.fullmatch(short):
        return short
    # A key comes from outside: it must not be able to write lines or colours of its own.
    return json.dumps("".join(one if one.isprintable() else "?" for one in short), ensure_ascii=False)


def lines(problems: Iterable[Problem], below: str = "") -> tuple[str, ...]:
    """Return each problem as one line, sorted by path, each line once. `below`: the section they are in."""

    def order(problem: Problem) -> tuple[list[str], str]:
        return [f"{step:06}" if isinstance(step, int) else step for step in problem.steps], problem.text

    return tuple(dict.fromkeys(problem.line(below) for problem in sorted(problems, key=order)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?` with the known word that is most like `word`, or nothing."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    close = difflib.get_close_matches(word.casefold()[:_LONGEST_KEY], list(by_folded), n=1, cutoff=0.7)
    return f'did you mean "{by_folded[close[0]]}"?' if close else ""


def unknown_key(key: str, known: Collection[str]) -> str:
    """Return what to say of a key that nobody knows where `known` are allowed."""
    hint = did_you_mean(key, known)
    if hint:
        return f"unknown key; {hint}"
    return f"unknown key; remove it (known here: {', '.join(sorted(known)) or 'none'})"


def of_schema(
    messages: Any, schema: Schema, steps: Steps = (), *, beside: Collection[str] = ()
) -> list[Problem]:
    """Turn the error tree of a marshmallow schema into problems.

    `beside` are keys that may stand next to those of the schema; they only widen "did you mean".
    """
    return list(_walk(messages, schema, steps, frozenset(beside)))


def _walk(messages: Any, place: Place, steps: Steps, beside: frozenset[str]) -> Iterator[Problem]:
    if isinstance(messages, dict):
        for key, below in messages.items():
            if key == "_schema":
                yield from _walk(below, place, steps, beside)
            else:
                yield from _walk_key(key, below, place, steps, beside)
    elif isinstance(messages, list | tuple):
        for one in messages:
            yield from _walk(one, place, steps, beside)
    else:
        said = " ".join(str(messages).split())
        yield Problem(steps, _WITH_CURE.get(said, said))


def _walk_key(key: Any, below: Any, place: Place, steps: Steps, beside: frozenset[str]) -> Iterator[Problem]:
    there = (*steps, key if isinstance(key, int) else str(key))
    if isinstance(place, Schema) and key not in _keys(place) and below == [place.error_messages["unknown"]]:
        yield Problem(there, unknown_key(str(key), _keys(place) | beside))
    elif isinstance(place, fields.Mapping) and isinstance(below, dict):
        # marshmallow reports a key and its value in two entries of their own
        yield from _walk(below.get("key", ()), None, there, frozenset())
        yield from _walk(below.get("value", ()), _inside(place.value_field), there, frozenset())
    else:
        yield from _walk(below, _below(place, key), there, frozenset())


def _keys(schema: Schema) -> frozenset[str]:
    return frozenset(_key_of(name, field) for name, field in schema.load_fields.items())


def _key_of(name: str, field: fields.Field[Any]) -> str:
    return name if field.data_key is None else field.data_key


def _below(place: Place, key: Any) -> Place:
    if isinstance(key, int):
        return _inside(place.inner) if isinstance(place, fields.List) else place
    if isinstance(place, Schema):
        for name, field in place.load_fields.items():
            if _key_of(name, field) == key:
                return _inside(field)
    return None


def _inside(field: fields.Field[Any] | None) -> Place:
    if isinstance(field, fields.Nested):
        return field.schema
    below = field.metadata.get(SCHEMA_KEY) if field else None
    return below() if isinstance(below, type) and issubclass(below, Schema) else field


def of_toml(error: tomllib.TOMLDecodeError) -> Problem:
    """Turn a syntax error into a problem with line, column and, for the usual mistakes, a cure."""
    said = str(error)
    place = _TOML_PLACE.search(said)
    what = said[: place.start()] if place else said
    where = "at the end of the file"
    if place and place["line"]:
        where = f"line {place['line']}, column {place['column']}"
    cure = next((cure for word, cure in _TOML_CURES if word in what), "see https://toml.io")
    return Problem((), f"{where}: {what[:1].lower()}{what[1:]}; {cure}")
