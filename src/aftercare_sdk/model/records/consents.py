"""Consents, as everything that was told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.records.registers import earliest, merge_registers, told
from aftercare_sdk.model.versions import Register, Version

OBJECTIONS = frozenset({ConsentState.UNSUBSCRIBED, ConsentState.REDACTED})
"""The states by which a platform tells that a person has refused."""
_SAID = frozenset({ConsentState.SUBSCRIBED, ConsentState.UNSUBSCRIBED})
"""The states that come of what a person says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """Everything told of one account's consent by one channel.

    `objected` is when the person was last told to have refused: what a platform says later does not undo it.
    It is the latest such moment of all pictures, since a refusal without a date is in no order with others.
    `said` has all that the person was ever told to have said, with its moment, by the state and the second
    from which that counts: it only grows. What the platform does not date stands there once.
    """

    shop: str
    id: str
    latest: Version
    customer: Register[str] | None = None
    channel: Register[str] | None = None
    state: Register[ConsentState | None] | None = None
    word: Register[str] | None = None
    opt_in: Register[OptIn] | None = None
    since: Register[datetime] | None = None
    objected: Register[datetime] | None = None
    deleted: Register[bool] | None = None
    said: Mapping[str, datetime] = field(default_factory=dict)

    def merge(self, other: ConsentRecord) -> ConsentRecord:
        """Return both in one."""
        refusals = [one for one in (self.objected, other.objected) if one is not None]
        last = max(refusals, key=lambda one: (one.value, one.version.rank), default=None)
        return merge_registers(self, other, objected=last, said=earliest(self.said, other.said))


def consent_record(snapshot: ConsentSnapshot, told_at: datetime | None = None) -> ConsentRecord:
    """Return one picture of a consent, which was told at a moment, as a record.

    A refusal that nobody dates was made by the time at which it was told. Of a consent that says too little.
    """
    version = snapshot.version
    refused = snapshot.since or version.instant or told_at if snapshot.state in OBJECTIONS else None
    return ConsentRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        customer=Register(snapshot.customer, version),
        channel=Register(snapshot.channel, version),
        # A word that is not known here must not leave the state before it standing.
        state=Register(snapshot.state, version) if snapshot.state or snapshot.word else None,
        word=told(snapshot.word or None, version),
        opt_in=told(snapshot.opt_in, version),
        since=told(snapshot.since, version),
        objected=told(refused, version),
        said=_said(snapshot, refused or snapshot.since or version.instant),
    )


def _said(snapshot: ConsentSnapshot, at: datetime | None) -> dict[str, datetime]:
    if snapshot.state not in _SAID or at is None:
        return {}
    since = snapshot.since.astimezone(UTC).isoformat(timespec="seconds") if snapshot.since else ""
    return {f"{snapshot.state}/{since}".rstrip("/"): at}


def gone_consent(shop: str, consent: str, version: Version) -> ConsentRecord:
    """Return the record of a consent whose account the shop no longer has."""
    return ConsentRecord(shop=shop, id=consent, latest=version, deleted=Register(value=True, version=version))
