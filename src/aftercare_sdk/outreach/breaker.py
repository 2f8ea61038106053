"""When advertising from a sender domain is to stop: too much is unwanted, or comes back (SEND-04).

Mailbox providers judge a domain by all of its mail. Whoever is called spam too often loses the way to every
mailbox, for receipts too; so what advertises stops before that, and the rest goes on.

Counted are the mails that left within a day, or if those are fewer than 500, the last 500. Each counts once,
however often it is reported, and in whatever order. A mail that left before counts no more.

Below 100 mails nothing is said: one complaint about three mails is a third of them, and means nothing. One
complaint alone only warns: it would be enough below 334 mails, and anybody may press the wrong button once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aftercare_sdk.model.pauses import Cause, Tally

PERIOD = timedelta(hours=24)
LAST_MAILS = 500
FEWEST_MAILS = 100
"""Of fewer mails nothing is said."""
FEWEST_COMPLAINTS = 2
"""Fewer complaints do not pause anything."""
_ALL = 1_000
_COMPLAINTS = {"warned": 1, "paused": 3}
_BOUNCES = {"warned": 20, "paused": 50}
"""In a thousand mails: from so many on."""


class Level(StrEnum):
    """How a domain stands."""

    UNTOLD = "untold"
    """Too few mails have left to say."""
    GOOD = "good"
    WARNED = "warned"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a domain stands by a tally, and for `WARNED` and `PAUSED` what there is too much of."""

    level: Level
    cause: Cause | None = None


def judge(tally: Tally) -> Standing:
    """Return how a domain stands (SEND-04); complaints are told before bounces."""
    if tally.mails < FEWEST_MAILS:
        return Standing(level=Level.UNTOLD)
    complaints, bounces, mails = tally.complaints * _ALL, tally.bounces * _ALL, tally.mails
    if tally.complaints >= FEWEST_COMPLAINTS and complaints >= _COMPLAINTS["paused"] * mails:
        return Standing(level=Level.PAUSED, cause=Cause.COMPLAINTS)
    if bounces >= _BOUNCES["paused"] * mails:
        return Standing(level=Level.PAUSED, cause=Cause.BOUNCES)
    if complaints >= _COMPLAINTS["warned"] * mails:
        return Standing(level=Level.WARNED, cause=Cause.COMPLAINTS)
    if bounces >= _BOUNCES["warned"] * mails:
        return Standing(level=Level.WARNED, cause=Cause.BOUNCES)
    return Standing(level=Level.GOOD)
