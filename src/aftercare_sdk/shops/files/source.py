"""Bytes to rows: gzip, encodings, the dialects of CSV, JSON Lines. Only some lines are in memory."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files.records import LONGEST_LINE, read
from aftercare_sdk.shops.files.rows import NOT_TEXT, Names, Row, is_text, legible
from aftercare_sdk.shops.parsing import parse

_BLOCK = 1 << 20
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
        while len(rest) == LONGEST_LINE and not rest.endswith(("\n", "\r")):
            rest = readline(LONGEST_LINE)  # the rest of a line that nobody will use
        yield line


def json_rows(text: Iterator[str], names: Names) -> Iterator[Row]:
    """Yield the rows of JSON Lines."""
    for line, each in enumerate(text, 1):
        told = each.strip()
        if not told:
            continue
        raw = (told,)
        if not is_text(raw):
            yield Row(line, {}, raw, NOT_TEXT)
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
            yield Row(line, legible(cells), raw, "holds a list or an object where a value belongs")
        elif not is_text(tuple(cells.values())):
            yield Row(line, legible(cells), raw, "holds half a sign (a lone surrogate)")
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

    Raises ConfigurationError for a file without a first line, and for one with an open quotation mark.
    """
    first = next(text, "")
    if delimiter:
        candidates: Sequence[str] = (delimiter,)
    else:
        candidates = sorted(DELIMITERS, key=lambda sign: -len(_cells(first, sign)))
    chosen = candidates[0]
    try:
        # A name of a column may hold an end of line, so the reader asks for more than the first one.
        cells = read(_again(first, text), chosen)
    except csv.Error:
        raise ConfigurationError(
            "the first line, which names the columns, has a quotation mark that is not closed or not written "
            "twice; mend it"
        ) from None
    if not cells:
        raise ConfigurationError("the file is empty; its first line must name the columns")
    return [cell.strip().removeprefix("\ufeff") for cell in cells], chosen


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line of which a cell may still be open."""
    try:
        return next(csv.reader((line,), delimiter=delimiter), [])
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
