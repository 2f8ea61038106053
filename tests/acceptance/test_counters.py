"""What is counted adds up, whatever becomes of messages, and whoever asks (OBS-02)."""

from __future__ import annotations

import json
import re

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from aftercare_sdk.actions import CancelMessages
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine import upkeep
from aftercare_sdk.model.messages import MessageState, Refused, Unknown
from aftercare_sdk.model.outcomes import OutcomeKind, Report
from aftercare_sdk.store import settling
from aftercare_sdk.web import metrics
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, note, order, program


@pytest.fixture
def busy(migrated_database_url):
    """A shop whose messages end in every way, and one that waits."""
    cancel = CancelMessages(label="later", reason="a test wants it")
    plugin = program(
        on_purchase=always(note(), note("later", delay=DAY), note("last", delay=30 * DAY)),
        on_cancellation=always(cancel),
    )
    with Bench(migrated_database_url, {"all": plugin}) as shop:
        shop.tell(order("1"))
        shop.tell(order("2", email="bob@customer.example"))
        shop.tell(order("3", email=""))
        shop.tell(order("4", email="eve@customer.example"))
        shop.probe.answers += [Refused("no such mailbox"), *[Unknown("timeout")] * 4]
        shop.run(MINUTE)
        shop.tell(order("1", cancelled=True, modified=START + HOUR), at=START + HOUR)
        shop.run(10 * MINUTE)
        shop.run(2 * DAY)
        sent = shop.sent[-1].id
        shop.aftercare.tell_outcomes("email", [Report(kind=OutcomeKind.DELIVERED, message=sent, body=b"1")])
        yield shop


def balance(shop):
    """Return what was begun, what has ended, and what waits, as it was counted."""
    totals, waiting = shop.aftercare.counted()
    begun = totals.get(("planned", ""), 0) + totals.get(("reopened", ""), 0)
    return begun, sum(value for (name, _), value in totals.items() if name == "ended"), waiting


def test_obs_02_what_was_planned_has_ended_or_waits(busy):
    """In the figures, and in the messages themselves."""
    states = [one.state for one in busy.messages()]
    ended = [state for state in states if state.final]
    assert (12, len(ended), 12 - len(ended)) == balance(busy)
    assert {"accepted", "delivered", "failed", "skipped", "cancelled", "unknown"} == {*states} - {
        MessageState.PLANNED
    }
    upkeep.add_up_counters(busy.aftercare.brand)
    assert (12, len(ended), 12 - len(ended)) == balance(busy)
    busy.run(40 * DAY)
    assert (12, 12, 0) == balance(busy)


def test_obs_02_what_is_sent_again_begins_again(busy):
    """A person says that a message of unknown outcome is to be sent once more."""
    (one, *_) = [found for found in busy.messages() if found.state is MessageState.UNKNOWN]
    before = balance(busy)
    with busy.aftercare.brand.database.write() as connection:
        standing = settling.find(connection, [one.id])[one.id]
        settling.resolve(connection, standing, MessageState.PLANNED, code="", detail={}, now=busy.clock.now())
    assert (before[0] + 1, before[1], before[2] + 1) == balance(busy)
    busy.run(MINUTE)
    assert (before[0] + 1, before[1] + 1, before[2]) == balance(busy)


def test_obs_02_prometheus_reads_what_is_counted(busy):
    """Of all processes, because the database holds it; what is rejected is seen at once, by the one asked."""
    with Endpoint(make_app(busy.aftercare, dict, metrics.routes(busy.aftercare)), "127.0.0.1", 0) as server:
        assert [401, 404, 413] == [
            requests.post(f"{server.url}/webhooks/{shop}", data=body, timeout=30).status_code
            for shop, body in (("main", b"[]"), ("nobody", b"[]"), ("main", b"x" * 5_000_001))
        ]
        told = requests.get(f"{server.url}/metrics", timeout=30)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
    }
    totals, waiting = busy.aftercare.counted()
    assert (12, waiting) == (found["aftercare_planned_total",], found["aftercare_waiting",])
    assert [1, 1, 1] == [
        found["aftercare_webhook_rejected_total", status] for status in ("401", "404", "413")
    ]
    assert 1 == found["aftercare_events_total", "delivered"]
    assert totals["submitted", ""] == found["aftercare_queue_age_seconds_count",]
    assert totals["skipped", "no_address"] == found["aftercare_skipped_total", "no_address"]
    assert totals["policy_denied", "ADDRESS"] == found["aftercare_policy_denied_total", "ADDRESS"]
    assert "customer.example" not in told.text


def test_rejected_requests_are_written_down_with_the_next_webhook(migrated_database_url):
    """Nobody makes the database work by sending nonsense; another process then sees them too."""
    with Bench(migrated_database_url) as shop, shop.twin() as other:
        for _ in range(3):
            shop.aftercare.receive("nobody", None)
        assert {} == other.aftercare.counted()[0]
        shop.tell(order("1"))
        key = ("webhook_rejected", "404")
        assert (3, 3) == (shop.aftercare.counted()[0][key], other.aftercare.counted()[0][key])


def test_the_command_prints_the_same(busy, tmp_path, monkeypatch, migrated_database_url):
    """For people, and for programs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", migrated_database_url)
    (tmp_path / "aftercare.toml").write_text(
        '[brand]\nname = "Hibi"\n[database]\nurl = { env = "TEST_DATABASE" }\n'
        '[shops.main]\nadapter = "customshop"\nsecrets = []\n'
    )
    totals, waiting = busy.aftercare.counted()
    told = json.loads(CliRunner().invoke(app, ["counters", "--json"]).output)
    values = {(one["name"], one["label"]): one["value"] for one in told["counters"]}
    assert (totals["planned", ""], waiting) == (values["planned", ""], told["waiting"])
    assert totals["submitted", ""] == next(
        one["count"] for one in told["histograms"] if one["name"] == "queue_age"
    )
    listed = CliRunner().invoke(app, ["counters"]).output
    assert re.search(r"^skipped +no_address +\d+$", listed, re.MULTILINE)
