"""What a shop has removed from its own records is removed here too (LAW-15, LAW-20).

WooCommerce erases without saying whom: one order after the other loses its person. What is stored about such
an order goes with it, and whoever is named by nothing else is erased like anybody who asks for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine import consenting
from aftercare_sdk.engine.batches import Batch, Told, key_of
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.erasing import Erasure, Looked, erase, look_through, together
from aftercare_sdk.engine.tracing import find, trace_of
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis, ConsentEntry
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.privacy import PrivacyKind
from aftercare_sdk.model.records import CustomerRecord, names_nobody, names_somebody
from aftercare_sdk.outreach.permission.consent import standing
from aftercare_sdk.store import erasing, objects, people, privacy
from aftercare_sdk.store.journal import Entry
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.privacy import Asked
from aftercare_sdk.store.suppressions import EMAIL

WAIT = timedelta(days=1)
"""So long is waited for what else the shop removes of the same person, and for what it tells late."""
_WITHIN = timedelta(days=30)
_ERASED, _KNOWN = "erased", "removed; something else names the person"
_LEFT = "removed; the person goes on agreeing to be written to, and is left to you"


def asked_by(entry: Entry, key: Key, before: Stored) -> Asked:
    """Return as a request that a shop has removed somebody from what was known: by internal ids only."""
    shop, kind, id_ = key
    told_apart = f"{shop}\x1f{PrivacyKind.REMOVED}\x1f{kind}\x1f{id_}"
    whose = dict.fromkeys((before.identity, before.contact_identity))
    return Asked(
        key=hashlib.sha256(told_apart.encode()).hexdigest(),
        shop=shop,
        kind=PrivacyKind.REMOVED,
        reference=f"{kind}/{id_}",
        customer=id_ if kind == "customer" else "",
        orders=(id_,) if kind == "order" else (),
        identities=tuple(one for one in whose if one is not None),
        journal=entry.seq,
        received_at=entry.received_at,
        due_at=entry.received_at + _WITHIN,
    )


def named_late(batch: Batch, several: Iterable[Told]) -> Iterator[int]:
    """Give the rows that name whom the shop has removed since: their raw bodies are not to be kept."""
    for told in several:
        names = [item for item in told.about if getattr(item, "contact", None) is not None]
        if any(names_nobody(batch.record(key_of(told.entry.shop, item))) for item in names):
            yield told.entry.seq


def remove(
    brand: Brand, several: Sequence[Asked], *, reason: str, actor: str, anyway: bool = False
) -> Erasure:
    """Remove here what shops have removed, and settle the requests; return what that was in all.

    Whoever is named by nothing else is erased. Who goes on agreeing to be written to is left to a person: the
    shop may have been asked to erase them, or may only have tidied up. `anyway`: a person has decided.
    """
    now = brand.clock.now()
    with brand.database.read() as connection:
        buyers = _by_buyer(connection, several, None if anyway else now)
        trace = trace_of(frozenset(_key(one) for one in several))
        for buyer in buyers:
            trace |= find(connection, buyer.nobody).trace
    bodies, looked = look_through(brand, trace)
    done = Erasure(at=now, erased={"journal": bodies}, request=several[0] if anyway else None)
    for buyer in buyers:
        done = together(done, _remove(brand, buyer, looked, reason=reason, actor=actor, prove=anyway))
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buyer:
    """What was removed of one buyer: whom nothing names any more, and who but for that goes on agreeing.

    `stays`: the buyer is not among the former; `persons`: how many these are, without orders of nobody's.
    """

    asked: tuple[Asked, ...]
    nobody: frozenset[int]
    agreeing: frozenset[int]
    stays: bool
    persons: int


def _by_buyer(connection: Connection, several: Sequence[Asked], agreed_at: datetime | None) -> list[_Buyer]:
    """Return what was removed, by the customer who had it; None: it does not matter who agrees."""
    stored = objects.get_many(connection, [_key(one) for one in several])
    customers = people.customers_of(connection, {id_ for one in several for id_ in one.identities})
    groups: dict[int, list[Asked]] = {}
    for one in several:
        groups.setdefault(customers[one.identities[0]], []).append(one)
    found: list[_Buyer] = []
    for buyer, asked in groups.items():
        whose = {customers[id_] for one in asked for id_ in one.identities}
        nobody, agreeing = _unnamed(connection, whose, agreed_at)
        persons = len(set(people.customers_of(connection, _members(connection, nobody)).values()))
        if buyer in nobody:
            # An order without a person is a customer of its own by now.
            owners = [each.identity for one in asked if (each := stored.get(_key(one))) and each.identity]
            alone = set(people.customers_of(connection, owners).values()) - whose
            nobody |= _unnamed(connection, alone, None)[0]
        found.append(
            _Buyer(
                asked=tuple(asked),
                nobody=_members(connection, nobody),
                agreeing=_members(connection, agreeing),
                stays=buyer not in nobody,
                persons=persons,
            )
        )
    return found


def _members(connection: Connection, owners: Collection[int]) -> frozenset[int]:
    """Return the identities of customers, but for those that were erased already."""
    several = people.identities_of(connection, owners).values()
    members = frozenset(each for each_of in several for each in each_of)
    return members - erasing.erased(connection, members).keys()


def _unnamed(
    connection: Connection, owners: Collection[int], agreed_at: datetime | None
) -> tuple[frozenset[int], frozenset[int]]:
    """Return which customers nothing names any more, and apart those of them who agree to be written to."""
    members = people.identities_of(connection, owners)
    unnamed = frozenset(owner for owner in members if not _is_named(connection, members[owner]))
    if agreed_at is None:
        return unnamed, frozenset()
    said = consenting.said_by(connection, unnamed)
    agreeing = frozenset(owner for owner in unnamed if _agrees(said[owner], agreed_at))
    return unnamed - agreeing, agreeing


def _agrees(said: Sequence[ConsentEntry], at: datetime) -> bool:
    return any(one.basis is Basis.EXPRESS for one in standing(said, EMAIL, Purpose.MARKETING, at).given)


def _is_named(connection: Connection, members: Collection[int]) -> bool:
    """Tell whether a shop still names somebody."""
    records = [one.record for one in objects.concerning(connection, members)]
    gone = {(one.shop, one.id) for one in records if isinstance(one, CustomerRecord) and names_nobody(one)}
    identities = people.named(connection, members).values()
    accounts = {(one.shop, one.value) for one in identities if one.kind is IdentityKind.ACCOUNT}
    return any(names_somebody(one) for one in records) or bool(accounts - gone)


def _remove(brand: Brand, buyer: _Buyer, looked: Looked, *, reason: str, actor: str, prove: bool) -> Erasure:
    """Empty what is about the objects of a buyer, and erase the buyer if nothing names them."""
    now = brand.clock.now()
    with brand.database.write() as connection:
        rows = erasing.empty_about(connection, [_key(one) for one in buyer.asked])
    done = Erasure(at=now, erased=rows)
    stays = buyer.stays
    if buyer.nobody:
        erased = erase(
            brand,
            buyer.nobody,
            reason=reason,
            actor=actor,
            request=None if stays else buyer.asked[0],
            prove=prove,
            looked=looked,
            unless=_is_named,
        )
        is_done = bool(erased.customers)
        done = together(done, replace(erased, customers=buyer.persons if is_done else 0))
        stays = stays or not is_done
    with brand.database.write() as connection:
        for one in buyer.asked:
            if buyer.agreeing:
                privacy.leave(connection, one.key, _LEFT)
            else:
                privacy.settle(connection, one.key, _KNOWN if stays else _ERASED, now)
    return done


def _key(asked: Asked) -> Key:
    kind, _, id_ = asked.reference.partition("/")
    return (asked.shop, kind, id_)
