from __future__ import annotations

import gzip

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files.records import LONGEST_LINE

HEADER = "order_id,placed_at,product,quantity,line_paid,customer"
LINE = "1,2024-01-01,Tea,1,10.00,ann@customer.example"
TEXT = f"{HEADER}\n{LINE}\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace("\n", "\r\n").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
        TEXT.rstrip("\n").encode(),
        TEXT.replace("order_id", '"order_id"').encode(),
        f"{HEADER}\n\n{LINE}\n\n".encode(),
    ],
)
def test_the_usual_spellings_of_a_file_are_found_out(read, content):
    """Marks, delimiters, ends of lines, gzip."""
    told = read(content)
    assert ["1"] == list(told.orders)
    assert {} == told.rejects


def test_japanese_files_are_read(read):
    """As Excel in Japan writes them: found out for a shop there, else declared."""
    text = TEXT.replace("Tea", "煎茶①").encode("cp932")
    for options in ({"country": "JP"}, {"encoding": "cp932"}, {"encoding": "shift_jis_2004"}):
        told = (
            read(text, **options)
            if "shift_jis_2004" not in options.values()
            else read(TEXT.replace("Tea", "煎茶").encode("shift_jis"), **options)
        )
        assert told.orders["1"].amounts.lines[0].title.startswith("煎茶")


def test_a_file_that_is_not_utf_8_asks_for_its_encoding(read):
    """Half of Europe's accents would be Japanese otherwise."""
    with pytest.raises(ConfigurationError, match=r"is not UTF-8; say what it is, such as --encoding cp932"):
        read(TEXT.replace("Tea", "Thé").encode("latin-1"))
    told = read(TEXT.replace("Tea", "Thé").encode("latin-1"), encoding="latin-1")
    assert "Thé" == told.orders["1"].amounts.lines[0].title


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13"])
def test_an_encoding_that_is_none_is_refused(read, encoding):
    """Whatever else Python can do with bytes."""
    with pytest.raises(ConfigurationError, match=r"--encoding .*: cannot be used here"):
        read(TEXT, encoding=encoding)


def test_a_line_in_another_encoding_is_rejected_alone(read):
    """The lines around it are taken."""
    broken = LINE.replace("1,", "2,", 1).replace("Tea", "Th\udce9")
    text = f"{TEXT}{broken}\n{LINE.replace('1,', '3,', 1)}\n".encode(errors="surrogateescape")
    told = read(text, encoding="utf-8")
    assert ["1", "3"] == list(told.orders)
    assert {3: "is not in the encoding of the file; declare another one with --encoding"} == told.rejects


def test_a_line_with_other_columns_is_rejected(read):
    """A comma that nobody quoted."""
    told = read(f"{TEXT}2,2024-01-01,Tea, green,1,10.00,ann@customer.example\n")
    assert {3: "has 7 columns where the first line has 6"} == told.rejects


def test_a_line_without_an_end_does_not_fill_the_memory(read):
    """It is rejected, and the next one is read."""
    long = f"2,2024-01-01,{'x' * (2 * LONGEST_LINE)},1,10.00,ann@customer.example"
    told = read(f"{HEADER}\n{long}\n{LINE}\n")
    assert ["1"] == list(told.orders)
    assert [2] == list(told.rejects)


def test_json_lines_are_read(read):
    """Numbers exactly, whatever they look like; null is nothing."""
    text = (
        '{"order_id": 1, "placed_at": "2024-01-01T09:00:00Z", "product": "Tea", "quantity": 2e0, '
        '"line_paid": 1.010e1, "customer": null, "note": {"is": "ignored"}}\n'
        "\n"
        '{"order_id": "1", "placed_at": "2024-01-01T09:00:00Z", "product": "Cup", "quantity": 1, '
        '"line_paid": "0.20"}\n'
    )
    told = read(text, "orders.jsonl")
    order = told.orders["1"]
    assert [("Tea", 2, 1010), ("Cup", 1, 20)] == [
        (line.title, line.quantity, line.paid.minor) for line in order.amounts.lines
    ]
    assert order.contact is None
    packed = read(gzip.compress(text.encode()), "orders.ndjson.gz")
    assert told.orders == packed.orders
    assert told.orders == read(text, "orders.data").orders


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object"),
        ('{"order_id": ["2"]}', "holds a list or an object where a value belongs"),
        ('{"order_id": NaN}', "is no JSON"),
        ('{"order_id": "\\ud800"}', "holds half a sign (a lone surrogate)"),
        ('{"order_id": 9, "quantity": 1e999999}', "placed_at is empty"),
    ],
)
def test_broken_json_lines_are_rejected(read, line, reason):
    """One by one."""
    good = '{"order_id":1,"placed_at":"2024-01-01","product":"Tea","quantity":2,"line_paid":1}'
    told = read(f"{good}\n{line}\n", "orders.jsonl")
    assert {2: reason} == told.rejects
    assert 1 == told.taken


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "is packed, but not whole or damaged"),
        (b"\x1f\x8bnonsense", "is packed, but not whole or damaged"),
        (HEADER.encode() + b",customer\n", "two columns 'customer'"),
    ],
)
def test_files_that_cannot_be_read_are_refused_as_a_whole(read, content, problem):
    """With what is wrong with them."""
    with pytest.raises(ConfigurationError, match=problem):
        read(content)


def test_an_open_quotation_mark_in_the_first_line_is_said(read):
    """It would swallow the file."""
    with pytest.raises(
        ConfigurationError, match=r"the first line, .* has a quotation mark that is not closed"
    ):
        read(TEXT.replace("placed_at", '"placed_at'))
    with pytest.raises(ConfigurationError, match="it has order_id, placed_at") as caught:
        read(TEXT.replace("placed_at", '"placed_at').replace("example", 'example"'))
    assert "ann@customer.example" not in str(caught.value)


def test_only_files_are_read(read, tmp_path):
    """Neither folders nor what is not there: a file is read twice."""
    with pytest.raises(ConfigurationError, match="is no file"):
        read(tmp_path)
    with pytest.raises(ConfigurationError, match="does not exist"):
        read(tmp_path / "nothing.csv")
