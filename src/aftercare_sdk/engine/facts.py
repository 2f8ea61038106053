"""From journal rows to facts: translate, reconcile, and note what is new, in one short transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine import beats, imported, notices, readings, recovered, removing, tombstones
from aftercare_sdk.engine.batches import Batch, Told, account_of, key_of, merge
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import count_anew, emit
from aftercare_sdk.engine.ledger import even_out
from aftercare_sdk.engine.pace import Pace
from aftercare_sdk.engine.suppressing import refuse_erased
from aftercare_sdk.engine.tombstones import Stripped
from aftercare_sdk.engine.translating import Question, Translator
from aftercare_sdk.model.people import Identity, IdentityKind, fold_email
from aftercare_sdk.model.records import (
    ConsentRecord,
    CustomerRecord,
    OrderRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
    kind_of,
)
from aftercare_sdk.model.shops import (
    Gone,
    NeedsRead,
    Webhook,
)
from aftercare_sdk.model.versions import content
from aftercare_sdk.outreach.permission.consent import COVERED
from aftercare_sdk.redact import redact
from aftercare_sdk.store import (
    control,
    erasing,
    events,
    journal,
    messages,
    objects,
    people,
    privacy,
    reads,
    streams,
    units,
)
from aftercare_sdk.store.erasing import Tomb
from aftercare_sdk.store.journal import Entry, Kind
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.reads import Read

MOST_MISSING = 1_000
"""How many objects that a complete listing does not name are asked for at once; the others follow."""


def take_in(brand: Brand, translator: Translator, token: int, entries: Sequence[Entry], pace: Pace) -> None:
    """Process journal rows, all in one transaction. Raises Fenced if another decider has taken over.

    Rows of an adapter that has just overrun its time at another row stay new.
    """
    told = _translate(brand, translator, entries)
    while not _take_in(brand, token, told, entries, pace):
        pass  # somebody was erased meanwhile: what was read may name them


def _take_in(brand: Brand, token: int, told: Sequence[Told], entries: Sequence[Entry], pace: Pace) -> bool:
    """Reconcile what rows say and write it; False, with nothing written: somebody was erased meanwhile."""
    keys = [key_of(one.entry.shop, item) for one in told for item in one.about]
    with brand.database.read() as connection:
        batch = Batch(now=brand.clock.now(), known=objects.get_many(connection, keys))
        erasures = erasing.count(connection)
        if erasures:
            told = _bury(batch, tombstones.strip(connection, told, batch.known))
        batch.awaited = _awaited(connection, told)
        for one in told:
            merge(batch, one)
        batch.buried += removing.named_late(batch, told)
        # A file is no reason to ask the shop: one of many years would be one for every account.
        files = {
            key_of(one.entry.shop, item)
            for one in told
            if one.entry.kind is Kind.IMPORT
            for item in one.about
        }
        accounts = {
            key for name, record in batch.touched.items() if name not in files and (key := account_of(record))
        }
        accounts -= batch.touched.keys() | batch.known.keys()
        for key in sorted(accounts - objects.get_many(connection, accounts).keys()):
            batch.reads.setdefault(key, "an account is named that nobody has described yet")
    with brand.database.write() as connection:
        control.check_token(connection, token)
        if erasing.count(connection) != erasures:
            return False
        with pace.writing(sum(entry.weight for entry in entries)):
            _write(brand, connection, batch)
            brand.beats.note(connection, _signs(told, batch))
    return True


def _signs(told: Sequence[Told], batch: Batch) -> dict[str, datetime]:
    """Return when webhooks came, and when listings found orders of which none had told."""
    signs: dict[str, datetime] = {}
    for one in told:
        if one.entry.kind is Kind.WEBHOOK:
            signs[beats.webhook_of(one.entry.shop)] = one.entry.received_at
    for entry, found in batch.found.values():
        if any(one.kind == "order" for one in found):
            signs[beats.found_of(entry.shop)] = entry.received_at
    return signs


def _bury(batch: Batch, several: Sequence[Stripped]) -> list[Told]:
    """Note what stays with whoever was erased; return what is left of the rows."""
    for one in several:
        batch.owned.update(one.owned)
        batch.refused += one.refused
        if one.concerns:
            batch.buried.append(one.told.entry.seq)
    return [one.told for one in several]


def _keep_refusals(connection: Connection, refused: Sequence[Tomb]) -> None:
    """Keep what platforms tell too late: that somebody who was erased had refused (LAW-20)."""
    if refused:
        owners = people.customers_of(connection, (tomb.identity for tomb in refused))
        at = min(tomb.erased_at for tomb in refused)
        refuse_erased(connection, set(owners.values()), COVERED, at=at, by="platform")


def _awaited(connection: Connection, told: Sequence[Told]) -> frozenset[Key]:
    """Return what of the pages of listings is to be read anyway: a webhook has told of it, if not all."""
    listed = [
        key_of(one.entry.shop, item) for one in told if one.answer and one.answer.stream for item in one.about
    ]
    return frozenset(reads.pending(connection, listed) if listed else ())


def refresh(brand: Brand, connection: Connection, keys: Iterable[Key], now: datetime) -> None:
    """Derive the facts of orders anew, because time has passed and a delivery is assumed."""
    emit(brand, connection, list(objects.get_many(connection, keys).values()), now)


def _translate(brand: Brand, translator: Translator, entries: Sequence[Entry]) -> list[Told]:
    """Return what rows say; whatever goes wrong parks the row and stops nothing else."""
    questions: dict[int, Question] = {}
    found: dict[int, Told] = {}
    for entry in entries:
        shop = brand.shops.get(entry.shop)
        if shop is None:
            found[entry.seq] = Told(entry=entry, problem=f"shop {entry.shop!r} is not configured")
        elif entry.body is None:
            found[entry.seq] = Told(entry=entry, problem="the body is no longer kept")
        elif entry.kind in {Kind.READ, Kind.SYNC}:
            answer = readings.decode(entry.body)
            found[entry.seq] = Told(entry=entry, items=answer.readings, answer=answer)
        elif entry.kind is Kind.IMPORT:
            found[entry.seq] = Told(entry=entry, items=imported.decode(entry.body))
        else:
            webhook = Webhook(topic=entry.topic, body=entry.body, delivery=entry.delivery, hints=entry.hints)
            questions[entry.seq] = Question(shop=shop, webhook=webhook, row=entry.seq)
    answers = dict(zip(questions, translator.translate(list(questions.values())), strict=True))
    for entry in entries:
        told = answers.get(entry.seq)
        if told is not None and not told.skipped:
            found[entry.seq] = Told(entry=entry, items=told.items, problem=told.problem)
    return [_own(brand, found[entry.seq]) for entry in entries if entry.seq in found]


def _own(brand: Brand, told: Told) -> Told:
    """Refuse what names another shop: it would take the place of what is known there."""
    entry = told.entry
    for item in told.about:
        if isinstance(item, NeedsRead | Gone) or item.shop == entry.shop:
            continue
        who = "the file" if entry.kind is Kind.IMPORT else f"adapter {brand.shops[entry.shop].kind!r}"
        told_of = redact(repr(item.shop))
        return Told(
            entry=entry, problem=f"{who} told of another shop, {told_of}, in a row of shop {entry.shop!r}"
        )
    return told


def _write(brand: Brand, connection: Connection, batch: Batch) -> None:
    now = batch.now
    whose = {
        key: (None, None) if key in batch.owned else _whose(record) for key, record in batch.touched.items()
    }
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
            identity=ids[owner] if owner else batch.owned.get(key),
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
    joined = people.join(
        connection,
        ((ids[account], ids[mailbox]) for account, several in accounts.items() for mailbox in several),
    )
    even_out(brand, connection, joined, now)
    for record, identity in moved:
        messages.follow(connection, (record.shop, kind_of(record), record.id), identity)
    emit(brand, connection, changed, now)
    count_anew(brand, connection, _retold(batch), now)
    if brand.counting:
        born = [stored.identity for stored in changed if stored.identity is not None and _born(batch, stored)]
        units.reopen(connection, events.latest_purchases(connection, born), brand.counting, now)
    messages.release(connection, reads.settle(connection, batch.answered), now)
    missing = _missing(connection, batch)
    later = now + brand.settings.defaults.read_debounce
    reads.request(
        connection,
        [
            # More notices of a doubt may follow in a moment; a listing has said all that it will.
            Read(
                shop=key[0],
                kind=key[1],
                id=key[2],
                reason=reason,
                requested_at=now,
                due_at=later if key in batch.reads else now,
            )
            for key, reason in {**missing, **batch.reads}.items()
        ],
    )
    notices.write(connection, batch.notices)
    privacy.ask(
        connection,
        [removing.asked_by(entry, key, batch.known[key]) for key, entry in batch.removed.items()],
    )
    for entry, found in batch.found.values():
        streams.close_gaps(connection, entry.shop, entry.topic, len(found))
    journal.note_found(
        connection, {seq: recovered.encode(found) for seq, (_, found) in batch.found.items() if found}
    )
    journal.finish(connection, batch.results, now)
    journal.drop_bodies(connection, batch.buried)
    _keep_refusals(connection, batch.refused)


def _retold(batch: Batch) -> list[OrderRecord | ReviewRecord]:
    """Return the orders and reviews that were known and of which something else is told now."""
    return [
        record
        for key, record in batch.touched.items()
        if isinstance(record, OrderRecord | ReviewRecord)
        and (before := batch.known.get(key)) is not None
        and content(before.record) != content(record)
    ]


def _born(batch: Batch, stored: Stored) -> bool:
    """Tell whether another birthday is told of a customer than before."""
    record = stored.record
    if not isinstance(record, CustomerRecord) or record.birthday is None:
        return False
    before = batch.known.get((record.shop, kind_of(record), record.id))
    known = before.record.birthday if before and isinstance(before.record, CustomerRecord) else None
    return known is None or known.value != record.birthday.value


def _missing(connection: Connection, batch: Batch) -> dict[Key, str]:
    """Return what complete listings no longer name: only a read can tell whether it is gone."""
    missing: dict[Key, str] = {}
    for entry, answer in batch.ended:
        if answer.began_at is None:
            continue
        ids = objects.unseen(connection, entry.shop, answer.kind, answer.began_at, MOST_MISSING)
        reason = f"a complete listing ({answer.stream}) does not name it"
        missing |= {(entry.shop, answer.kind, id_): reason for id_ in ids}
        batch.found.setdefault(entry.seq, (entry, []))[1].extend(recovered.unlisted(answer.kind, ids))
    return missing


def _whose(record: Record) -> tuple[Identity | None, Identity | None]:
    """Return whose an object is, and the mailbox it is written to.

    An order or a review belongs to its account, else to the bare address it was made with; one that names
    nobody is its own person. The address on it never joins two accounts.
    """
    if isinstance(record, CustomerRecord):
        return Identity(kind=IdentityKind.ACCOUNT, shop=record.shop, value=record.id), None
    if isinstance(record, ConsentRecord | SubscriptionRecord) and record.customer:
        return Identity(kind=IdentityKind.ACCOUNT, shop=record.shop, value=record.customer.value), None
    if not isinstance(record, OrderRecord | ReviewRecord):
        return None, None
    contact = record.contact.value if record.contact else None
    address = fold_email(contact.email) if contact else ""
    mailbox = Identity(kind=IdentityKind.EMAIL, value=address) if address else None
    if record.customer and record.customer.value:
        return Identity(kind=IdentityKind.ACCOUNT, shop=record.shop, value=record.customer.value), mailbox
    alone = IdentityKind.ORDER if isinstance(record, OrderRecord) else IdentityKind.REVIEW
    return mailbox or Identity(kind=alone, shop=record.shop, value=record.id), mailbox
