"""The shop's staff are told what they must know, by services that take it or not, and nothing of a person."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from aftercare_sdk.actions import Purpose
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine import approving, sampling, upkeep
from aftercare_sdk.engine.alerting.conditions import Kind
from aftercare_sdk.engine.alerting.telling import words_of
from aftercare_sdk.engine.supervise import Supervisor, decide, send
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.approvals import ApprovalState
from aftercare_sdk.model.messages import Accepted
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from aftercare_sdk.model.pauses import Cause, Pause, Tally
from aftercare_sdk.model.privacy import Disconnected, PrivacyKind, PrivacyRequest
from aftercare_sdk.model.sync import Stream
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue
from aftercare_sdk.store import alerts, beats, connections, control, pauses, units
from aftercare_sdk.store.tables import alerts as alerts_table
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    Bench,
    always,
    consent,
    note,
    order,
    program,
)

GONE = Disconnected(reason="the app was uninstalled")


PATIENCE_SECONDS = 60


class Service:
    """A service that keeps what it is told, and refuses it while `broken`."""

    def __init__(self):
        self.told = []
        self.broken = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not service.broken:
                    service.told.append(json.loads(body))
                self.send_response(503 if service.broken else 200)
                self.end_headers()

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://staff:a-password@127.0.0.1:{self._server.server_port}/hook"

    @property
    def texts(self):
        """The first line of each thing that was told."""
        return [one["message"].splitlines()[0] for one in self.told]

    @contextmanager
    def open(self):
        """Answer."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()
        self._server.server_close()


@pytest.fixture
def service():
    """A service on loopback."""
    with Service().open() as made:
        yield made


@pytest.fixture
def second():
    """Another one."""
    with Service().open() as made:
        yield made


def bench(url, *services, plugins=None, config=None, **alerts_section):
    """A shop whose staff are told by these services."""
    names = [f"ALERT_{place}" for place in range(len(services))]
    return Bench(
        url,
        plugins or {"all": program(on_purchase=always(note()))},
        config={"alerts": {"urls": [{"env": name} for name in names], **alerts_section}, **(config or {})},
        environ=dict(zip(names, (one.url for one in services), strict=True)),
    )


def disconnect(shop):
    """Let the shop end its connection, and the staff hear of it."""
    shop.tell(GONE)
    shop.process()
    shop.aftercare.alert()


def known(shop):
    """Return all alerts, newest first."""
    with shop.aftercare.brand.database.read() as connection:
        return alerts.latest(connection)


def test_beginning_and_end_are_told_once(migrated_database_url, service):
    """However often somebody looks meanwhile, and whoever does."""
    with bench(migrated_database_url, service) as shop:
        disconnect(shop)
        with shop.twin() as other:
            other.aftercare.alert()
        shop.aftercare.alert()
        title, sentence = "Hibi: somebody is needed", "The shop “main” has ended its connection"
        assert [title] == [one["title"] for one in service.told]
        assert service.told[0]["message"].startswith(sentence)
        assert service.told[0]["message"].endswith("`aftercare shops reconnect main`.")
        shop.clock.move(START + HOUR)
        with shop.aftercare.brand.database.write() as connection:
            connections.reconnect(connection, "main", START + HOUR)
        shop.aftercare.alert()
        shop.aftercare.alert()
        assert ["Hibi: it is over"] == [one["title"] for one in service.told[1:]]
        assert service.texts[1].startswith("Over since 2026-05-01 10:00. It had been: The shop “main”")


def test_a_service_that_fails_is_tried_again_and_stops_nothing(migrated_database_url, service, second):
    """The other one is told once; messages leave; what was told in the end is not told again."""
    service.broken = True
    with bench(migrated_database_url, service, second) as shop:
        shop.tell(order("1"))
        shop.run(MINUTE)
        disconnect(shop)
        assert (1, 0, 1) == (len(shop.sent), len(service.told), len(second.told))
        (failed,) = known(shop)
        assert "503" in failed.error
        assert ("ALERT_1",) == failed.reached
        assert shop.clock.now() + MINUTE == failed.next_at
        for minutes in (1, 6, 36, 156, 900, 2_000, 3_000):
            shop.clock.move(START + timedelta(minutes=1 + minutes))
            shop.aftercare.alert()
        assert (8, 1) == (known(shop)[0].attempts, len(second.told))
        service.broken = False
        shop.clock.move(START + 5 * DAY)
        shop.aftercare.alert()
        shop.aftercare.alert()
        assert (1, 1) == (len(service.told), len(second.told))
        assert "" == known(shop)[0].error


