"""Tokens of an app that a merchant let in, which hold an hour and bring a refresh token each time.

The new refresh token is on the disk before its access token is used: the old one ends with the first use of
the new one. One process asks for all, since each of several would invalidate what the others hold.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_shopify.tokens.endpoint import Denied, Endpoint
from aftercare_shopify.tokens.provider import EARLY, REMEMBERED, Reconnect
from aftercare_shopify.tokens.vault import Kept, Vault, fingerprint

_GRANT = "refresh_token"
_REMEMBERED_MOST = 5


class OfflineTokens:
    """Gives the token in a file, and replaces it before it ends. `now` is aware.

    The file counts; the configured `refresh_token` is for the first time, and for when Shopify no longer
    takes the one in the file: the merchant let the app in again, and somebody wrote the new one down.
    """

    __slots__ = ("_endpoint", "_kept", "_lock", "_now", "_seed", "_vault")

    def __init__(
        self, endpoint: Endpoint, *, file: Path, refresh_token: str, now: Callable[[], datetime]
    ) -> None:
        self._endpoint, self._seed, self._now = endpoint, refresh_token, now
        self._vault = Vault(file, shop=endpoint.shop, domain=endpoint.domain, app=endpoint.client_id)
        self._lock = threading.Lock()
        self._kept = Kept()

    def __repr__(self) -> str:
        return f"OfflineTokens(shop={self._endpoint.shop!r}, file={self._vault!r})"

    @property
    def cure(self) -> str:
        """What a person must do when Shopify refuses the token."""
        return (
            f"the merchant of {self._endpoint.domain} must open or install the app again, and the refresh "
            f"token that it gets then must be given as shops.{self._endpoint.shop}.refresh_token"
        )

    def token(self) -> str:
        """Return a token that holds a while."""
        kept = self._kept
        return kept.access_token if self._holds(kept) else self._newer(refused="").access_token

    def renew(self, refused: str) -> bool:
        """Take what another process wrote down meanwhile, or ask for another one."""
        return self._newer(refused=refused).access_token != refused

    def _newer(self, *, refused: str) -> Kept:
        # The thread's lock first: threads of one process need not wait at the file.
        with self._lock:
            if self._holds(self._kept) and self._kept.access_token != refused:
                return self._kept
            with self._vault.alone():
                kept = self._vault.read()
                if not (self._holds(kept) and kept.access_token != refused):
                    try:
                        kept = self._refreshed(kept)
                    except PlatformUnavailable:
                        if kept.access_token == refused or not self._holds(kept, early=False):
                            raise
                        # It holds a little longer, and the next call tries again.
                self._kept = kept
                return kept

    def _refreshed(self, kept: Kept) -> Kept:
        """Ask with each refresh token that Shopify did not refuse lately. Raises Reconnect without any."""
        now = self._now()
        denied = tuple(one for one in kept.denied if now < one[1] + REMEMBERED)
        code = denied[-1][2] if denied else "no refresh token"
        for token, seed in self._candidates(kept):
            known = self._known(token)
            if any(known == one[0] for one in denied):
                continue
            told = self._endpoint.ask(_GRANT, refresh_token=token)
            if not isinstance(told, Denied):
                fresh = Kept(
                    access_token=told.access_token,
                    expires_at=_ends(now, told.lasts),
                    refresh_token=told.refresh_token or token,
                    refresh_expires_at=_ends(now, told.refresh_lasts),
                    seed=seed,
                )
                self._vault.write(fresh)
                return fresh
            code = told.code
            denied = (*denied, (known, now, code))[-_REMEMBERED_MOST:]
            # On the disk, so that a process that is started again and again does not ask again and again.
            self._vault.write(replace(kept, denied=denied))
        raise Reconnect(f"shop {self._endpoint.shop!r}: Shopify gives no token ({code}): {self.cure}")

    def _candidates(self, kept: Kept) -> list[tuple[str, str]]:
        """Return refresh tokens, each with the fingerprint of the configured one that it comes from."""
        seed = fingerprint(self._seed) if self._seed else ""
        first = [(kept.refresh_token, kept.seed)] if kept.refresh_token else []
        # The one that the file began with is used up; only another one is news.
        second = [(self._seed, seed)] if self._seed and (not first or seed != kept.seed) else []
        return first + second

    def _known(self, token: str) -> str:
        """Return a fingerprint of everything that Shopify judges by: another secret is worth a try."""
        return fingerprint(token, self._endpoint.client_id, self._endpoint.secret_mark)

    def _holds(self, kept: Kept, *, early: bool = True) -> bool:
        if not kept.access_token:
            return False
        now = self._now()
        return kept.expires_at is None or now < (kept.expires_at - EARLY if early else kept.expires_at)


def _ends(now: datetime, lasts: timedelta | None) -> datetime | None:
    return None if lasts is None else now + lasts
