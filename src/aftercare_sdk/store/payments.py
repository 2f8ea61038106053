"""What lots have paid for debts of others: undone as soon as there is no such debt any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, or_, select

from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import payments

Pair = tuple[str, str]
"""The keys of the lot that has paid, and of the one that owed."""


def of_debtor(connection: Connection, debtor: str) -> dict[Pair, int]:
    """Return what was paid for one lot."""
    rows = connection.execute(select(payments).where(payments.c.debtor == debtor))
    return {(row.payer, row.debtor): row.points for row in rows}


def of_lots(connection: Connection, keys: Collection[str]) -> dict[Pair, int]:
    """Return what these lots have paid, and what was paid for them."""
    known = sorted(keys)
    rows = connection.execute(
        select(payments).where(or_(payments.c.payer.in_(known), payments.c.debtor.in_(known)))
    )
    return {(row.payer, row.debtor): row.points for row in rows}


def put(connection: Connection, told: Mapping[Pair, int]) -> None:
    """Keep what was paid by now; nothing, where that is zero."""
    rows = [
        {"payer": payer, "debtor": debtor, "points": points}
        for (payer, debtor), points in sorted(told.items())
        if points
    ]
    if rows:
        statement = insert_into(connection, payments)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["payer", "debtor"], set_={"points": statement.excluded.points}
            ),
            rows,
        )
    for (payer, debtor), points in sorted(told.items()):
        if not points:
            connection.execute(delete(payments).where(payments.c.payer == payer, payments.c.debtor == debtor))
