"""How a custom shop is asked and told: one signed POST, bounded in time and size, tried again.

No message of an error holds a word of the answer, nor the address: it may hold a password of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aftercare_customshop import address
from aftercare_customshop.reading import parse
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.shops.asking import CONNECT, READ, Answer, Asker, Silence, overloaded

if TYPE_CHECKING:
    from requests import Response

_NOTHING_THERE = frozenset({404, 405, 410})
_USER_AGENT = "aftercare-customshop"


def json_of(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object of an answer's body, or None if there is none."""
    try:
        return parse(answer.body)
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

    __slots__ = ("_asker", "_now", "_option", "_secret", "_shop", "_url")

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
        self._asker = Asker(sleep=sleep, jitter=jitter, elapsed=elapsed)
        self._now = now

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
        answer = self._asker.ask(lambda: self._once(message, message_id))
        if isinstance(answer, Silence):
            trouble = answer.reason
        elif overloaded(answer):
            trouble = f"it answered {answer.status}"
        else:
            return answer if answer.good or answer.status in returned else self._checked(answer, kind)
        raise PlatformUnavailable(f"shop {self._shop!r}: {trouble} to {kind} ({self._option})")

    def _once(self, message: Mapping[str, Any], message_id: str) -> Response:
        import requests

        from aftercare_customshop.signing import signed

        request = signed(self._secret, message, self._now(), message_id=message_id)
        return requests.post(
            self._url,
            data=request.body,
            headers={**request.headers, "Accept": "application/json", "User-Agent": _USER_AGENT},
            # A redirect would carry the message to whatever host it names.
            allow_redirects=False,
            stream=True,
            timeout=(CONNECT, READ),
            # Else the library looks for a password for this host in ~/.netrc.
            auth=_nothing_added,
        )

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
        if status == 403 and json_of(answer) is None:  # noqa: PLR2004
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
