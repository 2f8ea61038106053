"""By what a person is known in the database: identities, objects, and words in raw bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from aftercare_sdk.engine import imported, readings
from aftercare_sdk.engine.batches import key_of
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.model.people import Contact, Identity, IdentityKind
from aftercare_sdk.model.records import CustomerRecord, OrderRecord, ReviewRecord, Snapshot, kind_of
from aftercare_sdk.model.shops import Gone, NeedsRead, Webhook
from aftercare_sdk.store import erasing, journal, objects, people
from aftercare_sdk.store.journal import Entry, Kind
from aftercare_sdk.store.objects import Key, Stored

_PIECE = re.compile(rb"[^\s\"'/,:;=&(){}\[\]<>]+")
"""What stands between the signs that formats and ids are put together with."""
_SHORTEST_WORD = 4
"""Shorter words, such as most family names in kanji, are part of too many others to be searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """By what a person is known in raw bodies: words, and objects.

    `pieces` are the ends of the ids of these objects: without one of them a body tells of none.
    """

    words: frozenset[str] = field(default=frozenset(), repr=False)
    keys: frozenset[Key] = frozenset()
    pieces: frozenset[bytes] = frozenset()

    def __or__(self, other: Trace) -> Trace:
        """Return by what one or the other is known."""
        return Trace(
            words=self.words | other.words, keys=self.keys | other.keys, pieces=self.pieces | other.pieces
        )

    def within(self, other: Trace) -> bool:
        """Tell whether whatever concerns this one concerns the other."""
        return self.words <= other.words and self.keys <= other.keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """All that shops have told of a person, or of several who are meant as one."""

    customers: frozenset[int]
    identities: Mapping[int, Identity] = field(repr=False)
    stored: Sequence[Stored] = field(repr=False)
    trace: Trace = field(repr=False)


def find(connection: Connection, identities: Collection[int]) -> Person:
    """Return the customers that identities belong to, as one."""
    owners = frozenset(people.customers_of(connection, identities).values())
    members = {each for several in people.identities_of(connection, owners).values() for each in several}
    stored = objects.concerning(connection, members)
    mailboxes = {one.contact_identity for one in stored if one.contact_identity is not None}
    members |= erasing.alone(connection, mailboxes, members)
    named = people.named(connection, members)
    keys = frozenset(
        (one.record.shop, kind_of(one.record), one.record.id) for one in stored if one.identity in members
    )
    return Person(
        customers=owners,
        identities=named,
        stored=tuple(stored),
        trace=replace(trace_of(keys), words=frozenset(_words(named.values(), stored))),
    )


def trace_of(keys: frozenset[Key]) -> Trace:
    """Return by what objects are known, whoever they belong to."""
    pieces = frozenset(piece for _, _, id_ in keys for piece in _PIECE.findall(id_.encode())[-1:])
    return Trace(keys=keys, pieces=pieces)


def _words(identities: Iterable[Identity], stored: Iterable[Stored]) -> Iterator[str]:
    """Give all that names a person in lower case, as it is searched for."""
    told = [one.value for one in identities if one.kind in {IdentityKind.EMAIL, IdentityKind.PHONE}]
    for one in stored:
        record = one.record
        if isinstance(record, CustomerRecord):
            told += record.emails
            told += (record.attributes.value or {}).values() if record.attributes else ()
        if isinstance(record, OrderRecord | ReviewRecord | CustomerRecord) and record.contact:
            told += _contact_words(record.contact.value)
        if isinstance(record, ReviewRecord) and record.text and record.text.value:
            told.append(record.text.value)
    for word in told:
        if len(word.strip()) >= _SHORTEST_WORD:
            yield word.strip().lower()


def _contact_words(contact: Contact | None) -> list[str]:
    if contact is None:
        return []
    return [contact.email, contact.phone, contact.full_name, contact.street]


def concerns(brand: Brand, row: Entry, trace: Trace) -> bool:
    """Tell whether a raw body names a person, or tells of an object of theirs."""
    body = _body(row)
    text = body.decode(errors="replace").lower()
    if any(word in text or json.dumps(word)[1:-1] in text for word in trace.words):
        return True
    # The body is cut once, whatever it tells of: somebody may have hundreds of orders.
    if row.kind not in journal.FROM_SHOPS or trace.pieces.isdisjoint(_PIECE.findall(body)):
        return False
    return not trace.keys.isdisjoint(_told_of(brand, row))


def readable(row: Entry) -> str:
    """Return a raw body as text."""
    return _body(row).decode(errors="replace")


def _body(row: Entry) -> bytes:
    if row.body is None:
        return b""
    return imported.text(row.body).encode() if row.kind is Kind.IMPORT else row.body


def _told_of(brand: Brand, row: Entry) -> Iterator[Key]:
    """Give the objects that a row of a shop tells of, as far as its adapter can still read it."""
    adapter = brand.adapter(row.shop)
    if row.body is None:
        return
    if row.kind is Kind.IMPORT:
        told: Iterable[object] = imported.decode(row.body)
    elif row.kind is not Kind.WEBHOOK:
        told = readings.decode(row.body).readings
    elif adapter is None:
        return
    else:
        try:
            told = tuple(
                adapter.translate(
                    Webhook(topic=row.topic, body=row.body, delivery=row.delivery, hints=row.hints)
                )
            )
        except Exception:  # noqa: BLE001 - it is parked for that, and holds none of the words
            return
    yield from (key_of(row.shop, item) for item in told if isinstance(item, Snapshot | NeedsRead | Gone))
