"""Rows of CSV out of the lines of a file, so that an open quotation mark costs its own line and no other.

A cell in quotation marks may hold ends of lines, so a record may span several lines of the file. A quotation
mark that nobody closed looks the same at first: it swallows the lines below it, and sometimes another mark
further down makes a record of them that has the right number of columns. What counts, then, is this:

- A line that is a record by itself is one. Inside of quotation marks, a mark is written twice; else the line
  is refused.
- A line that leaves a cell open is read together with those below it, until the cell is closed. If it is
  closed nowhere, or not at its end, that line is refused, and reading goes on at the second one.
- Together they are a record if it has as many columns as the header. If it has not, and if the first line
  by itself has (its open mark taken as a plain sign), the mark is the mistake: again only that line is
  refused. Else the record is.
- If it has, and if the first line by itself and one of the others have, too, nobody can tell whether rows
  were swallowed or a cell holds such text. All lines of that record are refused: of two readings, the wrong
  one would mix two people's orders, or make an order out of what somebody wrote into a note.

So a record is never refused for its ends of lines if its cells hold fewer delimiters than stand between them.
And of a file in which one mark is too many, no other record is lost or changed, as long as no cell begins
with a delimiter, an end of line or a quotation mark: behind the open mark, the next cell in quotation marks
ends the search. What remains is such a cell, so far to the right that the number of columns comes out right,
where none of the lines that were swallowed is a row by itself.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aftercare_sdk.shops.files.rows import NOT_TEXT, Names, Row, is_text, legible

LONGEST_LINE: Final = 1 << 20
"""Characters. A file without ends of lines must not fill the memory."""
LONGEST_CELL: Final = 1 << 17
"""Characters; Python's own reader of CSV has the same limit."""
_MARK = '"'
_ENDS = "\r\n"

NOT_CLOSED = "a quotation mark is opened and not closed"
NOT_TWICE = "a quotation mark inside of quotation marks is not written twice"
UNCLEAR = "a quotation mark is opened and not closed, or a cell holds whole lines of such a file"
NOT_CLOSED_IN_TIME = f"{NOT_CLOSED}, or a cell is longer than {LONGEST_CELL} characters"
CELL_TOO_LONG = f"a cell is longer than {LONGEST_CELL} characters"
LINE_TOO_LONG = f"the line is longer than {LONGEST_LINE} characters"


class _Rows:
    """Makes rows of the lines behind a header. Lines may come a second time."""

    def __init__(self, text: Iterator[str], header: Sequence[str], delimiter: str, names: Names) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self._number = 0
        self._width = len(header)
        self._delimiter = delimiter
        self._places = [(name, header.index(column)) for name, column in names.items()]

    def pull(self) -> Iterator[str]:
        """Yield lines; `_number` is that of the last one."""
        while True:
            line = self._back.popleft() if self._back else next(self._text, "")
            if not line:
                return
            self._number += 1
            yield line

    def rows(self) -> Iterator[Row]:
        """Yield a row for every line that is not empty, or for several that are one record."""
        delimiter, back, text = self._delimiter, self._back, self._text
        waiting: list[str] = []
        # One reader for all lines that are records by themselves: to make one takes longer than to read.
        single = _single(waiting, delimiter)
        while line := back.popleft() if back else next(text, ""):
            self._number += 1
            if len(line) >= LONGEST_LINE:
                yield Row(self._number, {}, (line,), LINE_TOO_LONG)
            elif _MARK not in line and len(line) <= LONGEST_CELL:
                bare = line.rstrip(_ENDS)
                if bare:
                    yield self._row(self._number, bare.split(delimiter))
            else:
                waiting.append(line)
                try:
                    cells = next(single)
                except csv.Error:
                    single = _single(waiting, delimiter)
                    yield from self._spanning(line)
                else:
                    yield self._row(self._number, cells)

    def _row(self, number: int, cells: list[str], lines: int = 1) -> Row:
        if len(cells) != self._width:
            problem = f"has {len(cells)} columns where the first line has {self._width}"
        elif not is_text(cells):
            problem = NOT_TEXT
        else:
            return Row(number, {name: cells[place] for name, place in self._places}, cells, "", lines)
        return Row(number, self._known(cells), cells, problem, lines)

    def _known(self, cells: Sequence[str]) -> dict[str, str]:
        return legible({name: cells[place] for name, place in self._places if place < len(cells)})

    def _spanning(self, first: str) -> Iterator[Row]:
        """Yield what a line is that is no record by itself, with those below it."""
        start, width, delimiter = self._number, self._width, self._delimiter
        step = _walk(first, delimiter)
        if not step.is_open:
            yield self._refused(start, first, NOT_TWICE if step.is_broken else CELL_TOO_LONG)
            return
        taken, delimiters, length = [first], step.delimiters, len(first) - step.at
        for line in self.pull():
            taken.append(line)
            if len(line) >= LONGEST_LINE:
                break
            step = _walk(line, delimiter, inside=True)
            length = (length if step.is_open and not step.delimiters else -step.at) + len(line)
            delimiters += step.delimiters
            if not step.is_open or delimiters >= width or length > LONGEST_CELL:
                break
        cells = [] if step.is_open else _cells(taken, delimiter)
        # Whether lines look like rows by themselves, the first one and then the others.
        alone = (_is_row(line, delimiter, width) for line in taken)
        is_row = next(alone)
        if len(cells) == width and is_row and any(alone):
            for number, line in enumerate(taken, start):
                yield self._refused(number, line, UNCLEAR)
        elif cells and (len(cells) == width or not is_row):
            yield self._row(start, cells, len(taken))
        else:
            self._back.extendleft(reversed(taken[1:]))
            self._number = start
            yield self._refused(start, first, NOT_CLOSED_IN_TIME if length > LONGEST_CELL else NOT_CLOSED)

    def _refused(self, number: int, line: str, problem: str) -> Row:
        # The damage begins behind a delimiter, or at the beginning of the line.
        before = line[: _walk(line, self._delimiter).at]
        cells = _cells((before,), self._delimiter)[:-1] if before else []
        return Row(number, self._known(cells), (line.rstrip(_ENDS),), problem)


