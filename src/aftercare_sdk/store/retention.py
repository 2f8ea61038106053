"""How long each table is kept (LAW-11), and what is thrown away in time.

Nothing goes that eligibility rests on: messages, consents, suppressions and outcomes stay. A consent must be
kept for three years after the last mail that it allowed (LAW-04), and without it nobody may be written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Connection, delete, select

from aftercare_sdk.store.decisions import forget
from aftercare_sdk.store.tables import alerts, copies, decisions, metadata, privacy_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long the rows of a table are kept, and why.

    `period`: the key of `[retention]` that says how long after `after`, the column that says since when;
    without one, rows stay.
    """

    why: str
    period: str = ""
    after: Column[Any] | None = None


_OPERATION = "one row for each thing that the engine keeps about itself; it does not grow with customers"
_BOOKS = "the books of points must balance; internal ids only"

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "alerts": Rule(
            period="alerts", after=alerts.c.ended_at, why="what staff were told of, once it is over"
        ),
        "approvals": Rule(why="who has approved what sends marketing; one row for each version of a flow"),
        "balances": Rule(why=_BOOKS),
        "beats": Rule(why=_OPERATION),
        "commands": Rule(why="each is carried out once, so it must be known that it was; internal ids only"),
        "complaints": Rule(why="what advertises rests after one; internal ids only"),
        "configurations": Rule(why="a fact is decided by the configuration of its day"),
        "connections": Rule(why=_OPERATION),
        "consents": Rule(why="proof of consent, three years after the last mail at least (LAW-04)"),
        "copies": Rule(period="copies", after=copies.c.written_at, why="the words of messages that left"),
        "counters": Rule(why=_OPERATION),
        "customers": Rule(why="internal ids, which everything else refers to"),
        "decider": Rule(why=_OPERATION),
        "decisions": Rule(
            period="decisions", after=decisions.c.at, why="why a message was sent or not; internal ids"
        ),
        "entries": Rule(why=_BOOKS),
        "events": Rule(why="what has happened, so that it is never told twice; internal ids only"),
        "identities": Rule(why="addresses and accounts, for as long as the person is known"),
        "imports": Rule(why="a file that was imported is recognised; one row for each"),
        "journal": Rule(why="that something came and what became of it; its body goes as `bodies` says"),
        "links": Rule(why="which identities are one person; internal ids only"),
        "lots": Rule(why=_BOOKS),
        "memory": Rule(why="what plugins remember of a customer; the latest value of each name"),
        "messages": Rule(why="caps and premises count them, and none is sent twice; internal ids only"),
        "objects": Rule(why="orders and accounts as they stand; contacts go when the shop erases them"),
        "outcomes": Rule(why="bounces are counted, and one that is told again is known; internal ids only"),
        "pauses": Rule(why="why advertising from a domain was stopped, and who resumed it"),
        "payments": Rule(why=_BOOKS),
        "plugins": Rule(why=_OPERATION),
        "privacy_requests": Rule(
            period="privacy_requests",
            after=privacy_requests.c.settled_at,
            why="proof that a request was done, once it is",
        ),
        "reads": Rule(why="what is still to be read; a row goes when it was"),
        "redemptions": Rule(why="a code is made once and known when it comes back; internal ids only"),
        "rests": Rule(why=_OPERATION),
        "settings": Rule(why=_OPERATION),
        "splits": Rule(why="that two identities are not one person stays true; internal ids only"),
        "streams": Rule(why=_OPERATION),
        "suppressions": Rule(why="who must not be written to, as keyed hashes, also after erasure (LAW-20)"),
        "timers": Rule(why="what is still to come; a row goes when it has"),
        "tombstones": Rule(why="who was erased, as keyed hashes: late payloads must not bring them back"),
        "units": Rule(
            why="each plugin hears of each event once, and again if a fact changes; internal ids only"
        ),
    }
)


def sweep(connection: Connection, table: str, before: datetime, limit: int) -> int:
    """Throw away rows of a table whose time ended before a moment, oldest first; return how many."""
    after = RULES[table].after
    if after is None:
        return 0
    if table == decisions.name:
        return forget(connection, before=before, limit=limit)  # what is not final stays
    rows = metadata.tables[table]
    (key,) = rows.primary_key.columns
    old = connection.execute(
        select(key).where(after.is_not(None), after < before).order_by(after).limit(limit)
    ).scalars()
    if not (found := old.all()):
        return 0
    return connection.execute(delete(rows).where(key.in_(found))).rowcount
