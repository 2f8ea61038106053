"""Lots and debts: what is earned, spent, given back, taken back, forgiven and not used in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.model.points.expiry import FOREVER
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

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def account(**days):
    """Return an account with empty lots that are available for so many days; None: still pending."""
    lots = {
        key: Lot(key=key, identity=1)
        if distance is None
        else Lot(key=key, identity=1, available=True, expires_at=NOW + distance * DAY)
        for key, distance in days.items()
    }
    return Account(lots=lots)


def changed(one, key, **what):
    """Change the terms of a lot."""
    one.lots[key] = replace(one.lots[key], **what)


def held(one):
    """Return what is left in each lot that is not empty."""
    return {key: lot.remaining for key, lot in one.lots.items() if lot.remaining}


def balance(one):
    """Return what an account has, pending or not, less what it owes."""
    return sum(lot.remaining for lot in one.lots.values()) - one.debt


def told(one, since=0):
    """Return the entries of an account: kind, cause, lot, points, debt."""
    return [
        (line.kind.value, line.cause.value, line.lot, line.points, line.debt) for line in one.lines[since:]
    ]


def owed(one):
    """Return what is owed, by identity."""
    debts = Counter()
    for lot in one.lots.values():
        debts[lot.identity] += lot.debt
    return dict(+debts)


def paid(one):
    """Return which lots have paid for which."""
    return {pair: points for pair, points in one.payments.items() if points}


def drawn(one, since=0):
    """Return what was spent by the entries since a place in the books."""
    return [
        Draw(lot=line.lot, points=line.debt - line.points, entry=at)
        for at, line in enumerate(one.lines)
        if at >= since and line.kind is EntryKind.SPEND
    ]


class TestKinds:
    def test_nobody_buys_points(self):
        """There are five kinds of entries and no purchase of points (LAW-10)."""
        assert {"earn", "spend", "expire", "adjust", "revoke"} == {kind.value for kind in EntryKind}
        assert not any("purchase" in cause.value or "bought" in cause.value for cause in Cause)

    def test_an_entry_is_fixed(self):
        """What stands in the books cannot be changed, and neither can a lot: each change is another one."""
        line = Line(kind=EntryKind.EARN, cause=Cause.AWARDED, identity=1, lot="a", points=5)
        with pytest.raises(AttributeError):
            line.points = 6
        with pytest.raises(AttributeError):
            Lot(key="a", identity=1).earned = 6

    def test_what_a_lot_counts(self):
        """Everything that happens to a lot has its counter; what is left or owed follows from them."""
        counters = {entry.name for entry in fields(Lot) if entry.type == "int"} - {"identity", "write_off"}
        assert {"earned", "spent", "paid", "expired", "forgiven", "settled"} == counters
        full = Lot(key="a", identity=1, earned=100, spent=40, paid=20, expired=10)
        assert (60, 30, 0, 0) == (full.used, full.remaining, full.owed, full.debt)
        short = Lot(key="a", identity=1, earned=10, spent=40, paid=20, forgiven=15, settled=5)
        assert (60, 0, 50, 30) == (short.used, short.remaining, short.owed, short.debt)


class TestTarget:
    def test_the_difference_is_posted(self):
        """A lot is told what it is worth; what is posted is the difference, and of none nothing."""
        one = account(a=9)
        for target in (50, 50, 80, 30, 0, 0):
            one.aim("a", target)
            assert target == one.lots["a"].earned == balance(one)
        assert [
            ("earn", "awarded", "a", 50, 0),
            ("earn", "target", "a", 30, 0),
            ("revoke", "taken_back", "a", -50, 0),
            ("revoke", "taken_back", "a", -30, 0),
        ] == told(one)

    def test_50_earned_and_50_taken(self):
        """An order that earned 50 and was refunded has two entries, and they cancel each other."""
        one = account(a=None)
        one.aim("a", 50)
        one.release("a", NOW + 9 * DAY)
        one.aim("a", 0)
        assert [50, -50] == [line.points for line in one.lines]
        assert ({}, 0) == (held(one), one.debt)

    def test_less_than_nothing(self):
        """A lot cannot be worth less than nothing, and the attempt changes nothing."""
        one = account(a=9)
        one.aim("a", 5)
        with pytest.raises(ValueError, match="less than nothing"):
            one.aim("a", -1)
        assert ({"a": 5}, 1) == (held(one), len(one.lines))

    def test_only_this_lot(self):
        """To change what one lot is worth changes no other, while nothing is owed."""
        one = account(a=9, b=5)
        one.aim("b", 7)
        before = one.lots["b"]
        one.aim("a", 50)
        one.aim("a", 3)
        assert before is one.lots["b"]


class TestPending:
    def test_not_spent(self):
        """Points that are not available yet are not spent."""
        one = account(a=None)
        one.aim("a", 50)
        with pytest.raises(NotEnoughPoints) as raised:
            one.spend(1)
        assert (0, 1) == (raised.value.available, raised.value.wanted)

    def test_released(self):
        """Once available they are, until they expire; nothing was earned or spent by that."""
        one = account(a=None)
        one.aim("a", 50)
        one.release("a", NOW + 9 * DAY)
        assert 1 == len(one.lines)
        assert (True, NOW + 9 * DAY) == (one.lots["a"].available, one.lots["a"].expires_at)
        one.spend(50)

    def test_taken_back_before(self):
        """An order that is refunded while its points are pending leaves no debt."""
        one = account(a=None)
        one.aim("a", 50)
        one.aim("a", 0)
        assert ({}, {}) == (held(one), owed(one))

    def test_pays_only_when_released(self):
        """Pending points pay no debts; at their release they do."""
        one = account(a=9, b=None)
        one.aim("a", 50)
        one.spend(50)
        one.aim("a", 0)
        one.aim("b", 80)
        assert (50, {"b": 80}) == (one.debt, held(one))
        one.release("b", FOREVER)
        assert (0, {"b": 30}) == (one.debt, held(one))


class TestSpend:
    def test_first_to_expire_first(self):
        """What expires first is spent first, whatever came first."""
        one = account(a=9, b=3, c=6)
        for key in "abc":
            one.aim(key, 10)
        one.spend(15)
        assert {"a": 10, "c": 5} == held(one)
        assert [("spend", "redeemed", "b", -10, 0), ("spend", "redeemed", "c", -5, 0)] == told(one, 3)

    def test_what_never_expires_comes_last(self):
        """Points that do not expire are kept for the end."""
        one = account(a=9, b=9)
        changed(one, "a", expires_at=FOREVER)
        one.aim("a", 10)
        one.aim("b", 10)
        one.spend(12)
        assert {"a": 8} == held(one)

    def test_the_same_moment(self):
        """Of lots that expire together the one with the lower key goes first, always."""
        one = account(b=3, a=3)
        one.aim("b", 10)
        one.aim("a", 10)
        one.spend(1)
        assert {"a": 9, "b": 10} == held(one)

    @pytest.mark.parametrize("take", [Account.spend, Account.remove])
    def test_not_enough(self, take):
        """Who has too few points keeps all of them, and is told how many they are."""
        one = account(a=9, b=3, c=None)
        for key in "abc":
            one.aim(key, 10)
        before = (dict(one.lots), list(one.lines))
        with pytest.raises(NotEnoughPoints, match="21 points are wanted, 20 are available"):
            take(one, 21)
        assert before == (one.lots, one.lines)
        take(one, 20)
        assert {"c": 10} == held(one)

    @pytest.mark.parametrize("take", [Account.spend, Account.remove])
    def test_nothing(self, take):
        """To take nothing does nothing, and less than nothing cannot be taken."""
        one = account(a=9)
        one.aim("a", 10)
        take(one, 0)
        with pytest.raises(ValueError, match="less than nothing"):
            take(one, -1)
        assert ({"a": 10}, 1) == (held(one), len(one.lines))

    def test_the_last_points_only_once(self):
        """Of two redemptions of the last points the second is refused."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(10)
        with pytest.raises(NotEnoughPoints, match="10 points are wanted, 0 are available"):
            one.spend(10)

    def test_a_correction_is_no_redemption(self):
        """What a person takes away stands in the books as a correction."""
        one = account(a=9)
        one.aim("a", 10)
        one.remove(4)
        assert [("adjust", "corrected", "a", -4, 0)] == told(one, 1)
        assert {"a": 6} == held(one)


