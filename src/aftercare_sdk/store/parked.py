"""Where something is parked for a person: which plugins, and which shops. However much of it there is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.tables import journal, units


def plugins(connection: Connection) -> list[str]:
    """Return the plugins that have parked units."""
    return _distinct(connection, units.c.plugin, units.c.state == literal_text("parked"))


def shops(connection: Connection) -> list[str]:
    """Return the shops that have parked rows in the journal."""
    return _distinct(connection, journal.c.shop, journal.c.state == literal_text("parked"))


def _distinct(connection: Connection, name: ColumnElement[Any], is_parked: ColumnElement[bool]) -> list[str]:
    """Return the names, with one look into the index for each."""
    found: list[str] = []
    statement = select(func.min(name)).where(is_parked)
    while (one := connection.execute(statement).scalar()) is not None:
        found.append(one)
        statement = select(func.min(name)).where(is_parked, name > one)
    return found
