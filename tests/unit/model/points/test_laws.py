"""What holds of an account after every step of any life, and of points in any history of an order.

`Keeper` carries out a step and looks at everything afterwards: it keeps books of its own, read from nothing
but the entries, and compares. Hypothesis drives it to find small mistakes, and long random lives to find
rare ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine, OrderRefund, RefundLine
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.lots import (
    GRACE,
    Account,
    Cause,
    Draw,
    EntryKind,
    Line,
    Lot,
    NotEnoughPoints,
)
from aftercare_sdk.model.points.standing import SHIPPING, standing
from tests.support.histories import UNHURRIED

DAWN = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = "abcdef"
CORRECTION = "z"
"""The lot of corrections: of what a person adds, and of what somebody owes without a lot to owe it."""
IDENTITIES = (1, 2, 3)
MOST = 12
COUNTERS = ("earned", "spent", "paid", "expired", "forgiven", "settled")
LIFE = 250
"""Steps of one account. Lives are many rather than long: each begins with other lots."""

ADDS = {
    (EntryKind.EARN, Cause.AWARDED): ("earned", 1),
    (EntryKind.EARN, Cause.TARGET): ("earned", 1),
    (EntryKind.REVOKE, Cause.TAKEN_BACK): ("earned", 1),
    (EntryKind.REVOKE, Cause.EXPIRED_AND_TAKEN_BACK): ("earned", 1),
    (EntryKind.REVOKE, Cause.OWED): ("earned", 1),
    (EntryKind.ADJUST, Cause.EXPIRED_AND_TAKEN_BACK): ("expired", -1),
    (EntryKind.EXPIRE, Cause.EXPIRED): ("expired", -1),
    (EntryKind.SPEND, Cause.REDEEMED): ("spent", -1),
    (EntryKind.SPEND, Cause.REDEEMED_AGAIN): ("spent", -1),
    (EntryKind.SPEND, Cause.SPENT_BY_OTHER): ("spent", -1),
    (EntryKind.ADJUST, Cause.GIVEN_BACK): ("spent", -1),
    (EntryKind.ADJUST, Cause.CORRECTED): ("spent", -1),
    (EntryKind.ADJUST, Cause.ADDED): ("earned", 1),
    (EntryKind.ADJUST, Cause.FORGIVEN): ("forgiven", 1),
    (EntryKind.ADJUST, Cause.FORGIVEN_NO_MORE): ("forgiven", 1),
    (EntryKind.ADJUST, Cause.MOVED): ("moved", 1),
}
"""What an entry says of its lot: to which counter it adds (1) or from which it takes (-1) its worth, which is
its points less its debt. Entries about payments say it of the payer if they name the other side, else of the
one that owed."""


@dataclass(slots=True)
class Keeper:
    """An account, books of its own, and what is known of it from outside."""

    account: Account
    seen: list[Line] = field(default_factory=list)
    points: Counter[int] = field(default_factory=Counter)
    debts: Counter[int] = field(default_factory=Counter)
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    targets: Counter[str] = field(default_factory=Counter)
    outstanding: Counter[str] = field(default_factory=Counter)
    paid: Counter[tuple[str, str]] = field(default_factory=Counter)
    spent: list[list[Draw]] = field(default_factory=list)
    returned: list[list[Draw]] = field(default_factory=list)
    removed: int = 0
    steps: int = 0

    @classmethod
    def of(cls, lots: list[Lot]) -> Keeper:
        """Open an account with some lots that are worth nothing yet."""
        held = [*lots, Lot(key=CORRECTION, identity=1, available=True)]
        keeper = cls(Account(lots={lot.key: lot for lot in held}))
        keeper.counted = {lot.key: Counter() for lot in held}
        return keeper

    # What is checked after every step.

    def balance(self) -> int:
        """Return what the account has, pending or not, less what it owes."""
        return sum(lot.remaining for lot in self.account.lots.values()) - self.account.debt

    def available(self) -> int:
        """Return what could be spent now."""
        return sum(lot.remaining for lot in self.account.lots.values() if lot.available)

    def look(self, before: dict[str, Lot], expired: str = "", *, apart: bool = False) -> None:
        """Check everything that must hold of an account at any time."""
        self.steps += 1
        self._read_on()
        for key, lot in self.account.lots.items():
            self._look_at(lot, before[key], expired=expired == key)
        self._look_at_payments()
        self._look_at_identities()
        if not apart:
            assert not (self.account.debt and self.available()), "owes and owns at the same time"
        total = sum(lot.earned - lot.spent - lot.expired + lot.forgiven for lot in self.account.lots.values())
        assert total == self.balance()

    def _read_on(self) -> None:
        lines = self.account.lines
        read = len(self.seen)
        assert self.seen == lines[:read], "an entry was changed or taken away"
        for line in lines[read:]:
            worth = line.points - line.debt
            assert worth, "an entry about nothing"
            assert line.points * line.debt <= 0, "an entry that gives and takes"
            self.points[line.identity] += line.points
            self.debts[line.identity] += line.debt
            counted = self.counted[line.lot]
            counted["remaining"] += line.points
            counted["debt"] += line.debt
            if line.cause in {Cause.DEBT_PAID, Cause.DEBT_GONE}:
                assert EntryKind.ADJUST is line.kind
                assert (line.cause is Cause.DEBT_GONE) == (worth > 0) or line.other is None
                if line.other is None:
                    counted["settled"] += worth
                else:
                    counted["paid"] -= worth
                    self.paid[line.lot, line.other] -= worth
            else:
                assert line.other is None
                name, sign = ADDS[line.kind, line.cause]
                counted[name] += sign * worth
        self.seen = list(lines)

    def _look_at(self, lot: Lot, before: Lot, *, expired: bool) -> None:
        counted = self.counted[lot.key]
        for name in COUNTERS:
            assert counted[name] == getattr(lot, name) >= 0, name
        assert not counted["moved"]
        assert counted["remaining"] == lot.remaining >= 0
        assert counted["debt"] == lot.debt >= 0
        assert not (lot.remaining and lot.owed)
        assert self.targets[lot.key] == lot.earned
        assert self.outstanding[lot.key] == lot.spent
        # Both follow from what is there now, not from how it came about.
        unused = max(0, lot.earned - lot.used)
        assert min(lot.write_off, max(0, lot.spent - lot.earned)) == lot.forgiven
        assert lot.expired == (unused if expired else min(before.expired, unused))
        assert lot.available >= before.available, "availability was withdrawn"

    def _look_at_payments(self) -> None:
        account = self.account
        told = {pair: points for pair, points in account.payments.items() if points}
        assert {pair: points for pair, points in self.paid.items() if points} == told
        given_: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        for (payer, debtor), points in told.items():
            assert points > 0
            given_[payer] += points
            taken[debtor] += points
        for key, lot in account.lots.items():
            assert (given_[key], taken[key]) == (lot.paid, lot.settled)

    def _look_at_identities(self) -> None:
        owned: Counter[int] = Counter()
        owed: Counter[int] = Counter()
        for lot in self.account.lots.values():
            owned[lot.identity] += lot.remaining
            owed[lot.identity] += lot.debt
        for identity in IDENTITIES:
            assert owned[identity] == self.points[identity]
            assert owed[identity] == self.debts[identity] >= 0
        assert self.points.keys() | self.debts.keys() <= set(IDENTITIES)

    # The steps, each with what it must do beyond that.

    def _do(
        self, step: Callable[[], None], expired: str = "", *, apart: bool = False
    ) -> tuple[dict[str, Lot], list[Line]]:
        """Do something and look; return the lots before it and the entries that it made."""
        before, read = dict(self.account.lots), len(self.seen)
        step()
        assert before.keys() == self.account.lots.keys()
        self.look(before, expired, apart=apart)
        return before, self.account.lines[read:]

    def _only_paid(self, before: dict[str, Lot], *but: str) -> None:
        """All lots but these are as before, except for what they have paid and what was paid for them."""
        for key, lot in self.account.lots.items():
            if key not in but and lot is not before[key]:
                assert lot == replace(before[key], paid=lot.paid, settled=lot.settled)

    def aim(self, key: str, target: int) -> None:
        """Let a lot be worth something else."""
        self.targets[key] = target
        before, lines = self._do(lambda: self.account.aim(key, target))
        self._only_paid(before, key)
        old, new = before[key], self.account.lots[key]
        assert not {line.kind for line in lines} & {EntryKind.SPEND, EntryKind.EXPIRE}
        counters = {name: getattr(new, name) for name in ("earned", "paid", "expired", "forgiven", "settled")}
        assert new == replace(old, **counters)
        if target == old.earned:
            assert ([], old) == (lines, new)

    def release(self, key: str, days: int) -> None:
        """Let a lot be available until some day."""
        balance = self.balance()
        until = DAWN + days * DAY
        before, lines = self._do(lambda: self.account.release(key, until))
        self._only_paid(before, key)
        lot = self.account.lots[key]
        assert lot == replace(before[key], available=True, expires_at=until, paid=lot.paid)
        assert {line.cause for line in lines} <= {Cause.DEBT_PAID}
        assert balance == self.balance()

    def _first_to_expire(self, points: int) -> list[tuple[str, int, int]]:
        """Return from which lots points must be taken, with their identities."""
        found, wanted = [], points
        for lot in sorted(self.account.lots.values(), key=lambda lot: (lot.expires_at, lot.key)):
            part = min(wanted, lot.remaining) if lot.available else 0
            if part:
                found.append((lot.key, lot.identity, -part))
                self.outstanding[lot.key] += part
                wanted -= part
        return found

    def _take(self, points: int, take: Callable[[int], None]) -> list[Line]:
        """Take points, first those that expire first; or none at all, if they are too few."""
        available, balance = self.available(), self.balance()
        enough = points <= available
        expected = self._first_to_expire(points) if enough else []

        def step() -> None:
            if enough:
                take(points)
                return
            with pytest.raises(NotEnoughPoints) as raised:
                take(points)
            assert (available, points) == (raised.value.available, raised.value.wanted)

        before, lines = self._do(step)
        assert expected == [(line.lot, line.identity, line.points) for line in lines]
        assert balance - (points if enough else 0) == self.balance()
        if not enough:
            assert before == self.account.lots
        return lines

    def spend(self, points: int) -> None:
        """Redeem points."""
        read = len(self.seen)
        lines = self._take(points, self.account.spend)
        assert {line.kind for line in lines} <= {EntryKind.SPEND}
        if lines:
            self.spent.append(self._draws(read))

    def remove(self, points: int) -> None:
        """Correct the account."""
        lines = self._take(points, self.account.remove)
        assert {(line.kind, line.cause) for line in lines} <= {(EntryKind.ADJUST, Cause.CORRECTED)}
        self.removed -= sum(line.points for line in lines)

    def add(self, points: int) -> None:
        """Correct the account in the customer's favour."""
        balance = self.balance()
        self.targets[CORRECTION] += points
        before, lines = self._do(lambda: self.account.add(CORRECTION, points))
        self._only_paid(before, CORRECTION)
        assert EntryKind.ADJUST in {line.kind for line in lines} <= {EntryKind.ADJUST}
        assert balance + points == self.balance()

    def owe(self, points: int) -> None:
        """Let points count as spent that may not be there."""
        read, balance = len(self.seen), self.balance()
        missing = max(0, points - self.available())
        expected = self._first_to_expire(points - missing)
        self.outstanding[CORRECTION] += missing
        _, lines = self._do(lambda: self.account.owe(CORRECTION, points))
        taken = [(line.lot, line.identity, line.points) for line in lines if line.points]
        assert expected == taken
        assert balance - points == self.balance()
        if lines:
            self.spent.append(self._draws(read))

    def _draws(self, since: int) -> list[Draw]:
        return [
            Draw(lot=line.lot, points=line.debt - line.points, entry=since + at)
            for at, line in enumerate(self.account.lines[since:])
            if line.kind is EntryKind.SPEND
        ]

    def give_back(self, which: int, day: int) -> None:
        """Give back what was spent at some time."""
        draws = self.spent.pop(which % len(self.spent))
        # Before anything is over: what then comes back late is tested by itself.
        now = DAWN - (day + 1) * DAY
        for draw in draws:
            self.outstanding[draw.lot] -= draw.points
        before, lines = self._do(lambda: self.account.give_back(draws, now))
        touched = {draw.lot for draw in draws}
        self._only_paid(before, *touched)
        assert [(draw.lot, draw.points, draw.entry) for draw in draws] == [
            (line.lot, line.points - line.debt, line.reverses)
            for line in lines
            if line.cause is Cause.GIVEN_BACK
        ]
        assert all(EntryKind.ADJUST is line.kind for line in lines)
        for key in touched:
            until = before[key].expires_at
            assert (until if until > now else now + GRACE) == self.account.lots[key].expires_at
        self.returned.append(draws)

    def take_again(self, which: int) -> None:
        """Take what was given back once more: the redemption holds after all."""
        draws = self.returned.pop(which % len(self.returned))
        read = len(self.seen)
        for draw in draws:
            self.outstanding[draw.lot] += draw.points
        before, _ = self._do(lambda: self.account.take_again(draws))
        self._only_paid(before, *(draw.lot for draw in draws))
        again = self._draws(read)
        assert [(draw.lot, draw.points) for draw in draws] == [(draw.lot, draw.points) for draw in again]
        self.spent.append(again)

    def expire(self, key: str) -> None:
        """Let go what is left in a lot, and touch nothing else."""
        before, lines = self._do(lambda: self.account.expire(key), key)
        left = before[key].remaining
        expected = [] if not left else [(EntryKind.EXPIRE, key, -left, 0)]
        assert expected == [(line.kind, line.lot, line.points, line.debt) for line in lines]
        assert all(self.account.lots[other] is before[other] for other in before if other != key)
        assert replace(before[key], expired=before[key].expired + left) == self.account.lots[key]
        assert not self.account.lots[key].remaining

    def move(self, key: str, identity: int) -> None:
        """Let a lot belong to another identity."""
        before, lines = self._do(lambda: self.account.move(key, identity))
        lot = before[key]
        assert replace(lot, identity=identity) == self.account.lots[key]
        assert all(self.account.lots[other] is before[other] for other in before if other != key)
        worth = lot.remaining - lot.debt if identity != lot.identity else 0
        expected = [(lot.identity, -worth), (identity, worth)] if worth else []
        assert expected == [(line.identity, line.points - line.debt) for line in lines]

    def part(self, keys: set[str]) -> None:
        """Undo what these lots and the others have paid for each other; then let everybody pay again."""
        balance = self.balance()
        kept = {pair: points for pair, points in self.paid.items() if (pair[0] in keys) == (pair[1] in keys)}
        before, lines = self._do(lambda: self.account.part(keys), apart=True)
        self._only_paid(before)
        assert all(points <= kept.get(pair, 0) for pair, points in self.paid.items())
        assert {line.cause for line in lines} <= {Cause.DEBT_GONE}
        assert balance == self.balance()
        _, lines = self._do(self.account.settle)
        assert {line.cause for line in lines} <= {Cause.DEBT_PAID}
        assert balance == self.balance()

    def finish(self) -> None:
        """Refund every order and give back every redemption: nothing is left, and nothing is owed."""
        for key in self.account.lots:
            self.aim(key, 0)
        while self.spent:
            self.give_back(0, 0)
        forgiven = sum(lot.forgiven for lot in self.account.lots.values())
        assert (0, self.removed - forgiven) == (self.available(), self.account.debt)
        if not self.removed:
            for lot in self.account.lots.values():
                assert not any(getattr(lot, name) for name in COUNTERS)


