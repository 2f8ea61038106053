from __future__ import annotations

from dataclasses import replace

import pytest

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import decisions, messages
from aftercare_sdk.store.decisions import CheckLine, Decision
from tests.support.histories import DAWN, HOUR
from tests.unit.store.test_messages import message


def decision(**said):
    """Return a decision about a message."""
    return Decision(
        **{
            "at": DAWN,
            "identity": 1,
            "plugin": "flows",
            "event": "main/order/1042/purchase",
            "message": "m-1",
            "verdict": "held",
            "code": "awaiting_read",
            "detail": {"object": "order 1042"},
            **said,
        }
    )


@pytest.fixture
def append(database):
    """A function that appends decisions in a transaction of its own."""

    def note(*made):
        with database.write() as connection:
            decisions.append(connection, made)

    return note


@pytest.fixture
def found(database):
    """A function that returns the decisions about some identities."""

    def look(*identities):
        with database.read() as connection:
            return decisions.of_identities(connection, identities or (1,))

    return look


def test_every_field(append, found):
    """A decision comes back as it was made, oldest first, by person and by message."""
    made = [decision(), decision(verdict="accepted", detail={}), decision(message="", event="")]
    append(*made)
    append(decision(identity=2, message="m-2"))
    assert made == found()
    assert [*made, decision(identity=2, message="m-2")] == found(1, 2)


CHECKS = (
    CheckLine(name="window", rule="WINDOW", code="window_open", values={"due": "then", "until": "later"}),
    CheckLine(name="recipient", rule="ADDRESS", code="has_address"),
    CheckLine(
        name="quiet_hours",
        rule="LAW-22",
        code="quiet_hours",
        values={"from": "08:00"},
        outcome="defer",
        until=DAWN + HOUR,
    ),
)


def test_checks(append, found):
    """Each check is a line of its own: what it looked at, what it said, and when that may change."""
    may_change = replace(CHECKS[0], until=DAWN)
    for number, checks in enumerate([CHECKS, CHECKS[:2], (may_change, replace(CHECKS[1], outcome="deny"))]):
        append(decision(message=f"m-{number}", checks=checks))
        assert checks == found()[-1].checks


def test_identical_verdicts_are_folded(append, found):
    """A message that is looked at again with the same result is counted, in one batch or in two."""
    append(decision(), decision(at=DAWN + HOUR))
    append(decision(at=DAWN + 2 * HOUR, checks=CHECKS))
    assert [decision(times=3, last_at=DAWN + 2 * HOUR, checks=CHECKS)] == found()


def test_nothing_grows_with_polling(append, found):
    """Looked at hourly for a week, whatever else is decided: one line, 168 times."""
    for number in range(168):
        append(decision(at=DAWN + number * HOUR), decision(message=f"other-{number}"))
    [held] = [one for one in found() if one.message == "m-1"]
    assert decision(times=168, last_at=DAWN + 167 * HOUR) == held


@pytest.mark.parametrize("change", [{"verdict": "deferred"}, {"code": "other"}, {"detail": {}}])
def test_what_is_new(append, found, change):
    """A new verdict, reason or value is told, also if it was so once before."""
    append(decision(), decision(**change))
    append(decision())
    assert [decision(), decision(**change), decision()] == found()


def test_without_a_message(append, found):
    """What is about no message is told every time."""
    append(decision(message=""), decision(message=""))
    assert 2 == len(found())


def test_of_messages(append, database):
    """Decisions are found by their message, whoever it belonged to then."""
    append(decision(), decision(identity=7, verdict="accepted"), decision(message="m-2"))
    with database.read() as connection:
        told = decisions.of_messages(connection, ["m-1"])
    assert [decision(), decision(identity=7, verdict="accepted")] == told


def test_about():
    """A decision about a message carries whose it is, what planned it and what caused it."""
    made = decisions.about(message(identity=3), DAWN, "held", "awaiting_read", {"object": "order 1042"})
    assert replace(decision(), identity=3) == made


def test_declined(append, database):
    """Why a plugin planned nothing is found by what it was told of, whoever that is about."""
    no = decision(message="", verdict="declined", code="order_refunded", identity=9)
    append(no, decision(), decision(message="", verdict="done"))
    with database.read() as connection:
        assert [no] == decisions.declined(connection, ["main/order/1042/purchase"])
        assert [] == decisions.declined(connection, [])


def forget(database, before, limit=100):
    """Delete what is older than a moment."""
    with database.write() as connection:
        return decisions.forget(connection, before=before, limit=limit)


def test_old_decisions_are_forgotten_once_their_message_is_final(append, found, database):
    """What still waits keeps its history; a verdict that was found again lately is not old."""
    with database.write() as connection:
        messages.plan(
            connection,
            [message(key="open"), message(key="over", id="2", state=MessageState.SKIPPED)],
        )
    kept = [
        decision(message="open"),
        decision(message="over", verdict="deferred", last_at=DAWN + 3 * HOUR, times=2),
    ]
    append(*kept, decision(message="over"), decision(message=""))
    append(decision(message="", at=DAWN + 2 * HOUR))
    assert 2 == forget(database, DAWN + HOUR)
    assert [*kept, decision(message="", at=DAWN + 2 * HOUR)] == found()
    assert 0 == forget(database, DAWN + HOUR)


def test_no_more_is_forgotten_at_once_than_asked_for(append, found, database):
    """A table of years must not be locked for long."""
    append(*(decision(message="", at=DAWN + number * HOUR) for number in range(3)))
    assert [2, 1, 0] == [forget(database, DAWN + 9 * HOUR, limit=2) for _ in range(3)]
    assert [] == found()
