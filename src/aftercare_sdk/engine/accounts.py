"""What a customer has in points, now or as the books stood at some moment, and how it came to that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.finding import find_customers
from aftercare_sdk.model.points.expiry import FOREVER
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.store import balances, books, lots, objects, people
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.books import Written
from aftercare_sdk.store.lots import Award

Object = tuple[str, str, str]
"""Shop, kind and id of what a lot is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A lot, and what was left in it. `expires_at` is the first instant at which it cannot be used any more.

    None: it never expires, or it is still pending, and nobody knows yet when it does.
    """

    award: Award
    left: int
    available: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The points of one customer. `found` says how the customer was found; see `find_customers`.

    `lots` stand in the order in which they are used, those that are still pending last; `entries` are the
    last ones, in their order, out of `count`. `of` has what each lot is about, by its key, and `numbers` what
    people call the orders among that.
    """

    customer: int
    found: str
    balance: Balance
    lots: tuple[Holding, ...]
    entries: tuple[Written, ...]
    count: int
    numbers: Mapping[Object, str]
    of: Mapping[str, Object]


def accounts(
    connection: Connection, text: str, *, limit: int, before: datetime | None = None
) -> tuple[Account, ...]:
    """Return the points of everybody whom a text may mean; `before`: as they were just before a moment.

    Who is one person is always told as of now.
    """
    found = find_customers(connection, text.strip())
    several = people.identities_of(connection, found)
    return tuple(
        _account(
            connection,
            several[customer],
            customer=customer,
            found=found[customer],
            before=before,
            limit=limit,
        )
        for customer in sorted(found, key=lambda one: (found[one] == "mailbox", one))
    )


def _account(
    connection: Connection,
    identities: Sequence[int],
    *,
    customer: int,
    found: str,
    before: datetime | None,
    limit: int,
) -> Account:
    mine = {award.key: award for award in lots.of_identities(connection, identities)}
    if before is None:
        holdings = [
            _holding(award, award.lot.remaining, available=award.lot.available) for award in mine.values()
        ]
        balance = balances.of_person(connection, identities)
    else:
        holdings, balance = _as_of(connection, identities, mine, before)
    entries, count = books.written(connection, identities, before, limit)
    spoken_of = {key for one in entries for key in (one.lot, one.other) if key and key not in mine}
    named = lots.get_many(connection, spoken_of)
    known = {holding.award.key: holding.award for holding in holdings} | mine | named
    of = {key: (award.shop, award.object_kind, award.object) for key, award in known.items()}
    return Account(
        customer=customer,
        found=found,
        balance=balance,
        lots=tuple(sorted(holdings, key=_turn)),
        entries=tuple(entries),
        count=count,
        numbers=_numbers(connection, of.values()),
        of=of,
    )


def _as_of(
    connection: Connection, identities: Sequence[int], mine: Mapping[str, Award], before: datetime
) -> tuple[list[Holding], Balance]:
    """Reckon from entries alone: what a lot holds is what they add up to, whoever it belongs to by now."""
    held = books.held_before(connection, identities, before)
    gone = lots.get_many(connection, {key for key in held if key not in mine})
    holdings = []
    balance = Balance()
    for key, (points, debt) in held.items():
        award = gone.get(key) or mine.get(key)
        available = award is not None and _was_available(award, before)
        balance += Balance(
            available=points if available else 0, pending=0 if available else points, debt=debt
        )
        if award is not None:
            holdings.append(_holding(award, points, available=available))
    return holdings, balance


def _was_available(award: Award, before: datetime) -> bool:
    return award.lot.available and (award.available_at is None or award.available_at < before)


def _holding(award: Award, left: int, *, available: bool) -> Holding:
    expires_at = award.lot.expires_at if available and award.lot.expires_at != FOREVER else None
    return Holding(award=award, left=left, available=available, expires_at=expires_at)


def _turn(one: Holding) -> tuple[bool, datetime, str]:
    return (not one.available, one.expires_at or FOREVER, one.award.key)


def _numbers(connection: Connection, of: Collection[Object]) -> dict[Object, str]:
    orders = {key for key in of if key[1] == "order"}
    return {
        key: stored.record.number.value
        for key, stored in objects.get_many(connection, orders).items()
        if isinstance(stored.record, OrderRecord) and stored.record.number
    }
