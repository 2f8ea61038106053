"""How a shop is asked: signed, bounded, patiently, and without a word about it to anybody else."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import responses
from standardwebhooks import Webhook

from aftercare_customshop import client as module
from aftercare_customshop.client import Client, json_of
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.shops import asking

URL = "https://shop.example/aftercare?key=hidden"
NOW = datetime(2026, 4, 1, 9, 5, 30, 250_000, tzinfo=UTC)


@pytest.fixture
def pauses():
    """The pauses that a client made, in seconds; nothing really sleeps."""
    return []


@pytest.fixture
def make(secret, pauses):
    """A function that makes clients, with the longest jitter."""

    def make(url=URL, **given):
        options = {"sleep": pauses.append, "jitter": lambda: 1.0, "now": lambda: NOW, **given}
        return Client(shop="tea", option="read_url", url=url, secret=secret, **options)

    return make


@pytest.fixture
def ask(make):
    """Ask the shop something."""
    return lambda **given: make(**given).post("orders.list", {"limit": 1}, message_id="ask_1")


@pytest.fixture
def web():
    """The web, in which only what a test names answers."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


def clean(error, secret):
    """Tell that an error says nothing that others must not know."""
    told = f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
    return not any(word in told for word in ("hidden", "shop.example", secret, "hana"))


def test_signed(make, web, secret, monkeypatch):
    """What is sent is verified by a library that others wrote."""
    web.post(URL, json={"items": []})
    now = module._now()
    answer = make(now=lambda: now).post("orders.list", {"name": "小川"}, message_id="ask_1")
    assert ({"items": []}, 200) == (json_of(answer), answer.status)
    sent = web.calls[0].request
    message = Webhook(secret).verify(sent.body, dict(sent.headers))
    assert {"type": "orders.list", "timestamp": now.isoformat(), "data": {"name": "小川"}} == message
    assert ("ask_1", "application/json", "application/json") == (
        sent.headers["webhook-id"],
        sent.headers["Content-Type"],
        sent.headers["Accept"],
    )
    assert "Authorization" not in sent.headers


def test_no_password_of_this_computer(ask, web, monkeypatch, tmp_path):
    """The library would send what stands in ~/.netrc for the host."""
    (tmp_path / "netrc").write_text("machine shop.example login me password hunter2\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    web.post(URL, json={})
    ask()
    assert "Authorization" not in web.calls[0].request.headers


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_overloaded(ask, web, pauses, secret, status):
    """A shop that is down or throttling is asked four times, ever more slowly, and then later."""
    web.post(URL, status=status, body="<html>hana@customer.example</html>")
    with pytest.raises(
        PlatformUnavailable, match=rf"^shop 'tea': it answered {status} to orders.list"
    ) as caught:
        ask()
    assert [1.0, 2.0, 4.0] == pauses
    assert clean(caught.value, secret)


def test_a_second_try_is_the_same_message_signed_anew(make, web):
    """So that the shop can know it again, and takes it although minutes have passed."""
    moments = iter([NOW, NOW, NOW.replace(minute=20)])
    web.post(URL, status=503)
    web.post(URL, json={})
    make(now=lambda: next(moments)).post("orders.list", {}, message_id="ask_1")
    first, second = (call.request for call in web.calls)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert 900 == int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, [7.0, 7.0, 7.0]),
        ({"Retry-After": "3600"}, []),
        ({"Retry-After": "²"}, [1.0, 2.0, 4.0]),
        (
            {"Retry-After": "Wed, 01 Apr 2026 09:00:09 GMT", "Date": "Wed, 01 Apr 2026 09:00:00 GMT"},
            [9.0, 9.0, 9.0],
        ),
    ],
)
def test_retry_after(ask, web, pauses, headers, expected):
    """A shop says how long to leave it alone; a worker waits half a minute at most."""
    web.post(URL, status=429, headers=headers)
    with pytest.raises(PlatformUnavailable):
        ask()
    assert expected == pauses


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (requests.exceptions.SSLError(URL), "certificate"),
        (requests.exceptions.ReadTimeout(URL), "in time"),
        (requests.exceptions.ConnectionError(URL), "no answer came"),
        (requests.exceptions.ChunkedEncodingError(URL), "no answer came"),
    ],
)
def test_no_answer(ask, web, secret, error, told):
    """It is said what happened, and not where."""
    web.post(URL, body=error)
    with pytest.raises(PlatformUnavailable, match=told) as caught:
        ask()
    assert 4 == len(web.calls)
    assert clean(caught.value, secret)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (301, "sends on"),
        (308, "sends on"),
        (401, "first secret"),
        (403, "first secret"),
        (404, "nothing at this address"),
        (405, "nothing at this address"),
        (410, "nothing at this address"),
    ],
)
def test_what_a_person_must_mend(ask, web, secret, status, told):
    """It is not tried again, the setting is named, and a redirect is not followed."""
    web.post(URL, status=status, body="{}", headers={"Location": "https://evil.example/?secret=1"})
    with pytest.raises(ConfigurationError, match=rf"^shops\.tea\.read_url: .*{told}") as caught:
        ask()
    assert 1 == len(web.calls)
    assert clean(caught.value, secret)
    assert "evil" not in str(caught.value)


