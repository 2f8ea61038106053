"""The rows of one order together, wherever in the file they stand, in flat memory.

Most files have the lines of an order one below the other. Whether a file does is found out before it is
read, with a list of the orders on disk. If it does not, all of its lines go to disk, and come back by order.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from aftercare_sdk.shops.files.rows import Row

MOST_LINES = 2_000
"""An order of more lines than this is not taken: it would be a mistake in the file, or fill the memory."""

Key = Callable[[Row], str]


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """Open a database without a name, which SQLite keeps on disk and removes however this process ends."""
    connection = sqlite3.connect("", isolation_level=None)
    try:
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -8000"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _name(row: Row, key: Key) -> str | None:
    """Return which order a row is of, as far as it says so: one that cannot be read may not."""
    return (key(row) or None) if row.problem else key(row)


def survey(rows: Iterable[Row], key: Key) -> tuple[int, bool]:
    """Return how many lines there are, and whether those of each order stand together."""
    count, together, last = 0, True, None
    with scratch() as store:
        store.execute("CREATE TABLE seen (name TEXT PRIMARY KEY) WITHOUT ROWID")
        for row in rows:
            count += row.lines
            name = _name(row, key)
            if not together or name is None or name == last:
                continue
            last = name
            new = store.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,)).rowcount
            together = bool(new)
    return count, together


def neighbours(rows: Iterable[Row], key: Key) -> Iterator[list[Row]]:
    """Yield the rows of each order of a file in which they stand together, in the order of the file.

    A row that cannot be read belongs to the order that it names all the same. If it names none, it belongs to
    the order whose rows stand above and below it, else to none.
    """
    group: list[Row] = []
    broken: list[Row] = []
    name = None
    endless = False
    for row in rows:
        this = _name(row, key)
        if this is None and len(broken) < MOST_LINES:
            broken.append(row)
            continue
        if this is not None and this == name:
            group += [*broken, row]
        else:
            if group:
                yield group
            yield from ([each] for each in broken)
            group, name, endless = [row], this, False
        broken = []
        endless = endless or len(group) > MOST_LINES
        if endless:
            yield [_endless(each) for each in group]
            group = []
    if group:
        yield group
    yield from ([each] for each in broken)


def _endless(row: Row) -> Row:
    return replace(row, problem=row.problem or f"its order has more than {MOST_LINES} lines")


def scattered(rows: Iterable[Row], key: Key) -> Iterator[list[Row]]:
    """Yield the rows of each order of any file, orders in the sequence of their first lines."""
    with scratch() as store:
        store.execute(
            "CREATE TABLE lines (name TEXT, line INTEGER, cells TEXT, raw TEXT, problem TEXT, lines INTEGER)"
        )
        for row in rows:
            name = _name(row, key)
            if name is None:
                yield [row]
                continue
            cells, raw = json.dumps(dict(row.cells)), json.dumps(list(row.raw))
            store.execute(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)",
                (name, row.line, cells, raw, row.problem, row.lines),
            )
        store.execute("CREATE INDEX names ON lines (name, line)")
        store.execute("CREATE TABLE firsts AS SELECT name, MIN(line) AS line FROM lines GROUP BY name")
        found = store.execute(
            "SELECT lines.line, cells, raw, problem, lines FROM firsts "
            "JOIN lines ON lines.name = firsts.name ORDER BY firsts.line, lines.line"
        )
        together = (
            Row(line, json.loads(cells), json.loads(raw), problem, many)
            for line, cells, raw, problem, many in found
        )
        yield from neighbours(together, key)
