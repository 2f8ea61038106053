"""The books as a whole: whether they are right, what customers hold, and what each month has brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from fractions import Fraction

from sqlalchemy import Connection

from aftercare_sdk.model.months import months_after
from aftercare_sdk.model.orders import order_ref
from aftercare_sdk.model.points.lots import EntryKind, Lot
from aftercare_sdk.model.points.standing import standing
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.shops.reconcile import Assumptions, as_order
from aftercare_sdk.store import balances, books, lots, objects
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.books import Cohort, Counted
from aftercare_sdk.store.lots import Award
from aftercare_sdk.store.objects import Key, Stored

MOST_TOLD = 1_000
"""So many violations are told of at most: a database that is worse is not mended one by one."""
_PAGE = 500

ENOUGH_LOTS = 100
"""So many lots of months that are over it takes to say what will expire."""
_OVER = 20
"""A month of award is over when at most one point in so many is left."""

_COUNTERS = ("earned", "spent", "paid", "expired", "forgiven", "settled")
_STOPPED = "with `serve` and `work` stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something in the books that cannot be, and what mends it. It names lots and identities, not people."""

    check: str
    problem: str
    cure: str
    lot: str | None = None
    identity: int | None = None


@dataclass(slots=True, kw_only=True)
class Verified:
    """What was looked at, and what is wrong with it, `MOST_TOLD` at most."""

    lots: int = 0
    entries: int = 0
    identities: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, found: Iterator[Violation]) -> None:
        """Take in violations, as long as there is room."""
        for one in found:
            if len(self.violations) >= MOST_TOLD:
                return
            self.violations.append(one)


def _unseen(lots_checked: int) -> None:
    """Show nothing: nobody looks."""


def verify(connection: Connection, show: Callable[[int], object] = _unseen) -> Verified:
    """Check every rule of the books over the whole database, page by page.

    `show` is told how many lots have been checked. One transaction that reads sees one state of the books,
    whatever is written meanwhile.
    """
    told = Verified()
    for page in lots.pages(connection, _PAGE):
        told.add(_lots(connection, page))
        told.lots += len(page)
        show(told.lots)
    told.add(_strays(connection))
    told.add(_reversals(connection))
    after = -1
    while identities := books.owners_after(connection, after, _PAGE):
        told.add(_identities(connection, identities))
        told.identities += len(identities)
        after = identities[-1]
    told.add(_customers(connection))
    told.add(_whole(connection))
    told.entries = books.size(connection)[1]
    return told


def _lots(connection: Connection, page: Sequence[Award]) -> Iterator[Violation]:
    keys = [award.key for award in page]
    counted = books.counted(connection, keys)
    stored = books.stored(connection, keys)
    settled = books.settled(connection, keys)
    wanted: set[Key] = {(award.shop, "order", award.object) for award in page if award.follows}
    orders = objects.get_many(connection, wanted)
    for award in page:
        yield from _lot(award.lot, *stored[award.key])
        yield from _entries(award.lot, counted.get(award.key, Counted()))
        yield from _settled(award.lot, settled.get(award.key, 0))
        yield from _worth(award, orders.get((award.shop, "order", award.object)))
    for (payer, debtor), (noted, posted) in books.payments_of(connection, keys).items():
        if noted != posted:
            yield Violation(
                check="payments",
                lot=payer,
                problem=f"it is noted to have paid {noted} points for lot {debtor}, "
                f"and by its entries it has paid {posted}",
                cure=f"set `points` of this payment to {posted}, {_STOPPED}",
            )


