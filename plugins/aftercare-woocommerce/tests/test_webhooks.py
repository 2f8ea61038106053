from __future__ import annotations

import re
import stat

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ping, RawRequest
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, serve
from aftercare_woocommerce.webhooks import TOPICS, Problem, check, install, reactivate

URL = "https://aftercare.example/webhooks/tea"


@pytest.fixture
def client(woo):
    """The client of a connected shop."""
    return woo.adapter._client()


def put_up(client, **how):
    """Install with a secret."""
    return install(client, **{"shop": "tea", "url": URL, "secret": "s3cret", **how})


def found(client, url=URL):
    """Return what is wrong, as pairs of topic and problem."""
    return [(finding.topic, finding.problem) for finding in check(client, shop="tea", url=url)]


def test_missing(client):
    """A shop without webhooks tells nothing."""
    assert [(topic, Problem.MISSING) for topic in TOPICS] == found(client)


def test_installed(woo, client):
    """All that are needed are made, once, with names by which staff knows them."""
    made = put_up(client)
    assert [(topic, "made") for topic in TOPICS] == [(each.topic, each.deed) for each in made]
    assert [] == found(client)
    assert [(topic, "set") for topic in TOPICS] == [(each.topic, each.deed) for each in put_up(client)]
    assert len(TOPICS) == len(woo.shop.webhooks)
    first = woo.shop.webhooks[1].fields
    assert ("aftercare tea order.created", URL, "active", "s3cret") == tuple(
        first[name] for name in ("name", "delivery_url", "status", "secret")
    )


def test_what_is_sent_is_understood(woo, client, adapter_of):
    """From the first ping on, the adapter takes what the new webhooks send."""
    sent = []
    woo.shop.queue.transport = lambda delivery: sent.append(delivery) or 200
    put_up(client)
    adapter = adapter_of("s3cret")
    assert {Ping()} == {adapter.verify(RawRequest(each.headers, each.body)) for each in sent}
    sent.clear()
    [order] = woo.orders(1)
    woo.shop.trash(order)
    woo.shop.customer("a@example.jp")
    woo.shop.edit_product(woo.tea, name="緑茶")
    woo.shop.deliver()
    topics = [adapter.verify(RawRequest(each.headers, each.body)).topic for each in sent]
    assert {"order.created", "order.updated", "order.deleted", "customer.created", "product.updated"} <= set(
        topics
    )


def test_disabled_and_paused(woo, client):
    """A disabled or paused webhook is found, and set right with the secret."""
    put_up(client)
    woo.shop.webhooks[1].fields.update(status="disabled", secret="old")
    woo.shop.webhooks[2].fields["status"] = "paused"
    assert [("order.created", Problem.DISABLED), ("order.updated", Problem.PAUSED)] == found(client)
    put_up(client)
    assert [] == found(client)
    assert "s3cret" == woo.shop.webhooks[1].fields["secret"]


def test_made_by_hand(woo, client):
    """A webhook that staff made for our address is taken over, however the address is spelled."""
    client.post(
        "webhooks",
        {"name": "mine", "topic": "order.created", "delivery_url": "https://Aftercare.example/webhooks/tea/"},
    )
    assert ("order.created", Problem.MISSING) not in found(client)
    put_up(client)
    assert len(TOPICS) == len(woo.shop.webhooks)
    assert ("aftercare tea order.created", URL) == tuple(
        woo.shop.webhooks[1].fields[name] for name in ("name", "delivery_url")
    )


def test_another_installation(woo, client):
    """Webhooks that go elsewhere are told and left alone; only `move` redirects them."""
    old = "https://old.example/webhooks/tea"
    put_up(client, url=old)
    for webhook in woo.shop.webhooks.values():
        webhook.fields["delivery_url"] += "?token=x1"
    assert [(topic, Problem.ELSEWHERE) for topic in TOPICS] == found(client)
    told = check(client, shop="tea", url=URL)[0]
    assert f"order.created: webhook 1 goes to {old}" == str(told)
    put_up(client)
    assert [] == found(client)
    assert 2 * len(TOPICS) == len(woo.shop.webhooks)
    woo.shop.webhooks.clear()
    put_up(client, url=old)
    put_up(client, move=True)
    assert [] == found(client)
    assert len(TOPICS) == len(woo.shop.webhooks)


