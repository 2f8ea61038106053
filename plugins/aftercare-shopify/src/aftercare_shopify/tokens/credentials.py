"""Tokens by client credentials: of an app and a shop that belong to the same organisation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_shopify.tokens.endpoint import Denied, Endpoint
from aftercare_shopify.tokens.provider import EARLY, REMEMBERED, Reconnect

_GRANT = "client_credentials"


@dataclass(frozen=True, slots=True)
class _Held:
    """A token, and until when it holds; None: until it is revoked."""

    token: str = field(repr=False)
    ends: datetime | None


class ClientCredentials:
    """Asks for a token when there is none or it ends soon, and keeps it in memory. `now` is aware."""

    __slots__ = ("_denied", "_endpoint", "_held", "_lock", "_now")

    def __init__(self, endpoint: Endpoint, *, now: Callable[[], datetime]) -> None:
        self._endpoint, self._now = endpoint, now
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._denied: tuple[datetime, str] | None = None

    def __repr__(self) -> str:
        return f"ClientCredentials(shop={self._endpoint.shop!r})"

    @property
    def cure(self) -> str:
        """What a person must do when Shopify refuses the token."""
        shop = self._endpoint.shop
        return (
            f"see that the app of shops.{shop}.client_id is installed in {self._endpoint.domain} and belongs "
            "to the same organisation as the shop, and that its client_secret is the present one"
        )

    def token(self) -> str:
        """Return a token that holds a while."""
        held = self._held
        if held is not None and not self._ends_soon(held):
            return held.token
        with self._lock:
            # Another thread was here meanwhile.
            held = self._held
            if held is not None and not self._ends_soon(held):
                return held.token
            try:
                self._held = self._asked()
            except PlatformUnavailable:
                if held is None or held.ends is None or held.ends <= self._now():
                    raise
                # It holds a little longer.
                return held.token
            return self._held.token

    def renew(self, refused: str) -> bool:
        """Forget the token that was refused, and ask for another one."""
        with self._lock:
            if self._held is not None and self._held.token == refused:
                self._held = None
        return self.token() != refused

    def _asked(self) -> _Held:
        now = self._now()
        if self._denied is not None and now < self._denied[0] + REMEMBERED:
            raise self._reconnect(self._denied[1])
        told = self._endpoint.ask(_GRANT)
        if isinstance(told, Denied):
            self._denied = (now, told.code)
            raise self._reconnect(told.code)
        self._denied = None
        return _Held(told.access_token, None if told.lasts is None else now + told.lasts)

    def _ends_soon(self, held: _Held) -> bool:
        return held.ends is not None and self._now() >= held.ends - EARLY

    def _reconnect(self, code: str) -> Reconnect:
        return Reconnect(f"shop {self._endpoint.shop!r}: Shopify gives no token ({code}): {self.cure}")
