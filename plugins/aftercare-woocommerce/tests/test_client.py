from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import responses

from aftercare_sdk import Aftercare
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, SettingsError
from aftercare_sdk.model.shops import Ref, Shop
from aftercare_sdk.shops import asking
from aftercare_woocommerce import client as module
from aftercare_woocommerce import plugin
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.client import Refused, RestClient, every, listed
from aftercare_woocommerce.options import OptionsSchema

SITE = "https://shop.example"
KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
API = f"{SITE}/wp-json/wc/v3/"


@pytest.fixture
def pauses():
    """The pauses that a client made, in seconds; nothing really sleeps."""
    return []


@pytest.fixture
def client(pauses):
    """A client of a shop, with the longest jitter."""
    return rest(pauses)


def rest(pauses, url=SITE, **other):
    """Make a client whose pauses are noted."""
    given = {"consumer_key": KEY, "consumer_secret": SECRET, "sleep": pauses.append, "jitter": lambda: 1.0}
    return RestClient(shop="tea", url=url, **{**given, **other})


@pytest.fixture
def web():
    """The web, in which only what a test names answers."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


def test_credentials_travel_in_a_header(client, web):
    """Over HTTPS the key is in the header, and no address holds it, which servers write into logs."""
    web.get(f"{API}orders/1", json={"id": 1})
    assert (200, b'{"id": 1}') == (client.get("orders/1", {"dp": 2}).status, client.get("orders/1", {}).body)
    for call in web.calls:
        assert base64.b64encode(f"{KEY}:{SECRET}".encode()).decode() in call.request.headers["Authorization"]
        assert KEY not in call.request.url
        assert SECRET not in call.request.url
    assert f"{API}orders/1?dp=2" == web.calls[0].request.url


@pytest.mark.parametrize("url", ["HTTPS://Shop.example/", " https://shop.example ", "https://shop.example//"])
def test_spellings_of_an_address(pauses, web, url):
    """However the address is written, the library must see that it is HTTPS."""
    web.get(f"{API}orders/1", json={})
    rest(pauses, url).get("orders/1", {})
    assert "Authorization" in web.calls[0].request.headers


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://shop.example", "https://"),
        ("http://192.168.0.9", "https://"),
        ("http://127.0.0.1.evil.example", "https://"),
        ("ftp://shop.example", "no address"),
        ("https://", "no address"),
        ("https://[::1", "no address"),
        ("https://shop.example:port", "no address"),
        ("https://me:pass@shop.example", "consumer_key"),
        ("https://shop.example/?lang=ja", "behind a"),
    ],
)
def test_addresses_that_get_no_credentials(pauses, url, told):
    """Nothing is sent to an address at which others could read along, and the cure is said."""
    with pytest.raises(ConfigurationError, match=rf"^shops\.tea\.url: .*{told}"):
        rest(pauses, url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080", "http://127.9.9.9"]
)
def test_plain_http_on_this_computer(pauses, url):
    """A shop on this computer may be asked without encryption."""
    assert url == rest(pauses, url).site


@pytest.mark.parametrize("value", ["", " ", "ck_\n", "ключ", "a:b"])
def test_no_key(pauses, value):
    """What cannot be a key is refused before it is sent, and not repeated."""
    with pytest.raises(ConfigurationError, match=r"^shops\.tea\.consumer_key: ") as caught:
        rest(pauses, consumer_key=value)
    assert not value.strip() or value not in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_overloaded(client, web, pauses, status):
    """A shop that is down or throttling is asked four times, ever more slowly, and then later."""
    web.get(f"{API}orders/1", status=status, body="<html>Bad gateway</html>")
    with pytest.raises(
        PlatformUnavailable, match=rf"shop 'tea': WooCommerce answered {status}.* for GET orders/1$"
    ):
        client.get("orders/1", {})
    assert [1.0, 2.0, 4.0] == pauses


def test_jitter(pauses, web):
    """Many clients do not come back at the same moment."""
    web.get(f"{API}orders/1", status=503)
    with pytest.raises(PlatformUnavailable):
        rest(pauses, jitter=lambda: 0.0).get("orders/1", {})
    assert [0.5, 1.0, 2.0] == pauses


def test_better_at_the_second_try(client, web, pauses):
    """A shop that is down for a second is not down."""
    web.get(f"{API}orders/1", status=502)
    web.get(f"{API}orders/1", json={"id": 1})
    assert 200 == client.get("orders/1", {}).status
    assert [1.0] == pauses


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": "0"}, [1.0]),
        ({"Retry-After": "soon"}, [1.0]),
        ({"Retry-After": "Sat, 21 Nov 2026 21:15:58 GMT"}, [1.0]),
        (
            {"Retry-After": "Sat, 21 Nov 2026 21:16:07 GMT", "Date": "Sat, 21 Nov 2026 21:15:58 GMT"},
            [9.0],
        ),
    ],
)
def test_retry_after(client, web, pauses, headers, expected):
    """The shop says how long it wants to be left alone."""
    web.get(f"{API}orders/1", status=429, headers=headers)
    web.get(f"{API}orders/1", json={})
    client.get("orders/1", {})
    assert expected == pauses


def test_retry_after_an_hour(client, web, pauses):
    """Nobody waits for an hour here: the engine asks again later."""
    web.get(f"{API}orders/1", status=503, headers={"Retry-After": "3600"})
    with pytest.raises(PlatformUnavailable):
        client.get("orders/1", {})
    assert ([], 1) == (pauses, len(web.calls))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (requests.exceptions.ConnectTimeout, "in time"),
        (requests.exceptions.ReadTimeout, "in time"),
        (requests.exceptions.ConnectionError, "no connection"),
        (requests.exceptions.ChunkedEncodingError, "no connection"),
        (requests.exceptions.SSLError, "certificate"),
    ],
)
def test_no_answer(client, web, pauses, trouble, told):
    """What the library says of a failure names the address; it is not passed on."""
    web.get(f"{API}orders/1", body=trouble(f"{API}orders/1?oauth_signature={SECRET}"))
    with pytest.raises(PlatformUnavailable, match=told) as caught:
        client.get("orders/1", {})
    assert 3 == len(pauses)
    assert "oauth" not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_writes(client, web, pauses):
    """What makes something is tried once, unless its maker says that twice does no harm."""
    web.post(f"{API}webhooks", status=502)
    with pytest.raises(PlatformUnavailable):
        client.post("webhooks", {})
    assert [] == pauses
    with pytest.raises(PlatformUnavailable):
        client.post("webhooks", {"name": "お茶"}, again=True)
    assert 3 == len(pauses)
    assert {"name": "お茶"} == json.loads(web.calls[-1].request.body)


@pytest.mark.parametrize("method", ["put", "delete"])
def test_repeatable_writes(client, web, pauses, method):
    """Setting and deleting are the same however often they are done."""
    web.add(method.upper(), f"{API}webhooks/1", status=502)
    web.add(method.upper(), f"{API}webhooks/1", json={})
    assert 200 == getattr(client, method)("webhooks/1", {}).status


@pytest.mark.parametrize(
    "name",
    ["error-401-no-auth", "error-401-wrong-secret", "error-401-unknown-key", "error-401-write-with-read-key"],
)
@pytest.mark.parametrize("status", [401, 403])
def test_denied(client, web, recorded, name, status):
    """Denied access names the shop, its settings and what a person must do."""
    web.get(f"{API}orders/1", status=status, json=recorded(name)["body"])
    with pytest.raises(
        ConfigurationError, match=r"'tea'.*woocommerce_rest_.*shops\.tea\.consumer_key"
    ) as caught:
        client.get("orders/1", {})
    assert SECRET not in str(caught.value)
    assert 1 == len(web.calls)


def test_firewall(client, web):
    """A firewall's page is no word of WooCommerce, and may be gone in an hour."""
    web.get(f"{API}orders/1", status=403, body="<html>You look like a robot</html>")
    with pytest.raises(PlatformUnavailable, match="firewall"):
        client.get("orders/1", {})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("coupons-post-duplicate-400", "woocommerce_rest_coupon_code_already_exists"),
        ("error-400-per-page-101", "rest_invalid_param"),
        ("customers-post-duplicate-400", "registration-error-email-exists"),
        ("customers-delete-no-force-501", "woocommerce_rest_trash_not_supported"),
    ],
)
def test_refused(client, web, recorded, name, code):
    """WooCommerce's code is kept; its text, which repeats what was sent, is not."""
    web.post(f"{API}coupons", status=recorded(name)["status"], json=recorded(name)["body"])
    with pytest.raises(Refused) as caught:
        client.post("coupons", {}, again=True)
    assert (code, recorded(name)["status"]) == (caught.value.code, caught.value.status)
    assert recorded(name)["body"]["message"] not in str(caught.value)
    assert 1 == len(web.calls)