def test_two_shops_of_one_platform(woo, client):
    """The webhooks of another shop's name are none of ours."""
    put_up(client, shop="coffee", url="https://aftercare.example/webhooks/coffee")
    assert [(topic, Problem.MISSING) for topic in TOPICS] == found(client)
    assert () == reactivate(client, shop="tea")


def test_the_adapter_looks_after_them(woo, client):
    """What WooCommerce has switched off is active again after the next listing, and it is said."""
    put_up(client)
    woo.shop.webhooks[2].fields["status"] = "disabled"
    [told] = woo.adapter.tend()
    assert "webhook 2 is disabled: the shop gave up after seven failures (put right)" in told
    assert ("active", ()) == (woo.shop.webhooks[2].fields["status"], woo.adapter.tend())


def test_twice(woo, client):
    """Two active webhooks of one topic send everything twice; one of them may go."""
    put_up(client)
    client.post("webhooks", {"topic": "order.updated", "delivery_url": URL})
    assert [("order.updated", Problem.TWICE)] == found(client)
    woo.shop.webhooks[2].fields["status"] = "disabled"
    assert [] == found(client)


def test_cut_off(woo, client):
    """What was made before the shop broke down is found by the next run."""
    woo.api.fail(after=4)
    with pytest.raises(PlatformUnavailable):
        put_up(client)
    assert 3 == len(woo.shop.webhooks)
    assert ["set"] * 3 + ["made"] * 8 == [each.deed for each in put_up(client)]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"url": "http://aftercare.example/webhooks/tea"}, "https://"),
        ({"secret": " "}, "empty"),
        ({"url": "x"}, "no address"),
    ],
)
def test_refused(client, how, told):
    """Customers' data do not travel in the open, and no webhook goes without a secret."""
    with pytest.raises(ConfigurationError, match=told):
        put_up(client, **how)


def test_no_right_to_write(woo, client):
    """A key for reading may check, and not install."""
    woo.shop.keys.known[KEY] = (SECRET, "read")
    assert len(TOPICS) == len(found(client))
    with pytest.raises(ConfigurationError, match="Read/Write"):
        put_up(client)


class TestReactivate:
    def test_after_failures(self, woo, client):
        """A webhook that the shop gave up is found, reported and switched on again."""
        put_up(client)
        woo.shop.queue.transport = lambda _: 500
        [order] = woo.orders(1)
        for _ in range(7):
            woo.shop.edit(order)
            woo.shop.deliver()
        [finding] = reactivate(client, shop="tea")
        assert ("order.updated", Problem.DISABLED, True) == (finding.topic, finding.problem, finding.mended)
        assert str(finding).endswith("(put right)")
        assert () == reactivate(client, shop="tea")
        woo.shop.queue.transport = lambda _: 200
        woo.shop.edit(order)
        assert ["order.updated"] == [each.topic for each in woo.shop.deliver()]

    def test_paused(self, woo, client):
        """What somebody paused stays paused."""
        put_up(client)
        woo.shop.webhooks[3].fields["status"] = "paused"
        [finding] = reactivate(client, shop="tea")
        assert (Problem.PAUSED, False) == (finding.problem, finding.mended)
        assert "paused" == woo.shop.webhooks[3].fields["status"]

    def test_made_by_hand(self, woo, client):
        """By their address those are found that were made by hand."""
        client.post("webhooks", {"topic": "order.created", "delivery_url": URL, "status": "disabled"})
        assert () == reactivate(client, shop="tea")
        assert 1 == len(reactivate(client, shop="tea", url=URL))

    def test_odd_rows(self, woo, client):
        """What a plugin of the shop puts into the list is left alone."""
        answer = woo.api._routed

        def routed(*asked):
            status, page = answer(*asked)
            page.rows += [{"id": "x"}, {"id": 7, "name": None}]
            return status, page

        woo.api._routed = routed
        assert () == reactivate(client, shop="tea")


