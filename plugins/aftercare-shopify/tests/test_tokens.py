from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
import responses

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Shop
from aftercare_shopify.client import client_of
from aftercare_shopify.fake import CLIENT_ID, Api, FakeShopify, answer_in
from aftercare_shopify.fake import SECRET as FAKE_SECRET
from aftercare_shopify.tokens import (
    ClientCredentials,
    Endpoint,
    OfflineTokens,
    Reconnect,
    StaticToken,
    provider_of,
    vault,
)

DOMAIN = "torii.myshopify.com"
URL = f"https://{DOMAIN}/admin/oauth/access_token"
APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"
START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
SEED = "shprt_seed0000"


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def wait(self, **how):
        self.at += timedelta(**how)


class Shopify:
    """The token endpoint of one shop: rotates, refuses what is used up, notes what it was asked."""

    def __init__(self):
        self.asked, self.count, self.valid = [], 0, {SEED}
        self.trouble = None
        self.secret = SECRET

    def __call__(self, request):
        """Answer a request."""
        form = {name: values[0] for name, values in parse_qs(request.body).items()}
        self.asked.append(form)
        if self.trouble:
            return self.trouble
        if (form["client_id"], form["client_secret"]) != (APP, self.secret):
            return 400, {}, json.dumps({"error": "invalid_client"})
        self.count += 1
        told = {"access_token": f"shpat_access{self.count}", "expires_in": 3600, "scope": "read_orders"}
        if form["grant_type"] == "client_credentials":
            return 200, {}, json.dumps(told)
        if form["refresh_token"] not in self.valid:
            return 400, {}, json.dumps({"error": "invalid_grant", "error_description": SECRET})
        self.valid = {f"shprt_refresh{self.count}"}
        told |= {"refresh_token": f"shprt_refresh{self.count}", "refresh_token_expires_in": 7776000}
        return 200, {}, json.dumps(told)


@pytest.fixture
def clock():
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def shopify():
    """Shopify's token endpoint, at the shop's own domain."""
    shopify = Shopify()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add_callback("POST", URL, shopify)
        yield shopify


def endpoint(**other):
    """Return what asks the endpoint; nothing really sleeps."""
    given = {"shop": "torii", "domain": DOMAIN, "origin": f"https://{DOMAIN}", "client_id": APP}
    given |= {"client_secret": SECRET, "sleep": lambda _: None, "jitter": lambda: 1.0}
    return Endpoint(**{**given, **other})


@pytest.fixture
def file(tmp_path):
    """Where the tokens are kept."""
    return tmp_path / "torii.tokens.json"


@pytest.fixture
def offline(file, clock):
    """Make a provider, as a process does when it starts."""

    def offline(seed=SEED, **other):
        return OfflineTokens(endpoint(**other), file=file, refresh_token=seed, now=clock)

    return offline


def kept(file):
    """Return what a file of tokens holds."""
    return json.loads(file.read_text(encoding="utf-8"))


# ---- which kind


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"access_token": "shpat_0123"}, StaticToken),
        ({"client_id": APP, "client_secret": SECRET}, ClientCredentials),
        (
            {"client_id": APP, "client_secret": SECRET, "refresh_token": SEED, "token_file": "t.json"},
            OfflineTokens,
        ),
        # Once seeded, the file is enough.
        ({"client_id": APP, "client_secret": SECRET, "token_file": "t.json"}, OfflineTokens),
        ({"access_token": "shpat_0123", "client_id": APP, "client_secret": SECRET}, StaticToken),
    ],
)
def test_kinds(options, kind):
    """The options of a shop say where its tokens come from."""
    assert isinstance(provider_of(Shop(name="torii", options={"domain": DOMAIN, **options})), kind)


def test_a_token_that_stays():
    """A token that stays is given as it is, and there is no other."""
    provider = StaticToken("shpat_0123", shop="torii")
    assert ("shpat_0123", False) == (provider.token(), provider.renew("shpat_0123"))
    assert "shops.torii.access_token" in provider.cure


@pytest.mark.parametrize("token", ["", "short", "shpat_0123\n", "shpat 0123", "shpat_клю"])
def test_no_token(token):
    """What cannot be a token is refused before it is sent, and not repeated."""
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.access_token: ") as caught:
        StaticToken(token, shop="torii")
    assert not token or token not in str(caught.value)


# ---- client credentials


