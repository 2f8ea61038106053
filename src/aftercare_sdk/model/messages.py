"""The contract between the engine and channels, and the states of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class MessageState(StrEnum):
    """Where a message stands."""

    PLANNED = "planned"
    HELD = "held"
    DEFERRED = "deferred"
    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    MERGED = "merged"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the message by itself."""
        return self in _FINAL

    @property
    def may_have_reached(self) -> bool:
        """Whether the person may have got the message; this is what caps count."""
        return self in _MAY_HAVE_REACHED


_FINAL = frozenset(
    {
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
        MessageState.BOUNCED,
        MessageState.COMPLAINED,
        MessageState.FAILED,
        MessageState.MERGED,
        MessageState.SKIPPED,
        MessageState.CANCELLED,
        MessageState.UNKNOWN,
    }
)
_MAY_HAVE_REACHED = frozenset(
    {
        MessageState.SUBMITTED,
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
        MessageState.COMPLAINED,
        MessageState.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A composed message on its way to a channel. Everything but `id` and `date` is personal data.

    `unsubscribe` is where a POST alone makes an end of such messages (RFC 8058); empty: it is none of those.
    """

    id: str
    date: datetime
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    recipient_name: str = field(default="", repr=False)
    locale: str = "en"
    unsubscribe: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next party took over responsibility. `reference` is its own name for the message, if any."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The message was definitely not taken and never will be. `reason` holds no personal data."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The message was definitely not taken, but may be later. `reason` holds no personal data."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether the message was taken. `reason` holds no personal data."""

    reason: str


SendResult = Accepted | Refused | TryAgain | Unknown


@runtime_checkable
class Channel(Protocol):
    """A way to reach people. One instance is used by one worker thread at a time."""

    def send(self, message: OutgoingMessage) -> SendResult:
        """Hand the message over once; never retry inside. Returns for every outcome, raises for bugs."""

    def close(self) -> None:
        """Give up connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """What the configuration says of one channel: who it sends as, and the options of its kind."""

    name: str
    sender: str
    sender_name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelType:
    """A kind of channel; `name` is what `kind = "…"` says under `[channels.<name>]` in aftercare.toml.

    `options` is a marshmallow schema class for the channel's own settings. `medium` is by what a message of
    it reaches people, such as `email`, `sms` or `line`: that is what they consent to.
    """

    name: str
    build: Callable[[ChannelSettings], Channel]
    options: type[Any] | None = None
    medium: str = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The Liquid sources of one message in one language."""

    name: str
    locale: str
    subject: str
    text: str
    html: str
