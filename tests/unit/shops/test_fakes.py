from __future__ import annotations

import threading

import pytest
import requests
import responses

from aftercare_sdk.shops.fakes import Reply, answer_in, served


def echo(method, path, headers, body):
    """Answer with what was asked."""
    return Reply(201, {"X-Asked": f"{method} {path}", "X-Told": headers.get("X-Told", "")}, body[::-1])


def test_over_http():
    """A request is answered, whatever its method; the connection may be kept for the next one."""
    with served(echo) as url, requests.Session() as session:
        for method in ("POST", "PUT"):
            answer = session.request(method, f"{url}/a/b?c=d", data=b"abc", headers={"X-Told": "it"})
            assert (201, f"{method} /a/b?c=d", "it", b"cba") == (
                answer.status_code,
                answer.headers["X-Asked"],
                answer.headers["X-Told"],
                answer.content,
            )


def test_nothing_outlives_it():
    """A connection that a client keeps open holds up no end, and leaves no thread."""
    before = threading.active_count()
    with requests.Session() as session:
        with served(echo) as url:
            assert session.get(url).status_code == 201
            assert threading.active_count() > before
        assert before == threading.active_count()


def test_a_port_that_is_taken():
    """Whoever asked for that one port is told, and may take another."""
    with served(echo) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), served(echo, port=port):
            pass


def test_in_one_process():
    """The same answers, at the address of the shop; nothing else is answered."""
    with responses.RequestsMock() as mock:
        answer_in(mock, "https://shop.example", echo)
        answer = requests.post("https://shop.example/a?b=c", data="abc", timeout=5)
        assert (201, "POST https://shop.example/a?b=c", b"cba") == (
            answer.status_code,
            answer.headers["X-Asked"],
            answer.content,
        )
        with pytest.raises(requests.ConnectionError):
            requests.get("https://shop.example.evil.example/", timeout=5)
        mock.assert_all_requests_are_fired = False
