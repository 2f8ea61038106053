"""What two databases must agree on when they were told the same: the canonical projection.

Left out is what may differ: surrogate ids, receipt times (also where the moment of a read stands in for that
of a deletion, which no shop dates), versions (which of two equal pictures came by webhook and which by a
read), the order in which events became known, and identities that nothing refers to any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from aftercare_sdk.model.people import Identity
from aftercare_sdk.model.records import kind_of
from aftercare_sdk.store import events, objects, people
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.tables import identities, links
from aftercare_sdk.testing.projection import absences_in, is_trace, told, undated

Name = tuple[str, str, str]
"""Kind, shop and value of an identity."""


@dataclass(frozen=True)
class Projection:
    """Objects by key, customers as sets of identities, events by id."""

    objects: Mapping[tuple[str, str, str], Mapping[str, Any]]
    people: frozenset[frozenset[Name]]
    events: Mapping[str, tuple[Any, ...]]


def project(database: Database) -> Projection:
    """Return the canonical projection of a database."""
    with database.read() as connection:
        names = _names(connection)
        absences = absences_in(connection)
        stored = [one for one in objects.everything(connection) if not is_trace(one.record)]
        used = {number for one in stored for number in (one.identity, one.contact_identity) if number}
        for row in connection.execute(select(links)):
            used |= {row.one, row.other}
        return Projection(
            objects={
                (one.record.shop, kind_of(one.record), one.record.id): {
                    **told(one.record, absences),
                    "of": names.get(one.identity or 0),
                    "written to": names.get(one.contact_identity or 0),
                }
                for one in stored
            },
            people=frozenset(
                frozenset(known)
                for several in people.partition(connection)
                if (known := {_name(one) for one in several} & {names[number] for number in used})
            ),
            events={
                known.event.id: (
                    undated(known.event, absences),
                    (known.object_kind, known.object),
                    names[known.identity],
                )
                for known in events.everything(connection)
            },
        )


def _names(connection: Connection) -> dict[int, Name]:
    rows = connection.execute(select(identities)).mappings()
    return {row["id"]: (row["kind"], row["shop"], row["value"]) for row in rows}


def _name(identity: Identity) -> Name:
    return (identity.kind.value, identity.shop, identity.value)
