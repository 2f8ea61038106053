"""Whole numbers out of shares, exact to the last one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aftercare_sdk.model.points.allocation import Rounding, pour, rounded, spread
from tests.support.histories import UNHURRIED

THOROUGH = settings(UNHURRIED, max_examples=150)
TOTALS = st.integers(0, 200) | st.integers(0, 10**15)
WEIGHTS = st.lists(st.integers(0, 9) | st.integers(0, 10**12), max_size=7)
FRACTIONS = st.lists(st.fractions(0, 20, max_denominator=12), max_size=6)
PLACES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=6)
"""Rooms with their weights."""


class TestRounding:
    @pytest.mark.parametrize(
        ("amount", "down", "half_up", "up"),
        [
            (Fraction(0), 0, 0, 0),
            (Fraction(1, 3), 0, 0, 1),
            (Fraction(1, 2), 0, 1, 1),
            (Fraction(2, 3), 0, 1, 1),
            (Fraction(1), 1, 1, 1),
            (Fraction(3, 2), 1, 2, 2),
            (Fraction(5, 2), 2, 3, 3),
            (Fraction(10**18 * 2 + 1, 2), 10**18, 10**18 + 1, 10**18 + 1),
        ],
    )
    def test_modes(self, amount, down, half_up, up):
        """Each mode does what its name says; halves go up, also to odd numbers, and nothing is a float."""
        assert (down, half_up, up) == (
            Rounding.DOWN.whole(amount),
            Rounding.HALF_UP.whole(amount),
            Rounding.UP.whole(amount),
        )

    @THOROUGH
    @given(st.fractions(0, 10**20))
    def test_never_a_whole_one_off(self, amount):
        """No mode is as much as one point away from the exact amount, and they keep their order."""
        down, half_up, up = (mode.whole(amount) for mode in (Rounding.DOWN, Rounding.HALF_UP, Rounding.UP))
        assert down <= half_up <= up
        assert down <= amount <= up
        assert up - down == (0 if amount.denominator == 1 else 1)
        assert abs(half_up - amount) <= Fraction(1, 2)


class TestSpread:
    @pytest.mark.parametrize(
        ("total", "weights", "expected"),
        [
            (10, [1, 1, 1], (4, 3, 3)),
            (11, [1, 1, 1], (4, 4, 3)),
            (1, [1, 1], (1, 0)),
            (1, [1, 2], (0, 1)),
            (10, [1, 2], (3, 7)),
            (7, [0, 5, 0], (0, 7, 0)),
            (5, [0, 1, 0, 1], (0, 3, 0, 2)),
            (0, [3, 4], (0, 0)),
            (5, [], ()),
            (5, [0, 0], (0, 0)),
            (1, [Fraction(1, 3), Fraction(2, 3)], (0, 1)),
        ],
    )
    def test_examples(self, total, weights, expected):
        """What is left after rounding down goes to the largest remainders, earlier ones first."""
        assert expected == spread(total, weights)

    @THOROUGH
    @given(TOTALS, WEIGHTS | FRACTIONS)
    def test_exact(self, total, weights):
        """The parts add up to the total exactly, unless there is nobody to have them."""
        parts = spread(total, weights)
        assert len(weights) == len(parts)
        assert (total if any(weights) else 0) == sum(parts)

    @THOROUGH
    @given(TOTALS, WEIGHTS | FRACTIONS)
    def test_proportional_within_one(self, total, weights):
        """No part is a whole one away from its exact share; without a weight it is nothing."""
        whole = sum(weights, Fraction(0))
        for weight, part in zip(weights, spread(total, weights), strict=True):
            assert type(part) is int
            assert part >= 0
            if whole:
                assert abs(part - total * Fraction(weight) / whole) < 1
            if not weight:
                assert part == 0

    @THOROUGH
    @given(st.integers(0, 200), st.lists(st.integers(0, 4), max_size=7))
    def test_earlier_ones_first_among_equals(self, total, weights):
        """Equal weights differ by one at most, and then the earlier one has it."""
        parts = spread(total, weights)
        for at, weight in enumerate(weights):
            for later in range(at + 1, len(weights)):
                if weight == weights[later]:
                    assert parts[at] - parts[later] in {0, 1}

    @THOROUGH
    @given(st.integers(0, 200), st.lists(st.integers(0, 9), max_size=7), st.data())
    def test_the_order_decides_only_among_equals(self, total, weights, data):
        """In another order the same parts go to the same weights, unless remainders are equal."""
        whole = sum(weights)
        assume(len(set(weights)) == len({Fraction(total * weight, whole or 1) % 1 for weight in weights}))
        order = data.draw(st.permutations(range(len(weights))))
        parts = spread(total, weights)
        shuffled = spread(total, [weights[at] for at in order])
        assert sorted(zip(weights, parts, strict=True)) == sorted(
            zip((weights[at] for at in order), shuffled, strict=True)
        )

    @THOROUGH
    @given(TOTALS, WEIGHTS, st.integers(1, 1000))
    def test_only_the_proportion_counts(self, total, weights, factor):
        """Weights in cents or in euros divide the same."""
        parts = spread(total, weights)
        assert parts == spread(total, [weight * factor for weight in weights])
        assert parts == spread(total, [Fraction(weight, factor) for weight in weights])

    @pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [-1, 3]), (0, [-1]), (-1, [])])
    def test_nothing_negative(self, total, weights):
        """Nothing negative is divided, and nobody has a negative weight."""
        with pytest.raises(ValueError, match="negative"):
            spread(total, weights)


class Counting(list):
    """Numbers that may be gone through a hundred times, and not for ever."""

    left = 100

    def __iter__(self):
        self.left -= 1
        assert self.left, "it never ends"
        return super().__iter__()


class TestPour:
    @pytest.mark.parametrize(
        ("amount", "rooms", "weights", "expected"),
        [
            (10, [100, 100], [1, 1], (5, 5)),
            (10, [100, 100, 100], [1, 1, 1], (Fraction(10, 3), Fraction(10, 3), Fraction(10, 3))),
            (10, [3, 100], [1, 1], (3, 7)),
            (10, [3, 4], [1, 1], (3, 4)),
            (10, [0, 100, 100], [98, 1, 1], (0, 5, 5)),
            (12, [1, 100, 100], [6, 3, 3], (1, Fraction(11, 2), Fraction(11, 2))),
            (9, [2, 3, 100], [1, 1, 1], (2, 3, 4)),
            (9, [2, 3, 100], [1, 2, 3], (Fraction(3, 2), 3, Fraction(9, 2))),
            (5, [3, 4], [0, 1], (1, 4)),
            (9, [4, 2, 4], [0, 0, 1], (Fraction(10, 3), Fraction(5, 3), 4)),
            (6, [4, 2], [0, 0], (4, 2)),
            (4, [9, 3], [0, 0], (3, 1)),
            (0, [3], [1], (0,)),
            (5, [], [], ()),
        ],
    )
    def test_examples(self, amount, rooms, weights, expected):
        """What a full room cannot take goes to the others; rooms without a weight are filled last."""
        assert expected == pour(amount, rooms, weights)

    @THOROUGH
    @given(st.integers(0, 60), PLACES)
    def test_as_much_as_there_is_room(self, amount, places):
        """Everything is placed as far as there is room, and no part is above its room or below zero."""
        rooms, weights = [room for room, _ in places], [weight for _, weight in places]
        parts = pour(amount, rooms, weights)
        assert min(amount, sum(rooms)) == sum(parts)
        for room, part in zip(rooms, parts, strict=True):
            assert 0 <= part <= room

    @THOROUGH
    @given(
        st.integers(0, 10**15),
        st.lists(st.tuples(st.integers(0, 10**14), st.integers(0, 10**14)), max_size=9),
    )
    def test_large_amounts(self, amount, places):
        """The same holds for amounts that no float holds exactly."""
        rooms, weights = [room for room, _ in places], [weight for _, weight in places]
        parts = pour(amount, rooms, weights)
        assert min(amount, sum(rooms)) == sum(parts)
        assert all(0 <= part <= room for room, part in zip(rooms, parts, strict=True))

    @THOROUGH
    @given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), max_size=6))
    def test_proportional_as_far_as_the_rooms_allow(self, amount, places):
        """Whoever is not full has as much for its weight as any other has, or more."""
        rooms, weights = [room for room, _ in places], [weight for _, weight in places]
        parts = pour(amount, rooms, weights)
        for room, weight, part in zip(rooms, weights, parts, strict=True):
            if part < room:
                for other_weight, other in zip(weights, parts, strict=True):
                    assert Fraction(other, other_weight) <= Fraction(part, weight)

    @THOROUGH
    @given(st.integers(0, 60), PLACES)
    def test_weightless_rooms_come_last(self, amount, places):
        """A room without a weight gets something only when all that have one are full."""
        rooms, weights = [room for room, _ in places], [weight for _, weight in places]
        parts = pour(amount, rooms, weights)
        if any(part for part, weight in zip(parts, weights, strict=True) if not weight):
            assert all(
                part == room for part, room, weight in zip(parts, rooms, weights, strict=True) if weight
            )

    @THOROUGH
    @given(st.integers(0, 60), st.integers(0, 9), PLACES)
    def test_more_makes_no_part_smaller(self, amount, more, places):
        """A larger amount takes nothing away from anybody."""
        rooms, weights = [room for room, _ in places], [weight for _, weight in places]
        before, after = pour(amount, rooms, weights), pour(amount + more, rooms, weights)
        assert all(one <= other for one, other in zip(before, after, strict=True))

    @THOROUGH
    @given(st.integers(0, 60), PLACES, st.data(), st.integers(1, 50))
    def test_neither_the_order_nor_the_unit_counts(self, amount, places, data, factor):
        """In another order, or with weights in another unit, everybody has the same."""
        order = data.draw(st.permutations(range(len(places))))
        parts = pour(amount, [room for room, _ in places], [weight for _, weight in places])
        rooms, weights = [places[at][0] for at in order], [factor * places[at][1] for at in order]
        assert tuple(parts[at] for at in order) == pour(amount, rooms, weights)

    @pytest.mark.parametrize(("amount", "rooms"), [(0, [-5]), (0, [3, -5]), (2, [-5]), (4, [7, -5])])
    def test_a_negative_room_is_none(self, amount, rooms):
        """What some shops tell as a line below zero holds nothing, and does not stop the world."""
        parts = pour(amount, Counting(rooms), [max(0, room) for room in rooms])
        assert all(part <= 0 for part, room in zip(parts, rooms, strict=True) if room < 0)


class TestRounded:
    @pytest.mark.parametrize(
        ("parts", "mode", "expected"),
        [
            (["1/2", "1/2", "1/2"], Rounding.DOWN, (1, 0, 0)),
            (["1/2", "1/2", "1/2"], Rounding.HALF_UP, (1, 1, 0)),
            (["1/2", "1/2", "1/2"], Rounding.UP, (1, 1, 0)),
            (["1/3", "2/3", "5"], Rounding.DOWN, (0, 1, 5)),
            (["1/3", "2/3", "1/3"], Rounding.DOWN, (0, 1, 0)),
            (["1/3", "2/3", "1/3"], Rounding.UP, (1, 1, 0)),
            (["7", "1/100"], Rounding.DOWN, (7, 0)),
            (["7", "1/100"], Rounding.UP, (7, 1)),
            (["7", "0"], Rounding.UP, (7, 0)),
            ([], Rounding.UP, ()),
        ],
    )
    def test_examples(self, parts, mode, expected):
        """The sum is rounded, once; who has the largest fraction has the whole one."""
        assert expected == rounded([Fraction(part) for part in parts], mode)

    @THOROUGH
    @given(st.lists(st.fractions(0, 30, max_denominator=12), max_size=6), st.sampled_from(Rounding))
    def test_sum_and_parts(self, parts, mode):
        """The sum is that of the exact parts, rounded; no part is a whole one off, and whole ones stay."""
        found = rounded(parts, mode)
        assert mode.whole(sum(parts, Fraction(0))) == sum(found)
        for exact, whole in zip(parts, found, strict=True):
            assert type(whole) is int
            assert abs(exact - whole) < 1
            assert whole == exact or exact.denominator > 1
