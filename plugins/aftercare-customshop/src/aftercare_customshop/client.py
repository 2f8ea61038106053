"""How a custom shop is asked and told: one signed POST, bounded in time and size, tried again.

No message of an error holds a word of the answer, nor the address: it may hold a password of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from aftercare_customshop import address
from aftercare_customshop.reading import parse
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError

CONNECT, READ = 5.0, 30.0
"""Seconds to wait for a connection, and for the next piece of an answer."""
LONGEST = 120.0
"""Seconds that one whole answer may take: a shop that sends a byte now and then keeps nobody."""
LARGEST = 32 * 1024 * 1024
"""Bytes of one answer. A page of a hundred orders has about one hundred thousand."""
TRIES = 4
PATIENCE = 30.0
"""The longest `Retry-After`, in seconds, that is waited for here; who asks for more is asked again later."""

_OVERLOADED = frozenset({408, 425, 429})
_NOTHING_THERE = frozenset({404, 405, 410})
_USER_AGENT = "aftercare-customshop"


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

    def told(self) -> dict[str, Any] | None:
        """Return the JSON object of the body, or None if there is none."""
        try:
            return parse(self.body)
        except TranslationError:
            return None


def _now() -> datetime:
    # The shop compares the time of signing with a clock of its own, and so does every release of the
    # Standard Webhooks libraries: this is no moment of the story that the engine tells.
    return datetime.now(UTC)  # noqa: TID251


class Client:
    """Posts messages to one address of one shop. `option` names the setting that holds the address.

    Raises PlatformUnavailable for what may be better later, after some tries, and ConfigurationError for
    what a person must mend. May be used by many threads at once. `sleep` is called with the seconds to wait,
    `jitter` gives a number from 0 to 1, `elapsed` counts seconds, `now` is the time of signing.
    """

    __slots__ = ("_elapsed", "_jitter", "_now", "_option", "_secret", "_shop", "_sleep", "_url")

    def __init__(
        self,
        *,
        shop: str,
        option: str,
        url: str,
        secret: str,
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        wrong = address.problem(url)
        if wrong:
            raise ConfigurationError(f"shops.{shop}.{option}: {wrong}")
        self._shop, self._option, self._url, self._secret = shop, option, url, secret
        self._sleep, self._jitter, self._elapsed, self._now = sleep, jitter, elapsed, now

    def __repr__(self) -> str:
        return f"Client(shop={self._shop!r}, option={self._option!r})"

    def now(self) -> datetime:
        """Return the time of signing."""
        return self._now()

    def post(
        self, kind: str, data: Mapping[str, Any], *, message_id: str, returned: frozenset[int] = frozenset()
    ) -> Answer:
        """Post a message of the type `kind` and return the answer, good or not.

        Raised is what says the same whatever the message: no answer, an overloaded shop, a wrong secret, a
        wrong address; but never for one of the statuses `returned`. Every try has the same `message_id` and
        body, and is signed anew.
        """
        message = {"type": kind, "timestamp": self._now().isoformat(), "data": data}
        for number in range(1, TRIES + 1):
            pause = 0.0
            answer = self._once(message, message_id)
            if isinstance(answer, str):
                trouble = answer
            elif answer.status in _OVERLOADED or answer.status >= 500:  # noqa: PLR2004
                trouble = f"it answered {answer.status}"
                pause = _retry_after(answer)
            else:
                return answer if answer.good or answer.status in returned else self._checked(answer, kind)
            pause = max(pause, 2.0 ** (number - 1) * (0.5 + self._jitter() / 2))
            if number == TRIES or pause > PATIENCE:
                break
            (self._sleep or time.sleep)(pause)
        raise PlatformUnavailable(f"shop {self._shop!r}: {trouble} to {kind} ({self._option})")

    def _once(self, message: Mapping[str, Any], message_id: str) -> Answer | str:
        """Return the answer, or say why there is none."""
        import requests

        from aftercare_customshop.signing import signed

        request = signed(self._secret, message, self._now(), message_id=message_id)
        headers = {**request.headers, "Accept": "application/json", "User-Agent": _USER_AGENT}
        started = self._elapsed()
        try:
            response = requests.post(
                self._url,
                data=request.body,
                headers=headers,
                # A redirect would carry the message to whatever host it names.
                allow_redirects=False,
                stream=True,
                timeout=(CONNECT, READ),
                # Else the library looks for a password for this host in ~/.netrc.
                auth=_nothing_added,
            )
            try:
                body = bytearray()
                for piece in response.iter_content(65_536):
                    body += piece
                    if len(body) > LARGEST:
                        return f"an answer larger than {LARGEST // 1024 // 1024} MiB came"
                    if self._elapsed() - started > LONGEST:
                        return f"an answer that took longer than {LONGEST:g} s came"
            finally:
                response.close()
            return Answer(response.status_code, dict(response.headers), bytes(body))
        except requests.exceptions.SSLError:
            return "no answer came (its certificate is not accepted, or its encryption broke off)"
        except requests.exceptions.Timeout:
            return "no answer came in time"
        except (requests.exceptions.RequestException, ValueError) as error:
            # Only the kind: the text holds the address.
            return f"no answer came ({type(error).__name__})"

    def _checked(self, answer: Answer, kind: str) -> Answer:
        where = f"shops.{self._shop}.{self._option}"
        status = answer.status
        if status < 200:  # noqa: PLR2004
            raise PlatformUnavailable(f"shop {self._shop!r}: it answered {status} to {kind} ({self._option})")
        if status < 400:  # noqa: PLR2004
            raise ConfigurationError(
                f"{where}: {kind} was answered {status}, which sends on to another address; write the one at "
                "which the shop answers itself"
            )
        if status in _NOTHING_THERE:
            raise ConfigurationError(
                f"{where}: {kind} was answered {status}: nothing at this address takes messages; check the "
                "address, and that the shop takes POST there"
            )
        if status == 403 and answer.told() is None:  # noqa: PLR2004
            # A firewall's page. It lets the same request through an hour later.
            raise PlatformUnavailable(
                f"shop {self._shop!r}: it answered 403 to {kind}, with a page for people: a firewall or a "
                f"maintenance mode ({self._option})"
            )
        if status in (401, 403):
            raise ConfigurationError(
                f"{where}: {kind} was answered {status}: the shop does not accept the signature; it must "
                f"know the first secret of [shops.{self._shop}], and both clocks must be right"
            )
        return answer


def _nothing_added(request: Any) -> Any:
    return request


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
