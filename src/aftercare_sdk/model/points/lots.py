"""Lots of points of one account, and every way in which they change, as entries that are only ever added.

What is in a lot follows from what happened to it, so it does not matter what it was in between:

    used      = spent + paid
    remaining = earned - used - expired        (while more was earned than used)
    owed      = used - earned                  (while less was; then nothing of it counts as expired)
    debt      = owed - forgiven - settled

`earned` is what the lot's reason is worth now, `spent` went into rewards, `paid` into debts of other lots,
and `expired` was not used in time. `forgiven` are the first `write_off` points of what was spent and then
taken back, `settled` is what other lots have paid. No lot is ever below zero. While there is a debt nothing
else is available; where a debt becomes smaller, those that have paid for it have their points again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from aftercare_sdk.model.points.expiry import FOREVER

GRACE = timedelta(days=30)
"""How long points can be used that come back after they would have expired."""


class EntryKind(StrEnum):
    """The kinds of entries. Nobody buys points: with a price they would be a means of payment (LAW-10)."""

    EARN = "earn"
    SPEND = "spend"
    EXPIRE = "expire"
    ADJUST = "adjust"
    REVOKE = "revoke"


class Cause(StrEnum):
    """Why an entry was made. Codes are stored for years: add, never rename."""

    AWARDED = "awarded"
    TARGET = "target"
    TAKEN_BACK = "taken_back"
    OWED = "owed"
    FORGIVEN = "forgiven"
    FORGIVEN_NO_MORE = "forgiven_no_more"
    DEBT_PAID = "debt_paid"
    DEBT_GONE = "debt_gone"
    EXPIRED = "expired"
    EXPIRED_AND_TAKEN_BACK = "expired_and_taken_back"
    REDEEMED = "redeemed"
    REDEEMED_AGAIN = "redeemed_again"
    GIVEN_BACK = "given_back"
    ADDED = "added"
    CORRECTED = "corrected"
    MOVED = "moved"
    SPENT_BY_OTHER = "spent_by_other"
    SPLIT_BACK = "split_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Points that came together and expire together."""

    key: str
    identity: int
    available: bool = False
    expires_at: datetime = FOREVER
    write_off: int = 0
    earned: int = 0
    spent: int = 0
    paid: int = 0
    expired: int = 0
    forgiven: int = 0
    settled: int = 0

    @property
    def used(self) -> int:
        """What was taken out of it, for whatever."""
        return self.spent + self.paid

    @property
    def remaining(self) -> int:
        """What is left in it."""
        return max(0, self.earned - self.used - self.expired)

    @property
    def owed(self) -> int:
        """What was used of it and is not earned any more."""
        return max(0, self.used - self.earned)

    @property
    def debt(self) -> int:
        """What is owed of it, nobody has forgiven, and no other lot has paid."""
        return self.owed - self.forgiven - self.settled

    @property
    def turn(self) -> tuple[datetime, str]:
        """Its place among the lots that are used: what expires first goes first."""
        return (self.expires_at, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the books: by how much it changed what is left in a lot (`points`) and its `debt`.

    `reverses` is the entry that is undone; `other` the lot whose debt was paid, or is paid no more.
    """

    kind: EntryKind
    cause: Cause
    identity: int
    lot: str
    points: int = 0
    debt: int = 0
    reverses: int | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Points that were spent out of a lot by an entry, and not given back yet."""

    lot: str
    points: int
    entry: int
    identity: int = 0


class NotEnoughPoints(Exception):
    """An account has fewer points than are to be spent."""

    def __init__(self, available: int, wanted: int) -> None:
        super().__init__(f"{wanted} points are wanted, {available} are available")
        self.available = available
        self.wanted = wanted


def _refuse_less_than_nothing(points: int) -> None:
    if points < 0:
        raise ValueError("nobody can take or give less than nothing")


@dataclass(slots=True)
class Account:
    """The lots of one account, as far as they are needed, at a moment; None: before anything expires.

    `payments` are what lots have paid for debts of others: by payer and debtor. `lines` are the entries that
    were made, in order. Whoever keeps lots elsewhere overrides `usable`, `owing` and `payers`, which are
    asked only when other lots than those at hand matter.
    """

    now: datetime | None = None
    lots: dict[str, Lot] = field(default_factory=dict)
    payments: dict[tuple[str, str], int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def debt(self) -> int:
        """What the account owes."""
        return sum(lot.debt for lot in self.lots.values())

    def usable(self) -> Iterator[Lot]:
        """Yield available lots that hold something, in their turn."""
        held = (lot for lot in self.lots.values() if lot.available and lot.remaining > 0)
        yield from sorted((lot for lot in held if not self._is_over(lot)), key=lambda lot: lot.turn)

    def owing(self) -> Iterator[Lot]:
        """Yield lots with a debt, in their turn."""
        yield from sorted((lot for lot in self.lots.values() if lot.debt > 0), key=lambda lot: lot.turn)

    def payers(self, debtor: str) -> Sequence[tuple[Lot, int]]:
        """Return the lots that have paid for a debt, and how much, those that expire last first."""
        found = [
            (self.lots[payer], points)
            for (payer, of), points in self.payments.items()
            if of == debtor and points
        ]
        return sorted(found, key=lambda one: one[0].turn, reverse=True)

    def aim(self, key: str, target: int) -> None:
        """Make a lot worth `target`: post the difference, and settle what follows from it."""
        _refuse_less_than_nothing(target)
        lot = self.lots[key]
        if target > lot.earned:
            self._raise(lot, target)
        elif target < lot.earned:
            self._lower(lot, target)
        self._pay()

    def release(self, key: str, expires_at: datetime) -> None:
        """Make a lot available until `expires_at`; debts are paid from it at once."""
        self.lots[key] = replace(self.lots[key], available=True, expires_at=expires_at)
        self._pay()

    def spend(self, points: int) -> None:
        """Take points out of lots, those that expire first. Raises NotEnoughPoints, and then takes none."""
        self._take(points, EntryKind.SPEND, Cause.REDEEMED)

    def remove(self, points: int) -> None:
        """Take points because a person corrects the account. Raises NotEnoughPoints, and then takes none."""
        self._take(points, EntryKind.ADJUST, Cause.CORRECTED)

    def add(self, key: str, points: int) -> None:
        """Add points to a lot because a person corrects the account."""
        _refuse_less_than_nothing(points)
        lot = self.lots[key]
        self._put(lot, replace(lot, earned=lot.earned + points), EntryKind.ADJUST, Cause.ADDED)
        self._pay()

    def give_back(
        self, draws: Iterable[Draw], now: datetime | None = None, cause: Cause = Cause.GIVEN_BACK
    ) -> None:
        """Put spent points back where they were taken; what would have expired meanwhile gets some grace.

        `now`: when; by default the account's own moment.
        """
        for draw in draws:
            lot = self._with_grace(draw.lot, now or self.now)
            fresh = replace(lot, spent=lot.spent - draw.points)
            self._put(lot, fresh, EntryKind.ADJUST, cause, reverses=draw.entry)
        self._pay()

    def take_again(self, draws: Iterable[Draw]) -> None:
        """Take points once more that were given back; what is no longer there is owed."""
        for draw in draws:
            lot = self.lots[draw.lot]
            fresh = replace(lot, spent=lot.spent + draw.points)
            self._put(lot, fresh, EntryKind.SPEND, Cause.REDEEMED_AGAIN)
        self._pay()

    def owe(self, key: str, points: int) -> None:
        """Let points count as spent that may not be there: what is missing is owed by the lot of the key."""
        _refuse_less_than_nothing(points)
        missing = points
        for lot, part in self._choose(points):
            fresh = replace(lot, spent=lot.spent + part)
            self._put(lot, fresh, EntryKind.SPEND, Cause.SPENT_BY_OTHER)
            missing -= part
        if missing:
            lot = self.lots[key]
            self._put(lot, replace(lot, spent=lot.spent + missing), EntryKind.SPEND, Cause.SPENT_BY_OTHER)

    def expire(self, key: str) -> None:
        """Let go what is left in a lot."""
        lot = self.lots[key]
        if lot.remaining:
            fresh = replace(lot, expired=lot.expired + lot.remaining)
            self._put(lot, fresh, EntryKind.EXPIRE, Cause.EXPIRED)

    def move(self, key: str, identity: int) -> None:
        """Let a lot belong to another identity: its order has found its owner."""
        lot = self.lots[key]
        if lot.identity == identity:
            return
        for owner, sign in ((lot.identity, -1), (identity, 1)):
            if lot.remaining or lot.debt:
                self._note(
                    EntryKind.ADJUST,
                    Cause.MOVED,
                    replace(lot, identity=owner),
                    points=sign * lot.remaining,
                    debt=sign * lot.debt,
                )
        self.lots[key] = replace(lot, identity=identity)

    def part(self, keys: Iterable[str]) -> None:
        """Undo what these lots and others have paid for each other: they are not of one person any more."""
        apart = set(keys)
        for payer, debtor in sorted(self.payments):
            # What is undone may undo others, so it is asked each time what is left of this one.
            if (payer in apart) != (debtor in apart):
                self._unpay(payer, debtor, self.payments[payer, debtor])

    def settle(self) -> None:
        """Pay debts from what is available."""
        self._pay()

    def _raise(self, lot: Lot, target: int) -> None:
        blank = not (lot.earned or lot.used or lot.expired)
        cause = Cause.AWARDED if blank else Cause.TARGET
        self._put(lot, replace(lot, earned=target), EntryKind.EARN, cause)

    def _lower(self, lot: Lot, target: int) -> None:
        """Take back: what is left first, then what was not used in time, then what was used, as a debt."""
        left = min(lot.earned - target, lot.remaining)
        if left:
            self._note(EntryKind.REVOKE, Cause.TAKEN_BACK, lot, points=-left)
        missing = max(0, lot.used - target) - lot.owed
        unused = lot.earned - target - left - missing
        if unused:
            cause = Cause.EXPIRED_AND_TAKEN_BACK
            self._note(EntryKind.ADJUST, cause, lot, points=unused)
            self._note(EntryKind.REVOKE, cause, lot, points=-unused)
        if missing:
            self._note(EntryKind.REVOKE, Cause.OWED, lot, debt=missing)
        self.lots[lot.key] = replace(lot, earned=target, expired=lot.expired - unused)
        self._forgive(lot.key)

    def _put(
        self, lot: Lot, fresh: Lot, kind: EntryKind, cause: Cause, *, reverses: int | None = None
    ) -> None:
        """Keep a lot as it is now, with the entry of the difference, and what follows for its debt."""
        revived = max(0, fresh.expired - max(0, fresh.earned - fresh.used))
        if revived:  # what is used after all has not expired
            self._note(EntryKind.ADJUST, Cause.EXPIRED_AND_TAKEN_BACK, lot, points=revived)
            fresh = replace(fresh, expired=fresh.expired - revived)
        self._note(
            kind,
            cause,
            lot,
            points=fresh.remaining - lot.remaining - revived,
            debt=fresh.owed - lot.owed,
            reverses=reverses,
        )
        self.lots[lot.key] = fresh
        self._forgive(lot.key)

    def _forgive(self, key: str) -> None:
        """Forgive as much as the rules say of what was spent and is not earned any more; unpay the rest."""
        lot = self.lots[key]
        forgiven = min(lot.write_off, max(0, lot.spent - lot.earned))
        if forgiven != lot.forgiven:
            more = forgiven > lot.forgiven
            cause = Cause.FORGIVEN if more else Cause.FORGIVEN_NO_MORE
            self._note(EntryKind.ADJUST, cause, lot, debt=lot.forgiven - forgiven)
            self.lots[key] = lot = replace(lot, forgiven=forgiven)
        if lot.debt < 0:
            for payer, points in self.payers(key):
                self._unpay(payer.key, key, min(points, max(0, -self.lots[key].debt)))

    def _unpay(self, payer: str, debtor: str, points: int) -> None:
        """Give a lot back what it has paid for a debt that is not there any more."""
        if not points:
            return
        giver, owing = self._with_grace(payer, self.now), self.lots[debtor]
        self.lots[debtor] = replace(owing, settled=owing.settled - points)
        self._note(EntryKind.ADJUST, Cause.DEBT_GONE, owing, debt=points)
        self.payments[payer, debtor] -= points
        fresh = replace(giver, paid=giver.paid - points)
        self._note(
            EntryKind.ADJUST,
            Cause.DEBT_GONE,
            giver,
            points=fresh.remaining - giver.remaining,
            debt=fresh.owed - giver.owed,
            other=debtor,
        )
        self.lots[payer] = fresh
        self._forgive(payer)

    def _is_over(self, lot: Lot) -> bool:
        return self.now is not None and lot.expires_at <= self.now

    def _with_grace(self, key: str, now: datetime | None) -> Lot:
        """Return a lot into which points come back: if its time is over, what was left of it has expired."""
        lot = self.lots[key]
        if now is not None and lot.expires_at <= now:
            self.expire(key)
            self.lots[key] = lot = replace(self.lots[key], expires_at=now + GRACE)
        return lot

    def _take(self, points: int, kind: EntryKind, cause: Cause) -> None:
        _refuse_less_than_nothing(points)
        chosen = self._choose(points)
        available = sum(part for _, part in chosen)
        if available < points:
            raise NotEnoughPoints(available, points)
        for lot, part in chosen:
            self._put(lot, replace(lot, spent=lot.spent + part), kind, cause)

    def _pay(self) -> None:
        """Pay debts from what is available, so that nobody owes and owns at the same time."""
        for owing in list(self.owing()):
            for lot, part in self._choose(owing.debt):
                debtor = self.lots.get(owing.key, owing)
                self._note(EntryKind.ADJUST, Cause.DEBT_PAID, lot, points=-part, other=debtor.key)
                self._note(EntryKind.ADJUST, Cause.DEBT_PAID, debtor, debt=-part)
                self.lots[lot.key] = replace(lot, paid=lot.paid + part)
                self.lots[debtor.key] = replace(debtor, settled=debtor.settled + part)
                self.payments[lot.key, debtor.key] = self.payments.get((lot.key, debtor.key), 0) + part

    def _choose(self, points: int) -> Sequence[tuple[Lot, int]]:
        """Return lots, and how much of each, that hold `points` together; all that there is, if too few."""
        chosen: list[tuple[Lot, int]] = []
        wanted = points
        for lot in self.usable():
            if not wanted:
                break
            part = min(wanted, lot.remaining)
            chosen.append((lot, part))
            wanted -= part
        return chosen

    def _note(
        self,
        kind: EntryKind,
        cause: Cause,
        lot: Lot,
        *,
        points: int = 0,
        debt: int = 0,
        reverses: int | None = None,
        other: str | None = None,
    ) -> None:
        self.lines.append(
            Line(
                kind=kind,
                cause=cause,
                identity=lot.identity,
                lot=lot.key,
                points=points,
                debt=debt,
                reverses=reverses,
                other=other,
            )
        )
