"""The journal: one row for everything that comes from outside, and the instant it was processed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    RowMapping,
    bindparam,
    func,
    select,
    text,
    update,
)

from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.tables import LONGEST_DELIVERY, LONGEST_TOPIC, journal, microseconds

TOPIC_LENGTH = 100
DELIVERY_LENGTH = 200


class Kind(StrEnum):
    """Where a row came from."""

    WEBHOOK = "webhook"
    READ = "read"
    SYNC = "sync"
    IMPORT = "import"
    OUTCOME = "outcome"
    CONFIGURATION = "configuration"
    COMMAND = "command"
    RECEIPT = "receipt"


FROM_SHOPS = (Kind.WEBHOOK, Kind.READ, Kind.SYNC, Kind.IMPORT)
"""What tells of a shop, and is processed."""


CONNECTION = "connection"
"""The topic of a row that tells what an adapter has said of its connection."""


class State(StrEnum):
    """Where a row stands."""

    NEW = "new"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the journal. `copies` counts the repeats that were dropped."""

    seq: int
    kind: Kind
    shop: str
    topic: str
    delivery: str
    hints: Mapping[str, str]
    body: bytes | None = field(repr=False)
    received_at: datetime
    state: State
    outcome: str
    processed_at: datetime | None
    copies: int
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is about to become a row. `dedupe` None: never a copy of another.

    `weight` is how many objects it tells of: how much is processed at once is counted in them.
    """

    kind: Kind
    shop: str
    topic: str
    received_at: datetime
    body: bytes = field(repr=False)
    delivery: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)
    dedupe: str | None = None
    state: State = State.NEW
    outcome: str = ""
    weight: int = 1


_FINISH = (
    update(journal)
    .where(journal.c.seq == bindparam("row"))
    .values(state=bindparam("is"), outcome=bindparam("told"), processed_at=bindparam("now"))
)


_FOUND = update(journal).where(journal.c.seq == bindparam("row")).values(found=bindparam("told"))
_KNOWN = select(journal.c.dedupe).where(journal.c.dedupe.in_(bindparam("named", expanding=True)))
_COPIED = update(journal).where(journal.c.dedupe == bindparam("named")).values(copies=journal.c.copies + 1)
_NUMBERS = text(
    "SELECT nextval(pg_get_serial_sequence('journal', 'seq')) FROM generate_series(1, :many) ORDER BY 1"
)


def append(connection: Connection, arrivals: Sequence[Arrival]) -> list[bool]:
    """Store arrivals in their order; return for each whether it was new (False: counted as a copy)."""
    first: dict[str | None, int] = {}
    for place, one in enumerate(arrivals):
        if one.dedupe is not None:
            first.setdefault(one.dedupe, place)
    rows = [_row(one) for place, one in enumerate(arrivals) if first.get(one.dedupe, place) == place]
    known = _store(connection, rows) if rows else set()
    fresh = [first.get(one.dedupe, place) == place for place, one in enumerate(arrivals)]
    for one, is_first in zip(arrivals, fresh, strict=True):
        if not is_first:
            connection.execute(
                update(journal).where(journal.c.dedupe == one.dedupe).values(copies=journal.c.copies + 1)
            )
    return [is_first and one.dedupe not in known for one, is_first in zip(arrivals, fresh, strict=True)]


def _store(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str | None]:
    """Insert rows, and count as a copy each whose `dedupe` is known; return those."""
    if connection.dialect.name != "sqlite":
        if len(rows) > 1 and any(row["dedupe"] for row in rows):
            # Two processes with the same deliveries lock them in one order, or each would wait for the other;
            # the numbers keep the order of arrival.
            seqs = connection.execute(_NUMBERS, {"many": len(rows)}).scalars()
            numbered = [{**row, "seq": seq} for row, seq in zip(rows, seqs, strict=True)]
            rows = sorted(numbered, key=lambda row: row["dedupe"] or "")
        # One statement, so that of two processes that store the same delivery at once one counts a copy.
        counted = insert_into(connection, journal).on_conflict_do_update(
            index_elements=["dedupe"], set_={"copies": journal.c.copies + 1}
        )
        told = connection.execute(counted.returning(journal.c.dedupe, journal.c.copies), rows)
        return {dedupe for dedupe, copies in told if copies}
    # A transaction that writes is alone on SQLite: what it looks up stays true, and the plain INSERT, which
    # almost always follows, takes half the processor time of the one that tells which rows were new.
    named = [row["dedupe"] for row in rows if row["dedupe"] is not None]
    known = set(connection.execute(_KNOWN, {"named": named}).scalars()) if named else set()
    if known:
        connection.execute(_COPIED, [{"named": dedupe} for dedupe in known])
    if new := [tuple(_bare(row).values()) for row in rows if row["dedupe"] not in known]:
        connection.exec_driver_sql(_BARE_INSERT, new)
    return known


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as SQLite's driver takes it quickest: plain text, and instants as they are stored."""
    processed_at = row["processed_at"]
    return {
        **row,
        "kind": str(row["kind"]),
        "state": str(row["state"]),
        "received_at": microseconds(row["received_at"]),
        "processed_at": None if processed_at is None else microseconds(processed_at),
    }