def test_in_the_language_of_the_staff(migrated_database_url, service):
    """`lang` says which; the brand of the bench speaks English."""
    with bench(migrated_database_url, service, lang="ja") as shop:
        disconnect(shop)
        assert ["Hibi: 確認が必要です"] == [one["title"] for one in service.told]
        assert ["ショップ「main」との接続が解除されました。お客様への送信は止まっています。"] == service.texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_alert_has_words(language):
    """What it is, and what to do about it."""
    words = catalogue(language)
    assert [] == [
        kind for kind in Kind if not words.get(f"alert.{kind}") or not words.get(f"alert.cure.{kind}")
    ]


def test_obs_06_a_decider_that_is_no_more_is_told_by_the_sender(migrated_database_url, service):
    """Sixteen minutes after its last beat, and that it is over after its next."""
    with bench(migrated_database_url, service) as shop, shop.twin() as sender:
        upkeep.expect_beats(shop.aftercare.brand)
        sender.aftercare.alert()
        shop.clock.move(START + 16 * MINUTE)
        with shop.aftercare.brand.database.write() as connection:
            beats.note(connection, {"sender": shop.clock.now()})
        sender.aftercare.alert()
        assert ["Nothing that comes in is worked on since 2026-05-01 09:00."] == service.texts
        with shop.aftercare.brand.database.write() as connection:
            beats.note(connection, {"decider": shop.clock.now()})
        sender.aftercare.alert()
        assert 2 == len(service.told)


def test_obs_06_webhooks_that_fail_to_come_are_told(migrated_database_url, service):
    """A listing finds what the platform has not told: after a day that is told, and over with the next."""
    with bench(migrated_database_url, service) as shop:
        shop.shelf.streams = (Stream(name="orders", kind="order", every=timedelta(hours=1)),)
        shop.tell(order("1"))
        shop.shelf.put(order("1"))
        shop.run(HOUR)
        shop.aftercare.alert()
        shop.run(30 * HOUR)
        shop.aftercare.alert()
        assert [] == service.told  # nothing has happened in the shop
        shop.shelf.put(order("2", placed=shop.clock.now()))
        shop.run(2 * HOUR)
        shop.aftercare.alert()
        assert ["No webhook of the shop “main” has come since 2026-05-01 09:00, but the shop goes on."] == (
            service.texts
        )
        shop.tell(order("3", placed=shop.clock.now()))
        shop.process()
        shop.aftercare.alert()
        assert 2 == len(service.told)


def test_obs_06_a_shop_that_is_not_listed_is_judged_by_its_mails(migrated_database_url, service):
    """Mails were accepted, and no webhook has come for as long as the shop has set."""
    with bench(
        migrated_database_url, service, plugins={"all": program(on_purchase=always(note(delay=4 * DAY)))}
    ) as shop:
        shop.tell(order("1"))
        shop.run(3 * DAY)
        shop.aftercare.alert()
        assert [] == service.told
        shop.run(2 * DAY)
        assert 1 == len(shop.sent)
        shop.aftercare.alert()
        assert 1 == len(service.told)


DELIVERED = {"kind": OutcomeKind.DELIVERED}
BOUNCED = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.TIMED_OUT}


def report(shop, message, **told):
    """Let the mail provider report of a message, by its id."""
    shop.aftercare.tell_outcomes("email", [Report(message=message, body=message.encode(), **told)])


def send_one(shop, number):
    """Let a mail about an order leave; return its id."""
    shop.tell(order(number, placed=shop.clock.now()))
    shop.run_due()
    return shop.message(order=number).id


def wait(shop, time):
    """Let some time pass, at the end of which somebody looks."""
    shop.run(time)
    shop.aftercare.alert()


def test_obs_06_outcomes_that_are_not_reported_any_more_are_told_once(migrated_database_url, service):
    """A day after the first mail since the last report, not at once after quiet days; a report ends it."""
    with bench(migrated_database_url, service) as shop:
        for number in ("1", "2"):
            report(shop, send_one(shop, number), **DELIVERED)
        wait(shop, 5 * DAY)
        report(shop, send_one(shop, "3"), **DELIVERED)
        send_one(shop, "4")
        wait(shop, 23 * HOUR)
        last = send_one(shop, "5")
        assert [] == service.told
        wait(shop, HOUR)
        wait(shop, 2 * DAY)
        said = "Nothing has been reported of the messages that the channel “email” has accepted since "
        assert [f"{said}2026-05-06 09:00."] == service.texts
        report(shop, last, **BOUNCED)
        wait(shop, MINUTE)
        assert ["no_outcome"] == [one.kind for one in known(shop)]
        assert "Hibi: it is over" == service.told[1]["title"]
        wait(shop, 5 * DAY)
        assert 2 == len(service.told)


def test_obs_06_who_reports_no_deliveries_is_silent_while_all_is_well(migrated_database_url, service):
    """Mails that come back are told of, and nothing else ever is."""
    with bench(migrated_database_url, service) as shop:
        report(shop, send_one(shop, "1"), **BOUNCED)
        send_one(shop, "2")
        wait(shop, 5 * DAY)
        assert [] == known(shop)


