"""`aftercare approvals`, as a person uses it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aftercare_sdk.actions import Purpose
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.clock import SystemClock
from tests.support.shop import DAY, HOUR, LAWFUL, Bench, always, consent, note, order, program

CONFIGURATION = """
[brand]
name = "Hibi"
country = "GB"
[brand.legal]
name = "Hibi Ltd"
address = "1 Tea Row, London"
contact = "care@hibi.example"
[server]
public_url = "https://aftercare.example"
[templates]
folder = "templates"
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
ADVERT = note("news", template="news", purpose=Purpose.MARKETING, version="v1", window=3 * DAY)
WORDS = {"ja": "新茶のご案内 {{ order.number }}", "en": "New tea {{ order.number }}"}


def write(folder, words=WORDS):
    """Write the template of the advert."""
    for language, text in words.items():
        (folder / language).mkdir(parents=True, exist_ok=True)
        for part in ("subject", "txt", "html"):
            (folder / language / f"news.{part}.liquid").write_text(text, encoding="utf-8")


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """A shop whose advert waits for three customers, and a function that runs a command on its database."""
    file = tmp_path / "aftercare.toml"
    file.write_text(CONFIGURATION.format(url=migrated_database_url), encoding="utf-8")
    monkeypatch.setenv("AFTERCARE_CONFIG", str(file))
    write(tmp_path / "templates")
    config = {
        **LAWFUL,
        "approvals": {"marketing": True},
        "templates": {"folder": str(tmp_path / "templates")},
    }
    # Commands go by the clock of the machine.
    start = SystemClock().now() - HOUR
    told = program(on_purchase=always(ADVERT))
    with Bench(migrated_database_url, {"ads": told}, start=start, config=config) as bench:
        for number, country in (("1", "GB"), ("2", "JP"), ("3", "GB")):
            who = f"customer-{number}@customer.example"
            placed = start + int(number) * timedelta(minutes=1)
            bench.tell(order(number, email=who, country=country, placed=placed))
            consent(bench, email=who)
        bench.run(HOUR)
        yield bench, lambda *arguments: CliRunner().invoke(app, ["approvals", *arguments])


def lines(result):
    """Return what is written, without what fills lines up."""
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_what_waits_is_listed_and_leaves_when_it_is_approved(desk):
    """With how much waits; afterwards nothing is to be done, and the journal knows who said so."""
    bench, run = desk
    head, row = lines(run("list"))[:2]
    assert "id what state not sent yet first lapses lapsed first seen decided" == head
    assert " ads news waiting 3 " in row
    id_ = row.partition(" ")[0]
    approved = run("approve", id_[:6], "--by", "mori", "--note", "seen")
    assert f"ads news, version {id_}, is approved now.\n" == approved.stdout
    bench.run(timedelta(minutes=5))
    assert 3 == len(bench.sent)
    assert ["Nothing waits for approval."] == lines(run("list"))
    (one,) = json.loads(run("list", "--all", "--json").stdout)["approvals"]
    assert ("approved", "mori", "seen", 0, 0) == (
        one["state"],
        one["by"],
        one["note"],
        one["waiting"],
        one["lapsed"],
    )
    assert 1 == len([row for row in bench.journal() if row.topic == "approvals.approved"])


def test_samples_are_shown_as_they_would_leave(desk):
    """In both languages, with the footer and the link to refuse; and how many there are of each."""
    _, run = desk
    (one,) = json.loads(run("list", "--json").stdout)["approvals"]
    shown = json.loads(run("show", one["id"], "--json").stdout)
    assert {"en": 2, "ja": 1} == shown["languages"]
    assert {"GB": 2, "JP": 1} == shown["countries"]
    assert {"approved": 3} == shown["stopped_by"]
    assert ["New tea 1", "新茶のご案内 2", "New tea 3"] == [each["subject"] for each in shown["samples"]]
    for each in shown["samples"]:
        assert "1 Tea Row, London" in each["text"]
        assert "https://aftercare.example/c/" in each["html"]
        assert "customer.example" not in json.dumps(each)


def test_a_person_reads_it_in_japanese(desk):
    """The words of the list and of one version."""
    _, run = desk
    head, row = lines(run("list", "--lang", "ja"))[:2]
    assert head.startswith("番号 配信 状態 未送信")
    assert "承認待ち" in row
    told = run("show", row.partition(" ")[0], "--lang", "ja", "--samples", "1").stdout
    assert "言語別" in told
    assert "サンプル 1/1: main/order/1" in told
    assert "New tea 1" in told


def test_what_was_rejected_is_not_sent(desk):
    """The user of the machine has said so, if nobody else is named."""
    bench, run = desk
    id_ = lines(run("list"))[1].partition(" ")[0]
    assert "is rejected now" in run("reject", id_, "--note", "too dear").stdout
    bench.run(timedelta(minutes=5))
    assert {("skipped", "rejected")} == {(state, code) for _, state, code in bench.outcomes()}
    assert [] == bench.sent


def test_what_was_changed_meanwhile_is_no_longer_asked_about(desk, tmp_path):
    """Its messages wait for the new text, which is another version."""
    bench, run = desk
    id_ = lines(run("list"))[1].partition(" ")[0]
    write(tmp_path / "templates", {"en": "Newer tea {{ order.number }}"})
    assert ["Nothing waits for approval."] == lines(run("list"))
    assert "replaced by another text" in run("list", "--all").stdout
    run("approve", id_)
    with bench.twin() as edited:
        edited.run(2 * HOUR)
        assert [] == edited.sent
    assert lines(run("list"))[1].partition(" ")[0] != id_


def test_what_has_changed_since_a_person_decided_is_shown(desk, tmp_path):
    """So that nobody has to compare two versions by eye."""
    bench, run = desk
    id_ = lines(run("list"))[1].partition(" ")[0]
    assert "changed since" not in run("show", id_).stdout
    run("approve", id_)
    write(tmp_path / "templates", {"en": "Newer tea {{ order.number }}"})
    newer = {"ads": program(on_purchase=always(replace(ADVERT, version="v2")))}
    with bench.twin(plugins=newer) as edited:
        edited.tell(order("4", email="customer-1@customer.example", placed=edited.clock.now()))
        edited.process()
    new = lines(run("list"))[1].partition(" ")[0]
    assert f"changed since {id_} (approved): template, version" in lines(run("show", new))
    assert "変更点" in run("show", new, "--lang", "ja").stdout
    told = json.loads(run("show", new, "--json").stdout)
    assert ("approved", ["template", "version"]) == (told["before"]["state"], told["changed"])
    first = json.loads(run("show", id_, "--json").stdout)
    assert (None, []) == (first["before"], first["changed"])


def test_a_version_that_is_none_is_an_error(desk):
    """With what to do."""
    _, run = desk
    for command in ("show", "approve", "reject"):
        result = run(command, "ffff00000000")
        assert 0 != result.exit_code
        assert "see `aftercare approvals list --all`" in result.stderr
