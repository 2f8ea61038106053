"""What is asked again and again must not become slower with history (DESIGN §10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from aftercare_sdk.store import journal, messages, reads, schema, timers, units
from aftercare_sdk.store.database import Database

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)

NOT_GROWING = ("plugins", "decider")
"""Tables with a row for each plugin, or one row."""

POLLS = {
    "rows": lambda connection: journal.take_new(connection, 50),
    "oldest row": journal.oldest_new,
    "claims": lambda connection: messages.claim(
        connection, before=None, now=NOW, lease="x", until=SOON, limit=20
    ),
    "claims given back": lambda connection: messages.unclaim(connection, NOW),
    "lost messages": lambda connection: messages.lost(connection, NOW),
    "next message": lambda connection: messages.next_due(connection, NOW),
    "units": lambda connection: units.ready(connection, ["flows"], NOW, 200),
    "oldest unit": lambda connection: units.oldest_fresh(connection, ["flows"], NOW),
    "timers": lambda connection: timers.due(connection, before=None, now=NOW, limit=100),
    "reads": lambda connection: reads.claim(connection, now=NOW, lease="x", until=SOON, limit=50),
}


@pytest.mark.parametrize("poll", sorted(POLLS))
def test_a_poll_of_sqlite_uses_an_index(poll, tmp_path):
    """SQLite reads no table from end to end for a question that a worker asks several times a second."""
    database = Database(f"sqlite:///{tmp_path}/aftercare.db")
    schema.prepare(database)
    asked = []

    def note(*call):
        _, _, statement, parameters, *_ = call
        asked.append((statement, parameters))

    with database.write() as connection:
        event.listen(connection, "before_cursor_execute", note)
        POLLS[poll](connection)
        event.remove(connection, "before_cursor_execute", note)
        plans = [
            row.detail
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    database.close()
    assert plans
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert [] == [plan for plan in scans if not plan.endswith(NOT_GROWING)]
