"""`aftercare outcomes read`, on a Maildir and on standard input."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.store.journal import Kind, State
from tests.support.shop import DAY, MINUTE, Bench, always, note, order, program
from tests.unit.outreach.test_bounces import mail

HEAD = '[brand]\nname = "Hibi"\n[shops.main]\nadapter = "woocommerce"\nsecrets = []\n'
CHANNEL = '[channels.{name}]\nkind = "null"\nsender = "hello@shop.example"\n'


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """A shop that has written to Ann, a function that runs the command, and a Maildir."""
    file = tmp_path / "aftercare.toml"

    def configure(*channels, more=""):
        told = "".join(CHANNEL.format(name=name) for name in channels)
        file.write_text(f'{HEAD}{told}[database]\nurl = "{migrated_database_url}"\n{more}', encoding="utf-8")

    configure("email")
    monkeypatch.setenv("AFTERCARE_CONFIG", str(file))
    folder = tmp_path / "bounces"
    (folder / "new").mkdir(parents=True)
    with Bench(migrated_database_url, {"writer": program(on_purchase=always(note()))}) as bench:
        # The command runs on the clock of the machine, so the bench must not be in its future.
        bench.tell(order())
        bench.run(MINUTE)
        with bench.aftercare.brand.database.write() as connection:
            connection.exec_driver_sql("UPDATE settings SET value = 'live' WHERE name = 'mode'")
        bench.configure, bench.folder = configure, folder
        yield bench


def read(*arguments, stdin=b""):
    """Run the command."""
    return CliRunner().invoke(app, ["outcomes", "read", *map(str, arguments)], input=stdin)


def names(folder, part):
    """Return the files in a part of a Maildir."""
    return sorted(file.name for file in (folder / part).iterdir())


def test_bounces_of_a_maildir_are_read_once_send_05_send_06(desk):
    """They move to `cur`; what is no report stays unread there. A dead address gets no more."""
    id_ = desk.message().id
    for number, name in enumerate(["postfix-delayed", "carrier-ja", "out-of-office"]):
        (desk.folder / "new" / f"17776.{number}.mx").write_bytes(mail(name, message=id_))
    (desk.folder / "new" / "17776.3.mx:2,").write_bytes(mail("qmail", message="nobody-s"))
    done = read(desk.folder)
    said = "4 mails: 2 new, 0 seen before, 1 about no message that is known, 1 no report\n"
    assert (0, said) == (done.exit_code, done.stdout)
    assert [] == names(desk.folder, "new")
    expected = ["17776.0.mx:2,S", "17776.1.mx:2,S", "17776.2.mx:2,", "17776.3.mx:2,S"]
    assert expected == names(desk.folder, "cur")
    assert [("1", "bounced", "reported_bounced")] == desk.outcomes()
    rows = [one for one in desk.journal() if one.kind is Kind.OUTCOME and "accepted" not in one.topic]
    assert [State.DONE, State.DONE, State.IGNORED] == [one.state for one in rows]
    assert "its address is suppressed: hard_bounce" in rows[1].outcome
    assert not any("customer.example" in one.outcome for one in rows)
    desk.tell(order("2"))
    desk.run(DAY)
    assert ("2", "skipped", "suppressed_hard_bounce") == desk.outcomes()[1]
    assert "0 mails" in read(desk.folder).stdout


def test_one_mail_comes_by_standard_input(desk):
    """As a mail server hands it to a program; again it has been seen."""
    raw = mail("complaint", message=desk.message().id)
    told = json.loads(read("-", "--json", stdin=raw).stdout)
    assert {"mails": 1, "new": 1, "seen": 0, "ignored": 0, "no_report": 0, "too_large": 0} == told
    assert "1 mail: 0 new, 1 seen before" in read("-", stdin=raw).stdout
    assert "complained" == desk.message().state


def test_a_mail_that_is_too_large_is_left_unread(desk):
    """And said so."""
    desk.configure("email", more="[server]\nbody_limit = 100\n")
    (desk.folder / "new" / "1").write_bytes(mail("qmail"))
    assert "1 too large" in read(desk.folder).stdout
    assert ["1:2,"] == names(desk.folder, "cur")


def test_the_channel_is_named_if_there_are_several(desk):
    """What one channel has sent is told by its own bounces."""
    desk.configure("email", "other")
    raw = mail("qmail", message=desk.message().id)
    unnamed = read("-", stdin=raw)
    assert 2 == unnamed.exit_code
    assert "channels: email, other; name one with --channel" in unnamed.stderr
    assert "'sms' is none of them" in read("-", "--channel", "sms", stdin=raw).stderr
    assert "1 about no message that is known" in read("-", "--channel", "other", stdin=raw).stdout
    assert "1 new" in read("-", "--channel", "email", stdin=raw).stdout


def test_a_folder_that_is_no_maildir_is_told(desk, tmp_path):
    """Exit code 2, and the cure."""
    done = read(tmp_path)
    assert 2 == done.exit_code
    assert "is no Maildir" in done.stderr
