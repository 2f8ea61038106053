"""What of an order's points stands after what was given back: published cases, and the laws behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine, OrderRefund, RefundLine
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.standing import SHIPPING, given_back, paid_for, standing
from tests.support.histories import UNHURRIED

THOROUGH = settings(UNHURRIED, max_examples=100)
PLACED = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def money(minor):
    """Return an amount of the orders of these tests."""
    return Money(minor, "EUR")


def order(lines, *refunds, shipping=0, fees=0, **said):
    """Return an order of lines by id and what was paid for them."""
    total = sum(lines.values()) + shipping + fees
    return Order(
        **{
            "shop": "main",
            "id": "1042",
            "number": "1042",
            "placed_at": PLACED,
            "total": money(total),
            "shipping": money(shipping),
            "lines": tuple(
                OrderLine(id=id_, title=id_, quantity=1, paid=money(paid), tax=money(0))
                for id_, paid in lines.items()
            ),
            "refunds": numbered(refunds),
            **said,
        }
    )


def numbered(refunds):
    """Give refunds ids and moments, in their order."""
    return tuple(replace(one, id=str(77 + n), at=PLACED + n * DAY) for n, one in enumerate(refunds))


def of_lines(amount=None, **lines):
    """Return a refund of lines; without an amount it is what they are."""
    parts = tuple(RefundLine(line=id_, quantity=1, amount=money(paid)) for id_, paid in lines.items())
    said = sum(lines.values()) if amount is None else amount
    return OrderRefund(id="77", amount=money(said), lines=parts, at=PLACED)


def of_amount(amount, *, known=True):
    """Return a refund of an amount without lines, or of one whose lines are not known yet."""
    return OrderRefund(id="77", amount=money(amount), lines=() if known else None, at=PLACED)


def back(one):
    """Return what was given back, and of what; nothing of what nothing was."""
    return {key: amount for key, amount in given_back(one).items() if amount}


def refunded(one, *refunds):
    """Return an order with these refunds."""
    return replace(one, refunds=numbered(refunds))


@st.composite
def orders(draw, *, least=0):
    """Return any order without refunds."""
    paid = draw(st.lists(st.integers(least, 12), min_size=1, max_size=4))
    extras = st.sampled_from([0, 0, 1, 3, 7])
    return order({f"l{n}": amount for n, amount in enumerate(paid)}, shipping=draw(extras), fees=draw(extras))


@st.composite
def earned(draw, one):
    """Return any points for the lines of an order, its shipping, and a line that it has not."""
    lines = [line.id for line in one.lines]
    keys = draw(st.sampled_from([lines, [*lines, SHIPPING], [*lines, SHIPPING, "gone"]]))
    return {key: draw(st.integers(0, 60)) for key in keys}


@st.composite
def refunds_of(draw, one, most=4):
    """Return any refunds of an order, sensible or not: of lines, of amounts, and of lines not known yet."""
    ids = st.sampled_from([*(line.id for line in one.lines), SHIPPING, "gone"])
    parts = st.dictionaries(ids, st.integers(0, 14), min_size=1, max_size=3)

    def named(lines, beyond):
        return of_lines(max(0, sum(lines.values()) + beyond), **lines)

    kinds = st.one_of(
        st.builds(of_amount, st.integers(0, 15), known=st.booleans()),
        st.builds(named, parts, st.sampled_from([0, 0, 0, 1, 5, -2])),
    )
    return draw(st.lists(kinds, max_size=most))


@st.composite
def returned(draw):
    """Return an order with refunds, and points."""
    one = draw(orders())
    return refunded(one, *draw(refunds_of(one))), draw(earned(one))


class TestPublishedCases:
    def test_an_item_that_earned_20_takes_20(self):
        """Of a mixed order of 70 points the item that earned 20 takes 20 back, not 35 by its share."""
        mixed = order({"coffee": 100, "mug": 100}, of_lines(mug=100))
        left = standing({"coffee": 50, "mug": 20}, mixed)
        assert {"coffee": 50, "mug": 0} == left
        assert 70 - 20 == sum(left.values())

    def test_the_rule_doubled_between_order_and_refund(self):
        """50 were earned, 50 are taken: standing knows the points of the day, and no rule of today."""
        assert {"tea": 0} == standing({"tea": 50}, order({"tea": 5000}, of_lines(tea=5000)))

    @pytest.mark.parametrize("rounding", Rounding)
    def test_lines_that_are_known_later(self, rounding):
        """A refund notice without its lines ends, once they are told, as if they had been known at once."""
        points = {"coffee": 50, "mug": 20}
        one = order({"coffee": 100, "mug": 100})
        notice, told = of_amount(100, known=False), of_lines(mug=100)
        assert {"coffee": 25, "mug": 10} == standing(points, refunded(one, notice), rounding)
        assert {"coffee": 50, "mug": 0} == standing(points, refunded(one, told), rounding)

    def test_lines_that_turn_out_to_be_none(self):
        """What was a notice of unknown lines and becomes an amount without lines changes nothing."""
        one = order({"coffee": 100, "mug": 100}, shipping=10)
        unknown, none = (refunded(one, of_amount(55, known=known)) for known in (False, True))
        assert standing({"coffee": 50, "mug": 20}, unknown) == standing({"coffee": 50, "mug": 20}, none)

    @pytest.mark.parametrize("second", [of_lines(mug=100), of_amount(500), of_amount(500, known=False)])
    def test_refunded_twice(self, second):
        """A second refund of all takes nothing twice: the points of the order never fall below zero."""
        one = order({"mug": 100}, of_lines(mug=100), second)
        assert {"mug": 0} == standing({"mug": 20}, one)

    def test_refunded_beyond_a_line(self):
        """More than was paid for a line does not make its points negative; they are gone, that is all."""
        one = order({"mug": 100, "coffee": 300}, of_lines(mug=60), of_lines(mug=60))
        assert 100 == given_back(one)["mug"]
        assert standing({"mug": 20}, one) == {"mug": 0}

    def test_an_amount_is_spread_over_everything(self):
        """A fifth of all that was paid, the shipping included, takes a fifth of every line's points."""
        one = order({"coffee": 300, "mug": 100}, of_amount(100), shipping=100)
        assert {"coffee": 60, "mug": 20, SHIPPING: 20} == back(one)
        assert {"coffee": 40, "mug": 16} == standing({"coffee": 50, "mug": 20}, one)

    def test_an_amount_is_spread_over_what_was_paid_at_first(self):
        """What was given back before does not change the proportions: the original amounts count."""
        one = order({"coffee": 300, "mug": 100}, of_lines(coffee=100), of_amount(40))
        assert {"coffee": 130, "mug": 10} == back(one)

    def test_fees_have_their_share(self):
        """What was paid beyond lines and shipping is no line, but a part of every amount given back."""
        with_fees = order({"mug": 100}, of_amount(100), shipping=50, fees=50)
        assert {"mug": 50, SHIPPING: 25, "*other": 25} == back(with_fees)
        assert {"mug": 10} == standing({"mug": 20}, with_fees)

    @pytest.mark.parametrize("beyond", [0, 5, 10])
    def test_a_line_with_its_shipping(self, beyond):
        """A refund of a line and of (some of) the shipping does not touch the points of other lines."""
        one = order({"mug": 100, "coffee": 300}, of_lines(100 + beyond, mug=100), shipping=10)
        assert {"mug": 0, "coffee": 31} == standing({"mug": 20, "coffee": 31}, one)
        assert beyond == given_back(one)[SHIPPING]

    def test_beyond_the_shipping(self):
        """What a refund of lines holds beyond them and beyond the shipping is spread like any amount."""
        one = order({"mug": 100, "coffee": 300}, of_lines(160, mug=100), shipping=10)
        assert {"mug": 100, "coffee": 60 - 10, SHIPPING: 10} == back(one)

    def test_shipping_that_earned(self):
        """Points for the shipping follow the shipping."""
        points = {"mug": 20, SHIPPING: 5}
        one = order({"mug": 100}, shipping=50)
        assert points == standing(points, one)
        assert {"mug": 20, SHIPPING: 0} == standing(points, refunded(one, of_lines(**{SHIPPING: 50})))
        assert {"mug": 0, SHIPPING: 5} == standing(points, refunded(one, of_lines(mug=100)))
        assert {"mug": 20, SHIPPING: 0} == standing(points, order({"mug": 100}, shipping=0))

    @pytest.mark.parametrize(
        "split",
        [
            [of_amount(460)],
            [of_amount(460, known=False)],
            [of_amount(1), of_amount(459)],
            [of_lines(mug=100), of_lines(coffee=300), of_lines(**{SHIPPING: 50}), of_amount(10)],
            [of_lines(410, mug=100, coffee=300), of_amount(50)],
            [of_lines(460, mug=100)],
            [of_lines(mug=1), of_amount(459, known=False)],
            [of_amount(360), of_lines(mug=100)],
            [of_lines(mug=100, coffee=300, **{SHIPPING: 50}), of_amount(10)],
            [of_amount(1000)],
        ],
    )
    def test_all_refunded_is_zero(self, split):
        """However all of it was given back, no point of the order is left; not for a free sample either."""
        one = order({"mug": 100, "coffee": 300, "sample": 0}, *split, shipping=50, fees=10)
        points = {"mug": 20, "coffee": 31, "sample": 5, SHIPPING: 3}
        assert dict.fromkeys(points, 0) == standing(points, one, Rounding.UP)

    def test_all_lines_but_not_the_shipping(self):
        """Where the shop keeps the shipping, returned lines have lost their points nevertheless."""
        one = order({"mug": 100, "coffee": 300}, of_lines(mug=100, coffee=300), shipping=50)
        assert {"mug": 0, "coffee": 0} == standing({"mug": 20, "coffee": 31}, one, Rounding.UP)

    def test_a_restocking_fee(self):
        """A returned line has lost its points also if less money came back than it had cost."""
        one = order({"mug": 100, "coffee": 300}, of_lines(80, mug=100))
        assert {"mug": 0, "coffee": 31} == standing({"mug": 20, "coffee": 31}, one)

    def test_cancelled_and_revived(self):
        """A cancelled order has no points; revived by a late payment it has all of them again."""
        points = {"mug": 20, "coffee": 31}
        placed = order({"mug": 100, "coffee": 300})
        cancelled = replace(placed, cancelled=True, cancelled_at=PLACED + DAY)
        assert points == standing(points, placed)
        assert {"mug": 0, "coffee": 0} == standing(points, cancelled)
        assert points == standing(points, replace(cancelled, cancelled=False, cancelled_at=None))

    def test_revived_with_a_refund(self):
        """A revived order has all but what was given back."""
        one = order({"mug": 100, "coffee": 300}, of_lines(mug=100), cancelled=True)
        assert {"mug": 0, "coffee": 0} == standing({"mug": 20, "coffee": 31}, one)
        assert {"mug": 0, "coffee": 31} == standing({"mug": 20, "coffee": 31}, replace(one, cancelled=False))

    def test_a_removed_refund(self):
        """A refund that the shop removes has never been: its points are there again."""
        points = {"mug": 20, "coffee": 31}
        first, second = of_lines(mug=100), of_amount(30)
        one = order({"mug": 100, "coffee": 300}, first, second)
        assert {"mug": 0, "coffee": 27} == standing(points, one)
        assert {"mug": 18, "coffee": 29} == standing(points, refunded(one, second))
        assert points == standing(points, refunded(one))


