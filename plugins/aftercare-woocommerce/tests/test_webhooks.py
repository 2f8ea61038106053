from __future__ import annotations

import re
import stat
from collections import Counter
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ping, RawRequest, Shop
from aftercare_woocommerce import address
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.client import Refused
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, Refusal, serve
from aftercare_woocommerce.webhooks import TOPICS, Deed, Problem, check, install, reactivate, unusual

URL = "https://aftercare.example/webhooks/tea"


ODD = ("https://[x/hook", "https://ho[st]/x", "https://a:b/x", "https://exam\u2100ple.jp/x")
"""Addresses that Python takes for none."""


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
    assert 2 * len(TOPICS) == len(woo.shop.webhooks)
    assert {old + "?token=x1", URL} == {hook.fields["delivery_url"] for hook in woo.shop.webhooks.values()}
    woo.shop.webhooks.clear()
    put_up(client, url=old)
    put_up(client, move=True)
    assert [] == found(client)
    assert len(TOPICS) == len(woo.shop.webhooks)


def test_here_and_elsewhere(woo, client):
    """Webhooks of ours that go elsewhere are told even where all are here; `move` pauses what is too many."""
    put_up(client, url="https://aftercare.example/webhooks/tae")
    put_up(client)
    assert [(topic, Problem.ELSEWHERE) for topic in TOPICS] == found(client)
    done = put_up(client, move=True)
    assert {Deed.SET: 14, Deed.PAUSED: 14} == Counter(each.deed for each in done)
    assert [] == found(client)
    statuses = [(hook.fields["delivery_url"], hook.fields["status"]) for hook in woo.shop.webhooks.values()]
    assert {("https://aftercare.example/webhooks/tae", "paused"): 14, (URL, "active"): 14} == Counter(
        statuses
    )


def test_the_port_is_part_of_an_address(client):
    """An address with a port is told with it; the one that everybody has may be written or not."""
    put_up(client, url="https://aftercare.example:8443/webhooks/tea")
    told = check(client, shop="tea", url=URL)[0]
    assert "order.created: webhook 1 goes to https://aftercare.example:8443/webhooks/tea" == str(told)
    assert [] == found(client, "https://aftercare.example:8443/webhooks/tea")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Shop.example:443/x/", "https://shop.example/x"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:", "https://shop.example"),
        ("https://[::1]:443/x", "https://[::1]/x"),
    ],
)
def test_the_same_address(one, other):
    """However an address is spelled, it is used in one form."""
    assert other == address.site(one)


@pytest.mark.parametrize("url", ["http://shop.example:443", "https://shop.example:80", "https://[::1]:8443"])
def test_another_port_stays(url):
    """Only the port that the scheme has anyway is left out."""
    assert url == address.site(url)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_address(woo, client, odd):
    """What another plugin of the shop has written into the database stops nothing."""
    put_up(client, url="https://old.example/webhooks/tea")
    woo.shop.webhooks[1].fields.update(delivery_url=odd, status="disabled")
    assert (Problem.ELSEWHERE, "an address that is none") == tuple(
        getattr(check(client, shop="tea", url=URL)[0], name) for name in ("problem", "url")
    )
    put_up(client)
    assert (1, 0) == (len(reactivate(client, shop="tea")), len(reactivate(client, shop="tea", url=URL)))
    put_up(client, move=True)
    assert (odd, "paused") == tuple(woo.shop.webhooks[1].fields[name] for name in ("delivery_url", "status"))


@pytest.mark.parametrize("url", [*ODD, "https://ho_st.example/x", "https://", "https://x.example/a b"])
def test_a_shop_takes_no_odd_address(client, url):
    """WooCommerce refuses what PHP does not take for an address."""
    with pytest.raises(Refused, match="invalid_delivery_url"):
        client.post("webhooks", {"topic": "order.created", "delivery_url": url})


