from __future__ import annotations

import socket

import pytest

from aftercare_sdk.testing.fence import Fence, OutsideHosts


@pytest.fixture
def fence():
    """A fence that lets one host through."""
    made = Fence(["127.0.0.1", "localhost"])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def port():
    """A port on this machine that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_named_host_is_reached(fence, port):
    """Also by a name that must be looked up first."""
    for host in ("127.0.0.1", "localhost"):
        socket.create_connection((host, port), 5).close()
    assert [] == fence.attempts


def test_another_host_is_not(fence):
    """Neither by name nor by number, and each attempt is kept though the error is swallowed."""
    for host in ("elsewhere.example", "127.0.0.2"):
        with pytest.raises(OutsideHosts, match="none of the adapter's hosts"):
            socket.create_connection((host, 9), 1)
    with pytest.raises(OutsideHosts), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"x", ("127.0.0.3", 9))
    assert ["elsewhere.example", "127.0.0.2", "127.0.0.3"] == fence.attempts


def test_afterwards_all_is_as_before(port):
    """What was replaced in `socket` is put back."""
    before = (socket.socket.connect, socket.socket.sendto, socket.getaddrinfo, socket.gethostbyname)
    fence = Fence(())
    fence.start()
    with pytest.raises(OutsideHosts):
        socket.create_connection(("127.0.0.1", port), 5)
    fence.stop()
    assert before == (socket.socket.connect, socket.socket.sendto, socket.getaddrinfo, socket.gethostbyname)
    socket.create_connection(("127.0.0.1", port), 5).close()