def _lot(lot: Lot, remaining: int, debt: int) -> Iterator[Violation]:
    left = lot.earned - lot.used - lot.expired + lot.owed
    below = {name: getattr(lot, name) for name in _COUNTERS if getattr(lot, name) < 0}
    if left < 0 or lot.debt < 0 or below:
        told = ", ".join(f"{name} {number}" for name, number in below.items())
        yield Violation(
            check="below_zero",
            lot=lot.key,
            identity=lot.identity,
            problem=f"by what happened to it {left} are left and {lot.debt} owed"
            + (f" ({told})" if told else "")
            + ": nothing of it can be below zero",
            cure=f"more was taken or paid than there was; restore this lot from a backup, {_STOPPED}",
        )
    elif (lot.remaining, lot.debt) != (remaining, debt):
        yield Violation(
            check="remaining",
            lot=lot.key,
            identity=lot.identity,
            problem=f"its row says that {remaining} are left and {debt} owed; what happened to it leaves "
            f"{lot.remaining} and {lot.debt}",
            cure=f"set `remaining` of this lot to {lot.remaining} and `debt` to {lot.debt}, {_STOPPED}",
        )


def _entries(lot: Lot, counted: Counted) -> Iterator[Violation]:
    wrong = {
        name: (getattr(lot, name), getattr(counted, name))
        for name in _COUNTERS
        if getattr(lot, name) != getattr(counted, name)
    }
    if wrong:
        told = ", ".join(f"{name} {here}, but {there}" for name, (here, there) in wrong.items())
        cured = ", ".join(f"`{name}` to {there}" for name, (_, there) in wrong.items())
        yield Violation(
            check="entries",
            lot=lot.key,
            identity=lot.identity,
            problem=f"its row and its entries differ: {told} by its entries",
            cure=f"if no entry is missing (see its customer), set {cured}, {_STOPPED}",
        )
    elif (counted.remaining, counted.debt) != (lot.remaining, lot.debt):
        yield Violation(
            check="entries",
            lot=lot.key,
            identity=lot.identity,
            problem=f"{lot.remaining} are left in it and {lot.debt} owed, and its entries add up to "
            f"{counted.remaining} and {counted.debt}",
            cure=f"an entry that moves it is missing; restore the entries from a backup, {_STOPPED}",
        )


def _settled(lot: Lot, paid: int) -> Iterator[Violation]:
    if lot.settled != paid:
        yield Violation(
            check="payments",
            lot=lot.key,
            identity=lot.identity,
            problem=f"{lot.settled} points of its debt are settled, and other lots have paid {paid} for it",
            cure=f"restore the payments for this lot from a backup, {_STOPPED}",
        )


def _worth(award: Award, stored: Stored | None) -> Iterator[Violation]:
    # A lot without lines keeps what a correction is about: only its entries tell what it is worth.
    target = award.points if award.lines else None
    name = "what was awarded"
    if award.follows:
        name = f"order {order_ref(award.shop, award.object)}"
        if stored is None or not isinstance(stored.record, OrderRecord):
            yield Violation(
                check="worth",
                lot=award.key,
                identity=award.lot.identity,
                problem=f"it is worth what is left of {name}, which nobody knows",
                cure="restore the order from a backup, or list the shop again: `aftercare sync`",
            )
            return
        # Deliveries do not matter here, so neither does what is assumed of them, nor the time.
        order = as_order(stored.record, Assumptions(), award.awarded_at)
        target = None if order is None else sum(standing(award.lines, order, award.rounding).values())
    if target is not None and target != award.lot.earned:
        yield Violation(
            check="worth",
            lot=award.key,
            identity=award.lot.identity,
            problem=f"it is worth {award.lot.earned}, and by {name} it is worth {target}",
            cure="save the order once more in the shop: what is told of it then sets its points right"
            if award.follows
            else f"set `earned` of this lot to {target} if no entry is missing, {_STOPPED}",
        )


def _strays(connection: Connection) -> Iterator[Violation]:
    for key, points in books.strays(connection, MOST_TOLD).items():
        yield Violation(
            check="stray",
            lot=key,
            problem=f"entries of {points} points speak of this lot, and it is not there",
            cure=f"restore the lot from a backup, {_STOPPED}: nobody can use its points",
        )