def test_client_credentials(shopify, clock):
    """A token is asked for when there is none, kept, and replaced before it ends."""
    provider = ClientCredentials(endpoint(), now=clock)
    assert ["shpat_access1"] * 2 == [provider.token(), provider.token()]
    clock.wait(minutes=54)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=1)
    assert "shpat_access2" == provider.token()
    assert {"client_id": APP, "client_secret": SECRET, "grant_type": "client_credentials"} == shopify.asked[0]


def test_client_credentials_that_are_refused(shopify, clock):
    """Refused credentials are not asked again for an hour: the message says who must do what."""
    shopify.secret = "shpss_new"
    provider = ClientCredentials(endpoint(), now=clock)
    for _ in range(3):
        with pytest.raises(
            Reconnect, match=r"'torii': Shopify gives no token \(invalid_client\): .*client_id"
        ):
            provider.token()
    assert 1 == len(shopify.asked)
    clock.wait(hours=1)
    shopify.secret = SECRET
    assert "shpat_access1" == provider.token()


def test_client_credentials_after_a_refused_token(shopify, clock):
    """A token that the shop refuses is forgotten; one that is asked for meanwhile is taken."""
    provider = ClientCredentials(endpoint(), now=clock)
    assert provider.renew(provider.token())
    assert "shpat_access2" == provider.token()
    assert provider.renew("shpat_access1")
    assert 2 == len(shopify.asked)


def test_client_credentials_when_shopify_is_down(shopify, clock):
    """A token that still holds is used while no other is to be had."""
    provider = ClientCredentials(endpoint(), now=clock)
    provider.token()
    shopify.trouble = (503, {}, "")
    clock.wait(minutes=57)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=3)
    with pytest.raises(PlatformUnavailable, match="'torii': Shopify answered 503 to the request for a token"):
        provider.token()


def test_a_token_without_an_end(shopify, clock):
    """A token that does not say when it ends is kept."""
    shopify.trouble = (200, {}, '{"access_token": "shpat_forever"}')
    provider = ClientCredentials(endpoint(), now=clock)
    provider.token()
    clock.wait(days=999)
    assert ("shpat_forever", 1) == (provider.token(), len(shopify.asked))


# ---- the endpoint


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ((500, {}, ""), (PlatformUnavailable, "answered 500", 4)),
        ((429, {"Retry-After": "2"}, ""), (PlatformUnavailable, "answered 429", 4)),
        ((200, {}, "<html>"), (PlatformUnavailable, "answered no token", 1)),
        ((200, {}, '{"access_token": "no\\nheader"}'), (PlatformUnavailable, "answered no token", 1)),
        (
            (200, {}, '{"access_token": "shpat_1234", "refresh_token": 3}'),
            (PlatformUnavailable, "no token", 1),
        ),
        ((404, {}, "<html>"), (ConfigurationError, r"check shops\.torii\.domain", 1)),
        ((301, {"Location": "https://x.example"}, ""), (ConfigurationError, r"^shops\.torii\.domain: ", 1)),
        ((401, {}, "<html>"), (ConfigurationError, r"shops\.torii\.client_id", 1)),
        ((400, {}, '{"error": "not a code: hana@example.jp"}'), (ConfigurationError, "answered 400", 1)),
    ],
)
def test_trouble_with_the_endpoint(shopify, clock, trouble, expected):
    """What may be better later is tried some times; what a person must mend says so."""
    shopify.trouble = trouble
    error, told, asked = expected
    with pytest.raises(error, match=told) as caught:
        ClientCredentials(endpoint(), now=clock).token()
    assert "hana" not in str(caught.value)
    assert asked == len(shopify.asked)


# ---- offline tokens


def test_the_first_token(shopify, offline, file):
    """The configured refresh token brings the first token; all that comes with it is kept for the owner."""
    assert "shpat_access1" == offline().token()
    assert {"grant_type": "refresh_token", "refresh_token": SEED} == {
        name: shopify.asked[0][name] for name in ("grant_type", "refresh_token")
    }
    told = kept(file)
    assert ("shpat_access1", "shprt_refresh1") == (told["access_token"], told["refresh_token"])
    assert "2026-07-01T10:00:00+00:00" == told["expires_at"]
    assert "2026-09-29T09:00:00+00:00" == told["refresh_expires_at"]
    assert (DOMAIN, APP) == (told["domain"], told["client_id"])
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert {file.name, f"{file.name}.lock"} == {each.name for each in file.parent.iterdir()}
    assert SEED not in file.read_text(encoding="utf-8")


