from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from aftercare_sdk.store import memory
from aftercare_sdk.store.memory import Note, Remembered


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args):
        with database.write() as connection:
            return function(connection, *args)

    return call


def note(plugin, identity, name="asked", value="yes", **said):
    """Return what a plugin wants kept of a person who has one identity, unless said otherwise."""
    told = {"plugin": plugin, "person": [identity], "identity": identity, "name": name, "value": value}
    return Note(**{**told, "seq": 1, **said})


def test_remembered(store):
    """A value is kept under its name, for the plugin and the identity that it belongs to."""
    store(
        memory.keep,
        [
            note("late", 1, value="はい", seq=7),
            note("late", 2, value="no", seq=8),
            note("flows", 1, value="yes", seq=9),
        ],
    )
    assert {
        ("late", 1): [Remembered(name="asked", value="はい", seq=7)],
        ("flows", 1): [Remembered(name="asked", value="yes", seq=9)],
    } == store(memory.of_identities, [1])
    assert {} == store(memory.of_identities, [])


def test_the_last_word_counts(store):
    """A value under a name that is taken replaces it, whichever identity of the person it was kept with."""
    store(memory.keep, [note("late", 1, value="a"), note("late", 2, value="b")])
    store(memory.keep, [note("late", 2, value="c", person=[1, 2], seq=2)])
    assert {("late", 2): [Remembered(name="asked", value="c", seq=2)]} == store(memory.of_identities, [1, 2])


def test_a_name_comes_up_once(store):
    """Two values for one name at once would depend on chance, and are refused."""
    with pytest.raises(IntegrityError):
        store(memory.keep, [note("late", 1, value="a"), note("late", 1, value="b")])


def test_forgotten(store):
    """A name is forgotten for all identities of a person, and for no other plugin, name or person."""
    store(
        memory.keep,
        [
            note("late", 1, "a"),
            note("late", 2, "a"),
            note("late", 1, "b", "v"),
            note("late", 3, "a"),
            note("x", 1, "a"),
        ],
    )
    store(memory.keep, [note("late", 1, "a", None, person=[1, 2])])
    assert {("late", 1), ("late", 3), ("x", 1)} == store(memory.of_identities, [1, 2, 3]).keys()
    store(memory.keep, [note("late", 4, "b", None), note("late", 1, "b", None, person=[])])
    assert [Remembered(name="b", value="v", seq=1)] == store(memory.of_identities, [1])["late", 1]


def test_repr_tells_no_value():
    """What is remembered may be somebody's words: it is not logged."""
    assert "private" not in repr(note("late", 1, value="private"))