def some_lots(random: Random, write_off: int) -> list[Lot]:
    """Return empty lots of several identities, pending or available, of which some expire together."""
    return [
        Lot(
            key=key,
            identity=random.choice(IDENTITIES),
            available=random.random() < 0.5,
            expires_at=DAWN + random.randint(1, 6) * DAY,
            write_off=random.randint(0, write_off),
        )
        for key in KEYS
    ]


def some_key(random: Random) -> str:
    """Return any lot that follows an order."""
    return random.choice(KEYS)


STEPS: dict[str, tuple[int, Callable[[Keeper, Random], object]]] = {
    "aim": (
        34,
        lambda keeper, random: keeper.aim(
            some_key(random), random.choice([0, random.randint(0, MOST), random.randint(0, MOST)])
        ),
    ),
    "release": (8, lambda keeper, random: keeper.release(some_key(random), random.randint(1, 6))),
    "spend": (20, lambda keeper, random: keeper.spend(random.randint(0, random.choice([3, 20, 60])))),
    "give back": (
        12,
        lambda keeper, random: keeper.spent and keeper.give_back(random.randrange(99), random.randint(0, 7)),
    ),
    "take again": (6, lambda keeper, random: keeper.returned and keeper.take_again(random.randrange(99))),
    "expire": (8, lambda keeper, random: keeper.expire(some_key(random))),
    "move": (9, lambda keeper, random: keeper.move(some_key(random), random.choice(IDENTITIES))),
    "remove": (3, lambda keeper, random: keeper.remove(random.randint(0, 3))),
    "add": (2, lambda keeper, random: keeper.add(random.randint(1, 4))),
    "owe": (2, lambda keeper, random: keeper.owe(random.randint(0, 9))),
    "part": (3, lambda keeper, random: keeper.part(set(random.sample(KEYS, random.randint(0, 6))))),
}
"""How often each thing happens in a random life, and what it is."""


