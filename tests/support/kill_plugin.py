"""The shop and the program of the kill tests: a plugin, so that the real `aftercare serve` runs them.

What a run tells is a function of its seed and the moment at which it began, so that the shop can be read in
any process, and so that an undisturbed engine can be told the same.

The engine's clock runs faster than the machine's in the processes that the tests start: what a sender that
died has left open is lost after a quarter of an hour, which no test can wait for.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection, Engine, event

from aftercare_sdk import AftercareHooks, RawRequest, hookimpl
from aftercare_sdk.actions import Action, Purpose, Remember, SendMessage, SetTimer
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.model.messages import Template
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import AdapterType, Gone, Reading, Ref, Shop
from aftercare_sdk.store import database
from tests.support.shop import Shelf, TestShop, body_of, needs_read, order, request

SPEED = 120
"""How many seconds pass for the engine in one of the machine's."""
CUSTOMERS = 12
TOPIC = "told"
TRACES = "traces"
"""Files in the folder of a run, one for each process, named by its number."""
_kept_open: list[TextIO] = []
READ_ONLY, DISK_FULL = "read-only", "disk-full"
"""Files in the folder of a run; while one is there, its SQLite database refuses writes."""


def seeded(seed: int, *what: object) -> random.Random:
    """Return what chance says of one thing in a run."""
    return random.Random("/".join(map(str, (seed, *what))))  # noqa: S311 - no secret comes of it


@dataclass(frozen=True)
class Delivery:
    """One webhook: its id at the shop, and what is posted."""

    id: str
    request: RawRequest


@dataclass(frozen=True)
class Story:
    """What a shop tells, from `began` on."""

    seed: int
    began: datetime

    def deliveries(self) -> Iterator[Delivery]:
        """Yield webhooks without end: orders one after the other, each in a few steps, some steps twice."""
        number = 0
        while True:
            number += 1
            steps = list(range(len(self._steps(str(number)))))
            chance = seeded(self.seed, "told", number)
            chance.shuffle(steps)
            for step in steps:
                picture = self._steps(str(number))[step]
                doubtful = chance.random() < 0.1
                body = body_of(picture, *([needs_read(str(number))] if doubtful else []))
                told = Delivery(
                    f"{number}-{step}", request(body, topic=TOPIC, delivery=f"{number}-{step}", dated=True)
                )
                yield told
                if chance.random() < 0.2:
                    yield told

    def final(self, number: str) -> OrderSnapshot:
        """Return an order as it is in the end: what a read tells, whenever it is made."""
        return self._steps(number)[-1]

    def _steps(self, number: str) -> list[OrderSnapshot]:
        """Return the pictures of an order, the last one complete."""
        chance = seeded(self.seed, "order", number)
        placed = self.began - timedelta(hours=2) + timedelta(seconds=int(number))
        whose = f"c{chance.randrange(CUSTOMERS)}@customer.example"
        shipped = {"p": placed + timedelta(minutes=5)}
        delivered = {"p": placed + timedelta(minutes=50)}
        has_refund = chance.random() < 0.3
        refunds = {"r": (400, placed + timedelta(minutes=70))} if has_refund else {}

        def picture(minutes: int, **told: object) -> OrderSnapshot:
            return order(
                number,
                placed=placed,
                email=whose,
                modified=placed + timedelta(minutes=minutes),
                **told,
            )

        steps = [
            picture(0),
            picture(5, shipped=shipped),
            picture(60, shipped=shipped, delivered=delivered, refunds={}),
        ]
        if has_refund:
            steps.append(picture(70, shipped=shipped, delivered=delivered, refunds=refunds))
        return steps


class _Shelf(Shelf):
    """Answers reads out of the story."""

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def read(self, ref: Ref) -> Reading:
        return self._story.final(ref.id) if ref.kind == "order" else Gone(ref)


class KillShop(AftercareHooks):
    """An adapter, and a program each of whose effects would show that it was doubled."""

    def __init__(self, story: Story | None = None) -> None:
        self._story = story

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        return [AdapterType(name="test", build=self._build)]

    def _build(self, shop: Shop) -> TestShop:
        return TestShop(shop, _Shelf(self._story or _told_by_environment()))

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        words = "Order {{ order.number }}."
        return [
            Template(name="note", locale="en", subject="Order {{ order.number }}", text=words, html=words)
        ]

    @hookimpl
    def on_purchase(self, event, ctx) -> list[Action]:
        return [
            _counted(ctx),
            _message("bought", Purpose.SERVICE),
            SetTimer(name="look", delay=timedelta(minutes=150), reason="to see how it goes"),
        ]

    @hookimpl
    def on_delivery(self, event, ctx) -> list[Action]:
        return [_counted(ctx), _message("arrived", Purpose.TRANSACTIONAL)]

    @hookimpl
    def on_refund(self, event, ctx) -> list[Action]:
        # Advertising needs a consent, which nobody has given here: it must not leave at all.
        return [_counted(ctx), _message("refunded", Purpose.SERVICE), _message("buy-more", Purpose.MARKETING)]

    @hookimpl
    def on_timer(self, event, ctx) -> list[Action]:
        return [_counted(ctx), _message("looked", Purpose.TRANSACTIONAL)]


def _counted(ctx) -> Remember:
    """Count one more. A unit that is applied twice, or lost, shows in the sum."""
    return Remember(key="heard", value=str(int(ctx.memory.get("heard", "0")) + 1), reason="it is counted")


def _message(label: str, purpose: Purpose) -> SendMessage:
    return SendMessage(
        label=label, template="note", purpose=purpose, window=timedelta(days=30), reason="a test wants it"
    )


def _told_by_environment() -> Story:
    return Story(int(os.environ["KILL_SEED"]), datetime.fromisoformat(os.environ["KILL_BEGAN"]))


def _run_fast() -> None:
    """Let the engine's clock run fast in this process; all processes of a run agree on it."""
    began = datetime.fromisoformat(os.environ["KILL_BEGAN"])
    start = float(os.environ["KILL_MONOTONIC"])  # counted from the start of the machine, in every process

    def now(clock: SystemClock) -> datetime:
        del clock
        return began + timedelta(seconds=(time.monotonic() - start) * SPEED)

    SystemClock.now = now


def _say_who() -> None:
    """Leave the number of this process under the name of its role, for whoever wants to end it.

    SIGUSR1 makes the process write down where it is: one that does not end when it should must be understood.
    """
    name = multiprocessing.current_process().name
    folder = Path(os.environ["KILL_FOLDER"])
    (folder / f"{name}.pid").write_text(str(os.getpid()), encoding="ascii")
    traces = (folder / f"{TRACES}.{os.getpid()}").open("w", encoding="utf-8")
    traces.write(f"{name}\n")
    traces.flush()
    faulthandler.register(signal.SIGUSR1, traces, all_threads=True)
    _kept_open.append(traces)


def _play_faults() -> None:
    """Let a SQLite database refuse writes while a file says so: SQLite's own means, and its own errors."""
    folder = Path(os.environ["KILL_FOLDER"])

    @event.listens_for(Engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            read_only, full = ((folder / name).exists() for name in (READ_ONLY, DISK_FULL))
            connection.exec_driver_sql(f"PRAGMA query_only = {int(read_only)}")
            # SQLite takes the present size for a limit that is below it.
            connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if full else 2**31}")

    if "KILL_BUSY_SECONDS" in os.environ:
        database.BUSY_SECONDS = float(os.environ["KILL_BUSY_SECONDS"])


if "KILL_FOLDER" in os.environ:
    _run_fast()
    _say_who()
    _play_faults()

plugin = KillShop()
