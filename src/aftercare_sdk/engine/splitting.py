"""Telling persons apart who were taken for one, for good: identities, and what each of them has in points.

Lots stay with the identity that they came with, and spends with the one that redeemed. Where one has used
points of the other, an entry gives them back, and whoever used them pays with points of their own, or owes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.ledger import Ledger
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.points.lots import Cause, Draw
from aftercare_sdk.store import entries, journal, lots, people, redemptions, units
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.journal import Arrival, Kind, State

_Used = tuple[str, int, list[Draw]]
"""The posting of a spend, the identity that redeemed, and what it took of lots of somebody else."""


@gives_way
def split(brand: Brand, one: str, other: str, *, reason: str, actor: str = "operator") -> int:
    """Say that two identities are not the same person; return how many identities have moved.

    Both are named as `aftercare timeline` does, and must have been joined by a shop directly. Raises
    ConfigurationError, with what ties them, if they were not.
    """
    now = brand.clock.now()
    with brand.database.write() as connection:
        pair = _identity(connection, one), _identity(connection, other)
        # Units before customers, as the decider locks them.
        units.hold(connection, people.customers_of(connection, pair).values())
        owners = people.lock_owners(connection, pair)
        together = [
            each for several in people.identities_of(connection, owners.values()).values() for each in several
        ]
        ties = people.linked(connection, together)
        if (min(pair), max(pair)) not in ties:
            raise ConfigurationError(
                f"nobody has said that {one!r} and {other!r} are the same; what ties a customer together "
                "is an account and its addresses: name one of each"
            )
        moved = people.split(connection, *pair, now, reason)
        if moved:
            _apart(brand, connection, together, why=Why(actor=actor, note=reason))
        arrival = Arrival(
            kind=Kind.COMMAND,
            shop="",
            topic="customers.split",
            received_at=now,
            body=dump({"identities": sorted(pair), "reason": reason, "actor": actor}).encode(),
            state=State.DONE,
            outcome=f"{len(moved)} identities are another customer now",
        )
        journal.append(connection, [arrival])
    return len(moved)


def _apart(brand: Brand, connection: Connection, identities: Iterable[int], why: Why) -> None:
    """Let everybody have used only points of their own."""
    now = brand.clock.now()
    members = sorted(identities)
    owners = people.customers_of(connection, members)
    ledger = Ledger(brand, connection, now)
    ledger.open(members)
    ledger.part(members, why)
    for posting, redeemer, draws in _used_of_others(connection, members, owners):
        ledger.load(draw.lot for draw in draws)
        mine = Why(actor=why.actor, posting=posting, note=why.note)
        ledger.give_back(draws, mine, Cause.SPLIT_BACK)
        ledger.owe(redeemer, sum(draw.points for draw in draws), mine)
    for member in members:
        ledger.settle(member, why)
    ledger.write()


def _used_of_others(connection: Connection, members: Iterable[int], owners: Mapping[int, int]) -> list[_Used]:
    found: list[_Used] = []
    for one in redemptions.of_identities(connection, list(members)):
        drawn = entries.draws(connection, one.key)
        whose = lots.owners(connection, [draw.lot for draw in drawn])
        draws = [draw for draw in drawn if owners.get(whose[draw.lot]) != owners[one.identity]]
        if draws:
            found.append((one.key, one.identity, draws))
    return found


def _identity(connection: Connection, text: str) -> int:
    found = people.search(connection, text)
    if len(found) != 1:
        what = "several identities are" if found else "nobody is"
        raise ConfigurationError(f"{what} known as {text!r}; see `aftercare timeline`")
    return next(iter(found))
