"""The events of facts: new ones with their units, and what follows when one moves or changes its owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine import codes
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.ledger import Ledger
from aftercare_sdk.model.events import Event
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.model.records import (
    ConsentRecord,
    OrderRecord,
    ReviewRecord,
    kind_of,
)
from aftercare_sdk.model.reviews import review_ref
from aftercare_sdk.shops.reconcile import Assumptions, consent_facts, deliveries, facts, review_facts
from aftercare_sdk.store import (
    control,
    events,
    messages,
    people,
    redemptions,
    timers,
    units,
)
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.objects import Stored
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Audience

ASSUME_DELIVERY = "assume-delivery"
"""The name of the engine's own timer of an order."""
DEEPEST_CASCADE = 8
"""How many events may raise one another without any time passing."""


def emit(brand: Brand, connection: Connection, several: Sequence[Stored], now: datetime) -> None:
    """Note new events and their units, move what hangs on facts that moved, set the engine's timers."""
    derived: list[Known] = []
    watched: dict[timers.Name, Timer | None] = {}
    for stored in several:
        if isinstance(stored.record, ReviewRecord):
            derived += _new(stored, review_facts(stored.record), now)
        if isinstance(stored.record, ConsentRecord):
            derived += _new(stored, consent_facts(stored.record), now)
        if isinstance(stored.record, OrderRecord) and stored.identity is not None:
            assumptions = brand.assumptions(stored.record.shop)
            derived += _new(stored, facts(stored.record, assumptions, now), now)
            if stored.record.purchased_at is not None and not stored.record.test:
                name = (timers.ENGINE, order_ref(stored.record.shop, stored.record.id), ASSUME_DELIVERY)
                watched[name] = _next_assumption(name, stored.record, stored.identity, assumptions, now)
    timers.clear(connection, [name for name, timer in watched.items() if timer is None])
    timers.put(connection, [timer for timer in watched.values() if timer is not None])
    before = events.get_many(connection, [one.event.id for one in derived])
    fresh = sum(one.event.id not in before for one in derived)
    seq = control.number_events(connection, fresh) if fresh else 0
    known: list[Known] = []
    moved: dict[str, datetime] = {}
    for one in derived:
        event = one.event
        old = before.get(event.id)
        if old is None:
            known.append(replace(one, seq=seq))
            seq += 1
        elif old.event != event or old.identity != one.identity:
            known.append(replace(old, event=event, identity=one.identity))
        if old is None or old.event.occurred_at != event.occurred_at:
            moved[event.id] = event.occurred_at
    events.save_many(connection, known)
    _follow(connection, known, before)
    messages.move(connection, moved)
    timers.move(connection, moved)
    add_units(brand, connection, [one for one in known if one.event.id not in before])
    ledger = Ledger(brand, connection, now)
    ledger.follow(several)
    ledger.write()
    _note_uses(connection, several)
    codes.note(connection, several)


def _note_uses(connection: Connection, several: Sequence[Stored]) -> None:
    """Note which of our codes orders were made with; what follows from that is settled with what is due."""
    orders = [
        (stored.identity, stored.record, stored.record.codes.value)
        for stored in several
        if isinstance(stored.record, OrderRecord) and stored.record.codes is not None
    ]
    redemptions.note_uses(
        connection,
        [(record.shop, code, record.id) for _, record, named in orders for code in named],
        {identity for identity, _, _ in orders if identity is not None},
    )


def _new(stored: Stored, told: Iterable[Event], now: datetime) -> Iterator[Known]:
    """Yield events of an object as they are kept; their place in the order is still open."""
    if stored.identity is not None:
        for event in told:
            yield Known(
                event=event,
                seq=0,
                object_kind=kind_of(stored.record),
                object=stored.record.id,
                identity=stored.identity,
                known_at=now,
            )


def _follow(connection: Connection, known: Sequence[Known], before: Mapping[str, Known]) -> None:
    """Let what plugins are still to hear follow events that changed their owner: their order holds."""
    other = {
        one.event.id: one.identity
        for one in known
        if one.event.id in before and before[one.event.id].identity != one.identity
    }
    owners = people.customers_of(connection, set(other.values()))
    units.follow(connection, {event: owners[identity] for event, identity in other.items()})


def count_anew(
    brand: Brand, connection: Connection, records: Sequence[OrderRecord | ReviewRecord], now: datetime
) -> None:
    """Ask plugins that count points once more what is worth what, of which more is known by now."""
    told = [
        review_ref(record.shop, record.id)
        if isinstance(record, ReviewRecord)
        else f"{order_ref(record.shop, record.id)}/purchase"
        for record in records
    ]
    units.reopen(connection, told, brand.counting, now)


def add_units(brand: Brand, connection: Connection, known: Sequence[Known]) -> None:
    """Make the units of new events: one for each plugin that listens and had started by then."""
    owners = people.customers_of(connection, {one.identity for one in known})
    units.add(
        connection,
        [
            Audience(
                event=one.event.id,
                plugins=brand.listeners(one.event),
                seq=one.seq,
                customer=owners[one.identity],
                known_at=one.known_at,
            )
            for one in known
        ],
    )


def _next_assumption(
    name: timers.Name, record: OrderRecord, identity: int, assumptions: Assumptions, now: datetime
) -> Timer | None:
    """Return the timer for the next delivery that will be assumed; None if there is none ahead."""
    ahead = [parcel.at for parcel in deliveries(record, assumptions) if parcel.assumed and parcel.at > now]
    if not ahead:
        return None
    return Timer(
        plugin=name[0],
        subject=name[1],
        name=name[2],
        shop=record.shop,
        object=record.id,
        identity=identity,
        due_at=min(ahead),
    )
