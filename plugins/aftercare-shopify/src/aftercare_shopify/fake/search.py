"""Shopify's search syntax: terms, comparisons, AND, OR, NOT and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_TOKEN = re.compile(
    r'\s*(?P<open>\()|\s*(?P<close>\))|\s*(?P<word>(?:"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[^\s()])+)'
)
_TERM = re.compile(r"^(?P<minus>-?)(?P<field>[A-Za-z_][\w.$-]*):(?P<op>>=|<=|>|<)?(?P<value>.*)$", re.DOTALL)
_DAY = 10

Match = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """What can be searched. `kind` is `time`, `number`, `text`, `words` (a list), `email` or `flag`."""

    kind: str
    get: Callable[[Any], Any]


@dataclass(slots=True)
class Search:
    """A search that was read. `unknown` are fields that there are not: Shopify ignores them, and warns."""

    match: Match
    unknown: list[str] = field(default_factory=list)


def everything(_: Any) -> bool:
    """Match all."""
    return True


def read(
    query: str | None,
    fields: Mapping[str, Field],
    now: datetime,
    anywhere: Callable[[Any], Iterable[str | None]] = lambda _: (),
) -> Search:
    """Read a search. `anywhere` gives the texts in which words without a field are looked for."""
    if not query or not query.strip():
        return Search(everything)
    parser = _Parser(query, fields, now, anywhere)
    return Search(parser.any_of(), parser.unknown)


class _Parser:
    """Reads terms from left to right; what stands side by side must all hold."""

    def __init__(
        self,
        query: str,
        fields: Mapping[str, Field],
        now: datetime,
        anywhere: Callable[[Any], Iterable[str | None]],
    ) -> None:
        self._tokens = [found.group().strip() for found in _TOKEN.finditer(_joined(query))]
        self._at = 0
        self._fields, self._now, self._anywhere = fields, now, anywhere
        self.unknown: list[str] = []

    def any_of(self) -> Match:
        """Read until the end or a closing parenthesis."""
        options = [self._all_of()]
        while self._next() == "OR":
            self._at += 1
            options.append(self._all_of())
        return lambda thing: any(option(thing) for option in options)

    def _all_of(self) -> Match:
        terms: list[Match] = []
        while self._next() not in ("", ")", "OR"):
            if self._next() == "AND":
                self._at += 1
                continue
            terms.append(self._one())
        return lambda thing: all(term(thing) for term in terms)

    def _one(self) -> Match:
        token = self._next()
        self._at += 1
        if token == "NOT":  # noqa: S105 - a word of the search
            inner = self._one()
            return lambda thing: not inner(thing)
        if token == "(":  # noqa: S105 - a sign of the search
            inner = self.any_of()
            self._at += 1
            return inner
        return self._term(token)

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _term(self, token: str) -> Match:
        found = _TERM.match(token)
        if found is None:
            word = _bare(token.removeprefix("-")).casefold()
            hidden = token.startswith("-")
            return lambda thing: (
                any(word in (text or "").casefold() for text in self._anywhere(thing)) is not hidden
            )
        name = found["field"]
        known = self._fields.get(name)
        if known is None:
            self.unknown.append(name)
            return everything
        holds = _comparison(known, found["op"] or "", found["value"], self._now)
        return (lambda thing: not holds(thing)) if found["minus"] else holds


def _joined(query: str) -> str:
    """Return a search without the gaps in terms: `id: >= 7` means `id:>=7`."""
    parts = re.split(r"('[^']*'|\"[^\"]*\")", query)
    parts[::2] = [
        re.sub(r"(?<=\w):\s*([<>]=?)?\s*", lambda found: f":{found[1] or ''}", part) for part in parts[::2]
    ]
    return "".join(parts)


def _bare(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)


def _comparison(known: Field, op: str, value: str, now: datetime) -> Match:
    told, get = _bare(value), known.get
    if known.kind == "time":
        return _by_time(get, op, told, now)
    if known.kind == "number":
        return _by_number(get, op, told)
    if known.kind == "flag":
        wanted = told.casefold() == "true"
        return lambda thing: bool(get(thing)) is wanted
    if told == "*":
        return lambda thing: bool(get(thing))
    options = {each.strip().casefold() for each in told.split(",")}
    if known.kind == "words":
        return lambda thing: bool(options & {each.casefold() for each in get(thing)})
    if known.kind == "email":
        exact = value[:1] in ("'", '"')
        return lambda thing: bool(options & _addresses(get(thing), exact=exact))
    if told.endswith("*"):
        start = told[:-1].casefold()
        return lambda thing: str(get(thing) or "").casefold().startswith(start)
    return lambda thing: str(get(thing) or "").casefold() in options


def _addresses(email: str | None, *, exact: bool) -> set[str]:
    """Return the words of an address: without quotes its parts are found, too."""
    whole = (email or "").casefold()
    return {whole} if exact else {whole, *whole.split("@")} - {""}


def _by_number(get: Callable[[Any], Any], op: str, told: str) -> Match:
    try:
        wanted = Decimal(told.rpartition("/")[2])
    except InvalidOperation:
        return lambda _: False
    return lambda thing: get(thing) is not None and _compared(Decimal(get(thing)), op, wanted)


def _by_time(get: Callable[[Any], Any], op: str, told: str, now: datetime) -> Match:
    span = _moment(told, now)
    if span is None:
        return lambda _: False
    start, end = span

    def holds(thing: Any) -> bool:
        at = get(thing)
        if at is None:
            return False
        # The index knows whole seconds only.
        at = at.replace(microsecond=0)
        if not op:
            return bool(start <= at < end)
        # A whole day is over at its end.
        return _compared(at, op, end - timedelta(seconds=1) if op in (">", "<=") else start)

    return holds


def _moment(told: str, now: datetime) -> tuple[datetime, datetime] | None:
    if told.casefold() == "now":
        return now, now + timedelta(seconds=1)
    try:
        start = datetime.fromisoformat(f"{told}-01-01" if re.fullmatch(r"\d{4}", told) else told)
    except ValueError:
        return None
    start = start if start.tzinfo is not None else start.replace(tzinfo=UTC)
    start = start.replace(microsecond=0)
    return start, start + (timedelta(days=1) if len(told) <= _DAY else timedelta(seconds=1))


def _compared(value: Any, op: str, wanted: Any) -> bool:
    return bool(
        {
            "": value == wanted,
            ">": value > wanted,
            ">=": value >= wanted,
            "<": value < wanted,
            "<=": value <= wanted,
        }[op]
    )