def test_obs_06_a_channel_that_shall_not_be_watched_is_not(migrated_database_url, service):
    """Such as one that was moved to a mail server that reports no deliveries."""
    email = {"kind": "probe", "sender": "hello@shop.example", "no_outcome_after": False}
    with bench(migrated_database_url, service, config={"channels": {"email": email}}) as shop:
        report(shop, send_one(shop, "1"), **DELIVERED)
        send_one(shop, "2")
        wait(shop, 5 * DAY)
        assert [] == known(shop)


def test_obs_06_a_report_that_is_quicker_than_we_are_is_not_missed(migrated_database_url, service):
    """It may come before we have written down that the channel has accepted the mail."""

    def accepts(message):
        report(shop, message.id, **DELIVERED)
        return Accepted(message.id)

    with bench(migrated_database_url, service) as shop:
        shop.probe.answers = [accepts, accepts]
        send_one(shop, "1")
        wait(shop, HOUR)
        send_one(shop, "2")
        wait(shop, 5 * DAY)
        assert [] == known(shop)


def test_obs_06_one_process_sends_and_another_hears_of_it(migrated_database_url, service):
    """What the one hears the other need not hear: it waits no longer, and from the next mail on anew."""
    with bench(migrated_database_url, service) as sender, sender.twin() as server:
        for number in ("1", "2"):
            report(server, send_one(sender, number), **DELIVERED)
        wait(sender, 5 * DAY)
        assert [] == known(sender)
        report(server, send_one(sender, "3"), **DELIVERED)
        sender.run(MINUTE)
        send_one(sender, "4")
        wait(sender, DAY)
        assert ["no_outcome"] == [one.kind for one in known(sender)]


def test_parked_work_and_plugins_that_fail_are_told(migrated_database_url, service):
    """One alert for the plugin that rests, one for what is parked of it, one for what cannot be read."""

    def fails(*_):
        raise RuntimeError("ann@customer.example")

    with bench(migrated_database_url, service, plugins={"all": program(on_purchase=fails)}) as shop:
        for number in range(6):
            shop.tell(order(str(number), email=f"ann{number}@customer.example"))
        shop.post(b"no json")
        shop.process()
        shop.aftercare.alert()
        assert {"plugin_rests", "parked_rows"} == {one.kind for one in known(shop)}
        shop.run(2 * DAY)
        shop.aftercare.alert()
        assert "parked_units" in {one.kind for one in known(shop) if one.ended_at is None}


def test_marketing_that_waits_for_a_person_is_told(migrated_database_url, service):
    """Until somebody has decided: else it lapses and nobody knows."""
    advert = note("sale", purpose=Purpose.MARKETING)
    plugins = {"ads": program(on_purchase=lambda *_: [advert])}
    config = {**LAWFUL, "approvals": {"marketing": True}}
    with bench(migrated_database_url, service, plugins=plugins, config=config) as shop:
        shop.tell(order("1"))
        shop.process()
        consent(shop)
        shop.run_due()
        shop.aftercare.alert()
        (alert,) = known(shop)
        assert ("approval_waits", "ads/sale") == (alert.kind, alert.key)
        database = shop.aftercare.brand.database
        (waiting,) = sampling.listing(shop.aftercare.brand)
        approving.decide(
            database, waiting.approval.id, ApprovalState.APPROVED, at=shop.clock.now(), by="Hana"
        )
        shop.run_due()
        shop.aftercare.alert()
        assert known(shop)[0].ended_at is not None


def test_send_04_a_domain_that_is_paused_is_told(migrated_database_url, service):
    """Staff must look at it: only a person resumes it."""
    with bench(migrated_database_url, service) as shop:
        with shop.aftercare.brand.database.write() as connection:
            tally = Tally(mails=500, complaints=3, bounces=0)
            paused = Pause(domain="shop.example", at=shop.clock.now(), cause=Cause.COMPLAINTS, tally=tally)
            pauses.add(connection, paused)
        shop.aftercare.alert()
        assert [("sending_paused", "shop.example")] == [(one.kind, one.key) for one in known(shop)]


