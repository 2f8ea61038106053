from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
import requests

from tests.support.loopback import OutsideLoopback

# A block reserved for documentation (RFC 5737): nobody would answer if the guard failed.
ELSEWHERE = ("192.0.2.1", 9)


@pytest.mark.parametrize("call", ["connect", "connect_ex"])
def test_no_stream_leaves_the_machine(call, outside_attempts):
    """A connection to another machine is refused before a packet is sent."""
    with socket.socket() as stream, pytest.raises(OutsideLoopback, match=r"192\.0\.2\.1"):
        getattr(stream, call)(ELSEWHERE)
    assert outside_attempts == [f"socket.connect {ELSEWHERE!r}"]
    outside_attempts.clear()


def test_no_datagram_leaves_the_machine(outside_attempts):
    """A datagram to another machine is refused, by each of the two calls that can send one."""
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(OutsideLoopback):
            datagrams.sendto(b"x", ELSEWHERE)
        with pytest.raises(OutsideLoopback):
            datagrams.sendmsg([b"x"], (), 0, ELSEWHERE)
    outside_attempts.clear()


@pytest.mark.parametrize(
    "look_up",
    [
        lambda name: socket.getaddrinfo(name, 443),
        lambda name: socket.create_connection((name, 443)),
        socket.gethostbyname,
        socket.gethostbyname_ex,
        lambda name: requests.get(f"https://{name}/", timeout=1),
        lambda name: urllib.request.urlopen(f"https://{name}/", timeout=1),
    ],
)
def test_no_name_is_looked_up(look_up, outside_attempts):
    """A look-up is refused, since it would already ask a server elsewhere."""
    with pytest.raises(OutsideLoopback, match=r"shop\.example"):
        look_up("shop.example")
    outside_attempts.clear()


@pytest.mark.parametrize("address", ["", "0.0.0.0", "192.0.2.1"])  # noqa: S104 - refused, which is the test
def test_no_port_is_opened_to_others(address, outside_attempts):
    """A server that listens on all interfaces is refused."""
    with socket.socket() as server, pytest.raises(OutsideLoopback):
        server.bind((address, 0))
    outside_attempts.clear()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", b"localhost"])
def test_loopback_is_open(name):
    """A connection on this machine works, by address and by name."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((name, server.getsockname()[1]), timeout=5) as client,
    ):
        peer, _ = server.accept()
        with peer:
            client.sendall(b"hello")
            assert peer.recv(5) == b"hello"


def test_unix_sockets_are_open(tmp_path, monkeypatch):
    """A socket in the file system works."""
    monkeypatch.chdir(tmp_path)  # the path of such a socket must be short
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("socket")
        server.listen()
        client.connect("socket")


def test_threads_are_guarded(outside_attempts):
    """A swallowed error in another thread still leaves its trace, and the trace fails the test."""

    def swallow():
        with socket.socket() as stream, contextlib.suppress(OutsideLoopback):
            stream.connect(ELSEWHERE)

    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()
    assert outside_attempts == [f"socket.connect {ELSEWHERE!r}"]
    outside_attempts.clear()


def test_a_swallowed_attempt_fails_its_test(tmp_path):
    """Code under test cannot hide an attempt by catching everything."""
    (tmp_path / "test_swallow.py").write_text(
        "import contextlib, socket\n"
        "def test_swallow():\n"
        "    with contextlib.suppress(Exception): socket.create_connection(('shop.example', 443))\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.loopback", "--rootdir", tmp_path, tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "tried to leave loopback: socket.getaddrinfo 'shop.example'" in run.stdout
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
