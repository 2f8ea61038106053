"""Sums over the books, which the database reckons: by lot, by identity, by month, and up to a moment.

No function holds more than what it returns, and none asks the database once for each row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)

from aftercare_sdk.model.points.lots import Cause, EntryKind
from aftercare_sdk.store.tables import balances, entries, identities, lots, payments


def _sum(column: ColumnElement[int], where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column).filter(where), 0)


# How what happened to a lot is counted from its entries; `model.points.lots` posts them. What an entry does
# is its points less its debt: what is taken and is not there counts as if it had been, and is owed.
_KIND, _CAUSE, _POINTS, _DEBT = entries.c.kind, entries.c.cause, entries.c.points, entries.c.debt
_DONE = _POINTS - _DEBT
_WORTH, _ADJUSTED = _KIND.in_([EntryKind.EARN, EntryKind.REVOKE]), _KIND == EntryKind.ADJUST
_DEBTS = _CAUSE.in_([Cause.DEBT_PAID, Cause.DEBT_GONE])
_OTHERWISE = [
    Cause.DEBT_PAID,
    Cause.DEBT_GONE,
    Cause.EXPIRED_AND_TAKEN_BACK,
    Cause.ADDED,
    Cause.MOVED,
    Cause.FORGIVEN,
    Cause.FORGIVEN_NO_MORE,
]
_LET_GO = or_(_KIND == EntryKind.EXPIRE, and_(_ADJUSTED, _CAUSE == Cause.EXPIRED_AND_TAKEN_BACK))

_EARNED = _sum(_DONE, or_(_WORTH, _CAUSE == Cause.ADDED))
_SPENT = -_sum(_DONE, or_(_KIND == EntryKind.SPEND, and_(_ADJUSTED, _CAUSE.not_in(_OTHERWISE))))
_PAID = -_sum(_DONE, and_(_DEBTS, entries.c.other.is_not(None)))
_EXPIRED = -_sum(_POINTS, _LET_GO)
_FORGIVEN = -_sum(_DEBT, _CAUSE.in_([Cause.FORGIVEN, Cause.FORGIVEN_NO_MORE]))
_SETTLED = -_sum(_DEBT, and_(_DEBTS, entries.c.other.is_(None)))
_HELD = func.coalesce(func.sum(_POINTS), 0)
_OWED = func.coalesce(func.sum(_DEBT), 0)

# What is left in a lot and what is owed of it, by what happened to it and not by what its row says.
_used = lots.c.spent + lots.c.paid
_LEFT = case((_used < lots.c.earned, lots.c.earned - _used), else_=0) - lots.c.expired
_OWES = case((_used > lots.c.earned, _used - lots.c.earned), else_=0) - lots.c.forgiven - lots.c.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the entries of one lot add up to; `remaining` and `debt` are the sums of all of them."""

    earned: int = 0
    spent: int = 0
    paid: int = 0
    expired: int = 0
    forgiven: int = 0
    settled: int = 0
    remaining: int = 0
    debt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What one identity has: by its lots (`available`, `pending`, `owed`), and by its entries."""

    available: int = 0
    pending: int = 0
    owed: int = 0
    points: int = 0
    debt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry as it stands in the books."""

    seq: int
    at: datetime
    identity: int
    kind: str
    cause: str
    lot: str
    points: int
    debt: int
    event: str
    plugin: str
    rule: str
    actor: str
    posting: str
    reverses: int | None
    other: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Lots that were awarded in one month and are alike: `perishable` ones expire some day.

    `lots` are those that are worth something.
    """

    month: int
    perishable: bool
    available: bool
    lots: int
    earned: int
    expired: int
    held: int


def counted(connection: Connection, keys: Collection[str]) -> dict[str, Counted]:
    """Return what the entries of lots add up to, by lot; of a lot without entries nothing."""
    rows = connection.execute(
        select(
            entries.c.lot,
            _EARNED.label("earned"),
            _SPENT.label("spent"),
            _PAID.label("paid"),
            _EXPIRED.label("expired"),
            _FORGIVEN.label("forgiven"),
            _SETTLED.label("settled"),
            _HELD.label("remaining"),
            _OWED.label("debt"),
        )
        .where(entries.c.lot.in_(sorted(keys)))
        .group_by(entries.c.lot)
    )
    return {
        row["lot"]: Counted(**{name: int(value) for name, value in row.items() if name != "lot"})
        for row in rows.mappings()
    }


def stored(connection: Connection, keys: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return what the rows of lots say is left and is owed, without reckoning it."""
    columns = (lots.c.key, lots.c.remaining, lots.c.debt)
    rows = connection.execute(select(*columns).where(lots.c.key.in_(sorted(keys))))
    return {row.key: (row.remaining, row.debt) for row in rows}


