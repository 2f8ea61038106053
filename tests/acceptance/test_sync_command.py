"""`aftercare sync` says what went wrong with a connection, and what of it was mended."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, serve
from aftercare_woocommerce.webhooks import install

HOOKS = "https://aftercare.example/webhooks/main"


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Write the configuration of a shop at an address."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"WOO_SECRET": "s3cret", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}.items():
        monkeypatch.setenv(name, value)

    def configure(url):
        (tmp_path / "aftercare.toml").write_text(
            '[brand]\nname = "Hibi"\nlocale = "en"\nzone = "UTC"\ncountry = "GB"\n'
            '[shops.main]\nadapter = "woocommerce"\nsecret = { env = "WOO_SECRET" }\ncurrency = "JPY"\n'
            f'url = "{url}"\nwebhooks_url = "{HOOKS}"\n'
            'consumer_key = { env = "WOO_KEY" }\nconsumer_secret = { env = "WOO_KEY_SECRET" }\n'
        )

    return configure


def test_a_shop_that_refuses_is_no_success(configured, monkeypatch):
    """Whoever runs it by cron hears of it by the exit code, also with --json."""
    monkeypatch.setenv("WOO_KEY_SECRET", "cs_wrong")
    with serve(Api(FakeWooCommerce())) as url:
        configured(url)
        for options in ((), ("--json",)):
            assert 3 == CliRunner().invoke(app, ["sync", *options]).exit_code


def test_webhooks_that_were_switched_on_again_are_told(configured):
    """The shop had switched one off, without a word to anybody."""
    shop = FakeWooCommerce(deliver=lambda _: 200)
    with serve(Api(shop)) as url:
        client = RestClient(shop="main", url=url, consumer_key=KEY, consumer_secret=SECRET)
        install(client, shop="main", url=HOOKS, secret="s3cret")
        configured(url)
        quiet = CliRunner().invoke(app, ["sync", "--json"])
        assert (0, []) == (quiet.exit_code, json.loads(quiet.stdout)["connections"])
        hook = next(iter(shop.queue.webhooks.values()))
        hook.fields["status"] = "disabled"
        told = CliRunner().invoke(app, ["sync"])
    assert (0, "active") == (told.exit_code, hook.fields["status"])
    assert "webhook 1 is disabled: the shop gave up after seven failures (put right)" in told.stderr
