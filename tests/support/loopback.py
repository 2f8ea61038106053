"""A pytest plugin that keeps the tests on this machine: no name is looked up, no socket leaves loopback.

It listens to Python's audit events, so that it sees every socket of the interpreter, whichever library
opened it and however it got hold of the function. It cannot see libraries that speak to the network from C
(libpq, libuv) or in other processes; those get addresses on loopback from the fixtures.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL_NAMES: Final = frozenset({"", "localhost", "ip6-localhost"})
SOCKET_EVENTS: Final = frozenset({"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"})
LOOKUP_EVENTS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


class OutsideLoopback(RuntimeError):
    """A test tried to reach another machine.

    No OSError: code that expects networks to fail would take it for an ordinary outage.
    """


class Guard:
    """The audit hook. It can never be removed from the interpreter again, only told to rest."""

    def __init__(self) -> None:
        self.active = False
        self.attempts: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what would leave the machine; every other event passes."""
        if not self.active or not event.startswith("socket."):
            return
        if event in SOCKET_EVENTS:
            opened, target = arguments
            # Unix sockets stay here. None is the address of sendmsg() on a connected socket.
            if opened.family not in {socket.AF_INET, socket.AF_INET6} or target is None:
                return
            host, listening = target[0], event == "socket.bind"
        elif event in LOOKUP_EVENTS:
            target = host = arguments[0]
            listening = False
        else:
            return
        if is_loopback(host, listening=listening):
            return
        attempt = f"{event} {target!r}"
        self.attempts.append(attempt)
        raise OutsideLoopback(
            f"{attempt}: tests open no socket outside loopback. Use a recording, `responses`, or a server "
            "on 127.0.0.1."
        )


def is_loopback(host: object, *, listening: bool) -> bool:
    """Tell whether the host is this machine. To listen on "" would open a port to everybody."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in LOCAL_NAMES and not (listening and name == "")


def own_name(name: str = "") -> str:
    """Stand in for socket.getfqdn, with which SMTP greets: the real one asks DNS for this machine."""
    return name or "localhost"


guard: Final = Guard()
sys.addaudithook(guard)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """Begin before collection, so that no import of a test module escapes."""
    guard.active = True
    socket.getfqdn = own_name


@pytest.fixture(autouse=True)
def outside_attempts() -> Iterator[list[str]]:
    """Fail the test that tried to leave, even if the code under test swallowed the error.

    A test that means to try clears the list.
    """
    guard.attempts.clear()
    yield guard.attempts
    if guard.attempts:
        pytest.fail("tried to leave loopback: " + "; ".join(guard.attempts))