def payments_of(connection: Connection, payers: Collection[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what lots have paid for debts of others, by their rows and by their entries; payer, debtor."""
    noted = connection.execute(select(payments).where(payments.c.payer.in_(sorted(payers)))).all()
    posted = connection.execute(
        select(entries.c.lot, entries.c.other, -func.sum(_DONE))
        .where(entries.c.lot.in_(sorted(payers)), entries.c.other.is_not(None), _DEBTS)
        .group_by(entries.c.lot, entries.c.other)
    ).all()
    rows = {(row.payer, row.debtor): row.points for row in noted}
    booked = {(row[0], row[1]): int(row[2]) for row in posted}
    return {pair: (rows.get(pair, 0), booked.get(pair, 0)) for pair in sorted({*rows, *booked})}


def settled(connection: Connection, debtors: Collection[str]) -> dict[str, int]:
    """Return what others have paid for debts of lots, by the rows of these payments."""
    rows = connection.execute(
        select(payments.c.debtor, func.sum(payments.c.points))
        .where(payments.c.debtor.in_(sorted(debtors)))
        .group_by(payments.c.debtor)
    )
    return {row[0]: int(row[1]) for row in rows}


def strays(connection: Connection, limit: int) -> dict[str, int]:
    """Return lots that entries speak of and that are not there, each with the points of its entries."""
    rows = connection.execute(
        select(entries.c.lot, func.sum(entries.c.points))
        .select_from(entries.outerjoin(lots, lots.c.key == entries.c.lot))
        .where(lots.c.key.is_(None))
        .group_by(entries.c.lot)
        .order_by(entries.c.lot)
        .limit(limit)
    )
    return {row[0]: int(row[1]) for row in rows}


def owners_after(connection: Connection, after: int, limit: int) -> list[int]:
    """Return the next identities that have a balance, a lot or an entry."""
    found: set[int] = set()
    for column in (balances.c.identity, lots.c.identity, entries.c.identity):
        found |= set(
            connection.execute(
                select(column).where(column > after).distinct().order_by(column).limit(limit)
            ).scalars()
        )
    return sorted(found)[:limit]


def of_identities(connection: Connection, wanted: Collection[int]) -> dict[int, Sums]:
    """Return what identities have by their lots and by their entries."""
    held = connection.execute(
        select(
            lots.c.identity,
            _sum(_LEFT, lots.c.available == 1).label("available"),
            _sum(_LEFT, lots.c.available != 1).label("pending"),
            func.sum(_OWES).label("owed"),
        )
        .where(lots.c.identity.in_(sorted(wanted)))
        .group_by(lots.c.identity)
    )
    in_lots = {row.identity: (int(row.available), int(row.pending), int(row.owed)) for row in held}
    booked = connection.execute(
        select(entries.c.identity, func.sum(_POINTS), func.sum(_DEBT))
        .where(entries.c.identity.in_(sorted(wanted)))
        .group_by(entries.c.identity)
    )
    in_entries = {row[0]: (int(row[1]), int(row[2])) for row in booked}
    found: dict[int, Sums] = {}
    for identity in wanted:
        available, pending, owed = in_lots.get(identity, (0, 0, 0))
        points, debt = in_entries.get(identity, (0, 0))
        found[identity] = Sums(available=available, pending=pending, owed=owed, points=points, debt=debt)
    return found


def owing_and_owning(connection: Connection, limit: int) -> list[tuple[int, int, int]]:
    """Return customers who owe points and could spend some: customer, available, debt."""
    available, debt = func.sum(balances.c.available), func.sum(balances.c.debt)
    rows = connection.execute(
        select(identities.c.customer, available, debt)
        .join(identities, identities.c.id == balances.c.identity)
        .group_by(identities.c.customer)
        .having(available > 0, debt > 0)
        .order_by(identities.c.customer)
        .limit(limit)
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def not_undone(connection: Connection, limit: int) -> list[tuple[int, int, str]]:
    """Return entries that say they undo another and do not: their number, the other's, and their lot.

    An entry undoes another if that exists, is about the same lot, and changed the balance as much the other
    way.
    """
    other = entries.alias("other")
    rows = connection.execute(
        select(entries.c.seq, entries.c.reverses, entries.c.lot)
        .select_from(entries.outerjoin(other, other.c.seq == entries.c.reverses))
        .where(
            entries.c.reverses.is_not(None),
            or_(
                other.c.seq.is_(None),
                other.c.lot != entries.c.lot,
                other.c.points - other.c.debt + _DONE != 0,
            ),
        )
        .order_by(entries.c.seq)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def undone_often(connection: Connection, limit: int) -> list[tuple[int, int, str]]:
    """Return entries that were undone more than once: their number, how often, and the lot."""
    times = func.count()
    rows = connection.execute(
        select(entries.c.reverses, times, func.min(entries.c.lot))
        .where(entries.c.reverses.is_not(None))
        .group_by(entries.c.reverses)
        .having(times > 1)
        .order_by(entries.c.reverses)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def size(connection: Connection) -> tuple[int, int]:
    """Return how many lots and how many entries there are."""
    return (
        connection.execute(select(func.count()).select_from(lots)).scalar_one(),
        connection.execute(select(func.count()).select_from(entries)).scalar_one(),
    )


def in_lots(connection: Connection) -> tuple[int, int]:
    """Return what all lots hold and what is owed of them, by what happened to them."""
    row = connection.execute(
        select(func.coalesce(func.sum(_LEFT), 0), func.coalesce(func.sum(_OWES), 0))
    ).one()
    return int(row[0]), int(row[1])


def total(connection: Connection, before: datetime | None = None) -> tuple[int, int]:
    """Return the points and the debt of all entries, or of those before a moment."""
    row = connection.execute(select(_HELD, func.coalesce(func.sum(_DEBT), 0)).where(_until(before))).one()
    return int(row[0]), int(row[1])


def held_before(
    connection: Connection, wanted: Collection[int], before: datetime | None
) -> dict[str, tuple[int, int]]:
    """Return points and debt of identities up to a moment, by lot."""
    rows = connection.execute(
        select(entries.c.lot, func.sum(_POINTS), func.sum(_DEBT))
        .where(entries.c.identity.in_(sorted(wanted)), _until(before))
        .group_by(entries.c.lot)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def written(
    connection: Connection, wanted: Collection[int], before: datetime | None, limit: int
) -> tuple[list[Written], int]:
    """Return the last entries of identities up to a moment, in their order, and how many there are."""
    where = and_(entries.c.identity.in_(sorted(wanted)), _until(before))
    rows = connection.execute(select(entries).where(where).order_by(entries.c.seq.desc()).limit(limit))
    found = [Written(**row) for row in rows.mappings()]
    count = connection.execute(select(func.count()).select_from(entries).where(where)).scalar_one()
    return found[::-1], count


def span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return when the first and the last entry were made."""
    first, last = connection.execute(select(func.min(entries.c.at), func.max(entries.c.at))).one()
    return None if first is None else (first, last)


def by_month(connection: Connection, starts: Sequence[datetime]) -> list[tuple[int, EntryKind, int, int]]:
    """Return the sums of entries by month and kind: month, kind, points, debt.

    A month is its place in `starts`, the instants at which months begin, of which the first comes first.
    """
    dated = select(_place(entries.c.at, starts).label("month"), _KIND, _POINTS, _DEBT).subquery()
    rows = connection.execute(
        select(dated.c.month, dated.c.kind, func.sum(dated.c.points), func.sum(dated.c.debt))
        .group_by(dated.c.month, dated.c.kind)
        .order_by(dated.c.month, dated.c.kind)
    )
    return [(row[0], EntryKind(row[1]), int(row[2]), int(row[3])) for row in rows]


def cohorts(connection: Connection, starts: Sequence[datetime], before: datetime | None) -> list[Cohort]:
    """Return lots by the month of their award, as they stood before a moment; months as in `by_month`."""
    worth = (
        select(entries.c.lot, _EARNED.label("earned"), _EXPIRED.label("expired"), _HELD.label("held"))
        .where(_until(before))
        .group_by(entries.c.lot)
        .subquery()
    )
    usable = lots.c.available == 1
    if before is not None:
        usable = and_(usable, or_(lots.c.available_at.is_(None), lots.c.available_at < before))
    alike = (
        select(
            _place(lots.c.awarded_at, starts).label("month"),
            case((lots.c.expiry != "null", 1), else_=0).label("perishable"),
            case((usable, 1), else_=0).label("available"),
            worth.c.earned,
            worth.c.expired,
            worth.c.held,
        )
        .join(worth, worth.c.lot == lots.c.key)
        .subquery()
    )
    groups = (alike.c.month, alike.c.perishable, alike.c.available)
    rows = connection.execute(
        select(
            *groups,
            func.count().filter(alike.c.earned > 0).label("lots"),
            func.sum(alike.c.earned).label("earned"),
            func.sum(alike.c.expired).label("expired"),
            func.sum(alike.c.held).label("held"),
        )
        .group_by(*groups)
        .order_by(*groups)
    )
    return [
        Cohort(
            month=row.month,
            perishable=bool(row.perishable),
            available=bool(row.available),
            lots=row.lots,
            earned=int(row.earned),
            expired=int(row.expired),
            held=int(row.held),
        )
        for row in rows
    ]


def _until(before: datetime | None) -> ColumnElement[bool]:
    return true() if before is None else entries.c.at < before


def _place(at: ColumnElement[Any], starts: Sequence[datetime]) -> ColumnElement[int]:
    """Return which month an instant lies in, asking for half of those that are left each time."""

    def among(first: int, last: int) -> ColumnElement[int]:
        if first == last:
            return literal_column(str(first))
        middle = (first + last + 1) // 2
        return case((at < starts[middle], among(first, middle - 1)), else_=among(middle, last))

    return among(0, len(starts) - 1)
