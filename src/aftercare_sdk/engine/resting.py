"""Who is left alone for a while because of what they did: a breaker for each, and a row in the store."""

from __future__ import annotations

from datetime import datetime

from aftercare_sdk.plugins import Breaker, admit, failed, reopens_at, succeeded
from aftercare_sdk.store import control, rests
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.rests import Resting


class Rests:
    """The breakers of all plugins, or of all shops, by name.

    The store holds one row for each that rests, which other processes read: what waits for it is left as it
    is, so that a rest costs the same whatever waits.
    """

    def __init__(self, kind: Resting) -> None:
        self._kind = kind
        self._breakers: dict[str, Breaker] = {}
        self._pauses: dict[str, datetime] = {}
        self._told: dict[str, datetime | None] = {}

    def admits(self, name: str, now: datetime) -> bool:
        """Whether one call may be made; after a rest the first one decides whether it is over."""
        allowed, self._breakers[name] = admit(self._breakers.get(name, Breaker()), now)
        return allowed

    def failed(self, name: str, now: datetime) -> None:
        """Count a call that failed."""
        self._breakers[name] = failed(self._breakers.get(name, Breaker()), now)

    def succeeded(self, name: str) -> None:
        """Count a call that succeeded; if it was the one after a rest, the others follow one rest later."""
        before = self._breakers.get(name, Breaker())
        self._breakers[name] = succeeded(before)
        end = reopens_at(before)
        if end is not None and self._breakers[name].opened_at is None:
            self.pause(name, end)

    def pause(self, name: str, until: datetime) -> None:
        """Leave somebody alone until a moment, whatever its breaker says."""
        self._pauses[name] = until

    def until(self, name: str) -> datetime | None:
        """Return when somebody's rest ends, or has ended; None: it has had none."""
        ends = (self._pauses.get(name), reopens_at(self._breakers.get(name, Breaker())))
        return max((end for end in ends if end is not None), default=None)

    def resting(self, now: datetime) -> frozenset[str]:
        """Return who rests now."""
        known = self._breakers.keys() | self._pauses.keys()
        return frozenset(name for name in known if (end := self.until(name)) is not None and end > now)

    def note(self, database: Database, token: int) -> None:
        """Tell the store what has changed since it was told last; mostly nothing, which is free."""
        changed = {
            name: end
            for name in self._breakers.keys() | self._pauses.keys()
            if (end := self.until(name)) != self._told.get(name)
        }
        if not changed:
            return
        with database.write() as connection:
            control.check_token(connection, token)
            rests.put(connection, self._kind, changed)
        self._told |= changed