class TestAdd:
    def test_a_correction(self):
        """What a person adds stands in the books as an adjustment and can be spent."""
        one = account(correction=90)
        one.add("correction", 7)
        assert [("adjust", "added", "correction", 7, 0)] == told(one)
        one.spend(7)

    def test_pays_first(self):
        """It pays what is owed before anything of it can be spent."""
        one = account(a=9, correction=90)
        one.aim("a", 10)
        one.spend(10)
        one.aim("a", 4)
        one.add("correction", 7)
        assert (0, {"correction": 1}) == (one.debt, held(one))

    @pytest.mark.parametrize("do", [Account.add, Account.owe])
    def test_less_than_nothing(self, do):
        """Nobody can add less than nothing, or owe it: that would be the other one in disguise."""
        one = account(a=9, correction=90)
        one.aim("a", 10)
        with pytest.raises(ValueError, match="less than nothing"):
            do(one, "correction", -5)
        assert ({"a": 10}, 0, 1) == (held(one), one.debt, len(one.lines))


class TestGiveBack:
    def test_where_it_was_taken(self):
        """What was spent goes back into the lots that it came from, and each entry says what it undoes."""
        one = account(a=9, b=3)
        one.aim("a", 10)
        one.aim("b", 10)
        before = dict(one.lots)
        one.spend(15)
        one.give_back(drawn(one), NOW)
        assert before == one.lots
        assert [("adjust", "given_back", "b", 10, 0), ("adjust", "given_back", "a", 5, 0)] == told(one, 4)
        assert [2, 3] == [line.reverses for line in one.lines[4:]]

    def test_a_part(self):
        """Of several redemptions one can be given back."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(3)
        one.spend(4)
        one.give_back(drawn(one)[1:], NOW)
        assert {"a": 7} == held(one)

    @pytest.mark.parametrize(
        ("days", "expected"), [(-1, NOW + GRACE), (0, NOW + GRACE), (1, NOW + DAY), (90, NOW + 90 * DAY)]
    )
    def test_grace(self, days, expected):
        """What would have expired meanwhile can be used for another 30 days; all else keeps its time."""
        one = account(a=days)
        one.aim("a", 10)
        one.spend(10)
        one.give_back(drawn(one), NOW)
        assert timedelta(days=30) == GRACE
        assert expected == one.lots["a"].expires_at

    def test_after_the_rest_expired(self):
        """Given back after the rest of the lot has expired, only what was spent is there again."""
        one = account(a=1)
        one.aim("a", 10)
        one.spend(4)
        one.expire("a")
        one.give_back(drawn(one), NOW + 5 * DAY)
        assert {"a": 4} == held(one)

    def test_debts_first(self):
        """What comes back pays debts before it can be spent."""
        one = account(a=3, b=9)
        one.aim("a", 10)
        one.spend(10)
        one.aim("b", 10)
        one.spend(10)
        one.aim("b", 4)
        assert 6 == one.debt
        one.give_back(drawn(one)[:1], NOW)
        assert (0, {"a": 4}) == (one.debt, held(one))

    def test_of_a_lot_that_was_taken_back(self):
        """A reward that is returned after its order was refunded leaves neither points nor a debt."""
        one = account(a=3)
        one.aim("a", 10)
        one.spend(10)
        one.aim("a", 0)
        one.give_back(drawn(one), NOW)
        assert ({}, 0) == (held(one), one.debt)


class TestTakeAgain:
    def test_as_if_it_had_not_come_back(self):
        """A redemption that holds after all takes the same points out of the same lots."""
        one = account(a=9, b=3)
        one.aim("a", 10)
        one.aim("b", 10)
        one.spend(15)
        spent, draws = dict(one.lots), drawn(one)
        one.give_back(draws, NOW)
        one.take_again(draws)
        assert spent == one.lots
        assert [
            ("spend", "redeemed_again", "b", -10, 0),
            ("spend", "redeemed_again", "a", -5, 0),
        ] == told(one, 6)

    def test_what_is_no_longer_there(self):
        """What was spent otherwise meanwhile is owed, and the books say for which lot."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(6)
        draws = drawn(one)
        one.give_back(draws, NOW)
        one.spend(7)
        one.take_again(draws)
        assert ({}, 3) == (held(one), one.debt)
        assert [
            ("spend", "redeemed_again", "a", -3, 3),
        ] == told(one, 4)

    def test_others_pay(self):
        """What is owed by that is paid at once by whatever else is there."""
        one = account(a=3, b=9)
        one.aim("a", 10)
        one.spend(10)
        draws = drawn(one)
        one.give_back(draws, NOW)
        one.aim("a", 0)
        one.aim("b", 15)
        one.take_again(draws)
        assert ({"b": 5}, 0) == (held(one), one.debt)

    def test_and_back_again(self):
        """Back and forth as often as it may be, the last word counts."""
        one = account(a=9, b=3)
        one.aim("a", 10)
        one.aim("b", 10)
        one.spend(15)
        for _ in range(5):
            since = len(one.lines)
            draws = drawn(one, since - 2)
            one.give_back(draws, NOW)
            assert (20, 0) == (balance(one), one.debt)
            one.take_again(draws)
            assert (5, 0) == (balance(one), one.debt)

    def test_what_expired_meanwhile(self):
        """What expired only because it had come back is used after all: nothing is owed for it."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(6)
        draws = drawn(one)
        one.give_back(draws, NOW)
        one.expire("a")
        one.take_again(draws)
        assert ({}, 0, 4) == (held(one), one.debt, one.lots["a"].expired)

    def test_what_was_owed_comes_back_too(self):
        """If the redemption is called off once more, its debt is gone with it."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(10)
        first = drawn(one)
        one.give_back(first, NOW)
        one.aim("a", 0)
        since = len(one.lines)
        one.take_again(first)
        assert 10 == one.debt
        one.give_back(drawn(one, since), NOW)
        assert ({}, 0) == (held(one), one.debt)


