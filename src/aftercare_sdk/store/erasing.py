"""What is left of whoever was erased: numbers, and keyed hashes by which late payloads are known (LAW-20).

Rows that the books count are emptied, not deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    LargeBinary,
    Table,
    and_,
    bindparam,
    delete,
    distinct,
    func,
    or_,
    select,
    union,
    update,
)

from aftercare_sdk.model.commands import RevokeCode, TagCustomer
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.store import control
from aftercare_sdk.store.commands import CommandState
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.messages import about_object
from aftercare_sdk.store.objects import Key
from aftercare_sdk.store.tables import (
    commands,
    consents,
    copies,
    decisions,
    entries,
    identities,
    links,
    lots,
    memory,
    messages,
    metadata,
    objects,
    redemptions,
    splits,
    suppressions,
    timers,
    tombstones,
)
from aftercare_sdk.store.timers import ENGINE

_COUNT = "erasures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tomb:
    """An identity that was erased, and when: what happened until then is not told again."""

    identity: int
    erased_at: datetime


def count(connection: Connection) -> int:
    """Return how often somebody was erased; while it stays the same, nobody was."""
    return int(control.setting(connection, _COUNT) or 0)


def tombs(connection: Connection, hashes: Collection[str]) -> dict[str, list[Tomb]]:
    """Return who was erased under keyed hashes, whoever was erased first before the others."""
    found: dict[str, list[Tomb]] = {}
    rows = connection.execute(
        select(tombstones.c.hash, tombstones.c.identity, identities.c.erased_at)
        .join(identities, identities.c.id == tombstones.c.identity)
        .where(tombstones.c.hash.in_(sorted(hashes)))
        .order_by(identities.c.erased_at, tombstones.c.identity)
    )
    for row in rows:
        found.setdefault(row.hash, []).append(Tomb(identity=row.identity, erased_at=row.erased_at))
    return found


def erased(connection: Connection, wanted: Iterable[int]) -> dict[int, Tomb]:
    """Return which of these identities were erased, and when."""
    rows = connection.execute(
        select(identities.c.id, identities.c.erased_at).where(
            identities.c.id.in_(sorted(set(wanted))), identities.c.erased_at.is_not(None)
        )
    )
    return {row.id: Tomb(identity=row.id, erased_at=row.erased_at) for row in rows}


def hashes_of(connection: Connection, wanted: Collection[int]) -> dict[int, str]:
    """Return under which keyed hashes identities were erased: a mailbox is suppressed under the same."""
    if not wanted:
        return {}
    rows = connection.execute(
        select(tombstones.c.identity, tombstones.c.hash).where(tombstones.c.identity.in_(sorted(wanted)))
    )
    return {row.identity: row.hash for row in rows}


def addresses(connection: Connection, customers: Collection[int]) -> set[str]:
    """Return the keyed hashes of the e-mail addresses that customers had when they were erased."""
    return set(
        connection.execute(
            select(tombstones.c.hash)
            .join(identities, identities.c.id == tombstones.c.identity)
            .where(
                identities.c.customer.in_(sorted(customers)), tombstones.c.kind == IdentityKind.EMAIL.value
            )
        ).scalars()
    )


def bury(
    connection: Connection,
    members: Collection[int],
    hashes: Mapping[int, tuple[IdentityKind, str]],
    at: datetime,
) -> int:
    """Overwrite identities with placeholders that nothing names; keep the hashes of those that have one."""
    if hashes:
        connection.execute(
            insert_into(connection, tombstones).on_conflict_do_nothing(),
            [
                {"hash": hashed, "identity": identity, "kind": kind.value}
                for identity, (kind, hashed) in sorted(hashes.items())
            ],
        )
    connection.execute(_BURY, [{"of": each, "name": str(each), "at": at} for each in sorted(members)])
    control.put_setting(connection, _COUNT, str(count(connection) + 1))
    return len(members)


def drop_objects(connection: Connection, keys: Collection[Key]) -> int:
    """Delete objects of which the books need nothing."""
    if keys:
        connection.execute(_DROP, [{"in": shop, "is": kind, "of": id_} for shop, kind, id_ in sorted(keys)])
    return len(keys)


def empty(connection: Connection, members: Collection[int], now: datetime) -> dict[str, int]:
    """Empty all that names an identity and may hold words about the person; return how many rows, by table.

    Kept are the books (lots, entries, redemptions), what proves a consent, and the codes of decisions.
    """
    done: dict[str, int] = {}
    theirs = or_(messages.c.identity.in_(sorted(members)), messages.c.recipient.in_(sorted(members)))
    written = select(messages.c.key).where(theirs)
    done["copies"] = connection.execute(delete(copies).where(copies.c.message.in_(written))).rowcount
    for table, which, values in _emptied(members, theirs, now):
        done[table.name] = (
            done.get(table.name, 0)
            + (
                connection.execute(delete(table).where(which))
                if values is None
                else connection.execute(update(table).where(which).values(**values))
            ).rowcount
        )
    return {name: rows for name, rows in done.items() if rows}


def empty_about(connection: Connection, keys: Collection[Key]) -> dict[str, int]:
    """Empty what was written to a person about objects; return how many rows, by table."""
    done: Counter[str] = Counter()
    for key in keys:
        about = about_object(key)
        written = select(messages.c.key).where(about)
        done["copies"] += connection.execute(delete(copies).where(copies.c.message.in_(written))).rowcount
        has_ended = messages.c.final_at.is_not(None)
        emptied = update(messages).where(about, has_ended).values(data="{}", reason="", detail="{}")
        done["messages"] += connection.execute(emptied).rowcount
    return {name: rows for name, rows in done.items() if rows}


def _emptied(
    members: Collection[int], theirs: ColumnElement[bool], now: datetime
) -> Sequence[tuple[Table, ColumnElement[bool], Mapping[str, Any] | None]]:
    """Return tables, the rows concerned, and what is written over their words; None: the rows go."""
    ids = sorted(members)
    mine = commands.c.identity.in_(ids)
    # What was paid for with points is for the books to settle, and a code is revoked whoever had it.
    ours = commands.c.key.not_in(select(redemptions.c.key)) & (commands.c.kind != RevokeCode.__name__)
    is_planned = commands.c.state == literal_text(CommandState.PLANNED)
    return (
        (messages, theirs, {"data": "{}", "reason": "", "detail": "{}"}),
        (timers, and_(timers.c.identity.in_(ids), timers.c.plugin != ENGINE), None),
        (memory, memory.c.identity.in_(ids), None),
        (decisions, decisions.c.identity.in_(ids), {"detail": "{}"}),
        (
            commands,
            and_(mine, ours, is_planned),
            {
                "state": CommandState.REFUSED,
                "code": "command_withdrawn",
                "next_at": None,
                "final_at": now,
                "lease": "",
            },
        ),
        (commands, and_(mine, ours, commands.c.kind == TagCustomer.__name__), {"payload": "{}"}),
        (commands, mine, {"reason": "", "detail": "{}"}),
        (lots, and_(lots.c.identity.in_(ids), lots.c.reason != ""), {"reason": ""}),
        (entries, and_(entries.c.identity.in_(ids), entries.c.note != ""), {"note": ""}),
        (splits, or_(splits.c.one.in_(ids), splits.c.other.in_(ids)), {"reason": ""}),
        (suppressions, suppressions.c.identity.in_(ids), {"identity": None}),
    )


def kept(connection: Connection, members: Collection[int], hashes: Collection[str]) -> dict[str, int]:
    """Return how many rows stay of what the books and the law need, by table."""
    ids = sorted(members)
    counted = {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.identity.in_(ids))
        ).scalar_one()
        for table in (lots, entries, consents, tombstones)
    }
    counted["suppressions"] = connection.execute(
        select(func.count()).select_from(suppressions).where(suppressions.c.address.in_(sorted(hashes)))
    ).scalar_one()
    return {name: rows for name, rows in counted.items() if rows}


def alone(connection: Connection, mailboxes: Collection[int], members: Collection[int]) -> set[int]:
    """Return which mailboxes are known by nothing but what belongs to `members`: they go with them."""
    ids = sorted(members)
    wanted = sorted(set(mailboxes) - set(members))
    if not wanted:
        return set()
    used = (
        connection.execute(select(objects.c.identity).where(objects.c.identity.in_(wanted))).scalars().all()
    )
    shared = (
        connection.execute(
            select(objects.c.contact_identity).where(
                objects.c.contact_identity.in_(wanted), objects.c.identity.not_in(ids)
            )
        )
        .scalars()
        .all()
    )
    tied = {
        each
        for row in connection.execute(
            select(links.c.one, links.c.other).where(or_(links.c.one.in_(wanted), links.c.other.in_(wanted)))
        )
        for each in row
    }
    return set(wanted) - set(used) - set(shared) - tied


def only_of_shop(connection: Connection, shop: str, limit: int) -> list[int]:
    """Return identities of customers whom no other shop knows, and who have not been erased, some of them."""
    mine = (
        select(func.min(identities.c.id))
        .where(
            identities.c.erased_at.is_(None),
            identities.c.customer.in_(_known_to(objects.c.shop == shop, identities.c.shop == shop)),
            identities.c.customer.not_in(_known_elsewhere(shop)),
        )
        .group_by(identities.c.customer)
        .order_by(func.min(identities.c.id))
        .limit(limit)
    )
    return list(connection.execute(mine).scalars())


def shared_with_others(connection: Connection, shop: str) -> int:
    """Return how many customers of a shop other shops know as well, and who have not been erased."""
    mine = select(func.count(distinct(identities.c.customer))).where(
        identities.c.erased_at.is_(None),
        identities.c.customer.in_(_known_to(objects.c.shop == shop, identities.c.shop == shop)),
        identities.c.customer.in_(_known_elsewhere(shop)),
    )
    return int(connection.execute(mine).scalar_one())


def _known_elsewhere(shop: str) -> CompoundSelect[Any]:
    return _known_to(objects.c.shop != shop, identities.c.shop.not_in(("", shop)))


def _known_to(by_object: ColumnElement[bool], by_account: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Return the customers of whom something is known by objects, or by accounts, that fit."""
    owner = select(identities.c.customer)
    return union(
        owner.join(objects, objects.c.identity == identities.c.id).where(by_object),
        owner.join(objects, objects.c.contact_identity == identities.c.id).where(by_object),
        owner.where(by_account),
    )


def places(connection: Connection, words: Collection[str]) -> dict[str, int]:
    """Search every text of every table, but for raw bodies; return in how many rows a word was found."""
    found: dict[str, int] = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            if _holds_text(column) and (rows := _rows_with(connection, table, column, words)):
                found[f"{table.name}.{column.name}"] = rows
    return found


def _holds_text(column: Column[Any]) -> bool:
    return not isinstance(column.type, LargeBinary) and column.type.python_type is str


def _rows_with(connection: Connection, table: Table, column: Column[Any], words: Collection[str]) -> int:
    holds = or_(*(func.lower(column).contains(word, autoescape=True) for word in sorted(words)))
    return int(connection.execute(select(func.count()).select_from(table).where(holds)).scalar_one())


_BURY = (
    update(identities)
    .where(identities.c.id == bindparam("of"))
    .values(kind=IdentityKind.ERASED.value, shop="", value=bindparam("name"), erased_at=bindparam("at"))
)
_DROP = delete(objects).where(
    objects.c.shop == bindparam("in"), objects.c.kind == bindparam("is"), objects.c.id == bindparam("of")
)