def lived(random: Random, steps: int, write_off: int, *, without: str = "") -> Keeper:
    """Return an account after a random life."""
    keeper = Keeper.of(some_lots(random, write_off))
    possible = [step for name, step in STEPS.items() if name != without]
    for _, step in random.choices(possible, [weight for weight, _ in possible], k=steps):
        step(keeper, random)
    return keeper


def live(seed: int, steps: int, write_off: int) -> int:
    """Live many lives, one account after the other; return how many steps they had."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    taken = 0
    while taken < steps:
        # Where nobody corrects the account, the end is known exactly: then nothing at all may be left.
        without = random.choice(["", "remove", "remove", "part"])
        keeper = lived(random, random.randint(5, LIFE), write_off, without=without)
        keeper.finish()
        taken += keeper.steps
    return taken


@pytest.mark.parametrize("write_off", [0, 5])
@pytest.mark.parametrize("seed", range(3))
def test_any_life(seed, write_off):
    """After each of thousands of steps everything holds that must."""
    assert live(seed, 8_000, write_off) >= 8_000


@pytest.mark.long
@pytest.mark.parametrize("write_off", [0, 5])
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_steps(seed, write_off):
    """The same after each of a million: twenty times fifty thousand."""
    assert live(seed, 50_000, write_off) >= 50_000


class AccountMachine(RuleBasedStateMachine):
    """The same steps, chosen by hypothesis, which finds the shortest way to a mistake."""

    keys = st.sampled_from(KEYS[:3])
    few = st.integers(0, 3)

    @initialize(
        lots=st.lists(
            st.tuples(
                st.sampled_from(IDENTITIES), st.booleans(), st.integers(1, 3), st.sampled_from([0, 0, 3])
            ),
            min_size=3,
            max_size=3,
        )
    )
    def open(self, lots):
        """Open an account."""
        self.keeper = Keeper.of(
            [
                Lot(
                    key=key,
                    identity=identity,
                    available=available,
                    expires_at=DAWN + days * DAY,
                    write_off=write_off,
                )
                for key, (identity, available, days, write_off) in zip(KEYS, lots, strict=False)
            ]
        )

    @rule(key=keys, worth=st.integers(0, MOST))
    def aim(self, key, worth):
        """A lot is worth something else."""
        self.keeper.aim(key, worth)

    @rule(key=keys, days=st.integers(1, 4))
    def release(self, key, days):
        """A lot becomes available."""
        self.keeper.release(key, days)

    @rule(points=st.integers(0, 15))
    def spend(self, points):
        """Points are redeemed."""
        self.keeper.spend(points)

    @rule(points=few)
    def remove(self, points):
        """The account is corrected."""
        self.keeper.remove(points)

    @precondition(lambda self: self.keeper.spent)
    @rule(which=few, day=st.integers(0, 5))
    def give_back(self, which, day):
        """A redemption is called off."""
        self.keeper.give_back(which, day)

    @precondition(lambda self: self.keeper.returned)
    @rule(which=few)
    def take_again(self, which):
        """A redemption holds after all."""
        self.keeper.take_again(which)

    @rule(key=keys)
    def expire(self, key):
        """A lot is over."""
        self.keeper.expire(key)

    @rule(key=keys, identity=st.sampled_from(IDENTITIES))
    def move(self, key, identity):
        """An order finds its owner."""
        self.keeper.move(key, identity)

    @rule(points=st.integers(1, 3))
    def add(self, points):
        """The account is corrected in the customer's favour."""
        self.keeper.add(points)

    @rule(points=st.integers(0, 9))
    def owe(self, points):
        """Points of somebody else were spent."""
        self.keeper.owe(points)

    @rule(several=st.sets(keys))
    def part(self, several):
        """Persons who were one are two."""
        self.keeper.part(several)

    def teardown(self):
        """In the end everything is refunded and given back."""
        if hasattr(self, "keeper"):
            self.keeper.finish()