class TestExpire:
    def test_what_is_left(self):
        """What was not used in time is gone, and only once."""
        one = account(a=3)
        one.aim("a", 10)
        one.spend(4)
        one.expire("a")
        one.expire("a")
        assert [("expire", "expired", "a", -6, 0)] == told(one, 2)
        assert {} == held(one)

    def test_after_spending(self):
        """What was spent of a lot that expires was not spent of another: the balance does not collapse."""
        one = account(old=1, new=90)
        one.aim("old", 100)
        one.aim("new", 50)
        one.spend(80)
        one.expire("old")
        assert {"new": 50} == held(one)
        assert -20 == one.lines[-1].points

    def test_all_spent(self):
        """A lot that was used up expires without an entry."""
        one = account(old=1, new=90)
        one.aim("old", 100)
        one.aim("new", 50)
        one.spend(100)
        one.expire("old")
        assert (3, {"new": 50}) == (len(one.lines), held(one))

    def test_taken_back_afterwards(self):
        """A refund after the expiry takes what had expired anyway, and owes nothing for it."""
        one = account(a=1)
        one.aim("a", 10)
        one.expire("a")
        one.aim("a", 0)
        assert ({}, 0, 0) == (held(one), one.debt, one.lots["a"].expired)
        assert [
            ("adjust", "expired_and_taken_back", "a", 10, 0),
            ("revoke", "expired_and_taken_back", "a", -10, 0),
        ] == told(one, 2)

    def test_partly_spent_and_taken_back_afterwards(self):
        """Of a lot of which 6 were spent and 4 expired a refund of 7 takes the 4, and 3 are owed."""
        one = account(a=1)
        one.aim("a", 10)
        one.spend(6)
        one.expire("a")
        one.aim("a", 3)
        assert ({}, 3) == (held(one), one.debt)


