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
from tests.support.databases import PostgresDatabases

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
