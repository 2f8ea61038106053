"""From journal rows to facts: translate, reconcile, and note what is new, in one short transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine import imported, readings
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.pace import Pace
from aftercare_sdk.engine.readings import Answer
from aftercare_sdk.engine.translating import Question, Translator
from aftercare_sdk.model.events import OrderEvent
from aftercare_sdk.model.orders import OrderSnapshot, order_ref
from aftercare_sdk.model.people import CustomerSnapshot, Identity, IdentityKind, fold_email
from aftercare_sdk.model.records import (
    CustomerRecord,
    OrderRecord,
    ProductRecord,
    Record,
    customer_record,
    gone_customer,
    gone_order,
    gone_product,
    order_record,
    product_record,
)
from aftercare_sdk.model.shops import (
    Gone,
    Ignored,
    NeedsRead,
    Snapshot,
    Translation,
    Webhook,
)
from aftercare_sdk.model.versions import Version, content
from aftercare_sdk.redact import redact
from aftercare_sdk.shops.reconcile import Assumptions, deliveries, facts, join
from aftercare_sdk.store import (
    control,
    events,
    journal,
    messages,
    objects,
    people,
    reads,
    streams,
    timers,
    units,
)
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Entry, Kind, State
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.reads import Read
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Audience

MOST_MISSING = 1_000
"""How many objects that a complete listing does not name are asked for at once; the others follow."""
ASSUME_DELIVERY = "assume-delivery"
"""The name of the engine's own timer of an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A journal row and what it says: a webhook, or the shop's `answer`. `problem`: why nobody can tell."""

    entry: Entry
    items: tuple[Translation | Gone, ...] = ()
    answer: Answer | None = None
    problem: str = ""


@dataclass(slots=True)
class _Batch:
    """What a batch of journal rows adds up to, before anything is written.

    `seen`: what the shop has shown, other than a file; `gone`: what it has said to be gone. `ended`: complete
    listings, by shop. `gaps`: how much of what each listing brought no webhook had told, by shop and stream.
    """

    now: datetime
    known: dict[Key, Stored]
    touched: dict[Key, Record] = field(default_factory=dict)
    reads: dict[Key, str] = field(default_factory=dict)
    answered: list[tuple[Key, datetime]] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    gone: set[Key] = field(default_factory=set)
    ended: list[tuple[str, Answer]] = field(default_factory=list)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    results: list[tuple[int, State, str]] = field(default_factory=list)

    def record(self, key: Key) -> Record | None:
        stored = self.known.get(key)
        return self.touched.get(key, stored.record if stored else None)


def take_in(brand: Brand, translator: Translator, token: int, entries: Sequence[Entry], pace: Pace) -> None:
    """Process journal rows, all in one transaction. Raises Fenced if another decider has taken over.

    Rows of an adapter that has just overrun its time at another row stay new.
    """
    told = _translate(brand, translator, entries)
    keys = [_key(one.entry.shop, item) for one in told for item in one.items if not isinstance(item, Ignored)]
    with brand.database.read() as connection:
        batch = _Batch(now=brand.clock.now(), known=objects.get_many(connection, keys))
        for one in told:
            _merge(batch, one)
        # A file is no reason to ask the shop: one of many years would be one for every account.
        files = {
            _key(one.entry.shop, item)
            for one in told
            if one.entry.kind is Kind.IMPORT
            for item in one.items
            if not isinstance(item, Ignored)
        }
        accounts = {
            key for name, record in batch.touched.items() if name not in files and (key := _account(record))
        }
        accounts -= batch.touched.keys() | batch.known.keys()
        for key in sorted(accounts - objects.get_many(connection, accounts).keys()):
            batch.reads.setdefault(key, "an order names an account that nobody has described yet")
    with brand.database.write() as connection:
        control.check_token(connection, token)
        with pace.writing(sum(entry.weight for entry in entries)):
            _write(brand, connection, batch)


def refresh(brand: Brand, connection: Connection, keys: Iterable[Key], now: datetime) -> None:
    """Derive the facts of orders anew, because time has passed and a delivery is assumed."""
    _emit(brand, connection, list(objects.get_many(connection, keys).values()), now)


def _translate(brand: Brand, translator: Translator, entries: Sequence[Entry]) -> list[_Told]:
    """Return what rows say; whatever goes wrong parks the row and stops nothing else."""
    questions: dict[int, Question] = {}
    found: dict[int, _Told] = {}
    for entry in entries:
        shop = brand.shops.get(entry.shop)
        if shop is None:
            found[entry.seq] = _Told(entry=entry, problem=f"shop {entry.shop!r} is not configured")
        elif entry.body is None:
            found[entry.seq] = _Told(entry=entry, problem="the body is no longer kept")
        elif entry.kind in {Kind.READ, Kind.SYNC}:
            answer = readings.decode(entry.body)
            found[entry.seq] = _Told(entry=entry, items=answer.readings, answer=answer)
        elif entry.kind is Kind.IMPORT:
            found[entry.seq] = _Told(entry=entry, items=imported.decode(entry.body))
        else:
            webhook = Webhook(topic=entry.topic, body=entry.body, delivery=entry.delivery, hints=entry.hints)
            questions[entry.seq] = Question(shop=shop, webhook=webhook, row=entry.seq)
    answers = dict(zip(questions, translator.translate(list(questions.values())), strict=True))
    for entry in entries:
        told = answers.get(entry.seq)
        if told is not None and not told.skipped:
            found[entry.seq] = _Told(entry=entry, items=told.items, problem=told.problem)
    return [_own(brand, found[entry.seq]) for entry in entries if entry.seq in found]


def _own(brand: Brand, told: _Told) -> _Told:
    """Refuse what names another shop: it would take the place of what is known there."""
    entry = told.entry
    for item in told.items:
        if isinstance(item, NeedsRead | Gone | Ignored) or item.shop == entry.shop:
            continue
        who = "the file" if entry.kind is Kind.IMPORT else f"adapter {brand.shops[entry.shop].kind!r}"
        told_of = redact(repr(item.shop))
        return _Told(
            entry=entry, problem=f"{who} told of another shop, {told_of}, in a row of shop {entry.shop!r}"
        )
    return told


_KINDS: dict[type[Snapshot], str] = {OrderSnapshot: "order", CustomerSnapshot: "customer"}


def _key(shop: str, item: Snapshot | NeedsRead | Gone) -> Key:
    if isinstance(item, NeedsRead | Gone):
        return (shop, item.ref.kind, item.ref.id)
    return (shop, _KINDS.get(type(item), "product"), item.id)


def _account(record: Record) -> Key | None:
    if isinstance(record, OrderRecord) and record.customer:
        return (record.shop, "customer", record.customer.value)
    return None


def _merge(batch: _Batch, told: _Told) -> None:
    if told.problem:
        log.warning("parked", shop=told.entry.shop, row=told.entry.seq, problem=told.problem)
        batch.results.append((told.entry.seq, State.PARKED, told.problem))
        return
    shop, answer = told.entry.shop, told.answer
    asked_at = answer.asked_at if answer else None
    if told.entry.kind is not Kind.IMPORT:
        for item in told.items:
            if not isinstance(item, Ignored | NeedsRead):
                gone = isinstance(item, Gone)
                (batch.gone if gone else batch.seen).add(_key(shop, item))
                (batch.seen if gone else batch.gone).discard(_key(shop, item))
    merged = [_merge_one(batch, shop, item, asked_at) for item in told.items]
    if answer is not None:
        _note_answer(batch, shop, answer, merged)
    words = "; ".join(str(one) for one in merged)
    if answer and answer.stream:
        words = _listed(answer, merged)
    elif told.entry.kind is Kind.IMPORT:
        words = _counted(merged)
    ignored = bool(told.items) and all(isinstance(item, Ignored) for item in told.items)
    state = State.IGNORED if ignored else State.DONE
    batch.results.append((told.entry.seq, state, words or "tells nothing"))


def _note_answer(batch: _Batch, shop: str, answer: Answer, merged: Sequence[_Merged]) -> None:
    batch.answered += [((shop, ref.kind, ref.id), answer.asked_at) for ref in answer.refs]
    if answer.began_at is not None:
        batch.ended.append((shop, answer))
    if answer.stream and not answer.backfill:
        batch.gaps[shop, answer.stream] += sum(one.change in _NEWS for one in merged)


def _listed(answer: Answer, merged: Sequence[_Merged]) -> str:
    """Say in words what a page of a listing told: how much, and what of it was news."""
    news = ", ".join(str(one) for one in merged if one.change in _NEWS)
    return f"{answer.stream}: {len(merged)} listed; {news or 'nothing new'}"


def _counted(merged: Sequence[_Merged]) -> str:
    """Say in words what orders out of a file told: there are too many to name."""
    return ", ".join(f"{count} {change}" for change, count in Counter(one.change for one in merged).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """What became of one item: the object that it is about, and what changed, or why it is ignored."""

    name: str
    change: str

    def __str__(self) -> str:
        return f"{self.name}: {self.change}" if self.name else self.change


_FIRST, _CHANGED, _NOTHING = "first seen", "changed", "nothing new"
_NEWS = frozenset({_FIRST, _CHANGED})


def _merge_one(batch: _Batch, shop: str, item: Translation | Gone, asked_at: datetime | None) -> _Merged:
    """Merge one item into the batch."""
    if isinstance(item, Ignored):
        return _Merged(name="", change=item.reason)
    key = _key(shop, item)
    name = f"{key[1]} {key[2]}"
    if isinstance(item, NeedsRead):
        batch.reads[key] = item.reason
        return _Merged(name=f"{name} needs a read", change=item.reason)
    before = batch.record(key)
    after, doubt = _joined(before, _picture(shop, item, asked_at))
    if doubt:
        batch.reads.setdefault(key, doubt)
    if after == before:
        return _Merged(name=name, change=_NOTHING)
    batch.touched[key] = after
    if before is None:
        return _Merged(name=name, change=_FIRST)
    # A look that is newer but shows the same is worth keeping, and no news.
    return _Merged(name=name, change=_NOTHING if content(before) == content(after) else _CHANGED)


def _picture(shop: str, item: Snapshot | Gone, asked_at: datetime | None) -> Record:
    if isinstance(item, CustomerSnapshot):
        return customer_record(item)
    if isinstance(item, Gone):
        version = Version(read_at=asked_at)
        if item.ref.kind == "order":
            return gone_order(shop, item.ref.id, version)
        if item.ref.kind == "customer":
            return gone_customer(shop, item.ref.id, version)
        return gone_product(shop, item.ref.id, version)
    if isinstance(item, OrderSnapshot):
        return order_record(item)
    return product_record(item)


def _joined(before: Record | None, told: Record) -> tuple[Record, str]:
    """Return what is known now, and why only an authoritative read can settle it."""
    if isinstance(told, OrderRecord):
        return join(before if isinstance(before, OrderRecord) else None, told)
    if isinstance(told, CustomerRecord):
        return join(before if isinstance(before, CustomerRecord) else None, told)
    return join(before if isinstance(before, ProductRecord) else None, told)


def _write(brand: Brand, connection: Connection, batch: _Batch) -> None:
    now = batch.now
    whose = {key: _whose(record) for key, record in batch.touched.items()}
    accounts = {
        owner: [Identity(kind=IdentityKind.EMAIL, value=address) for address in record.emails]
        for key, record in batch.touched.items()
        if isinstance(record, CustomerRecord) and (owner := whose[key][0])
    }
    wanted = {one for several in (*whose.values(), *accounts.values()) for one in several if one}
    ids = people.ids(connection, wanted, now)
    changed: list[Stored] = []
    moved: list[tuple[Record, int]] = []
    for key, record in batch.touched.items():
        owner, mailbox = whose[key]
        stored = Stored(
            record=record,
            identity=ids[owner] if owner else None,
            contact_identity=ids[mailbox] if mailbox else None,
        )
        before = batch.known.get(key)
        if before and stored.identity is not None and before.identity != stored.identity:
            moved.append((record, stored.identity))
        changed.append(stored)
    # Objects before messages, as senders lock them: else each could wait for the other.
    objects.save_many(connection, changed, now, seen=batch.seen)
    unchanged = batch.seen - batch.touched.keys()
    objects.saw(connection, unchanged, now)
    objects.saw(connection, batch.gone, None)
    # Then customers, as they do.
    people.join(
        connection,
        ((ids[account], ids[mailbox]) for account, several in accounts.items() for mailbox in several),
    )
    for record, identity in moved:
        messages.follow(connection, record.shop, record.id, identity)
    _emit(brand, connection, changed, now)
    messages.release(connection, reads.settle(connection, batch.answered), now)
    wanted_reads = {**_missing(connection, batch), **batch.reads}
    due_at = now + brand.settings.defaults.read_debounce
    reads.request(
        connection,
        [
            Read(shop=key[0], kind=key[1], id=key[2], reason=reason, requested_at=now, due_at=due_at)
            for key, reason in wanted_reads.items()
        ],
    )
    for (shop, stream), count in batch.gaps.items():
        streams.close_gaps(connection, shop, stream, count)
    journal.finish(connection, batch.results, now)


def _missing(connection: Connection, batch: _Batch) -> dict[Key, str]:
    """Return what complete listings no longer name: only a read can tell whether it is gone."""
    found: dict[Key, str] = {}
    for shop, answer in batch.ended:
        if answer.began_at is None:
            continue
        ids = objects.unseen(connection, shop, answer.kind, answer.began_at, MOST_MISSING)
        reason = f"a complete listing ({answer.stream}) does not name it"
        found |= {(shop, answer.kind, id_): reason for id_ in ids}
        batch.gaps[shop, answer.stream] += len(ids)
    return found


def _whose(record: Record) -> tuple[Identity | None, Identity | None]:
    """Return whose an object is, and the mailbox it is written to.

    An order belongs to its account, else to the bare address it was made with; an order that names nobody
    is its own person. The address on an order never joins two accounts.
    """
    if isinstance(record, CustomerRecord):
        return Identity(kind=IdentityKind.ACCOUNT, shop=record.shop, value=record.id), None
    if not isinstance(record, OrderRecord):
        return None, None
    contact = record.contact.value if record.contact else None
    address = fold_email(contact.email) if contact else ""
    mailbox = Identity(kind=IdentityKind.EMAIL, value=address) if address else None
    if record.customer:
        return Identity(kind=IdentityKind.ACCOUNT, shop=record.shop, value=record.customer.value), mailbox
    return mailbox or Identity(kind=IdentityKind.ORDER, shop=record.shop, value=record.id), mailbox


def _emit(brand: Brand, connection: Connection, orders: Sequence[Stored], now: datetime) -> None:
    """Note new events and their units, move what hangs on facts that moved, set the engine's timers."""
    derived: list[tuple[OrderEvent, int]] = []
    watched: dict[timers.Name, Timer | None] = {}
    for stored in orders:
        if isinstance(stored.record, OrderRecord) and stored.identity is not None:
            assumptions = brand.assumptions(stored.record.shop)
            derived += [(event, stored.identity) for event in facts(stored.record, assumptions, now)]
            if stored.record.purchased_at is not None and not stored.record.test:
                name = (timers.ENGINE, order_ref(stored.record.shop, stored.record.id), ASSUME_DELIVERY)
                watched[name] = _next_assumption(name, stored.record, stored.identity, assumptions, now)
    timers.clear(connection, [name for name, timer in watched.items() if timer is None])
    timers.put(connection, [timer for timer in watched.values() if timer is not None])
    before = events.get_many(connection, [event.id for event, _ in derived])
    fresh = sum(event.id not in before for event, _ in derived)
    seq = control.number_events(connection, fresh) if fresh else 0
    known: list[Known] = []
    moved: dict[str, datetime] = {}
    for event, identity in derived:
        old = before.get(event.id)
        if old is None:
            known.append(Known(event=event, seq=seq, object=event.order, identity=identity, known_at=now))
            seq += 1
        elif old.event != event or old.identity != identity:
            known.append(replace(old, event=event, identity=identity))
        if old is None or old.event.occurred_at != event.occurred_at:
            moved[event.id] = event.occurred_at
    events.save_many(connection, known)
    _follow(connection, known, before)
    messages.move(connection, moved)
    timers.move(connection, moved)
    add_units(brand, connection, [one for one in known if one.event.id not in before])


def _follow(connection: Connection, known: Sequence[Known], before: Mapping[str, Known]) -> None:
    """Let what plugins are still to hear follow events that changed their owner: their order holds."""
    other = {
        one.event.id: one.identity
        for one in known
        if one.event.id in before and before[one.event.id].identity != one.identity
    }
    owners = people.customers_of(connection, set(other.values()))
    units.follow(connection, {event: owners[identity] for event, identity in other.items()})


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
