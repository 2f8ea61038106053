"""What two databases must agree on when they were told the same: the canonical projection.

Left out is what may differ: surrogate ids, receipt times (also where the moment of a read stands in for that
of a deletion, which no shop dates), versions (which of two equal pictures came by webhook and which by a
read), the order in which events became known, and identities that nothing refers to any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from aftercare_sdk.engine import readings
from aftercare_sdk.model.events import Cancellation, Event
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.model.people import Identity
from aftercare_sdk.model.records import OrderRecord, Record, RefundRecord
from aftercare_sdk.model.versions import Register, Version
from aftercare_sdk.store import events, objects, people
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Kind
from aftercare_sdk.store.tables import identities, journal, links

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
        absences = _absences(connection)
        stored = objects.everything(connection)
        used = {number for one in stored for number in (one.identity, one.contact_identity) if number}
        for row in connection.execute(select(links)):
            used |= {row.one, row.other}
        return Projection(
            objects={
                (one.record.shop, objects.kind_of(one.record), one.record.id): {
                    **told(one.record, absences.get(order_ref(one.record.shop, one.record.id), frozenset())),
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
                known.event.id: (_undated(known.event, absences), known.object, names[known.identity])
                for known in events.everything(connection)
            },
        )


def told(record: Record, absences: frozenset[datetime] = frozenset()) -> dict[str, Any]:
    """Return what a record says, without its versions and without the moments of reads that found nothing."""
    said: dict[str, Any] = _plain(record)
    if isinstance(record, OrderRecord):
        del said["refund_list"], said["refunds_told"]
        said["withdrawn"] = sorted(id_ for id_ in record.refunds if record.withdrawn(id_))
        said["cancellations"] = record.cancellations - absences
    return said


def _undated(event: Event, absences: Mapping[str, frozenset[datetime]]) -> tuple[Any, ...]:
    seen = isinstance(event, Cancellation) and event.occurred_at in absences.get(event.order_ref, ())
    return tuple(
        (entry.name, None if seen and entry.name == "occurred_at" else getattr(event, entry.name))
        for entry in fields(event)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Register):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Record | RefundRecord):
        return {
            entry.name: _plain(getattr(value, entry.name))
            for entry in fields(value)
            if entry.name not in {"latest", "seen"}
        }
    assert not isinstance(value, Version)
    return value


def _names(connection: Connection) -> dict[int, Name]:
    rows = connection.execute(select(identities)).mappings()
    return {row["id"]: (row["kind"], row["shop"], row["value"]) for row in rows}


def _name(identity: Identity) -> Name:
    return (identity.kind.value, identity.shop, identity.value)


def _absences(connection: Connection) -> Mapping[str, frozenset[datetime]]:
    """Return the moments of the reads that found an order gone, by the name of the order."""
    found: dict[str, frozenset[datetime]] = {}
    rows = connection.execute(select(journal.c.shop, journal.c.body).where(journal.c.kind == Kind.READ))
    for shop, body in rows:
        answer = readings.decode(body)
        for ref in answer.gone:
            if ref.kind == "order":
                name = order_ref(shop, ref.id)
                found[name] = found.get(name, frozenset()) | {answer.asked_at}
    return found
