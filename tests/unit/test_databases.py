from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support import postgres
from tests.support.databases import PostgresDatabases, migrate

ROOT = Path(__file__).parents[2]

START_AND_SLEEP = """
import time
from tests.support.postgres import start_server
print(start_server().folder, flush=True)
time.sleep(60)
"""

LEFT_OPEN: list[sa.Engine] = []


def run(url, *statements):
    """Run statements and return the rows of the last one."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                result = connection.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def prepare_shelf(url):
    """Prepare a database, and leave a connection open as careless code does."""
    engine = sa.create_engine(url)
    LEFT_OPEN.append(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE shelf (book text)"))
        connection.execute(sa.text("INSERT INTO shelf VALUES ('忘れ物')"))


@pytest.fixture(autouse=True)
def _close_what_was_left_open():
    yield
    while LEFT_OPEN:
        LEFT_OPEN.pop().dispose()


def test_a_database_is_empty(database_url):
    """Each test gets a database of its own without a table in it."""
    engine = sa.create_engine(database_url)
    with closing(engine.connect()) as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


def test_databases_are_apart(databases):
    """What is written to one database is not in the next."""
    first, second = databases.create(), databases.create()
    run(first, "CREATE TABLE shelf (book text)", "INSERT INTO shelf VALUES ('a')")
    with pytest.raises(sa.exc.DBAPIError, match="shelf"):
        run(second, "SELECT * FROM shelf")


def test_a_prepared_database_is_prepared_once(template_database):
    """Copies hold what was prepared, and writing to one changes neither the next nor the prepared one."""
    first = template_database(prepare_shelf)
    run(first, "DELETE FROM shelf")
    second = template_database(prepare_shelf)
    assert run(second, "SELECT book FROM shelf") == [("忘れ物",)]
    assert run(first, "SELECT book FROM shelf") == []
    assert len(LEFT_OPEN) <= 1


NUMBERED = """
    INSERT INTO journal (kind, shop, topic, delivery, hints, received_at, state, outcome, weight)
    VALUES ('webhook', 'main', '', '', '', 0, 'new', '', 0) RETURNING seq
"""


@pytest.mark.postgres
def test_a_database_is_lent_again_without_its_rows(postgres_databases):
    """What a test writes is not there in the next, nor who is connected still; ids begin anew."""
    import psycopg

    first = postgres_databases.copy_of(migrate)
    assert [(1,)] == run(first, NUMBERED)
    with closing(psycopg.connect(first.replace("+psycopg", ""))) as forgotten:
        forgotten.execute("SELECT pg_advisory_lock(1)")
        postgres_databases.drop_all()
        again = postgres_databases.copy_of(migrate)
        assert first == again
        assert [(0,)] == run(again, "SELECT count(*) FROM journal")
        assert [(True,)] == run(again, "SELECT pg_try_advisory_lock(1)")
        assert [(1,)] == run(again, NUMBERED)
    postgres_databases.drop_all()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE journal ADD COLUMN colour text",
        "ALTER TABLE journal ALTER COLUMN weight TYPE bigint",
        "DROP TABLE timers",
        "CREATE TABLE shelf (book text)",
        "CREATE SCHEMA shelf",
        "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE RULE nothing AS ON DELETE TO timers DO INSTEAD NOTHING",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
        "UPDATE alembic_version SET version_num = 'older'",
        "DELETE FROM alembic_version",
    ],
)
def test_a_database_with_another_schema_is_not_lent_again(postgres_databases, change):
    """What a test does to the schema is not there in the next."""
    url = postgres_databases.copy_of(migrate)
    run(url, change)
    postgres_databases.drop_all()
    assert url != postgres_databases.copy_of(migrate)
    postgres_databases.drop_all()


def test_a_database_in_use_can_be_dropped(databases):
    """A forgotten connection does not keep a database alive."""
    url = databases.create()
    engine = sa.create_engine(url)
    LEFT_OPEN.append(engine)
    with engine.connect():
        databases.drop(url)
    assert databases.create() != url


@pytest.mark.postgres
def test_the_server_is_closed_to_the_network(postgres_databases):
    """The server listens on its socket only."""
    [row] = postgres_databases.connection.execute("SHOW listen_addresses").fetchall()
    assert row == ("",)


@pytest.mark.postgres
def test_the_packaged_server_works(monkeypatch):
    """The tests run where the system has no PostgreSQL, also below a folder that others may not enter."""
    monkeypatch.setattr(postgres, "installed_programs", lambda: iter(()))
    monkeypatch.setattr(postgres.Account, "reaches", lambda *_: False)
    server = postgres.start_server()
    try:
        databases = PostgresDatabases(server)
        assert run(databases.create(), "SELECT 1") == [(1,)]
        databases.close()
    finally:
        server.stop()
    assert not server.folder.exists()


@pytest.mark.postgres
def test_a_killed_test_run_leaves_no_server_behind():
    """The server ends, and its folder disappears, when the process that started it is killed."""
    starter = subprocess.Popen(
        [sys.executable, "-c", START_AND_SLEEP],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with starter:
        folder = Path(starter.stdout.readline().strip())
        assert folder.is_dir()
        os.kill(starter.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_no_server_at_all_is_said_with_the_cure(monkeypatch):
    """Where nothing can be started, the message names what to install."""
    monkeypatch.setattr(postgres, "installed_programs", lambda: iter(()))
    monkeypatch.setattr(postgres, "packaged_programs", lambda: iter(()))
    with pytest.raises(postgres.NoServer, match=r"apt install postgresql.*none was found"):
        postgres.start_server()
