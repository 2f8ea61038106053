"""What is asked again and again must not become slower with history (DESIGN §10)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.store import (
    alerts,
    approvals,
    balances,
    beats,
    entries,
    journal,
    lots,
    messages,
    objects,
    outcomes,
    parked,
    pauses,
    people,
    reads,
    redemptions,
    rests,
    retention,
    schema,
    sending,
    suppressions,
    timers,
    units,
)
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Arrival, Kind
from aftercare_sdk.store.rests import Resting
from aftercare_sdk.store.tables import units as units_table
from aftercare_sdk.store.units import Audience, Listener, Unit

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)

NOT_GROWING = ("plugins", "decider", "rests", "beats")
"""Tables with a row for each plugin or shop, or one row."""

NO_TABLE = re.compile(r"CONSTANT ROW|\(subquery-\d+\)$|SCAN part_\d+$")
"""What SQLite calls an empty list; and a part of a question, whose own plan is told as well."""

KEYS = [("main", "order", "1"), ("main", "order", "2"), ("other", "customer", "1")]
PEOPLE = [Identity(kind=IdentityKind.EMAIL, value=name) for name in ("a@shop.example", "b@shop.example")]
UNITS = [Unit(event=event, plugin="flows", seq=1, customer=1, attempts=0) for event in ("a", "b")]

POLLS = {
    "rows": lambda connection: journal.take_new(connection, 50),
    "rows beside a shop that rests": lambda connection: journal.take_new(connection, 50, {"main"}),
    "oldest row": journal.oldest_new,
    "claims": lambda connection: sending.claim(
        connection, before=None, now=NOW, lease="x", until=SOON, limit=20
    ),
    "claims given back": lambda connection: sending.unclaim(connection, NOW),
    "lost messages": lambda connection: sending.lost(connection, NOW),
    "next message": lambda connection: messages.next_due(connection, NOW),
    "units": lambda connection: units.ready(connection, ["flows"], NOW, 200),
    "oldest unit": lambda connection: units.oldest_fresh(connection, ["flows"], NOW),
    "next unit": lambda connection: units.next_due(connection, ["flows"], NOW),
    "who rests": lambda connection: rests.of(connection, Resting.PLUGIN, NOW),
    "timers": lambda connection: timers.due(connection, before=None, plugins=["flows"], now=NOW, limit=100),
    "points that expire": lambda connection: lots.due(connection, NOW, 40),
    "when points expire": lambda connection: lots.next_due(connection, NOW),
    "points to be used": lambda connection: next(lots.usable(connection, [1, 2], NOW), None),
    "points that follow orders": lambda connection: lots.following(connection, [("main", "1")]),
    "debts": lambda connection: lots.owing(connection, [1, 2]),
    "what was spent for a reward": lambda connection: entries.draws(connection, "x"),
    "what was spent of a lot": lambda connection: entries.drawn_from(connection, "x"),
    "balances": lambda connection: balances.of_person(connection, [1, 2]),
    "rewards": lambda connection: redemptions.due(connection, NOW, 40),
    "when rewards end": lambda connection: redemptions.next_due(connection, NOW),
    "rewards that orders used": lambda connection: redemptions.note_uses(
        connection, [("main", "AC-1", "1")], [1]
    ),
    "an address": lambda connection: people.search(connection, "a@shop.example"),
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
    "what is waited for": lambda connection: journal.is_waiting(connection, (Kind.SYNC,), {"main"}),
    "what stands against addresses": lambda connection: suppressions.of(connection, ["x", "y"], [1, 2]),
    "what a channel calls messages": lambda connection: outcomes.with_references(connection, "email", ["x"]),
    "messages by id": lambda connection: outcomes.with_ids(connection, ["x"]),
    "the last message to a mailbox": lambda connection: outcomes.latest_to(connection, "email", [1], NOW),
    "what was reported of a message": lambda connection: outcomes.of_messages(connection, ["x"]),
    "what arrived in a mailbox": lambda connection: outcomes.of_mailboxes(connection, [1]),
    "what was approved": lambda connection: approvals.of(connection, ["x", "y"]),
    "what waits for approval": lambda connection: approvals.held(connection, ("p", "l", "t", "p", "c", "v")),
    "what is paused": pauses.standing,
    "what a pause holds": lambda connection: pauses.held(connection, ["email"]),
    "the last mails of a domain": lambda connection: pauses.tally(
        connection, "shop.example", now=NOW, period=timedelta(days=1), last=500
    ),
    "mailboxes": lambda connection: people.mailboxes(connection, ["a@shop.example"]),
    "addresses": lambda connection: people.addresses_of(connection, [1]),
    "what listings found": lambda connection: journal.discoveries(connection, after=1),
    "what is there": lambda connection: objects.there(connection, KEYS),
    "signs of life": beats.everything,
    "plugins with parked units": parked.plugins,
    "shops with parked rows": parked.shops,
    "alerts that last": alerts.still_open,
    "alerts to be told": lambda connection: alerts.claim(
        connection, now=NOW, lease="x", until=SOON, limit=10
    ),
    "old alerts": lambda connection: retention.sweep(connection, "alerts", NOW, 500),
    "old copies": lambda connection: retention.sweep(connection, "copies", NOW, 500),
    "old requests": lambda connection: retention.sweep(connection, "privacy_requests", NOW, 500),
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


def steps(connection, question):
    """Return how many instructions SQLite carries out for a question."""
    driver = connection.connection.driver_connection
    taken = 0

    def count():
        nonlocal taken
        taken += 1

    driver.set_progress_handler(count, 1)
    question(connection)
    driver.set_progress_handler(None, 0)
    return taken


def many_units(connection, number):
    """Let units wait for a plugin that is not asked for, and for a retry; one is ready."""
    plugins = ["rests", "retries"]
    units.add(
        connection,
        [
            Audience(event=f"e{seq}", plugins=plugins, seq=seq, customer=seq, known_at=NOW)
            for seq in range(number)
        ],
    )
    retried = units_table.update().where(units_table.c.plugin == "retries")
    connection.execute(retried.values(due_at=SOON, attempts=1))
    last = Audience(event="last", plugins=["fine"], seq=number, customer=number, known_at=NOW)
    units.add(connection, [last])


def many_rows(connection, number):
    """Let webhooks wait for a shop that rests; one of another shop does not."""
    given = {"kind": Kind.WEBHOOK, "topic": "", "received_at": NOW, "body": b"{}"}
    journal.append(connection, [Arrival(shop="rests", **given) for _ in range(number)])
    journal.append(connection, [Arrival(shop="fine", **given)])


def many_parked(connection, number):
    """Let units be parked, each of another customer."""
    many_units(connection, number)
    connection.execute(units_table.update().values(state="parked", error="mend me"))


ELSEWHERE = {
    "units": (many_units, lambda connection: units.ready(connection, ["fine", "retries"], NOW, 50)),
    "oldest unit": (many_units, lambda connection: units.oldest_fresh(connection, ["fine", "retries"], NOW)),
    "next unit": (many_units, lambda connection: units.next_due(connection, ["fine", "retries"], NOW)),
    "rows": (many_rows, lambda connection: journal.take_new(connection, 50, {"rests"})),
    "customers that become one": (many_parked, lambda connection: people.join(connection, [(1, 2)])),
}


@pytest.mark.parametrize("poll", sorted(ELSEWHERE))
def test_what_waits_elsewhere_costs_nothing(poll, tmp_path):
    """A question about what can be done now takes as long with hundreds that wait for others as with ten."""
    wait, ask = ELSEWHERE[poll]
    costs = []
    for number in (10, 500):
        database = Database(f"sqlite:///{tmp_path}/{number}.db")
        schema.prepare(database)
        with database.write() as connection:
            people.ids(connection, PEOPLE, NOW)
            wait(connection, number)
            costs.append(steps(connection, ask))
        database.close()
    few, many = costs
    assert 0 < many < few * 1.5
