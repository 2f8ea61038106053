"""How the answer to an authoritative read is written into the journal, and read from there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from aftercare_sdk.errors import Bug
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records import KINDS, Snapshot, kind_of
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.shops import Gone, Reading, Ref
from aftercare_sdk.model.subscriptions import SubscriptionSnapshot
from aftercare_sdk.store.codec import dump, load

S = TypeVar("S", bound=Snapshot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a shop said when it was asked for `refs` at `asked_at`.

    `stream` is the listing that it is part of, if it is one; `backfill`: the first one, which tells of the
    time before there were webhooks. `began_at`: this is the end of a listing of every object of `kind` that
    began then.
    """

    asked_at: datetime
    refs: tuple[Ref, ...]
    orders: tuple[OrderSnapshot, ...] = field(default=(), repr=False)
    customers: tuple[CustomerSnapshot, ...] = field(default=(), repr=False)
    products: tuple[ProductSnapshot, ...] = field(default=(), repr=False)
    reviews: tuple[ReviewSnapshot, ...] = field(default=(), repr=False)
    consents: tuple[ConsentSnapshot, ...] = field(default=(), repr=False)
    subscriptions: tuple[SubscriptionSnapshot, ...] = field(default=(), repr=False)
    codes: tuple[CodeSnapshot, ...] = field(default=(), repr=False)
    gone: tuple[Ref, ...] = ()
    stream: str = ""
    backfill: bool = False
    kind: str = ""
    began_at: datetime | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Everything in it, as if it had just been read."""
        told = (one for name in _SEVERAL.values() for one in getattr(self, name))
        return (*told, *(Gone(ref) for ref in self.gone))


_SEVERAL = {kind: f"{kind}s" for kind in KINDS}
"""Where an answer keeps the objects of each kind."""


def answer(asked_at: datetime, refs: Iterable[Ref], readings: Iterable[Reading], *, shop: str) -> Answer:
    """Return the answer of a shop; its snapshots count as read at `asked_at`.

    Raises Bug for anything else, an answer that is dropped would settle a doubt; and for a snapshot of
    another shop, which would take the place of what is known there.
    """
    found = list(readings)
    told = {ref_of(one) for one in found}
    for one in found:
        if not isinstance(one, Gone) and one.shop != shop:
            raise Bug(f"the adapter of shop {shop!r} answered with an object of another shop, {one.shop!r}")
    several: dict[str, Any] = {
        name: tuple(_read(one, asked_at) for one in found if isinstance(one, KINDS[kind].snapshot))
        for kind, name in _SEVERAL.items()
    }
    return Answer(
        asked_at=asked_at,
        refs=tuple(ref for ref in refs if ref in told),
        **several,
        gone=tuple(one.ref for one in found if isinstance(one, Gone)),
    )


def ref_of(one: Reading) -> Ref:
    """Return which object a reading is about. Raises Bug for anything that is no reading."""
    if isinstance(one, Gone):
        return one.ref
    if isinstance(one, Snapshot):
        return Ref(kind_of(one), one.id)
    raise Bug(f"the adapter answered with {type(one).__name__}, which is no snapshot and not Gone")


def encode(given: Answer) -> bytes:
    """Return the body of the journal row."""
    return dump(given).encode()


def decode(body: bytes) -> Answer:
    """Return the answer in the body of a journal row."""
    return load(Answer, body)


def _read(one: S, at: datetime) -> S:
    return replace(one, version=replace(one.version, read_at=at))
