"""One line of a file, and why one is not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aftercare_sdk.model.orders import OrderSnapshot


@dataclass(frozen=True, slots=True)
class Row:
    """A line by the names that its format gives to the columns; `raw` is the line as it stands in the file.

    `line` is the number of its first line in the file, from 1. `problem`: why it cannot even be read.
    """

    line: int
    cells: Mapping[str, str] = field(repr=False)
    raw: Sequence[str] = field(repr=False)
    problem: str = ""

    def __getitem__(self, column: str) -> str:
        """Return a cell; a column that the file lacks is empty."""
        return self.cells.get(column, "")


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
