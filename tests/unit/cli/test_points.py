from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.model.points.lots import Cause, EntryKind
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue
from aftercare_sdk.store.database import Database
from tests.support.books import ANN, CAROL, lived
from tests.support.shop import START

CONFIGURATION = """
[brand]
name = "Hibi"
locale = "{locale}"
zone = "{zone}"
country = "GB"
[database]
url = {{ env = "TEST_DATABASE" }}
[shops.main]
adapter = "test"
secrets = [{{ env = "SHOP_SECRET" }}]
"""


@pytest.fixture
def run(template_database, tmp_path, monkeypatch):
    """A function that runs `aftercare points …` on a database in which everything has happened."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", template_database(lived))

    def call(*arguments, locale="en", zone="UTC", code=0):
        (tmp_path / "aftercare.toml").write_text(CONFIGURATION.format(locale=locale, zone=zone))
        result = CliRunner().invoke(app, ["points", *arguments])
        assert code == result.exit_code, result.output
        return result

    return call


def words(text):
    """Return the lines of a table without what fills them up."""
    return [" ".join(line.split()) for line in text.splitlines()]


def table(text, heading):
    """Return the lines below a heading, up to an empty one."""
    lines = words(text)
    below = lines[lines.index(heading) + 1 :]
    return below[: below.index("")] if "" in below else below


def test_an_account_tells_balance_lots_and_entries(run):
    """And names nobody: neither the person nor an address that was not asked for."""
    told = run("main/7").stdout
    assert [
        "Customer main/7",
        "Known by this address or account",
        "Times of UTC",
        "Balance 20",
        "Pending 0",
        "Debt 0",
    ] == words(told)[:6]
    assert ["left state of label expires", "20 available review 715 review never"] == table(told, "Lots")
    assert "Lots that are used up, taken back or expired: 3" in words(told)
    entries = table(told, "Entries")
    assert "entry when points debt what" == entries[0]
    assert "1 2026-05-01 09:00 +10 earned: awarded order 1" == entries[1]
    assert entries[2].startswith("main/order/1/purchase · loyal · rule ")
    assert "7 2026-05-07 09:00 +5 adjusted: the points of a reward came back order 2" in entries
    assert "by mori · undoes entry 6 · never used" in entries
    assert "9 2026-05-08 09:00 +20 taken back: it had been used, so it is a debt order 2" in entries
    assert "31 2026-06-04 00:00 -12 expired: not used in time order 2" in entries
    assert "for the debt of order 1 · main/order/1/cancellation · loyal" in told
    for name in (ANN, "Ann", "Archer"):
        assert name not in told


def test_an_operator_reads_it_in_japanese(run):
    """By --lang, or because the brand is Japanese; times by the brand's clock."""
    told = run("main/7", "--lang", "ja", zone="Asia/Tokyo").stdout
    assert told == run("main/7", locale="ja", zone="Asia/Tokyo").stdout
    assert ["お客様 main/7", "ご本人の連絡先またはアカウント", "日時は Asia/Tokyo の時刻"] == words(told)[:3]
    assert ["残高 20", "確定前 0", "不足ポイント 0"] == words(told)[3:6]
    assert ["残り 状態 対象 種類 失効日時", "20 利用可能 レビュー 715 review 期限なし"] == table(
        told, "ポイントの内訳"
    )
    assert "9 2026-05-08 18:00 +20 取消: 利用済みのため、不足ポイントとして計上 注文 2" in table(
        told, "ポイント履歴"
    )


def test_pending_points_have_no_expiry_yet(run):
    """It is counted from the day on which they can be used."""
    told = run(CAROL).stdout
    assert ["Balance 0", "Pending 30"] == words(told)[3:5]
    assert ["30 pending order 5 purchase —"] == table(told, "Lots")[1:]


def test_options_may_stand_before_the_customer(run):
    """`aftercare points CUSTOMER` has no name of its own."""
    assert (
        run("main/7", "--json").stdout
        == run("--json", "main/7").stdout
        == run("--lang", "en", "--json", "main/7").stdout
    )


def test_programs_get_codes_and_whole_keys(run):
    """Every lot, also an empty one, and every entry, with what the table shortens."""
    told = json.loads(run("main/7", "--json", zone="Asia/Tokyo").stdout)
    assert ("main/7", "en", "Asia/Tokyo", None) == tuple(
        told[name] for name in ("asked", "language", "zone", "as_of")
    )
    (account,) = told["customers"]
    assert (20, 20, 0, 0, 28) == tuple(
        account[name] for name in ("balance", "available", "pending", "debt", "count")
    )
    by_object = {one["of"]: one for one in account["lots"]}
    assert {"main/order/1", "main/order/2", "main/order/3", "main/review/715"} == set(by_object)
    two = by_object["main/order/2"]
    assert ("purchase", "loyal", "order 2", 0, "available", "2026-06-04T00:00:00+00:00") == tuple(
        two[name] for name in ("label", "plugin", "text", "left", "state", "expires_at")
    )
    given_back = next(one for one in account["entries"] if one["cause"] == "given_back")
    assert (7, "adjust", 5, 0, 6, "mori", "reward-2", "never used", two["lot"], "main/order/2") == tuple(
        given_back[name]
        for name in (
            "entry",
            "kind",
            "points",
            "debt",
            "reverses",
            "actor",
            "posting",
            "note",
            "lot",
            "of",
        )
    )
    assert 64 == len(account["entries"][0]["rule"])
    assert account["balance"] == sum(one["points"] - one["debt"] for one in account["entries"])


