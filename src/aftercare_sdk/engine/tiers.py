"""Tiers of the loyalty program: kept for the person, and told to plugins when they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import DEEPEST_CASCADE, add_units
from aftercare_sdk.errors import CascadeTooDeep
from aftercare_sdk.model.actions import ChangeTier
from aftercare_sdk.model.events import TierChanged
from aftercare_sdk.store import control, events, memory
from aftercare_sdk.store.events import Known

NONE = ""
"""How it is kept that somebody has no tier."""


def change_tiers(
    brand: Brand,
    connection: Connection,
    wanted: Sequence[tuple[Known, ChangeTier]],
    person: Callable[[int], Sequence[int]],
    now: datetime,
) -> None:
    """Keep the tiers that are new, and raise their events. `person`: all identities of one.

    Raises CascadeTooDeep where changes of tiers lead to further ones without end.
    """
    if not wanted:
        return
    kept = _kept(connection, {each for known, _ in wanted for each in person(known.identity)})
    raised: list[tuple[Known, TierChanged]] = []
    for known, action in wanted:
        identities = person(known.identity)
        _, before = max((kept[each] for each in identities if each in kept), default=(0, NONE))
        if before == (action.tier or NONE):
            continue
        if known.depth >= DEEPEST_CASCADE:
            raise CascadeTooDeep(f"a tier is changed by an event that is {known.depth} events deep")
        kept |= dict.fromkeys(identities, (known.seq, action.tier or NONE))
        event = TierChanged(
            id=f"{known.event.id}/tier/{known.seq}.{len(raised)}",
            shop=known.event.shop,
            occurred_at=known.event.occurred_at,
            tier=action.tier,
            before=before or None,
        )
        raised.append((known, event))
    if not raised:
        return
    seq = control.number_events(connection, len(raised))
    fresh = [
        Known(
            event=event,
            seq=seq + number,
            object_kind=known.object_kind,
            object=known.object,
            identity=known.identity,
            known_at=now,
            depth=known.depth + 1,
        )
        for number, (known, event) in enumerate(raised)
    ]
    latest = {frozenset(person(known.identity)): (known, event) for known, event in raised}
    memory.keep(
        connection,
        [
            memory.Note(
                plugin=memory.ENGINE,
                person=sorted(identities),
                identity=known.identity,
                name=memory.TIER,
                value=event.tier or NONE,
                seq=known.seq,
            )
            for identities, (known, event) in latest.items()
        ],
    )
    events.save_many(connection, fresh)
    add_units(brand, connection, fresh)


def _kept(connection: Connection, identities: set[int]) -> dict[int, tuple[int, str]]:
    """Return the tier of each identity that has one, with the place of the event that it comes from."""
    told = memory.of_identities(connection, identities)
    return {
        identity: (one.seq, one.value)
        for (plugin, identity), several in told.items()
        for one in several
        if plugin == memory.ENGINE and one.name == memory.TIER
    }