AccountMachine.TestCase.settings = settings(UNHURRIED, max_examples=150, stateful_step_count=40)
TestAnyAccount = AccountMachine.TestCase


WORTH = st.fixed_dictionaries({key: st.integers(0, MOST) for key in KEYS[:4]})
WAYS = st.lists(st.tuples(st.sampled_from(KEYS[:4]), st.integers(0, MOST)), max_size=12)


def opened(worth, *, available=True, write_off=0):
    """Return an account with lots of several identities that are worth something."""
    lots = [
        Lot(
            key=key,
            identity=at % 2 + 1,
            available=available,
            expires_at=DAWN + (9 - at) * DAY,
            write_off=write_off,
        )
        for at, key in enumerate(worth)
    ]
    keeper = Keeper.of(lots)
    for key, target in worth.items():
        keeper.aim(key, target)
    return keeper


class TestPaths:
    """What an account has follows from what its lots are worth and from what was spent, not from the way."""

    @UNHURRIED
    @given(
        st.tuples(WORTH, WORTH), WAYS, st.randoms(), st.integers(0, 4 * MOST), st.sampled_from([0, 0, 3, 50])
    )
    def test_any_way_to_the_same_targets(self, worths, way, random, points, write_off):
        """Which targets were visited in between does not matter, nor in which order the last are reached."""
        first, last = worths
        straight, winding = (opened(first, write_off=write_off) for _ in range(2))
        points = min(points, sum(first.values()))
        for keeper in (straight, winding):
            keeper.spend(points)
        for key, target in way:
            winding.aim(key, target)
        for key in last:
            straight.aim(key, last[key])
        for key in random.sample(sorted(last), len(last)):
            winding.aim(key, last[key])
        forgiven = sum(lot.forgiven for lot in straight.account.lots.values())
        assert sum(last.values()) - points + forgiven == straight.balance()
        assert not forgiven or write_off
        assert straight.balance() == winding.balance()
        assert straight.available() == winding.available() == max(0, straight.balance())
        assert straight.account.debt == winding.account.debt == max(0, -straight.balance())

    @UNHURRIED
    @given(WORTH, WORTH, st.integers(0, 4 * MOST))
    def test_spent_before_or_after(self, first, last, points):
        """Spent before the lots changed or afterwards: if both can be, it comes to the same."""
        early, late = opened(first), opened(first)
        points = min(points, sum(first.values()), sum(last.values()))
        early.spend(points)
        for key, target in last.items():
            early.aim(key, target)
            late.aim(key, target)
        late.spend(points)
        assert (early.available(), early.account.debt) == (late.available(), late.account.debt)

    @UNHURRIED
    @given(WORTH, WAYS, st.lists(st.integers(0, MOST), max_size=4), st.randoms())
    def test_released_whenever(self, worth, way, spends, random):
        """When lots became available, early or late, does not matter in the end."""
        early, late = opened(worth), opened(worth, available=False)
        for key, target in [*way, *worth.items()]:
            early.aim(key, target)
            late.aim(key, target)
        for key in random.sample(sorted(worth), len(worth)):
            late.release(key, 5)
        for points in spends:
            early.spend(points)
            late.spend(points)
        assert (early.available(), early.account.debt) == (late.available(), late.account.debt)

    @UNHURRIED
    @given(WORTH, WAYS, st.lists(st.integers(0, 2 * MOST), max_size=5), st.randoms(), st.sampled_from([0, 3]))
    def test_all_that_was_spent_is_given_back(self, worth, way, spends, random, write_off):
        """Spending and giving everything back, in any order and with anything between, changes no balance."""
        keeper, other = (opened(worth, write_off=write_off) for _ in range(2))
        for points, (key, target) in zip(spends, [*way, *worth.items()] * 3, strict=False):
            keeper.spend(points)
            keeper.aim(key, target)
            other.aim(key, target)
        while keeper.spent:
            keeper.give_back(random.randrange(len(keeper.spent)), 0)
        assert (other.available(), 0) == (keeper.available(), keeper.account.debt)

    @UNHURRIED
    @given(WORTH, st.lists(st.integers(0, 2 * MOST), max_size=5))
    def test_nothing_between(self, worth, spends):
        """Spent and given back at once, every lot is as it was."""
        keeper = opened(worth)
        before = dict(keeper.account.lots)
        for points in spends:
            keeper.spend(points)
        while keeper.spent:
            keeper.give_back(0, 0)
        assert before == keeper.account.lots

    @UNHURRIED
    @given(WORTH, WAYS, st.integers(0, 4 * MOST), st.sampled_from([0, 3, 50]))
    def test_all_refunded_is_zero(self, worth, way, points, write_off):
        """Everything refunded and given back, whatever came before: no points and no debt."""
        keeper = opened(worth, write_off=write_off)
        keeper.spend(min(points, sum(worth.values())))
        for key, target in way:
            keeper.aim(key, target)
        keeper.finish()
        assert (0, 0) == (keeper.available(), keeper.account.debt)


