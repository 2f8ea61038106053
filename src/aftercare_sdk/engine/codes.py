"""Codes of rewards on the platforms of shops: until when they can be used, as far as platforms tell.

Somebody may delete or switch off a code there, and switch it on again. A platform that says nothing of that
is asked once a day for the codes that somebody could still use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.model.records import CodeRecord
from aftercare_sdk.model.records.codes import ends_at
from aftercare_sdk.model.rewards import RewardState
from aftercare_sdk.store import objects, reads, redemptions
from aftercare_sdk.store.objects import Stored
from aftercare_sdk.store.reads import Read
from aftercare_sdk.store.redemptions import Redemption

KIND = "code"
LOOKS = timedelta(days=1)
"""How often a platform is asked for a code that somebody could still use."""

Pictures = Mapping[str, tuple[CodeRecord, ...]]
"""What platforms have told of the codes of redemptions, by the redemption's key."""


def note(connection: Connection, several: Sequence[Stored]) -> None:
    """Note of which codes something became known; what follows is settled with what is due."""
    told = [stored.record for stored in several if isinstance(stored.record, CodeRecord)]
    redemptions.note_codes(
        connection, [(one.shop, one.id, one.code.value if one.code else "") for one in told]
    )


def pictures(connection: Connection, several: Sequence[Redemption]) -> Pictures:
    """Return what platforms have told of the codes of redemptions."""
    names = {one.key: [(one.shop, KIND, id_) for id_ in one.ids] for one in several if one.code}
    stored = objects.get_many(connection, {name for of_one in names.values() for name in of_one})
    records = {name: one.record for name, one in stored.items() if isinstance(one.record, CodeRecord)}
    return {key: tuple(records[name] for name in of_one if name in records) for key, of_one in names.items()}


def end_of(one: Redemption, told: Pictures) -> datetime:
    """Return until when the code of a redemption can be used."""
    # A platform that does not say since when has switched it off before anybody could use it.
    return max(one.redeemed_at, ends_at(told.get(one.key, ()), one.expires_at))


def next_look(brand: Brand, one: Redemption, told: Pictures, now: datetime) -> datetime | None:
    """Return when the platform is to be asked for a code next; None: it tells by itself, or nobody cares."""
    usable = one.state is RewardState.ISSUED
    # One that was switched off may be switched on again, as long as it is there.
    off = one.state is RewardState.CANCELLED and one.told is RewardState.ISSUED
    there = not any(record.deleted and record.deleted.value for record in told.get(one.key, ()))
    if not one.code or not one.ids or not (usable or (off and there)) or one.expires_at <= now:
        return None
    shop = brand.shops.get(one.shop)
    if shop is None or KIND not in shop.adapter.watched:
        return None
    return one.look_at if one.look_at is not None and one.look_at > now else now + LOOKS


def look(connection: Connection, several: Sequence[Redemption], now: datetime) -> None:
    """Have platforms asked for codes."""
    reads.request(
        connection,
        [
            Read(
                shop=one.shop,
                kind=KIND,
                id=id_,
                reason="once a day: whether the code of a reward still stands",
                requested_at=now,
                due_at=now,
            )
            for one in several
            for id_ in one.ids
        ],
    )
