"""The consent ledger: what persons have said, one row each, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis, ConsentEntry, ConsentWord
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import consents, identities


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An entry, and the identity that it came with."""

    identity: int
    entry: ConsentEntry
    recorded_at: datetime


def append(connection: Connection, said: Iterable[Said]) -> dict[str, Said]:
    """Note what was said; return what of it is news, by key. The same of the same moment is one entry."""
    told = {key_of(one): one for one in said}
    if not told:
        return {}
    known = set(connection.execute(select(consents.c.key).where(consents.c.key.in_(sorted(told)))).scalars())
    fresh = {key: one for key, one in told.items() if key not in known}
    if fresh:
        statement = insert_into(connection, consents).on_conflict_do_nothing(index_elements=["key"])
        connection.execute(statement, [{"key": key, **_row(one)} for key, one in fresh.items()])
    return fresh


def of_customers(connection: Connection, customers: Collection[int]) -> Mapping[int, list[Said]]:
    """Return all that the identities of each customer have said, in the order in which it was recorded."""
    told: dict[int, list[Said]] = {customer: [] for customer in customers}
    if told:
        rows = connection.execute(
            select(consents, identities.c.customer.label("of_customer"))
            .join(identities, identities.c.id == consents.c.identity)
            .where(identities.c.customer.in_(sorted(told)))
            .order_by(consents.c.seq)
        )
        for row in rows.mappings():
            told[row["of_customer"]].append(_said(row))
    return told


def with_key(connection: Connection, key: str) -> Said | None:
    """Return an entry by its key."""
    row = connection.execute(select(consents).where(consents.c.key == key)).mappings().first()
    return _said(row) if row else None


def key_of(one: Said) -> str:
    """Return under which key an entry is kept: the same of the same moment is one."""
    told = {name: value for name, value in _row(one).items() if name != "recorded_at"}
    return hashlib.sha256(dump(told).encode()).hexdigest()


def _row(one: Said) -> dict[str, object]:
    entry = one.entry
    return {
        "identity": one.identity,
        "recorded_at": one.recorded_at,
        "at": entry.at,
        "until": entry.until,
        "channel": entry.channel,
        "purpose": "" if entry.purpose is None else entry.purpose.value,
        "word": entry.word,
        "basis": entry.basis,
        "by_person": int(entry.by_person),
        "source": entry.source,
        "form": entry.form,
        "form_hash": entry.form_hash,
        "url": entry.url,
        "ordered": entry.order,
        "refusal_offered": int(entry.refusal_offered),
        "categories": dump(entry.categories),
        "actor": entry.actor,
    }


def _said(row: RowMapping) -> Said:
    return Said(
        identity=row["identity"],
        recorded_at=row["recorded_at"],
        entry=ConsentEntry(
            channel=row["channel"],
            purpose=Purpose(row["purpose"]) if row["purpose"] else None,
            word=ConsentWord(row["word"]),
            at=row["at"],
            basis=Basis(row["basis"]),
            until=row["until"],
            by_person=bool(row["by_person"]),
            source=row["source"],
            form=row["form"],
            form_hash=row["form_hash"],
            url=row["url"],
            order=row["ordered"],
            refusal_offered=bool(row["refusal_offered"]),
            categories=load(tuple[str, ...], row["categories"]),
            actor=row["actor"],
        ),
    )
