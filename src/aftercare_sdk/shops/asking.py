"""How an adapter asks a shop over HTTP: bounded in time and size, and again if that may help.

For every library that stands on `requests`: the adapter sends, this reads the answer. Nothing that is told of
a request that got none holds its address or a word of the answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import Response

CONNECT, READ = 5.0, 30.0
"""Seconds to wait for a connection, and for the next piece of an answer."""
LONGEST = 120.0
"""Seconds that one whole answer may take: a shop that sends a byte now and then keeps nobody."""
LARGEST = 32 * 1024 * 1024
"""Bytes of one answer. A page of a hundred orders has about one million at most."""
TRIES = 4
PATIENCE = 30.0
"""The longest pause, in seconds, that is made here; a shop that asks for more is asked again later."""

_OVERLOADED = frozenset({408, 425, 429})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def good(self) -> bool:
        """Whether the shop did what it was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def header(self, name: str) -> str:
        """Return the header `name`, whatever its capitals, or an empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer that could be used came; `reason` says why, in words."""

    reason: str


def overloaded(answer: Answer) -> bool:
    """Tell whether an answer means that the shop may do better later."""
    return answer.status in _OVERLOADED or answer.status >= _SERVER_ERROR


class Asker:
    """Sends requests and waits between the tries. May be used by many threads at once.

    `sleep` is called with the seconds to wait, `jitter` gives a number from 0 to 1, `elapsed` counts seconds.
    """

    __slots__ = ("_elapsed", "_jitter", "_sleep")

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep, self._jitter, self._elapsed = sleep, jitter, elapsed

    def ask(
        self,
        send: Callable[[], Response],
        *,
        tries: int = TRIES,
        later: Callable[[Answer], bool] = overloaded,
    ) -> Answer | Silence:
        """Return the answer to the last try: of those that are not to be tried `later`, the first.

        `send` makes the request with `stream=True`, the time-outs CONNECT and READ, and no redirects. What
        must not be done twice gets one try.
        """
        for number in range(1, tries + 1):
            answer = self._once(send)
            asked = 0.0
            if isinstance(answer, Answer):
                if not later(answer):
                    return answer
                asked = _retry_after(answer)
            pause = max(asked, 2.0 ** (number - 1) * (0.5 + self._jitter() / 2))
            if number == tries or pause > PATIENCE:
                break
            (self._sleep or time.sleep)(pause)
        return answer

    def _once(self, send: Callable[[], Response]) -> Answer | Silence:
        from requests import exceptions

        started = self._elapsed()
        try:
            response = send()
            try:
                body = bytearray()
                for piece in response.iter_content(65_536):
                    body += piece
                    if len(body) > LARGEST:
                        return Silence(f"an answer larger than {LARGEST // 1024 // 1024} MiB came")
                    if self._elapsed() - started > LONGEST:
                        return Silence(f"an answer that took longer than {LONGEST:g} s came")
            finally:
                response.close()
            return Answer(response.status_code, dict(response.headers), bytes(body))
        except exceptions.SSLError:
            return Silence("no answer came: its certificate is not accepted, or its encryption broke off")
        except exceptions.Timeout:
            return Silence("no answer came in time")
        except (exceptions.RequestException, ValueError) as error:
            # A redirect to nonsense is a plain ValueError. Only the kind: the text holds the address, which
            # may hold a signature or a password.
            return Silence(f"no answer came: there is no connection ({type(error).__name__})")


def _retry_after(answer: Answer) -> float:
    """Return the seconds that the shop asks to wait."""
    told = answer.header("Retry-After").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        # A date: measured by the clock of the shop, which says it in the same answer.
        return (parsedate_to_datetime(told) - parsedate_to_datetime(answer.header("Date"))).total_seconds()
    except (TypeError, ValueError):
        return 0.0