def test_not_found_is_for_the_caller(client, web):
    """Gone, never there, or the wrong address: only who asked can tell."""
    web.get(f"{API}orders/1", status=404, body="<html>")
    assert 404 == client.get("orders/1", {}).status


@pytest.mark.parametrize("target", ["https://evil.example/wp-json/?a=cs_x", "//www.shop.example/", "/shop/"])
def test_redirects(client, web, target):
    """Credentials do not follow a redirect; the address is to be set right."""
    web.get(f"{API}orders/1", status=301, headers={"Location": target})
    with pytest.raises(
        ConfigurationError, match=r"^shops\.tea\.url: https://shop.example sends on to "
    ) as caught:
        client.get("orders/1", {})
    assert "cs_x" not in str(caught.value)
    assert 1 == len(web.calls)


def test_redirect_to_nonsense(client, web):
    """A redirect that the library cannot even read is an answer that is not there."""
    web.get(f"{API}orders/1", status=301, headers={"Location": "http://["})
    with pytest.raises(PlatformUnavailable, match="ValueError"):
        client.get("orders/1", {})


def test_endless_answer(client, web, monkeypatch):
    """An answer without end is not kept in memory."""
    monkeypatch.setattr(asking, "LARGEST", 100_000)
    web.get(f"{API}orders/1", body=b" " * 200_000)
    with pytest.raises(PlatformUnavailable, match="larger"):
        client.get("orders/1", {})