@pytest.mark.parametrize("odd", [*ODD, "http://aftercare.example/webhooks/tea", ""])
def test_our_own_address_is_none(client, odd):
    """Nothing is compared with an address to which no webhook could go."""
    with pytest.raises(ConfigurationError, match="the address that webhooks are to go to"):
        check(client, shop="tea", url=odd)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, False),
        (URL + "/", False),
        ("https://aftercare.example/behind/a/proxy/webhooks/tea", False),
        ("https://aftercare.example/webhooks/tae", True),
        ("https://aftercare.example/webhooks/green-tea", True),
        ("https://aftercare.example", True),
    ],
)
def test_an_unusual_address(url, expected):
    """An address that does not name the shop is most often a slip."""
    assert expected == bool(unusual(url, shop="tea"))


def test_two_shops_of_one_platform(woo, client):
    """The webhooks of another shop's name are none of ours."""
    put_up(client, shop="coffee", url="https://aftercare.example/webhooks/coffee")
    assert [(topic, Problem.MISSING) for topic in TOPICS] == found(client)
    assert () == reactivate(client, shop="tea")


def test_the_adapter_looks_after_them(woo, client):
    """What WooCommerce has switched off is active again after the next listing, and it is said."""
    put_up(client)
    adapter = WooCommerceAdapter(Shop(name="tea", options={"webhooks_url": URL}), client)
    for _ in range(2):
        woo.shop.webhooks[2].fields["status"] = "disabled"
        [told] = adapter.tend()
        assert "webhook 2 is disabled: the shop gave up after seven failures (put right)" in told
        assert ("active", ()) == (woo.shop.webhooks[2].fields["status"], adapter.tend())


def test_nothing_is_told_again_and_again(woo, client):
    """What stays as it is, because nobody knows where webhooks are to go to, is told once."""
    put_up(client)
    woo.shop.webhooks[2].fields["status"] = "disabled"
    [told] = woo.adapter.tend()
    assert "order.updated: webhook 2 is disabled" in told
    assert f"goes to {URL}; set webhooks_url under [shops.tea]" in told
    assert ("disabled", ()) == (woo.shop.webhooks[2].fields["status"], woo.adapter.tend())
    woo.shop.webhooks[3].fields["status"] = "disabled"
    [told] = woo.adapter.tend()
    assert "webhook 3" in told
    for number in (2, 3):
        woo.shop.webhooks[number].fields["status"] = "active"
    assert () == woo.adapter.tend()
    woo.shop.webhooks[2].fields["status"] = "disabled"
    assert 1 == len(woo.adapter.tend())


def test_twice(woo, client):
    """Two active webhooks of one topic send everything twice; the next run pauses one of them."""
    put_up(client)
    client.post("webhooks", {"topic": "order.updated", "delivery_url": URL})
    assert [("order.updated", Problem.TWICE)] == found(client)
    assert [("order.updated", Deed.PAUSED, 15)] == [
        (each.topic, each.deed, each.webhook) for each in put_up(client) if each.deed is not Deed.SET
    ]
    assert ([], ()) == (found(client), reactivate(client, shop="tea", url=URL))
    assert {Deed.SET} == {each.deed for each in put_up(client)}
    woo.shop.webhooks[2].fields["status"] = "disabled"
    assert [("order.updated", Problem.DISABLED)] == found(client)


def test_one_of_two_is_enough(woo, client):
    """Where one of two webhooks still sends, the other is not switched on to send everything twice."""
    put_up(client)
    client.post("webhooks", {"topic": "order.updated", "delivery_url": URL})
    woo.shop.webhooks[2].fields["status"] = "disabled"
    assert ([], ()) == (found(client), reactivate(client, shop="tea", url=URL))
    woo.shop.webhooks[15].fields["status"] = "disabled"
    assert [2] == [each.webhook for each in reactivate(client, shop="tea", url=URL)]
    assert [] == found(client)


