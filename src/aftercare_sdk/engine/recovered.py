"""What listings found that no webhook had told: which objects, and what of each.

A page's findings are noted with its row in the journal, for as long as bodies are kept. They hold ids and the
names of fields, nothing personal; what an operator calls an order is looked up when it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from aftercare_sdk.model.records import OrderRecord, Record
from aftercare_sdk.model.versions import Register, content
from aftercare_sdk.store import objects, reads
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.journal import Discovery
from aftercare_sdk.store.objects import Key


class Change(StrEnum):
    """What a listing found of an object. UNLISTED: it does not name it, so it is read."""

    NEW = "new"
    CHANGED = "changed"
    UNLISTED = "unlisted"


class Fate(StrEnum):
    """What is known by now of an object that was found."""

    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"
    STILL_THERE = "still_there"
    AWAITS_READ = "awaits_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that was different: a field, or with its `id` a refund, a shipment or a delivery."""

    what: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One object of which no webhook had told all, and the parts that it had not."""

    kind: str
    id: str
    change: Change
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One object that listings of a shop have found, as it stands now. `name`: what operators call it."""

    shop: str
    kind: str
    id: str
    name: str
    fate: Fate
    parts: tuple[Part, ...]
    listings: tuple[str, ...]


# What has several, by id; what is kept to merge pictures and means nothing by itself; what goes by one name.
_SEVERAL = {"shipments": "shipment", "deliveries": "delivery", "refunds": "refund"}
_BOOKS = frozenset({"shop", "id", "latest", "refund_list", "refunds_told", "cancellations", "heard"})
_NAMES = {"emails": "contact", "products": "lines", "purchased_at": "purchase"}
_AT_ONCE = 500
_NOTHING_SAID: tuple[object, ...] = (None, False, "", (), {}, frozenset())


def finding(kind: str, before: Record | None, after: Record) -> Finding | None:
    """Return what is news in a picture of an object; None: it tells nothing that was not known."""
    if before is None:
        return Finding(kind=kind, id=after.id, change=Change.NEW)
    parts = tuple(dict.fromkeys(_differences(before, after)))
    return Finding(kind=kind, id=after.id, change=Change.CHANGED, parts=parts) if parts else None


def unlisted(kind: str, ids: Iterable[str]) -> Iterator[Finding]:
    """Yield the findings for objects that a complete listing does not name."""
    for id_ in ids:
        yield Finding(kind=kind, id=id_, change=Change.UNLISTED)


def encode(findings: Sequence[Finding]) -> str:
    """Return findings as the journal keeps them."""
    return dump(findings)


def recovered(connection: Connection, discoveries: Iterable[Discovery]) -> tuple[Recovered, ...]:
    """Return what was found, each object once, by shop, kind and id, as it stands now."""
    parts: dict[Key, dict[Part, None]] = {}
    changes: dict[Key, set[Change]] = {}
    listings: dict[Key, dict[str, None]] = {}
    for row in sorted(discoveries, key=lambda one: one.seq):
        for one in load(tuple[Finding, ...], row.found):
            key = (row.shop, one.kind, one.id)
            parts.setdefault(key, {}).update(dict.fromkeys(one.parts))
            changes.setdefault(key, set()).add(one.change)
            listings.setdefault(key, {})[row.topic] = None
    found: list[Recovered] = []
    keys = sorted(changes, key=_by_number)
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        names, fates = _names(connection, some), _fates(connection, some, changes)
        found += [
            Recovered(
                shop=key[0],
                kind=key[1],
                id=key[2],
                name=names.get(key, key[2]),
                fate=fates[key],
                # Of what is new or gone, everything is.
                parts=tuple(parts[key]) if fates[key] is Fate.CHANGED else (),
                listings=tuple(listings[key]),
            )
            for key in some
        ]
    return tuple(found)


def _names(connection: Connection, keys: Sequence[Key]) -> dict[Key, str]:
    """Return what operators call objects: the number of an order, else the id."""
    orders = objects.get_many(connection, [key for key in keys if key[1] == "order"])
    return {
        key: stored.record.number.value
        for key, stored in orders.items()
        if isinstance(stored.record, OrderRecord) and stored.record.number is not None
    }


def _fates(
    connection: Connection, keys: Sequence[Key], changes: Mapping[Key, Collection[Change]]
) -> dict[Key, Fate]:
    """Return how objects stand by now: what no listing named has been read, or will be."""
    unlisted_ones = [key for key in keys if Change.UNLISTED in changes[key]]
    awaited = reads.pending(connection, unlisted_ones)
    there = objects.there(connection, unlisted_ones)
    fates: dict[Key, Fate] = {}
    for key in keys:
        told = changes[key]
        if key in awaited:
            fates[key] = Fate.AWAITS_READ
        elif Change.UNLISTED in told and key not in there:
            fates[key] = Fate.DELETED
        elif Change.NEW in told:
            fates[key] = Fate.NEW
        else:
            fates[key] = Fate.CHANGED if Change.CHANGED in told else Fate.STILL_THERE
    return fates


def _differences(before: Record, after: Record) -> Iterator[Part]:
    for each in fields(after):
        name = each.name
        if name in _BOOKS:
            continue
        old, new = getattr(before, name), getattr(after, name)
        if name in _SEVERAL:
            yield from _of_several(_SEVERAL[name], old, new)
        elif name == "cancelled" and _value(old) and _value(new) is False:
            yield Part(what="revived")
        elif content(old) != content(new) and not (_value(old) is None and _value(new) in _NOTHING_SAID):
            yield Part(what=_NAMES.get(name, name))
    if isinstance(before, OrderRecord) and isinstance(after, OrderRecord):
        for id_ in sorted(after.refunds):
            if after.withdrawn(id_) and not (id_ in before.refunds and before.withdrawn(id_)):
                yield Part(what="refund_withdrawn", id=id_)


def _of_several(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what was added or changed. The lines of a refund that webhooks tell without them are no news."""
    for id_ in sorted(new):
        if id_ not in old or _told(old[id_], new[id_]) != _told(new[id_], old[id_]):
            yield Part(what=what, id=id_)


def _told(one: Any, other: Any) -> object:
    """Return what one picture of a part says of which the other says something, too."""
    amount = getattr(one, "amount", None)
    if amount is None:
        return one
    lines = content(one.lines) if one.lines is not None and other.lines is not None else None
    return content(amount), lines


def _value(register: object) -> object:
    return register.value if isinstance(register, Register) else register


def _by_number(key: Key) -> tuple[str, str, int, str]:
    """Return where an object stands in a report: 9 before 10."""
    shop, kind, id_ = key
    return shop, kind, int(id_) if id_.isdecimal() else 0, id_
