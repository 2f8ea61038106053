"""The schema of a database: which revision it has, and bringing it up to date."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from aftercare_sdk.errors import SchemaVersionError
from aftercare_sdk.store.database import Database

_ADVISORY_KEY = 0x61667473  # "afts", beside the decider's


@cache
def head() -> str:
    """Return the revision that this release works with."""
    return _scripts().get_current_head() or ""


def current(database: Database) -> str | None:
    """Return the revision of `database`, or None for an empty one."""
    with database.read() as connection:
        return _current(connection)


def upgrade(database: Database) -> None:
    """Bring `database` to this release's revision, in one transaction."""
    with database.write() as connection:
        _upgrade(connection)


def prepare(database: Database) -> None:
    """Make the tables of an empty database; refuse one of another revision.

    Raises SchemaVersionError that names the command to run.
    """
    found = current(database) or _make(database)
    if found == head():
        return
    known = {script.revision for script in _scripts().walk_revisions()}
    cure = (
        "run `aftercare db upgrade`"
        if found in known
        else "it was made by a newer release: install that release, or name another database"
    )
    message = f"the database {database.where} has schema {found}, this release needs {head()}: {cure}"
    raise SchemaVersionError(message)


def _make(database: Database) -> str | None:
    """Make the tables of an empty database; return its revision, which another process may have made."""
    with database.write() as connection:
        if not database.is_sqlite:  # where a write waits for the others anyway
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
        if _current(connection) is None:
            _upgrade(connection)
        return _current(connection)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