def csv_rows(text: Iterator[str], header: Sequence[str], delimiter: str, names: Names) -> Iterator[Row]:
    """Yield the rows of CSV, without the header."""
    rows = _Rows(text, header, delimiter, names)
    read(rows.pull(), delimiter)
    yield from rows.rows()


def read(lines: Iterable[str], delimiter: str) -> list[str]:
    """Return the cells of the first record. Raises csv.Error if the lines make none."""
    return next(csv.reader(lines, delimiter=delimiter, strict=True), [])


def _single(waiting: list[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each line that is put in, which must be a record by itself."""

    def lines() -> Iterator[str]:
        while waiting:
            yield waiting.pop()

    return csv.reader(lines(), delimiter=delimiter, strict=True)


def _cells(lines: Sequence[str], delimiter: str) -> list[str]:
    """Return the cells of the record that lines make together; none if they make none."""
    try:
        return read(lines, delimiter)
    except csv.Error:
        return []


@dataclass(frozen=True, slots=True)
class _Step:
    """How a line goes on: so many `delimiters` between cells, and where its last cell begins."""

    delimiters: int
    at: int
    is_open: bool = False
    is_broken: bool = False


def _walk(line: str, delimiter: str, *, inside: bool = False) -> _Step:
    """Go through the cells of a line. `inside`: it begins in a cell that an earlier line has left open."""
    count = at = 0
    end = len(line.rstrip(_ENDS))
    while True:
        begin = at
        if inside or line.startswith(_MARK, at):
            closing = _closing(line, at if inside else at + 1)
            if closing < 0:
                return _Step(count, begin, is_open=True)
            inside = False
            at = closing + 1
            if at < end and line[at] != delimiter:
                return _Step(count, begin, is_broken=True)
            if at >= end:
                return _Step(count, begin)
        else:
            at = line.find(delimiter, at)
            if at < 0:
                return _Step(count, begin)
        at += 1
        count += 1


def _closing(line: str, at: int) -> int:
    """Return where the mark is that closes a cell, or -1. One that is written twice does not."""
    while (at := line.find(_MARK, at)) >= 0 and line.startswith(_MARK, at + 1):
        at += 2
    return at


def _is_row(line: str, delimiter: str, width: int) -> bool:
    """Tell whether a line has so many columns by itself, a mark that it leaves open taken as a plain sign."""
    if line.count(delimiter) < width - 1:
        return False
    step = _walk(line, delimiter)
    columns = step.delimiters + 1
    behind = line.find(delimiter, step.at + 1) if step.is_open else -1
    if behind >= 0:
        step = _walk(line[behind + 1 :], delimiter)
        columns += step.delimiters + 1
        if step.is_open:
            return False
    return columns == width and not step.is_broken
