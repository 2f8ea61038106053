"""Erasing a person: one function, whoever asks for it (LAW-11, LAW-15, LAW-20).

First the raw bodies that concern the person are dropped, some rows at a time; then, in one transaction,
everything else. Whoever is erased while rows are processed is found again by the keyed hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine import consenting
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.engine.suppressing import ADDRESS_KEY
from aftercare_sdk.engine.tombstones import happened, tombstone_hash
from aftercare_sdk.engine.tracing import Person, Trace, concerns, find, readable
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.events import CustomerErased, TimerDue
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.records import OrderRecord, Record, ReviewRecord, kind_of
from aftercare_sdk.model.versions import Register
from aftercare_sdk.outreach.permission.consent import standing
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import (
    control,
    decisions,
    erasing,
    events,
    journal,
    messages,
    objects,
    people,
    privacy,
    sending,
    suppressions,
    units,
)
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.sending import Change
from aftercare_sdk.store.suppressions import EMAIL

ROWS_AT_ONCE = 200
"""How many raw bodies are looked through at once."""
_AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure has done: the proof that is printed.

    `erased` and `kept` are numbers of rows by table; `left` tells where a search of the whole database still
    found a word of the person, by `table.column`; `words` is how many were searched for. `request` is what a
    platform had asked, if it was asked by one.
    """

    at: datetime
    customers: int = 0
    erased: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    words: int = 0
    request: privacy.Asked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Which raw bodies have been looked through: all up to a row, and behind it those from before a moment.

    `passes` counts how often it was tried to see them all.
    """

    up_to: int = 0
    since: datetime | None = None
    passes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """That raw bodies have been looked through for a trace, and how far."""

    trace: Trace
    seen: _Seen


_NOTHING_SEEN = _Seen()
_PATIENCE = 5
"""So often it is tried to leave little for the transaction, which otherwise looks at all that is new."""
_EVERYTHING = 1_000_000_000
_SOURCE = "erasure"


def erase(
    brand: Brand,
    identities: Collection[int],
    *,
    reason: str,
    actor: str,
    request: privacy.Asked | None = None,
    prove: bool = True,
    looked: Looked | None = None,
    unless: Callable[[Connection, Collection[int]], bool] | None = None,
) -> Erasure:
    """Erase the customers that identities belong to, and settle the `request` that asked for it.

    Nothing about them leaves any more, and nothing from before is told again. Books, suppressions and what
    proves a consent stay, without anything that names them. `prove` searches everything afterwards, for a
    person to see. What was `looked` through is not looked through again. Nobody is erased if `unless` is true
    of their identities by then.
    """
    trace, seen, bodies = Trace(), _NOTHING_SEEN, 0
    done: Erasure | None = None
    while done is None:
        with brand.database.read() as connection:
            found = find(connection, identities).trace
        if found != trace:
            trace = found
            seen = looked.seen if looked and trace.within(looked.trace) else _NOTHING_SEEN
        dropped, seen = _drop_bodies(brand, trace, seen)
        bodies += dropped
        done = _erase(
            brand, identities, trace, seen, reason=reason, actor=actor, request=request, unless=unless
        )
    bodies += done.erased.get("journal", 0)
    left = search(brand, trace.words) if prove else {}
    return replace(done, erased={**done.erased, "journal": bodies}, left=left)


def look_through(brand: Brand, trace: Trace) -> tuple[int, Looked]:
    """Drop the raw bodies that concern a trace; return how many, and what `erase` need not look at again."""
    dropped, seen = _drop_bodies(brand, trace, _NOTHING_SEEN)
    return dropped, Looked(trace=trace, seen=seen)


def together(one: Erasure, other: Erasure) -> Erasure:
    """Return what two erasures have done as one."""
    return replace(
        one,
        at=max(one.at, other.at),
        customers=one.customers + other.customers,
        erased=dict(Counter(one.erased) + Counter(other.erased)),
        kept=dict(Counter(one.kept) + Counter(other.kept)),
        left=dict(Counter(one.left) + Counter(other.left)),
        words=one.words + other.words,
    )


@gives_way
def _erase(
    brand: Brand,
    identities: Collection[int],
    trace: Trace,
    seen: _Seen,
    *,
    reason: str,
    actor: str,
    request: privacy.Asked | None,
    unless: Callable[[Connection, Collection[int]], bool] | None,
) -> Erasure | None:
    """Erase all but raw bodies in one transaction; None: more has become known of the person meanwhile."""
    now = brand.clock.now()
    with brand.database.write() as connection:
        control.hold(connection)
        person = find(connection, identities)
        if unless is not None and unless(connection, person.identities):
            return Erasure(at=now, request=request)
        most = ROWS_AT_ONCE if seen.passes < _PATIENCE else _EVERYTHING
        rows = journal.with_bodies(connection, after=seen.up_to, since=seen.since, limit=most)
        if person.trace != trace or len(rows) == most:
            return None
        bodies = [row.seq for row in rows if concerns(brand, row, trace)]
        if request is not None:
            bodies.append(request.journal)
        journal.drop_bodies(connection, bodies)
        members = person.identities.keys()
        units.hold(connection, person.customers)
        erased = _empty_objects(connection, person, now)
        # Objects, customers, messages: in the order in which senders lock them.
        owners = people.lock_owners(connection, members)
        _call_off(connection, members, now)
        _empty_timers(connection, members)
        key = control.secret(connection, ADDRESS_KEY)
        hashes = {
            id_: (one.kind, hashed)
            for id_, one in person.identities.items()
            if (hashed := tombstone_hash(key, one))
        }
        mailboxes: dict[int, set[str]] = {}
        for id_, (kind, hashed) in hashes.items():
            if kind is IdentityKind.EMAIL:
                mailboxes.setdefault(owners[id_], set()).add(hashed)
        _keep_refusals(connection, mailboxes, now)
        erased |= erasing.empty(connection, members, now)
        erased["journal"] = len(bodies)
        erased["identities"] = erasing.bury(connection, members, hashes, _moment(person, now))
        kept = erasing.kept(connection, members, {hashed for _, hashed in hashes.values()})
        _raise_events(brand, connection, person, now)
        if request is not None:
            privacy.settle(connection, request.key, "erased", now)
        journal.append(connection, [_arrival(person, reason, actor, request, now)])
    return Erasure(
        at=now,
        customers=len(person.customers),
        erased={table: rows for table, rows in erased.items() if rows},
        kept=kept,
        words=len(person.trace.words),
        request=request,
    )


def _empty_objects(connection: Connection, person: Person, now: datetime) -> dict[str, int]:
    """Leave of objects what the books need, and nothing of what names somebody."""
    left: list[Stored] = []
    gone: list[Key] = []
    for one in person.stored:
        record = one.record
        if one.identity not in person.identities:
            # Somebody else's order that was written to this mailbox.
            left.append(replace(one, record=_without_contact(record)))
        elif isinstance(record, OrderRecord):
            left.append(replace(one, record=replace(record, customer=None, contact=None)))
        elif isinstance(record, ReviewRecord):
            left.append(replace(one, record=replace(record, customer=None, contact=None, text=None)))
        else:
            gone.append((record.shop, kind_of(record), record.id))
    objects.save_many(connection, left, now)
    erasing.drop_objects(connection, gone)
    return {"objects": len(left) + len(gone)}


def _without_contact(record: Record) -> Record:
    """Say of what somebody else ordered that its mailbox is gone: it reaches nobody, not the buyer."""
    if isinstance(record, OrderRecord | ReviewRecord):
        return replace(record, contact=Register(None, record.latest))
    return record


def _call_off(connection: Connection, members: Collection[int], now: datetime) -> None:
    """Cancel what has not left; what a channel has in hand does not come back."""
    found = messages.unsent(connection, messages.to_identities(members))
    in_hand = [one for one in found if one.state is MessageState.SUBMITTED]
    sending.call_off(connection, in_hand, Reason.ERASED, {})
    cancelled = [
        Change(message=one, state=MessageState.CANCELLED, code=Reason.ERASED)
        for one in found
        if one.state is not MessageState.SUBMITTED
    ]
    made = sending.change(connection, cancelled, now=now)
    decisions.append(connection, [about(one.message, now, "cancelled", Reason.ERASED, {}) for one in made])


def _empty_timers(connection: Connection, members: Collection[int]) -> None:
    """Empty what plugins wrote into timers that have come due: it stands in their events."""
    due = [
        replace(known, event=replace(known.event, data={}))
        for known in events.of_identities(connection, members)
        if isinstance(known.event, TimerDue) and known.event.data
    ]
    events.save_many(connection, due)


def _raise_events(brand: Brand, connection: Connection, person: Person, now: datetime) -> None:
    """Tell plugins in each shop in which the person was known."""
    theirs = [one.record for one in person.stored if one.identity in person.identities]
    shops = {record.shop for record in theirs} | {one.shop for one in person.identities.values() if one.shop}
    identity = min(person.identities)
    first = control.number_events(connection, len(shops))
    raised = [
        Known(
            event=CustomerErased(
                id=f"{shop}/erased/{identity}",
                shop=shop,
                occurred_at=now,
                orders=_ids(theirs, shop, OrderRecord),
                reviews=_ids(theirs, shop, ReviewRecord),
            ),
            seq=first + place,
            object_kind="person",
            object=str(identity),
            identity=identity,
            known_at=now,
        )
        for place, shop in enumerate(sorted(shops))
    ]
    events.save_many(connection, raised)
    add_units(brand, connection, raised)


def _ids(records: Sequence[Record], shop: str, kind: type[Record]) -> tuple[str, ...]:
    return tuple(sorted(one.id for one in records if isinstance(one, kind) and one.shop == shop))


def _keep_refusals(connection: Connection, mailboxes: Mapping[int, set[str]], now: datetime) -> None:
    """Keep what each customer has refused by mail: it is honoured without knowing who it was (LAW-20).

    `mailboxes` are the hashes of their addresses. What is the person's own word counts for all of them.
    """
    words = [one for one in suppressions.of(connection, (), mailboxes) if one.reason.of_person]
    suppressions.add(
        connection,
        [
            replace(one, address=address, identity=None)
            for one in words
            for customer, addresses in mailboxes.items()
            if one.customer == customer
            for address in addresses
        ],
    )
    for customer, said in consenting.said_by(connection, mailboxes).items():
        refused = [
            purpose
            for purpose in Purpose
            if purpose is not Purpose.TRANSACTIONAL and standing(said, EMAIL, purpose, now).objected
        ]
        suppressions.refuse(connection, mailboxes[customer], refused, at=now, source=_SOURCE)


def _moment(person: Person, now: datetime) -> datetime:
    """Return until when facts count as from before: a shop's clock may be a little ahead of ours."""
    told = [at for one in person.stored if (at := happened(one.record)) and at < now + _AHEAD]
    return max([now, *told])