class TestPersons:
    @UNHURRIED
    @given(st.randoms(use_true_random=False), st.integers(1, 60), st.sampled_from([0, 5]))
    def test_apart_each_has_what_is_theirs(self, random, steps, write_off):
        """When one person turns out to be two, each has what their own lots say, and nothing of the other."""
        account = lived(random, steps, write_off, without="part").account
        mine = {key for key, lot in account.lots.items() if lot.identity == 1}
        account.part(mine)
        for keys in (mine, account.lots.keys() - mine):
            person = Account(
                lots={key: account.lots[key] for key in keys},
                payments={pair: points for pair, points in account.payments.items() if pair[0] in keys},
            )
            person.settle()
            own = person.lots.values()
            expected = sum(lot.earned - lot.spent - lot.expired + lot.forgiven for lot in own)
            available = sum(lot.remaining for lot in own if lot.available)
            assert expected == sum(lot.remaining for lot in own) - person.debt
            assert not (available and person.debt)
            for lot in own:
                paid, settled = (
                    sum(points for pair, points in person.payments.items() if pair[at] == lot.key)
                    for at in (0, 1)
                )
                assert (paid, settled) == (lot.paid, lot.settled)

    @UNHURRIED
    @given(st.randoms(use_true_random=False), st.integers(1, 60))
    def test_joined_they_pay_for_each_other(self, random, steps):
        """When two persons turn out to be one, what one has pays what the other owes, and nothing is lost."""
        one, other = (lived(random, steps, 0, without="part") for _ in range(2))
        lots = {
            f"{side}{key}": replace(lot, key=f"{side}{key}")
            for side, keeper in (("1", one), ("2", other))
            for key, lot in keeper.account.lots.items()
        }
        payments = {
            (f"{side}{payer}", f"{side}{debtor}"): points
            for side, keeper in (("1", one), ("2", other))
            for (payer, debtor), points in keeper.account.payments.items()
        }
        both = Account(lots=lots, payments=payments)
        both.settle()
        available = sum(lot.remaining for lot in both.lots.values() if lot.available)
        assert not (available and both.debt)
        total = sum(lot.remaining for lot in both.lots.values()) - both.debt
        assert one.balance() + other.balance() == total


