"""Entries per second into the books, orders per second with a loyalty program, and long accounts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.ledger import Awarding, Ledger
from aftercare_sdk.errors import Bug
from aftercare_sdk.model.actions import AwardPoints
from aftercare_sdk.model.events import Purchase
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.model.versions import Register
from aftercare_sdk.store import balances, events, journal, objects
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.objects import Stored
from aftercare_woocommerce import plugin
from benchmarks import accounts
from benchmarks.baselines import by_hand
from benchmarks.figures import Figure, Options, ratios
from benchmarks.orders import START, open_shop, profiled, receive
from benchmarks.orders_of_a_shop import SHOP, environ, settings
from benchmarks.transactions import Watch

MEASURE = accounts.MEASURE
_AT_ONCE = 200
"""How many orders the decider applies in one commit."""
_OF_A_LINE = 100
_SPENT = 200
_BY_HAND = ([("earn", 500)], [("spend", -_SPENT)], [("revoke", -300), ("revoke", -_SPENT)])
"""The entries that the steps of the ledger make of an order with five lines; settling makes none."""
_LOYALTY = {
    "points": {"JPY": "1 per 100"},
    "return_period": "14 days",
    "expires": "12 months",
    "first_order": 100,
    "cap_per_month": 5_000,
}

Step = Callable[[Ledger, Sequence["_Order"]], None]


@dataclass(frozen=True, slots=True)
class _Order:
    """An order whose points are posted: its purchase, and how it is stored."""

    known: Known
    stored: Stored
    cancelled: Stored
    lines: Mapping[str, int]

    @property
    def key(self) -> str:
        return f"{int(self.known.object):064x}"

    def awarding(self, *, settled: bool) -> Awarding:
        action = AwardPoints(
            label="order",
            lines=self.lines,
            settled=settled,
            expiry=Expiry(months=12),
            terms={"tier": "", "times": "1"},
            reason="points for the order",
        )
        return Awarding(key=self.key, plugin="benchmark", known=self.known, action=action)


@dataclass(frozen=True, slots=True)
class _Posted:
    """One pass over the books: seconds by step, processor time in all, entries, longest write in ms."""

    seconds: Mapping[str, float]
    processor: float
    orders: int
    entries: int
    longest_write: float


@dataclass(frozen=True, slots=True)
class _Processed:
    """One pass through the journal: orders per second, longest write in ms."""

    rate: float
    longest_write: float


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Post entries, process orders with and without a loyalty program, and ask accounts of any length."""
    yield from _books(options, tell)
    yield from _shop(options, tell)
    yield from accounts.measure(options, tell)