class TestDebt:
    def test_spent_before_the_refund(self):
        """Points that were spent before their order was refunded are a debt, in an entry of its own."""
        one = account(a=9)
        one.aim("a", 100)
        one.spend(80)
        one.aim("a", 0)
        assert ({}, {1: 80}, -80) == (held(one), owed(one), balance(one))
        assert [
            ("revoke", "taken_back", "a", -20, 0),
            ("revoke", "owed", "a", 0, 80),
        ] == told(one, 2)

    def test_other_lots_pay_at_once(self):
        """Who owes and owns pays at once, first from what expires first."""
        one = account(a=1, b=9, c=3)
        one.aim("a", 100)
        one.spend(100)
        one.aim("b", 80)
        one.aim("c", 70)
        one.aim("a", 0)
        assert (0, {"b": 50}) == (one.debt, held(one))
        assert [
            ("revoke", "owed", "a", 0, 100),
            ("adjust", "debt_paid", "c", -70, 0),
            ("adjust", "debt_paid", "a", 0, -70),
            ("adjust", "debt_paid", "b", -30, 0),
            ("adjust", "debt_paid", "a", 0, -30),
        ] == told(one, 4)
        assert ["a", None, "a", None] == [line.other for line in one.lines[5:]]
        assert {("c", "a"): 70, ("b", "a"): 30} == paid(one)

    def test_next_earnings_pay(self):
        """The next earnings pay, and only what is beyond the debt can be spent."""
        one = account(a=1, b=9)
        one.aim("a", 100)
        one.spend(100)
        one.aim("a", 0)
        one.aim("b", 60)
        assert (40, {}) == (one.debt, held(one))
        with pytest.raises(NotEnoughPoints):
            one.spend(1)
        one.aim("b", 130)
        assert (0, {"b": 30}) == (one.debt, held(one))

    def test_revived(self):
        """An order that is revived pays for what was spent of it: all is as before."""
        one = account(a=9)
        one.aim("a", 100)
        one.spend(80)
        one.aim("a", 0)
        one.aim("a", 100)
        assert ({"a": 20}, 0) == (held(one), one.debt)

    def test_again_and_again(self):
        """However often an order is cancelled and revived, the balance is that of its last state."""
        one = account(a=9, b=5)
        one.aim("a", 100)
        one.aim("b", 30)
        one.spend(90)
        for _ in range(20):
            one.aim("a", 0)
            assert (0, 60) == (sum(held(one).values()), one.debt)
            one.aim("a", 100)
            assert (40, 0) == (sum(held(one).values()), one.debt)

    def test_of_several_identities(self):
        """What one identity of a person owes, another pays; each keeps its own entries."""
        one = account(a=9, b=9)
        changed(one, "b", identity=2)
        one.aim("a", 100)
        one.spend(100)
        one.aim("a", 0)
        one.aim("b", 60)
        assert ({1: 40}, {}) == (owed(one), held(one))
        points = {who: sum(line.points for line in one.lines if line.identity == who) for who in (1, 2)}
        debts = {who: sum(line.debt for line in one.lines if line.identity == who) for who in (1, 2)}
        assert ({1: 0, 2: 0}, {1: 40, 2: 0}) == (points, debts)

    def test_in_their_turn(self):
        """Of several debts that of the lot is paid first that expires first, and never one twice."""
        one = account(b=1, a=2, c=9)
        changed(one, "a", identity=2)
        one.aim("a", 10)
        one.aim("b", 10)
        one.spend(20)
        one.aim("a", 0)
        one.aim("b", 0)
        assert {1: 10, 2: 10} == owed(one)
        one.aim("c", 14)
        assert ({2: 6}, {}) == (owed(one), held(one))


