"""`aftercare sending` and what `doctor` says of a sender domain, as a person sees it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.checkup import check_up
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.events import OutcomeKind
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.store import messages
from tests.support.shop import MINUTE, Bench, order
from tests.unit.store.letters import message

CONFIGURATION = """
[brand]
name = "Hibi"
[doctor]
dns = false
[database]
url = "{url}"
[shops.main]
adapter = "customshop"
secrets = []
[channels.email]
kind = "maildir"
sender = "hello@shop.example"
path = "mails"
"""


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """A shop that has sent 1,000 mails, what reports complaints, and what runs a command on its database."""
    file = tmp_path / "aftercare.toml"
    file.write_text(CONFIGURATION.format(url=migrated_database_url), encoding="utf-8")
    monkeypatch.setenv("AFTERCARE_CONFIG", str(file))
    now = SystemClock().now()
    with Bench(migrated_database_url, {}, start=now) as bench:
        bench.tell(order("0", placed=now))
        bench.process()
        left = [
            message(
                f"m-{number}",
                state=MessageState.ACCEPTED,
                submitted_at=now - timedelta(seconds=number + 1),
                sender="shop.example",
                next_at=None,
            )
            for number in range(1_000)
        ]
        with bench.aftercare.brand.database.write() as connection:
            messages.plan(connection, left)

        def complain(number):
            spam = Report(message=f"id-m-{number}", kind=OutcomeKind.COMPLAINED, body=b"%d" % number)
            bench.aftercare.tell_outcomes("email", [spam])

        yield bench, complain, lambda *arguments: CliRunner().invoke(app, ["sending", *arguments])


def lines(result):
    """Return what is written, without what fills lines up."""
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def sending():
    """Return what doctor says of sender domains."""
    return [(one.ok, one.told, one.cure) for one in check_up() if one.name == "sending"]


def test_a_domain_is_good_then_warned_then_paused_then_resumed(desk):
    """In the list, in the checks of doctor, and for programs."""
    bench, complain, run = desk
    good = "shop.example open 1000 0 (0.00%) 0 (0.00%)"
    assert ["domain advertising mails complaints hard bounces since", good] == lines(run("status"))[:2]
    assert [] == sending()
    complain(1)
    assert "open, but close to a pause: complaints 1000 1 (0.10%)" in lines(run("status"))[1]
    ((ok, told, cure),) = sending()
    assert (True, "of the last 1000 mails from shop.example 1 were called spam, 0 came back for good") == (
        ok,
        told,
    )
    assert "pauses at 0.3 %" in cure
    complain(2)
    complain(3)
    assert "shop.example paused: complaints 1000 3 (0.30%) 0 (0.00%) 20" in lines(run("status"))[1]
    ((ok, told, cure),) = sending()
    assert not ok
    assert "aftercare sending resume shop.example" in cure
    assert 2 == run("resume", "shop.example").exit_code
    bench.clock.move(bench.clock.now() + MINUTE)
    resumed = run("resume", "shop.example", "--note", "list cleaned", "--by", "mori")
    assert "Advertising may leave shop.example again.\n" == resumed.stdout
    assert "shop.example open, too few mails to say more 0 0 0" in lines(run("status"))[1]
    assert [] == sending()
    (one,) = json.loads(run("status", "--json").stdout)["domains"]
    assert (False, "mori", "list cleaned", 3) == (
        one["paused"],
        one["pauses"][0]["resumed_by"],
        one["pauses"][0]["note"],
        one["pauses"][0]["complaints"],
    )


def test_what_is_not_paused_cannot_be_resumed(desk):
    """It is an error that says where to look."""
    _, _, run = desk
    result = run("resume", "shop.exmaple", "--note", "x")
    assert 0 != result.exit_code
    assert "see `aftercare sending status`" in result.stderr
