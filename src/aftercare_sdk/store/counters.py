"""Counters (OBS-02), exact over restarts and processes: what is done is counted in its own transaction.

Counting adds a row instead of changing one: so no sender waits for another, and none can wait in a circle.
Once a minute the rows are added up to one for each counter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select

from aftercare_sdk.store.tables import counters

PLANNED = "planned"
REOPENED = "reopened"
ENDED = "ended"
SKIPPED = "skipped"
SUBMITTED = "submitted"
GIVEN_BACK = "given_back"
ACCEPTED = "accepted"
EVENTS = "events"
POLICY_DENIED = "policy_denied"
WEBHOOK_REJECTED = "webhook_rejected"
PLAN_LAG = "plan_lag"
SEND_LATENCY = "send_latency"
QUEUE_AGE = "queue_age"

LABELS: Mapping[str, str] = {
    PLANNED: "",
    REOPENED: "",
    ENDED: "state",
    SKIPPED: "reason",
    SUBMITTED: "",
    GIVEN_BACK: "",
    ACCEPTED: "",
    EVENTS: "type",
    POLICY_DENIED: "rule",
    WEBHOOK_REJECTED: "status",
}
"""The counters, and what tells their values apart: never a customer."""

HISTOGRAMS: Mapping[str, tuple[float, ...]] = {
    PLAN_LAG: (0.1, 0.5, 1, 5, 15, 60, 300, 3_600),
    SEND_LATENCY: (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60),
    QUEUE_AGE: (1, 5, 15, 60, 300, 900, 3_600, 86_400),
}
"""The histograms, and the upper bounds of their buckets in seconds; above them lies one more, `+Inf`."""

MORE = "+Inf"
SUM = "sum"
"""The label under which a histogram's sum is kept, in microseconds."""
_MICROSECOND = timedelta(microseconds=1)

Totals = Mapping[tuple[str, str], int]
"""By name and label; the label is empty where there is none."""


def add(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Count: how often what, by name and label."""
    rows = [
        {"name": name, "label": label, "value": value} for (name, label), value in counts.items() if value
    ]
    if rows:
        connection.execute(insert(counters), rows)


def observe(connection: Connection, name: str, lengths: Iterable[timedelta]) -> None:
    """Sort lengths of time into the buckets of a histogram. A clock that was set back makes none negative."""
    counts: Counter[tuple[str, str]] = Counter()
    for length in lengths:
        taken = max(length, timedelta())
        bound = next((one for one in HISTOGRAMS[name] if taken.total_seconds() <= one), None)
        counts[name, MORE if bound is None else f"{bound:g}"] += 1
        counts[name, SUM] += taken // _MICROSECOND
    add(connection, counts)


def totals(connection: Connection) -> Totals:
    """Return all that has been counted."""
    rows = connection.execute(
        select(counters.c.name, counters.c.label, func.sum(counters.c.value)).group_by(
            counters.c.name, counters.c.label
        )
    )
    return {(name, label): int(value) for name, label, value in rows}


def add_up(connection: Connection, limit: int) -> int:
    """Put one row for each counter in the place of the oldest `limit` rows; return how many there were."""
    oldest = select(counters.c.id).order_by(counters.c.id).limit(limit)
    # In one statement: a row that somebody adds meanwhile is not taken, or it is counted.
    taken = connection.execute(
        delete(counters)
        .where(counters.c.id.in_(oldest))
        .returning(counters.c.name, counters.c.label, counters.c.value)
    ).all()
    summed: Counter[tuple[str, str]] = Counter()
    for name, label, value in taken:
        summed[name, label] += value
    add(connection, summed)
    return len(taken)