def test_the_next_token(shopify, offline, clock):
    """Each new token is asked for with the refresh token that came last, before the old token ends."""
    provider = offline()
    provider.token()
    clock.wait(minutes=54)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=1)
    assert "shpat_access2" == provider.token()
    assert [SEED, "shprt_refresh1"] == [form["refresh_token"] for form in shopify.asked]


def test_another_start(shopify, offline, clock):
    """A process that starts takes the token that is there; the configured refresh token is used up."""
    offline().token()
    assert "shpat_access1" == offline().token()
    assert "shpat_access1" == offline(seed="").token()
    clock.wait(hours=2)
    assert "shpat_access2" == offline().token()
    assert 2 == len(shopify.asked)


def test_another_process_was_quicker(shopify, offline, clock):
    """What another process wrote down is taken, without a request."""
    one, other = offline(), offline()
    one.token()
    other.token()
    clock.wait(hours=1)
    assert "shpat_access2" == one.token()
    assert "shpat_access2" == other.token()
    assert 2 == len(shopify.asked)


def test_a_token_that_is_refused(shopify, offline):
    """When the shop refuses a token before its end, another is asked for; once, by whoever comes first."""
    one, other = offline(), offline()
    one.token()
    other.token()
    assert one.renew("shpat_access1")
    assert other.renew("shpat_access1")
    assert ["shpat_access2"] * 2 == [one.token(), other.token()]
    assert 2 == len(shopify.asked)


def test_reconnect(shopify, offline, clock):
    """A dead refresh token is told with what the merchant must do, and asked for once an hour at most."""
    shopify.valid = set()
    provider = offline()
    for _ in range(3):
        with pytest.raises(
            Reconnect, match=r"gives no token \(invalid_grant\): the merchant of torii\.my.* must"
        ):
            provider.token()
    # Nor by a process that is started again and again.
    with pytest.raises(Reconnect, match=r"shops\.torii\.refresh_token"):
        offline().token()
    assert 1 == len(shopify.asked)
    clock.wait(hours=1)
    with pytest.raises(Reconnect):
        provider.token()
    assert 2 == len(shopify.asked)


def test_a_new_refresh_token_in_the_configuration(shopify, offline, clock):
    """When the merchant let the app in again, the configured refresh token counts at once."""
    offline().token()
    clock.wait(hours=1)
    shopify.valid = {"shprt_again"}
    with pytest.raises(Reconnect):
        offline().token()
    assert "shpat_access3" == offline(seed="shprt_again").token()
    assert [SEED, "shprt_refresh1", "shprt_again"] == [form["refresh_token"] for form in shopify.asked]
    clock.wait(hours=1)
    assert "shpat_access4" == offline(seed="shprt_again").token()
    assert "shprt_refresh3" == shopify.asked[-1]["refresh_token"]


def test_a_wrong_refresh_token_in_the_configuration(shopify, offline, clock):
    """A connection that works stays, whatever somebody writes into the configuration."""
    offline().token()
    clock.wait(hours=1)
    assert "shpat_access2" == offline(seed="shprt_mistake").token()
    assert ["shprt_refresh1"] == [form["refresh_token"] for form in shopify.asked[1:]]


def test_a_new_client_secret(shopify, offline, clock):
    """A refusal is not remembered against another secret: the credentials changed."""
    shopify.secret = "shpss_rotated0"
    with pytest.raises(Reconnect, match="invalid_client"):
        offline().token()
    assert "shpat_access1" == offline(client_secret="shpss_rotated0").token()


def test_nothing_to_begin_with(shopify, offline):
    """Without a file and a configured refresh token nothing can be asked."""
    with pytest.raises(Reconnect, match="no refresh token"):
        offline(seed="").token()
    assert [] == shopify.asked


def test_shopify_is_down(shopify, offline, clock):
    """A token that still holds is used while no other is to be had."""
    provider = offline()
    provider.token()
    shopify.trouble = (503, {}, "")
    clock.wait(minutes=57)
    assert "shpat_access1" == provider.token()
    with pytest.raises(PlatformUnavailable):
        provider.renew("shpat_access1")
    clock.wait(minutes=3)
    with pytest.raises(PlatformUnavailable):
        provider.token()
    shopify.trouble = None
    assert "shpat_access2" == provider.token()