def _reversals(connection: Connection) -> Iterator[Violation]:
    cure = f"nothing was to write this; restore the entries of this lot from a backup, {_STOPPED}"
    for seq, other, lot in books.not_undone(connection, MOST_TOLD):
        yield Violation(
            check="reverses",
            lot=lot,
            problem=f"entry {seq} says that it undoes entry {other}, which is not there or is another matter",
            cure=cure,
        )
    for seq, times, lot in books.undone_often(connection, MOST_TOLD):
        yield Violation(check="reverses", lot=lot, problem=f"entry {seq} was undone {times} times", cure=cure)


def _identities(connection: Connection, identities: Sequence[int]) -> Iterator[Violation]:
    rows = balances.of_identities(connection, identities)
    for identity, sums in books.of_identities(connection, identities).items():
        stored = rows.get(identity, Balance())
        right = Balance(available=sums.available, pending=sums.pending, debt=sums.owed)
        if stored != right:
            yield Violation(
                check="balance",
                identity=identity,
                problem=f"its balance says {_said(stored)}; its lots say {_said(right)}",
                cure=f"set `available` to {right.available}, `pending` to {right.pending} and `debt` to "
                f"{right.debt} in the balance of identity {identity}, {_STOPPED}",
            )
        held = sums.available + sums.pending
        if (sums.points, sums.debt) != (held, sums.owed):
            yield Violation(
                check="sum",
                identity=identity,
                problem=f"its entries add up to {sums.points} points and a debt of {sums.debt}; "
                f"its lots hold {held} and owe {sums.owed}",
                cure="mend the lots of this identity that are named above; else an entry is missing or is "
                f"too many: restore its entries from a backup, {_STOPPED}",
            )


def _said(balance: Balance) -> str:
    return f"{balance.available} available, {balance.pending} pending, {balance.debt} owed"


def _customers(connection: Connection) -> Iterator[Violation]:
    for customer, available, debt in books.owing_and_owning(connection, MOST_TOLD):
        yield Violation(
            check="owing",
            problem=f"customer {customer} owes {debt} points and could spend {available}",
            cure="save an order of this customer once more in the shop: whatever changes points pays debts",
        )


