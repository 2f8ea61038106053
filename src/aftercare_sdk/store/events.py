"""Events: facts in the order in which they became known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from aftercare_sdk.model.events import EVENT_BY_KIND, Cancellation, Event, Purchase
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import events, identities


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An event as it is stored: `seq` is its place in the order in which events became known.

    It is about the `object` of `object_kind`, an order or a review.
    """

    event: Event
    seq: int
    object: str
    identity: int
    known_at: datetime
    depth: int = 0
    object_kind: str = "order"


def get_many(connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """Return the events that are known among `ids`."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = connection.execute(select(events).where(events.c.id.in_(wanted))).mappings()
    return {row["id"]: _known(row) for row in rows}


def of_identities(connection: Connection, identities: Collection[int]) -> list[Known]:
    """Return the events of these identities, in the order in which they became known."""
    rows = connection.execute(
        select(events).where(events.c.identity.in_(sorted(identities))).order_by(events.c.seq)
    ).mappings()
    return [_known(row) for row in rows]


def last_purchase_at(connection: Connection, customers: Collection[int]) -> dict[int, datetime]:
    """Return when each of these customers has bought last what was not called off, if they ever have."""
    off = events.alias()
    called_off = (
        select(off.c.id)
        .where(
            off.c.identity == events.c.identity,
            off.c.kind == Cancellation.kind,
            off.c.shop == events.c.shop,
            off.c.object == events.c.object,
        )
        .exists()
    )
    rows = connection.execute(
        select(identities.c.customer, func.max(events.c.occurred_at))
        .join(identities, identities.c.id == events.c.identity)
        .where(identities.c.customer.in_(sorted(customers)), events.c.kind == Purchase.kind, ~called_off)
        .group_by(identities.c.customer)
    )
    return {row[0]: row[1] for row in rows}


def latest_purchases(connection: Connection, persons: Collection[int]) -> list[str]:
    """Return the purchase that became known last of each of these identities' persons, if there is one."""
    found = []
    for identity in sorted(set(persons)):
        person = select(identities.c.id).where(
            identities.c.customer
            == select(identities.c.customer).where(identities.c.id == identity).scalar_subquery()
        )
        last = connection.execute(
            select(events.c.id)
            .where(events.c.identity.in_(person), events.c.kind == Purchase.kind)
            .order_by(events.c.seq.desc())
            .limit(1)
        ).scalar()
        found += [last] if last else []
    return found


def everything(connection: Connection) -> list[Known]:
    """Return all events; for proofs and reports over small databases."""
    return [_known(row) for row in connection.execute(select(events).order_by(events.c.seq)).mappings()]


def save_many(connection: Connection, known: Sequence[Known]) -> None:
    """Insert events, or replace what is known of them; their place in the order stays."""
    if not known:
        return
    statement = insert_into(connection, events)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in ("occurred_at", "identity", "data")},
        ),
        [
            {
                "id": one.event.id,
                "seq": one.seq,
                "kind": one.event.kind,
                "shop": one.event.shop,
                "object_kind": one.object_kind,
                "object": one.object,
                "identity": one.identity,
                "occurred_at": one.event.occurred_at,
                "known_at": one.known_at,
                "depth": one.depth,
                "data": dump(one.event),
            }
            for one in known
        ],
    )


def counts(connection: Connection) -> Mapping[str, int]:
    """Return how many events there are of each kind."""
    rows = connection.execute(select(events.c.kind, func.count()).group_by(events.c.kind))
    return {row[0]: row[1] for row in rows}


def _known(row: RowMapping) -> Known:
    return Known(
        event=load(EVENT_BY_KIND[row["kind"]], row["data"]),
        seq=row["seq"],
        object_kind=row["object_kind"],
        object=row["object"],
        identity=row["identity"],
        known_at=row["known_at"],
        depth=row["depth"],
    )
