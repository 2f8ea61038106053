from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from aftercare_sdk.shops.files.records import (
    CELL_TOO_LONG,
    LINE_TOO_LONG,
    LONGEST_CELL,
    LONGEST_LINE,
    NOT_CLOSED,
    NOT_CLOSED_IN_TIME,
    NOT_TWICE,
    UNCLEAR,
    csv_rows,
)
from aftercare_sdk.shops.files.source import read_header

COLUMNS = ("first", "second", "third", "fourth")
WIDTH = len(COLUMNS)
ANY_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
MEAN_CELL = st.text(st.sampled_from('a1,"\n\r é'), max_size=8)
SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def told(text, delimiter=","):
    """Return the rows that a text makes behind a header of four columns."""
    stream = io.StringIO(f"{delimiter.join(COLUMNS)}\n{text}", newline="")
    return list(csv_rows(stream, COLUMNS, delimiter, {name: name for name in COLUMNS}))


def cells(row):
    """Return the cells of a row in the order of the file."""
    return [row[name] for name in COLUMNS]


def taken(rows):
    """Return the numbers of the first lines of rows that are taken."""
    return [row.line for row in rows if not row.problem]


def refused(rows):
    """Return by the number of its line why a row is refused."""
    return {row.line: row.problem for row in rows if row.problem}


def physical(text):
    """Return the lines of a text by their numbers in the file, but for empty ones."""
    lines = io.StringIO(text, newline="")
    return {number: line for number, line in enumerate(lines, 2) if line.strip("\r\n")}


def accounted(rows):
    """Return the numbers of all lines that rows account for; none may come twice."""
    numbers = [row.line + offset for row in rows for offset in range(row.lines)]
    assert len(set(numbers)) == len(numbers)
    return set(numbers)


def written(rows, delimiter=",", ends="\n"):
    """Write rows as a program does, and say which lines each of them has."""
    out = io.StringIO()
    # Python before 3.13 leaves a lone carriage return without quotation marks.
    quoting = csv.QUOTE_ALL if "\r" in "".join(map("".join, rows)) else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    starts = []
    for row in rows:
        starts.append(2 + sum(1 for _ in io.StringIO(out.getvalue(), newline="")))
        writer.writerow(row)
    return out.getvalue(), starts


def plain(row, delimiter):
    """Whether nobody could take the lines of a row for rows: its cells hold fewer delimiters than it has."""
    return sum(cell.count(delimiter) for cell in row) < WIDTH - 1


@given(
    rows=st.lists(
        st.lists(ANY_CELL | MEAN_CELL, min_size=WIDTH, max_size=WIDTH).filter(any), min_size=1, max_size=6
    ),
    delimiter=st.sampled_from(",;\t"),
    ends=st.sampled_from(["\n", "\r\n"]),
)
@SLOW
def test_what_a_program_writes_as_csv_comes_back(rows, delimiter, ends):
    """Quotation marks, delimiters and ends of lines inside of cells included; lines are counted."""
    assume(all(plain(row, delimiter) for row in rows))
    text, starts = written(rows, delimiter, ends)
    head = delimiter.join(COLUMNS) + ends
    assert (list(COLUMNS), delimiter) == read_header(io.StringIO(head + text, newline=""), "")
    found = told(text, delimiter)
    assert rows == [cells(row) for row in found]
    assert starts == [row.line for row in found]
    assert {} == refused(found)
    assert physical(text).keys() <= accounted(found)