class TestLines:
    def test_free_lines_have_no_share(self):
        """A free line keeps its points while an amount is given back of what was paid for others."""
        one = order({"mug": 100, "sample": 0}, of_amount(50))
        assert {"mug": 10, "sample": 5} == standing({"mug": 20, "sample": 5}, one)

    def test_a_free_line_that_was_given_back_in_full_loses_its_points(self):
        """A line that was given back in full loses exactly its points, also one that had cost nothing."""
        one = order({"mug": 100, "sample": 0}, of_lines(mug=100, sample=0), shipping=10)
        assert {"mug": 0, "sample": 0} == standing({"mug": 20, "sample": 5}, one)

    def test_a_free_line_of_several_pieces(self):
        """Of a free line only its pieces tell whether all of it came back, in however many refunds."""
        one = order({"mug": 100, "sample": 0})
        two = replace(one, lines=(one.lines[0], replace(one.lines[1], quantity=2)))
        piece = of_lines(sample=0)
        assert {"sample": 5} == standing({"sample": 5}, refunded(two, piece))
        assert {"sample": 0} == standing({"sample": 5}, refunded(two, piece, piece))

    def test_a_free_order(self):
        """A free order keeps its points until it is given back."""
        free = order({"sample": 0})
        assert {"sample": 5} == standing({"sample": 5}, free)
        assert {"sample": 0} == standing({"sample": 5}, refunded(free, of_amount(0)))

    def test_a_line_that_is_no_longer_on_the_order(self):
        """A line that was edited out of the order takes its points along, and only these."""
        points = {"mug": 20, "coffee": 31}
        assert {"mug": 0, "coffee": 31} == standing(points, order({"coffee": 300}))

    def test_a_line_that_was_added(self):
        """A line of which no points were earned has none, whatever is given back of it."""
        one = order({"mug": 100, "added": 500}, of_lines(added=500))
        assert {"mug": 20} == standing({"mug": 20}, one)

    def test_a_refund_of_a_line_that_nobody_knows(self):
        """A refund of a line that is not on the order is an amount like any other."""
        one = order({"mug": 100, "coffee": 300})
        assert given_back(refunded(one, of_amount(40))) == given_back(refunded(one, of_lines(ghost=40)))

    def test_amounts_that_are_not_known(self):
        """While nothing is known of what was paid, the points stand, unless the order is cancelled."""
        unknown = replace(order({}, of_amount(50)), total=None, shipping=None)
        assert {"mug": 20} == standing({"mug": 20}, unknown)
        assert {"mug": 0} == standing({"mug": 20}, replace(unknown, cancelled=True))

    def test_nothing_earned(self):
        """An order without points has none, whatever happens to it."""
        assert {} == standing({}, order({"mug": 100}, of_amount(50)))

    def test_a_shop_may_call_a_line_other(self):
        """What a shop calls its lines is its own affair: the word for fees is none of its ids."""
        lines = {"other": 100, "mug": 100}
        one = order(lines, of_lines(other=100))
        assert {"other": 0, "mug": 20} == standing({"other": 10, "mug": 20}, one)

    def test_a_shop_may_call_a_line_shipping(self):
        """A line of that name is given back as that line, and other lines keep their points."""
        one = order({"shipping": 100, "mug": 100}, of_lines(shipping=100), shipping=5)
        assert {"mug": 20} == standing({"mug": 20}, one)


