from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.shops.files.grouping import MOST_LINES, neighbours, scattered, survey
from aftercare_sdk.shops.files.rows import Row


def rows(names):
    """Make rows of orders with these names; ? is a broken one, and A one that says that it is of a."""
    return [
        Row(line, {} if name == "?" else {"id": name.lower()}, (name,), "" if name.islower() else "broken")
        for line, name in enumerate(names, 1)
    ]


def key(row):
    """Return which order a row is of."""
    return row["id"]


def lines(groups):
    """Return the numbers of lines, by order."""
    return [[row.line for row in group] for group in groups]


@given(st.lists(st.sampled_from("abcd"), max_size=20))
def test_lines_of_an_order_come_together_from_anywhere(names):
    """Each line once, in its order, orders as they begin in the file."""
    wanted = defaultdict(list)
    for line, name in enumerate(names, 1):
        wanted[name].append(line)
    assert list(wanted.values()) == lines(scattered(rows(names), key))


@given(st.lists(st.sampled_from("abcd"), max_size=20))
def test_a_file_in_which_they_stand_together_is_known(names):
    """Only then it is read from above to below."""
    count, together = survey(rows(names), key)
    assert len(names) == count
    by_order = lines(scattered(rows(names), key))
    assert together == (by_order == lines(neighbours(rows(names), key)))


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ("aa?a", [[1, 2, 3, 4]]),
        ("aa?b", [[1, 2], [3], [4]]),
        ("?a", [[1], [2]]),
        ("a?", [[1], [2]]),
        ("a??ab", [[1, 2, 3, 4], [5]]),
        ("aAb", [[1, 2], [3]]),
        ("aBb", [[1], [2, 3]]),
        ("aB?bc", [[1], [2, 3, 4], [5]]),
    ],
)
def test_a_broken_line_inside_of_an_order_belongs_to_it(names, groups):
    """An order that lacks a line is not taken; between two orders, a broken line is of the one it names."""
    assert groups == lines(neighbours(rows(names), key))


def test_a_broken_line_that_names_its_order_is_found_anywhere():
    """Also if the lines of the order are scattered; one that names none stands alone."""
    told = rows("abA?c")
    assert (5, False) == survey(told, key)
    assert [[4], [1, 3], [2], [5]] == lines(scattered(told, key))
    assert "broken" == next(group for group in scattered(told, key) if len(group) > 1)[1].problem


def test_rows_of_several_lines_are_counted_by_line():
    """Through the disk, too."""
    told = [Row(1, {"id": "a"}, ("a",)), Row(2, {"id": "b"}, ("b",), lines=3), Row(5, {"id": "a"}, ("a",))]
    assert (5, False) == survey(told, key)
    assert [1, 1, 3] == [row.lines for group in scattered(told, key) for row in group]


def test_an_order_without_an_end_does_not_fill_the_memory():
    """It is let go in pieces, each of them with the reason."""
    names = ["a"] * (MOST_LINES + 500) + ["b"]
    groups = list(neighbours(rows(names), key))
    assert max(len(group) for group in groups) <= MOST_LINES + 1
    assert list(range(1, len(names) + 1)) == [row.line for group in groups for row in group]
    assert f"its order has more than {MOST_LINES} lines" == groups[0][0].problem == groups[-2][0].problem
    assert "" == groups[-1][0].problem
