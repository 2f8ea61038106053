from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from aftercare_sdk.store import memory
from aftercare_sdk.store.memory import Remembered


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args):
        with database.write() as connection:
            return function(connection, *args)

    return call


def test_remembered(store):
    """A value is kept under its name, for the plugin and the identity that it belongs to."""
    store(memory.remember, "late", 1, "asked", "はい", 7)
    store(memory.remember, "late", 2, "asked", "no", 8)
    store(memory.remember, "flows", 1, "asked", "yes", 9)
    assert {
        ("late", 1): [Remembered(name="asked", value="はい", seq=7)],
        ("flows", 1): [Remembered(name="asked", value="yes", seq=9)],
    } == store(memory.of_identities, [1])
    assert {} == store(memory.of_identities, [])


def test_a_name_is_taken_once(store):
    """A name that is taken must be forgotten first."""
    store(memory.remember, "late", 1, "asked", "a", 1)
    with pytest.raises(IntegrityError):
        store(memory.remember, "late", 1, "asked", "b", 2)


def test_forgotten(store):
    """A name is forgotten for all identities of a person, and for no other plugin, name or person."""
    for plugin, identity, name in [
        ("late", 1, "a"),
        ("late", 2, "a"),
        ("late", 1, "b"),
        ("late", 3, "a"),
        ("x", 1, "a"),
    ]:
        store(memory.remember, plugin, identity, name, "v", 1)
    store(memory.forget, "late", [1, 2], "a")
    assert {("late", 1), ("late", 3), ("x", 1)} == store(memory.of_identities, [1, 2, 3]).keys()
    store(memory.forget, "late", [], "b")
    assert [Remembered(name="b", value="v", seq=1)] == store(memory.of_identities, [1])["late", 1]
