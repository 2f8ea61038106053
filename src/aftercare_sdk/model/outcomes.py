"""What is reported of a message after its channel has taken it, under django-anymail's names (SEND-05)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.model.messages import MessageState

_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\s*([245])\d\d\b")
_ADDRESS, _MAILBOX = "1", "2"
_DISABLED = {"0", "1"}


class OutcomeKind(StrEnum):
    """What happened to a message."""

    QUEUED = "queued"
    """The provider has it, and has not tried to send it yet."""
    SENT = "sent"
    """The provider has sent it, which says nothing of whether it arrived."""
    REJECTED = "rejected"
    """The provider will not send it; the reason says why."""
    FAILED = "failed"
    """The provider could not send it, because of a mistake such as a template that does not exist."""
    BOUNCED = "bounced"
    """The recipient's mail server gave it back."""
    DEFERRED = "deferred"
    """The recipient's mail server does not take it now; the provider tries on."""
    DELIVERED = "delivered"
    """The recipient's mail server took it."""
    AUTORESPONDED = "autoresponded"
    """A machine answered, such as an out-of-office note."""
    OPENED = "opened"
    """A picture in it was loaded: mostly by a machine, so nothing may follow from it (SEND-12)."""
    CLICKED = "clicked"
    """A link in it was followed."""
    COMPLAINED = "complained"
    """The recipient called it spam."""
    UNSUBSCRIBED = "unsubscribed"
    """The recipient wants no more of them."""
    SUBSCRIBED = "subscribed"
    """The recipient wants them, as the provider says; that is no consent on record here."""
    UNKNOWN = "unknown"
    """Something that has no name here."""


class RejectReason(StrEnum):
    """Why a message was rejected, or came back."""

    INVALID = "invalid"
    """The address cannot exist."""
    BOUNCED = "bounced"
    """There is no such mailbox, now or for some time."""
    TIMED_OUT = "timed_out"
    """It was tried for long, and given up."""
    BLOCKED = "blocked"
    """The recipient's mail server does not want mail from this sender."""
    SPAM = "spam"
    """It was taken for spam, or the recipient has called an earlier one so."""
    UNSUBSCRIBED = "unsubscribed"
    """The recipient has unsubscribed at the provider."""
    OTHER = "other"
    """Something else."""


class Bounce(StrEnum):
    """What a failure says of the address."""

    HARD = "hard"
    """Nothing will ever arrive there."""
    SOFT = "soft"
    """Nothing arrived now."""


class SuppressionReason(StrEnum):
    """Why an address is not written to any more, the strongest first."""

    HARD_BOUNCE = "hard_bounce"
    """Nothing will ever arrive there."""
    COMPLAINT = "complaint"
    """The person has called a message spam."""
    UNSUBSCRIBE = "unsubscribe"
    """The person wants no more of them."""
    SOFT_BOUNCES = "soft_bounces"
    """For a week, nothing has arrived there."""

    @property
    def of_person(self) -> bool:
        """Whether it is the person's own word: it then counts for all addresses of that person."""
        return self in {SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One outcome, as a provider or a mail server told it.

    `message` is the id that our Message-ID begins with, `reference` the channel's own name for the message;
    one of both, or else `recipient`, says which message it is. `response` is what the recipient's mail server
    said. `event_id` is the provider's own name for this outcome. `at` None: nobody says when.
    `body` is all of it as it came: personal data.
    """

    kind: OutcomeKind
    message: str = ""
    reference: str = ""
    recipient: str = field(default="", repr=False)
    reason: RejectReason | None = None
    response: str = field(default="", repr=False)
    event_id: str = ""
    at: datetime | None = None
    body: bytes = field(repr=False)

    @property
    def bounce(self) -> Bounce | None:
        """What it says of the address; None: nothing."""
        return bounce_of(self.kind, self.reason, self.response)

    @property
    def suppresses(self) -> SuppressionReason | None:
        """Why the address is not to be written to any more, by this outcome alone (SEND-06)."""
        if self.bounce is Bounce.HARD:
            return SuppressionReason.HARD_BOUNCE
        if self.kind is OutcomeKind.COMPLAINED:
            return SuppressionReason.COMPLAINT
        unsubscribed = self.kind is OutcomeKind.REJECTED and self.reason is RejectReason.UNSUBSCRIBED
        if unsubscribed or self.kind is OutcomeKind.UNSUBSCRIBED:
            return SuppressionReason.UNSUBSCRIBE
        return None


def bounce_of(kind: OutcomeKind, reason: RejectReason | None, response: str) -> Bounce | None:
    """Return what an outcome says of the address (SEND-06).

    The code of the mail server (RFC 3463) goes before the provider's word: only 5.1.x, 5.2.0 and 5.2.1 speak
    of a mailbox that is not there. A full one, one that is too small, a policy and everything temporary say
    nothing of tomorrow. Without such a code the provider's `invalid` and `bounced` are believed.
    """
    if kind is OutcomeKind.DEFERRED:
        return Bounce.SOFT
    if kind not in {OutcomeKind.BOUNCED, OutcomeKind.REJECTED}:
        return None
    if kind is OutcomeKind.REJECTED and reason not in {RejectReason.INVALID, RejectReason.BOUNCED}:
        return None  # the provider's or the sender's own matter
    if code := _CODE.search(response):
        class_, subject, detail = code.groups()
        gone = subject == _ADDRESS or (subject == _MAILBOX and detail in _DISABLED)
        return Bounce.HARD if class_ == "5" and gone else Bounce.SOFT
    if (reply := _REPLY.match(response)) and reply[1] == "4":
        return Bounce.SOFT
    return Bounce.HARD if reason in {RejectReason.INVALID, RejectReason.BOUNCED} else Bounce.SOFT


STATES = {
    OutcomeKind.REJECTED: MessageState.FAILED,
    OutcomeKind.FAILED: MessageState.FAILED,
    OutcomeKind.DELIVERED: MessageState.DELIVERED,
    OutcomeKind.BOUNCED: MessageState.BOUNCED,
    OutcomeKind.COMPLAINED: MessageState.COMPLAINED,
}
"""What becomes of a message, the weakest first: a complaint beats all, and a bounce a delivery before it.

All other outcomes leave it as it is (SEND-12).
"""

REPORTED = frozenset({MessageState.DELIVERED, MessageState.BOUNCED, MessageState.COMPLAINED})
"""The states that only a report can lead to."""
