"""Timers that are due become events: a plugin's TimerDue, or a delivery that the engine assumes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.engine.facts import refresh
from aftercare_sdk.engine.ledger import Ledger
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.redeeming import settle_rewards
from aftercare_sdk.errors import Fenced, TransientError
from aftercare_sdk.model.events import TimerDue
from aftercare_sdk.store import (
    connections,
    control,
    events,
    journal,
    lots,
    objects,
    people,
    redemptions,
    rests,
    timers,
    units,
)
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.redemptions import Redemption
from aftercare_sdk.store.rests import Resting
from aftercare_sdk.store.timers import Timer

MOST_PER_ROUND = 100
MOST_ACCOUNTS_PER_ROUND = 40
"""Each costs some entries, and a write must be short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """What may not fire: whatever is due from `before` on, and all that is about these shops (`held`)."""

    before: datetime | None
    held: frozenset[str]


def barrier(brand: Brand, connection: Connection) -> Barrier:
    """Return what may not fire, because something that was received before is not processed yet.

    A plugin that failed, rests or is off holds up nobody but itself; a shop whose adapter hangs, and rests,
    holds up what is about that shop. For a shop that has ended its connection nothing fires, while what it
    told is still processed.

    It is asked in the transaction that claims what it lets through: in one before, somebody could receive a
    cancellation and process its row into units between the two. It costs a few looks into indexes.
    """
    now = brand.clock.now()
    resting = rests.all_of(connection, now)
    hanging = resting[Resting.SHOP]
    listening = brand.listening - control.plugins_off(connection).keys() - resting[Resting.PLUGIN]
    waiting = (journal.oldest_new(connection, but=hanging), units.oldest_fresh(connection, listening, now))
    return Barrier(
        before=min((at for at in waiting if at is not None), default=None),
        held=hanging | connections.all_ended(connection).keys(),
    )


def fire_due(brand: Brand, token: int) -> int:
    """Fire timers that are due, else let points go whose time is over, else settle rewards; return how many.

    Only one of these: what follows from it is to be worked on before the next one.
    """
    now = brand.clock.now()
    with brand.database.read() as connection:
        # Five times a second there is nothing to fire, and no reason to keep others from writing. What
        # becomes due, or is received, after this look is seen by the next one.
        ahead = barrier(brand, connection)
        if _due(brand, connection, ahead, now, limit=1):
            fire = _fire_timers
        elif lots.due(connection, now, 1, before=ahead.before):
            fire = _expire_points
        elif due := redemptions.due(connection, now, MOST_ACCOUNTS_PER_ROUND, before=ahead.before):
            fire = partial(_settle_rewards, due=due)
        else:
            return 0
    return fire(brand, token, now)


def _fire_timers(brand: Brand, token: int, now: datetime) -> int:
    """Fire timers that are due, all in one transaction; return how many.

    Of each customer only those that were due first: what their plugins decide may move or clear the others,
    and how late the decider is must not matter.
    """
    with brand.database.write() as connection:
        control.check_token(connection, token)
        ahead = barrier(brand, connection)
        due = _first_of_each_customer(connection, _due(brand, connection, ahead, now, limit=MOST_PER_ROUND))
        own = [timer for timer in due if timer.plugin != timers.ENGINE]
        assumed = {(timer.shop, "order", timer.object) for timer in due if timer.plugin == timers.ENGINE}
        timers.clear(connection, [(timer.plugin, timer.subject, timer.name) for timer in due])
        refresh(brand, connection, assumed, now)
        seq = control.number_events(connection, len(own)) if own else 0
        owners = _owners(connection, own)
        known = [
            _known(timer, owners.get(timer.subject, timer.identity), seq + number, now)
            for number, timer in enumerate(own)
        ]
        events.save_many(connection, known)
        add_units(brand, connection, known)
    return len(due)


def _due(brand: Brand, connection: Connection, ahead: Barrier, now: datetime, *, limit: int) -> list[Timer]:
    """Return timers that may fire. Those of a plugin that is not there wait until it is there again."""
    there = {plugin.name for plugin in brand.plugins.active} | {timers.ENGINE}
    return timers.due(connection, before=ahead.before, held=ahead.held, plugins=there, now=now, limit=limit)


def _expire_points(brand: Brand, token: int, now: datetime) -> int:
    """Let points go whose time is over; return how many lots there were. They wait like timers."""
    with brand.database.write() as connection:
        control.check_token(connection, token)
        due = lots.due(connection, now, MOST_ACCOUNTS_PER_ROUND, before=barrier(brand, connection).before)
        ledger = Ledger(brand, connection, now)
        ledger.expire(due)
        ledger.write()
    return len(due)


def _settle_rewards(brand: Brand, token: int, now: datetime, *, due: Sequence[Redemption]) -> int:
    """Settle rewards together; if one of them cannot be, each by itself, and that one is set aside."""
    try:
        with brand.database.write() as connection:
            control.check_token(connection, token)
            settle_rewards(brand, connection, due, now)
    except (Fenced, TransientError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are settled
        if len(due) > 1:
            return sum(_settle_rewards(brand, token, now, due=[one]) for one in due)
        log.error("reward set aside until the next start", reward=due[0].key, problem=type(error).__name__)
        with brand.database.write() as connection:
            control.check_token(connection, token)
            redemptions.set_aside(connection, due[0].key)
    return len(due)


def _first_of_each_customer(connection: Connection, due: Sequence[Timer]) -> list[Timer]:
    customers = people.customers_of(connection, {timer.identity for timer in due})
    first: dict[int, datetime | None] = {}
    return [
        timer for timer in due if first.setdefault(customers[timer.identity], timer.due_at) == timer.due_at
    ]


def _owners(connection: Connection, due: Sequence[Timer]) -> dict[str, int]:
    """Return whose the orders and reviews of timers are by now, by subject: one may find its account late."""
    keys = {(timer.shop, timer.object_kind, timer.object) for timer in due}
    return {
        f"{shop}/{kind}/{object_}": stored.identity
        for (shop, kind, object_), stored in objects.get_many(connection, keys).items()
        if stored.identity is not None
    }


def _known(timer: Timer, identity: int, seq: int, now: datetime) -> Known:
    """Return the event of a timer. It occurs at its due time; its id says what set it, and holds no date."""
    told_apart = hashlib.sha256(f"{timer.plugin}\x1f{timer.name}\x1f{timer.event}".encode()).hexdigest()[:16]
    is_order = "/order/" in timer.subject
    event = TimerDue(
        id=f"{timer.subject}/timer/{told_apart}",
        shop=timer.shop,
        occurred_at=timer.due_at or now,
        name=timer.name,
        subject=timer.subject,
        order=timer.object if is_order else None,
        data=timer.data,
        plugin=timer.plugin,
    )
    return Known(
        event=event,
        seq=seq,
        object_kind=timer.object_kind,
        object=timer.object,
        identity=identity,
        known_at=now,
        depth=timer.depth,
    )
