"""`aftercare db`: the schema of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, connect, read_settings
from aftercare_sdk.errors import SchemaVersionError

if TYPE_CHECKING:
    from aftercare_sdk.store.database import Database

commands = typer.Typer(help="See or upgrade the schema of the database.", no_args_is_help=True)


@commands.command()
def upgrade(context: typer.Context, *, as_json: Json = False) -> None:
    """Bring it to this release.

    Stop `aftercare serve` and `work` first.
    """
    from alembic.util import CommandError

    from aftercare_sdk.store import schema

    with connect(read_settings(context)) as database:
        before = schema.current(database)
        try:
            schema.upgrade(database)
        except CommandError:
            schema.prepare(database)  # says that the database is one of a newer release
            raise
        after = schema.current(database)
    if as_json:
        output.write_json({"database": database.where, "before": before, "revision": after})
    elif before == after:
        output.write(f"{database.where} is up to date: schema {after}")
    else:
        output.write(f"{database.where}: from {before or 'nothing'} to schema {after}")


@commands.command()
def current(context: typer.Context, *, as_json: Json = False) -> None:
    """Say which schema it has.

    Ends with 1 if this release needs another one.
    """
    from aftercare_sdk.store import schema

    with connect(read_settings(context)) as database:
        found = schema.current(database) if _exists(database) else None
        mode = _mode(database) if found else None
        problem = _problem(database) if found else ""
    needed = schema.head()
    if as_json:
        told = {"database": database.where, "revision": found, "needed": needed, "mode": mode}
        output.write_json(told)
    else:
        output.show(
            output.facts(
                [
                    ("database", database.where),
                    ("schema", found or "none: the database is empty"),
                    ("needed", needed),
                    ("mode", mode or "not used yet"),
                ]
            )
        )
    if problem:
        output.note(problem)
        raise typer.Exit(output.FAILED)


def _exists(database: Database) -> bool:
    """Whether there is something to look at: looking would make the file of SQLite."""
    return database.path is None or database.path.exists()


def _problem(database: Database) -> str:
    """Return why this release cannot work with the database, and the cure."""
    from aftercare_sdk.store import schema

    try:
        schema.prepare(database)
    except SchemaVersionError as error:
        return str(error)
    return ""


def _mode(database: Database) -> str | None:
    from aftercare_sdk.engine.brand import MODE
    from aftercare_sdk.store import control

    with database.read() as connection:
        return control.setting(connection, MODE)
