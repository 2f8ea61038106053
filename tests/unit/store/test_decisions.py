from __future__ import annotations

from dataclasses import replace

import pytest

from aftercare_sdk.store import decisions
from aftercare_sdk.store.decisions import Decision
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


def test_not_repeated(append, found):
    """A message that is looked at again with the same result adds nothing, in one batch or in two."""
    append(decision(), decision(at=DAWN + HOUR))
    append(decision(at=DAWN + 2 * HOUR))
    assert [decision()] == found()


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
