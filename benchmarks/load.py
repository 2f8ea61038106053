"""The load generator: a process of its own, the same for all servers.

Each connection sends its next webhook as soon as the last is answered. All signatures are made before the
clock starts. Run as `python -m benchmarks.load PORT`; prints one line of JSON, see `Load`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from aftercare_sdk.engine.clock import SystemClock
from benchmarks.figures import percentile
from benchmarks.orders_of_a_shop import PATH, Orders, delivery, headers, signature

CONNECTIONS = 64
_ACCEPTED = 202
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of a run: webhooks per second, milliseconds until the answer, answers other than 202.

    `answered` counts from the first answer to the end, the warm-up included.
    """

    rate: float
    p50: float
    p99: float
    answered: int
    refused: int


class Requests:
    """Whole requests as bytes, distinct and signed. `prepared` of them are signed beforehand."""

    def __init__(self, prepared: int) -> None:
        self._orders = Orders(SystemClock().now())
        lines = [f"{name}: {value}" for name, value in headers(0, "{1}").items()]
        lines = [f"POST {PATH} HTTP/1.1", *lines, f"Content-Length: {self._orders.size}", "", ""]
        self._head = "\r\n".join(lines).replace(delivery(0), "{0}")
        self._signed = [self._sign(number) for number in range(prepared)]
        self._next = 0

    def take(self) -> bytes:
        """Return the next request."""
        number = self._next
        self._next += 1
        signed = self._signed[number] if number < len(self._signed) else self._sign(number)
        return self._head.format(delivery(number), signed).encode() + self._orders.body(number)

    def _sign(self, number: int) -> str:
        return signature(self._orders.body(number))


class Run:
    """Counts what is answered between the end of the warm-up and the end."""

    def __init__(self, requests: Requests, warm_up: float, seconds: float) -> None:
        self.requests = requests
        self._warm_up = warm_up
        self._seconds = seconds
        self._begin: float | None = None
        self.over = asyncio.Event()
        self.latencies: list[float] = []
        self._answered = 0
        self.refused = 0

    def answered(self, sent_at: float, status: int) -> bool:
        """Take note of an answer; False when the run is over."""
        now = time.perf_counter()
        self._answered += 1
        if self._begin is None:  # servers start at different speeds; the first answer starts the clock
            self._begin = now + self._warm_up
        if now >= self._begin + self._seconds:
            self.over.set()
            return False
        if now >= self._begin:
            self.latencies.append(now - sent_at)
        if status != _ACCEPTED:
            self.refused += 1
        return True

    def result(self) -> Load:
        """Return what was counted."""
        return Load(
            rate=len(self.latencies) / self._seconds,
            p50=percentile(self.latencies, 0.5) * 1_000,
            p99=percentile(self.latencies, 0.99) * 1_000,
            answered=self._answered,
            refused=self.refused,
        )


class _Connection(asyncio.Protocol):
    def __init__(self, run: Run) -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._run.over.is_set():
            sys.exit(f"the server closed a connection: {exc}")

    def on_message_complete(self) -> None:
        if self._run.answered(self._sent_at, self._parser.get_status_code()):
            self._send()

    def _send(self) -> None:
        if self._transport is not None:
            request = self._run.requests.take()
            self._sent_at = time.perf_counter()
            self._transport.write(request)


async def _drive(port: int, connections: int, run: Run, patience: float) -> None:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.wait_for(run.over.wait(), patience)
    for transport, _ in made:
        transport.abort()


def load(port: int, *, seconds: float, warm_up: float, prepared: int, connections: int = CONNECTIONS) -> Load:
    """Put a server under load, from a process of its own."""
    words = (port, seconds, warm_up, prepared, connections)
    run = subprocess.run(  # noqa: S603 - this module itself
        [sys.executable, "-m", "benchmarks.load", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + warm_up + 2 * _PATIENCE,
    )
    if run.returncode:
        raise RuntimeError(f"the load generator failed: {run.stderr}")
    return Load(**json.loads(run.stdout))


def main() -> None:
    """Run as a process."""
    parser = argparse.ArgumentParser(description="put a server under load")
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("warm_up", type=float)
    parser.add_argument("prepared", type=int)
    parser.add_argument("connections", type=int)
    given = parser.parse_args()
    run = Run(Requests(given.prepared), given.warm_up, given.seconds)
    uvloop.run(_drive(given.port, given.connections, run, given.seconds + given.warm_up + _PATIENCE))
    result = run.result()
    told = {name: getattr(result, name) for name in Load.__dataclass_fields__}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
