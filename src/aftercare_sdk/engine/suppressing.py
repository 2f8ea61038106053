"""What a person says about an address: that it is not to be written to any more, or that it may be again.

Of whoever was erased no address is known, but the keyed hash under which it would be suppressed (LAW-20).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.outreach.permission.suppression import address_hash
from aftercare_sdk.store import control, erasing, journal, objects, people, suppressions
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import Database, gives_way
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.suppressions import Suppression

ADDRESS_KEY = "addresses"
"""The secret of a database under which addresses are hashed; with another one no suppression holds."""


@gives_way
def suppress(database: Database, address: str, reason: SuppressionReason, *, at: datetime, by: str) -> bool:
    """Write to an address no more; return whether that is news. Nothing that is planned for it leaves."""
    with database.write() as connection:
        hashed, mailbox = _known(connection, address)
        before = {
            one.reason
            for one in suppressions.of(connection, [hashed])
            if one.address == hashed and one.purpose is None
        }
        suppressions.add(
            connection,
            [Suppression(address=hashed, reason=reason, identity=mailbox, source=by, at=at)],
        )
        journal.append(connection, [_arrival("suppressions.add", hashed, reason.value, at)])
    return reason not in before


@gives_way
def let_go(database: Database, address: str, *, at: datetime, by: str) -> tuple[int, bool]:
    """Let an address be written to again; return how many reasons stood against it, and whether more stand.

    Those are what the same person has said at other addresses.
    """
    with database.write() as connection:
        hashed, mailbox = _known(connection, address)
        lifted = suppressions.lift(connection, hashed, at=at, by=by)
        mailboxes = [] if mailbox is None else [mailbox]
        persons = [*mailboxes, *objects.owners_of_mailboxes(connection, mailboxes)]
        owners = people.customers_of(connection, persons).values()
        left = [
            one
            for one in suppressions.of(connection, [hashed], set(owners))
            if one.address == hashed or one.reason.of_person
        ]
        journal.append(connection, [_arrival("suppressions.lift", hashed, str(lifted), at)])
    return lifted, bool(left)


def refuse_erased(
    connection: Connection,
    customers: Collection[int],
    purposes: Collection[Purpose],
    *,
    at: datetime,
    by: str,
) -> bool:
    """Honour what erased persons have refused, at each address that they had; return whether it is news.

    Nobody is named or known by it. Said again it counts from then on: they may have agreed in between, as
    somebody new.
    """
    hashes = erasing.addresses(connection, customers)
    is_news = not refused_by_erased(connection, customers).issuperset(purposes)
    suppressions.refuse(connection, hashes, purposes, at=at, source=by)
    if is_news:
        said = ", ".join(sorted(purposes))
        journal.append(connection, [_arrival("suppressions.add", one, said, at) for one in sorted(hashes)])
    return is_news


def refused_by_erased(connection: Connection, customers: Collection[int]) -> frozenset[Purpose]:
    """Return what stands refused at each address that erased persons had."""
    hashes = erasing.addresses(connection, customers)
    refused = {
        (one.address, one.purpose) for one in suppressions.of(connection, hashes) if one.reason.of_person
    }
    return frozenset(
        purpose for purpose in Purpose if all({(one, purpose), (one, None)} & refused for one in hashes)
    )


def _known(connection: Connection, address: str) -> tuple[str, int | None]:
    """Return the hash of an address and its identity; whoever decides about its owner waits."""
    hashed = address_hash(control.secret(connection, ADDRESS_KEY), address)
    mailbox = next(iter(people.mailboxes(connection, [address]).values()), None)
    if mailbox is not None:
        people.lock_owners(connection, [mailbox])
    return hashed, mailbox


def _arrival(topic: str, hashed: str, said: str, at: datetime) -> Arrival:
    return Arrival(
        kind=Kind.COMMAND,
        shop="",
        topic=topic,
        received_at=at,
        body=dump({"address": hashed, "said": said}).encode(),
        state=State.DONE,
        outcome=f"address {hashed[:12]}: {said}",
    )
