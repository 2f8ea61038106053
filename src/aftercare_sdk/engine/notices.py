"""What a shop tells that is about none of its objects: a question of privacy, or that it is disconnected."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from aftercare_sdk.engine.logs import log
from aftercare_sdk.model.privacy import Disconnected, PrivacyRequest
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.redact import redact
from aftercare_sdk.store import connections, privacy
from aftercare_sdk.store.connections import Ended
from aftercare_sdk.store.journal import Entry
from aftercare_sdk.store.privacy import Asked

Notice = PrivacyRequest | Disconnected


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A notice, and the journal row that tells it."""

    entry: Entry
    notice: Notice


def told(notice: Notice) -> str:
    """Say in words what a notice is."""
    if isinstance(notice, Disconnected):
        return f"the shop has ended the connection: {_line(notice.reason)}"
    return f"a request about personal data ({notice.kind}), to be done within {notice.within.days} days"


def write(connection: Connection, several: Sequence[Noticed]) -> None:
    """Write notices down."""
    privacy.ask(
        connection,
        [asked_by(one.entry, one.notice) for one in several if isinstance(one.notice, PrivacyRequest)],
    )
    for one in several:
        if isinstance(one.notice, Disconnected):
            # As the platform says, but for a moment that has not come: then nobody could reconnect.
            at = min(one.notice.at or one.entry.received_at, one.entry.received_at)
            reason = _line(one.notice.reason)
            if connections.end(connection, one.entry.shop, Ended(at=at, reason=reason)):
                log.warning("shop disconnected", shop=one.entry.shop, reason=reason)


def asked_by(entry: Entry, request: PrivacyRequest) -> Asked:
    """Return a request as it is kept: without the address that it names."""
    # Without an account the platform's id, else its delivery, tells two requests apart: an address may not.
    whose = request.customer or request.id or entry.delivery or str(entry.seq)
    told_apart = "\x1f".join((entry.shop, request.kind, whose, *sorted(request.orders)))
    return Asked(
        key=hashlib.sha256(told_apart.encode()).hexdigest(),
        shop=entry.shop,
        kind=request.kind,
        reference=short_line(request.id),
        customer=request.customer,
        orders=tuple(sorted(request.orders)),
        journal=entry.seq,
        received_at=entry.received_at,
        due_at=entry.received_at + request.within,
    )


def _line(words: str) -> str:
    return redact(short_line(words))