def test_no_alert_holds_personal_data(migrated_database_url, service):
    """Neither what is stored nor what is sent, whatever customers, errors and requests are called."""

    def fails(*_):
        raise RuntimeError("ann@customer.example")

    with bench(migrated_database_url, service, plugins={"all": program(on_purchase=fails)}) as shop:
        asked = PrivacyRequest(
            kind=PrivacyKind.EXPORT,
            customer="2000017",
            email="ann@customer.example",
            orders=("1042",),
            id="gid/1",
            within=timedelta(days=5),
        )
        shop.tell(order("1042"), asked)
        shop.post(b'["ann@customer.example"]')
        shop.process()
        with shop.aftercare.brand.database.write() as connection:
            control.switch_plugin(connection, "all", "it held the interpreter; ann@customer.example")
            units.park(connection, "main/order/1042/purchase", "all", "ann@customer.example")
        disconnect(shop)
        shop.run(6 * DAY)
        shop.aftercare.alert()
        raised = {
            "shop_disconnected",
            "parked_rows",
            "parked_units",
            "plugin_off",
            "privacy_due",
            "privacy_late",
        }
        assert raised == {one.kind for one in known(shop)}
        with shop.aftercare.brand.database.read() as connection:
            stored = [dict(row) for row in connection.execute(select(alerts_table)).mappings()]
        everything = f"{stored} {service.told}"
        assert [] == [word for word in ("ann@", "Ann", "Archer", "2000017", "1042") if word in everything]


def test_alerts_need_their_library_and_their_addresses(migrated_database_url, monkeypatch):
    """It is said at the start, not when somebody should be told."""
    monkeypatch.setattr("aftercare_sdk.engine.alerting.services.is_installed", lambda: False)
    with pytest.raises(SettingsError) as caught:
        Bench(migrated_database_url, config={"alerts": {"urls": [{"env": "NOT_THERE"}]}})
    assert [
        'alerts.urls: alerts need apprise, which is not installed: pip install "aftercare-sdk[alerts]"',
        "alerts.urls[0]: the environment variable NOT_THERE is not set; set it where aftercare is started",
    ] == list(caught.value.problems)


@pytest.mark.parametrize(
    ("work", "missing"),
    [(send, "Nothing that comes in is worked on"), (decide, "No messages are sent")],
)
def test_obs_06_a_process_that_is_left_alone_tells_it(work, missing, tmp_path, monkeypatch, service):
    """Processes as `aftercare work` runs them: of two, one never comes to life."""
    monkeypatch.setenv("ALERT_0", service.url)
    file = tmp_path / "aftercare.toml"
    file.write_text(
        '[brand]\nname = "Hibi"\n'
        '[shops.main]\nadapter = "customshop"\nsecrets = []\n'
        '[alerts]\nurls = [{ env = "ALERT_0" }]\nno_run_after = "1 second"\n'
    )
    supervisor = Supervisor(file, {"alone": work})
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(text.startswith(missing) for text in service.texts):
            assert time.monotonic() < deadline, service.told
            time.sleep(0.05)
    finally:
        supervisor.stop()
        watching.join()


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch, service):
    """A folder with a configuration whose staff are told by a service and by an address that is none."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "TEST_DATABASE": migrated_database_url,
        "ALERT_0": service.url,
        "NONSENSE": "nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "aftercare.toml").write_text(
        '[brand]\nname = "Hibi"\nzone = "UTC"\n'
        '[database]\nurl = { env = "TEST_DATABASE" }\n'
        '[shops.main]\nadapter = "customshop"\nsecrets = []\n'
        '[alerts]\nurls = [{ env = "ALERT_0" }, { env = "NONSENSE" }]\n'
    )
    return bench(migrated_database_url, service)


def run(*arguments):
    """Run `aftercare alerts …`."""
    return CliRunner().invoke(app, ["alerts", *arguments])


def test_the_list_says_who_has_been_told(desk):
    """Those that last, or all of them; as JSON too."""
    with desk as shop:
        assert "All is well." in run("list").output
        shop.tell(GONE)
        shop.process()
        shop.aftercare._watch.run()
        assert "not yet" in run("list").output
        shop.aftercare.alert()
        listed = run("list").output
        assert "The shop “main” has ended its connection" in listed
        assert f"{START:%Y-%m-%d %H:%M}" in listed
        assert [("shop_disconnected", "main", START.isoformat())] == [
            (one["kind"], one["about"], one["sent_at"])
            for one in json.loads(run("list", "--all", "--json").output)
        ]


def test_a_test_says_what_came_back(desk, service):
    """Of each address; one that did not take it makes the command fail."""
    with desk:
        result = run("test")
    assert 1 == result.exit_code
    assert ["ALERT_0    taken", "NONSENSE   is no address that apprise knows"] == [
        line.partition(";")[0] for line in result.output.splitlines()[1:]
    ]
    assert ["Hibi: a test of the alerts"] == [one["title"] for one in service.told]
    service.broken = True
    with desk:
        result = run("test")
    assert "503" in result.output
    assert "a-password" not in result.output


def test_words_of_an_alert_that_nobody_knows_are_its_code(desk):
    """Another release may have raised it."""
    with desk as shop, shop.aftercare.brand.database.write() as connection:
        alerts.raise_alert(connection, "sunspots", "", {}, START)
        (one,) = alerts.still_open(connection)
        assert ("Hibi: somebody is needed", "alert.sunspots") == words_of(shop.aftercare.brand, one)
