"""Which files of orders were taken in, and how far those are that were broken off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.store.tables import imports, journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far an import is: `groups` orders of the file, taken or not, are done.

    `id` is a hash of the file, the shop, and how it is read. The moments are those of its beginning, so that
    going on reads alike.
    """

    id: str
    shop: str
    format: str
    began_at: datetime
    exported_at: datetime
    groups: int = 0
    finished_at: datetime | None = None


def find(connection: Connection, id_: str) -> Mark | None:
    """Return how far an import is."""
    row = connection.execute(select(imports).where(imports.c.id == id_)).mappings().first()
    return Mark(**row) if row else None


def begin(connection: Connection, mark: Mark) -> None:
    """Note that an import has begun, or begins again."""
    if find(connection, mark.id) is None:
        connection.execute(
            insert(imports).values(
                id=mark.id,
                shop=mark.shop,
                format=mark.format,
                began_at=mark.began_at,
                exported_at=mark.exported_at,
                groups=mark.groups,
            )
        )
    else:
        connection.execute(
            update(imports).where(imports.c.id == mark.id).values(groups=mark.groups, finished_at=None)
        )


def advance(connection: Connection, mark: Mark, groups: int, finished_at: datetime | None) -> bool:
    """Note how far an import has come since `mark`; False if another process has moved it meanwhile."""
    done = connection.execute(
        update(imports)
        .where(imports.c.id == mark.id, imports.c.groups == mark.groups, imports.c.finished_at.is_(None))
        .values(groups=groups, finished_at=finished_at)
    )
    return done.rowcount == 1


def waiting(connection: Connection, most: int) -> int:
    """Return how many rows out of files nobody has processed yet; counted up to `most`."""
    rows = (
        select(journal.c.seq)
        .where(journal.c.state == literal_text(State.NEW), journal.c.kind == Kind.IMPORT)
        .limit(most)
    )
    return int(connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one())
