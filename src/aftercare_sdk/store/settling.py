"""What a person asks and says about messages: which ones wait for a person, and what became of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import counters, objects, people
from aftercare_sdk.store.codec import dump, load_words
from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.tables import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a message stands, without whom it is to: fit for any eye. `id` is what its mails carry."""

    key: str
    id: str
    plugin: str
    event: str
    shop: str
    object_kind: str
    object: str
    identity: int
    label: str
    purpose: str
    channel: str
    state: MessageState
    code: str
    detail: Mapping[str, str]
    attempts: int
    planned_at: datetime
    next_at: datetime | None
    expires_at: datetime | None
    submitted_at: datetime | None
    called_off: Mapping[str, str]


_COLUMNS = [messages.c[name] for name in Standing.__dataclass_fields__]


def listing(
    connection: Connection,
    *,
    states: Collection[MessageState],
    customers: Collection[int] | None,
    limit: int,
) -> tuple[list[Standing], int]:
    """Return messages in `states`, those that left last first, and how many there are without the limit.

    `customers` None: of all customers.
    """
    where: list[ColumnElement[bool]] = [
        messages.c.state.in_([literal_text(state) for state in sorted(states)])
    ]
    if customers is not None:
        theirs = sorted(
            one for several in people.identities_of(connection, customers).values() for one in several
        )
        where.append(or_(messages.c.identity.in_(theirs), messages.c.recipient.in_(theirs)))
    at = func.coalesce(messages.c.submitted_at, messages.c.planned_at)
    rows = connection.execute(
        select(*_COLUMNS).where(*where).order_by(at.desc(), messages.c.key).limit(limit)
    ).mappings()
    count = connection.execute(select(func.count()).select_from(messages).where(*where)).scalar_one()
    return [_standing(row) for row in rows], int(count)


def customers_named(connection: Connection, text: str) -> set[int]:
    """Return whom a person means by an address, a telephone number, `shop/account-id` or `shop/order/id`.

    Or by `shop/review/id`. An address also means the customers whose orders are written to it.
    """
    for kind in ("order", "review"):
        shop, is_one, id_ = text.strip().partition(f"/{kind}/")
        if is_one:
            key = (shop, kind, id_)
            stored = objects.get_many(connection, [key]).get(key)
            owners = [] if stored is None or stored.identity is None else [stored.identity]
            return set(people.customers_of(connection, owners).values())
    named = people.search(connection, text.strip())
    written_to = people.customers_of(connection, objects.owners_of_mailboxes(connection, named))
    return {*named.values(), *written_to.values()}


def find(connection: Connection, ids: Iterable[str]) -> dict[str, Standing]:
    """Return messages by their ids."""
    rows = connection.execute(select(*_COLUMNS).where(messages.c.id.in_(sorted(set(ids))))).mappings()
    return {row["id"]: _standing(row) for row in rows}


def resolve(
    connection: Connection,
    message: Standing,
    state: MessageState,
    *,
    code: str,
    detail: Mapping[str, str],
    now: datetime,
) -> bool:
    """Write down what became of a message whose outcome is unknown; False if it is not unknown any more.

    `planned` lets it pass the checks again, at once. Who says that it did not leave takes the doubt from it:
    caps no longer count it. One that is sent again keeps its doubt, so that a second unknown outcome comes
    back to a person.
    """
    values: dict[str, Any] = {"state": state, "code": code, "detail": dump(detail)}
    if state is MessageState.PLANNED:
        values |= {"next_at": now, "final_at": None, "submitted_at": None}
    else:
        values |= {"final_at": now}
        if not state.may_have_reached:
            values |= {"repeated": 0}
    done = connection.execute(
        update(messages)
        .where(messages.c.key == message.key, messages.c.state == MessageState.UNKNOWN)
        .values(**values)
    )
    if done.rowcount != 1:
        return False
    if state is MessageState.PLANNED:
        counters.add(connection, {(counters.REOPENED, ""): 1})
    return True


def resolve_members(
    connection: Connection,
    host: Standing,
    state: MessageState,
    *,
    code: str,
    now: datetime,
) -> list[Standing]:
    """Let what left in a message that was resolved share its fate; return how that stands now.

    What is sent again leaves in it or by itself, unless it was called off meanwhile.
    """
    if state.may_have_reached:
        return []
    members = connection.execute(
        select(*_COLUMNS)
        .where(
            messages.c.host != literal_text(""),
            messages.c.host == host.key,
            messages.c.state == MessageState.MERGED,
        )
        .order_by(messages.c.key)
        .with_for_update()
    ).mappings()
    made: list[Standing] = []
    for one in (_standing(row) for row in members):
        fate = replace(one, state=state, code=code, detail={})
        if state is MessageState.PLANNED and one.called_off:
            words = {name: word for name, word in one.called_off.items() if name != "code"}
            fate = replace(fate, state=MessageState.CANCELLED, code=one.called_off["code"], detail=words)
        values: dict[str, Any] = {"state": fate.state, "code": fate.code, "detail": dump(fate.detail)}
        values |= {"final_at": now} if fate.state.final else {"final_at": None, "next_at": now}
        connection.execute(
            update(messages).where(messages.c.key == one.key).values(host="", submitted_at=None, **values)
        )
        made.append(fate)
    if reopened := sum(not one.state.final for one in made):
        counters.add(connection, {(counters.REOPENED, ""): reopened})
    return made


def _standing(row: Any) -> Standing:
    values = dict(row)
    values["state"] = MessageState(values["state"])
    values["detail"] = load_words(values["detail"])
    values["called_off"] = load_words(values["called_off"])
    return Standing(**values)
