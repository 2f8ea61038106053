"""What shops are to do on their platforms: planned once, claimed with a lease, and what became of it.

A row names the person by an identity; addresses are looked up when the command is carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.database import insert_into, literal_text
from aftercare_sdk.store.tables import commands


class CommandState(StrEnum):
    """Where a command stands."""

    PLANNED = "planned"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command and where it stands. `payload` is the JSON of what the platform is to do, without a person.

    While a worker has it in hand, `lease` is set and `next_at` is when the lease ends.
    """

    key: str
    plugin: str
    event: str
    shop: str
    object: str
    identity: int
    kind: str
    label: str
    payload: str
    reason: str
    planned_at: datetime
    next_at: datetime | None
    state: CommandState = CommandState.PLANNED
    code: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    lease: str = ""
    final_at: datetime | None = None
    reference: str = ""
    object_kind: str = "order"


def plan(connection: Connection, planned: Sequence[Command]) -> list[str]:
    """Insert commands; one whose key exists stays as it is. Return the keys that are new. For the decider."""
    wanted: dict[str, Command] = {}
    for one in planned:
        wanted.setdefault(one.key, one)
    if not wanted:
        return []
    known = set(
        connection.execute(select(commands.c.key).where(commands.c.key.in_(sorted(wanted)))).scalars()
    )
    fresh = [one for one in wanted.values() if one.key not in known]
    if fresh:
        connection.execute(insert(commands), [_row(one) for one in fresh])
    return [one.key for one in fresh]


def replace_all(connection: Connection, latest: Sequence[Command]) -> None:
    """Insert commands of which only the latest word counts; it takes the place of what was said before.

    A worker that has the old one in hand finds its lease gone, and leaves the state to the new one.
    """
    rows = [_row(one) for one in latest]
    if rows:
        statement = insert_into(connection, commands)
        told = {
            column.name: statement.excluded[column.name]
            for column in commands.columns
            if column.name != "key"
        }
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=told), rows)


def claim(
    connection: Connection,
    *,
    held: Collection[str] = (),
    now: datetime,
    lease: str,
    until: datetime,
    limit: int,
) -> list[Command]:
    """Take commands that are due; nobody else takes them before `until`. None to the shops in `held`."""
    statement = (
        select(commands)
        .where(commands.c.state == literal_text(CommandState.PLANNED), commands.c.next_at <= now)
        .order_by(commands.c.next_at, commands.c.key)
        .limit(limit)
    )
    if held:
        statement = statement.where(commands.c.shop.not_in(sorted(held)))
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    found = [_command(row) for row in connection.execute(statement).mappings()]
    if found:
        connection.execute(
            update(commands)
            .where(commands.c.key.in_([one.key for one in found]))
            .values(lease=lease, next_at=until)
        )
    return [replace(one, lease=lease, next_at=until) for one in found]


def settle(connection: Connection, command: Command) -> bool:
    """Write down what became of a claimed command; False if it is no longer under the same lease."""
    done = connection.execute(
        update(commands)
        .where(
            commands.c.key == command.key,
            commands.c.state == literal_text(CommandState.PLANNED),
            commands.c.lease == command.lease,
        )
        .values(
            state=command.state,
            code=command.code,
            detail=dump(command.detail),
            attempts=command.attempts,
            next_at=command.next_at,
            final_at=command.final_at,
            reference=command.reference,
            lease="",
        )
    )
    return done.rowcount == 1


def withdraw(connection: Connection, key: str, now: datetime) -> bool:
    """Have a command carried out no more that is still planned; tell whether somebody has it in hand."""
    leased = connection.execute(
        select(commands.c.lease).where(
            commands.c.key == key, commands.c.state == literal_text(CommandState.PLANNED)
        )
    ).scalar()
    connection.execute(
        update(commands)
        .where(commands.c.key == key, commands.c.state == literal_text(CommandState.PLANNED))
        .values(state=CommandState.REFUSED, code="command_withdrawn", next_at=None, final_at=now, lease="")
    )
    return bool(leased)


def repeat(connection: Connection, key: str, now: datetime) -> None:
    """Have a command carried out once more that is done."""
    connection.execute(
        update(commands)
        .where(commands.c.key == key, commands.c.state == CommandState.DONE)
        .values(state=CommandState.PLANNED, next_at=now, final_at=None, lease="")
    )


def of_identities(connection: Connection, wanted: Collection[int]) -> list[Command]:
    """Return the commands about these identities, oldest first."""
    rows = connection.execute(
        select(commands)
        .where(commands.c.identity.in_(sorted(wanted)))
        .order_by(commands.c.planned_at, commands.c.key)
    )
    return [_command(row) for row in rows.mappings()]


def is_due(connection: Connection, now: datetime, *, held: Collection[str] = ()) -> bool:
    """Tell whether any command is to be carried out now, but for the shops in `held`."""
    statement = select(commands.c.key).where(
        commands.c.state == literal_text(CommandState.PLANNED), commands.c.next_at <= now
    )
    if held:
        statement = statement.where(commands.c.shop.not_in(sorted(held)))
    return connection.execute(statement.limit(1)).first() is not None


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next command is to be carried out, after a moment."""
    return connection.execute(
        select(func.min(commands.c.next_at)).where(
            commands.c.state == literal_text(CommandState.PLANNED), commands.c.next_at > after
        )
    ).scalar()


def _row(one: Command) -> dict[str, Any]:
    return {
        "key": one.key,
        "plugin": one.plugin,
        "event": one.event,
        "shop": one.shop,
        "object_kind": one.object_kind,
        "object": one.object,
        "identity": one.identity,
        "kind": one.kind,
        "label": one.label,
        "payload": one.payload,
        "reason": one.reason,
        "planned_at": one.planned_at,
        "next_at": one.next_at,
        "state": one.state,
        "code": one.code,
        "detail": dump(one.detail),
        "attempts": one.attempts,
        "lease": one.lease,
        "final_at": one.final_at,
        "reference": one.reference,
    }


def _command(row: RowMapping) -> Command:
    values = dict(row)
    values["detail"] = load_words(values["detail"])
    values["state"] = CommandState(values["state"])
    return Command(**values)
