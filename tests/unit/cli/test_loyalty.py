from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.store.database import Database
from tests.support.books import lived
from tests.support.databases import migrate
from tests.unit.cli.test_points import CONFIGURATION, words
from tests.unit.engine.test_books import history


def with_history(url):
    """Fill a database with months of award that are over."""
    migrate(url)
    database = Database(url)
    history(database)
    database.close()


@pytest.fixture
def run(template_database, tmp_path, monkeypatch):
    """A function that runs `aftercare loyalty …` on a database that somebody has prepared."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, of=lived, locale="en", zone="UTC", code=0):
        monkeypatch.setenv("TEST_DATABASE", template_database(of))
        (tmp_path / "aftercare.toml").write_text(CONFIGURATION.format(locale=locale, zone=zone))
        result = CliRunner().invoke(app, ["loyalty", *arguments])
        assert code == result.exit_code, result.output
        return result

    return call


def test_a_liability_without_history_says_so(run):
    """It makes no number up."""
    lines = words(run("liability").stdout)
    assert [
        "Available 20",
        "Pending 30",
        "Debt 0",
        "Outstanding 50",
        "Expected to expire unknown",
        "",
        "awarded in issued used expired available pending expected to expire",
        "2026-05 102 28 24 20 30 —",
    ] == lines[:8]
    assert lines[-1].startswith("There is too little history")
    assert "it takes 100 lots" in lines[-1].lower()
    assert "there are 0" in lines[-1]
    told = json.loads(run("liability", "--json").stdout)
    assert (20, 30, 0, 50) == tuple(told[name] for name in ("available", "pending", "debt", "outstanding"))
    assert (None, None, 0) == tuple(told["breakage"][name] for name in ("expected", "percent", "lots"))


def test_a_liability_with_history_says_how_it_was_reckoned(run):
    """The share, the points that it was taken from, and what follows for each month."""
    lines = words(run("liability", of=with_history).stdout)
    assert ["Available 1,851", "Expected to expire 300"] == [lines[0], lines[4]]
    assert [
        "2026-03 4,000 3,000 1,000 0 0 0",
        "2026-04 1,000 500 50 450 0 200",
        "2026-05 1,401 0 0 1,401 0 100",
    ] == lines[7:10]
    assert "25.0 % expired unused: 1,000 of 4,000 points, in 100 lots" in lines[-1]
    told = json.loads(run("liability", "--json", of=with_history).stdout)
    assert (300, "25.0", 100, 4_000, 1_000) == tuple(
        told["breakage"][name] for name in ("expected", "percent", "lots", "earned", "expired")
    )
    assert told["breakage"]["method"] == lines[-1]
    assert {
        "month": "2026-04",
        "issued": 1_000,
        "used": 500,
        "expired": 50,
        "available": 450,
        "pending": 0,
        "breakage": 200,
    } == told["months"][1]


def test_a_liability_is_told_in_japanese(run):
    """By --lang, or because the brand is."""
    told = run("liability", "--lang", "ja", of=with_history).stdout
    assert told == run("liability", locale="ja", of=with_history).stdout
    assert ["利用可能 1,851", "確定前 0", "不足ポイント 0", "未利用残高 1,851", "失効見込み 300"] == words(
        told
    )[:5]
    assert "（25.0 %）が未利用のまま失効しました" in told


def test_a_liability_as_of_a_moment(run):
    """At the first instant of June, what the books show for the end of May."""
    told = json.loads(run("liability", "--json", "--as-of", "2026-06-01T00:00").stdout)
    assert ("2026-06-01T00:00:00+00:00", 99) == (told["as_of"], told["outstanding"])
    shown = words(run("liability", "--as-of", "2026-06-01T00:00").stdout)
    assert "As the books stood just before 2026-06-01 00:00" == shown[0]
    assert "Outstanding 99" in shown
    assert "Nobody has ever had points." in run("liability", of=migrate).stdout


def test_the_books_go_into_a_file_or_into_a_pipe(run, tmp_path):
    """The same rows, which add up; a file of before is replaced."""
    printed = run("books").stdout
    (tmp_path / "books.csv").write_text("of before\n" * 100)
    result = run("books", "--out", "books.csv")
    assert "" == result.stdout
    assert "books.csv: 2 months." in result.stderr
    written = (tmp_path / "books.csv").read_bytes()
    assert printed.encode() == written
    rows = list(csv.DictReader(written.decode().splitlines()))
    assert ["month", "issued", "spent", "expired", "revoked", "adjusted", "outstanding"] == list(rows[0])
    outstanding = 0
    for row in rows:
        month = {name: int(number) for name, number in row.items() if name != "month"}
        outstanding += month["issued"] - month["spent"] - month["expired"] - month["revoked"]
        outstanding += month["adjusted"]
        assert outstanding == month["outstanding"]
    assert ("2026-06", 50) == (rows[-1]["month"], outstanding)


def test_a_month_is_one_of_the_brands_zone(run):
    """What was earned on the morning of the first of May was earned in April, in Honolulu."""
    rows = run("books", zone="Pacific/Honolulu").stdout.splitlines()
    assert ["2026-04,50,0,0,0,0,50", "2026-05,127,35,0,50,7,99"] == rows[1:3]
    months = json.loads(run("liability", "--json", zone="Pacific/Honolulu").stdout)["months"]
    assert [("2026-04", 40), ("2026-05", 62)] == [(one["month"], one["issued"]) for one in months]


def test_books_without_entries_have_a_head(run):
    """An empty table is no broken one."""
    result = run("books", of=migrate)
    assert "month,issued,spent,expired,revoked,adjusted,outstanding\n" == result.stdout
    assert "There are no entries yet." in result.stderr


def test_a_file_that_cannot_be_written_is_named(run):
    """With what to do instead, and exit code 2."""
    result = run("books", "--out", "nowhere/books.csv", code=2)
    assert "nowhere/books.csv cannot be written" in result.stderr
    assert "name another file with --out" in result.stderr
