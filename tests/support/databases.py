"""A pytest plugin with fresh databases, so that the same test runs on SQLite and on PostgreSQL.

`database_url`            an empty database, once per kind
`migrated_database_url`   the same with the schema of the SDK in it
`template_database`       a function: hand it what prepares a database, get a fresh copy of the prepared one
`databases`               several databases in one test: `create()`, `copy_of(prepare)`, `drop(url)`

PostgreSQL is one private server per test process, started when the first test asks for it. Where none can be
started its tests are skipped; with AFTERCARE_REQUIRE_POSTGRES=1 they fail instead.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from sqlalchemy import make_url

from tests.support.postgres import OWNER, NoServer, Server, start_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    Prepare = Callable[[str], object]


class Databases(Protocol):
    """Databases of one kind. All that are still there are removed after the test."""

    def create(self) -> str:
        """Make an empty database and return its URL."""

    def copy_of(self, prepare: Prepare) -> str:
        """Make a copy of a database that `prepare(url)` has filled, once per session and function."""

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""


class SQLiteDatabases:
    """Files: the databases of a test in its own folder, the prepared ones in a folder of the session."""

    def __init__(self, folder: Path, templates: dict[Prepare, Path], template_folder: Path) -> None:
        self.folder = folder
        self.templates = templates
        self.template_folder = template_folder
        self.numbers = count(1)

    def create(self) -> str:
        return f"sqlite:///{self._path()}"

    def copy_of(self, prepare: Prepare) -> str:
        template = self.templates.get(prepare)
        if template is None:
            template = self.template_folder / f"prepared-{len(self.templates)}.db"
            prepare(f"sqlite:///{template}")
            # What still stands in the write-ahead log must be in the file that is copied.
            with closing(sqlite3.connect(template)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.templates[prepare] = template
        path = self._path()
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{make_url(url).database}{suffix}").unlink(missing_ok=True)

    def _path(self) -> Path:
        return self.folder / f"aftercare-{next(self.numbers)}.db"


# What a database of PostgreSQL is but for its rows: every change of the schema changes a row of these.
SHAPE = """
    SELECT (SELECT array_agg((oid, xmin::text)::text ORDER BY oid) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace),
           (SELECT sum(hashtext((attrelid, attnum, a.xmin::text)::text)) FROM pg_attribute AS a
            JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_namespace),
           (SELECT count(*) FROM pg_db_role_setting),
           (SELECT string_agg(version_num, ' ') FROM alembic_version),
           (SELECT sum(pg_relation_size(oid)) < 4000000 FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
"""
# DELETE is quicker than TRUNCATE where there are few rows. In the role of a replica no key is checked.
EMPTY = """
    DO $$
    DECLARE name text;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR name IN SELECT oid::regclass FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
        LOOP
            EXECUTE 'DELETE FROM ' || name;
        END LOOP;
        PERFORM setval(oid, 1, false) FROM pg_class
            WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
    END $$
"""


class Lent:
    """A database with the schema of the SDK that one test after the other gets, without any rows."""

    def __init__(self, server: Server, name: str) -> None:
        import psycopg

        self.name = name
        self.connection: psycopg.Connection = psycopg.connect(
            host=str(server.folder), user=OWNER, dbname=name, autocommit=True
        )
        self.shape = self._look()

    def emptied(self) -> bool:
        """Take out all that a test has put in; return whether it is as good as new then.

        It is not if the test has changed the schema, or written so much that what is left of it slows down.
        """
        import psycopg

        try:
            self.connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if self._look() != self.shape:
                return False
            self.connection.execute(EMPTY)
        except psycopg.Error:  # the test has ended this connection too, or dropped what is asked for
            return False
        return True

    def close(self) -> None:
        """Let go of it."""
        self.connection.close()

    def _look(self) -> object:
        return self.connection.execute(SHAPE).fetchone()


class PostgresDatabases:
    """Databases of the private server.

    Those with the schema of the SDK and nothing else are emptied after a test and lent to the next.
    """

    def __init__(self, server: Server) -> None:
        # Late, because somebody may run the other tests without the extra `postgres`.
        import psycopg

        self.server = server
        self.connection = psycopg.connect(
            host=str(server.folder), user=OWNER, dbname="postgres", autocommit=True
        )
        self.templates: dict[Prepare, str] = {}
        self.numbers = count(1)
        self.present: set[str] = set()
        self.lent: dict[str, Lent] = {}
        self.free: list[Lent] = []
        # Copying files is quicker than writing them to the log; before 15 nothing else was done.
        self.quickly = " STRATEGY FILE_COPY" if self.connection.info.server_version >= 150_000 else ""
        # Only since 14 one can wait for the end of a connection.
        self.emptying = self.connection.info.server_version >= 140_000

    def create(self) -> str:
        return self._create(template="template0")

    def copy_of(self, prepare: Prepare) -> str:
        if prepare is migrate and self.free:
            lent = self.free.pop()
            self.lent[lent.name] = lent
            return self.server.url(lent.name)
        template = self.templates.get(prepare)
        if template is None:
            template = f"prepared_{next(self.numbers)}"
            self.connection.execute(f"CREATE DATABASE {template} TEMPLATE template0")
            prepare(self.server.url(template))
            # PostgreSQL copies only what nobody is connected to, and `prepare` may have left a pool behind.
            self.connection.execute(f"ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false")
            self.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template]
            )
            self.templates[prepare] = template
        url = self._create(template=template)
        if prepare is migrate and self.emptying:
            name = str(make_url(url).database)
            self.present.discard(name)
            self.lent[name] = Lent(self.server, name)
        return url

    def drop(self, url: str) -> None:
        name = str(make_url(url).database)
        if lent := self.lent.pop(name, None):
            lent.close()
        self._drop(name)

    def drop_all(self) -> None:
        """Remove what a test has left."""
        for name, lent in sorted(self.lent.items()):
            if lent.emptied():
                del self.lent[name]
                self.free.append(lent)
            else:
                self.drop(self.server.url(name))
        for name in sorted(self.present):
            self._drop(name)

    def close(self) -> None:
        """Let go of the server."""
        for lent in (*self.lent.values(), *self.free):
            lent.close()
        self.connection.close()

    def _create(self, *, template: str) -> str:
        name = f"test_{next(self.numbers)}"
        self.connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}{self.quickly}")
        self.present.add(name)
        return self.server.url(name)

    def _drop(self, name: str) -> None:
        self.connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.present.discard(name)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Prepare, Path], Path]:
    """Keep the prepared SQLite files of the session."""
    return {}, tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Start the private server when the first test needs it, and end it with the session."""
    try:
        server = start_server()
    except NoServer as problem:
        if os.environ.get("AFTERCARE_REQUIRE_POSTGRES") == "1":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(str(problem))
    try:
        databases = PostgresDatabases(server)
        yield databases
        databases.close()
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Offer as many databases as a test wants, of one kind; the test runs once for each kind."""
    if request.param == "sqlite":
        templates, folder = request.getfixturevalue("sqlite_templates")
        yield SQLiteDatabases(request.getfixturevalue("tmp_path"), templates, folder)
        return
    postgres: PostgresDatabases = request.getfixturevalue("postgres_databases")
    yield postgres
    postgres.drop_all()


@pytest.fixture
def database_url(databases: Databases) -> str:
    """Return the URL of an empty database."""
    return databases.create()


@pytest.fixture
def template_database(databases: Databases) -> Callable[[Prepare], str]:
    """Return a function that copies a prepared database: `template_database(prepare)` gives a URL.

    `prepare(url)` runs once per session and kind of database, so hand over a function of the module, not a
    new one each time.
    """
    return databases.copy_of


@pytest.fixture
def migrated_database_url(databases: Databases) -> str:
    """Return the URL of a database that has the schema of the SDK and nothing else."""
    return databases.copy_of(migrate)


def migrate(url: str) -> None:
    """Bring an empty database to the newest schema."""
    # Late, so that the tests of the lower rooms run without loading the store.
    from aftercare_sdk.store.database import Database
    from aftercare_sdk.store.schema import upgrade

    database = Database(url)
    upgrade(database)
    database.close()