def test_dripping_answer(web, pauses):
    """A shop that sends a byte now and then keeps nobody for ever."""
    moments = iter(range(0, 100_000, 100))
    web.get(f"{API}orders/1", body=b" " * 200_000)
    with pytest.raises(PlatformUnavailable, match="longer than 120 s"):
        rest(pauses, elapsed=lambda: next(moments)).get("orders/1", {})


@pytest.mark.parametrize("body", [b"<html>", b'{"total": NaN}', b"", b'{"id": 1}', b"[1]"])
def test_no_list(client, web, body):
    """A maintenance page under a good status is no empty shop."""
    web.get(f"{API}orders", body=body)
    with pytest.raises(PlatformUnavailable, match="was answered for orders"):
        listed(client, "orders", {}, shop="tea")


def test_no_such_list(client, web):
    """Plain permalinks hide the API."""
    web.get(f"{API}orders", status=404, body="<html>")
    with pytest.raises(ConfigurationError, match="permalinks"):
        listed(client, "orders", {}, shop="tea")


def test_every_page(client, web, recorded):
    """Pages are counted by the shop's own header, whatever they hold."""
    for number in (1, 2, 3):
        web.get(
            f"{API}webhooks",
            json=[{"id": number}],
            headers={"x-wp-totalpages": "3", "X-WP-Total": "3"},
            match=[responses.matchers.query_param_matcher({"per_page": 100, "page": number})],
        )
    assert [1, 2, 3] == [row["id"] for row in every(client, "webhooks", {}, shop="tea")]
    assert 3 == listed(client, "webhooks", {"per_page": 100, "page": 1}, shop="tea").total


@pytest.mark.parametrize("headers", [{}, {"X-WP-TotalPages": "many"}])
def test_every_page_without_headers(client, web, headers):
    """A proxy that drops the header does not hide the second page."""
    for number, rows in ((1, 100), (2, 3)):
        web.get(
            f"{API}webhooks",
            json=[{"id": 1}] * rows,
            headers=headers,
            match=[responses.matchers.query_param_matcher({"per_page": 100, "page": number})],
        )
    assert 103 == len(list(every(client, "webhooks", {}, shop="tea")))


def test_nothing_in_reprs(client):
    """A key in a repr ends up in a log."""
    shop = Shop(name="tea", options={"url": SITE, "consumer_key": KEY, "consumer_secret": SECRET})
    shown = f"{client!r} {shop!r} {WooCommerceAdapter(shop)!r}"
    assert KEY not in shown
    assert SECRET not in shown


