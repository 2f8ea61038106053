"""What platforms ask about people's data is kept with the day by which it is to be done."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli import privacy as command
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.checkup.run import check_up
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.privacy import PrivacyKind, PrivacyRequest
from aftercare_sdk.store.journal import Kind
from tests.support.databases import migrate
from tests.support.shop import DAY, HOUR, SECRET, START, Bench

ANN = "ann@customer.example"
ERASE = PrivacyRequest(kind=PrivacyKind.ERASE, customer="7", email=ANN, orders=("1042", "1041"))
EXPORT = PrivacyRequest(kind=PrivacyKind.EXPORT, id="9999", customer="7", email=ANN)


def test_law_15_a_request_is_kept_with_its_due_date_and_without_the_address(desk):
    """The address stays in the journal's row, which the list names."""
    desk.tell(ERASE)
    desk.process()
    (told,) = requests()
    (row,) = desk.webhooks()
    assert {
        "shop": "main",
        "kind": "erase",
        "customer": "7",
        "orders": ["1041", "1042"],
        "journal": row.seq,
        "received_at": START.isoformat(),
        "due_at": (START + timedelta(days=30)).isoformat(),
        "settled_at": None,
    }.items() <= told.items()
    assert ANN not in run("requests") + json.dumps(told) + row.outcome
    assert "to be done within 30 days" in row.outcome


def test_the_same_request_twice_is_one_and_keeps_its_day(desk):
    """A platform repeats what it has said, under another delivery: the day does not move."""
    desk.tell(ERASE)
    desk.tell(ERASE, at=START + DAY)
    desk.tell(EXPORT, at=START + DAY)
    desk.process()
    assert [("erase", START + 30 * DAY), ("export", START + 31 * DAY)] == [
        (one["kind"], moment(one["due_at"])) for one in requests()
    ]


def test_in_any_order_the_same_is_to_be_done(databases):
    """Requests do not depend on one another."""
    told = set()
    for several in permutations((ERASE, EXPORT, ERASE)):
        with Bench(databases.copy_of(migrate)) as shop:
            for one in several:
                shop.tell(one)
            shop.process()
            with shop.aftercare.brand.database.read() as connection:
                told.add(tuple((one.key, one.due_at) for one in command_listing(connection)))
    assert 1 == len(told)
    assert 2 == len(told.pop())


def command_listing(connection):
    """Return what is to be done."""
    from aftercare_sdk.store import privacy

    return privacy.still_open(connection)


def test_what_is_settled_is_no_longer_listed_and_opens_when_it_is_asked_again(desk):
    """Who did it stands in the journal; the platform may ask once more, years later."""
    desk.tell(ERASE)
    desk.process()
    (told,) = requests()
    assert "is settled" in run("settle", told["request"][:12], "--note", "erased, K. Mori")
    assert [] == requests()
    assert ["erased, K. Mori"] == [one["note"] for one in requests("--all")]
    (done,) = [one for one in desk.journal() if one.kind is Kind.COMMAND]
    assert "settled: erased, K. Mori" in done.outcome
    desk.tell(ERASE, at=START + 400 * DAY)
    desk.process()
    assert [START + 430 * DAY] == [moment(one["due_at"]) for one in requests()]


def test_a_request_that_nobody_knows_cannot_be_settled(desk):
    """Nor one named so shortly that it may be two."""
    desk.tell(ERASE, EXPORT)
    desk.process()
    for name in ("nonsense", ""):
        result = CliRunner().invoke(app, ["privacy", "settle", name])
        assert (2, True) == (result.exit_code, "see `aftercare privacy requests`" in result.output)
    assert 2 == len(requests())


def test_the_operator_is_warned_when_it_is_late(desk, tmp_path):
    """By the list and by `doctor`; until then it is no mistake."""
    desk.tell(ERASE)
    desk.process()
    assert "due 2026-05-31 09:00" in run("requests")
    environ = {"TEST_DATABASE": desk.url, "SHOP_SECRET": SECRET}
    for now, ok in ((START + DAY, True), (START + 31 * DAY, False)):
        found = check_up(tmp_path / "aftercare.toml", environ=environ, clock=VirtualClock(now))
        assert [ok] == [one.ok for one in found if one.name == "privacy"]
    desk.clock.move(START + 31 * DAY)
    assert "LATE: was due 2026-05-31 09:00" in run("requests")


def test_two_people_without_an_account_are_two_requests(desk):
    """They differ in nothing but the address, which is no key: their deliveries tell them apart."""
    for address in ("bob@customer.example", ANN):
        desk.tell(PrivacyRequest(kind=PrivacyKind.EXPORT, email=address))
    desk.clock.move(START + HOUR)
    desk.process()
    assert 2 == len(requests())


def moment(text):
    """Read a time of JSON."""
    from datetime import datetime

    return datetime.fromisoformat(text)


def requests(*options):
    """Return what `aftercare privacy requests` lists."""
    return json.loads(run("requests", "--json", *options))


def run(*arguments):
    """Run `aftercare privacy …`, which succeeds."""
    result = CliRunner().invoke(app, ["privacy", *arguments])
    assert 0 == result.exit_code, result.output
    return result.output


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """Make a bench whose database commands look at, on the bench's clock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", migrated_database_url)
    (tmp_path / "aftercare.toml").write_text(
        '[brand]\nname = "Hibi"\nlocale = "en"\nzone = "UTC"\ncountry = "GB"\n'
        '[database]\nurl = { env = "TEST_DATABASE" }\n'
        '[shops.main]\nadapter = "test"\nsecrets = [{ env = "SHOP_SECRET" }]\n'
        '[channels.email]\nkind = "null"\nsender = "hello@shop.example"\n'
    )
    with Bench(migrated_database_url) as made:
        monkeypatch.setattr(command, "now", made.clock.now)
        yield made