class TestWriteOff:
    def owing(self, write_off, spent=100):
        """Return an account that has spent 100 points of a lot whose first points are forgiven."""
        one = account(a=9, b=20)
        changed(one, "a", write_off=write_off)
        changed(one, "b", write_off=write_off)
        one.aim("a", 100)
        one.spend(spent)
        return one

    @pytest.mark.parametrize(("limit", "debt"), [(0, 100), (30, 70), (100, 0), (500, 0)])
    def test_up_to_a_limit(self, limit, debt):
        """Of what was spent the first points are forgiven, and the others are owed."""
        one = self.owing(limit)
        one.aim("a", 0)
        assert (debt, {}) == (one.debt, held(one))
        assert min(limit, 100) == one.lots["a"].forgiven

    def test_once(self):
        """However many refunds take them back, of one lot no more than the limit is forgiven."""
        one = self.owing(30)
        for target in (80, 60, 40, 20, 0):
            one.aim("a", target)
        assert 70 == one.debt

    def test_nothing_for_what_was_not_spent(self):
        """Of points that are still there nothing is forgiven: they are taken."""
        one = self.owing(30, spent=10)
        one.aim("a", 0)
        assert ({}, 0, 10) == (held(one), one.debt, one.lots["a"].forgiven)

    def test_redeemed_again(self):
        """In which order the order is refunded and the reward called off and redeemed does not matter."""
        one = self.owing(30)
        draws = drawn(one)
        one.give_back(draws, NOW)
        one.aim("a", 0)
        one.take_again(draws)
        assert 70 == one.debt

    def test_revived(self):
        """An order that is revived has nothing forgiven any more: all is as before."""
        one = self.owing(30, spent=80)
        one.aim("a", 0)
        one.aim("a", 100)
        assert ({"a": 20}, 0, 0) == (held(one), one.debt, one.lots["a"].forgiven)

    def test_entries(self):
        """What is forgiven is owed first: both can be read in the books."""
        one = self.owing(30)
        one.aim("a", 0)
        assert [("revoke", "owed", "a", 0, 100), ("adjust", "forgiven", "a", 0, -30)] == told(one, 2)

    def test_a_refund_that_is_removed_leaves_no_trace(self):
        """What is forgiven follows from what is missing now: by way of zero or not, it comes to the same."""
        straight, by_zero = self.owing(30), self.owing(30)
        straight.aim("a", 20)
        by_zero.aim("a", 0)
        by_zero.aim("a", 20)
        assert balance(straight) == balance(by_zero) == -50

    def test_a_reward_given_back_makes_no_points_of_what_was_forgiven(self):
        """Who has nothing of the order and nothing of the reward any more has no points either."""
        one = self.owing(30)
        one.aim("a", 0)
        one.give_back(drawn(one), NOW)
        assert ({}, 0) == (held(one), one.debt)

    def test_points_that_paid_a_debt_were_not_spent(self):
        """A purchase that is refunded nets to nothing: of the debt that it had paid nothing is forgiven."""
        one = self.owing(30)
        one.aim("a", 0)
        one.aim("b", 70)
        assert 0 == one.debt
        one.aim("b", 0)
        assert 70 == one.debt