def test_an_answer_that_is_lost(shopify, offline, monkeypatch):
    """What cannot be kept is not used: the old refresh token stays good until the new one is used."""
    provider = offline()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vault.os, "fsync", full)
        with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: .*No space left"):
            provider.token()
    shopify.valid = {SEED}
    assert "shpat_access2" == provider.token()


def test_no_half_file(shopify, offline, file, clock, monkeypatch):
    """A crash while writing leaves the tokens as they were."""
    offline().token()
    before = file.read_bytes()
    clock.wait(hours=1)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            offline().token()
    assert before == file.read_bytes()


def test_files_of_others(shopify, offline, file, clock):
    """Two shops never share a file: one's tokens would be sent to the other."""
    offline().token()
    other = Endpoint(
        shop="other",
        domain="other.myshopify.com",
        origin="https://other.myshopify.com",
        client_id=APP,
        client_secret=SECRET,
    )
    with pytest.raises(ConfigurationError, match=r"^shops\.other\.token_file: .*another shop or app"):
        OfflineTokens(other, file=file, refresh_token=SEED, now=clock).token()
    with pytest.raises(ConfigurationError, match="another shop or app"):
        offline(client_id="another").token()


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        '{"access_token": "x"}',
        json.dumps({"domain": DOMAIN, "client_id": APP, "expires_at": "soon"}),
        json.dumps({"domain": DOMAIN, "client_id": APP, "expires_at": "2026-07-01T09:00:00"}),
        json.dumps({"domain": DOMAIN, "client_id": APP, "denied": [{"token": "x"}]}),
    ],
)
def test_other_files(shopify, offline, file, text):
    """A file that is something else is neither used nor overwritten."""
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: "):
        offline().token()
    assert text == file.read_text()


def test_an_empty_file(shopify, offline, file):
    """A file that was only made ready is filled, for its owner alone."""
    file.touch(mode=0o644)
    assert "shpat_access1" == offline().token()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_link(shopify, offline, file, tmp_path):
    """A symbolic link stays one: the file that it leads to is written."""
    real = tmp_path / "disk" / "tokens.json"
    real.parent.mkdir()
    file.symlink_to(real)
    offline().token()
    assert file.is_symlink()
    assert "shpat_access1" == kept(real)["access_token"]


def test_no_folder(shopify, clock, tmp_path):
    """A place where no file can be is named with its cure."""
    (tmp_path / "no").touch()
    provider = OfflineTokens(endpoint(), file=tmp_path / "no" / "t", refresh_token=SEED, now=clock)
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: .*may write to"):
        provider.token()


def test_locked_for_too_long(shopify, offline, file, monkeypatch):
    """A process that hangs with the lock is reported; nobody waits for ever."""
    from filelock import FileLock

    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    with FileLock(f"{file}.lock"), pytest.raises(PlatformUnavailable, match=r"keeps .* locked"):
        offline().token()


def test_no_secret_is_shown(shopify, offline, file):
    """No repr and no error holds a token or the secret of the app."""
    provider = offline()
    provider.token()
    shown = [repr(provider), repr(provider._endpoint), repr(provider._vault), repr(provider._kept)]
    shown += [
        repr(ClientCredentials(endpoint(), now=Clock())),
        repr(vault.Kept(access_token="shpat_access1")),
    ]
    shopify.valid = set()
    with pytest.raises(Reconnect) as caught:
        provider.renew("shpat_access1")
    shown += [str(caught.value), repr(caught.value)]
    secrets = (SECRET, SEED, "shpat_access1", "shprt_refresh1")
    assert [] == [secret for secret in secrets if secret in "".join(shown)]


# ---- with a whole shop


