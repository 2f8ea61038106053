from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from aftercare_sdk.errors import SchemaVersionError
from aftercare_sdk.store import schema
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.tables import metadata


def stamp(database, revision):
    """Say that a database has another revision."""
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def indexes(database):
    """Return every index as the database itself describes it, conditions included."""
    source = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if database.is_sqlite
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    with database.read() as connection:
        return {
            row[0]: " ".join(row[1].split())
            for row in connection.execute(text(source))
            if "alembic" not in row[0]
        }


def test_migrated_equals_tables(database):
    """What the migrations make is what the code believes there is: nothing is left for Alembic to change."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert [] == compare_metadata(context, metadata)


def test_migrated_indexes(database, empty):
    """So are the indexes, with the conditions of partial ones, which Alembic does not compare."""
    with empty.write() as connection:
        metadata.create_all(connection)
    assert indexes(empty) == indexes(database)
    assert any(" WHERE " in index for index in indexes(database).values())


def test_prepare_makes_an_empty_database(empty):
    """An empty database gets its tables, and is then as a migrated one."""
    assert schema.current(empty) is None
    schema.prepare(empty)
    assert schema.head() == schema.current(empty)
    with empty.read() as connection:
        assert metadata.tables.keys() <= set(inspect(connection).get_table_names())


def test_prepare_again(database):
    """A database that is up to date stays as it is."""
    before = indexes(database)
    schema.prepare(database)
    assert (schema.head(), before) == (schema.current(database), indexes(database))


def test_upgrade_again(database):
    """To upgrade what is up to date does nothing."""
    schema.upgrade(database)
    assert schema.head() == schema.current(database)


def test_several_at_once(empty):
    """Processes that start at the same moment on an empty database make it once, and all go on."""
    gate = threading.Barrier(4)
    problems: list[Exception] = []

    def start():
        database = Database(empty.url.render_as_string(hide_password=False))
        gate.wait()
        try:
            schema.prepare(database)
        except Exception as error:  # noqa: BLE001 - for the assertion below
            problems.append(error)
        database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == problems
    assert schema.head() == schema.current(empty)


def test_newer_database(database):
    """A database of a newer release is refused; the cure is to install that release."""
    stamp(database, "9999")
    with pytest.raises(SchemaVersionError, match=r"schema 9999.*install that release") as caught:
        schema.prepare(database)
    assert "db upgrade" not in str(caught.value)


def test_older_database(database, monkeypatch):
    """A database of an older release is refused with the command to run."""
    older = schema.head()
    monkeypatch.setattr(schema, "head", lambda: "0002")
    with pytest.raises(
        SchemaVersionError, match=f"schema {older}, .* needs 0002: run `aftercare db upgrade`"
    ):
        schema.prepare(database)


def test_refusal_names_no_password(database):
    """The message names the database, and not its password."""
    stamp(database, "9999")
    database.url = database.url.set(password="hunter2") if not database.is_sqlite else database.url
    with pytest.raises(SchemaVersionError) as caught:
        schema.prepare(database)
    assert "hunter2" not in str(caught.value)
    assert str(database.url.database) in str(caught.value)
