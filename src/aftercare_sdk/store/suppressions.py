"""Addresses that are not written to any more, as keyed hashes: they outlive the erasure of a person (LAW-20).

The same address may be suppressed for several reasons; it is suppressed while one of them stands. What was
lifted stays on record. What is left of a refusal after an erasure names its purpose, all else has none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import identities, suppressions

EMAIL = "email"
"""The kind of address that there is; others may follow."""


_Key = tuple[str, str, SuppressionReason, str]
_STANDS: ColumnElement[bool] = or_(
    suppressions.c.lifted_at.is_(None), suppressions.c.at > suppressions.c.lifted_at
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why an address is suppressed, and since when. `address` is its keyed hash.

    `identity` is the mailbox, if it is a known one: what is the person's own word counts for all of theirs.
    `source` says who told: a channel, or a person. `customer` is the owner of the identity now. `purpose` is
    what was refused; None: all that the reason forbids.
    """

    address: str
    reason: SuppressionReason
    identity: int | None
    source: str
    at: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    kind: str = EMAIL
    purpose: Purpose | None = None
    customer: int | None = None

    @property
    def key(self) -> _Key:
        """Of what there is one row."""
        return self.kind, self.address, self.reason, self.purpose or ""

    @property
    def stands(self) -> bool:
        """Whether it still counts: nobody has lifted it since."""
        return self.lifted_at is None or self.at > self.lifted_at


def of(
    connection: Connection, addresses: Collection[str], customers: Collection[int] = ()
) -> list[Suppression]:
    """Return what stands against any of these addresses, or against a mailbox of any of these customers."""
    rows = connection.execute(_STANDING, {"hashes": sorted(addresses), "owners": sorted(customers)})
    return [_suppression(row) for row in rows.mappings()]


def add(connection: Connection, told: Sequence[Suppression]) -> None:
    """Suppress addresses, since the first moment that no later lifting speaks of, in whatever order told."""
    wanted: dict[_Key, list[Suppression]] = {}
    for one in sorted(told, key=lambda one: (one.at, one.source)):
        wanted.setdefault(one.key, []).append(one)
    if not wanted:
        return
    known = {one.key: one for one in _found(connection, {key[1] for key in wanted}, lock=True)}
    rows = []
    for key, several in sorted(wanted.items()):
        before = known.get(key)
        lifted_at = before.lifted_at if before else None
        since = [
            one
            for one in (*([before] if before else ()), *several)
            if lifted_at is None or one.at > lifted_at
        ]
        if since:
            first = min(since, key=lambda one: (one.at, one.source))
            named = (one.identity for one in (*several, *since) if one.identity is not None)
            rows.append(
                _row(
                    replace(
                        first,
                        identity=next(named, None),
                        lifted_at=lifted_at,
                        lifted_by=before.lifted_by if before else "",
                    )
                )
            )
    if rows:
        statement = insert_into(connection, suppressions)
        changed = {name: statement.excluded[name] for name in ("identity", "source", "at")}
        connection.execute(statement.on_conflict_do_update(index_elements=_UNIQUE, set_=changed), rows)


def refuse(
    connection: Connection,
    addresses: Collection[str],
    purposes: Collection[Purpose],
    *,
    at: datetime,
    source: str,
) -> None:
    """Suppress addresses for some purposes, because whoever had them had refused; the last time counts.

    Nothing else remembers it: a consent between the first time and the last must not stand.
    """
    rows = [
        _row(
            Suppression(
                address=address,
                reason=SuppressionReason.UNSUBSCRIBE,
                purpose=purpose,
                identity=None,
                source=source,
                at=at,
            )
        )
        for address in sorted(addresses)
        for purpose in sorted(purposes)
    ]
    if rows:
        statement = insert_into(connection, suppressions)
        is_later = statement.excluded.at > suppressions.c.at
        changed = {
            name: case((is_later, statement.excluded[name]), else_=suppressions.c[name])
            for name in ("source", "at")
        }
        connection.execute(statement.on_conflict_do_update(index_elements=_UNIQUE, set_=changed), rows)


def withdraw(connection: Connection, addresses: Collection[str], reason: SuppressionReason) -> None:
    """Forget that addresses are suppressed for a reason which never was one, as is known by now."""
    if not addresses:
        return
    which = (suppressions.c.address.in_(sorted(addresses)), suppressions.c.reason == reason)
    connection.execute(delete(suppressions).where(*which, suppressions.c.lifted_at.is_(None)))
    lifted_before = update(suppressions).where(*which, suppressions.c.at > suppressions.c.lifted_at)
    connection.execute(lifted_before.values(at=suppressions.c.lifted_at))


def lift(connection: Connection, address: str, *, at: datetime, by: str, kind: str = EMAIL) -> int:
    """Let an address be written to again, whatever stood against it; return how many reasons that were."""
    lifted = connection.execute(
        update(suppressions)
        .where(suppressions.c.kind == kind, suppressions.c.address == address, _STANDS)
        .values(lifted_at=at, lifted_by=by)
    )
    return lifted.rowcount


def lifted(
    connection: Connection, addresses: Collection[str], reason: SuppressionReason
) -> dict[str, datetime]:
    """Return when addresses were last let go that had been suppressed for a reason."""
    return {
        one.address: one.lifted_at
        for one in _found(connection, addresses)
        if one.reason is reason and one.lifted_at is not None
    }


def listing(
    connection: Connection, *, everything: bool = False, limit: int = 100
) -> tuple[list[Suppression], int]:
    """Return what stands, newest first, and how many there are without the limit; also what was lifted."""
    where = () if everything else (_STANDS,)
    rows = connection.execute(
        _ALL.where(*where).order_by(suppressions.c.at.desc(), suppressions.c.address).limit(limit)
    )
    count = connection.execute(select(func.count()).select_from(suppressions).where(*where)).scalar_one()
    return [_suppression(row) for row in rows.mappings()], int(count)


def _found(connection: Connection, addresses: Collection[str], *, lock: bool = False) -> list[Suppression]:
    statement = select(suppressions).where(suppressions.c.kind == EMAIL)
    statement = statement.where(suppressions.c.address.in_(sorted(addresses)))
    statement = statement.order_by(suppressions.c.address, suppressions.c.reason, suppressions.c.purpose)
    rows = connection.execute(statement.with_for_update() if lock else statement)
    return [_suppression(row) for row in rows.mappings()]


def _row(one: Suppression) -> dict[str, object]:
    return {
        "kind": one.kind,
        "address": one.address,
        "reason": one.reason,
        "purpose": one.purpose or "",
        "identity": one.identity,
        "source": one.source,
        "at": one.at,
        "lifted_at": one.lifted_at,
        "lifted_by": one.lifted_by,
    }


def _suppression(row: RowMapping) -> Suppression:
    purpose = Purpose(row["purpose"]) if row["purpose"] else None
    return Suppression(**{**row, "reason": SuppressionReason(row["reason"]), "purpose": purpose})


_UNIQUE = ("kind", "address", "reason", "purpose")
_ALL = select(suppressions)
_STANDING = (
    select(suppressions, identities.c.customer)
    .outerjoin(identities, identities.c.id == suppressions.c.identity)
    .where(
        _STANDS,
        or_(
            and_(
                suppressions.c.kind == EMAIL,
                suppressions.c.address.in_(bindparam("hashes", expanding=True)),
            ),
            suppressions.c.identity.in_(
                select(identities.c.id).where(identities.c.customer.in_(bindparam("owners", expanding=True)))
            ),
        ),
    )
)