def test_the_books_are_shown_as_they_stood(run):
    """Just before a time: of the brand's zone, if it names none."""
    told = run("main/order/2", "--as-of", "2026-05-08T18:00:01", zone="Asia/Tokyo").stdout
    assert ["The customer of this order", "As the books stood just before 2026-05-08 18:00"] == words(told)[
        1:3
    ]
    assert ["Balance -15", "Pending 0", "Debt 15"] == words(told)[4:7]
    assert told.rstrip().endswith("main/order/2/cancellation · loyal · rule " + told.rstrip()[-8:])
    early = json.loads(run("main/7", "--json", "--as-of", "2026-05-08T18:00", zone="Asia/Tokyo").stdout)
    assert ("2026-05-08T09:00:00+00:00", 20) == (early["as_of"], early["customers"][0]["balance"])
    before = json.loads(run("main/7", "--json", "--as-of", START.isoformat()).stdout)
    assert (0, 0, []) == tuple(before["customers"][0][name] for name in ("balance", "count", "entries"))
    assert "No entries." in run("main/7", "--as-of", START.isoformat()).stdout
    assert "is no time" in run("main/7", "--as-of", "yesterday", code=2).stderr


def test_the_last_entries_are_shown(run):
    """As many as are wanted, and how many there are."""
    told = run("main/7", "--limit", "2").stdout
    assert ["31", "33"] == [line.split()[0] for line in table(told, "Entries")[1::2]]
    assert "The last 2 of 28 entries are shown; --limit shows more." in told


def test_nobody_is_an_answer(run):
    """With what can be asked for; on stderr, for programs too."""
    result = run("main/999", code=1)
    assert "Nobody is known as 'main/999'" in result.stderr
    assert "" == run("main/999", "--json", code=1).stdout


def test_books_that_are_right_are_counted(run):
    """So that nobody takes an empty database for a good one."""
    assert "Checked 6 lots, 35 entries and 4 identities: all is right.\n" == run("verify").stdout
    assert {"lots": 6, "entries": 35, "identities": 4, "violations": []} == json.loads(
        run("verify", "--json").stdout
    )


def test_books_that_are_wrong_name_the_lot_and_the_cure(run, monkeypatch):
    """With exit code 1, and without personal data."""
    import os

    database = Database(os.environ["TEST_DATABASE"])
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE lots SET remaining = 31 WHERE object = '5'")
        key = connection.exec_driver_sql("SELECT key FROM lots WHERE object = '5'").scalar_one()
        connection.exec_driver_sql("UPDATE balances SET available = 18 WHERE available = 20")
    database.close()
    result = run("verify", code=1)
    lines = words(result.stdout)
    assert (
        f"remaining lot {key} its row says that 31 are left and 0 owed; what happened to it leaves 30 and 0"
        in lines
    )
    assert "→ set `remaining` of this lot to 30 and `debt` to 0, with `serve` and `work` stopped" in lines
    assert "Checked 6 lots, 35 entries and 4 identities: 2 violations." == lines[-1]
    assert "please report" in result.stderr
    told = json.loads(run("verify", "--json", code=1).stdout)
    assert [("remaining", key), ("balance", None)] == [
        (one["check"], one["lot"]) for one in told["violations"]
    ]
    assert all(one["cure"] and one["problem"] for one in told["violations"])
    assert "@" not in result.output


def test_help_shows_both_ways(run):
    """A customer stands where commands stand."""
    assert ["CUSTOMER", "adjust", "verify"] == [
        line.split()[0] for line in run("--help").stdout.partition("Commands:")[2].splitlines() if line
    ]
    assert (
        "Usage: aftercare points CUSTOMER [OPTIONS]"
        in CliRunner().invoke(app, ["points", "main/7", "--help"], prog_name="aftercare").stdout
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_an_entry_can_tell_has_words(language):
    """A code without words would stand in front of an operator as it is."""
    codes = {*(f"entry.{kind}" for kind in EntryKind), *(f"cause.{cause}" for cause in Cause)}
    assert set() == codes - catalogue(language).keys()
