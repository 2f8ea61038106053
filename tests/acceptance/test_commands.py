"""The commands as people and programs use them, on the recordings of a real WooCommerce shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

import aftercare_sdk.web
from aftercare_sdk import Aftercare, __version__
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.store import control, journal, units
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.store.tables import units as units_table
from aftercare_woocommerce import samples

RECORDINGS = Path(str(samples.RECORDINGS)) / "webhooks"
FILES = sorted(RECORDINGS.glob("*.json"))
SECRETS = samples.secrets()
START = "2026-11-22T06:00"
END = "2027-01-22T06:00"
OGAWA = "ogawa@example.jp"
YAMADA = "yamada.taro@example.jp"
ORDER = RECORDINGS / "047-order-created-set-paid.json"
PATIENCE_SECONDS = 60

CONFIGURATION = """
[brand]
name = "山の茶舗"
locale = "{locale}"
zone = "Asia/Tokyo"
country = "JP"
[database]
url = {{ env = "TEST_DATABASE" }}
[shops.{shop}]
adapter = "woocommerce"
secrets = [{secrets}]
currency = "JPY"
read_from = "recordings"
[quiet_hours]
email = "none"
[channels.email]
kind = "null"
sender = "hello@shop.example"
[plugins.flows.thank-you]
{more}
"""


class Place:
    """A folder with a configuration, and commands that run in it."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.configure()

    def configure(self, *, shop="main", locale="ja", more=""):
        """Write aftercare.toml."""
        secrets = ", ".join(f'{{ env = "TEST_SECRET_{number}" }}' for number in range(len(SECRETS)))
        text = CONFIGURATION.format(shop=shop, locale=locale, secrets=secrets, more=more)
        (self.folder / "aftercare.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments):
        """Run a command in this process."""
        return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=True)

    def json(self, *arguments):
        """Run a command that prints one JSON document."""
        result = self.run(*arguments, "--json")
        assert 0 == result.exit_code, result.output
        return json.loads(result.stdout)

    def start(self, *arguments):
        """Start a command in a process of its own, as a shell does."""
        return subprocess.Popen(
            [Path(sys.executable).with_name("aftercare"), *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def execute(self, *arguments):
        """Run a command in a process of its own; return exit code, stdout and stderr."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    def database(self):
        """Open the database."""
        return Database(self.url)

    def looked_up(self, query, *arguments):
        """Ask the database something."""
        database = self.database()
        try:
            with database.read() as connection:
                return query(connection, *arguments)
        finally:
            database.close()


def place_at(url, folder, monkeypatch):
    """Enter a folder, with the environment that a shop's developer has."""
    monkeypatch.chdir(folder)
    for name in ("AFTERCARE_CONFIG", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEST_DATABASE", url)
    for number, secret in enumerate(SECRETS):
        monkeypatch.setenv(f"TEST_SECRET_{number}", secret)
    return Place(folder, url)


@pytest.fixture
def place(tmp_path, database_url, monkeypatch):
    """An empty database."""
    return place_at(database_url, tmp_path, monkeypatch)


@pytest.fixture
def lived(tmp_path, template_database, monkeypatch):
    """A database that has received all recordings, and has worked for two months."""
    return place_at(template_database(live), tmp_path, monkeypatch)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A place on SQLite, for what does not depend on the store."""
    return place_at(f"sqlite:///{tmp_path}/aftercare.db", tmp_path, monkeypatch)


def live(url):
    """Receive every recording when it came, and go on for two months."""
    environ = {f"TEST_SECRET_{number}": secret for number, secret in enumerate(SECRETS)}
    shop = {
        "adapter": "woocommerce",
        "secrets": [{"env": name} for name in environ],
        "currency": "JPY",
        "read_from": "recordings",
    }
    settings = {
        "brand": {"name": "山の茶舗", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": url},
        "shops": {"main": shop},
        "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
        "plugins": {"flows": {"thank-you": {}}},
        "quiet_hours": {"email": "none"},
    }
    told = list(samples.webhooks())
    with Aftercare(settings, clock=VirtualClock(told[0].received_at), environ=environ) as aftercare:
        for each in told:
            aftercare.clock.move(each.received_at)
            aftercare.receive("main", each.request)
        aftercare.advance(datetime(2027, 1, 22, tzinfo=UTC))


def broken_request(folder):
    """Record a request with a right signature whose body is no JSON."""
    body = '{"id": 1042, "status": "proces'
    recorded = json.loads(ORDER.read_text("utf-8"))
    signature = base64.b64encode(
        hmac.new(recorded["secret"].encode(), body.encode(), hashlib.sha256).digest()
    )
    headers = {**recorded["headers"], "X-WC-Webhook-Signature": signature.decode()}
    headers = {name: value for name, value in headers.items() if name.lower() != "x-wc-webhook-signature"} | {
        "X-WC-Webhook-Signature": signature.decode()
    }
    file = folder / "broken.json"
    file.write_text(json.dumps({"headers": headers, "body": body}), encoding="utf-8")
    return file


# Receiving


def test_the_recordings_come_in_through_the_same_door_as_http(place):
    """One line of JSON for each file, in the order of the names; sent again, nothing is stored twice."""
    result = place.run("receive", "main", RECORDINGS, "--json")
    assert 0 == result.exit_code, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [str(file) for file in FILES] == [line["file"] for line in lines]
    assert [{"file", "status", "outcome"}] * len(FILES) == [line.keys() for line in lines]
    assert {(202, "stored"), (200, "ping")} == {(line["status"], line["outcome"]) for line in lines}
    stored = sum(line["outcome"] == "stored" for line in lines)
    assert {"new": stored, "copies": 0} == place.looked_up(journal.counts)
    again = place.run("receive", "main", ORDER, ORDER, "--json")
    assert ["seen before"] * 2 == [json.loads(line)["outcome"] for line in again.stdout.splitlines()]
    assert {"new": stored, "copies": 2} == place.looked_up(journal.counts)


def test_files_that_cannot_be_read_are_named_and_the_others_come_in(here):
    """The exit code says that something is missing."""
    (here.folder / "bad.json").write_text("{")
    result = here.run("receive", "main", "bad.json", ORDER, "gone.json")
    assert 1 == result.exit_code
    assert [
        "---  unreadable: not JSON (line 1, column 2)  bad.json",
        f"202  stored         {ORDER}",
        "---  unreadable: there is no such file  gone.json",
    ] == result.stdout.splitlines()
    assert "3 files: 2 unreadable, 1 stored\n" == result.stderr


def test_a_request_for_an_unknown_shop_is_answered_404(here):
    """With the shops that there are."""
    result = here.run("receive", "mian", ORDER)
    assert (1, f"404  unknown shop   {ORDER}\n") == (result.exit_code, result.stdout)
    assert "it has main" in result.stderr


def test_a_request_that_the_shop_did_not_sign_is_answered_401(here):
    """With what to look at; nothing is stored."""
    recorded = json.loads(ORDER.read_text("utf-8"))
    (here.folder / "forged.json").write_text(json.dumps({**recorded, "body": recorded["body"] + " "}))
    result = here.run("receive", "main", "forged.json", "--json")
    assert 1 == result.exit_code
    assert {"file": "forged.json", "status": 401, "outcome": "bad signature"} == json.loads(result.stdout)
    assert "secrets of shop 'main'" in result.stderr
    assert {"copies": 0} == here.looked_up(journal.counts)


# Working


def test_a_database_is_filled_and_worked_on_at_another_time(place):
    """An empty database that is used with --now first is a demo database."""
    assert 0 == place.run("receive", "main", RECORDINGS, "--now", START).exit_code
    done = place.json("work", "--now", START, "--until", END)
    rows = place.json("journal", "list", "--limit", "1000")["rows"]
    told = sum(row["kind"] in {"webhook", "read"} for row in rows)
    assert {"rows": told, "events": 119, "parked": {"rows": 0, "units": 0}, "reads_waiting": 0} == {
        name: done[name] for name in ("rows", "events", "parked", "reads_waiting")
    }
    assert {"accepted": 10, "cancelled": 2, "skipped": 9} == {
        state: sum(each["count"] for each in done["messages"] if each["state"] == state)
        for state in ("accepted", "cancelled", "skipped")
    }
    assert "demo" == place.json("db", "current")["mode"]
    nothing = place.json("work", "--now", END)
    assert (0, 0, 0, []) == tuple(nothing[name] for name in ("rows", "events", "units", "messages"))


def test_a_virtual_clock_is_refused_on_a_live_database(place):
    """Before anything is written with its time: not a row, not a version, not the start of a plugin."""
    assert 0 == place.run("receive", "main", ORDER).exit_code

    def books(connection):
        return (
            len(journal.listing(connection)),
            control.configuration_versions(connection),
            dict(control.plugin_starts(connection)),
        )

    before = place.looked_up(books)
    place.configure(more='delay = "3 h"')
    for command in (("work", "--now", START), ("receive", "main", str(ORDER), "--now", START)):
        result = place.run(*command)
        assert 2 == result.exit_code
        assert "is live: a virtual clock would send its messages at the wrong time" in result.stderr
    assert before == place.looked_up(books)


def test_work_once_processes_what_came_in_and_ends(place):
    """In a child process, on the clock of the machine."""
    place.run("receive", "main", ORDER)
    code, out, err = place.execute("work", "--once", "--json")
    assert (0, 1) == (code, json.loads(out)["rows"]), err
    assert {"done": 1, "copies": 0} == place.looked_up(journal.counts)


def test_two_do_not_decide_at_the_same_time(place):
    """The second is told who is at it, and what to do."""
    place.run("receive", "main", ORDER)
    database = place.database()
    try:
        with decider_lock(database):
            code, out, err = place.execute("work", "--once")
    finally:
        database.close()
    assert (3, "") == (code, out)
    assert "another process decides" in err
    assert "Let it do the work" in err


def test_work_goes_on_until_it_is_interrupted(here):
    """Ctrl-C lets it finish, says what was done, and is no failure."""
    process = here.start("work")
    log = process.stderr.readline()
    assert "deciding" == json.loads(log)["event"], log
    here.run("receive", "main", ORDER)
    while here.looked_up(journal.oldest_new) is not None:
        assert None is process.poll()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert 0 == process.returncode, err
    assert out.startswith("rows processed   1\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--now", "tomorrow"], "is no time"),
        (["--now", "2026-13-01"], "is no time"),
        (["--now", START, "--until", "soon"], "is no time"),
        (["--until", END], "needs --now"),
        (["--now", END, "--until", START], "lies before --now"),
    ],
)
def test_a_time_that_makes_no_sense_is_a_wrong_use(here, arguments, problem):
    """Nothing is opened before the command is understood."""
    result = here.run("work", *arguments)
    assert 2 == result.exit_code
    assert problem in result.stderr
    assert not (here.folder / "aftercare.db").exists()


def test_times_without_a_zone_are_the_brands(here):
    """What an operator in Tokyo types is a time of Tokyo."""
    here.run("receive", "main", ORDER, "--now", "2026-11-22T06:30")
    (row,) = here.json("journal", "list", "--waiting")["rows"]
    assert "2026-11-21T21:30:00+00:00" == row["received_at"]


# Timelines


def entries(document, kind):
    """Return the entries of a kind of the first customer."""
    return [entry for entry in document["customers"][0]["entries"] if entry["kind"] == kind]


def test_the_timeline_tells_everything_known_of_ogawa(lived):
    """Orders, events, decisions, messages, in order; what was not sent has its reason and rule."""
    told = lived.json("timeline", "Ogawa@Example.JP")
    assert ("ja", "Asia/Tokyo") == (told["language"], told["zone"])
    assert [[OGAWA], ["2", YAMADA]] == [
        [one["value"] for one in customer["identities"]] for customer in told["customers"]
    ]
    ogawa = told["customers"][0]
    assert "小川 直人" == ogawa["name"]
    assert sorted(entry["at"] for entry in ogawa["entries"]) == [entry["at"] for entry in ogawa["entries"]]
    assert {"342", "344", "345", "346", "348", "359", "366", "367", "391", "392", "396", "397"} == {
        entry["values"]["order"] for entry in entries(told, "order")
    }
    assert {
        ("342", "cancelled", "cancelled_by_plugin", "flows"),
        ("346", "accepted", "accepted", "email"),
        ("359", "skipped", "sent_recently", "NotSentWithin"),
        ("366", "skipped", "sent_recently", "NotSentWithin"),
        ("367", "skipped", "sent_recently", "NotSentWithin"),
        ("392", "skipped", "sent_recently", "NotSentWithin"),
    } == {
        (entry["values"]["order"], entry["values"]["state"], entry["reason"]["code"], entry["rule"])
        for entry in entries(told, "message")
    }
    assert {"planned", "held", "submitted", "accepted", "skipped", "cancelled"} >= {
        entry["values"]["verdict"] for entry in entries(told, "decision")
    }
    assert all(entry["reason"]["text"] for entry in entries(told, "decision"))


def test_why_tells_every_message_and_what_was_never_planned(lived):
    """Of a customer, then of one of the messages, by the beginning of its id; nobody is an error."""
    told = lived.json("why", OGAWA, "--lang", "en")["customers"][0]
    skipped = next(one for one in told["messages"] if one["state"] == "skipped")
    assert "went to this customer on" in skipped["why"]["text"]
    assert told["never_planned"]
    lines = lived.run("why", skipped["id"][:8]).stdout.splitlines()
    assert lines[0].startswith("「thank-you」（注文")
    assert any(line.startswith("✗") and line.endswith("NotSentWithin") for line in lines)
    nobody = lived.run("why", "nobody@example.jp")
    assert (1, "") == (nobody.exit_code, nobody.stdout)


def test_the_timeline_reads_as_an_operator_in_japan_speaks(lived):
    """The brand's language, the brand's clock, plain text in a pipe."""
    result = lived.run("timeline", OGAWA)
    lines = result.stdout.splitlines()
    assert 0 == result.exit_code
    for words in (
        "お客様   小川 直人",
        "2026/11/22 06:11   注文         注文 342（返金済み）　合計 ￥2,166",
        "                                  深煎りコーヒー豆 250g × 1 点　￥1,620",
        "2026/11/22 06:11   できごと     購入（注文 346）",
        "2026/11/22 07:11   メッセージ   「thank-you」（注文 346）: 受付済み",
        "                                  件名: 【山の茶舗】ご注文ありがとうございます（ご注文番号 346）",
        "2026/11/22 07:12   メッセージ   「thank-you」（注文 359）: 送信見送り",
        "                                  ルール: 送信間隔（NotSentWithin）",
        "                                  理由: flows が取り消しました（注文が全額返金されたため）。",
    ):
        assert words in lines
    assert any("このお客様へ「thank-you」を送信済みです（間隔 7日 未満）。" in line for line in lines)
    assert "統合せず" in lines[-1]


def test_the_timeline_speaks_english_too(lived):
    """To whoever asks for it."""
    result = lived.run("timeline", OGAWA, "--lang", "en")
    lines = result.stdout.splitlines()
    assert 0 == result.exit_code
    for words in (
        "Customer   小川 直人",
        "2026-11-22 06:11   Event      Order 346 became a purchase",
        "2026-11-22 07:11   Message    “thank-you” for order 346: accepted",
        "2026-11-22 07:12   Message    “thank-you” for order 359: not sent",
        "                                Rule: not sent recently (NotSentWithin)",
        "                                Why: flows cancelled it: the order was refunded in full.",
    ):
        assert words in lines
    assert "are not joined" in lines[-1]


def test_a_brand_that_is_not_japanese_is_told_in_english(here):
    """As the catalogues have two languages."""
    here.run("receive", "main", ORDER, "--now", START)
    here.run("work", "--now", START)
    here.configure(locale="fr")
    assert "en" == here.json("timeline", OGAWA)["language"]


@pytest.mark.parametrize(
    ("text", "found"), [("main/2", "2"), ("main/order/352", "2"), (YAMADA, "2"), ("main/order/346", OGAWA)]
)
def test_a_timeline_is_found_by_account_or_order(lived, text, found):
    """Whatever an operator has at hand."""
    (customer,) = lived.json("timeline", text)["customers"]
    assert found in [one["value"] for one in customer["identities"]]


def test_nobody_is_known_by_a_wrong_name(here):
    """What can be written is said, and what to do if something is not processed yet."""
    here.run("receive", "main", ORDER)
    result = here.run("timeline", "nobody@example.jp")
    assert (1, "") == (result.exit_code, result.stdout)
    assert "SHOP/order/ID" in result.stderr
    assert "aftercare work --once" in result.stderr


# The journal


def test_a_broken_body_under_a_right_signature_is_parked_and_can_be_retried(place):
    """Stored and answered 202; parked with a reason; its body is shown only to those who ask for it."""
    file = broken_request(place.folder)
    accepted = place.run("receive", "main", file, ORDER, "--now", START)
    assert 0 == accepted.exit_code, accepted.output
    assert 1 == place.json("work", "--now", START)["parked"]["rows"]
    (row,) = place.json("journal", "list", "--parked")["rows"]
    assert ("parked", "webhook", "main") == (row["state"], row["kind"], row["shop"])
    assert "JSON" in row["outcome"]

    shown = place.run("journal", "show", row["seq"])
    assert "1042" not in shown.stdout
    assert "--body prints it" in shown.stderr
    assert place.run("journal", "show", row["seq"], "--body").stdout.endswith(
        '{"id": 1042, "status": "proces\n'
    )
    assert "body" not in place.json("journal", "show", row["seq"])
    assert '{"id": 1042, "status": "proces' == place.json("journal", "show", row["seq"], "--body")["body"]

    assert {"rows": 1, "units": 0, "reads": 0, "not_parked": []} == place.json("journal", "retry", row["seq"])
    (waiting,) = place.json("journal", "list", "--waiting")["rows"]
    assert (row["seq"], "new") == (waiting["seq"], waiting["state"])
    assert 1 == place.json("work", "--now", START)["rows"]
    (still,) = place.json("journal", "list", "--parked")["rows"]
    assert row["seq"] == still["seq"]
    assert ["journal.retry"] == [
        each["topic"] for each in place.json("journal", "list")["rows"] if each["kind"] == Kind.COMMAND
    ]


def test_what_was_parked_for_a_mistake_in_the_configuration_comes_back_after_the_mend(place):
    """A shop that was renamed: its rows wait until it has its name again."""
    place.run("receive", "main", ORDER, "--now", START)
    place.configure(shop="other")
    place.run("work", "--now", START)
    (row,) = place.json("journal", "list", "--parked")["rows"]
    assert "shop 'main' is not configured" == row["outcome"]
    place.configure()
    assert 1 == place.json("journal", "retry", "--all")["rows"]
    assert 1 == place.json("work", "--now", START)["events"]
    assert [] == place.json("journal", "list", "--parked")["rows"]


def test_units_and_reads_come_back_too(lived):
    """A parked unit by the id of its event; waiting reads by --all."""
    event = "main/order/346/purchase"
    database = lived.database()
    try:
        with database.write() as connection:
            connection.execute(
                update(units_table).values(state="pending").where(units_table.c.event == event)
            )
            assert units.park(connection, event, "flows", "it held the interpreter")
    finally:
        database.close()
    (unit,) = lived.json("journal", "list", "--parked")["units"]
    assert (event, "flows", "parked", "it held the interpreter") == (
        unit["event"],
        unit["plugin"],
        unit["state"],
        unit["error"],
    )
    assert event in lived.run("journal", "list").stdout
    assert [] == lived.json("journal", "list", "--waiting")["units"]
    assert "0 rows and 1 unit put back, 0 reads made due\n" == lived.run("journal", "retry", event).stdout
    assert [] == lived.json("journal", "list", "--parked")["units"]


def test_what_is_not_parked_is_named(here):
    """The rest is put back all the same."""
    here.run("receive", "main", broken_request(here.folder), "--now", START)
    here.run("work", "--now", START)
    (row,) = here.json("journal", "list", "--parked")["rows"]
    result = here.run("journal", "retry", row["seq"], "9" * 30, "main/order/1/purchase")
    assert 1 == result.exit_code
    assert result.stdout.startswith("1 row and 0 units put back")
    assert ["9" * 30, "main/order/1/purchase"] == [line.split()[0] for line in result.stderr.splitlines()]


@pytest.mark.parametrize("arguments", [[], ["3", "--all"]])
def test_retry_wants_names_or_all(here, arguments):
    """Nothing is brought back by accident."""
    assert 2 == here.run("journal", "retry", *arguments).exit_code


def test_rows_are_listed_with_what_became_of_them(lived):
    """The newest first, as many as wanted."""
    rows = lived.json("journal", "list", "--limit", "300")["rows"]
    assert 206 == sum(row["kind"] == "webhook" for row in rows)
    assert sorted((row["seq"] for row in rows), reverse=True) == [row["seq"] for row in rows]
    assert {State.DONE, State.IGNORED} == {row["state"] for row in rows}
    assert 3 == len(lived.json("journal", "list", "--limit", "3")["rows"])
    assert lived.run("journal", "list").stdout.startswith("Rows\nrow ")
    assert "Nothing.\n" == lived.run("journal", "list", "--parked").stdout


def test_a_row_that_is_not_there_is_no_traceback(here):
    """Said on stderr, with exit code 1."""
    result = here.run("journal", "show", 7)
    assert (1, "") == (result.exit_code, result.stdout)
    assert "no row 7" in result.stderr


# Plugins


def test_plugins_are_listed_with_what_they_do(here):
    """Those of the SDK and those of other distributions alike; the database is left alone."""
    rows = {row["name"]: row for row in here.json("plugins")}
    assert {"flows", "outreach", "woocommerce"} <= rows.keys()
    assert {
        "name": "woocommerce",
        "distribution": "aftercare-woocommerce",
        "version": __version__,
        "hooks": ["register_adapters", "register_commands"],
        "state": "active",
        "error": "",
    } == rows["woocommerce"]
    assert "aftercare-sdk" == rows["flows"]["distribution"]
    assert "woocommerce   aftercare-woocommerce" in here.run("plugins").stdout
    assert not (here.folder / "aftercare.db").exists()


def test_plugins_are_listed_even_if_the_configuration_has_mistakes(here):
    """They may be the reason; what the file says of plugins still counts."""
    (here.folder / "aftercare.toml").write_text('[brand]\n[plugins]\ndisabled = ["woocommerce"]\n')
    result = here.run("plugins", "--json")
    assert 0 == result.exit_code
    states = {row["name"]: row["state"] for row in json.loads(result.stdout)}
    assert ("active", "disabled") == (states["flows"], states["woocommerce"])
    assert "brand.name: missing" in result.stderr


def test_a_plugin_that_cannot_be_imported_is_listed_with_its_error(here, monkeypatch):
    """The others are not its hostages."""
    info = here.folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aftercare]\nbroken = broken_plugin_of_the_tests:plugin\n")
    monkeypatch.syspath_prepend(here.folder)
    result = here.run("plugins")
    assert 0 == result.exit_code
    assert "broken        broken 1.0" in result.stdout
    assert "No module named" in result.stdout


def test_a_plugin_that_was_switched_off_is_switched_on_again(place):
    """The list says why it is off; the journal keeps that somebody switched it on."""
    place.run("receive", "main", ORDER)
    database = place.database()
    try:
        with database.write() as connection:
            control.switch_plugin(connection, "flows", "a hook held the interpreter")
    finally:
        database.close()
    (off,) = [row for row in place.json("plugins") if row["state"] == "off"]
    assert ("flows", "a hook held the interpreter") == (off["name"], off["error"])
    assert "flows: a hook held the interpreter" in place.run("plugins").stdout
    assert (
        "flows is on again. It was off: a hook held the interpreter\n"
        == place.run("plugins", "on", "flows").stdout
    )
    assert {"active"} == {row["state"] for row in place.json("plugins") if row["name"] == "flows"}
    assert "flows is on.\n" == place.run("plugins", "on", "flows").stdout
    assert "plugins.on" in [row["topic"] for row in place.json("journal", "list")["rows"]]


def test_a_plugin_that_never_took_part_cannot_be_switched_on(here):
    """Perhaps its name is misspelt."""
    here.run("receive", "main", ORDER)
    result = here.run("plugins", "on", "flwos")
    assert 2 == result.exit_code
    assert "flows" in result.stderr


# The database


def test_a_new_database_is_upgraded_and_looked_at(place):
    """Looking makes nothing."""
    assert None is place.json("db", "current")["revision"]
    upgraded = place.json("db", "upgrade")
    assert (None, upgraded["revision"]) == (upgraded["before"], place.json("db", "current")["needed"])
    assert "is up to date" in place.run("db", "upgrade").stdout
    result = place.run("db", "current")
    assert (0, "") == (result.exit_code, result.stderr)


def test_a_database_of_a_newer_release_is_refused(place):
    """With the cure, by every command that needs it."""
    place.run("db", "upgrade")
    database = place.database()
    try:
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    finally:
        database.close()
    assert [1, 2, 2, 2] == [
        place.run(*command).exit_code
        for command in (["db", "current"], ["db", "upgrade"], ["journal", "list"], ["timeline", OGAWA])
    ]
    assert "made by a newer release" in place.run("db", "upgrade").stderr
    assert 0 == place.run("plugins").exit_code


# Mistakes


COMMANDS = [
    ["receive", "main", str(ORDER)],
    ["work", "--once"],
    ["work", "--now", START],
    ["serve"],
    ["timeline", OGAWA],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_all_mistakes_of_a_configuration_are_told_at_once(here, command):
    """Each with path and cure, exit code 2, no traceback; the commands agree."""
    here.configure(
        shop="ma", more='delay = "soon"\n[plugins.nonesuch]\n[channels.sms]\nkind="sms"\nsender="x"'
    )
    result = here.run(*command)
    assert (2, "") == (result.exit_code, result.stdout)
    for problem in (
        "plugins.flows.thank-you.delay: not a length of time",
        "channels.sms.kind: there is no kind 'sms'",
        "[plugins.nonesuch]",
    ):
        assert problem in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS,
        ["journal", "list"],
        ["journal", "retry", "--all"],
        ["db", "current"],
        ["plugins", "on", "flows"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_without_a_configuration_every_command_says_where_it_looked(here, command):
    """And which variable names another place."""
    (here.folder / "aftercare.toml").unlink()
    result = here.run(*command)
    assert (2, "") == (result.exit_code, result.stdout)
    assert f"error: {here.folder / 'aftercare.toml'} cannot be used:" in result.stderr
    assert "AFTERCARE_CONFIG" in result.stderr


def test_the_configuration_is_named_by_option_or_variable(here, monkeypatch):
    """The option wins."""
    (here.folder / "aftercare.toml").rename(here.folder / "other.toml")
    assert 0 == here.run("--config", "other.toml", "db", "current").exit_code
    monkeypatch.setenv("AFTERCARE_CONFIG", "other.toml")
    assert 0 == here.run("db", "current").exit_code
    assert 2 == here.run("--config", "aftercare.toml", "db", "current").exit_code


def test_a_database_that_does_not_answer_may_answer_later(here, monkeypatch):
    """Exit code 3, and what to do."""
    monkeypatch.setenv("TEST_DATABASE", "postgresql://nobody@127.0.0.1:1/nothing")
    result = here.run("journal", "list")
    assert 3 == result.exit_code
    assert "Run this command again." in result.stderr


@pytest.mark.parametrize("content", [b"", b"this is no database " * 100])
def test_a_file_that_is_no_database_is_a_mistake_of_the_configuration(here, content, monkeypatch):
    """An empty file is a new database; anything else is not touched."""
    file = here.folder / "notes.txt"
    file.write_bytes(content)
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{file}")
    result = here.run("journal", "list")
    assert (2 if content else 0) == result.exit_code
    if content:
        assert "file is not a database" in result.stderr
        assert content == file.read_bytes()


def test_a_database_in_a_folder_that_is_not_there_is_a_mistake_too(here, monkeypatch):
    """No retry would make the folder."""
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{here.folder}/nowhere/aftercare.db")
    result = here.run("db", "upgrade")
    assert 2 == result.exit_code
    assert "there is no folder" in result.stderr


def test_serve_needs_the_extra(here, monkeypatch):
    """A missing library is told with the command that installs it."""
    monkeypatch.delitem(sys.modules, "aftercare_sdk.web.serve", raising=False)
    monkeypatch.delattr(aftercare_sdk.web, "serve", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = here.run("serve")
    assert 2 == result.exit_code
    assert 'pip install "aftercare-sdk[server]"' in result.stderr


def test_serve_hands_its_options_on(here, monkeypatch):
    """And ends with the code of the server."""
    from aftercare_sdk.web import serve

    given = {}
    monkeypatch.setattr(serve, "serve", lambda config, **options: given.update(config=config, **options) or 2)
    assert 2 == here.run("serve", "--host", "::1", "--port", "0").exit_code
    assert {"config": here.folder / "aftercare.toml", "host": "::1", "port": 0} == given


# As a shell sees it


def test_a_pipe_gets_plain_text_and_errors_go_to_stderr(lived):
    """No colour, no traceback, the right codes, from the installed command."""
    code, out, err = lived.execute("timeline", OGAWA)
    assert (0, "") == (code, err)
    assert "\x1b" not in out
    assert "ご注文番号 346" in out
    for arguments, expected in (
        (["journal", "list"], 0),
        (["plugins"], 0),
        (["timeline", "x"], 1),
        (["wrok"], 2),
    ):
        code, out, err = lived.execute(*arguments)
        assert expected == code
        assert "\x1b" not in out + err
        assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_traceback(lived):
    """`aftercare timeline … | head -1`."""
    process = lived.start("timeline", OGAWA, "--json")
    process.stdout.readline()
    process.stdout.close()
    assert "" == process.stderr.read()
    process.stderr.close()
    process.wait(PATIENCE_SECONDS)


def test_the_version_and_the_commands_are_told(here):
    """Without any configuration."""
    (here.folder / "aftercare.toml").unlink()
    assert f"aftercare-sdk {__version__}\n" == here.run("--version").stdout
    told = here.run("--help").stdout
    for command in ("receive", "work", "serve", "timeline", "journal", "plugins", "db"):
        assert f"\n  {command} " in told
        assert 0 == here.run(command, "--help").exit_code
