"""When customers have complained to the shop: what advertises rests after it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import complaints, identities


def note(connection: Connection, key: str, identity: int, at: datetime) -> bool:
    """Keep a complaint of whoever has an identity; return whether it is news."""
    made = connection.execute(
        insert_into(connection, complaints).on_conflict_do_nothing().returning(complaints.c.key),
        {"key": key, "identity": identity, "at": at},
    )
    return made.first() is not None


def latest(connection: Connection, customers: Collection[int], now: datetime) -> dict[int, datetime]:
    """Return when each of these customers has last complained, until now; the others are not in it."""
    if not customers:
        return {}
    rows = connection.execute(_LATEST, {"whose": sorted(customers), "now": now})
    return {row[0]: row[1] for row in rows}


_LATEST = (
    select(identities.c.customer, func.max(complaints.c.at))
    .join(identities, identities.c.id == complaints.c.identity)
    .where(
        identities.c.customer.in_(bindparam("whose", expanding=True)),
        complaints.c.at <= bindparam("now", type_=complaints.c.at.type),
    )
    .group_by(identities.c.customer)
)