class TestOthersPaidMeanwhile:
    """While a lot was owed, another has paid for it. When it is made good, that one has its points again."""

    def paid_for(self):
        """Return an account in which a new lot has paid 60 for an old one that was spent and refunded."""
        one = account(old=1, new=90)
        one.aim("old", 60)
        one.spend(60)
        one.aim("old", 0)
        one.aim("new", 100)
        return one

    def test_who_has_paid(self):
        """It is known which lot has paid for which."""
        one = self.paid_for()
        assert ({("new", "old"): 60}, {"new": 40}, 0) == (paid(one), held(one), one.debt)

    def test_a_removed_refund_lets_nothing_expire_that_was_not_due(self):
        """A refund that was an error costs no points of other lots, also if its own lot is over by then."""
        one = self.paid_for()
        since = len(one.lines)
        one.aim("old", 60)
        assert ({"new": 100}, {}) == (held(one), paid(one))
        assert [
            ("earn", "target", "old", 0, -60),
            ("adjust", "debt_gone", "old", 0, 60),
            ("adjust", "debt_gone", "new", 60, 0),
        ] == told(one, since)
        one.expire("old")
        assert {"new": 100} == held(one)

    def test_all_refunded_and_all_given_back_is_zero(self):
        """Who has given back both orders and the reward owes nothing, whatever has expired between."""
        one = self.paid_for()
        one.give_back(drawn(one), NOW)
        one.expire("old")
        assert {"new": 100} == held(one)
        one.aim("new", 0)
        assert ({}, 0) == (held(one), one.debt)

    def test_a_part(self):
        """Of what was made good in part only that part comes back."""
        one = self.paid_for()
        since = len(one.lines)
        one.aim("old", 25)
        assert ({"new": 65}, {("new", "old"): 35}, 0) == (held(one), paid(one), one.debt)
        assert [
            ("earn", "target", "old", 0, -25),
            ("adjust", "debt_gone", "old", 0, 25),
            ("adjust", "debt_gone", "new", 25, 0),
        ] == told(one, since)

    def test_the_payer_is_refunded(self):
        """If the order is refunded whose points have paid, these are owed, and the first debt stays paid."""
        one = self.paid_for()
        one.aim("new", 10)
        assert (50, 0, 50) == (one.debt, one.lots["old"].debt, one.lots["new"].debt)
        one.aim("old", 60)
        assert ({"new": 10}, 0) == (held(one), one.debt)

    def test_a_chain(self):
        """Who has paid for one that had paid has its points again as soon as the first is made good."""
        one = account(a=1, b=2, c=3)
        for key, paying in (("a", "b"), ("b", "c")):
            one.aim(key, 10)
            if key == "a":
                one.spend(10)
            one.aim(key, 0)
            one.aim(paying, 10)
        assert ({("b", "a"): 10, ("c", "b"): 10}, {}) == (paid(one), held(one))
        one.aim("a", 10)
        assert ({}, {"c": 10}, 0) == (paid(one), held(one), one.debt)

    def test_last_to_expire_first(self):
        """Of several that have paid those have their points again first that can be used longest."""
        one = account(old=1, soon=5, late=90)
        one.aim("old", 60)
        one.spend(60)
        one.aim("soon", 30)
        one.aim("late", 30)
        one.aim("old", 0)
        one.aim("old", 40)
        assert ({"late": 30, "soon": 10}, 0) == (held(one), one.debt)