class TestCommands:
    """The commands, against a shop over real HTTP."""

    @pytest.fixture
    def run(self, tmp_path, monkeypatch):
        shop = FakeWooCommerce(deliver=lambda _: 200)
        config = tmp_path / "aftercare.toml"
        monkeypatch.setenv("WOO_KEY", KEY)
        monkeypatch.setenv("WOO_KEY_SECRET", SECRET)
        with serve(Api(shop)) as url:

            def run(*arguments, extra="secrets = []"):
                config.write_text(
                    f"""
                    [brand]
                    name = "Tea"
                    country = "JP"

                    [shops.tea]
                    adapter = "woocommerce"
                    url = "{url}"
                    consumer_key = {{ env = "WOO_KEY" }}
                    consumer_secret = {{ env = "WOO_KEY_SECRET" }}
                    {extra}
                    """
                )
                asked = ["--config", str(config), "woocommerce", "webhooks", *arguments]
                return CliRunner().invoke(app, asked)

            run.shop = shop
            yield run

    def test_a_new_secret(self, run):
        """It is shown once, with what to do with it, and is that of the webhooks."""
        result = run("install", "--url", URL)
        assert 0 == result.exit_code, result.output
        assert "order.created: made (webhook 1)" in result.stdout
        [secret] = re.findall(r"shown this once: (\S+)", result.stderr)
        assert {secret} == {each.fields["secret"] for each in run.shop.webhooks.values()}
        assert 'secret = { env = "WOO_SECRET" } under [shops.tea]' in result.stderr
        assert "11 webhooks are active" in run("check", "--url", URL).stderr

    def test_the_secret_of_the_configuration(self, run, monkeypatch):
        """A secret that is there already is used, and not shown."""
        monkeypatch.setenv("WOO_SECRET", "configured-s3cret")
        result = run("install", "--url", URL, extra='secret = { env = "WOO_SECRET" }')
        assert 0 == result.exit_code, result.output
        assert "configured-s3cret" not in result.output
        assert "configured-s3cret" == run.shop.webhooks[1].fields["secret"]

    def test_a_secret_file(self, run, tmp_path):
        """It is written for nobody else to read, and used again by the next run."""
        file = tmp_path / "woo-secret"
        for _ in range(2):
            result = run("install", "--url", URL, "--secret-file", str(file))
            assert 0 == result.exit_code, result.output
        secret = file.read_text().strip()
        assert {secret} == {each.fields["secret"] for each in run.shop.webhooks.values()}
        assert secret not in result.output
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
    def test_a_secret_file_without_a_secret(self, run, tmp_path, content):
        """It is not overwritten."""
        file = tmp_path / "woo-secret"
        file.write_bytes(content)
        result = run("install", "--url", URL, "--secret-file", str(file))
        assert (2, content) == (result.exit_code, file.read_bytes())
        assert "--secret-file" in result.stderr
        assert {} == run.shop.webhooks

    def test_check(self, run):
        """What is wrong is told line by line, and by the exit code."""
        run("install", "--url", URL)
        run.shop.webhooks[1].fields["status"] = "disabled"
        del run.shop.webhooks[2]
        result = run("check", "--url", URL)
        assert 1 == result.exit_code
        assert [
            "order.created: webhook 1 is disabled: the shop gave up after seven failures",
            "order.updated: there is none: what happens is not told",
        ] == result.stdout.splitlines()
        assert "install" in result.stderr

    def test_without_credentials(self, run):
        """What is missing is named with its settings."""
        result = run("check", "--url", URL, "--shop", "coffee")
        assert 2 == result.exit_code
        assert "tea" in result.stderr
