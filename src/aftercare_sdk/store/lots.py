"""Lots of points: what they are worth and why, and what has happened to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.expiry import FOREVER, Expiry
from aftercare_sdk.model.points.lots import Lot
from aftercare_sdk.store.codec import dump, load, load_words
from aftercare_sdk.store.database import among, insert_into
from aftercare_sdk.store.tables import lots


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """A lot with its reason. `follows`: it is worth what is left of `lines` on the order `object`.

    `lines` are points by line of the order, or all under an empty name. `terms` are the plugin's own notes
    on how it came to them. `rule` is the digest of the configuration that they were reckoned with.
    """

    lot: Lot
    plugin: str
    label: str
    event: str
    shop: str
    object: str
    reason: str
    awarded_at: datetime
    object_kind: str = "order"
    follows: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    rounding: Rounding = Rounding.DOWN
    expiry: Expiry | None = None
    rule: str = ""
    available_at: datetime | None = None

    @property
    def key(self) -> str:
        """The key of its lot."""
        return self.lot.key

    @property
    def points(self) -> int:
        """What was awarded, before anything was given back."""
        return sum(self.lines.values())


def get_many(connection: Connection, keys: Iterable[str]) -> dict[str, Award]:
    """Return the lots that exist among `keys`."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = connection.execute(select(lots).where(lots.c.key.in_(wanted))).mappings()
    return {row["key"]: _award(row) for row in rows}


