"""Messages per second through all checks to the null channel, while very many more are pending."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from aftercare_sdk import Aftercare
from benchmarks.baselines import by_hand
from benchmarks.figures import Figure, Options, ratios
from benchmarks.orders import START, open_shop, profiled, receive
from benchmarks.transactions import Watch

MEASURE = "messages"
_DUE = START + timedelta(hours=3)
_FIVE_YEARS = 5 * 365 * 86_400
_FILLED_AT_ONCE = 50_000
_TABLES_THAT_GROW = {"decisions": "id", "journal": "seq"}


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over what is due: messages per second of wall and of processor time, longest write in ms."""

    rate: float
    by_processor: float
    longest_write: float


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Send the same due messages again and again, with few and with many pending."""
    due = options.choose(5_000, 500, 20)
    few, many = options.choose(100_000, 20_000, 200), options.choose(1_000_000, 200_000, 2_000)
    tell(f"messages: planning {due:,}")
    base = options.folder / "messages.db"
    with open_shop(base, START + timedelta(minutes=2)) as aftercare:
        receive(aftercare, due, come_back=False)
        aftercare.process()
        with aftercare.brand.database.write() as connection:
            connection.execute(text("CREATE TABLE benchmark_due AS SELECT * FROM messages"))
    paths = {}
    for pending in (few, many):
        tell(f"messages: {pending:,} pending")
        paths[pending] = options.folder / f"messages-{pending}.db"
        shutil.copyfile(base, paths[pending])
        with open_shop(paths[pending], _DUE) as aftercare:
            fill(aftercare, pending)
    runs: dict[int, list[Run]] = {pending: [] for pending in paths}
    plain: list[float] = []
    for number in range(options.rounds):
        tell(f"messages, round {number + 1} of {options.rounds}")
        plain.append(by_hand.send(options.folder / f"plain-messages-{number}.db", due))
        for pending, path in paths.items():
            runs[pending].append(_run(path, due, tell))
    if options.profile is not None:
        tell("messages: profile")
        _run(paths[few], due, tell, options.profile / "messages.txt")
    yield Figure(
        measure=MEASURE,
        name="by hand: two commits a message, no checks",
        unit="/s",
        values=tuple(plain),
    )
    for pending, several in runs.items():
        yield Figure(
            measure=MEASURE,
            name=f"with {pending:,} pending",
            unit="/s",
            values=tuple(one.rate for one in several),
            at_least=1_000,
        )
        yield Figure(
            measure=MEASURE,
            name=f"the same by processor time, {pending:,} pending",
            unit="/s",
            values=tuple(one.by_processor for one in several),
        )
    rates = {pending: [one.rate for one in several] for pending, several in runs.items()}
    yield Figure(
        measure=MEASURE,
        name=f"slower with {many:,} than with {few:,}",
        unit="x",
        values=ratios(rates[few], rates[many]),
        at_most=1.5,
    )
    yield Figure(
        measure=MEASURE,
        name="against by hand",
        unit="%",
        values=tuple(100 * one for one in ratios(rates[few], plain)),
    )
    for pending, several in runs.items():
        yield Figure(
            measure=MEASURE,
            name=f"longest write transaction, {pending:,} pending",
            unit="ms",
            values=tuple(one.longest_write for one in several),
            at_most=100,
        )


def fill(aftercare: Aftercare, pending: int) -> None:
    """Add messages that are due within five years, in no order.

    They are copies of a planned one in every column; key, id, order, customer, anchor and moment are their
    own. The orders they are about do not exist: nobody looks at those before a message is due.
    """
    copied = {
        "key": "printf('%064x', i)",
        "id": "printf('far-%032d', i)",
        "object": "printf('far-%d', i)",
        "event": "printf('main/order/far-%d/purchase', i)",
        "anchor": "printf('main/order/far-%d/purchase', i)",
        "identity": "10000000 + i",
        "due_at": "due_at + shift",
        "next_at": "next_at + shift",
        "expires_at": "expires_at + shift",
    }
    database = aftercare.brand.database
    with database.read() as connection:
        names = connection.execute(text("SELECT * FROM messages LIMIT 0")).keys()
    into = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(copied.get(name, f'"{name}"') for name in names)
    # A multiplicative hash spreads the moments, so that the index is filled at random places.
    statement = text(
        f"INSERT INTO messages ({into}) "  # noqa: S608 - names of columns
        "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last), "
        f"s AS (SELECT i, (86400 + (i * 2654435761) % {_FIVE_YEARS}) * 1000000 AS shift FROM n) "
        f"SELECT {values} FROM s, (SELECT * FROM benchmark_due LIMIT 1)"
    )
    for first in range(0, pending, _FILLED_AT_ONCE):
        with database.write() as connection:
            connection.execute(statement, {"first": first, "last": min(first + _FILLED_AT_ONCE, pending)})
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def _run(path: Path, due: int, tell: Callable[[str], None], profile: Path | None = None) -> Run:
    with open_shop(path, _DUE) as aftercare:
        with aftercare.brand.database.read() as connection:
            marks = _marks(connection)
        watch = Watch(aftercare.brand.database)

        def send() -> int:
            done = 0
            while looked_at := aftercare.send():
                done += looked_at
            return done

        wall, processor = time.perf_counter(), time.process_time()
        done = profiled(send, profile)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        longest = watch.longest  # before the run is undone, which is no work of the SDK
        with aftercare.brand.database.write() as connection:
            accepted = connection.execute(
                text("SELECT count(*) FROM messages WHERE state = 'accepted'")
            ).scalar_one()
            if accepted != due:
                tell(f"messages: {accepted} of {due} were sent, {done} were looked at")
            _restore(connection, marks)
    return Run(rate=accepted / wall, by_processor=accepted / processor, longest_write=longest)


def _marks(connection: Connection) -> dict[str, int]:
    return {
        table: connection.execute(text(f"SELECT coalesce(max({column}), 0) FROM {table}")).scalar_one()  # noqa: S608
        for table, column in _TABLES_THAT_GROW.items()
    }


def _restore(connection: Connection, marks: dict[str, int]) -> None:
    """Make everything as it was before the messages were sent, so that the next round finds the same."""
    connection.execute(text("DELETE FROM messages WHERE key IN (SELECT key FROM benchmark_due)"))
    connection.execute(text("INSERT INTO messages SELECT * FROM benchmark_due"))
    connection.execute(text("DELETE FROM copies"))
    for table, column in _TABLES_THAT_GROW.items():
        connection.execute(text(f"DELETE FROM {table} WHERE {column} > :mark"), {"mark": marks[table]})  # noqa: S608
