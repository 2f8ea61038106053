"""What a shop platform asks about a person's data, and that it has ended the connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class PrivacyKind(StrEnum):
    """What is asked."""

    EXPORT = "export"
    """To hand out what is stored of a person."""
    ERASE = "erase"
    """To erase a person."""
    ERASE_SHOP = "erase_shop"
    """To erase everybody of a shop that has ended the connection."""
    REMOVED = "removed"
    """What the shop has removed from an object of its own is to go here as well. Noted by the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequest:
    """A platform's request about a person's data, which a person of the shop answers for.

    `id` is the platform's own, if it has one. The person is the account `customer`, else whoever has `email`;
    `orders` are those that the request names. It is to be done `within` so long from when it came in.
    """

    kind: PrivacyKind
    id: str = ""
    customer: str = ""
    email: str = field(default="", repr=False)
    orders: tuple[str, ...] = ()
    within: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        """Refuse what only the engine can know."""
        if self.kind is PrivacyKind.REMOVED:
            raise ValueError(
                "what a shop has removed is told by a picture that is `erased`, not by a request"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The shop has ended the connection: it is asked for nothing and sent nothing until somebody reconnects.

    `at` is aware, as the platform tells it; None: when it came in. `reason` in words.
    """

    reason: str
    at: datetime | None = None
