"""What `aftercare upcoming` prints."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from tests.support.shop import DAY, Bench, always, note, order, program

ANN = "ann@customer.example"
AHEAD = 3_640 * DAY
"""The command goes by the clock of the machine, so what is planned is far away."""
CONFIGURATION = """
[brand]
name = "Hibi"
locale = "{locale}"
zone = "Asia/Tokyo"
[database]
url = {{ env = "TEST_DATABASE" }}
[shops.main]
adapter = "customshop"
secrets = [{{ env = "SHOP_SECRET" }}]
[channels.email]
kind = "null"
sender = "hello@shop.example"
[quiet_hours]
email = "none"
"""


def planned(url):
    """Plan a message to Ann."""
    with Bench(url, {"letters": program(on_purchase=always(note("birthday", delay=AHEAD)))}) as bench:
        bench.tell(order("1"))
        bench.process()


@pytest.fixture
def run(template_database, tmp_path, monkeypatch):
    """A function that runs `aftercare upcoming …` on a database with one message planned."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", template_database(planned))
    monkeypatch.setenv("SHOP_SECRET", "whsec_" + "A" * 43 + "=")

    def call(*arguments, locale="en", code=0):
        (tmp_path / "aftercare.toml").write_text(CONFIGURATION.format(locale=locale))
        result = CliRunner().invoke(app, ["upcoming", *arguments])
        assert code == result.exit_code, result.output
        return result

    return call


@pytest.mark.parametrize(
    ("locale", "headline", "goes"),
    [
        ("en", "“birthday” (letters) for order 1, planned for 2036-04-18 18:00", "leaves 2036-04-18 18:00"),
        ("ja", "「birthday」（letters、注文 1）予定 2036年4月18日 18:00", "2036年4月18日 18:00 に送信します"),
    ],
)
def test_in_the_language_of_the_brand(run, locale, headline, goes):
    """On the brand's clock; it would leave when it is due."""
    told = run(ANN, "--days", "3650", locale=locale).stdout.splitlines()
    assert [headline, f"  {goes}"] == told[:2]


def test_nothing_within_the_days(run):
    """It is planned for much later."""
    assert "Nothing is planned for the next 14 days.\n" == run(ANN).stdout
    assert [] == json.loads(run(ANN, "--json").stdout)


def test_for_programs(run):
    """Codes and values, and the same in words."""
    (told,) = json.loads(run(ANN, "--days", "3650", "--json", "--lang", "ja").stdout)
    assert {
        "plugin": "letters",
        "label": "birthday",
        "about": "main/order/1",
        "due_at": "2036-04-18T09:00:00+00:00",
        "prospect": "goes",
        "at": "2036-04-18T09:00:00+00:00",
        "with": None,
        "checks": [],
    }.items() <= told.items()
    assert "2036年4月18日 18:00 に送信します" == told["text"]


def test_nobody(run):
    """Whoever is not known has nothing planned, and that is told."""
    assert "Nobody is known as 'zoe@customer.example'" in run("zoe@customer.example", code=1).output
