"""What a batch of journal rows adds up to: pictures merged into what is known, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aftercare_sdk.engine import notices, recovered
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.notices import Notice, Noticed
from aftercare_sdk.engine.readings import Answer
from aftercare_sdk.engine.recovered import Finding
from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.records import (
    ConsentRecord,
    OrderRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
    consent_record,
    gone,
    kind_of,
    names_somebody,
    record_of,
)
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.shops import (
    Gone,
    Ignored,
    NeedsRead,
    Snapshot,
    Translation,
)
from aftercare_sdk.model.versions import Version, content
from aftercare_sdk.shops.reconcile import join
from aftercare_sdk.store.erasing import Tomb
from aftercare_sdk.store.journal import Entry, Kind, State
from aftercare_sdk.store.objects import Key, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A journal row and what it says: a webhook, or the shop's `answer`. `problem`: why nobody can tell."""

    entry: Entry
    items: tuple[Translation | Gone, ...] = ()
    answer: Answer | None = None
    problem: str = ""

    @property
    def about(self) -> list[Snapshot | NeedsRead | Gone]:
        """What it says of objects of the shop."""
        return [item for item in self.items if not isinstance(item, Ignored | Notice)]


@dataclass(slots=True)
class Batch:
    """What a batch of journal rows adds up to, before anything is written.

    `seen`: what the shop has shown, other than a file; `gone`: what it has said to be gone. `awaited`: what
    is to be read anyway. `ended`: rows that end complete listings. `found`: by row, what of it no webhook had
    told. `owned`: what stays with somebody who was erased, by identity; `buried`: rows about such persons;
    `refused`: who of them had refused mail.
    `removed`: of what is known, that from which the shop has removed a person, by the row that tells so.
    """

    now: datetime
    known: dict[Key, Stored]
    touched: dict[Key, Record] = field(default_factory=dict)
    reads: dict[Key, str] = field(default_factory=dict)
    answered: list[tuple[Key, datetime]] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    gone: set[Key] = field(default_factory=set)
    awaited: frozenset[Key] = frozenset()
    ended: list[tuple[Entry, Answer]] = field(default_factory=list)
    found: dict[int, tuple[Entry, list[Finding]]] = field(default_factory=dict)
    notices: list[Noticed] = field(default_factory=list)
    results: list[tuple[int, State, str]] = field(default_factory=list)
    owned: dict[Key, int] = field(default_factory=dict)
    buried: list[int] = field(default_factory=list)
    refused: list[Tomb] = field(default_factory=list)
    removed: dict[Key, Entry] = field(default_factory=dict)

    def record(self, key: Key) -> Record | None:
        stored = self.known.get(key)
        return self.touched.get(key, stored.record if stored else None)


def merge(batch: Batch, told: Told) -> None:
    """Merge what a row says into a batch."""
    if told.problem:
        log.warning("parked", shop=told.entry.shop, row=told.entry.seq, problem=told.problem)
        batch.results.append((told.entry.seq, State.PARKED, told.problem))
        return
    shop, answer = told.entry.shop, told.answer
    asked_at = answer.asked_at if answer else None
    if told.entry.kind is not Kind.IMPORT:
        for item in told.about:
            if not isinstance(item, NeedsRead):
                is_gone = isinstance(item, Gone)
                (batch.gone if is_gone else batch.seen).add(key_of(shop, item))
                (batch.seen if is_gone else batch.gone).discard(key_of(shop, item))
    merged = [_merge_one(batch, told.entry, item, asked_at) for item in told.items]
    if answer is not None:
        _note_answer(batch, told.entry, answer, merged)
    words = "; ".join(str(one) for one in merged)
    if answer and answer.stream:
        words = _listed(answer, merged)
    elif told.entry.kind is Kind.IMPORT:
        words = _counted(merged)
    ignored = bool(told.items) and all(isinstance(item, Ignored) for item in told.items)
    state = State.IGNORED if ignored else State.DONE
    batch.results.append((told.entry.seq, state, words or "tells nothing"))