def _arrival(
    person: Person, reason: str, actor: str, request: privacy.Asked | None, now: datetime
) -> Arrival:
    told = {
        "customers": sorted(person.customers),
        "reason": reason,
        "actor": actor,
        "request": request.key if request else "",
    }
    return Arrival(
        kind=Kind.COMMAND,
        shop=request.shop if request else "",
        topic="privacy.erase",
        received_at=now,
        body=dump(told).encode(),
        state=State.DONE,
        outcome=f"erased: {', '.join(f'customer {one}' for one in sorted(person.customers))}",
    )


def _drop_bodies(brand: Brand, trace: Trace, seen: _Seen) -> tuple[int, _Seen]:
    """Drop the raw bodies that concern a person; return how many, and what has been seen of them by then.

    Rows that nobody has processed are left: they will be stripped, and their bodies dropped.
    """
    now = brand.clock.now()
    with brand.database.read() as connection:
        processed = journal.processed_up_to(connection)
    done, reached = 0, seen.up_to
    while True:
        with brand.database.read() as connection:
            rows = journal.with_bodies(connection, after=reached, since=seen.since, limit=ROWS_AT_ONCE)
        if not rows:
            return done, _Seen(up_to=processed, since=now, passes=seen.passes + 1)
        concerned = [row.seq for row in rows if concerns(brand, row, trace)]
        if concerned:
            with brand.database.write() as connection:
                journal.drop_bodies(connection, concerned)
        done += len(concerned)
        reached = rows[-1].seq


def search(brand: Brand, words: Collection[str]) -> dict[str, int]:
    """Search the whole database for words; return where they still are, and in how many rows."""
    if not words:
        return {}
    with brand.database.read() as connection:
        found = erasing.places(connection, words)
        bodies = sum(
            any(word in readable(row).lower() for word in words)
            for row in journal.all_bodies(connection, ROWS_AT_ONCE)
        )
    return {**found, "journal.body": bodies} if bodies else found
