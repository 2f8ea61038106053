"""A file of orders: what kind it is, and what it tells, in the order of the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Protocol

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.shops.files import analytics, canonical, online_retail, shopify, woocommerce
from aftercare_sdk.shops.files.columns import find, holds, mapped
from aftercare_sdk.shops.files.grouping import neighbours, scattered, survey
from aftercare_sdk.shops.files.pictures import Reading
from aftercare_sdk.shops.files.records import csv_rows
from aftercare_sdk.shops.files.rows import Names, Refused, Row, Told
from aftercare_sdk.shops.files.source import (
    Content,
    examine,
    json_rows,
    lines,
    read_header,
    read_keys,
)
from aftercare_sdk.shops.files.values import Meaning, Moments, Numbers, currency_code, statuses

RELEASE = 2
"""Grows when files are read in another way: an import that was broken off then begins anew."""
_OTHERS: Sequence[ModuleType] = (shopify, woocommerce, analytics, online_retail)
FORMATS: tuple[str, ...] = (canonical.NAME, *(each.NAME for each in _OTHERS))
_JSON = (".jsonl", ".ndjson", ".jsonlines")
ENCODINGS = ("utf-8", "cp932", "latin-1")
_OTHER_LINE = "another line of its order is refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is declared about a file. Empty: found out, or the shop's.

    `columns`: by canonical name the column of the file. `statuses`: by word its meaning. `zone` is the one of
    times without an offset. `exported_at`: when the file was written, by which two files of the same orders
    are put in order. `latest`: nothing can have been bought after it.
    """

    shop: str
    zone: str
    latest: datetime
    exported_at: datetime
    currency: str = ""
    country: str = ""
    format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    decimal: str = "."
    thousands: str = ""
    date_format: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is not taken. `raw` is the line itself: personal data.

    Of a row of several lines, the first one has all of it.
    """

    line: int
    reason: str
    raw: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """What came out of the lines of one order: `taken` of them are in the pictures, the others rejected."""

    snapshots: tuple[OrderSnapshot, ...] = field(repr=False)
    taken: int
    rejects: tuple[Reject, ...]


class _Format(Protocol):
    def key(self, row: Row) -> str:
        """Return which order a row is of."""

    def told(self, rows: Sequence[Row]) -> Told:
        """Return what the rows of an order tell. Raises Refused."""


_MAKE: Mapping[str, Callable[[Reading], _Format]] = {
    canonical.NAME: canonical.Canonical,
    shopify.NAME: shopify.Shopify,
    woocommerce.NAME: woocommerce.WooCommerce,
    analytics.NAME: analytics.Analytics,
    online_retail.NAME: online_retail.OnlineRetail,
}


class OrderFile:
    """A file of orders. Raises ConfigurationError, with the cure, for one that cannot be read as declared."""

    def __init__(self, path: Path, options: Options) -> None:
        self.path = path
        self.zone = options.zone
        self._options = options
        content = examine(path)
        self._stat = _stat(path)
        self._is_json = _is_json(path)
        self.encoding, header, self.delimiter = self._head(content)
        self.format = self._recognise(header)
        self._header = header
        self._names = self._columns(header)
        self._check()
        self.id = self._identify(content)
        self.rows, self._together = self._survey()

    def _head(self, content: Content) -> tuple[str, list[str], str]:
        options = self._options
        encoding = options.encoding
        if not encoding:
            encoding = content.marked or ("utf-8-sig" if content.is_utf8 else "")
        try:
            if not encoding:
                # All of these agree on ASCII, in which the names of known formats are written.
                header, _ = self._read_head("latin-1")
                encoding = self._guess(header)
            header, delimiter = self._read_head(encoding)
        except (LookupError, UnicodeError):
            raise ConfigurationError(
                f"--encoding {encoding}: cannot be used here; such as {', '.join(ENCODINGS)} can"
            ) from None
        return encoding, header, delimiter

    def _read_head(self, encoding: str) -> tuple[list[str], str]:
        with lines(self.path, encoding) as text:
            return (read_keys(text), "") if self._is_json else read_header(text, self._options.delimiter)

    def _guess(self, header: Sequence[str]) -> str:
        if holds(header, online_retail.SIGNS):
            return "latin-1"
        if self._options.country == "JP":
            return "cp932"
        raise ConfigurationError(
            f"{self.path} is not UTF-8; say what it is, such as --encoding cp932 (Japanese) or latin-1"
        )

    def _recognise(self, header: Sequence[str]) -> str:
        wanted = self._options.format
        if wanted and wanted not in FORMATS:
            raise ConfigurationError(f"--format {wanted}: use one of {', '.join(FORMATS)}")
        if wanted or self._options.columns:
            if wanted not in {"", canonical.NAME} and self._options.columns:
                raise ConfigurationError(
                    f"--map is for files of one's own; the columns of {wanted} are known"
                )
            return wanted or canonical.NAME
        known = (each.NAME for each in _OTHERS if holds(header, each.SIGNS))
        return next(known, canonical.NAME)

    def _columns(self, header: Sequence[str]) -> Names:
        if self.format == canonical.NAME:
            return mapped(header, canonical.REQUIRED, canonical.OPTIONAL, self._options.columns)
        [module] = [each for each in _OTHERS if self.format == each.NAME]
        names = find(header, (*module.REQUIRED, *module.OPTIONAL))
        missing = [name for name in module.REQUIRED if name not in names]
        if self.format == woocommerce.NAME and woocommerce.ALL_LINES not in names:
            missing += [name for name in woocommerce.LINES if name not in names]
        if self.format == analytics.NAME and not any(name in names for name in analytics.NET):
            missing.append(analytics.NET[0])
        if missing:
            raise ConfigurationError(
                f"{self.path} looks like {self.format}, but has no column {', '.join(missing)}; "
                "export it again with all columns, or map its columns with --map"
            )
        return names

    def _check(self) -> None:
        options = self._options
        try:
            statuses(options.statuses)
        except ValueError:
            known = ", ".join(each.value for each in Meaning)
            raise ConfigurationError(f"--status WORD=MEANING: a meaning is one of {known}") from None
        try:
            if options.currency:
                currency_code(options.currency)
        except Refused as refused:
            raise ConfigurationError(f"--currency {options.currency}: {refused.reason}") from None
        signs = (options.decimal, options.thousands)
        if options.decimal not in {".", ","} or len(options.thousands) > 1 or options.thousands.isdigit():
            raise ConfigurationError('--decimal is "." or ",", --thousands one sign, such as "," or " "')
        if signs[0] == signs[1]:
            raise ConfigurationError("--decimal and --thousands must differ")
        if not options.currency and self.format == analytics.NAME:
            raise ConfigurationError(
                "WooCommerce's Analytics download tells no currency; declare --currency, such as JPY"
            )

    def _identify(self, content: Content) -> str:
        options = self._options
        told = [
            RELEASE,
            content.digest,
            self.format,
            options.shop,
            options.zone,
            options.currency,
            sorted(self._names.items()),
            sorted(options.statuses.items()),
            self.encoding,
            self.delimiter,
            options.decimal,
            options.thousands,
            options.date_format,
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def _survey(self) -> tuple[int, bool]:
        with self._opened() as rows, self._reader() as reader:
            return survey(rows, reader.key)

    def read(self, *, latest: datetime, exported_at: datetime) -> Iterator[Group]:
        """Yield what the file tells, order by order: always the same for the same file and moments.

        Raises ConfigurationError if the file is changed meanwhile.
        """
        with self._opened() as rows, self._reader(latest=latest, exported_at=exported_at) as reader:
            together = neighbours if self._together else scattered
            for several in together(rows, reader.key):
                yield _group(reader, several)
        if _stat(self.path) != self._stat:
            raise ConfigurationError(f"{self.path} was changed while it was read; run the command again")

    @contextmanager
    def _opened(self) -> Iterator[Iterator[Row]]:
        with lines(self.path, self.encoding) as text:
            if self._is_json:
                yield json_rows(text, self._names)
            else:
                yield csv_rows(text, self._header, self.delimiter, self._names)

    @contextmanager
    def _reader(
        self, *, latest: datetime | None = None, exported_at: datetime | None = None
    ) -> Iterator[_Format]:
        options = self._options
        formats: tuple[str, ...] = (options.date_format,) if options.date_format else ()
        if self.format == online_retail.NAME:
            formats = formats or online_retail.DATES
        reading = Reading(
            shop=options.shop,
            currency=options.currency,
            numbers=Numbers(decimal=options.decimal, thousands=options.thousands),
            moments=Moments(zone=options.zone, latest=latest or options.latest, formats=formats),
            statuses=statuses(options.statuses),
            exported_at=exported_at or options.exported_at,
        )
        made = _MAKE[self.format](reading)
        with ExitStack() as stack:
            if isinstance(made, online_retail.OnlineRetail):
                stack.callback(made.close)
            yield made


def _group(reader: _Format, rows: Sequence[Row]) -> Group:
    """Return what the rows of an order tell: it is taken whole or not at all."""
    broken = [row for row in rows if row.problem]
    if broken:
        reasons = {row.line: row.problem for row in broken}
        return _refused(rows, reasons, _OTHER_LINE)
    try:
        told = reader.told(rows)
    except Refused as refused:
        if refused.row is None:
            return _refused(rows, {}, refused.reason)
        return _refused(rows, {refused.row.line: refused.reason}, _OTHER_LINE)
    rejects = tuple(reject for row, reason in told.refused for reject in _rejects(row, reason))
    return Group(told.snapshots, sum(row.lines for row in rows) - len(rejects), rejects)


def _refused(rows: Sequence[Row], reasons: Mapping[int, str], otherwise: str) -> Group:
    told = (reject for row in rows for reject in _rejects(row, reasons.get(row.line, otherwise)))
    return Group((), 0, tuple(told))


def _rejects(row: Row, reason: str) -> Iterator[Reject]:
    for number in range(row.lines):
        yield Reject(row.line + number, reason, () if number else row.raw)


def _is_json(path: Path) -> bool:
    """Whether a file is JSON Lines: by its name, packed or not, else by its first sign."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((*_JSON, ".csv", ".tsv", ".txt")):
        return name.endswith(_JSON)
    with lines(path, "latin-1") as text:
        return next(text, "").lstrip("\ufeffï»¿ ").startswith("{")


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns
