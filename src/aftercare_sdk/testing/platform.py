"""A platform that stands in for the real one while an adapter reads, and that can be in trouble."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from unittest import mock
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request of an adapter. `url` is whole, with its query."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Reply = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body of an answer."""


class Trouble(StrEnum):
    """What can be wrong with a platform."""

    UNREACHABLE = "unreachable"
    """Nothing takes the connection."""
    BROKEN = "broken"
    """503, with a page for people."""
    PAGE = "answering with a page for people"
    """200, and no answer: a maintenance mode, a cache, a firewall."""
    SLOW = "slow"
    """The answer does not come within any timeout."""
    THROTTLED = "throttled"
    """429, and `Retry-After` asks for an hour."""
    DENIED = "denied"
    """401."""


PAUSE = 3600
"""Seconds that a throttling platform asks to wait."""

_REPLIES: Mapping[Trouble, Reply] = {
    Trouble.BROKEN: (
        503,
        {"Content-Type": "text/html"},
        b"<html><body><h1>Briefly unavailable for maintenance</h1></body></html>",
    ),
    Trouble.PAGE: (200, {"Content-Type": "text/html"}, b"<html><body><h1>Back soon</h1></body></html>"),
    Trouble.THROTTLED: (429, {"Content-Type": "application/json", "Retry-After": str(PAUSE)}, b"{}"),
    Trouble.DENIED: (401, {"Content-Type": "application/json"}, b'{"error": "unauthorized"}'),
}


class Platform:
    """Answers what is asked of `hosts` over the library `requests`, in place of the network.

    For an adapter that uses another library, override `carry`. `trouble` is asked before each answer, with
    the number of the request from 1 on. While it is entered, `time.sleep` returns at once.
    """

    def __init__(self, hosts: Sequence[str], answer: Callable[[Asked], Reply]) -> None:
        self.hosts = frozenset(hosts)
        self._answer = answer
        self._open = ExitStack()
        self.trouble: Callable[[int], Trouble | None] = lambda _: None
        self.asked: list[Asked] = []
        self.boundless: list[Asked] = []
        self.elsewhere: list[str] = []
        self.slept: list[float] = []

    def __enter__(self) -> Self:
        self._open.enter_context(mock.patch.object(time, "sleep", self.slept.append))
        self.carry(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def meet(self, asked: Asked, *, bounded: bool) -> Reply | Trouble:
        """Return the answer to a request; or UNREACHABLE or SLOW, to be raised as the library does.

        `bounded`: the request has a timeout.
        """
        host = urlsplit(asked.url).hostname or ""
        if host not in self.hosts:
            self.elsewhere.append(host)
            return Trouble.UNREACHABLE
        self.asked.append(asked)
        if not bounded:
            self.boundless.append(asked)
        trouble = self.trouble(len(self.asked))
        if trouble is None:
            return self._answer(asked)
        return _REPLIES.get(trouble, trouble)

    def carry(self, stack: ExitStack) -> None:
        """Take over from the network until `stack` is closed: hand each request to `meet`."""
        import requests
        import responses

        def carried(request: Any) -> Reply:
            told = request.body or b""
            asked = Asked(
                request.method,
                request.url,
                dict(request.headers),
                told.encode() if isinstance(told, str) else bytes(told),
            )
            met = self.meet(asked, bounded=request.req_kwargs.get("timeout") is not None)
            if met is Trouble.SLOW:
                raise requests.exceptions.ReadTimeout("Read timed out.")
            if isinstance(met, Trouble):
                raise requests.exceptions.ConnectionError("Connection refused.")
            status, headers, body = met
            # The mock sets the type of the content itself, and would add a second one.
            return status, {name: text for name, text in headers.items() if name != "Content-Type"}, body

        network = stack.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            network.add_callback(method, re.compile(".*"), callback=carried, content_type="application/json")
