"""Identities, and customers as their components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from aftercare_sdk.model.people import Identity, IdentityKind, fold_email
from aftercare_sdk.store.database import among, insert_into, literal_text
from aftercare_sdk.store.tables import customers, events, identities, links, splits, units

_JOIN = (
    update(identities).where(identities.c.customer == bindparam("goes")).values(customer=bindparam("stays")),
    # Two statements, for two partial indexes: what is done would cost more with every year.
    *(
        update(units).where(still, units.c.customer == bindparam("goes")).values(customer=bindparam("stays"))
        for still in (
            units.c.state == literal_text("pending"),
            units.c.state == literal_text("parked"),
        )
    ),
)


def ids(connection: Connection, wanted: Iterable[Identity], now: datetime) -> dict[Identity, int]:
    """Return the row ids of identities; an unknown one becomes a customer of its own."""
    named = set(wanted)
    found = known(connection, named)
    fresh = sorted(named - found.keys(), key=lambda one: (one.kind, one.shop, one.value))
    return found | _add(connection, fresh, now)


def known(connection: Connection, wanted: Iterable[Identity]) -> dict[Identity, int]:
    """Return the row ids of those of these identities that are known."""
    asked = sorted(set(wanted), key=lambda one: (one.kind, one.shop, one.value))
    if not asked:
        return {}
    rows = connection.execute(
        select(identities).where(
            among(
                (identities.c.kind, identities.c.shop, identities.c.value),
                [(one.kind.value, one.shop, one.value) for one in asked],
            )
        )
    ).mappings()
    return {
        Identity(kind=IdentityKind(row["kind"]), shop=row["shop"], value=row["value"]): row["id"]
        for row in rows
    }


def _add(connection: Connection, several: Sequence[Identity], now: datetime) -> dict[Identity, int]:
    if not several:
        return {}
    owners = connection.execute(
        insert(customers).returning(customers.c.id, sort_by_parameter_order=True),
        [{"created_at": now}] * len(several),
    ).scalars()
    rows = [
        {"kind": one.kind, "shop": one.shop, "value": one.value, "customer": customer}
        for one, customer in zip(several, owners, strict=True)
    ]
    made = connection.execute(
        insert(identities).returning(identities.c.id, sort_by_parameter_order=True), rows
    ).scalars()
    return dict(zip(several, made, strict=True))


def join(connection: Connection, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Note for good that two identities are one person; components grow, the older customer stays.

    Return one identity of each customer that has grown.

    Units that are still to be run follow, also parked ones: a person may put them back. Two that somebody has
    said not to be the same are not joined, whatever shops tell.
    """
    told = sorted({(min(pair), max(pair)) for pair in pairs} - _split(connection))
    if not told:
        return set()
    owners = customers_of(connection, {one for pair in told for one in pair})
    if _united((owners[one], owners[other]) for one, other in told):
        # Whoever decides about one of them waits, or is waited for; they may have been split meanwhile.
        owners = lock_owners(connection, owners)
        told = sorted(set(told) - _split(connection))
    if told:
        connection.execute(
            insert_into(connection, links).on_conflict_do_nothing(),
            [{"one": one, "other": other} for one, other in told],
        )
    moved = _united((owners[one], owners[other]) for one, other in told)
    if moved:
        rows = [{"goes": goes, "stays": stays} for goes, stays in moved.items()]
        for statement in _JOIN:
            connection.execute(statement, rows)
    return {one for one, _ in told if owners[one] in moved or owners[one] in moved.values()}


def split(connection: Connection, one: int, other: int, at: datetime, reason: str) -> dict[int, int]:
    """Note for good that two identities are not one person, although a shop has said so.

    Return the customers that identities belong to now which had another one before; none, if they are still
    tied by others. Units that are still to be run go with their events.
    """
    pair = {"one": min(one, other), "other": max(one, other)}
    connection.execute(
        insert_into(connection, splits).on_conflict_do_nothing(), {**pair, "at": at, "reason": reason}
    )
    (customer,) = set(customers_of(connection, [one]).values())
    members = identities_of(connection, [customer])[customer]
    parts = _parts(connection, members)
    moved: dict[int, int] = {}
    for part in parts[1:]:
        fresh = connection.execute(
            insert(customers).returning(customers.c.id), {"created_at": at}
        ).scalar_one()
        connection.execute(update(identities).where(identities.c.id.in_(part)).values(customer=fresh))
        theirs = select(events.c.id).where(events.c.identity.in_(part))
        connection.execute(
            update(units)
            .where(units.c.customer == customer, units.c.state != "done", units.c.event.in_(theirs))
            .values(customer=fresh)
        )
        moved |= dict.fromkeys(part, fresh)
    return moved


def linked(connection: Connection, members: Iterable[int]) -> list[tuple[int, int]]:
    """Return which of these identities shops have said to be one person, but for pairs that were split."""
    known = sorted(set(members))
    rows = connection.execute(
        select(links.c.one, links.c.other).where(links.c.one.in_(known) | links.c.other.in_(known))
    )
    pairs = {(row.one, row.other) for row in rows}
    return sorted(pairs - _split(connection))


def _split(connection: Connection) -> set[tuple[int, int]]:
    """Return the pairs that are not one person. They were typed in by hand, so there are few."""
    return {(row.one, row.other) for row in connection.execute(select(splits.c.one, splits.c.other))}