def _whole(connection: Connection) -> Iterator[Violation]:
    points, debt = books.total(connection)
    held, owed = books.in_lots(connection)
    if points - debt != held - owed:
        yield Violation(
            check="total",
            problem=f"all entries add up to {points - debt}, and all lots and debts to {held - owed}",
            cure="mend what is named above",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What one month has brought, by kind of entry: `before + issued - spent - expired - revoked + adjusted`.

    `month` is such as 2026-05. `outstanding` is what customers held at its end, less what they owed.
    """

    month: str
    issued: int
    spent: int
    expired: int
    revoked: int
    adjusted: int
    outstanding: int


def months(connection: Connection, zone: tzinfo) -> tuple[Month, ...]:
    """Return every month from the first entry to the last one, also those in which nothing happened.

    The points of an entry count less the debt that it makes, so that all columns of all rows together are
    the sum of all entries.
    """
    names, starts = _months(connection, zone)
    sums: dict[tuple[int, EntryKind], int] = {}
    if starts:
        for at, kind, points, debt in books.by_month(connection, starts):
            sums[at, kind] = points - debt
    found = []
    outstanding = 0
    for at, name in enumerate(names):
        moved = {kind: sums.get((at, kind), 0) for kind in EntryKind}
        outstanding += sum(moved.values())
        found.append(
            Month(
                month=name,
                issued=moved[EntryKind.EARN],
                spent=-moved[EntryKind.SPEND],
                expired=-moved[EntryKind.EXPIRE],
                revoked=-moved[EntryKind.REVOKE],
                adjusted=moved[EntryKind.ADJUST],
                outstanding=outstanding,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What became of points that can expire, of the months of award that are over."""

    lots: int = 0
    earned: int = 0
    expired: int = 0

    @property
    def share(self) -> Fraction | None:
        """Which share of points expires unused; None: there is too little history to say."""
        if self.lots < ENOUGH_LOTS or self.earned <= 0:
            return None
        return min(Fraction(1), max(Fraction(0), Fraction(self.expired, self.earned)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardMonth:
    """What was awarded in a month and still stands: `issued = used + expired + available + pending`.

    `breakage`: how much of `available` and `pending` is expected to expire; None: nobody can say.
    """

    month: str
    issued: int
    used: int
    expired: int
    available: int
    pending: int
    breakage: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """What customers hold and owe, by month of award, and how much of it is expected to expire."""

    debt: int
    months: tuple[AwardMonth, ...]
    history: History

    @property
    def available(self) -> int:
        """What can be spent."""
        return sum(month.available for month in self.months)

    @property
    def pending(self) -> int:
        """What cannot be spent yet."""
        return sum(month.pending for month in self.months)

    @property
    def outstanding(self) -> int:
        """What customers hold, less what they owe; the same as in the books by month."""
        return self.available + self.pending - self.debt

    @property
    def breakage(self) -> int | None:
        """What is expected to expire unused; None: nobody can say."""
        if self.history.share is None:
            return None
        return sum(month.breakage or 0 for month in self.months)


def liability(connection: Connection, zone: tzinfo, before: datetime | None = None) -> Liability:
    """Return what customers hold, now or just before a moment.

    The share of points that expires unused is taken from months of award that are over: of what can expire,
    at most one point in twenty is left. Newer months would tell too little, because what is used is used
    early, and what expires expires at the end. Of each month as much is expected to expire as that share of
    its points, less what has expired already, and never more than is left.
    """
    names, starts = _months(connection, zone)
    _, debt = books.total(connection, before)
    several: dict[int, list[Cohort]] = {}
    for cohort in books.cohorts(connection, starts, before) if starts else ():
        several.setdefault(cohort.month, []).append(cohort)
    history = _history(several.values())
    return Liability(
        debt=debt,
        months=tuple(_award_month(names[at], found, history.share) for at, found in several.items()),
        history=history,
    )


def _history(months: Iterable[Sequence[Cohort]]) -> History:
    over = History()
    for cohorts in months:
        perishable = [one for one in cohorts if one.perishable]
        earned = sum(one.earned for one in perishable)
        if sum(one.held for one in perishable) * _OVER > earned:
            continue
        over = History(
            lots=over.lots + sum(one.lots for one in perishable),
            earned=over.earned + earned,
            expired=over.expired + sum(one.expired for one in perishable),
        )
    return over


def _award_month(name: str, cohorts: Sequence[Cohort], share: Fraction | None) -> AwardMonth:
    issued, expired, held = (
        sum(getattr(one, field_) for one in cohorts) for field_ in ("earned", "expired", "held")
    )
    perishable = [one for one in cohorts if one.perishable]
    breakage = None
    if share is not None:
        expected = int(share * sum(one.earned for one in perishable))
        left = sum(one.held for one in perishable)
        breakage = min(left, max(0, expected - sum(one.expired for one in perishable)))
    return AwardMonth(
        month=name,
        issued=issued,
        used=issued - expired - held,
        expired=expired,
        available=sum(one.held for one in cohorts if one.available),
        pending=sum(one.held for one in cohorts if not one.available),
        breakage=breakage,
    )


def _months(connection: Connection, zone: tzinfo) -> tuple[list[str], list[datetime]]:
    """Return the months of the books in a zone: their names, and the instants at which they begin."""
    span = books.span(connection)
    names: list[str] = []
    starts: list[datetime] = []
    if span is not None:
        first, last = span
        day: date = first.astimezone(zone).date().replace(day=1)
        while (start := datetime.combine(day, time(), zone).astimezone(UTC)) <= last:
            names.append(f"{day:%Y-%m}")
            starts.append(start)
            day = months_after(day, 1)
    return names, starts
