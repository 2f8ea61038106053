from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from aftercare_sdk.shops import asking
from aftercare_sdk.shops.asking import PATIENCE, TRIES, Answer, Asker, Silence


class _Shop(BaseHTTPRequestHandler):
    """Answers what the test wants, in turn; the last for ever."""

    answers: list[tuple[int, dict[str, str]]]
    asked: int

    def do_GET(self) -> None:
        cls = type(self)
        status, headers = cls.answers[min(cls.asked, len(cls.answers) - 1)]
        cls.asked += 1
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"told")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop():
    """A shop on loopback: its handler, and how to send a request to it."""
    handler = type("Handler", (_Shop,), {"answers": [(200, {})], "asked": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield handler, lambda: requests.get(f"http://127.0.0.1:{server.server_port}/", stream=True, timeout=5)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pauses():
    """The pauses that were made, in seconds; nothing really sleeps."""
    return []


@pytest.fixture
def asker(pauses):
    """Waits without waiting, and always the longest that chance allows."""
    return Asker(sleep=pauses.append, jitter=lambda: 1.0)


def test_a_good_answer_is_returned_at_once(shop, asker, pauses):
    """With its headers, by whatever capitals."""
    handler, send = shop
    handler.answers = [(201, {"X-Total": "7"})]
    answer = asker.ask(send)
    assert isinstance(answer, Answer)
    assert (201, True, b"told", "7", "") == (
        answer.status,
        answer.good,
        answer.body,
        answer.header("x-total"),
        answer.header("x-other"),
    )
    assert (1, []) == (handler.asked, pauses)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 599])
def test_an_overloaded_shop_is_asked_again(shop, asker, pauses, status):
    """After longer and longer pauses, until it does better."""
    handler, send = shop
    handler.answers = [(status, {}), (status, {}), (200, {})]
    answer = asker.ask(send)
    assert isinstance(answer, Answer)
    assert (200, [1.0, 2.0]) == (answer.status, pauses)


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_a_clear_answer_is_taken(shop, asker, status):
    """Asking again would not change it."""
    handler, send = shop
    handler.answers = [(status, {})]
    asker.ask(send)
    assert 1 == handler.asked


def test_the_tries_end(shop, asker, pauses):
    """With the last answer; what must not be done twice gets one."""
    handler, send = shop
    handler.answers = [(503, {})]
    answer = asker.ask(send)
    assert isinstance(answer, Answer)
    assert (503, TRIES, TRIES - 1) == (answer.status, handler.asked, len(pauses))
    asker.ask(send, tries=1)
    assert TRIES + 1 == handler.asked


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "5"}, 5.0),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:09 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 9.0),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:09 GMT"}, 1.0),
        ({"Retry-After": "soon"}, 1.0),
        ({"Retry-After": "-5"}, 1.0),
    ],
)
def test_a_shop_says_when_to_come_back(shop, asker, pauses, headers, pause):
    """By seconds or by a date of its own clock; nonsense is not heard."""
    handler, send = shop
    handler.answers = [(429, headers), (200, {})]
    asker.ask(send)
    assert [pause] == pauses


def test_a_shop_that_wants_more_patience_is_asked_another_time(shop, asker, pauses):
    """No worker is kept for long."""
    handler, send = shop
    handler.answers = [(429, {"Retry-After": str(int(PATIENCE) + 1)})]
    asker.ask(send)
    assert (1, []) == (handler.asked, pauses)


def test_an_endless_answer_is_left(shop, asker, monkeypatch):
    """It is not kept in memory."""
    monkeypatch.setattr(asking, "LARGEST", 3)
    assert isinstance(asker.ask(shop[1]), Silence)


def test_a_dripping_answer_is_left(shop):
    """It keeps nobody."""
    moments = iter(range(0, 10_000, 200))
    answer = Asker(sleep=lambda _: None, elapsed=lambda: next(moments)).ask(shop[1])
    assert Silence("an answer that took longer than 120 s came") == answer


def test_silence_names_no_address(asker):
    """The address may hold a signature or a password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        answer = asker.ask(lambda: requests.get(f"http://127.0.0.1:{port}/?secret=x", stream=True, timeout=5))
    assert Silence("no answer came: there is no connection (ConnectionError)") == answer
