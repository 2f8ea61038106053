"""What a shop platform says of a customer's consent to be written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.model.versions import Version


class ConsentState(StrEnum):
    """Where a consent stands on the platform. Only SUBSCRIBED is one; the others differ in why it is none."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    """The person was asked to confirm, and has not yet."""
    UNSUBSCRIBED = "unsubscribed"
    """The person, or somebody of the shop, has taken it back."""
    NOT_SUBSCRIBED = "not_subscribed"
    """Nobody has ever asked for it."""
    REDACTED = "redacted"
    """The person has been erased."""
    INVALID = "invalid"
    """The address cannot be written to."""


SETTABLE = frozenset({ConsentState.SUBSCRIBED, ConsentState.PENDING, ConsentState.UNSUBSCRIBED})
"""What a customer can say; the other states are the platform's own."""


class OptIn(StrEnum):
    """How sure the platform is that it was this person: a tick, or a tick and a confirmed mail."""

    SINGLE = "single"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSnapshot:
    """The consent of an account to marketing by one channel, as it now seems. None means "not told".

    `state` and `opt_in` keep all that the platform tells apart, so that it can be told back as it was; `word`
    is its own word for the state, for one that is not known here. `since` is when the state was last changed,
    as the platform says. A refusal without any date counts from when it was told, and a consent is then none.
    """

    shop: str
    customer: str
    version: Version
    channel: str = "email"
    state: ConsentState | None = None
    word: str = ""
    opt_in: OptIn | None = None
    since: datetime | None = None

    @property
    def id(self) -> str:
        """What it is known by in its shop: one for each account and channel."""
        return consent_id(self.customer, self.channel)


def consent_id(customer: str, channel: str) -> str:
    """Return what the consent of an account is known by in its shop."""
    return f"{customer}/{channel}"