class TestWithTheFakeShop:
    """Clients of the fake shop, whose tokens live for an hour by its own clock."""

    @pytest.fixture
    def torii(self):
        """A shop, and a way to connect to it."""
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            shop = FakeShopify(deliver=lambda _: 200)
            api = Api(shop)
            answer_in(mock, api)
            yield SimpleNamespace(shop=shop, api=api)

    def connected(self, torii, **options):
        """Return a client as it is configured."""
        told = {"domain": torii.shop.domain, "client_id": CLIENT_ID, "client_secret": FAKE_SECRET, **options}
        return client_of(Shop(name="torii", options=told), now=lambda: torii.shop.now)

    def test_offline(self, torii, tmp_path):
        """A year passes, refresh by refresh; nobody needs to do anything."""
        _, refresh = torii.shop.access.connect()
        file = str(tmp_path / "tokens.json")
        client = self.connected(torii, refresh_token=refresh, token_file=file)
        for _ in range(12):
            assert [] == list(client.query("list_webhooks").data["webhookSubscriptions"]["nodes"])
            torii.shop.wait(days=30)
        assert ["refresh_token", ""] * 12 == [each.grant for each in torii.api.asked]

    def test_away_for_too_long(self, torii, tmp_path):
        """After ninety days the refresh token is dead, and the merchant must come back."""
        _, refresh = torii.shop.access.connect()
        file = str(tmp_path / "tokens.json")
        client = self.connected(torii, refresh_token=refresh, token_file=file)
        client.query("list_webhooks")
        torii.shop.wait(days=91)
        asked = len(torii.api.asked)
        for _ in range(3):
            with pytest.raises(Reconnect, match="invalid_grant"):
                client.query("list_webhooks")
        assert asked + 1 == len(torii.api.asked)
        _, again = torii.shop.access.connect()
        self.connected(torii, refresh_token=again, token_file=file).query("list_webhooks")

    def test_taken_back(self, torii, tmp_path):
        """A token that the shop takes back in the middle is replaced, and nobody notices."""
        client = self.connected(torii)
        client.query("list_webhooks")
        torii.shop.access.tokens.clear()
        client.query("list_webhooks")
        assert ["client_credentials", "", "", "client_credentials", ""] == [
            each.grant for each in torii.api.asked
        ]

    def test_uninstalled(self, torii):
        """After the app was removed the error says so, and is not asked for again and again."""
        client = self.connected(torii)
        client.query("list_webhooks")
        torii.shop.uninstall()
        for _ in range(3):
            with pytest.raises(Reconnect, match=r"shop_not_permitted.*is installed in torii\.myshopify\.com"):
                client.query("list_webhooks")
        assert 4 == len(torii.api.asked)


# ---- many threads and processes, over a real connection


class Handler(BaseHTTPRequestHandler):
    """The token endpoint on loopback; slow, so that all who ask at once are there at once."""

    shopify: Shopify

    def do_POST(self):
        """Answer as the shop does."""
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        threading.Event().wait(0.3)
        status, _, body = self.shopify(self)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Stay silent."""


@contextmanager
def served(shopify):
    """Serve the endpoint on loopback; give its address."""
    handler = type("Bound", (Handler,), {"shopify": shopify})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PROCESS = f"""
import sys
from datetime import datetime
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from aftercare_shopify.tokens import Endpoint, OfflineTokens
origin, file = sys.argv[1:]
endpoint = Endpoint(
    shop="torii", domain="{DOMAIN}", origin=origin, client_id="{APP}", client_secret="{SECRET}"
)
tokens = OfflineTokens(endpoint, file=Path(file), refresh_token="{SEED}",
                       now=lambda: datetime.fromisoformat("{START.isoformat()}"))
with ThreadPoolExecutor(20) as pool:
    print(*set(pool.map(lambda _: tokens.token(), range(20))))
"""


def test_one_refresh_for_all(tmp_path):
    """Twenty threads of each of four processes want a token at once: Shopify is asked exactly once."""
    shopify, file = Shopify(), tmp_path / "tokens.json"
    with served(shopify) as url:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS, url, str(file)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "NO_PROXY": "*"},
            )
            for _ in range(4)
        ]
        told = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert ["shpat_access1"] * 4 == told
    assert 1 == len(shopify.asked)


def test_one_refresh_for_all_who_were_refused(tmp_path, clock):
    """Forty calls are refused at once, in two processes' worth of providers: one of them asks."""
    shopify, file = Shopify(), tmp_path / "tokens.json"
    with served(shopify) as url:
        providers = [
            OfflineTokens(endpoint(origin=url), file=file, refresh_token=SEED, now=clock) for _ in range(2)
        ]
        first = {provider.token() for provider in providers}
        with ThreadPoolExecutor(40) as pool:
            renewed = list(pool.map(lambda n: providers[n % 2].renew("shpat_access1"), range(40)))
        second = {provider.token() for provider in providers}
    assert ({"shpat_access1"}, [True] * 40, {"shpat_access2"}) == (first, renewed, second)
    assert 2 == len(shopify.asked)
