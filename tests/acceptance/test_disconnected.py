"""A shop that has ended its connection is left alone, until somebody connects it again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aftercare_sdk.actions import GrantReward, SetTimer
from aftercare_sdk.cli import shops as command
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.checkup.run import check_up
from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.privacy import Disconnected
from aftercare_sdk.model.sync import Stream
from aftercare_sdk.store.journal import Kind
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    SECRET,
    START,
    Bench,
    always,
    needs_read,
    note,
    order,
    program,
)

GONE = Disconnected(reason="the app was uninstalled")
ORDERS = Stream(name="orders", kind="order", every=timedelta(minutes=15))


def bench(url):
    """A shop whose program sends, rewards and sets a timer at every purchase."""
    reward = GrantReward(
        label="thanks",
        discount=Discount(amount=Money(500, "JPY")),
        reason="a test wants it",
    )
    timer = SetTimer(name="later", delay=HOUR, reason="a test wants it")
    made = Bench(url, {"all": program(on_purchase=always(note(), reward, timer))})
    made.shelf.streams = (ORDERS,)
    return made


def test_nothing_is_asked_and_nothing_is_sent(migrated_database_url):
    """No read, no listing, no command, no message, no timer; what it told is processed all the same."""
    with bench(migrated_database_url) as shop:
        shop.run(START)
        listed = len(shop.shelf.listed)
        shop.tell(GONE)
        shop.process()
        shop.tell(order("1"), needs_read("2"))
        shop.run(DAY)
        assert ["main/order/1/purchase"] == shop.event_ids()
        assert ([], [], [], listed) == (
            shop.sent,
            shop.shelf.asked,
            shop.shelf.performed,
            len(shop.shelf.listed),
        )
        assert [("1", "planned", "")] == shop.outcomes()


def test_what_waited_goes_on_when_it_is_connected_again(desk, migrated_database_url):
    """The message is still within its window, so it leaves."""
    shop = desk
    shop.tell(GONE)
    shop.tell(order("1"))
    shop.run(HOUR)
    assert [] == shop.sent
    assert "main is connected again." in run("reconnect", "main")
    shop.run(HOUR)
    assert 1 == len(shop.sent)
    assert 1 == len(shop.shelf.performed)
    assert 1 == len([one for one in shop.event_ids() if "/timer/" in one])


def test_a_notice_that_comes_late_does_not_end_it_again(desk):
    """The platform tells it a second time, after somebody has mended it; a new one counts."""
    shop = desk
    late = Disconnected(reason=GONE.reason, at=START)
    shop.tell(late)
    shop.process()
    shop.clock.move(START + HOUR)
    run("reconnect", "main")
    shop.tell(late)
    shop.process()
    assert [True] == [one["connected"] for one in json.loads(run("--json"))]
    shop.clock.move(START + 2 * HOUR)
    shop.tell(Disconnected(reason=GONE.reason, at=START + 2 * HOUR))
    shop.process()
    assert [False] == [one["connected"] for one in json.loads(run("--json"))]


def test_a_notice_of_a_moment_that_has_not_come_counts_from_now(desk):
    """Platforms do not sign when they say it: whoever forged a far date could keep the shop out for ever."""
    shop = desk
    shop.tell(Disconnected(reason=GONE.reason, at=START + 400 * DAY))
    shop.process()
    assert [START.isoformat()] == [one["disconnected_at"] for one in json.loads(run("--json"))]
    shop.clock.move(START + HOUR)
    run("reconnect", "main")
    assert [True] == [one["connected"] for one in json.loads(run("--json"))]


def test_the_first_of_several_notices_counts(desk):
    """Whatever their order, the list says since when."""
    shop = desk
    shop.clock.move(START + DAY)
    for at in (START + HOUR, START, START + MINUTE):
        shop.tell(Disconnected(reason=GONE.reason, at=at))
    shop.process()
    assert [START.isoformat()] == [one["disconnected_at"] for one in json.loads(run("--json"))]


def test_the_operator_is_told_and_the_journal_says_who_mended_it(desk, tmp_path):
    """By the list, by `doctor` with the cure, and by a row of the journal."""
    shop = desk
    shop.tell(Disconnected(reason="the app was\nuninstalled", at=START))
    shop.process()
    assert "disconnected since 2026-05-01 09:00: the app was uninstalled" in run()
    found = check_up(tmp_path / "aftercare.toml", environ={"TEST_DATABASE": shop.url, "SHOP_SECRET": SECRET})
    (told,) = [one for one in found if one.name == "shops"]
    assert (False, True) == (told.ok, "aftercare shops reconnect main" in told.cure)
    run("reconnect", "main")
    assert ["shop main connected again; it was not: the app was uninstalled"] == [
        one.outcome for one in shop.journal() if one.kind is Kind.COMMAND
    ]
    assert "main is connected." in run("reconnect", "main")


def test_a_shop_that_is_not_configured_is_refused(desk):
    """With the names of those that are."""
    assert desk.clock
    result = CliRunner().invoke(app, ["shops", "reconnect", "other"])
    assert (2, True) == (result.exit_code, "no shop 'other' is configured: main" in result.output)


def run(*arguments):
    """Run `aftercare shops …`, which succeeds."""
    result = CliRunner().invoke(app, ["shops", *arguments])
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
    with bench(migrated_database_url) as made:
        monkeypatch.setattr(command, "now", made.clock.now)
        yield made
