"""The books: entries that are added and never changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from aftercare_sdk.model.points.lots import Cause, Draw, EntryKind, Line
from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.tables import entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What led to entries: an event, or a person. `posting` names what belongs together, as a redemption."""

    event: str = ""
    plugin: str = ""
    rule: str = ""
    actor: str = ""
    posting: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the books, with its place in them."""

    seq: int
    at: datetime
    line: Line
    why: Why


def append(connection: Connection, at: datetime, made: Sequence[tuple[Line, Why]]) -> None:
    """Add entries, in their order."""
    rows = [_row(at, line, why) for line, why in made]
    if rows:
        connection.execute(insert(entries), rows)


def of_identities(connection: Connection, identities: Collection[int]) -> list[Entry]:
    """Return the entries of these identities, in their order."""
    rows = connection.execute(
        select(entries).where(entries.c.identity.in_(sorted(identities))).order_by(entries.c.seq)
    )
    return [_entry(row) for row in rows.mappings()]


def draws(connection: Connection, posting: str) -> list[Draw]:
    """Return what a posting has spent, by lot, and what nobody has given back since."""
    found = _of_posting(connection, posting)
    undone = {one.line.reverses for one in found if one.line.reverses is not None}
    return [_draw(one) for one in found if _is_spend(one) and one.seq not in undone]


def drawn_from(connection: Connection, lot: str) -> list[tuple[str, Draw]]:
    """Return what was spent out of a lot and what nobody has given back, with the posting of each."""
    rows = connection.execute(select(entries).where(entries.c.lot == lot).order_by(entries.c.seq))
    found = [_entry(row) for row in rows.mappings()]
    undone = {one.line.reverses for one in found if one.line.reverses is not None}
    return [(one.why.posting, _draw(one)) for one in found if _is_spend(one) and one.seq not in undone]


def last_returned(connection: Connection, posting: str) -> list[Draw]:
    """Return what a posting had spent when it was given back for the last time."""
    found = _of_posting(connection, posting)
    spent = [one.seq for one in found if _is_spend(one)]
    return [
        Draw(lot=one.line.lot, points=one.line.points - one.line.debt, entry=one.line.reverses or 0)
        for one in found
        if one.line.reverses in spent and one.seq > max(spent)
    ]


def _of_posting(connection: Connection, posting: str) -> list[Entry]:
    # The empty text is named because the index has only those with a posting.
    named = entries.c.posting != literal_text("")
    rows = connection.execute(
        select(entries).where(named, entries.c.posting == posting).order_by(entries.c.seq)
    )
    return [_entry(row) for row in rows.mappings()]


def _is_spend(one: Entry) -> bool:
    return one.line.kind is EntryKind.SPEND


def _draw(one: Entry) -> Draw:
    return Draw(
        lot=one.line.lot,
        points=one.line.debt - one.line.points,
        entry=one.seq,
        identity=one.line.identity,
    )


def _row(at: datetime, line: Line, why: Why) -> dict[str, Any]:
    return {
        "at": at,
        "identity": line.identity,
        "kind": line.kind.value,
        "cause": line.cause.value,
        "lot": line.lot,
        "points": line.points,
        "debt": line.debt,
        "reverses": line.reverses,
        "other": line.other,
        "event": why.event,
        "plugin": why.plugin,
        "rule": why.rule,
        "actor": why.actor,
        "posting": why.posting,
        "note": why.note,
    }


def _entry(row: RowMapping) -> Entry:
    return Entry(
        seq=row["seq"],
        at=row["at"],
        line=Line(
            kind=EntryKind(row["kind"]),
            cause=Cause(row["cause"]),
            identity=row["identity"],
            lot=row["lot"],
            points=row["points"],
            debt=row["debt"],
            reverses=row["reverses"],
            other=row["other"],
        ),
        why=Why(
            event=row["event"],
            plugin=row["plugin"],
            rule=row["rule"],
            actor=row["actor"],
            posting=row["posting"],
            note=row["note"],
        ),
    )