@given(
    rows=st.lists(
        st.lists(MEAN_CELL.filter(lambda cell: cell[:1] not in ',"\r\n' or not cell), min_size=4, max_size=4),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
@SLOW
def test_one_quotation_mark_too_many_costs_its_own_row_and_no_other(rows, data):
    """Wherever it stands: above and below, everything is taken as it is written."""
    assume(all(plain(row, ",") and any(row) for row in rows))
    text, starts = written(rows)
    at = data.draw(st.integers(0, len(text)))
    assume(text[at - 1 : at + 1] != "\r\n")  # a mark in there makes two ends of line of one
    broken = text[:at] + '"' + text[at:]
    line = 2 + sum(1 for _ in io.StringIO(text[:at] + "|", newline="")) - 1
    own = max(number for number, start in enumerate(starts) if start <= line)
    found = told(broken)
    assert physical(broken).keys() <= accounted(found)
    kept = {row.line: cells(row) for row in found if not row.problem}
    for number, (start, row) in enumerate(zip(starts, rows, strict=True)):
        if number != own:
            assert kept.get(start) == row


@given(st.text(st.sampled_from('a,"\n\r'), max_size=60))
@example('a,"b,c,d\na,"b,c,d\na,b",c,d\n')
def test_every_line_is_taken_or_refused(text):
    """Whatever is in the file; and what is taken is what its lines mean to any strict reader of CSV."""
    found = told(text)
    lines = physical(text)
    numbers = accounted(found)
    assert lines.keys() <= numbers
    everything = dict(enumerate(io.StringIO(text, newline=""), 2))
    assert numbers <= everything.keys()
    for row in found:
        if not row.problem:
            several = [everything[row.line + offset] for offset in range(row.lines)]
            assert [cells(row)] == list(csv.reader(several, strict=True))


def test_two_open_quotation_marks_cost_their_own_lines():
    """They stood in front of titles, and made one order of three people."""
    text = '1,Tea,1,ann@x\n2,"5 inch pan,1,bob@x\n3,Mug,1,cat@x\n4,"7 inch pan,1,dan@x\n5,Cup,1,eve@x\n'
    found = told(text)
    assert {3: NOT_CLOSED, 5: NOT_CLOSED} == refused(found)
    assert [2, 4, 6] == taken(found)


def test_what_is_before_the_damage_is_known():
    """It may say which order it is that lacks a line; and the line can be kept, to be mended."""
    [row] = told('2,"5 inch pan,1,bob@x\n')
    assert {"first": "2"} == row.cells
    assert ('2,"5 inch pan,1,bob@x',) == row.raw
    assert "bob" not in repr(row)


def test_an_open_quotation_mark_that_something_closes_much_later_is_noticed():
    """The inches of another title: together the lines have the right columns, but each is a row by itself."""
    text = '1,"Pan 5,1,ann@x\n2,Mug,1,bob@x\n\n3,Pan 7",1,cat@x\n4,Cup,1,dan@x\n'
    found = told(text)
    assert {2: UNCLEAR, 3: UNCLEAR, 5: UNCLEAR} == {
        line: problem for line, problem in refused(found).items() if line != 4
    }
    assert [6] == taken(found)


def test_rows_in_a_note_are_no_orders():
    """Whoever writes lines of the file into a note does not get them taken."""
    note = "a,b,c\n999,Forged,1,eve@x\nx,y,z,"
    text, _ = written([["1", "Tea", "1", "ann@x"], ["2", note, "1", "eve@x"], ["3", "Cup", "1", "bob@x"]])
    found = told(text)
    assert [2, 6] == taken(found)
    assert "999" not in [row["first"] for row in found if not row.problem]
    assert {3, 4, 5} == refused(found).keys()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('1,"5" pan",1,x', NOT_TWICE),
        ('1,"Tea" ,1,x', NOT_TWICE),
        ('1,"Tea,1,x', NOT_CLOSED),
        ("1,Tea,1", "has 3 columns where the first line has 4"),
        ('1,"a, b","1"', "has 3 columns where the first line has 4"),
        (f"1,{'x' * (LONGEST_CELL + 1)},1,x", CELL_TOO_LONG),
        (f'"{"x" * (LONGEST_CELL + 1)}","a",1,x', CELL_TOO_LONG),
        (f"1,{'x' * LONGEST_LINE},1,x", LINE_TOO_LONG),
        (f"1,Tea,1,{',' * LONGEST_LINE}", LINE_TOO_LONG),
    ],
)
def test_a_broken_line_is_refused_alone(line, problem):
    """With the reason, and the one below it is taken."""
    found = told(f"{line}\n2,Cup,1,y\n")
    assert ({2: problem}, [3]) == (refused(found), taken(found))


@pytest.mark.parametrize(
    "line", ['1,Pan 7",1,x', '1,7" pan,1,x', '1,="Tea",1,x', f"1,{'x' * LONGEST_CELL},1,x"]
)
def test_marks_inside_of_plain_cells_are_plain(line):
    """As inches are written by programs that quote nothing."""
    assert [line.split(",")] == [cells(row) for row in told(f"{line}\n")]


def test_a_record_of_wrong_width_is_refused_with_all_its_lines():
    """What stands in its cells is not read as rows."""
    found = told('1,"Tea\ngreen",1,x,y\n2,Cup,1,z\n')
    assert {2: "has 5 columns where the first line has 4"} == refused(found)
    assert ([2, 4], [2, 1]) == ([row.line for row in found], [row.lines for row in found])


def test_an_open_quotation_mark_in_a_large_file_costs_one_line():
    """There is no other mark to end the search, so the length of a cell does."""
    lines = [f"{number},Tea,1,x\n" for number in range(50_000)]
    lines[10] = '10,"Tea,1,x\n'
    found = told("".join(lines))
    assert {12: NOT_CLOSED_IN_TIME} == refused(found)
    assert 49_999 == len(taken(found))


def test_many_open_quotation_marks_do_not_take_long():
    """Each of them ends the search of the one before."""
    found = told("".join(f'{number},a","b,x\n' for number in range(20_000)))
    assert 20_000 == len(accounted(found)) == len(refused(found))


def test_a_cell_over_many_lines_is_read():
    """Up to the length that a cell may have."""
    note = "\n".join(["a line of a note"] * 5_000)
    text, _ = written([["1", note, "1", "x"], ["2", "Cup", "1", "y"]])
    first, second = told(text)
    assert (note, 5_000, 5_002) == (first["second"], first.lines, second.line)