_COLUMNS = (
    "kind",
    "shop",
    "topic",
    "delivery",
    "hints",
    "body",
    "dedupe",
    "received_at",
    "state",
    "outcome",
    "weight",
    "processed_at",
)
# The one statement that every webhook waits for; the names are ours, and the values are bound.
_BARE_INSERT = (
    f"INSERT INTO journal ({', '.join(_COLUMNS)}) "  # noqa: S608 - names of ours only
    f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)


def take_new(connection: Connection, limit: int, resting: Collection[str] = ()) -> list[Entry]:
    """Return the oldest rows that nobody has processed: one at least, and no more than weigh `limit`.

    Webhooks of `resting` shops are left.
    """
    if resting:
        heads = _heads(connection, limit, resting)
    else:
        heads = [(row.seq, row.weight) for row in connection.execute(_HEAD, {"limit": limit})]
    taken: list[int] = []
    weighed = 0
    for seq, weight in sorted(heads):
        weighed += weight
        if taken and weighed > limit:
            break
        taken.append(seq)
    if not taken:
        return []
    rows = connection.execute(select(journal).where(journal.c.seq.in_(taken)).order_by(journal.c.seq))
    return [_entry(row) for row in rows.mappings()]


def _heads(connection: Connection, limit: int, resting: Collection[str]) -> list[tuple[int, int]]:
    """Return number and weight of the oldest rows of each shop and kind; what is left is not read."""
    return [
        (row.seq, row.weight)
        for shop, kind in _queues(connection)
        if kind != Kind.WEBHOOK or shop not in resting
        for row in connection.execute(_HEAD_OF, {"shop": shop, "kind": kind, "limit": limit})
    ]


def _queues(connection: Connection) -> list[tuple[str, str]]:
    """Return shop and kind of the rows that nobody has processed: one look into the index for each pair."""
    found: list[tuple[str, str]] = []
    shop, kind = "", ""
    while row := (
        connection.execute(_NEXT_KIND, {"shop": shop, "kind": kind}).first()
        or connection.execute(_NEXT_SHOP, {"shop": shop}).first()
    ):
        shop, kind = row
        found.append((shop, kind))
    return found


_IS_NEW = journal.c.state == literal_text(State.NEW)
_MOST = bindparam("limit", type_=Integer)
_HEAD = select(journal.c.seq, journal.c.weight).where(_IS_NEW).order_by(journal.c.seq).limit(_MOST)
_QUEUE = (_IS_NEW, journal.c.shop == bindparam("shop"), journal.c.kind == bindparam("kind"))
_HEAD_OF = select(journal.c.seq, journal.c.weight).where(*_QUEUE).order_by(journal.c.seq).limit(_MOST)
# Two questions: for `(shop, kind) > (?, ?)` SQLite reads all rows of the pair that it was at.
_NEXT = select(journal.c.shop, journal.c.kind).order_by(journal.c.shop, journal.c.kind).limit(1)
_NEXT_KIND = _NEXT.where(_IS_NEW, journal.c.shop == bindparam("shop"), journal.c.kind > bindparam("kind"))
_NEXT_SHOP = _NEXT.where(_IS_NEW, journal.c.shop > bindparam("shop"))


def waiting(connection: Connection, most: int) -> int:
    """Return how many rows nobody has processed, up to `most`."""
    some = select(journal.c.seq).where(journal.c.state == literal_text(State.NEW)).limit(most)
    return connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()


