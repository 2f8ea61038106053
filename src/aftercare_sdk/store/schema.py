"""The schema of a database: which revision it has, and bringing it up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from aftercare_sdk.errors import SchemaVersionError
from aftercare_sdk.store.database import Database


def head() -> str:
    """Return the revision that this release works with."""
    return _scripts().get_current_head() or ""


def current(database: Database) -> str | None:
    """Return the revision of `database`, or None for an empty one."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> None:
    """Bring `database` to this release's revision, in one transaction."""
    with database.write() as connection:
        _upgrade(connection)


def prepare(database: Database) -> None:
    """Make the tables of an empty database; refuse one of another revision.

    Raises SchemaVersionError that names the command to run.
    """
    found = current(database)
    if found == head():
        return
    if found is None:
        with database.write() as connection:
            if not inspect(connection).has_table("journal"):
                _upgrade(connection)
        return
    known = {script.revision for script in _scripts().walk_revisions()}
    cure = (
        "run `aftercare db upgrade`"
        if found in known
        else "it was made by a newer release: install that release, or name another database"
    )
    message = f"the database {database.where} has schema {found}, this release needs {head()}: {cure}"
    raise SchemaVersionError(message)


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