def test_shops_do_not_mix(web):
    """Forty threads over two shops: no request carries the credentials of the other."""
    seen = []

    def answer(request):
        seen.append((request.url, base64.b64decode(request.headers["Authorization"].split()[1]).decode()))
        return (200, {}, "{}")

    for name in ("a", "b"):
        web.add_callback("GET", f"https://{name}.example/wp-json/wc/v3/orders/1", callback=answer)
    clients = {
        name: RestClient(
            shop=name, url=f"https://{name}.example", consumer_key=f"ck_{name}", consumer_secret=f"cs_{name}"
        )
        for name in ("a", "b")
    }
    start = threading.Barrier(40)

    def ask(name):
        start.wait()
        for _ in range(5):
            clients[name].get("orders/1", {})

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b") * 20]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 == len(seen)
    assert {("a", "ck_a:cs_a"), ("b", "ck_b:cs_b")} == {(url[8], sent) for url, sent in seen}


class TestOverHttp:
    """The same against a real server on this computer."""

    @pytest.fixture
    def server(self):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, dict(self.headers)))
                if "/slow" in self.path:
                    threading.Event().wait(0.5)
                    return
                body = b'{"id": 1}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()
        server.server_close()

    def test_signed(self, server, pauses):
        """Over plain HTTP requests are signed and carry no password."""
        url, asked = server
        assert 200 == rest(pauses, url).get("orders/1", {"dp": 2}).status
        [(path, headers)] = asked
        assert "oauth_signature=" in path
        assert SECRET not in path
        assert "Authorization" not in headers

    def test_slow(self, server, pauses, monkeypatch):
        """A shop that does not answer is given up in time."""
        monkeypatch.setattr(module, "READ", 0.05)
        with pytest.raises(PlatformUnavailable, match="in time"):
            rest(pauses, server[0]).get("slow", {})
        assert 4 == len(server[1])

    def test_nobody_there(self, pauses):
        """A shop that is switched off is unavailable."""
        with pytest.raises(PlatformUnavailable, match="no connection"):
            rest(pauses, "http://127.0.0.1:9").get("orders/1", {})


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"consumer_key": KEY, "url": SITE}, {"consumer_secret"}),
            ({"consumer_secret": SECRET, "url": SITE}, {"consumer_key"}),
            ({"consumer_key": KEY, "consumer_secret": SECRET}, {"url"}),
            ({"consumer_key": KEY, "consumer_secret": SECRET, "url": "http://shop.example"}, {"url"}),
        ],
    )
    def test_halves(self, options, named):
        """Half of what it takes to ask a shop is noticed when the configuration is read."""
        assert named == set(OptionsSchema().validate(options))

    def test_webhooks_only(self):
        """A shop whose address is only shown to people needs no key."""
        assert {} == OptionsSchema().validate({"url": "http://shop.example"})

    def test_in_the_configuration(self, tmp_path):
        """Keys are kept outside of the configuration; a missing one is named by its variable."""
        config = {
            "brand": {"name": "Tea", "country": "JP"},
            "shops": {
                "tea": {
                    "adapter": "woocommerce",
                    "secret": {"env": "WOO_SECRET"},
                    "url": SITE,
                    "consumer_key": {"env": "WOO_KEY"},
                    "consumer_secret": {"env": "WOO_KEY_SECRET"},
                }
            },
        }
        environ = {"WOO_SECRET": "s", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}
        with Aftercare(config, plugins={"woocommerce": plugin}, environ=environ):
            pass
        del environ["WOO_KEY"]
        with pytest.raises(SettingsError, match=r"consumer_key.*WOO_KEY is not set"):
            Aftercare(config, plugins={"woocommerce": plugin}, environ=environ)


def test_read_through_the_client(web, recorded):
    """What the adapter reads it asks the shop of the configuration for."""
    answer = recorded("error-404-order")
    web.get(f"{API}orders/337", status=404, json=answer["body"])
    shop = Shop(name="tea", options={"url": SITE, "consumer_key": KEY, "consumer_secret": SECRET})
    [gone] = WooCommerceAdapter(shop).read([Ref("order", "337")])
    assert Ref("order", "337") == gone.ref
