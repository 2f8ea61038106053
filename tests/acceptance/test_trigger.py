"""`aftercare trigger` against a server over HTTP: it sends what a shop would send, and does no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from typer.testing import CliRunner

from aftercare_customshop.signing import new_secret
from aftercare_sdk import Aftercare
from aftercare_sdk.cli.app import app
from aftercare_sdk.config import load
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.model.money import Money
from aftercare_sdk.store import control, events, journal, objects, trial
from aftercare_sdk.store.journal import Kind
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from aftercare_woocommerce import samples

CONFIGURATION = """
[brand]
name = "Hibi"
zone = "Asia/Tokyo"
country = "JP"
locale = "ja"
[database]
url = {{ env = "TEST_DATABASE" }}
[server]
port = {port}
[shops.woo]
adapter = "woocommerce"
secrets = [{{ env = "TEST_WOO" }}, {{ env = "TEST_WOO_OLD" }}]
[shops.own]
adapter = "customshop"
secret = {{ env = "TEST_OWN" }}
currency = "USD"
[shops.gulf]
adapter = "customshop"
secret = {{ env = "TEST_OWN" }}
currency = "BHD"
country = "BH"
locale = "en"
[quiet_hours]
email = "none"
[channels.email]
kind = "null"
sender = "hello@shop.example"
[plugins.flows.thank-you]
"""


class Place:
    """A folder with a configuration, a server that uses it, and commands that run in the folder."""

    def __init__(self, folder, aftercare, url):
        self.folder = folder
        self.aftercare = aftercare
        self.url = url

    def run(self, *arguments):
        """Run `aftercare trigger` and let the engine process what came."""
        result = CliRunner().invoke(app, ["trigger", *map(str, arguments)], catch_exceptions=False)
        self.aftercare.process()
        return result

    def told(self, *arguments):
        """Run it for JSON."""
        result = self.run(*arguments, "--json")
        assert 0 == result.exit_code, result.stderr
        return json.loads(result.stdout)

    def events(self):
        """Return the ids of all events, and when they occurred."""
        with self.aftercare.brand.database.read() as connection:
            return {one.event.id: one.event.occurred_at for one in events.everything(connection)}

    def order(self, shop, id_):
        """Return what is known of an order."""
        with self.aftercare.brand.database.read() as connection:
            return objects.get_many(connection, [(shop, "order", id_)])[shop, "order", id_].record

    def rows(self):
        """Return how many webhooks were stored."""
        with self.aftercare.brand.database.read() as connection:
            return sum(row.kind is Kind.WEBHOOK for row in journal.listing(connection, limit=1_000))


@pytest.fixture
def place(tmp_path, monkeypatch, migrated_database_url):
    """A running server with a WooCommerce shop and two of somebody's own making."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "TEST_DATABASE": migrated_database_url,
        "TEST_WOO": "s3cret",
        "TEST_WOO_OLD": "s3cret-before",
        "TEST_OWN": new_secret(),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AFTERCARE_CONFIG", raising=False)
    file = tmp_path / "aftercare.toml"
    file.write_text(CONFIGURATION.format(port=8000), encoding="utf-8")
    with (
        Aftercare(load(file)) as aftercare,
        Endpoint(make_app(aftercare, dict), "127.0.0.1", 0) as endpoint,
    ):
        file.write_text(CONFIGURATION.format(port=endpoint.port), encoding="utf-8")
        # As if the server had run for a minute: shops date by the second, plugins begin in between.
        with aftercare.brand.database.write() as connection:
            trial.begin_plugins(connection, SystemClock().now() - timedelta(minutes=1))
        aftercare.brand.reload()
        yield Place(tmp_path, aftercare, endpoint.url)


@pytest.fixture
def elsewhere():
    """A server that has nothing to do with aftercare."""

    async def hello(request):
        return PlainTextResponse("hello")

    with Endpoint(Starlette(routes=[Route("/", hello)]), "127.0.0.1", 0) as endpoint:
        yield endpoint.url


TELLS = [
    ("woo", "shipment", "shipment/whole"),
    ("woo", "cancellation", "cancellation"),
    ("own", "shipment", "shipment/1"),
    ("own", "delivery", "delivery/1"),
    ("own", "refund", "refund/R-{order}"),
    ("own", "cancellation", "cancellation"),
    ("gulf", "refund", "refund/R-{order}"),
]


@pytest.mark.parametrize(("shop", "kind", "event"), TELLS)
def test_each_fact_becomes_its_event(place, shop, kind, event):
    """Of an order that nobody has heard of, the purchase comes first."""
    told = place.told(kind, "--shop", shop)
    id_ = told["order"]["id"]
    assert ["purchase", kind] == [one["kind"] for one in told["webhooks"]]
    assert [(202, "stored")] * 2 == [(one["status"], one["outcome"]) for one in told["webhooks"]]
    bought, happened = (datetime.fromisoformat(one["at"]) for one in told["webhooks"])
    expected = {
        f"{shop}/order/{id_}/purchase": bought,
        f"{shop}/order/{id_}/{event.format(order=id_)}": happened,
    }
    assert {
        name: at for name, at in place.events().items() if "delivery" not in name or kind == "delivery"
    } == expected
    assert timedelta(days=1) == happened - bought