class TestPart:
    """Persons who were one are two: what their lots have paid for each other is undone."""

    def test_both_have_their_own(self):
        """Who has paid has the points again, and who was paid for owes again."""
        one = account(mine=1, yours=90)
        changed(one, "yours", identity=2)
        one.aim("mine", 60)
        one.spend(60)
        one.aim("mine", 0)
        one.aim("yours", 100)
        one.part(["mine"])
        assert ({"yours": 100}, {1: 60}, {}) == (held(one), owed(one), paid(one))

    def test_one_side_or_the_other(self):
        """Of which of the two the lots are named does not matter."""
        found = []
        for side in ("mine", "yours"):
            one = account(mine=1, yours=90)
            one.aim("mine", 60)
            one.spend(60)
            one.aim("mine", 0)
            one.aim("yours", 100)
            one.part([side])
            found.append((held(one), one.lots))
        assert found[0] == found[1]

    def test_what_is_not_parted(self):
        """What lots of one person have paid for each other stays."""
        one = account(a=1, b=90)
        one.aim("a", 60)
        one.spend(60)
        one.aim("a", 0)
        one.aim("b", 100)
        before = dict(one.lots)
        one.part(["a", "b"])
        one.part([])
        assert (before, {("b", "a"): 60}) == (one.lots, paid(one))

    @pytest.mark.parametrize("names", [("x", "y", "z"), ("z", "y", "x"), ("y", "z", "x"), ("x", "z", "y")])
    def test_a_chain_is_parted_once(self, names):
        """Where one has paid and was paid for by others who go, each payment is undone once, not twice."""
        middle, first, last = names
        one = account(**{middle: 2, first: 1, last: 3})
        one.aim(first, 50)
        one.spend(50)
        one.aim(first, 0)
        one.aim(middle, 50)
        one.aim(middle, 0)
        one.aim(last, 50)
        assert {(middle, first): 50, (last, middle): 50} == paid(one)
        one.part([middle])
        assert ({last: 50}, {}) == (held(one), paid(one))
        assert {middle: 0, first: 50, last: 0} == {key: lot.debt for key, lot in one.lots.items()}
        assert all(lot.settled >= 0 for lot in one.lots.values())


class TestOwe:
    def test_what_is_missing(self):
        """Who has used points of somebody else has used their own, and owes what is missing."""
        one = account(a=9, b=3, correction=90)
        one.aim("a", 10)
        one.aim("b", 10)
        one.owe("correction", 25)
        assert ({}, 5, 5) == (held(one), one.debt, one.lots["correction"].debt)
        assert [
            ("spend", "spent_by_other", "b", -10, 0),
            ("spend", "spent_by_other", "a", -10, 0),
            ("spend", "spent_by_other", "correction", 0, 5),
        ] == told(one, 2)

    def test_enough(self):
        """Who has enough owes nothing."""
        one = account(a=9, correction=90)
        one.aim("a", 10)
        one.owe("correction", 7)
        assert ({"a": 3}, 0) == (held(one), one.debt)

    def test_given_back(self):
        """If the reward is given back after all, so is the debt."""
        one = account(a=9, correction=90)
        one.aim("a", 10)
        one.owe("correction", 25)
        one.give_back(drawn(one), NOW)
        assert ({"a": 10}, 0) == (held(one), one.debt)


