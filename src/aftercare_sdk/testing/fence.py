"""Keeps an adapter under test to the hosts that its author names."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any
from unittest import mock


class OutsideHosts(ConnectionRefusedError):
    """The adapter tried to reach a host that its author does not name."""


class Fence:
    """Refuses connections and look-ups of names, but for `hosts`; `attempts` are those refused.

    It replaces functions of the module `socket`. Libraries that speak to the network from C pass it by.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self.hosts = set(hosts)
        self.attempts: list[str] = []
        self._known = set(self.hosts)
        self._patches: list[Any] = []

    def start(self) -> None:
        """Begin to refuse."""
        for owner, name in (
            (socket.socket, "connect"),
            (socket.socket, "connect_ex"),
            (socket.socket, "sendto"),
        ):
            self._patch(owner, name, self._guarded_socket(getattr(owner, name), place=-1))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            self._patch(socket, name, self._guarded_lookup(getattr(socket, name)))

    def stop(self) -> None:
        """Let everything pass again."""
        while self._patches:
            self._patches.pop().stop()

    def _patch(self, owner: object, name: str, replacement: object) -> None:
        patch = mock.patch.object(owner, name, replacement)
        patch.start()
        self._patches.append(patch)

    def _guarded_socket(self, real: Any, *, place: int) -> Any:
        def guarded(opened: socket.socket, *arguments: Any) -> Any:
            if opened.family in {socket.AF_INET, socket.AF_INET6}:
                self._check(arguments[place][0], self._known)
            return real(opened, *arguments)

        return guarded

    def _guarded_lookup(self, real: Any) -> Any:
        def guarded(host: Any, *arguments: Any, **named: Any) -> Any:
            self._check(host, self.hosts)
            found = real(host, *arguments, **named)
            if isinstance(found, list):  # getaddrinfo: what it finds may be connected to
                self._known |= {entry[4][0] for entry in found}
            return found

        return guarded

    def _check(self, host: object, allowed: set[str]) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if name not in allowed:
            self.attempts.append(name)
            raise OutsideHosts(f"{name} is none of the adapter's hosts")