@pytest.mark.parametrize(
    ("shop", "total", "name"),
    [
        ("woo", Money(2870, "JPY"), "テスト"),
        ("own", Money(2870, "USD"), "テスト"),
        ("gulf", Money(28700, "BHD"), "Customer"),
    ],
)
def test_a_purchase_is_in_the_shops_own_money_and_language(place, shop, total, name):
    """Two lines, exact amounts, a customer who is obviously none."""
    told = place.told("purchase", "--shop", shop, "--order", "1042")
    assert {"id": "99000000001042", "number": "trigger-1042", "email": "trigger-1042@example.com"} == told[
        "order"
    ]
    record = place.order(shop, "99000000001042")
    amounts = record.amounts.value
    assert (total, 2, False) == (amounts.total, len(amounts.lines), amounts.rounded)
    assert total == sum((line.paid for line in amounts.lines), start=amounts.shipping)
    assert (name, "trigger-1042@example.com") == (
        record.contact.value.family_name,
        record.contact.value.email,
    )
    assert 1 == len(place.events())


@pytest.mark.parametrize(("shop", "refund"), [("woo", "99000500001042"), ("own", "R-99000000001042")])
def test_a_story_goes_on_with_the_same_order(place, shop, refund):
    """A refund leaves the time of the purchase as it is, and the customer too."""
    order = ("--shop", shop, "--order", "trigger-1042")
    first = place.told("purchase", "--shop", shop, "--order", 1042, "--email", "dev@example.com")
    place.told("shipment", *order)
    last = place.told("refund", *order)
    assert ["refund"] == [one["kind"] for one in last["webhooks"]]
    assert first["order"] == last["order"]
    bought = datetime.fromisoformat(first["webhooks"][0]["at"])
    record = place.order(shop, "99000000001042")
    assert (bought, "dev@example.com") == (record.purchased_at, record.contact.value.email)
    assert [refund] == list(record.refunds)
    assert record.amounts.value.total == record.refunds[refund].amount.value
    kinds = [name.split("/")[3] for name in place.events()]
    assert ["purchase", "refund", "shipment"] == sorted(kinds)


def test_the_fact_has_the_time_that_is_asked_for(place):
    """As other commands read times: in the brand's zone unless it says another."""
    told = place.told("purchase", "--shop", "own", "--at", "2026-04-01T09:00")
    assert "2026-04-01T00:00:00+00:00" == told["webhooks"][0]["at"]
    assert [datetime(2026, 4, 1, tzinfo=UTC)] == list(place.events().values())


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("9999-01-01T00:00", "lies in the future"),
        ("2026-03-31T00:00", "lies before the purchase"),
        ("soon", "is no time"),
    ],
)
def test_impossible_times_are_refused(place, at, words):
    """Nothing happens in the future, nor to an order before it was bought."""
    place.told("purchase", "--shop", "own", "--order", 7, "--at", "2026-04-01T09:00")
    result = place.run("refund", "--shop", "own", "--order", 7, "--at", at)
    assert (2, 1) == (result.exit_code, place.rows())
    assert words in result.stderr


def test_people_are_told_what_to_look_at_next(place):
    """With commands to copy; a fact from before a plugin began is told of."""
    result = place.run("purchase", "--shop", "woo", "--order", 5)
    assert "202      stored    purchase   woo trigger-5" in result.stdout
    assert "  aftercare timeline trigger-5@example.com\n" in result.stderr
    assert "is due at once for an order of an hour ago: --at " in result.stderr
    assert "does not hear" not in result.stderr
    result = place.run("cancellation", "--shop", "woo", "--order", 6)
    assert "its purchase, 1 day before, was told first" in result.stderr
    assert "The plugin flows takes part since" in result.stderr
    shown = CliRunner().invoke(app, ["timeline", "trigger-6@example.com", "--lang", "en"])
    assert "Order trigger-6 was cancelled" in shown.stdout
    # The command that is proposed to go on is one that works.
    again = place.run("purchase", "--shop", "own").stderr
    (line,) = [each.split() for each in again.splitlines() if "trigger refund" in each]
    assert 0 == place.run(*line[2:]).exit_code


