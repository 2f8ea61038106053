"""Orders per second from the journal to planned messages: translate, reconcile, events, hooks, apply."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.store import journal, messages
from aftercare_woocommerce import plugin
from benchmarks.baselines import by_hand
from benchmarks.figures import Figure, Options, ratios
from benchmarks.orders_of_a_shop import SHOP, Orders, environ, settings
from benchmarks.transactions import Watch

MEASURE = "orders"
START = datetime(2026, 5, 1, 9, tzinfo=UTC)
"""When the clock stands; the plugins start then, and the orders are made a minute later."""
_AT_ONCE = 256
_COMES_BACK = 10
"""One order in so many is of a customer who has ordered before."""


@dataclass(frozen=True, slots=True)
class Run:
    """One pass through the journal: orders per second of wall time and of processor time."""

    rate: float
    by_processor: float
    longest_write: float


def open_shop(path: Path, now: datetime) -> Aftercare:
    """Return an engine on a database, with a clock that stands; its plugins have started at START."""
    clock = VirtualClock(START)
    aftercare = Aftercare(
        settings(f"sqlite:///{path}"), clock=clock, plugins={"woocommerce": plugin}, environ=environ()
    )
    clock.move(now)
    return aftercare


def receive(aftercare: Aftercare, count: int, *, come_back: bool = True) -> None:
    """Store orders through the door, many to a commit as from a busy server."""
    orders = Orders(START + timedelta(minutes=1))
    for first in range(0, count, _AT_ONCE):
        waiting = []
        for number in range(first, min(first + _AT_ONCE, count)):
            known = come_back and number >= _COMES_BACK and number % _COMES_BACK == 0
            person = number // _COMES_BACK if known else number
            waiting.append(aftercare.admit(SHOP, orders.request(number, person)))
        for one in waiting:
            if not hasattr(one, "result") or not one.result():
                raise StorageUnavailable(f"an order of the benchmark was not stored: {one}")


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Fill a journal and work it off, round by round on a fresh database, beside the same by hand."""
    count = options.choose(3_000, 500, 20)
    runs: list[Run] = []
    plain: list[float] = []
    for number in range(options.rounds):
        tell(f"orders, round {number + 1} of {options.rounds}")
        bodies = Orders(START)
        plain.append(
            by_hand.take_in(options.folder / f"plain-{number}.db", [bodies.body(one) for one in range(count)])
        )
        runs.append(_run(options.folder / f"orders-{number}.db", count, tell))
    if options.profile is not None:
        tell("orders: profile")
        _run(options.folder / "orders-profiled.db", count, tell, options.profile / "orders.txt")
    yield Figure(
        measure=MEASURE,
        name="json and bare SQL, a commit per order: no checks",
        unit="/s",
        values=tuple(plain),
    )
    yield Figure(
        measure=MEASURE,
        name="translate to apply",
        unit="/s",
        values=tuple(one.rate for one in runs),
        at_least=1_500,
    )
    yield Figure(
        measure=MEASURE,
        name="the same by processor time",
        unit="/s",
        values=tuple(one.by_processor for one in runs),
    )
    yield Figure(
        measure=MEASURE,
        name="against json and bare SQL",
        unit="%",
        values=tuple(100 * one for one in ratios([one.rate for one in runs], plain)),
    )
    yield Figure(
        measure=MEASURE,
        name="longest write transaction",
        unit="ms",
        values=tuple(one.longest_write for one in runs),
        at_most=100,
    )


def _run(path: Path, count: int, tell: Callable[[str], None], profile: Path | None = None) -> Run:
    with open_shop(path, START + timedelta(minutes=2)) as aftercare:
        receive(aftercare, count)
        watch = Watch(aftercare.brand.database)
        wall, processor = time.perf_counter(), time.process_time()
        profiled(aftercare.process, profile)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        with aftercare.brand.database.read() as connection:
            states = journal.counts(connection)
            planned = messages.next_due(connection, START)
        if states.get("done") != count or planned is None:
            tell(f"orders: not all were processed: {dict(states)}, first message due {planned}")
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    return Run(rate=count / wall, by_processor=count / processor, longest_write=watch.longest)


def profiled(function: Callable[[], Any], path: Path | None) -> Any:
    """Call a function; with a path, write where its own thread spent the time."""
    if path is None:
        return function()
    profile = cProfile.Profile()
    result = profile.runcall(function)
    with path.open("w", encoding="utf-8") as out:
        for order in ("cumulative", "tottime"):
            pstats.Stats(profile, stream=out).sort_stats(order).print_stats(40)
    return result
