"""`aftercare counters`: how much was planned, sent, skipped and refused, since the database was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_database, read_settings

if TYPE_CHECKING:
    from aftercare_sdk.store.counters import Totals

_MICROSECONDS = 1_000_000


def counters(context: typer.Context, *, as_json: Json = False) -> None:
    """Print what has been counted since the database was made.

    Planned and reopened messages together are those that have ended and those that wait.
    """
    from aftercare_sdk.store import counters, messages

    with open_database(read_settings(context)) as database, database.read() as connection:
        totals, waiting = counters.totals(connection), messages.not_ended(connection)
    found = [
        {"name": name, "label": label, "value": totals.get((name, label), 0)}
        for name, kind in counters.LABELS.items()
        for label in (sorted(of for one, of in totals if one == name) if kind else [""])
    ]
    times = [_histogram(totals, name, bounds) for name, bounds in counters.HISTOGRAMS.items()]
    if as_json:
        output.write_json({"counters": found, "waiting": waiting, "histograms": times})
        return
    rows = [(str(one["name"]), str(one["label"]), str(one["value"])) for one in found]
    output.show(output.table(("counted", "", "times"), [*rows, ("waiting", "now", str(waiting))]))
    told = [(str(one["name"]), str(one["count"]), str(one["mean_seconds"])) for one in times]
    output.show("", output.table(("measured", "times", "mean seconds"), told))


def _histogram(totals: Totals, name: str, bounds: tuple[float, ...]) -> dict[str, object]:
    from aftercare_sdk.store.counters import MORE, SUM

    buckets = {bound: totals.get((name, bound), 0) for bound in (*(f"{one:g}" for one in bounds), MORE)}
    count, seconds = sum(buckets.values()), totals.get((name, SUM), 0) / _MICROSECONDS
    mean = round(seconds / count, 3) if count else 0
    return {"name": name, "buckets": buckets, "count": count, "sum_seconds": seconds, "mean_seconds": mean}
