"""The facts of a database, without what may differ between two that were told the same.

Left out are surrogate ids, receipt times (also where the moment of a read stands in for that of a deletion,
which no shop dates), versions (which of two equal pictures came by webhook and which by a read), and the
order in which events became known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from aftercare_sdk.engine import readings
from aftercare_sdk.model.events import Cancellation, Event
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.model.records import LineProduct, OrderRecord, Record, RefundRecord, gone, kind_of
from aftercare_sdk.model.versions import Register, Version, content
from aftercare_sdk.store import events, objects
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Kind
from aftercare_sdk.store.tables import identities, journal

Key = tuple[str, str]
"""Kind and id of an object."""
Absences = Mapping[str, frozenset[datetime]]
"""The moments of the reads that found an order gone, by the name of the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known: objects, and events with the object that each is about, by id."""

    objects: Mapping[Key, Mapping[str, Any]] = field(repr=False)
    events: Mapping[str, tuple[Key, Any]] = field(repr=False)

    def but(self, left_out: set[Key]) -> Facts:
        """Return the facts without some objects and their events."""
        return Facts(
            objects={key: told for key, told in self.objects.items() if key not in left_out},
            events={name: told for name, told in self.events.items() if told[0] not in left_out},
        )

    def differences(self, other: Facts) -> Iterator[str]:
        """Say what `other` knows otherwise, by names and fields: what they hold may be personal."""
        for name in sorted({*self.events, *other.events}):
            mine, theirs = self.events.get(name), other.events.get(name)
            if mine != theirs:
                yield f"event {name}: " + (_which(mine, theirs) or "differs")
        for key in sorted({*self.objects, *other.objects}):
            mine_, theirs_ = self.objects.get(key), other.objects.get(key)
            if mine_ != theirs_:
                differing = [
                    name
                    for name in {**(mine_ or {}), **(theirs_ or {})}
                    if (mine_ or {}).get(name) != (theirs_ or {}).get(name)
                ]
                yield f"{key[0]} {key[1]}: " + (
                    _which(mine_, theirs_) or f"differs in {', '.join(differing)}"
                )


def project(database: Database) -> Facts:
    """Return the facts in a database."""
    with database.read() as connection:
        rows = connection.execute(select(identities)).mappings()
        names = {row["id"]: (row["kind"], row["shop"], row["value"]) for row in rows}
        absences = absences_in(connection)
        return Facts(
            objects={
                (kind_of(one.record), one.record.id): {
                    **told(one.record, absences),
                    "customer identity": names.get(one.identity or 0),
                    "mailbox": names.get(one.contact_identity or 0),
                }
                for one in objects.everything(connection)
                if not is_trace(one.record)
            },
            events={
                known.event.id: (
                    (known.object_kind, known.object),
                    (undated(known.event, absences), names[known.identity]),
                )
                for known in events.everything(connection)
            },
        )


def _which(mine: object, theirs: object) -> str:
    if mine is None:
        return "known only the second time"
    return "known only the first time" if theirs is None else ""


def told(record: Record, absences: Absences) -> dict[str, Any]:
    """Return what a record says, without its versions and without the moments of reads that found nothing."""
    said: dict[str, Any] = _plain(record)
    if isinstance(record, OrderRecord):
        del said["refund_list"], said["refunds_told"]
        said["withdrawn"] = sorted(id_ for id_ in record.refunds if record.withdrawn(id_))
        absent = absences.get(order_ref(record.shop, record.id), frozenset())
        said["cancellations"] = record.cancellations - absent
    return said


def is_trace(record: Record) -> bool:
    """Tell whether nothing is known of an object but that it is gone.

    A notice may name an object of another kind, as WooCommerce's do: to read that finds nothing. Whether the
    notice came must not matter.
    """
    if isinstance(record, OrderRecord):
        return False
    return content(record) == content(gone(kind_of(record), record.shop, record.id, record.latest))


def undated(event: Event, absences: Absences) -> tuple[Any, ...]:
    """Return what an event says, without the moment of a read that found its order gone."""
    noticed = isinstance(event, Cancellation) and event.occurred_at in absences.get(event.order_ref, ())
    return tuple(
        (entry.name, None if noticed and entry.name == "occurred_at" else getattr(event, entry.name))
        for entry in fields(event)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Register):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, RefundRecord) and value.dated is not None:
        value = replace(value, told_at=None)  # counts only where the shop does not date its refunds
    if isinstance(value, Record | RefundRecord | LineProduct):
        return {
            entry.name: _plain(one)
            for entry in fields(value)
            if not isinstance(one := getattr(value, entry.name), Version)
        }
    return value


def absences_in(connection: Connection) -> Absences:
    """Return the moments of the reads that found an order gone."""
    found: dict[str, frozenset[datetime]] = {}
    rows = connection.execute(
        select(journal.c.shop, journal.c.body).where(journal.c.kind == Kind.READ, journal.c.body.is_not(None))
    )
    for shop, body in rows:
        answer = readings.decode(body)
        for ref in answer.gone:
            if ref.kind == "order":
                name = order_ref(shop, ref.id)
                found[name] = found.get(name, frozenset()) | {answer.asked_at}
    return found
