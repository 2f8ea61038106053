from __future__ import annotations

from typing import ClassVar

import pytest
from typer.testing import CliRunner

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.shops import Shop
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.commands import build
from aftercare_shopify.fake import TOKEN, Api, FakeShopify, serve
from aftercare_shopify.webhooks import OPTIONAL, TOPICS

URL = "https://aftercare.example/webhooks/torii"


class Console:
    """What the command line gives to a plugin's commands."""

    def __init__(self, shop):
        self.connected = shop
        self.lines, self.notes = [], []

    def shop(self, adapter, name=None):
        """Return the one shop that there is."""
        if adapter != "shopify" or name not in {None, self.connected.name}:
            raise ConfigurationError(f"there is no shop {name!r}; there is {self.connected.name!r}")
        return self.connected, ShopifyAdapter(self.connected)

    def write(self, line):
        """Take a line of data."""
        self.lines.append(line)

    def note(self, line):
        """Take something about the run."""
        self.notes.append(line)


@pytest.fixture
def run():
    """Run commands against a shop over real HTTP."""
    shop = FakeShopify(deliver=lambda _: 200)
    with serve(Api(shop)) as url:

        class Run:
            options: ClassVar = {"domain": shop.domain, "url": url, "access_token": TOKEN}

            def __call__(self, *arguments, secrets=("s3cret",), **options):
                self.console = Console(
                    Shop(name="torii", options={**self.options, **options}, secrets=secrets)
                )
                result = CliRunner().invoke(build(), ["webhooks", *arguments], obj=self.console)
                if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
                    raise result.exception
                return result.exit_code

        run = Run()
        run.shop = shop
        yield run


def test_install(run):
    """Each topic is told with what was done; a second time nothing is."""
    assert 0 == run("install", "--shop", "torii", "--url", URL)
    assert [f"{topic}: made" for topic in TOPICS] == [line.partition(" (")[0] for line in run.console.lines]
    assert 0 == run("install", "--url", URL)
    assert {"kept"} == {line.partition(": ")[2].partition(" (")[0] for line in run.console.lines}
    assert len(TOPICS) == len(run.shop.subscriptions)


def test_install_without_a_scope(run):
    """What is not made is told, and the exit code says so."""
    run.shop.access.scopes -= {"read_products", "write_products"}
    assert 1 == run("install", "--url", URL)
    assert 3 == sum("give the app the scope read_products" in line for line in run.console.lines)
    assert len(TOPICS) - 3 == len(run.shop.subscriptions)


def test_install_moves(run):
    """With --move what went elsewhere goes here."""
    run("install", "--url", "https://old.example/hooks")
    assert 1 == run("check", "--url", URL)
    assert 0 == run("install", "--url", URL, "--move")
    assert 0 == run("check", "--url", URL)


@pytest.mark.parametrize("command", ["install", "check"])
def test_compliance_topics(run, command):
    """Each time it is said which topics no API makes, and what to write where for them."""
    run(command, "--url", URL)
    told = "\n".join(run.console.notes)
    assert "customers/data_request, customers/redact, shop/redact: no API subscribes to these" in told
    assert 'compliance_topics = ["customers/data_request", "customers/redact", "shop/redact"]' in told
    assert "dev.shopify.com" in told


def test_check(run):
    """What is wrong is told line by line, and by the exit code."""
    run("install", "--url", URL)
    assert 0 == run("check", "--shop", "torii", "--url", URL)
    assert ([], f"{len(TOPICS) - len(OPTIONAL)} topics are subscribed") == (
        run.console.lines,
        run.console.notes[-1],
    )
    for number, each in list(run.shop.subscriptions.items()):
        if each.topic == "orders/create":
            each.filter = "test:false"
        if each.topic == "orders/updated":
            del run.shop.subscriptions[number]
    assert 1 == run("check", "--url", URL)
    first, second = run.console.lines
    assert first.endswith("has a filter: some of what happens is not told")
    assert "orders/updated: there is none: what happens is not told" == second
    assert "`aftercare shopify webhooks install` mends this" in run.console.notes[-1]


def test_check_of_an_app_that_is_configured(run):
    """Where the API shows nothing at all, it is said that the app's own configuration may do it."""
    run.shop.configure(URL, TOPICS)
    assert 1 == run("check", "--url", URL)
    assert "nothing is to be installed" in run.console.notes[0]


def test_the_address_of_the_configuration(run):
    """The option of the shop serves where no address is given; without both the cure is told."""
    assert 0 == run("install", webhooks_url=URL)
    assert {URL} == {each.uri for each in run.shop.subscriptions.values()}
    with pytest.raises(
        ConfigurationError, match=r"--url https://<your server>/webhooks/torii, or webhooks_url"
    ):
        run("check")


def test_no_secret(run):
    """Without the secret all that is sent would be refused, which is said at once."""
    run("install", "--url", URL, secrets=())
    assert "client secret of the app" in run.console.notes[-1]


def test_another_shop(run):
    """A shop that is not configured is told with those that are."""
    with pytest.raises(ConfigurationError, match="'torii'"):
        run("check", "--shop", "coffee", "--url", URL)


def test_help():
    """Both commands say what they are for."""
    told = CliRunner().invoke(build(), ["webhooks", "--help"]).output
    assert "install" in told
    assert "check" in told
