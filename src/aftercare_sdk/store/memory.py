"""What plugins remember of customers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from aftercare_sdk.store.tables import memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A value under its name; `seq` is the place of the event that it comes from.

    Identities that were joined may each bring a value under the same name: the latest counts.
    """

    name: str
    value: str
    seq: int


def of_identities(connection: Connection, wanted: Collection[int]) -> dict[tuple[str, int], list[Remembered]]:
    """Return what each plugin remembers of each identity."""
    rows = connection.execute(select(memory).where(memory.c.identity.in_(sorted(wanted)))).mappings()
    found: dict[tuple[str, int], list[Remembered]] = {}
    for row in rows:
        one = Remembered(name=row["name"], value=row["value"], seq=row["seq"])
        found.setdefault((row["plugin"], row["identity"]), []).append(one)
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
