"""The longest write transaction: nobody else can write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from aftercare_sdk.store.database import Database
from benchmarks.figures import Figure, Options, percentile

MEASURE = "transactions"


class Watch:
    """Takes the time of every write transaction of a database, from the lock to the end of the commit.

    SQLAlchemy tells when a transaction has begun (the lock is taken by then, because the database's own
    listener was there first) and when its connection comes back to the pool (the commit is on the disk).
    """

    def __init__(self, database: Database) -> None:
        self.milliseconds: list[float] = []
        begun: dict[int, float] = {}

        @event.listens_for(database.engine, "begin")
        def _begin(connection: Connection) -> None:
            if connection.get_execution_options().get("writes", False):
                begun[id(connection.connection.dbapi_connection)] = time.perf_counter()

        @event.listens_for(database.engine, "checkin")
        def _end(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
            del entry
            started = begun.pop(id(connection), None)
            if started is not None:
                self.milliseconds.append((time.perf_counter() - started) * 1_000)

    @property
    def longest(self) -> float:
        """The longest of them, in milliseconds."""
        return max(self.milliseconds, default=0.0)


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Receive, process and send on one database, and say how long each part kept others from writing."""
    from benchmarks.orders import START, open_shop, receive

    count = options.choose(2_000, 300, 20)
    parts: dict[str, list[Watch]] = {"receive": [], "process": [], "send": []}
    for number in range(options.rounds):
        tell(f"transactions, round {number + 1} of {options.rounds}")
        path = options.folder / f"transactions-{number}.db"
        for part, moment in (("receive", 2), ("process", 2), ("send", 180)):
            with open_shop(path, START + timedelta(minutes=moment)) as aftercare:
                parts[part].append(Watch(aftercare.brand.database))
                if part == "receive":
                    receive(aftercare, count)
                elif part == "process":
                    aftercare.process()
                else:
                    aftercare.send()
                    while aftercare.send():
                        pass
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()
    for part, watches in parts.items():
        yield Figure(
            measure=MEASURE,
            name=f"{part}: the longest",
            unit="ms",
            values=tuple(one.longest for one in watches),
            at_most=100,
        )
        yield Figure(
            measure=MEASURE,
            name=f"{part}: 99 of 100 are shorter than",
            unit="ms",
            values=tuple(percentile(one.milliseconds, 0.99) for one in watches),
        )
