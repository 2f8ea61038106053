"""`aftercare suppressions`, as a person uses it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from tests.support.shop import DAY, MINUTE, Bench, always, customer, note, order, program

ANN = "ann@customer.example"


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """A shop that writes to whoever has bought, and a function that runs a command on its database."""
    file = tmp_path / "aftercare.toml"
    file.write_text(
        f'[brand]\nname = "Hibi"\n[shops.main]\nadapter = "test"\nsecrets = []\n'
        f'[database]\nurl = "{migrated_database_url}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("AFTERCARE_CONFIG", str(file))
    with Bench(migrated_database_url, {"writer": program(on_purchase=always(note()))}) as bench:
        yield bench, lambda *arguments: CliRunner().invoke(app, ["suppressions", *arguments])


def test_an_address_is_added_listed_and_let_go_send_06(desk):
    """What is planned for it does not leave meanwhile; the list shows no address (LAW-20)."""
    bench, run = desk
    empty = run("list")
    assert ("", "No address is suppressed.\n") == (empty.stdout, empty.stderr)
    assert "It is suppressed.\n" == run("add", "ANN@customer.example").stdout
    assert "It was suppressed for that already.\n" == run("add", ANN).stdout
    bench.tell(order())
    bench.run(MINUTE)
    assert [("1", "skipped", "suppressed_unsubscribe")] == bench.outcomes()
    shown = run("list").stdout
    assert "unsubscribe" in shown
    assert "operator" in shown
    assert "customer.example" not in shown
    told = json.loads(run("list", "--json").stdout)
    assert (1, True) == (told["count"], told["suppressions"][0]["stands"])
    assert "It may be written to again.\n" == run("lift", ANN).stdout
    assert "Nothing stood against this address itself.\n" == run("lift", ANN).stdout
    assert {"suppressions": [], "count": 0} == json.loads(run("list", "--json").stdout)
    assert ", until " in run("list", "--all").stdout
    bench.tell(order("2"))
    bench.run(DAY)
    assert ("2", "accepted", "accepted") == bench.outcomes()[1]
    kept = [one for one in bench.journal() if one.topic.startswith("suppressions.")]
    assert ["add", "add", "lift", "lift"] == [one.topic.partition(".")[2] for one in kept]
    assert not any(b"@" in one.body for one in kept)


def test_what_the_same_person_said_elsewhere_is_told(desk):
    """To lift one address does not take back the objection that came from another."""
    bench, run = desk
    bench.tell(customer(email=ANN), order("1", customer="7", email=ANN))
    bench.tell(order("2", customer="7", email="ann@work.example"))
    bench.process()
    run("add", ANN, "--reason", "complaint")
    lifted = run("lift", "ann@work.example")
    assert "Nothing stood against this address itself.\n" == lifted.stdout
    assert "another address" in lifted.stderr
    assert "" == run("lift", ANN).stderr


def test_the_list_ends_somewhere(desk):
    """And says how many there are."""
    _, run = desk
    for number in range(3):
        run("add", f"c{number}@customer.example")
    assert "2 of 3 are shown; --limit shows more." in run("list", "--limit", "2").stderr


@pytest.mark.parametrize(
    "arguments", [("add", "ann"), ("lift", "@x"), ("add", ANN, "--reason", "soft_bounces")]
)
def test_wrong_use_is_told(desk, arguments):
    """Exit code 2. A row of soft bounces is counted, not said."""
    _, run = desk
    assert 2 == run(*arguments).exit_code


def test_what_is_reported_is_in_the_list(desk):
    """With the channel that told it."""
    bench, run = desk
    bench.tell(order())
    bench.run(MINUTE)
    gone = Report(
        kind=OutcomeKind.BOUNCED, reason=RejectReason.INVALID, message=bench.message().id, body=b"{}"
    )
    bench.aftercare.tell_outcomes("email", [gone])
    (told,) = json.loads(run("list", "--json").stdout)["suppressions"]
    assert ("hard_bounce", "channel email") == (told["reason"], told["source"])
