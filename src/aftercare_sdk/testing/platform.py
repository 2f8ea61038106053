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

Timeout = float | tuple[float | None, float | None] | None
"""Seconds to wait for the connection and for the answer, or for each; None: for ever."""

LONGEST_TIMEOUT = 60.0
"""Seconds. A worker that waits longer serves nobody meanwhile."""


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
    REDIRECT = "sending on to another host"
    """302, to a host that is none of the adapter's."""
    PAGE_404 = "answering 404 with a page for people"
    """A web server's own page: the address is wrong, or nothing stands behind it. No object is gone."""


ELSEWHERE = "redirected.example"
"""The host to which a platform sends on."""
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
    Trouble.REDIRECT: (
        302,
        {"Content-Type": "text/html", "Location": f"https://{ELSEWHERE}/"},
        b"<html><body><h1>302 Found</h1></body></html>",
    ),
    Trouble.PAGE_404: (
        404,
        {"Content-Type": "text/html"},
        b"<html><body><h1>404 Not Found</h1><hr>nginx</body></html>",
    ),
}


class Platform:
    """Answers what is asked of `hosts` over the library `requests`, in place of the network.

    For an adapter that uses another library, override `carry`. `trouble` is asked before each answer, with
    the number of the request from 1 on. While it is entered, `time.sleep` returns at once.

    `asked` are the requests to `hosts`; `boundless` those of them that may wait for longer than a minute,
    `elsewhere` the other hosts that were asked, `slept` the seconds of each pause.
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

    def meet(self, asked: Asked, *, timeout: Timeout) -> Reply | Trouble:
        """Return the answer to a request; or UNREACHABLE or SLOW, to be raised as the library does.

        `timeout` is what the adapter gave the library. A redirect is for the library to follow, or not.
        """
        host = urlsplit(asked.url).hostname or ""
        if host not in self.hosts:
            self.elsewhere.append(host)
            return Trouble.UNREACHABLE
        self.asked.append(asked)
        if not _is_bounded(timeout):
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
            met = self.meet(asked, timeout=_seconds(request.req_kwargs.get("timeout")))
            if met is Trouble.SLOW:
                raise requests.exceptions.ReadTimeout("Read timed out.")
            if isinstance(met, Trouble):
                raise requests.exceptions.ConnectionError("Connection refused.")
            status, headers, body = met
            # The mock takes the type of the content from here only if it is spelt so.
            spelt = {"content-type": "Content-Type"}
            return status, {spelt.get(name.lower(), name): text for name, text in headers.items()}, body

        network = stack.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            network.add_callback(method, re.compile(".*"), callback=carried, content_type="application/json")


def _is_bounded(timeout: Timeout) -> bool:
    parts = timeout if isinstance(timeout, tuple) else (timeout,)
    return all(part is not None and part <= LONGEST_TIMEOUT for part in parts)


def _seconds(told: Any) -> Timeout:
    """Return a timeout as `requests` takes it: a number, two of them, or one of urllib3."""
    from urllib3 import Timeout as Limits

    if not isinstance(told, Limits):
        return told if told is None or isinstance(told, tuple) else float(told)
    if isinstance(told.total, int | float):
        return float(told.total)
    # What is not given is a mark in place of a number, and stands for the system's: for ever.
    connect, read = (
        float(part) if isinstance(part, int | float) else None
        for part in (told.connect_timeout, told.read_timeout)
    )
    return connect, read