def test_a_firewall_lets_it_through_later(ask, web):
    """A page for people with 403 is no word of the shop."""
    web.post(URL, status=403, body="<html>Blocked</html>")
    with pytest.raises(PlatformUnavailable, match="firewall"):
        ask()


@pytest.mark.parametrize("status", [200, 201, 204, 400, 409, 422])
def test_answers(ask, web, status):
    """Who asks decides what an answer to the very question means."""
    web.post(URL, status=status)
    assert (status, status < 300) == (ask().status, ask().good)


@pytest.mark.parametrize("limit", [("LARGEST", 1_000), ("LONGEST", -1)])
def test_bounded(ask, web, monkeypatch, limit):
    """A shop that never ends keeps nobody."""
    monkeypatch.setattr(asking, *limit)
    web.post(URL, body=b"x" * 200_000)
    with pytest.raises(PlatformUnavailable, match=r"larger than|longer than"):
        ask()


def test_timeouts(ask, web, monkeypatch):
    """There is no question without an end."""
    web.post(URL, json={})
    ask()
    given = web.calls[0].request.req_kwargs
    assert (module.CONNECT, module.READ) == given["timeout"]
    assert given["verify"], "certificates are checked"


def test_repr(make, secret):
    """A client in a traceback shows neither address nor secret."""
    assert "Client(shop='tea', option='read_url')" == repr(make())


@pytest.mark.parametrize("url", ["http://shop.example", "https://me:pw@shop.example", "shop.example"])
def test_address(make, url):
    """Nothing is sent where others could read along."""
    with pytest.raises(ConfigurationError, match=r"^shops\.tea\.read_url: ") as caught:
        make(url)
    assert "pw" not in str(caught.value)


class _Forwarding(BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        type(self).asked += 1
        self.send_response(307)
        self.send_header("Location", self.path)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_over_a_real_socket(make):
    """A redirect of a real server is not followed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forwarding)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(ConfigurationError, match="sends on"):
            make(f"http://127.0.0.1:{server.server_port}/").post("orders.list", {}, message_id="a")
        assert 1 == _Forwarding.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_many_threads(make, web):
    """One adapter serves all workers of a shop."""
    web.post(URL, json={})
    client = make()
    threads = [
        threading.Thread(
            target=client.post, args=("order.get", {"id": str(n)}), kwargs={"message_id": str(n)}
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = {call.request.headers["webhook-id"]: json.loads(call.request.body) for call in web.calls}
    assert {str(n): str(n) for n in range(20)} == {name: told["data"]["id"] for name, told in sent.items()}
