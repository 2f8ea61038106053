"""What is asked again and again must not become slower with history (DESIGN §10)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.store import journal, messages, objects, people, reads, schema, sending, timers, units
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.units import Listener, Unit

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)

NOT_GROWING = ("plugins", "decider")
"""Tables with a row for each plugin, or one row."""

NO_TABLE = re.compile(r"CONSTANT ROW|\(subquery-\d+\)$")
"""What SQLite calls an empty list."""

KEYS = [("main", "order", "1"), ("main", "order", "2"), ("other", "customer", "1")]
PEOPLE = [Identity(kind=IdentityKind.EMAIL, value=name) for name in ("a@shop.example", "b@shop.example")]
UNITS = [Unit(event=event, plugin="flows", seq=1, customer=1, attempts=0) for event in ("a", "b")]

POLLS = {
    "rows": lambda connection: journal.take_new(connection, 50),
    "oldest row": journal.oldest_new,
    "claims": lambda connection: sending.claim(
        connection, before=None, now=NOW, lease="x", until=SOON, limit=20
    ),
    "claims given back": lambda connection: sending.unclaim(connection, NOW),
    "lost messages": lambda connection: sending.lost(connection, NOW),
    "next message": lambda connection: messages.next_due(connection, NOW),
    "units": lambda connection: units.ready(connection, ["flows"], NOW, 200),
    "oldest unit": lambda connection: units.oldest_fresh(connection, ["flows"], NOW),
    "timers": lambda connection: timers.due(connection, before=None, now=NOW, limit=100),
    "what a listener has not heard": lambda connection: units.unheard(
        connection, [Listener(plugin="flows", shop="main", object="1", identity=1, customer=1)], NOW
    ),
    "what reached somebody": lambda connection: sending.reached_since(
        connection, plugins=["flows"], labels=["x"], customers=[1], recipients=[1], since=NOW
    ),
    "objects": lambda connection: objects.get_many(connection, KEYS),
    "locked objects": lambda connection: objects.lock(connection, KEYS),
    "identities": lambda connection: people.ids(connection, PEOPLE, NOW),
    "units that end": lambda connection: units.finish(connection, UNITS, NOW),
    "persons": lambda connection: people.customers_of(connection, [1]),
    "what is to be read": lambda connection: reads.pending(connection, KEYS),
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
            if not statement.startswith("INSERT")  # a plan names tables that only a REPLACE would look at
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    database.close()
    assert plans
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert [] == [plan for plan in scans if not (plan.endswith(NOT_GROWING) or NO_TABLE.search(plan))]