def test_cut_off(woo, client):
    """What was made before the shop broke down is found by the next run."""
    woo.api.fail(after=4)
    with pytest.raises(PlatformUnavailable):
        put_up(client)
    assert 3 == len(woo.shop.webhooks)
    assert ["set"] * 3 + ["made"] * 11 == [each.deed for each in put_up(client)]


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
        [finding] = reactivate(client, shop="tea", url=URL)
        assert ("order.updated", Problem.DISABLED, True) == (finding.topic, finding.problem, finding.mended)
        assert str(finding).endswith("(put right)")
        assert () == reactivate(client, shop="tea", url=URL)
        woo.shop.queue.transport = lambda _: 200
        woo.shop.edit(order)
        assert ["order.updated"] == [each.topic for each in woo.shop.deliver()]

    def test_paused(self, woo, client):
        """What somebody paused stays paused."""
        put_up(client)
        woo.shop.webhooks[3].fields["status"] = "paused"
        [finding] = reactivate(client, shop="tea", url=URL)
        assert (Problem.PAUSED, False) == (finding.problem, finding.mended)
        assert "paused" == woo.shop.webhooks[3].fields["status"]

    @pytest.mark.parametrize("url", ["https://aftercare.example/webhooks/tae", "https://old.example/x"])
    def test_what_goes_elsewhere_stays_off(self, woo, client, url):
        """A mistyped address, an old one, or another installation's: not ours to switch on again."""
        put_up(client, url=url)
        put_up(client)
        for webhook in woo.shop.webhooks.values():
            webhook.fields["status"] = "disabled"
        assert len(TOPICS) == len(reactivate(client, shop="tea", url=URL))
        statuses = {
            (hook.fields["delivery_url"], hook.fields["status"]) for hook in woo.shop.webhooks.values()
        }
        assert {(url, "disabled"), (URL, "active")} == statuses

    def test_without_an_address(self, woo, client):
        """Where nobody says where webhooks are to go to, they are reported with the cure, and stay off."""
        put_up(client)
        woo.shop.webhooks[1].fields["status"] = "disabled"
        [finding] = reactivate(client, shop="tea")
        assert (Problem.DISABLED, False, "disabled") == (
            finding.problem,
            finding.mended,
            woo.shop.webhooks[1].fields["status"],
        )
        assert "webhooks_url" in str(finding)

    def test_without_an_address_what_is_paused_is_told(self, woo, client):
        """But not those that `install` has paused, because another sends the same."""
        put_up(client, url="https://old.example/webhooks/tea")
        put_up(client)
        put_up(client, move=True)
        assert () == reactivate(client, shop="tea")
        client.post("webhooks", {"topic": "order.created", "delivery_url": URL, "status": "disabled"})
        assert () == reactivate(client, shop="tea")
        woo.shop.webhooks[15].fields["status"] = "paused"
        told = [(each.webhook, each.problem) for each in reactivate(client, shop="tea")]
        assert [(1, Problem.PAUSED), (15, Problem.PAUSED), (29, Problem.DISABLED)] == told

    @pytest.mark.parametrize("name", ["Order webhook", ""])
    def test_made_by_hand(self, woo, client, name):
        """Those that staff made, as the guide tells, are known by where they go to."""
        made = {"name": name, "topic": "order.created", "delivery_url": URL, "status": "disabled"}
        client.post("webhooks", made)
        client.post("webhooks", {**made, "delivery_url": "https://aftercare.example/webhooks/coffee"})
        [finding] = reactivate(client, shop="tea")
        assert (Problem.DISABLED, False, 1) == (finding.problem, finding.mended, finding.webhook)
        [finding] = reactivate(client, shop="tea", url=URL)
        assert (Problem.DISABLED, True, 1) == (finding.problem, finding.mended, finding.webhook)
        assert ["active", "disabled"] == [hook.fields["status"] for hook in woo.shop.webhooks.values()]

    def test_one_that_cannot_be_set(self, woo, client):
        """The others are set all the same, and it is said why this one was not."""
        put_up(client)
        for number in (1, 2, 3):
            woo.shop.webhooks[number].fields["status"] = "disabled"
        answer = woo.api._routed

        def routed(method, path, *rest):
            if (method, path) == ("PUT", "webhooks/2"):
                raise Refusal(400, "woocommerce_rest_cannot_edit", "Sorry")
            return answer(method, path, *rest)

        woo.api._routed = routed
        told = reactivate(client, shop="tea", url=URL)
        assert [(1, True), (2, False), (3, True)] == [(each.webhook, each.mended) for each in told]
        assert "could not be switched on again: " in str(told[1])
        assert "woocommerce_rest_cannot_edit" in str(told[1])
        statuses = [woo.shop.webhooks[number].fields["status"] for number in (1, 2, 3)]
        assert ["active", "disabled", "active"] == statuses

    def test_a_key_for_reading_only(self, woo, client):
        """What it may not switch on it reports."""
        put_up(client)
        woo.shop.webhooks[1].fields["status"] = "disabled"
        woo.shop.keys.known[KEY] = (SECRET, "read")
        [finding] = reactivate(client, shop="tea", url=URL)
        assert not finding.mended
        assert "Read/Write" in str(finding)

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
        assert "14 webhooks are active" in run("check", "--url", URL).stderr

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

    def test_where_they_go_to(self, run):
        """The line for the configuration is shown; there, it also stands for --url."""
        line = f'webhooks_url = "{URL}"'
        result = run("install", "--url", URL)
        assert f"write {line} under [shops.tea]" in result.stderr
        configured = f"secrets = []\n{line}"
        result = run("install", extra=configured)
        assert 0 == result.exit_code, result.output
        assert "webhooks_url" not in result.stderr
        assert 0 == run("check", extra=configured).exit_code
        result = run("install", "--url", "https://other.example/webhooks/tea", extra=configured)
        assert 'write webhooks_url = "https://other.example/webhooks/tea" under' in result.stderr
        assert f"in place of {URL}" in result.stderr

    def test_nowhere_to_go_to(self, run):
        """Without an address there is nothing to do, and it is said how to give one."""
        result = run("check")
        assert 2 == result.exit_code
        assert "--url https://<your server>/webhooks/tea" in result.stderr
        assert "webhooks_url under [shops.tea]" in result.stderr

    def test_a_slip(self, run):
        """An address that does not end in the name of the shop is made, and remarked on."""
        for command in ("install", "check"):
            result = run(command, "--url", "https://aftercare.example/webhooks/tae")
            assert "does not end in /webhooks/tea" in result.stderr
            # Neither is a slip kept, nor are others moved to it.
            assert "webhooks_url" not in result.stderr
            assert "--move" not in result.stderr
        assert "does not end in" not in run("check", "--url", URL).stderr
        result = run("install", "--url", URL)
        assert "order.created: webhook 1 goes to https://aftercare.example/webhooks/tae" in result.stderr
        assert "--move" in result.stderr

    def test_one_too_many(self, run):
        """What `check` says that `install` mends, it mends."""
        run("install", "--url", URL)
        run.shop.webhooks[15] = replace(run.shop.webhooks[1], id=15, fields={**run.shop.webhooks[1].fields})
        result = run("check", "--url", URL)
        assert 1 == result.exit_code
        assert "order.created: webhook 15 is one too many: everything is sent twice\n" == result.stdout
        result = run("install", "--url", URL)
        assert "order.created: paused, as one too many (webhook 15)" in result.stdout
        assert 0 == run("check", "--url", URL).exit_code

    @pytest.mark.parametrize("url", ["http://aftercare.example/webhooks/tea", "https://x.example/?a=1"])
    def test_an_address_in_the_configuration_that_cannot_be(self, run, url):
        """It is refused with the rest of the configuration."""
        result = run("check", extra=f'secrets = []\nwebhooks_url = "{url}"')
        assert 2 == result.exit_code
        assert "shops.tea.webhooks_url" in result.stderr

    def test_without_credentials(self, run):
        """What is missing is named with its settings."""
        result = run("check", "--url", URL, "--shop", "coffee")
        assert 2 == result.exit_code
        assert "tea" in result.stderr
