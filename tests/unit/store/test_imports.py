from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from aftercare_sdk.store import imports, journal
from aftercare_sdk.store.imports import Mark
from aftercare_sdk.store.journal import Arrival, Kind, State

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
MARK = Mark(id="a" * 64, shop="main", format="canonical", began_at=NOW, exported_at=NOW)


def test_a_mark_moves_on_from_where_it_is(database):
    """And from nowhere else: two runs of one import cannot both write."""
    with database.write() as connection:
        assert None is imports.find(connection, MARK.id)
        imports.begin(connection, MARK)
        assert MARK == imports.find(connection, MARK.id)
        assert imports.advance(connection, MARK, 100, None)
        assert not imports.advance(connection, MARK, 100, None)
        there = replace(MARK, groups=100)
        assert there == imports.find(connection, MARK.id)
        assert imports.advance(connection, there, 150, NOW)
        assert not imports.advance(connection, replace(there, groups=150), 200, NOW)


def test_an_import_can_begin_again(database):
    """With the moments of its first time."""
    with database.write() as connection:
        imports.begin(connection, MARK)
        imports.advance(connection, MARK, 100, NOW)
        imports.begin(connection, MARK)
        assert MARK == imports.find(connection, MARK.id)


def test_rows_out_of_files_that_wait_are_counted(database):
    """Those of others are not, and neither is what is done."""
    kinds = [(Kind.IMPORT, State.NEW), (Kind.WEBHOOK, State.NEW), (Kind.IMPORT, State.DONE)] * 2
    with database.write() as connection:
        for kind, state in kinds:
            arrival = Arrival(kind=kind, shop="main", topic="", received_at=NOW, body=b"", state=state)
            journal.append(connection, [arrival])
        assert [1, 2, 2] == [imports.waiting(connection, most) for most in (1, 2, 10)]
