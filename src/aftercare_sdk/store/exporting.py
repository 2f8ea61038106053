"""All rows that are held of a person, by table, for the person to read. Personal data throughout."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from aftercare_sdk.store.codec import load_any
from aftercare_sdk.store.tables import (
    commands,
    complaints,
    consents,
    copies,
    decisions,
    entries,
    events,
    lots,
    memory,
    messages,
    outcomes,
    redemptions,
    suppressions,
    timers,
)
from aftercare_sdk.store.timers import ENGINE

Row = Mapping[str, Any]

_JSON = frozenset({"data", "detail", "categories", "uses", "payload"})
_FLAGS = frozenset({"by_person", "refusal_offered"})
_COLUMNS: Mapping[Table, str] = {
    consents: "at until channel purpose word basis by_person source form form_hash url ordered "
    "refusal_offered categories actor",
    suppressions: "at kind reason source lifted_at",
    messages: "planned_at due_at submitted_at final_at state code purpose channel plugin label template "
    "reason data detail",
    complaints: "at key",
    outcomes: "at kind reason bounce channel",
    lots: "awarded_at label plugin object earned spent remaining debt available_at expires_at reason",
    entries: "at kind cause points debt actor note",
    redemptions: "redeemed_at name code state expires_at uses",
    timers: "plugin name due_at data",
    memory: "plugin name value",
    commands: "planned_at plugin kind label payload state reason",
    events: "occurred_at kind shop object_kind object data",
    decisions: "at plugin event verdict code detail",
}
"""What a person is shown of each table, in this order."""


def rows(
    connection: Connection, members: Collection[int], hashes: Collection[str]
) -> dict[str, tuple[Row, ...]]:
    """Return what is held of identities, by table; `hashes` are those of their addresses."""
    ids = sorted(members)
    written = or_(messages.c.identity.in_(ids), messages.c.recipient.in_(ids))
    which: dict[Table, ColumnElement[bool]] = {
        table: table.c.identity.in_(ids) for table in _COLUMNS if "identity" in table.c
    }
    which[messages] = written
    which[outcomes] = outcomes.c.message.in_(select(messages.c.key).where(written))
    which[timers] = and_(which[timers], timers.c.plugin != ENGINE)
    which[suppressions] = or_(which[suppressions], suppressions.c.address.in_(sorted(hashes)))
    found = {table.name: _rows(connection, table, where) for table, where in which.items()}
    return {table.name: found[table.name] for table in _COLUMNS}


def _rows(connection: Connection, table: Table, where: ColumnElement[bool]) -> tuple[Row, ...]:
    columns = [table.c[name] for name in _COLUMNS[table].split()]
    statement = select(*columns).where(where).order_by(columns[0], *table.primary_key)
    if table is messages:
        statement = statement.add_columns(copies.c.subject, copies.c.text).join(
            copies, copies.c.message == messages.c.key, isouter=True
        )
    return tuple(
        {name: _read(name, value) for name, value in row.items()}
        for row in connection.execute(statement).mappings()
    )


def _read(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return bool(value)
    return load_any(value) if name in _JSON and value else value
