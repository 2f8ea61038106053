"""One row of a file, and why one is not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aftercare_sdk.model.orders import OrderSnapshot

Names = Mapping[str, str]
"""By the name that the format gives to a column, the column of the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by the names that its format gives to the columns; `raw` is the row as it stands in the file.

    `line` is the number of the first of its `lines` in the file, from 1. `problem`: why it cannot be read;
    `cells` are then those that are certain, perhaps none.
    """

    line: int
    cells: Mapping[str, str] = field(repr=False)
    raw: Sequence[str] = field(repr=False)
    problem: str = ""
    lines: int = 1

    def __getitem__(self, column: str) -> str:
        """Return a cell; a column that the file lacks is empty."""
        return self.cells.get(column, "")


NOT_TEXT = "is not in the encoding of the file; declare another one with --encoding"


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


def legible(cells: Mapping[str, str]) -> dict[str, str]:
    """Return what can be told of a row that cannot be read: perhaps which order it is that lacks it."""
    return {name: cell for name, cell in cells.items() if is_text((cell,))}


class Refused(Exception):
    """A line, or if none is named the whole order, is not taken. The reason quotes no value."""

    def __init__(self, reason: str, row: Row | None = None) -> None:
        self.reason = reason
        self.row = row
        super().__init__(reason)


@contextmanager
def of(row: Row) -> Iterator[None]:
    """Say of whatever is refused inside that this line is the reason."""
    try:
        yield
    except Refused as refused:
        raise Refused(refused.reason, refused.row or row) from None


@dataclass(frozen=True, slots=True)
class Told:
    """What the rows of one order tell, and which of them are refused, with the reason."""

    snapshots: tuple[OrderSnapshot, ...] = field(default=(), repr=False)
    refused: tuple[tuple[Row, str], ...] = field(default=(), repr=False)
