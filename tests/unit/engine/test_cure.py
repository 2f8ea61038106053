from __future__ import annotations

import pytest

from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.errors import StorageUnavailable


@pytest.mark.parametrize(
    ("what", "cure"),
    [
        ("database or disk is full", "free some room on its disk"),
        ("attempt to write a readonly database", "give this user the right to write"),
        ("ReadOnlySqlTransaction", "name the server that takes writes"),
        ("database is locked", "find the other process that keeps writing to it"),
        ("disk I/O error", "look at the health and the room of its disk"),
        ("unable to open database file", "look whether its folder is there"),
        ("OperationalError", "look whether it runs and can be reached from here"),
    ],
)
def test_what_a_database_says_is_told_with_what_mends_it(what, cure):
    """What happened, where, and what to do, on one line of the log."""
    told = with_cure(StorageUnavailable(f"the database sqlite:///a.db cannot be used now: {what}"))
    assert told.startswith(f"the database sqlite:///a.db cannot be used now: {what}; ")
    assert cure in told
