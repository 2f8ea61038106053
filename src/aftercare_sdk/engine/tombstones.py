"""What happened before somebody was erased and is told again afterwards: stripped of the person (LAW-20).

Orders, refunds and reviews still count for the books of whoever was erased. What happened after the erasure
is somebody new. What nobody dates counts as before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.batches import Told, key_of
from aftercare_sdk.engine.suppressing import ADDRESS_KEY
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot, Identity, IdentityKind, fold_email
from aftercare_sdk.model.records import OrderRecord, Record, ReviewRecord
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.shops import Gone, Ignored, Translation
from aftercare_sdk.model.subscriptions import SubscriptionSnapshot
from aftercare_sdk.outreach.permission.suppression import address_hash
from aftercare_sdk.store import control, erasing
from aftercare_sdk.store.erasing import Tomb
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.suppressions import EMAIL

_Item = Translation | Gone
_ERASED = Ignored("about somebody who was erased")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """What a row says without whoever was erased, and the objects that stay theirs, by identity.

    `concerns`: the row was about somebody who was erased, so its raw body is dropped. `refused`: who of
    them had refused mail, as the platform says.
    """

    told: Told
    owned: Mapping[Key, int]
    concerns: bool
    refused: tuple[Tomb, ...] = ()


def tombstone_hash(key: str, identity: Identity) -> str | None:
    """Return under what an identity is remembered when it is erased; None: it is known only by an object."""
    if identity.kind in {IdentityKind.ORDER, IdentityKind.REVIEW, IdentityKind.ERASED}:
        return None
    kind = f"{identity.kind}\x1f{identity.shop}" if identity.shop else identity.kind.value
    return address_hash(key, identity.value, kind)


def erased_since(connection: Connection, identity: Identity, at: datetime) -> Tomb | None:
    """Return who was erased under an identity after a moment."""
    key = control.known_secret(connection, ADDRESS_KEY)
    hashed = tombstone_hash(key, identity) if key else None
    if hashed is None:
        return None
    return _first_since(erasing.tombs(connection, {hashed}).get(hashed, ()), at)


def strip(connection: Connection, several: Sequence[Told], known: Mapping[Key, Stored]) -> list[Stripped]:
    """Strip what rows say of all that was erased."""
    key = control.known_secret(connection, ADDRESS_KEY) or ""
    named = {one: hashed for told in several for one in _named(told) if (hashed := tombstone_hash(key, one))}
    buried = erasing.tombs(connection, set(named.values()))
    owners = erasing.erased(
        connection, (stored.identity for stored in known.values() if stored.identity is not None)
    )
    graveyard = _Graveyard(
        tombs={one: buried[hashed] for one, hashed in named.items() if hashed in buried},
        owners={
            key: owners[stored.identity]
            for key, stored in known.items()
            if stored.identity is not None and stored.identity in owners
        },
        known=known,
    )
    return [graveyard.strip(told) for told in several]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graveyard:
    """Who of those that a batch names was erased: identities, and the owners of objects."""

    tombs: Mapping[Identity, Sequence[Tomb]]
    owners: Mapping[Key, Tomb]
    known: Mapping[Key, Stored]

    def strip(self, told: Told) -> Stripped:
        if not (self.tombs or self.owners):
            return Stripped(told=told, owned={}, concerns=False)
        owned: dict[Key, int] = {}
        items = tuple(self._strip(told.entry.shop, item, owned) for item in told.items)
        concerns = any(new is not old for new, old in zip(items, told.items, strict=True))
        refused = tuple(
            tomb
            for item in told.items
            if isinstance(item, ConsentSnapshot) and _refuses_mail(item)
            if (tomb := self._tomb(_account(told.entry.shop, item.customer), item.version.modified_at))
        )
        return Stripped(told=replace(told, items=items), owned=owned, concerns=concerns, refused=refused)

    def _strip(self, shop: str, item: _Item, owned: dict[Key, int]) -> _Item:
        """Return what is left of one item."""
        if isinstance(item, OrderSnapshot | ReviewSnapshot):
            return self._strip_words(shop, item, owned)
        if isinstance(item, CustomerSnapshot):
            return self._strip_account(shop, item)
        if isinstance(item, ConsentSnapshot | SubscriptionSnapshot):
            account = _account(shop, item.customer)
            return _ERASED if self._tomb(account, item.version.modified_at) else item
        if isinstance(item, Gone) and item.ref.kind in {"customer", "consent"}:
            account = _account(shop, item.ref.id.partition("/")[0])
            return _ERASED if account in self.tombs and key_of(shop, item) not in self.known else item
        return item

    def _strip_words(
        self, shop: str, item: OrderSnapshot | ReviewSnapshot, owned: dict[Key, int]
    ) -> OrderSnapshot | ReviewSnapshot:
        key = key_of(shop, item)
        at = _happened(item, self.known.get(key))
        mailbox = self._tomb(_mailbox(item.contact.email if item.contact else ""), at)
        account = _account(shop, item.customer)
        owner = self._tomb(account, at) if account else mailbox
        before = self.owners.get(key)
        if before is not None and (at is None or at <= before.erased_at):
            owner = before
        if owner is not None:
            owned[key] = owner.identity
            item = replace(item, customer=None)
        elif mailbox is None:
            return item
        item = replace(item, contact=None)
        return replace(item, text=None) if isinstance(item, ReviewSnapshot) and owner else item

    def _strip_account(self, shop: str, item: CustomerSnapshot) -> _Item:
        account = _account(shop, item.id)
        at = item.version.modified_at
        is_news = not (item.erased or item.deleted) or key_of(shop, item) in self.known
        if self._tomb(account, at) or (account in self.tombs and not is_news):
            return _ERASED
        if item.contact and self._tomb(_mailbox(item.contact.email), at):
            return replace(item, contact=None, birthday=None, attributes=None)
        return item

    def _tomb(self, identity: Identity | None, at: datetime | None) -> Tomb | None:
        """Return who was erased under an identity after something had happened."""
        return None if identity is None else _first_since(self.tombs.get(identity, ()), at)


def _first_since(tombs: Iterable[Tomb], at: datetime | None) -> Tomb | None:
    return next((tomb for tomb in tombs if at is None or at <= tomb.erased_at), None)


def _refuses_mail(item: ConsentSnapshot) -> bool:
    return item.state is ConsentState.UNSUBSCRIBED and item.channel == EMAIL


def _named(told: Told) -> Iterable[Identity]:
    """Give the accounts and addresses that a row names."""
    shop = told.entry.shop
    for item in told.items:
        several: tuple[Identity | None, ...] = ()
        if isinstance(item, OrderSnapshot | ReviewSnapshot):
            several = (_account(shop, item.customer), _mailbox(item.contact.email if item.contact else ""))
        elif isinstance(item, CustomerSnapshot):
            several = (_account(shop, item.id), _mailbox(item.contact.email if item.contact else ""))
        elif isinstance(item, ConsentSnapshot | SubscriptionSnapshot):
            several = (_account(shop, item.customer),)
        elif isinstance(item, Gone):
            several = (_account(shop, item.ref.id.partition("/")[0]),)
        yield from (one for one in several if one is not None)


def _account(shop: str, customer: str | None) -> Identity | None:
    return Identity(kind=IdentityKind.ACCOUNT, shop=shop, value=customer) if customer else None


def _mailbox(address: str) -> Identity | None:
    folded = fold_email(address)
    return Identity(kind=IdentityKind.EMAIL, value=folded) if folded else None


def _happened(item: OrderSnapshot | ReviewSnapshot, stored: Stored | None) -> datetime | None:
    """Return when an order was placed or a review was written, as far as anybody knows."""
    told = item.placed_at if isinstance(item, OrderSnapshot) else item.created_at
    return told or happened(stored.record if stored else None)


def happened(record: Record | None) -> datetime | None:
    """Return when an order was placed or a review was written, by all that was told of it."""
    if isinstance(record, OrderRecord) and record.placed_at:
        return record.placed_at.value
    if isinstance(record, ReviewRecord) and record.created_at:
        return record.created_at.value
    return None