class TestRoundings:
    @pytest.mark.parametrize(
        ("rounding", "expected"), [(Rounding.DOWN, 13), (Rounding.HALF_UP, 13), (Rounding.UP, 14)]
    )
    def test_a_part_of_a_line(self, rounding, expected):
        """Of 20 points on 300, 100 given back leave 13 1/3, rounded by the rule."""
        one = order({"mug": 300, "coffee": 300}, of_lines(mug=100))
        assert {"mug": expected, "coffee": 31} == standing({"mug": 20, "coffee": 31}, one, rounding)

    def test_the_last_cent(self):
        """While a cent of a line is not given back, rounding up leaves a point, and down none."""
        one = order({"mug": 300, "coffee": 300}, of_lines(mug=299))
        assert [0, 0, 1] == [
            standing({"mug": 20}, one, mode)["mug"] for mode in (Rounding.DOWN, Rounding.HALF_UP, Rounding.UP)
        ]

    @pytest.mark.parametrize(
        ("rounding", "expected"), [(Rounding.DOWN, 1), (Rounding.HALF_UP, 2), (Rounding.UP, 2)]
    )
    def test_rounded_once(self, rounding, expected):
        """Of three lines with a point each, half of the money leaves one and a half, rounded once."""
        one = order({"a": 100, "b": 100, "c": 100}, of_amount(150))
        assert expected == sum(standing({"a": 1, "b": 1, "c": 1}, one, rounding).values())

    def test_large_amounts(self):
        """Nothing is a float: of 10**18 points on 10**18 + 1 a cent takes what it must."""
        one = order({"gold": 10**18 + 1, "coffee": 1}, of_lines(gold=1))
        assert 10**18 - 1 == standing({"gold": 10**18}, one)["gold"]
        assert 10**18 == standing({"gold": 10**18}, one, Rounding.UP)["gold"]


