"""When an address is written to no more, and how that is remembered without the address (SEND-06, LAW-20)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from aftercare_sdk.model.outcomes import Bounce
from aftercare_sdk.model.people import fold_email

SOFT_BOUNCES = 5
"""So many in a row, over `LONG`, and nothing arrives there any more."""
LONG = timedelta(days=7)


def address_hash(key: str, address: str, kind: str = "email") -> str:
    """Return under what an address is suppressed. Without the key nobody can look up who it is (LAW-20)."""
    told = f"{kind}\x1f{fold_email(address)}".encode(errors="replace")
    return hmac.new(key.encode(), told, hashlib.sha256).hexdigest()


def keeps_bouncing(
    arrivals: Sequence[tuple[datetime, str]], since: datetime | None = None
) -> datetime | None:
    """Return from when on an address counts as dead, by soft bounces and deliveries in the order of time.

    Each is a moment and `soft`, or anything else for a delivery, which starts anew. It is the moment of the
    bounce that makes the row long enough, in number and in time (SEND-06). Nothing before `since` counts.
    """
    row: list[datetime] = []
    for at, what in arrivals:
        if since is not None and at <= since:
            continue
        row = [*row, at] if what == Bounce.SOFT else []
        if len(row) >= SOFT_BOUNCES and at - row[0] >= LONG:
            return at
    return None
