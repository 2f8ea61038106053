"""What plugins remember of customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, select

from aftercare_sdk.store.tables import memory

ENGINE = ""
"""Whose memory holds what the engine itself keeps of a person."""
TIER = "tier"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a plugin wants kept under a name, for one person: a value, or None to forget the name.

    `person` are all identities of the person, `identity` the one that the value is kept with. `seq` is the
    place of the event that it comes from.
    """

    plugin: str
    person: Sequence[int]
    identity: int
    name: str
    value: str | None = field(repr=False)
    seq: int


def keep(connection: Connection, notes: Sequence[Note]) -> None:
    """Replace what is remembered, for all identities of each person; a name may come up once only."""
    old = [
        {"of": one.plugin, "who": identity, "called": one.name} for one in notes for identity in one.person
    ]
    if old:
        connection.execute(_FORGET, old)
    rows = [
        {
            "plugin": one.plugin,
            "identity": one.identity,
            "name": one.name,
            "value": one.value,
            "seq": one.seq,
        }
        for one in notes
        if one.value is not None
    ]
    if rows:
        connection.execute(insert(memory), rows)


_FORGET = delete(memory).where(
    memory.c.plugin == bindparam("of"),
    memory.c.identity == bindparam("who"),
    memory.c.name == bindparam("called"),
)
