"""Bytes to rows: gzip, encodings, the dialects of CSV, JSON Lines. Only some lines are in memory."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files.rows import Row
from aftercare_sdk.shops.parsing import parse

_BLOCK = 1 << 20
LONGEST_LINE = 1 << 20
"""Characters. A file without ends of lines must not fill the memory."""
_MOST_DIGITS = 30
_GZIP = b"\x1f\x8b"
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds, packed or not: its hash, whether it is UTF-8, and its mark if it begins with one."""

    digest: str
    is_utf8: bool
    marked: str


def examine(path: Path) -> Content:
    """Read a file once. Raises ConfigurationError for one that cannot be read."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, start = True, b""
    with _bytes(path) as stream:
        while block := stream.read(_BLOCK):
            start = start or block[:4]
            digest.update(block)
            is_utf8 = is_utf8 and _decodes(decoder, block)
    marked = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return Content(digest=digest.hexdigest(), is_utf8=is_utf8, marked=marked)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked. Raises ConfigurationError for one that cannot be read to its end."""
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "does not exist"
            raise ConfigurationError(f"{path} {what}; name a file of orders, CSV or JSON Lines")
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == _GZIP
            yield gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ConfigurationError(f"{path} is packed, but not whole or damaged; copy it again") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None


@contextmanager
def lines(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    """Open a file as lines of text with their ends. What is not in the encoding is marked."""
    with _bytes(path) as stream:
        # UTF-16 cannot be marked with half surrogates: its own are the same.
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        text = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
        yield _bounded(text.readline)


def _bounded(readline: Callable[[int], str]) -> Iterator[str]:
    while line := readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and not rest.endswith("\n"):
            rest = readline(LONGEST_LINE)  # the rest of a line that nobody will use
        yield line


def is_text(cells: Sequence[str]) -> bool:
    """Whether everything in a line was in the encoding of the file."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NOT_TEXT = "is not in the encoding of the file; declare another one with --encoding"

Names = Mapping[str, str]
"""By the name that the format gives to a column, the column of the file."""


def csv_rows(text: Iterator[str], header: Sequence[str], delimiter: str, names: Names) -> Iterator[Row]:
    """Yield the rows of CSV, without the header."""
    reader = csv.reader(text, delimiter=delimiter)
    places = [(name, header.index(column)) for name, column in names.items()]
    width = len(header)
    first = True
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            most = csv.field_size_limit()
            reason = f"a cell is longer than {most} characters, or broken; is a quotation mark not closed?"
            yield Row(line, {}, (), reason)
            continue
        if first:
            first = False
            continue
        if not cells:
            continue
        if len(cells) != width:
            yield Row(line, {}, cells, f"has {len(cells)} columns where the first line has {width}")
        elif not is_text(cells):
            yield Row(line, {}, cells, _NOT_TEXT)
        else:
            yield Row(line, {name: cells[place] for name, place in places}, cells)


def json_rows(text: Iterator[str], names: Names) -> Iterator[Row]:
    """Yield the rows of JSON Lines."""
    for line, each in enumerate(text, 1):
        told = each.strip()
        if not told:
            continue
        raw = (told,)
        if not is_text(raw):
            yield Row(line, {}, raw, _NOT_TEXT)
            continue
        try:
            found = parse(told.encode())
        except ValueError:
            yield Row(line, {}, raw, "is no JSON")
            continue
        if not isinstance(found, dict):
            yield Row(line, {}, raw, "is no JSON object")
            continue
        values = {name: _text(found.get(column)) for name, column in names.items()}
        cells = {name: value for name, value in values.items() if value is not None}
        if len(cells) < len(values):
            yield Row(line, {}, raw, "holds a list or an object where a value belongs")
        elif not is_text(tuple(cells.values())):
            yield Row(line, {}, raw, "holds half a sign (a lone surrogate)")
        else:
            yield Row(line, cells, raw)


def _text(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and abs(value.adjusted()) < _MOST_DIGITS:
        return f"{value:f}"
    return str(value) if isinstance(value, int | Decimal) else None


def read_header(text: Iterator[str], delimiter: str) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them: the sign that makes most of the first line.

    Raises ConfigurationError for a file without a first line.
    """
    first = next(text, "")
    if delimiter:
        candidates: Sequence[str] = (delimiter,)
    else:
        candidates = sorted(DELIMITERS, key=lambda sign: -len(_cells([first], sign)))
    # A name of a column may hold an end of line, so the reader asks for more than the first one.
    chosen = candidates[0]
    cells = _cells(_again(first, text), chosen)
    if not cells:
        raise ConfigurationError("the file is empty; its first line must name the columns")
    return [cell.strip().removeprefix("\ufeff") for cell in cells], chosen


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _cells(text: Iterator[str] | Sequence[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(iter(text), delimiter=delimiter), [])
    except csv.Error:
        return []


def read_keys(text: Iterator[str]) -> list[str]:
    """Return the names in the first object of JSON Lines. Raises ConfigurationError if there is none."""
    for each in text:
        if not each.strip():
            continue
        try:
            found = parse(each.encode(errors="replace"))
        except ValueError:
            break
        if isinstance(found, dict):
            return list(found)
        break
    raise ConfigurationError("the first line of the file is no JSON object; JSON Lines has one in every line")