def owners(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Return whose the lots are that exist among `keys`."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = connection.execute(select(lots.c.key, lots.c.identity).where(lots.c.key.in_(wanted)))
    return {row.key: row.identity for row in rows}


def following(connection: Connection, orders: Iterable[tuple[str, str]]) -> list[str]:
    """Return the keys of the lots that follow orders, by shop and id."""
    wanted = set(orders)
    if not wanted:
        return []
    follows: ColumnElement[bool] = literal_column("lots.follows = 1")  # as the partial index says it
    found = connection.execute(
        select(lots.c.key).where(follows, among((lots.c.shop, lots.c.object), wanted)).order_by(lots.c.key)
    )
    return list(found.scalars())


def keys_of(connection: Connection, identities: Collection[int]) -> list[str]:
    """Return the keys of all lots of these identities."""
    found = connection.execute(select(lots.c.key).where(lots.c.identity.in_(sorted(identities))))
    return list(found.scalars())


def of_identities(
    connection: Connection, identities: Collection[int], plugins: Collection[str] | None = None
) -> list[Award]:
    """Return all lots of these identities, or those that some plugins awarded; the oldest first."""
    statement = select(lots).where(lots.c.identity.in_(sorted(identities)))
    if plugins is not None:
        statement = statement.where(lots.c.plugin.in_(sorted(plugins)))
    rows = connection.execute(statement.order_by(lots.c.awarded_at, lots.c.key))
    return [_award(row) for row in rows.mappings()]


def usable(connection: Connection, identities: Collection[int], now: datetime) -> Iterator[Award]:
    """Yield what these identities can use at a moment, in its turn; read page by page."""
    given: dict[str, Any] = {"owners": sorted(identities), "now": now, "page": _FIRST_PAGE}
    statement = _USABLE
    while True:
        page = [_award(row) for row in connection.execute(statement, given).mappings()]
        yield from page
        if len(page) < given["page"]:
            return
        at, key = page[-1].lot.turn
        given |= {"at": at, "behind": key, "page": _PAGE}
        statement = _USABLE_BEHIND


# As the partial indexes say it, without parameters: SQLite would not use them else.
_HOLDS: ColumnElement[bool] = literal_column("lots.available = 1 AND lots.remaining > 0")
_FIRST_PAGE, _PAGE = 4, 50
"""Most spends take one lot or two."""
_USABLE = (
    select(lots)
    .where(
        _HOLDS,
        lots.c.identity.in_(bindparam("owners", expanding=True)),
        lots.c.expires_at > bindparam("now"),
    )
    .order_by(lots.c.expires_at, lots.c.key)
    .limit(bindparam("page", type_=Integer))
)
_USABLE_BEHIND = _USABLE.where(
    or_(
        lots.c.expires_at > bindparam("at"),
        and_(lots.c.expires_at == bindparam("at"), lots.c.key > bindparam("behind")),
    )
)


def owing(connection: Connection, identities: Collection[int]) -> list[str]:
    """Return the keys of the lots of these identities with a debt."""
    owes: ColumnElement[bool] = literal_column("lots.debt > 0")
    return list(
        connection.execute(
            select(lots.c.key).where(owes, lots.c.identity.in_(sorted(identities))).order_by(lots.c.key)
        ).scalars()
    )


def due(connection: Connection, now: datetime, limit: int, *, before: datetime | None = None) -> list[str]:
    """Return the keys of lots in which something expires now, those first that expired first."""
    statement = select(lots.c.key).where(_HOLDS, lots.c.expires_at <= now)
    if before is not None:
        statement = statement.where(lots.c.expires_at < before)
    return list(connection.execute(statement.order_by(lots.c.expires_at, lots.c.key).limit(limit)).scalars())


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when something expires next, after a moment."""
    found = connection.execute(
        select(func.min(lots.c.expires_at)).where(_HOLDS, lots.c.expires_at > after)
    ).scalar()
    return None if found == FOREVER else found


def idle_periods(connection: Connection, identities: Collection[int]) -> list[int]:
    """Return after how many months of rest points of these identities expire, each period once."""
    return list(
        connection.execute(
            select(lots.c.idle_months)
            .where(lots.c.identity.in_(sorted(identities)), lots.c.idle_months > 0, lots.c.remaining > 0)
            .distinct()
            .order_by(lots.c.idle_months)
        ).scalars()
    )


def prolong(
    connection: Connection,
    identities: Collection[int],
    idle_months: int,
    expires_at: datetime,
    *,
    now: datetime,
) -> None:
    """Let points that expire after a rest, and have not yet, expire later: their account has been active."""
    connection.execute(
        update(lots)
        .where(
            lots.c.identity.in_(sorted(identities)),
            lots.c.idle_months == idle_months,
            lots.c.remaining > 0,
            lots.c.available == 1,
            lots.c.expires_at > now,
            lots.c.expires_at < expires_at,
        )
        .values(expires_at=expires_at)
    )


def save_many(connection: Connection, awards: Sequence[Award]) -> None:
    """Insert lots, or replace what is known of them."""
    if not awards:
        return
    statement = insert_into(connection, lots)
    told = {column.name: statement.excluded[column.name] for column in lots.columns if column.name != "key"}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_=told),
        sorted((_row(one) for one in awards), key=itemgetter("key")),
    )


def pages(connection: Connection, size: int = 1_000) -> Iterator[list[Award]]:
    """Yield all lots, page by page; for proofs over whole databases."""
    after = ""
    while True:
        rows = connection.execute(select(lots).where(lots.c.key > after).order_by(lots.c.key).limit(size))
        page = [_award(row) for row in rows.mappings()]
        if not page:
            return
        yield page
        after = page[-1].key


def with_lot(award: Award, lot: Lot) -> Award:
    """Return an award with its lot as it is by now."""
    return award if award.lot == lot else replace(award, lot=lot)


def _row(one: Award) -> dict[str, Any]:
    lot = one.lot
    return {
        "key": lot.key,
        "identity": lot.identity,
        "plugin": one.plugin,
        "label": one.label,
        "event": one.event,
        "shop": one.shop,
        "object_kind": one.object_kind,
        "object": one.object,
        "follows": int(one.follows),
        "lines": dump(one.lines),
        "terms": dump(one.terms),
        "rounding": one.rounding.value,
        "expiry": dump(one.expiry),
        "idle_months": (one.expiry.idle_months if one.expiry else None) or 0,
        "write_off": lot.write_off,
        "rule": one.rule,
        "reason": one.reason,
        "awarded_at": one.awarded_at,
        "available": int(lot.available),
        "available_at": one.available_at,
        "expires_at": lot.expires_at,
        "earned": lot.earned,
        "spent": lot.spent,
        "paid": lot.paid,
        "expired": lot.expired,
        "forgiven": lot.forgiven,
        "settled": lot.settled,
        "remaining": lot.remaining,
        "debt": lot.debt,
    }


def _award(row: RowMapping) -> Award:
    return Award(
        lot=Lot(
            key=row["key"],
            identity=row["identity"],
            available=bool(row["available"]),
            expires_at=row["expires_at"],
            write_off=row["write_off"],
            earned=row["earned"],
            spent=row["spent"],
            paid=row["paid"],
            expired=row["expired"],
            forgiven=row["forgiven"],
            settled=row["settled"],
        ),
        plugin=row["plugin"],
        label=row["label"],
        event=row["event"],
        shop=row["shop"],
        object_kind=row["object_kind"],
        object=row["object"],
        follows=bool(row["follows"]),
        lines=load(dict[str, int], row["lines"]),
        terms=load_words(row["terms"]),
        rounding=Rounding(row["rounding"]),
        expiry=load(Expiry | None, row["expiry"]),  # type: ignore[arg-type]
        rule=row["rule"],
        reason=row["reason"],
        awarded_at=row["awarded_at"],
        available_at=row["available_at"],
    )