WRONG = [
    (
        ("purchas", "--shop", "own"),
        "has no sample 'purchas' (did you mean 'purchase'?); it has purchase, shipment",
    ),
    (("review", "--shop", "own"), "has no sample 'review'; it has purchase, shipment, delivery, refund"),
    (("delivery", "--shop", "woo"), "WooCommerce does not know when a parcel arrives"),
    (
        ("delivery", "--shop", "woo"),
        "The adapter 'woocommerce' tells: purchase, shipment, refund, cancellation",
    ),
    (("purchase", "--shop", "wo"), "has no shop 'wo' (did you mean 'woo'?); it has woo, own, gulf"),
    (("purchase",), "name one of the shops with --shop: woo, own, gulf"),
    (("purchase", "--shop", "own", "--order", "0"), "is no number of a sample order"),
    (("purchase", "--shop", "own", "--order", "1042x"), "is no number of a sample order"),
    (("purchase", "--shop", "own", "--order", "123456789"), "is no number of a sample order"),
    (("purchase", "--shop", "own", "--url", "localhost"), "is no address of a server"),
    (("purchase", "--shop", "own", "--url", "http://127.0.0.1:x"), "is no address of a server"),
    (("purchase", "--shop", "own", "--url", "https://shop.example"), "--url https://shop.example --yes"),
    (("purchase", "--shop", "own", "--url", "http://192.0.2.1:8000"), "192.0.2.1 is another machine"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_a_wrong_use_is_told_with_its_cure(place, arguments, words):
    """And nothing is sent."""
    result = place.run(*arguments)
    assert (2, 0) == (result.exit_code, place.rows())
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_server_that_does_not_run(place):
    """The port of a server that has ended answers nobody."""
    with Endpoint(Starlette(), "127.0.0.1", 0) as ended:
        pass
    result = place.run("purchase", "--shop", "own", "--url", ended.url)
    assert 3 == result.exit_code
    assert f"no server answers at {ended.url}" in result.stderr
    assert "aftercare serve --dev" in result.stderr


@pytest.mark.parametrize("shop", ["woo", "own"])
def test_a_server_with_another_secret(place, monkeypatch, shop):
    """401: somebody has set the variable in one terminal only."""
    monkeypatch.setenv("TEST_WOO", "another")
    monkeypatch.setenv("TEST_OWN", new_secret())
    result = place.run("purchase", "--shop", shop)
    assert (2, 0) == (result.exit_code, place.rows())
    assert f"runs with another secret for shop '{shop}'" in result.stderr


def test_a_server_with_another_configuration(place):
    """404: the server does not know the shop."""
    file = place.folder / "aftercare.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[shops.own]", "[shops.new]"), encoding="utf-8")
    result = place.run("purchase", "--shop", "new")
    assert 2 == result.exit_code
    assert f"the server at {place.url} has no shop 'new' (404)" in result.stderr


def test_another_server_at_the_address(place, elsewhere):
    """What answers is not aftercare."""
    result = place.run("purchase", "--shop", "own", "--url", elsewhere)
    assert 2 == result.exit_code
    assert "answered 404, and not as an aftercare server does" in result.stderr


def test_a_secret_that_is_not_set(place, monkeypatch):
    """The variable is named."""
    monkeypatch.delenv("TEST_OWN")
    result = place.run("purchase", "--shop", "own")
    assert 2 == result.exit_code
    assert "TEST_OWN" in result.stderr


def test_real_orders_get_no_company_unasked(place, monkeypatch):
    """In a live database with orders of a shop, a made-up one would stay for ever."""
    real = next(one for one in samples.webhooks() if one.name.startswith("047-"))
    monkeypatch.setenv("TEST_WOO", real.secret)
    assert 0 == place.run("purchase", "--shop", "own").exit_code
    with Aftercare(load(place.folder / "aftercare.toml")) as shop:
        assert 202 == shop.receive("woo", real.request).status
        shop.process()
    result = place.run("purchase", "--shop", "own")
    assert (2, 2) == (result.exit_code, place.rows())
    assert "holds real orders" in result.stderr
    assert 0 == place.run("purchase", "--shop", "own", "--yes").exit_code
    with place.aftercare.brand.database.write() as connection:
        control.put_setting(connection, "mode", "demo")
    assert 0 == place.run("purchase", "--shop", "own").exit_code


def test_a_server_without_dev_has_no_page(place):
    """The page with caught mails is there only with --dev."""
    assert 404 == requests.get(f"{place.url}/dev", timeout=30).status_code
    assert "Its mails" not in place.run("purchase", "--shop", "own").stderr


def test_the_default_address_follows_the_configuration(place):
    """The one by which a server on all addresses is reached from this machine."""
    port = urlsplit(place.url).port
    file = place.folder / "aftercare.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[server]\n", '[server]\nhost = "0.0.0.0"\n'), encoding="utf-8")
    assert f"http://127.0.0.1:{port}" == place.told("purchase", "--shop", "own")["url"]
    file.write_text(text.replace(f"port = {port}", "port = 0"), encoding="utf-8")
    result = place.run("purchase", "--shop", "own")
    assert 2 == result.exit_code
    assert "[server] port is 0" in result.stderr


def test_now_is_the_machines_time(place):
    """Without --at."""
    before = SystemClock().now().replace(microsecond=0)
    told = place.told("purchase", "--shop", "own")
    assert before <= datetime.fromisoformat(told["webhooks"][0]["at"]) <= SystemClock().now()
