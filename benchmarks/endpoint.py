"""Durable webhooks per second over HTTP: 64 connections, orders of 8 kB, one server process."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Options, percentile, ratios
from benchmarks.load import CONNECTIONS, Load, load
from benchmarks.servers import BARE, CEILING, ENDPOINT, FLASK, SERVE, running

MEASURE = "webhooks"
_PEERS = (FLASK, BARE, CEILING, ENDPOINT, SERVE)
_PREPARED = {FLASK: 2_000, CEILING: 45_000}
_NAMES = {
    FLASK: "Flask + gunicorn + SQLAlchemy ORM",
    BARE: "HTTP parser + group commit",
    CEILING: "HTTP parser, nothing stored: the ceiling",
    ENDPOINT: "aftercare, the endpoint alone",
    SERVE: "aftercare serve, deciding meanwhile",
}


@dataclass(frozen=True, slots=True)
class _Pressure:
    """How hard and how long the servers are pressed."""

    seconds: float
    warm_up: float
    connections: int

    def put_on(self, name: str, folder: Path, profile: Path | None = None) -> _Run:
        """Start a server on a database of its own, and see what it takes."""
        with running(name, folder, profile) as server:
            before = server.processor_seconds()
            result = load(
                server.port,
                seconds=self.seconds,
                warm_up=self.warm_up,
                prepared=int(_PREPARED.get(name, 14_000) * (self.seconds + self.warm_up)),
                connections=self.connections,
            )
            used = server.processor_seconds() - before
        if result.refused:
            raise RuntimeError(f"{_NAMES[name]} refused {result.refused} webhooks; see {folder}/log")
        for each in folder.glob("*.db*"):
            each.unlink()
        return _Run(result, used / result.answered * 1e6)


@dataclass(frozen=True, slots=True)
class _Run:
    """What came of it, and the processor time per webhook in microseconds."""

    load: Load
    used: float


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Run all servers in turn, as many rounds as asked for."""
    pressure = _Pressure(1.0, 0.5, CONNECTIONS) if options.quick else _Pressure(3.0, 1.0, CONNECTIONS)
    if options.tiny:
        pressure = _Pressure(0.2, 0.05, 8)
    runs: dict[str, list[_Run]] = defaultdict(list)
    syncs: list[float] = []
    for number in range(options.rounds):
        syncs.append(sync_milliseconds(options.folder, options.choose(100, 50, 5)))
        for name in _PEERS:
            tell(f"webhooks, round {number + 1} of {options.rounds}: {_NAMES[name]}")
            runs[name].append(pressure.put_on(name, options.folder / f"{name}-{number}"))
    if options.profile is not None:
        tell("webhooks: profile of the endpoint")
        pressure.put_on(ENDPOINT, options.folder / "profiled", options.profile / "endpoint")
    yield Figure(measure=MEASURE, name="one fdatasync of 4 kB", unit="ms", values=tuple(syncs))
    yield from _rates({name: [one.load.rate for one in several] for name, several in runs.items()})
    yield from _latencies({name: [one.load.p99 for one in several] for name, several in runs.items()})
    for name in _PEERS:
        used = tuple(one.used for one in runs[name])
        if all(used):
            yield Figure(measure=MEASURE, name=f"processor time: {_NAMES[name]}", unit="µs", values=used)


def _rates(rate: dict[str, list[float]]) -> Iterator[Figure]:
    for name in _PEERS:
        yield Figure(measure=MEASURE, name=_NAMES[name], unit="/s", values=tuple(rate[name]))
    yield Figure(
        measure=MEASURE,
        name="the endpoint against Flask",
        unit="x",
        values=ratios(rate[ENDPOINT], rate[FLASK]),
        at_least=8,
    )
    yield Figure(
        measure=MEASURE,
        name="the endpoint against the parser",
        unit="%",
        values=tuple(100 * one for one in ratios(rate[ENDPOINT], rate[BARE])),
        at_least=45,
    )
    yield Figure(
        measure=MEASURE, name="serve against Flask", unit="x", values=ratios(rate[SERVE], rate[FLASK])
    )


def _latencies(slow: dict[str, list[float]]) -> Iterator[Figure]:
    for name in (FLASK, BARE, ENDPOINT, SERVE):
        yield Figure(measure=MEASURE, name=f"p99: {_NAMES[name]}", unit="ms", values=tuple(slow[name]))
    yield Figure(
        measure=MEASURE,
        name="p99: the endpoint against Flask",
        unit="x",
        values=ratios(slow[ENDPOINT], slow[FLASK]),
        at_most=0.1,
    )


def sync_milliseconds(folder: Path, times: int) -> float:
    """Return how long the disk takes to make 4 kB durable, as a median: no durable commit is quicker."""
    taken = []
    number = os.open(folder / "sync", os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(times):
            os.write(number, b"\0" * 4_096)
            started = time.perf_counter()
            getattr(os, "fdatasync", os.fsync)(number)
            taken.append(time.perf_counter() - started)
    finally:
        os.close(number)
        (folder / "sync").unlink()
    return percentile(taken, 0.5) * 1_000