def _note_answer(batch: Batch, entry: Entry, answer: Answer, merged: Sequence[_Merged]) -> None:
    shop = entry.shop
    batch.answered += [((shop, ref.kind, ref.id), answer.asked_at) for ref in answer.refs]
    if answer.began_at is not None:
        batch.ended.append((entry, answer))
    if answer.stream and not answer.backfill:
        found = [
            found
            for one in merged
            if one.change in _NEWS and one.after is not None and one.key not in batch.awaited
            if (found := recovered.finding(one.key[1], one.before, one.after)) is not None
        ]
        batch.found.setdefault(entry.seq, (entry, []))[1].extend(found)


def _listed(answer: Answer, merged: Sequence[_Merged]) -> str:
    """Say in words what a page of a listing told: how much, and what of it was news."""
    news = ", ".join(str(one) for one in merged if one.change in _NEWS)
    return f"{answer.stream}: {len(merged)} listed; {news or 'nothing new'}"


def _counted(merged: Sequence[_Merged]) -> str:
    """Say in words what orders out of a file told: there are too many to name."""
    return ", ".join(f"{count} {change}" for change, count in Counter(one.change for one in merged).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """What became of one item: the object that it is about, and what changed, or why it is ignored.

    `after`: its record, unless it is as it was `before`.
    """

    name: str
    change: str
    key: Key = ("", "", "")
    before: Record | None = None
    after: Record | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.change}" if self.name else self.change


_FIRST, _CHANGED, _NOTHING = "first seen", "changed", "nothing new"
_NEWS = frozenset({_FIRST, _CHANGED})


def _merge_one(batch: Batch, entry: Entry, item: Translation | Gone, asked_at: datetime | None) -> _Merged:
    """Merge one item into the batch."""
    shop = entry.shop
    if isinstance(item, Ignored):
        return _Merged(name="", change=item.reason)
    if isinstance(item, Notice):
        batch.notices.append(Noticed(entry=entry, notice=item))
        return _Merged(name="", change=notices.told(item))
    key = key_of(shop, item)
    name = f"{key[1]} {key[2]}"
    if isinstance(item, NeedsRead):
        batch.reads[key] = item.reason
        return _Merged(name=f"{name} needs a read", change=item.reason)
    before = batch.record(key)
    after, doubt = join(before, _picture(entry, item, asked_at))
    if doubt:
        batch.reads.setdefault(key, doubt)
    if after == before:
        return _Merged(name=name, change=_NOTHING)
    batch.touched[key] = after
    stored = batch.known.get(key)
    if stored is not None and _removes(item) and names_somebody(stored.record):
        batch.removed[key] = entry
    change = _FIRST
    if before is not None:
        # A look that is newer but shows the same is worth keeping, and no news.
        change = _NOTHING if content(before) == content(after) else _CHANGED
    return _Merged(name=name, change=change, key=key, before=before, after=after)


def _removes(item: Snapshot | Gone) -> bool:
    """Tell whether the shop says that it has removed the person from an object."""
    return isinstance(item, OrderSnapshot | ReviewSnapshot | CustomerSnapshot) and item.erased


def _picture(entry: Entry, item: Snapshot | Gone, asked_at: datetime | None) -> Record:
    if isinstance(item, Gone):
        return gone(item.ref.kind, entry.shop, item.ref.id, Version(read_at=asked_at))
    if isinstance(item, ConsentSnapshot):
        return consent_record(item, entry.received_at)
    return record_of(item)


def key_of(shop: str, item: Snapshot | NeedsRead | Gone) -> Key:
    """Return the key of the object that something is about."""
    if isinstance(item, NeedsRead | Gone):
        return (shop, item.ref.kind, item.ref.id)
    return (shop, kind_of(item), item.id)


_OF_AN_ACCOUNT = OrderRecord | ReviewRecord | ConsentRecord | SubscriptionRecord


def account_of(record: Record) -> Key | None:
    """Return the account that an object names, if it names one."""
    if isinstance(record, _OF_AN_ACCOUNT) and record.customer and record.customer.value:
        return (record.shop, "customer", record.customer.value)
    return None
