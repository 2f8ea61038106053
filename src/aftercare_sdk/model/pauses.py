"""A pause of what advertises from one sender domain, which a person ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """What there was too much of."""

    COMPLAINTS = "complaints"
    BOUNCES = "bounces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of the last mails from a domain were called spam, and how many came back for good."""

    mails: int = 0
    complaints: int = 0
    bounces: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why nothing that advertises leaves a domain, since when; `resumed_at` None: it still stands."""

    domain: str
    at: datetime
    cause: Cause
    tally: Tally
    resumed_at: datetime | None = None
    resumed_by: str = ""
    note: str = ""