def _parts(connection: Connection, members: Sequence[int]) -> list[list[int]]:
    """Return the components of identities, that with the oldest first."""
    united = _united(linked(connection, members))
    parts: dict[int, list[int]] = {}
    for member in sorted(members):
        parts.setdefault(united.get(member, member), []).append(member)
    return list(parts.values())


def _united(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return for each customer that becomes another one which one it becomes."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while (above := parent.get(one, one)) != one:
            one = above
        return one

    for one, other in pairs:
        stays, goes = sorted((root(one), root(other)))
        parent[goes] = stays
    return {one: stays for one in parent if (stays := root(one)) != one}


_CUSTOMERS = select(identities.c.id, identities.c.customer).where(
    identities.c.id.in_(bindparam("ids", expanding=True))
)


def customers_of(connection: Connection, wanted: Iterable[int]) -> dict[int, int]:
    """Return the customer of each identity."""
    rows = connection.execute(_CUSTOMERS, {"ids": sorted(set(wanted))})
    return {row[0]: row[1] for row in rows}


def identities_of(connection: Connection, wanted: Iterable[int]) -> dict[int, list[int]]:
    """Return for each customer its identities."""
    found: dict[int, list[int]] = {}
    rows = connection.execute(
        select(identities.c.customer, identities.c.id)
        .where(identities.c.customer.in_(sorted(set(wanted))))
        .order_by(identities.c.id)
    )
    for row in rows:
        found.setdefault(row[0], []).append(row[1])
    return found


def describe(connection: Connection, customers_: Iterable[int]) -> Sequence[Identity]:
    """Return who customers are. Personal data: for the operator's eyes only."""
    rows = connection.execute(
        select(identities).where(identities.c.customer.in_(sorted(set(customers_)))).order_by(identities.c.id)
    ).mappings()
    return [Identity(kind=IdentityKind(row["kind"]), shop=row["shop"], value=row["value"]) for row in rows]


def named(connection: Connection, wanted: Iterable[int]) -> dict[int, Identity]:
    """Return what these identities are. Personal data."""
    rows = connection.execute(select(identities).where(identities.c.id.in_(sorted(set(wanted))))).mappings()
    return {
        row["id"]: Identity(kind=IdentityKind(row["kind"]), shop=row["shop"], value=row["value"])
        for row in rows
    }


def partition(connection: Connection) -> list[list[Identity]]:
    """Return all customers as their identities; for proofs over small databases."""
    rows = connection.execute(
        select(identities).order_by(identities.c.kind, identities.c.shop, identities.c.value)
    )
    found: dict[int, list[Identity]] = {}
    for row in rows.mappings():
        one = Identity(kind=IdentityKind(row["kind"]), shop=row["shop"], value=row["value"])
        found.setdefault(row["customer"], []).append(one)
    return list(found.values())


def search(connection: Connection, text: str) -> dict[int, int]:
    """Return identity -> customer for an e-mail address, a phone number, or `shop/account-id`."""
    shop, _, account = text.rpartition("/")
    rows = connection.execute(
        select(identities.c.id, identities.c.customer).where(
            or_(
                # The empty shop is named because the index begins with kind and shop.
                *(
                    and_(identities.c.kind == kind, identities.c.shop == "", identities.c.value == value)
                    for kind, value in ((IdentityKind.EMAIL, fold_email(text)), (IdentityKind.PHONE, text))
                ),
                and_(
                    identities.c.kind == IdentityKind.ACCOUNT,
                    identities.c.shop == shop,
                    identities.c.value == account,
                ),
            )
        )
    )
    return {row[0]: row[1] for row in rows}


def mailboxes(connection: Connection, addresses: Iterable[str]) -> dict[str, int]:
    """Return the identities of e-mail addresses that are known, by the address as it is compared."""
    rows = connection.execute(
        select(identities.c.value, identities.c.id).where(
            identities.c.kind == IdentityKind.EMAIL,
            identities.c.shop == "",
            identities.c.value.in_(sorted({fold_email(each) for each in addresses})),
        )
    )
    return {row[0]: row[1] for row in rows}


def addresses_of(connection: Connection, wanted: Iterable[int]) -> dict[int, str]:
    """Return the e-mail addresses of those of these identities that are one. Personal data."""
    rows = connection.execute(
        select(identities.c.id, identities.c.value).where(
            identities.c.id.in_(sorted(set(wanted))), identities.c.kind == IdentityKind.EMAIL
        )
    )
    return {row[0]: row[1] for row in rows}


def lock_owners(connection: Connection, concerned: Iterable[int]) -> dict[int, int]:
    """Return the customer of each identity, and make others wait who decide about one of them.

    Two customers may become one while the lock is waited for. So it is asked until the answer stays.
    """
    wanted = sorted(set(concerned))
    owners = customers_of(connection, wanted)
    while True:
        lock(connection, owners.values())
        before, owners = owners, customers_of(connection, wanted)
        if before == owners:
            return owners


def lock(connection: Connection, several: Iterable[int]) -> None:
    """Make other transactions that decide about the same persons wait for the end of this one."""
    connection.execute(
        select(customers.c.id)
        .where(customers.c.id.in_(sorted(set(several))))
        .order_by(customers.c.id)
        .with_for_update()
    )
