"""One contact budget over all programs: caps, who goes first, the pause after a complaint (LAW-23, FEED-08).

Pure arithmetic on what has reached a person, whichever plugin sent it. Over budget means later, never lost:
the next free moment is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.budgets import ALL, EACH, Cap

CAPPED = frozenset({Purpose.SURVEY, Purpose.REVIEW_REQUEST, Purpose.MARKETING})
"""What counts, and what is capped: all that nobody is owed with a purchase."""
RESTING = frozenset({Purpose.REVIEW_REQUEST, Purpose.MARKETING})
"""What a complaint pauses."""
LAST_CALL = timedelta(days=3)
"""So long before its window closes a review request rests no more: a complaint delays it, and never cancels
it (LAW-19)."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A message that may have reached a person at a moment, by a medium."""

    at: datetime
    medium: str
    plugin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """From when on one more message fits; `cap` is what stands against it until then, if anything does."""

    at: datetime
    cap: Cap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one message is measured by: the caps, and what has reached whoever gets it.

    `complained_at` is the last complaint.
    """

    medium: str
    caps: Sequence[Cap] = ()
    contacts: Sequence[Contact] = ()
    complained_at: datetime | None = None
    cool_down: timedelta = timedelta(0)


def horizon(caps: Iterable[Cap]) -> timedelta:
    """Return how far back the caps look."""
    return max((cap.within for cap in caps), default=timedelta(0))


def free(account: Account, now: datetime) -> Free:
    """Return when one more message fits into every cap, at the earliest now.

    A cap of n is free once the n-th latest contact is as old as it looks back; waiting longer fills none.
    """
    found = Free(at=now)
    for cap in account.caps:
        if cap.channel not in {ALL, EACH, account.medium}:
            continue
        counted = sorted(
            contact.at
            for contact in account.contacts
            if (cap.channel == ALL or contact.medium == account.medium) and contact.at > now - cap.within
        )
        if len(counted) >= cap.most and (at := counted[-cap.most] + cap.within) > found.at:
            found = Free(at=at, cap=cap)
    return found


def rests_until(account: Account, purpose: Purpose, closes_at: datetime) -> datetime | None:
    """Return until when a message rests after a complaint; None: it does not."""
    if account.complained_at is None or purpose not in RESTING:
        return None
    ends = account.complained_at + account.cool_down
    return min(ends, closes_at - LAST_CALL) if purpose is Purpose.REVIEW_REQUEST else ends


def turn(
    account: Account, *, plugin: str, label: str, priorities: Sequence[str], closes_at: datetime
) -> tuple[int, datetime, datetime]:
    """Return what a message of a person is ordered by among those that could go now; the least goes first.

    First come those that the shop has named, in its order: a label before its plugin. Then the programs take
    turns: the one whose last message is the longest ago. Then what is too late the soonest.
    """
    named = (f"{plugin}/{label}", plugin)
    place = min((priorities.index(name) for name in named if name in priorities), default=len(priorities))
    served = [contact.at for contact in account.contacts if contact.plugin == plugin]
    return place, max(served, default=_NEVER), closes_at