class TestLaws:
    @THOROUGH
    @given(returned(), st.sampled_from(Rounding))
    def test_between_nothing_and_what_was_earned(self, case, rounding):
        """Of no line is less than nothing left, nor more than it earned; nobody is forgotten or invented."""
        one, points = case
        left = standing(points, one, rounding)
        assert points.keys() == left.keys()
        for line, all_ in points.items():
            assert type(left[line]) is int
            assert 0 <= left[line] <= all_

    @THOROUGH
    @given(returned())
    def test_all_that_was_given_back_is_somewhere(self, case):
        """What was given back is divided to the last cent, as far as that much was paid, and never above."""
        one, _ = case
        back = given_back(one)
        given_ = sum(
            max(each.amount.minor, sum(part.amount.minor for part in each.lines or ()))
            for each in one.refunds
        )
        assert min(given_, one.total.minor) == sum(back.values())
        for line, paid in paid_for(one).items():
            assert 0 <= back[line] <= paid

    @THOROUGH
    @given(returned(), st.randoms(), st.sampled_from(Rounding))
    def test_any_order_of_refunds(self, case, random, rounding):
        """The refunds are a set: in which order they were made or became known does not matter."""
        one, points = case
        shuffled = random.sample(one.refunds, len(one.refunds))
        assert standing(points, one, rounding) == standing(points, refunded(one, *shuffled), rounding)
        assert given_back(one) == given_back(refunded(one, *shuffled))

    @THOROUGH
    @given(returned(), st.lists(st.integers(0, 6), min_size=1, max_size=5), st.data())
    def test_any_split_of_an_amount(self, case, parts, data):
        """One amount, or the same in several refunds, before, between and after the others: all the same."""
        one, points = case
        whole = refunded(one, *one.refunds, of_amount(sum(parts)))
        pieces = [of_amount(part, known=data.draw(st.booleans())) for part in parts]
        several = refunded(one, *data.draw(st.permutations([*one.refunds, *pieces])))
        assert given_back(whole) == given_back(several)
        assert standing(points, whole) == standing(points, several)

    @THOROUGH
    @given(orders(least=1), st.data())
    def test_any_split_of_a_line(self, one, data):
        """One refund of a line, or the same in several: all the same."""
        points = data.draw(earned(one))
        line = data.draw(st.sampled_from(one.lines))
        parts = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
        whole = refunded(one, of_lines(**{line.id: sum(parts)}))
        several = refunded(one, *(of_lines(**{line.id: part}) for part in parts))
        assert standing(points, whole) == standing(points, several)

    @THOROUGH
    @given(orders(), st.data(), st.sampled_from(Rounding))
    def test_all_refunded_in_any_way_is_zero(self, one, data, rounding):
        """As soon as all that was paid came back, in any pieces, nothing is left."""
        points = data.draw(earned(one))
        refunds = data.draw(refunds_of(one))
        missing = one.total.minor - sum(each.amount.minor for each in refunds)
        while missing > 0:
            part = data.draw(st.integers(1, missing))
            refunds.append(of_amount(part, known=data.draw(st.booleans())))
            missing -= part
        assume(refunds)
        final = refunded(one, *data.draw(st.permutations(refunds)))
        assert dict.fromkeys(points, 0) == standing(points, final, rounding)

    @THOROUGH
    @given(orders(least=1), st.data(), st.sampled_from(Rounding))
    def test_lines_take_exactly_what_is_theirs(self, one, data, rounding):
        """Refunds of lines, of no more than was paid, take the share of these lines, of others nothing."""
        points = data.draw(earned(one))
        back = {line.id: data.draw(st.integers(0, line.paid.minor)) for line in one.lines}
        shipping = data.draw(st.integers(0, one.shipping.minor))
        assume(sum(back.values()) + shipping < one.total.minor)
        with_it, *alone = data.draw(st.lists(st.sampled_from(sorted(back)), min_size=1, unique=True))
        named = {with_it, *alone}
        final = refunded(
            one,
            of_lines(back[with_it] + shipping, **{with_it: back[with_it]}),
            *(of_lines(**{line: back[line]}) for line in alone),
        )
        left = standing(points, final, rounding)
        shares = {
            line.id: Fraction(
                points[line.id] * (line.paid.minor - (back[line.id] if line.id in named else 0)),
                line.paid.minor,
            )
            for line in one.lines
        }
        for line, share in shares.items():
            assert abs(left[line] - share) < 1
            assert left[line] == share or share.denominator > 1
        if SHIPPING not in points:
            assert rounding.whole(sum(shares.values())) == sum(left.values())

    @THOROUGH
    @given(orders(least=1), st.integers(0, 60))
    def test_an_amount_is_proportional(self, one, amount):
        """Of an amount alone each line has its share of what was paid in all, within one cent."""
        back = given_back(refunded(one, of_amount(amount)))
        total = one.total.minor
        for line, paid in paid_for(one).items():
            assert abs(back[line] - Fraction(min(amount, total) * paid, total)) < 1

    @THOROUGH
    @given(returned())
    def test_cancelled_in_any_state(self, case):
        """A cancelled order has no points, and one that revives has what it had."""
        one, points = case
        cancelled = replace(one, cancelled=True, cancelled_at=PLACED)
        assert dict.fromkeys(points, 0) == standing(points, cancelled)
        assert standing(points, one) == standing(points, replace(cancelled, cancelled=False))

    @THOROUGH
    @given(orders(), st.data(), st.sampled_from(Rounding))
    def test_more_refunds_never_give_points(self, one, data, rounding):
        """Whatever is given back beside what was, of lines, of amounts, of unknown lines: it only takes."""
        points = data.draw(earned(one))
        refunds = data.draw(refunds_of(one, most=6))
        left = [
            sum(standing(points, refunded(one, *refunds[:many]), rounding).values())
            for many in range(len(refunds) + 1)
        ]
        assert sorted(left, reverse=True) == left

    def test_a_fourth_yen(self):
        """A fourth yen that is given back cannot bring back points that the third had taken."""
        points = {"card": 50, "mug": 3, "coffee": 3}
        one = order({"card": 1, "mug": 3, "coffee": 3})
        three, four = (sum(standing(points, refunded(one, of_amount(amount))).values()) for amount in (3, 4))
        assert four <= three

    @THOROUGH
    @given(returned(), st.randoms(), st.sampled_from(Rounding))
    def test_any_order_of_lines(self, case, random, rounding):
        """In which order a shop tells the lines does not change what the order is worth."""
        one, points = case
        other = replace(one, lines=tuple(random.sample(one.lines, len(one.lines))))
        assert given_back(one) == given_back(other)
        keys = random.sample(sorted(points), len(points))
        left = standing({key: points[key] for key in keys}, other, rounding)
        assert sum(standing(points, one, rounding).values()) == sum(left.values())

    @THOROUGH
    @given(returned())
    def test_nothing_is_changed(self, case):
        """To ask what stands changes neither the points nor the order."""
        one, points = case
        before = dict(points)
        standing(points, one)
        assert before == points