class TestMove:
    def test_what_is_left(self):
        """When the owner of an order is found, what is left of its lot is theirs; what was spent is not."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(4)
        one.move("a", 2)
        assert 2 == one.lots["a"].identity
        assert [(1, 10), (1, -4), (1, -6), (2, 6)] == [(line.identity, line.points) for line in one.lines]
        assert {("adjust", "moved", "a", -6, 0), ("adjust", "moved", "a", 6, 0)} == set(told(one, 2))

    def test_with_a_debt(self):
        """A debt of a lot moves with it."""
        one = account(a=9)
        one.aim("a", 10)
        one.spend(10)
        one.aim("a", 4)
        one.move("a", 2)
        assert {2: 6} == owed(one)
        assert [(1, 0, -6), (2, 0, 6)] == [(line.identity, line.points, line.debt) for line in one.lines[3:]]

    def test_nothing_left(self):
        """An empty lot moves without an entry, and one that is there already does not move."""
        one = account(a=9)
        one.move("a", 2)
        one.aim("a", 5)
        one.move("a", 2)
        assert (2, 1) == (one.lots["a"].identity, len(one.lines))

    def test_there_and_back(self):
        """There and back again all is as before."""
        one = account(a=9)
        one.aim("a", 10)
        before = dict(one.lots)
        one.move("a", 2)
        one.move("a", 1)
        assert before == one.lots


class Watched(Account):
    """An account that counts how often it was asked what is usable."""

    asked = 0

    def usable(self) -> Iterator[Lot]:
        Watched.asked += 1
        return super().usable()


class TestFurtherLots:
    @pytest.fixture
    def one(self):
        """An account without debts."""
        Watched.asked = 0
        return Watched(lots=account(a=9).lots)

    def test_not_asked_for(self, one):
        """Where nothing is owed, no other lot is looked at: what a change costs does not grow with them."""
        one.aim("a", 10)
        one.aim("a", 4)
        one.release("a", FOREVER)
        one.move("a", 2)
        one.expire("a")
        one.aim("a", 0)
        assert 0 == Watched.asked

    def test_asked_for(self, one):
        """To spend and to pay they are needed."""
        one.aim("a", 10)
        one.spend(10)
        assert 1 == Watched.asked
        one.aim("a", 0)
        assert 2 == Watched.asked

    def test_no_more_than_needed(self):
        """Further lots are read only as far as they are needed."""
        read = []

        class Reading(Account):
            def usable(self):
                for n in range(1000):
                    read.append(n)
                    yield Lot(key=f"{n:04}", identity=1, available=True, earned=1)

        one = Reading()
        one.spend(5)
        assert len(read) <= 6
        assert ["0000", "0001", "0002", "0003", "0004"] == sorted(one.lots)


class TestTime:
    """An account that knows what time it is."""

    def test_what_is_over_is_not_used(self):
        """A lot whose time is over is passed by, also before anybody has let it go."""
        one = account(old=1, new=9)
        one.aim("old", 10)
        one.aim("new", 10)
        one.now = one.lots["old"].expires_at
        one.spend(10)
        assert {"old": 10} == held(one)
        with pytest.raises(NotEnoughPoints):
            one.spend(1)

    def test_points_that_come_back_prolong_nothing_else(self):
        """Of a lot that is over only what was spent comes back; what was left has expired."""
        one = account(old=1)
        one.aim("old", 10)
        one.spend(4)
        one.give_back(drawn(one), one.lots["old"].expires_at)
        assert ({"old": 4}, 6) == (held(one), one.lots["old"].expired)

    def test_who_has_paid_a_debt_that_is_gone_gets_grace_too(self):
        """The payer could not have used its points meanwhile."""
        one = account(owing=9, payer=1)
        one.aim("owing", 10)
        one.spend(10)
        one.aim("owing", 0)
        one.aim("payer", 10)
        one.now = one.lots["payer"].expires_at
        one.aim("owing", 10)
        assert ({"payer": 10}, one.now + GRACE) == (held(one), one.lots["payer"].expires_at)
