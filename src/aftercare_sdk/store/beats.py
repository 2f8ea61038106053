"""Beats: when something was last seen to go on, one row for each. What never beats has no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import beats


def note(connection: Connection, moments: Mapping[str, datetime]) -> None:
    """Note when things were seen. An earlier moment than the known one changes nothing."""
    if not moments:
        return
    statement = insert_into(connection, beats)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"at": statement.excluded["at"]},
            where=beats.c.at < statement.excluded["at"],
        ),
        [{"name": name, "at": at} for name, at in sorted(moments.items())],
    )


def expect(connection: Connection, names: Iterable[str], now: datetime) -> None:
    """Let what has never been seen count as seen now: from now on it is missed."""
    rows = [{"name": name, "at": now} for name in sorted(names)]
    if rows:
        connection.execute(insert_into(connection, beats).on_conflict_do_nothing(), rows)


def forget(connection: Connection, name: str) -> None:
    """Let something not be known any more."""
    connection.execute(delete(beats).where(beats.c.name == name))


def everything(connection: Connection) -> Mapping[str, datetime]:
    """Return when each was last seen."""
    return {row.name: row.at for row in connection.execute(select(beats))}
