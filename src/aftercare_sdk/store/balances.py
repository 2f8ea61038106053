"""What identities have, in one row each, so that a balance costs the same however long the books are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import balances


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Points: `available` and `pending` are in lots, `debt` was spent and taken back."""

    available: int = 0
    pending: int = 0
    debt: int = 0

    @property
    def points(self) -> int:
        """What can be spent, less what is owed; below zero while there is a debt."""
        return self.available - self.debt

    def __add__(self, other: Balance) -> Balance:
        return Balance(
            available=self.available + other.available,
            pending=self.pending + other.pending,
            debt=self.debt + other.debt,
        )


def of_identities(connection: Connection, identities: Collection[int]) -> dict[int, Balance]:
    """Return the balances of those among these identities that have ever had points."""
    rows = connection.execute(select(balances).where(balances.c.identity.in_(sorted(identities))))
    return {
        row.identity: Balance(available=row.available, pending=row.pending, debt=row.debt) for row in rows
    }


def of_person(connection: Connection, identities: Collection[int]) -> Balance:
    """Return what all identities of a person have together."""
    return sum(of_identities(connection, identities).values(), Balance())


def total(connection: Connection) -> Balance:
    """Return what everybody has together."""
    row = connection.execute(
        select(func.sum(balances.c.available), func.sum(balances.c.pending), func.sum(balances.c.debt))
    ).one()
    return Balance(available=int(row[0] or 0), pending=int(row[1] or 0), debt=int(row[2] or 0))


def add(connection: Connection, changes: Mapping[int, Balance]) -> None:
    """Add changes to balances."""
    if not changes:
        return
    statement = insert_into(connection, balances)
    names = ("available", "pending", "debt")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["identity"],
            set_={name: balances.c[name] + statement.excluded[name] for name in names},
        ),
        [
            {
                "identity": identity,
                "available": change.available,
                "pending": change.pending,
                "debt": change.debt,
            }
            for identity, change in sorted(changes.items())
        ],
    )
