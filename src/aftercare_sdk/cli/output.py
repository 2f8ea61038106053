"""The one place where commands write: lines, tables, JSON, progress and errors, and their exit codes.

What is data goes to stdout, what is about the run to stderr. Texts that came from outside are cleaned first:
a subject line must not move the cursor of an operator's terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from aftercare_sdk import __version__
from aftercare_sdk.errors import (
    AftercareError,
    Bug,
    ConfigurationError,
    DeciderBusy,
    StorageUnavailable,
    TransientError,
)

FAILED = 1
MISCONFIGURED = 2
"""Also what a wrong use of a command gives."""
TRY_AGAIN = 3

_PIPE_WIDTH = 100_000
"""Nothing is wrapped where no eye reads: lines are for grep then."""

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HARMLESS = {
    **dict.fromkeys((*_CONTROLS, *_DIRECTIONS), "\N{REPLACEMENT CHARACTER}"),
    ord("\n"): "\n",
    ord("\t"): "\t",
    0x202F: " ",  # Babel's narrow space, which few people can type into a search
}
_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def clean(text: str) -> str:
    """Return a text from outside without what would steer a terminal."""
    return text.translate(_HARMLESS)


def is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def write(line: str = "") -> None:
    """Write one line of data."""
    sys.stdout.write(f"{clean(line)}\n")


def write_exact(text: str) -> None:
    """Write a text from outside: as it is into a pipe, cleaned for a terminal."""
    sys.stdout.write(f"{clean(text) if is_terminal() else text}\n")


def write_json(value: Any, *, pretty: bool = True) -> None:
    """Write one JSON document, or with `pretty` off one line of a stream of them."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    document = json.dumps(value, ensure_ascii=not is_unicode, indent=2 if pretty else None)
    sys.stdout.write(f"{document.translate(_JSON_ESCAPES)}\n")


def instant(at: datetime | None) -> str | None:
    """Return a time as JSON has it: ISO 8601, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()


def local(at: datetime, zone: tzinfo) -> str:
    """Return a time as tables have it, on the operator's clock."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def number(count: int, word: str) -> str:
    """Return a number with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def show(*parts: RenderableType) -> None:
    """Write tables and texts; in colour for a person at a terminal, plain into a pipe or with NO_COLOR."""
    console = _console()
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    # Cells are filled up with spaces, which nobody wants at the end of a line.
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "") -> Table:
    """Return a table; its last column takes the long texts."""
    built = Table(
        box=None,
        pad_edge=False,
        title=title or None,
        title_justify="left",
        title_style="bold",
        padding=(0, 3, 0, 0),
    )
    for heading in headings:
        built.add_column(heading, header_style="dim", overflow="fold")
    for row in rows:
        built.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    return built


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Return what there is to say of one thing, a name and a value to a line."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(clean(value)))
    return grid


def _console() -> Console:
    return Console(
        file=sys.stdout,
        width=None if is_terminal() else _PIPE_WIDTH,
        force_terminal=is_terminal(),  # whatever the environment says: a pipe gets plain text
        highlight=False,
        markup=False,
        emoji=False,
    )


def note(text: str) -> None:
    """Write something about the run, not part of its data."""
    sys.stderr.write(f"{clean(text)}\n")


class Progressed(Protocol):
    """Takes how much is done, and of how much if that has changed."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """Show it."""


def _unseen(done: int, total: int | None = None, /) -> None:
    """Show nothing: nobody looks."""


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progressed]:
    """Show how far long work is, while a person looks; yields what is called with the number done."""
    if not is_terminal() or not sys.stderr.isatty():
        yield _unseen
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def tell(done: int, total: int | None = None, /) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def explain(error: AftercareError) -> int:
    """Say what went wrong and what to do about it; return the exit code."""
    mark = Text("error: ", style="bold red")
    console = Console(
        stderr=True, force_terminal=sys.stderr.isatty(), highlight=False, markup=False, emoji=False
    )
    console.print(mark + Text(clean("\n".join((str(error), *_advice(error)))), style="none"), soft_wrap=True)
    if isinstance(error, ConfigurationError):
        return MISCONFIGURED
    return TRY_AGAIN if isinstance(error, TransientError) else FAILED


def _advice(error: AftercareError) -> Iterator[str]:
    if isinstance(error, DeciderBusy):
        yield "Let it do the work, or stop it and run this command again."
    elif isinstance(error, StorageUnavailable):
        yield "Run this command again. If that does not help, look whether the database runs and has room."
    elif isinstance(error, TransientError):
        yield "Run this command again later."
    elif isinstance(error, Bug):
        yield (
            f"This is a mistake in aftercare-sdk {__version__} or in a plugin, not yours. "
            "Please report it, with the line above and what you did."
        )
