"""Orders out of a file into the journal, some at a time, and the decider's work on them in between.

A row of the journal holds up to a hundred orders. It is written in one transaction with the mark of how far
the import is, so an import that was broken off anywhere goes on exactly there: the file is read again from
its start, which is quick, and what is in already is passed over.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from aftercare_sdk.engine import imported
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.errors import ConfigurationError, DeciderBusy
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.shops.files import Group, OrderFile, Reject
from aftercare_sdk.shops.files.grouping import scratch
from aftercare_sdk.store import imports, journal
from aftercare_sdk.store.imports import Mark
from aftercare_sdk.store.journal import Arrival, Kind

MOST_ORDERS = 100
MOST_LINES = 500
"""How much a row of the journal tells at most, so that no transaction takes long."""
MOST_WAITING = 4
"""How many rows may wait for the decider: a webhook that comes meanwhile waits behind them."""
BUSY_SECONDS = 0.05
_STEPS = 50
"""After so many steps the right to decide is given back, for whoever else wants to have it."""

Refuse = Callable[[Reject], None]
Progress = Callable[[int], None]


@dataclass(slots=True)
class Summary:
    """What a file tells. Amounts by currency: `sums` of orders, `refunded` of what was given back."""

    orders: int = 0
    notices: int = 0
    lines: int = 0
    first: datetime | None = None
    last: datetime | None = None
    sums: dict[str, Money] = field(default_factory=dict)
    refunded: dict[str, Money] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """How many lines are not taken."""
        return sum(self.reasons.values())

    def add(self, group: Group) -> None:
        """Count what the lines of one order tell."""
        self.lines += group.taken
        self.reasons.update(reject.reason for reject in group.rejects)
        for snapshot in group.snapshots:
            self._add(snapshot)

    def _add(self, snapshot: OrderSnapshot) -> None:
        if snapshot.partial:
            self.notices += 1
        else:
            self.orders += 1
        if snapshot.placed_at is not None:
            self.first = min(self.first or snapshot.placed_at, snapshot.placed_at)
            self.last = max(self.last or snapshot.placed_at, snapshot.placed_at)
        if snapshot.amounts is not None:
            _count(self.sums, snapshot.amounts.total)
        for refund in snapshot.refunds or ():
            _count(self.refunded, refund.amount)


def _count(sums: dict[str, Money], amount: Money) -> None:
    known = sums.get(amount.currency)
    sums[amount.currency] = amount if known is None else known + amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of an import. `already`: the file was in before. `resumed`: so many orders of it were."""

    summary: Summary
    already: bool = False
    resumed: int = 0


def look(file: OrderFile, began_at: datetime, exported_at: datetime, done: Progress) -> tuple[Summary, int]:
    """Return what a file tells, and of how many customers, without writing anything."""
    summary = Summary()
    with scratch() as store:
        store.execute("CREATE TABLE people (name TEXT PRIMARY KEY) WITHOUT ROWID")
        for group in _counted(file, began_at, exported_at, summary=summary, done=done):
            names = ((name,) for one in group.snapshots if (name := _who(one)))
            store.executemany("INSERT OR IGNORE INTO people VALUES (?)", names)
        customers = store.execute("SELECT COUNT(*) FROM people").fetchone()[0]
    return summary, int(customers)


def _who(snapshot: OrderSnapshot) -> str:
    """Return who an order is of, as far as it says so."""
    if snapshot.customer:
        return f"account {snapshot.customer}"
    email = snapshot.contact.email.strip().casefold() if snapshot.contact else ""
    return f"mail {email}" if email else ""


def _counted(
    file: OrderFile,
    began_at: datetime,
    exported_at: datetime,
    *,
    summary: Summary,
    done: Progress,
    refuse: Refuse | None = None,
) -> Iterator[Group]:
    for group in file.read(latest=began_at, exported_at=exported_at):
        summary.add(group)
        if refuse is not None:
            for reject in group.rejects:
                refuse(reject)
        yield group
        done(summary.lines + summary.rejected)


class Importer:
    """Takes one file in. `again`: also one that is in already, which changes nothing."""

    def __init__(self, aftercare: Aftercare, file: OrderFile, shop: str, *, again: bool = False) -> None:
        self._aftercare = aftercare
        self._database = aftercare.brand.database
        self._file = file
        self._shop = shop
        self._again = again

    def run(self, exported_at: datetime, done: Progress, refuse: Callable[[], Refuse]) -> Imported:
        """Take the file in, or go on where an earlier run was broken off. `refuse` is asked for only then.

        Raises ConfigurationError if another process takes the same file in, or somebody changes it.
        """
        mark = self._begin(exported_at)
        if mark.finished_at is not None:
            return Imported(summary=Summary(), already=True)
        start = mark.groups
        summary = Summary()
        orders: list[OrderSnapshot] = []
        lines = number = 0
        reject = refuse()
        groups = _counted(
            self._file, mark.began_at, mark.exported_at, summary=summary, done=done, refuse=reject
        )
        for number, group in enumerate(groups, 1):
            if number <= start:
                continue
            orders += group.snapshots
            lines += group.taken
            if len(orders) >= MOST_ORDERS or lines >= MOST_LINES:
                mark = self._write(mark, orders, number)
                orders, lines = [], 0
                self._decide(MOST_WAITING)
        self._write(mark, orders, number, finished_at=self._aftercare.clock.now())
        self._decide(0)
        return Imported(summary=summary, resumed=start)

    def _begin(self, exported_at: datetime) -> Mark:
        with self._database.write() as connection:
            known = imports.find(connection, self._file.id)
            if known is not None and (known.finished_at is None or not self._again):
                return known
            # The moments of the first time, so that a second import tells exactly the same.
            mark = known or Mark(
                id=self._file.id,
                shop=self._shop,
                format=self._file.format,
                began_at=self._aftercare.clock.now(),
                exported_at=exported_at,
            )
            mark = replace(mark, groups=0, finished_at=None)
            imports.begin(connection, mark)
            return mark

    def _write(
        self, mark: Mark, orders: list[OrderSnapshot], groups: int, finished_at: datetime | None = None
    ) -> Mark:
        arrivals = []
        if orders:
            arrivals.append(
                Arrival(
                    kind=Kind.IMPORT,
                    shop=self._shop,
                    topic=self._file.format,
                    received_at=self._aftercare.clock.now(),
                    body=imported.encode(orders),
                    weight=len(orders),
                )
            )
        with self._database.write() as connection:
            if not imports.advance(connection, mark, groups, finished_at):
                raise ConfigurationError("another process takes the same file in; let it finish")
            journal.append(connection, arrivals)
        return replace(mark, groups=groups, finished_at=finished_at)

    def _decide(self, most: int) -> None:
        """Have rows processed until no more than `most` wait: here, or by whoever decides for the brand."""
        while self._waiting(most):
            try:
                with decider_lock(self._database) as token:
                    for _ in range(_STEPS):
                        if not self._waiting(0):
                            break
                        # Rows come before hooks in every step, so no hook runs here.
                        self._aftercare.decider.step(token)
            except DeciderBusy:
                time.sleep(BUSY_SECONDS)

    def _waiting(self, most: int) -> bool:
        with self._database.read() as connection:
            return imports.waiting(connection, most + 1) > most