def is_waiting(connection: Connection, kinds: Collection[Kind], shops: Collection[str]) -> bool:
    """Tell whether rows of some kinds, of some shops, are still to be processed."""
    some = select(journal.c.seq).where(
        journal.c.state == literal_text(State.NEW),
        journal.c.shop.in_(sorted(shops)),
        journal.c.kind.in_(sorted(kinds)),
    )
    return connection.execute(some.limit(1)).first() is not None


def oldest_new(connection: Connection, *, but: Collection[str] = ()) -> datetime | None:
    """Return when the oldest unprocessed row was received, of all shops but these."""
    statement = (
        select(journal.c.received_at)
        .where(journal.c.state == literal_text(State.NEW))
        .order_by(journal.c.seq)
        .limit(1)
    )
    if but:
        statement = statement.where(journal.c.shop.not_in(sorted(but)))
    return connection.execute(statement).scalar()


def finish(connection: Connection, results: Iterable[tuple[int, State, str]], now: datetime) -> None:
    """Note for rows what became of them: (seq, state, outcome in words)."""
    rows = [{"row": seq, "is": state, "told": outcome, "now": now} for seq, state, outcome in results]
    if rows:
        connection.execute(_FINISH, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a row of a listing told that no webhook had told: `found`, as its writer wrote it."""

    seq: int
    shop: str
    topic: str
    received_at: datetime
    found: str


def note_found(connection: Connection, found: Mapping[int, str]) -> None:
    """Note for rows of listings what they told that no webhook had told."""
    if found:
        connection.execute(_FOUND, [{"row": seq, "told": told} for seq, told in found.items()])


def tended(connection: Connection, after: int) -> list[tuple[str, str]]:
    """Return what adapters have said of their connections since a row: shop and sentence, oldest first."""
    rows = connection.execute(
        select(journal.c.shop, journal.c.outcome)
        .where(journal.c.seq > after, journal.c.kind == Kind.SYNC, journal.c.topic == CONNECTION)
        .order_by(journal.c.seq)
    )
    return [(shop, outcome) for shop, outcome in rows]


def discoveries(connection: Connection, *, after: int = 0, since: datetime | None = None) -> list[Discovery]:
    """Return what listings found, newest first: behind a row, and received since a moment.

    It is kept as long as bodies are.
    """
    rows = connection.execute(
        select(journal.c.seq, journal.c.shop, journal.c.topic, journal.c.received_at, journal.c.found)
        .where(journal.c.found.is_not(None), journal.c.seq > after)
        .order_by(journal.c.seq.desc())
    ).mappings()
    found: list[Discovery] = []
    for row in rows:  # numbered as they come: the first one that is too old ends the search
        if since is not None and row["received_at"] < since:
            break
        found.append(Discovery(**row))
    return found


def newest(connection: Connection) -> int:
    """Return the number of the newest row; 0 if there is none."""
    seq: int = connection.execute(select(func.coalesce(func.max(journal.c.seq), 0))).scalar_one()
    return seq


def retry(connection: Connection, seqs: Sequence[int] | None = None) -> int:
    """Put parked rows (all, or those named) back to be processed again; return how many."""
    statement = update(journal).where(journal.c.state == State.PARKED)
    if seqs is not None:
        statement = statement.where(journal.c.seq.in_(seqs))
    return connection.execute(statement.values(state=State.NEW, outcome="", processed_at=None)).rowcount


def forget_bodies(connection: Connection, *, after: int, received_before: datetime, limit: int) -> int:
    """Drop the raw bodies of processed rows behind `after`, oldest first; return the last row looked at.

    What listings found goes with them. Rows are numbered as they come, so the first one that is young enough
    ends the search.
    """
    rows = connection.execute(
        select(journal.c.seq, journal.c.received_at, journal.c.state)
        .where(journal.c.seq > after)
        .order_by(journal.c.seq)
        .limit(limit)
    ).all()
    old = [row for row in rows if row.received_at < received_before]
    old = old[: next((place for place, row in enumerate(old) if row.state == State.NEW), len(old))]
    if not old:
        return after
    connection.execute(
        update(journal).where(journal.c.seq.in_([row.seq for row in old])).values(body=None, found=None)
    )
    last: int = old[-1].seq
    return last


def with_bodies(
    connection: Connection, *, after: int, limit: int, since: datetime | None = None
) -> list[Entry]:
    """Return rows that were dealt with (since a moment) and whose bodies are kept, the oldest first."""
    statement = select(journal).where(
        journal.c.seq > after, journal.c.body.is_not(None), journal.c.state != State.NEW
    )
    if since is not None:
        statement = statement.where(journal.c.processed_at >= since)
    rows = connection.execute(statement.order_by(journal.c.seq).limit(limit))
    return [_entry(row) for row in rows.mappings()]


def all_bodies(connection: Connection, at_once: int) -> Iterator[Entry]:
    """Yield every row whose body is kept, page by page; for a search of all of it."""
    seq = 0
    while True:
        rows = connection.execute(
            select(journal)
            .where(journal.c.seq > seq, journal.c.body.is_not(None))
            .order_by(journal.c.seq)
            .limit(at_once)
        ).mappings()
        page = [_entry(row) for row in rows]
        if not page:
            return
        yield from page
        seq = page[-1].seq


def processed_up_to(connection: Connection) -> int:
    """Return up to which row all have been processed."""
    oldest = connection.execute(
        select(journal.c.seq).where(_IS_NEW).order_by(journal.c.seq).limit(1)
    ).scalar()
    return newest(connection) if oldest is None else int(oldest) - 1


def drop_bodies_of_shop(connection: Connection, shop: str, limit: int) -> int:
    """Drop the raw bodies of a shop, some rows at a time; return how many."""
    rows = select(journal.c.seq).where(journal.c.shop == shop, journal.c.body.is_not(None))
    found = connection.execute(
        rows.where(journal.c.kind.in_(sorted(FROM_SHOPS)), journal.c.state != State.NEW).limit(limit)
    ).scalars()
    seqs = list(found)
    drop_bodies(connection, seqs)
    return len(seqs)


def drop_bodies(connection: Connection, seqs: Collection[int]) -> None:
    """Drop the raw bodies of rows, with what they told that no webhook had told."""
    if seqs:
        connection.execute(
            update(journal).where(journal.c.seq.in_(sorted(seqs))).values(body=None, found=None)
        )


def listing(connection: Connection, *, states: Sequence[State] = (), limit: int = 100) -> list[Entry]:
    """Return the newest rows, of some states or of all."""
    statement = select(journal).order_by(journal.c.seq.desc()).limit(limit)
    if states:
        statement = statement.where(journal.c.state.in_(states))
    return [_entry(row) for row in connection.execute(statement).mappings()]


def find(connection: Connection, seq: int) -> Entry | None:
    """Return one row."""
    row = connection.execute(select(journal).where(journal.c.seq == seq)).mappings().first()
    return _entry(row) if row else None


def counts(connection: Connection) -> Mapping[str, int]:
    """Return how many webhooks are in each state, and under `copies` how many repeats were dropped."""
    rows = connection.execute(
        select(journal.c.state, func.count()).where(journal.c.kind == Kind.WEBHOOK).group_by(journal.c.state)
    )
    found = {row[0]: row[1] for row in rows}
    copies = connection.execute(select(func.coalesce(func.sum(journal.c.copies), 0))).scalar_one()
    return {**found, "copies": int(copies)}


def _row(one: Arrival) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "shop": one.shop,
        # Headers, which nobody signs: cut to what the columns hold, so that the body is stored in any case.
        "topic": one.topic[:LONGEST_TOPIC],
        "delivery": one.delivery[:LONGEST_DELIVERY],
        "hints": dump(one.hints),
        "body": one.body,
        "dedupe": one.dedupe,
        "received_at": one.received_at,
        "state": one.state,
        "outcome": one.outcome,
        "weight": one.weight,
        "processed_at": None if one.state is State.NEW else one.received_at,
    }


def _entry(row: RowMapping) -> Entry:
    return Entry(
        seq=row["seq"],
        kind=Kind(row["kind"]),
        shop=row["shop"],
        topic=row["topic"],
        delivery=row["delivery"],
        hints=load_words(row["hints"]),
        body=row["body"],
        received_at=row["received_at"],
        state=State(row["state"]),
        outcome=row["outcome"],
        processed_at=row["processed_at"],
        copies=row["copies"],
        weight=row["weight"],
    )