def money(minor):
    """Return an amount of the order of these tests."""
    return Money(minor, "JPY")


PLACED = Order(
    shop="main",
    id="1042",
    number="1042",
    placed_at=DAWN,
    total=money(107),
    shipping=money(7),
    lines=tuple(
        OrderLine(id=id_, title=id_, quantity=1, paid=money(paid), tax=money(0))
        for id_, paid in {"tea": 60, "mug": 40, "sample": 0}.items()
    ),
)
EARNED = {"tea": 9, "mug": 20, "sample": 1, SHIPPING: 2}
PARTS = st.dictionaries(st.sampled_from(sorted(EARNED)), st.integers(0, 60), min_size=1).map(
    lambda parts: tuple(
        RefundLine(line=line, quantity=1, amount=money(paid)) for line, paid in sorted(parts.items())
    )
)
REFUNDS = st.lists(st.tuples(st.integers(0, 60), st.none() | st.just(()) | PARTS), max_size=4).map(
    lambda several: [
        OrderRefund(id=str(at), amount=money(amount), lines=lines, at=DAWN)
        for at, (amount, lines) in enumerate(several)
    ]
)


class TestHistories:
    """An order and its refunds become known in any order; the lot follows what stands."""

    @settings(UNHURRIED, max_examples=100)
    @given(REFUNDS, st.randoms(), st.integers(0, 32), st.sampled_from(Rounding))
    def test_any_order_of_arrival(self, refunds, random, spent, rounding):
        """In any order, without lines at first, removed, cancelled, revived: it comes to the same."""
        final = replace(PLACED, refunds=tuple(refunds))
        expected = sum(standing(EARNED, final, rounding).values())
        keeper = opened({"a": sum(EARNED.values()), "b": 5})
        keeper.spend(spent)
        for _ in range(6):
            known = random.sample(refunds, random.randint(0, len(refunds)))
            removed = OrderRefund(id="removed", amount=money(random.randint(1, 60)), lines=(), at=DAWN)
            seen = [replace(one, lines=None) if random.random() < 0.3 else one for one in known]
            state = replace(
                PLACED,
                refunds=tuple([*seen, removed] if random.random() < 0.3 else seen),
                cancelled=random.random() < 0.2,
            )
            keeper.aim("a", sum(standing(EARNED, state, rounding).values()))
        keeper.aim("a", sum(standing(EARNED, final, rounding).values()))
        assert expected + 5 - spent == keeper.balance()
        kinds = {EntryKind.EARN, EntryKind.REVOKE}
        mine = [line for line in keeper.account.lines if line.lot == "a" and line.kind in kinds]
        assert expected == sum(line.points - line.debt for line in mine)

    @settings(UNHURRIED, max_examples=100)
    @given(REFUNDS, st.integers(0, 32))
    def test_refunded_and_given_back(self, refunds, spent):
        """Whatever was refunded before: when all of it is, and the reward is returned, nothing is left."""
        keeper = opened({"a": sum(EARNED.values())})
        keeper.spend(spent)
        rest = OrderRefund(id="rest", amount=money(107), lines=None, at=DAWN)
        for several in (refunds[:2], refunds, [*refunds, rest]):
            left = standing(EARNED, replace(PLACED, refunds=tuple(several)))
            keeper.aim("a", sum(left.values()))
        assert (-spent, spent) == (keeper.balance(), keeper.account.debt)
        while keeper.spent:
            keeper.give_back(0, 0)
        assert (0, 0) == (keeper.available(), keeper.account.debt)