def _books(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    count = options.choose(4_000, 1_000, 20)
    base = options.folder / "books.db"
    tell(f"points: {count:,} orders")
    with open_shop(base, START + timedelta(minutes=2)) as aftercare:
        receive(aftercare, count, come_back=False)
        aftercare.process()
    posted: list[_Posted] = []
    plain: list[float] = []
    for number in range(options.rounds):
        tell(f"points: entries, round {number + 1} of {options.rounds}")
        path = options.folder / f"books-{number}.db"
        plain.append(by_hand.post(options.folder / f"plain-books-{number}.db", count, _AT_ONCE, _BY_HAND))
        shutil.copyfile(base, path)
        posted.append(_post(path, tell))
        _remove(path)
    if options.profile is not None:
        tell("points: profile")
        shutil.copyfile(base, options.folder / "books-profiled.db")
        _post(options.folder / "books-profiled.db", tell, options.profile / "entries.txt")
    _remove(base)
    rates = [one.entries / sum(one.seconds.values()) for one in posted]
    yield _figure(f"by hand: INSERT and UPDATE, {_AT_ONCE} accounts to a commit", "/s", plain)
    yield _figure("entries through the ledger", "/s", rates)
    yield _figure("the same by processor time", "/s", [one.entries / one.processor for one in posted])
    yield _figure("the ledger against by hand", "%", [100 * one for one in ratios(rates, plain)])
    for step in _STEPS:
        yield _figure(
            f"orders whose points are {step}", "/s", [one.orders / one.seconds[step] for one in posted]
        )
    yield _figure(f"the longest write of {_AT_ONCE} orders", "ms", [one.longest_write for one in posted])


def _shop(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    count = options.choose(2_000, 500, 20)
    without: list[_Processed] = []
    with_: list[_Processed] = []
    for number in range(options.rounds):
        tell(f"points: orders, round {number + 1} of {options.rounds}")
        for runs, section in ((without, None), (with_, _LOYALTY)):
            runs.append(_process(options.folder / f"loyalty-{number}.db", section, count, tell))
    if options.profile is not None:
        tell("points: profile of orders")
        path = options.folder / "loyalty-profiled.db"
        _process(path, _LOYALTY, count, tell, options.profile / "loyalty.txt")
    rates = {"without": [one.rate for one in without], "with": [one.rate for one in with_]}
    yield _figure("orders processed without a loyalty program", "/s", rates["without"])
    yield _figure("orders processed with a loyalty program", "/s", rates["with"])
    yield _figure(
        "with it against without", "%", [100 * one for one in ratios(rates["with"], rates["without"])]
    )
    yield _figure(
        "longest write transaction, with a loyalty program",
        "ms",
        [one.longest_write for one in with_],
        at_most=100,
    )


def _figure(name: str, unit: str, values: Sequence[float], at_most: float | None = None) -> Figure:
    return Figure(measure=MEASURE, name=name, unit=unit, values=tuple(values), at_most=at_most)


def _remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def _earn(ledger: Ledger, orders: Sequence[_Order]) -> None:
    ledger.award_all([order.awarding(settled=False) for order in orders])


def _settle(ledger: Ledger, orders: Sequence[_Order]) -> None:
    ledger.award_all([order.awarding(settled=True) for order in orders])


def _spend(ledger: Ledger, orders: Sequence[_Order]) -> None:
    ledger.open([order.known.identity for order in orders])
    for order in orders:
        why = Why(plugin="benchmark", actor="customer", posting=order.key)
        ledger.change(order.known.identity, why, lambda account: account.spend(_SPENT))


def _take_back(ledger: Ledger, orders: Sequence[_Order]) -> None:
    ledger.follow([order.cancelled for order in orders])


_STEPS: Mapping[str, Step] = {"earned": _earn, "settled": _settle, "spent": _spend, "taken back": _take_back}


def _post(path: Path, tell: Callable[[str], None], profile: Path | None = None) -> _Posted:
    with open_shop(path, START + timedelta(days=20)) as aftercare:
        orders = _orders(aftercare)
        watch = Watch(aftercare.brand.database)
        processor = time.process_time()
        seconds = profiled(partial(_take_steps, aftercare, orders), profile)
        processor = time.process_time() - processor
        with aftercare.brand.database.read() as connection:
            entries = connection.execute(text("SELECT count(*) FROM entries")).scalar_one()
            total = balances.total(connection)
    expected = len(orders) * sum(map(len, _BY_HAND))
    if total != Balance(debt=len(orders) * _SPENT) or entries != expected:
        tell(f"points: {entries} entries instead of {expected}, and all together have {total}")
    return _Posted(
        seconds=seconds,
        processor=processor,
        orders=len(orders),
        entries=entries,
        longest_write=watch.longest,
    )


def _take_steps(aftercare: Aftercare, orders: Sequence[_Order]) -> Mapping[str, float]:
    brand = aftercare.brand
    seconds = {}
    for name, step in _STEPS.items():
        started = time.perf_counter()
        for first in range(0, len(orders), _AT_ONCE):
            with brand.database.write() as connection:
                ledger = Ledger(brand, connection, brand.clock.now())
                step(ledger, orders[first : first + _AT_ONCE])
                ledger.write()
        seconds[name] = time.perf_counter() - started
    return seconds


def _orders(aftercare: Aftercare) -> list[_Order]:
    """Return the orders of a database, in the order in which they became known."""
    with aftercare.brand.database.read() as connection:
        purchases = [one for one in events.everything(connection) if isinstance(one.event, Purchase)]
        stored = objects.get_many(connection, [(SHOP, "order", one.object) for one in purchases])
    return [_order(one, stored[SHOP, "order", one.object]) for one in purchases]


def _order(known: Known, stored: Stored) -> _Order:
    record = stored.record
    if not isinstance(record, OrderRecord) or record.amounts is None:
        raise Bug(f"order {known.object} of the benchmark has no lines")
    cancelled = replace(record, cancelled=Register(True, record.latest))  # noqa: FBT003 - a value
    return _Order(
        known=known,
        stored=stored,
        cancelled=replace(stored, record=cancelled),
        lines={line.id: _OF_A_LINE for line in record.amounts.value.lines},
    )


def _process(
    path: Path,
    section: Mapping[str, Any] | None,
    count: int,
    tell: Callable[[str], None],
    profile: Path | None = None,
) -> _Processed:
    with _open(path, section) as aftercare:
        receive(aftercare, count)
        watch = Watch(aftercare.brand.database)
        started = time.perf_counter()
        profiled(aftercare.process, profile)
        taken = time.perf_counter() - started
        with aftercare.brand.database.read() as connection:
            states = journal.counts(connection)
            pending = balances.total(connection).pending
        if states.get("done") != count or bool(pending) != bool(section):
            tell(f"points: not all were processed: {dict(states)}, {pending} points are pending")
    _remove(path)
    return _Processed(rate=count / taken, longest_write=watch.longest)


def _open(path: Path, section: Mapping[str, Any] | None) -> Aftercare:
    told = settings(f"sqlite:///{path}")
    if section is not None:
        told["plugins"] |= {"loyalty": section}
    clock = VirtualClock(START)
    aftercare = Aftercare(told, clock=clock, plugins={"woocommerce": plugin}, environ=environ())
    clock.move(START + timedelta(minutes=2))
    return aftercare
