"""What plugins remember of customers."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from aftercare_sdk.store.tables import memory


def of_identities(connection: Connection, wanted: Collection[int]) -> dict[tuple[str, int], dict[str, str]]:
    """Return what each plugin remembers of each identity; the latest event wins where both know a name."""
    rows = connection.execute(
        select(memory).where(memory.c.identity.in_(sorted(wanted))).order_by(memory.c.seq)
    ).mappings()
    found: dict[tuple[str, int], dict[str, str]] = {}
    for row in rows:
        found.setdefault((row["plugin"], row["identity"]), {})[row["name"]] = row["value"]
    return found


def remember(connection: Connection, plugin: str, identity: int, name: str, value: str, seq: int) -> None:  # noqa: PLR0917 - the columns in their order
    """Keep a value under a name that is free; `seq` is the event's place."""
    connection.execute(
        insert(memory).values(plugin=plugin, identity=identity, name=name, value=value, seq=seq)
    )


def forget(connection: Connection, plugin: str, identities: Collection[int], name: str) -> None:
    """Forget a name for all identities of a person."""
    connection.execute(
        delete(memory).where(
            memory.c.plugin == plugin, memory.c.identity.in_(sorted(identities)), memory.c.name == name
        )
    )
