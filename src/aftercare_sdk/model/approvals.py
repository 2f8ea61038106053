"""What a person approves: one version of the messages that a program sends under one label."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_SHOWN = 12
"""So much of a digest tells two versions apart for a person."""


class ApprovalState(StrEnum):
    """Where a version stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """What is the same in all messages of one version of a flow, or of what another program sends.

    `sources` is the digest of the template in all its languages, `version` what the program calls its own
    version of this step, or by which release and section it was made. So a changed text, a changed flow and a
    new release of a plugin are other versions; a restart makes none.
    """

    plugin: str
    label: str
    template: str
    sources: str
    purpose: str
    channel: str
    version: str

    @property
    def digest(self) -> str:
        """Under what it is kept and approved."""
        told = (
            self.plugin,
            self.label,
            self.template,
            self.sources,
            self.purpose,
            self.channel,
            self.version,
        )
        return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Where a version stands, and by whose word. `lapsed` of its messages were not sent while they waited."""

    of: FlowVersion
    first_seen: datetime
    state: ApprovalState = ApprovalState.WAITING
    decided_at: datetime | None = None
    by: str = ""
    note: str = ""
    lapsed: int = 0

    @property
    def id(self) -> str:
        """How people name it."""
        return self.of.digest[:_SHOWN]
