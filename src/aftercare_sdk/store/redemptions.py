"""Rewards that customers have redeemed for points, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from aftercare_sdk.model.points.expiry import FOREVER
from aftercare_sdk.model.rewards import Reward, RewardState
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.database import literal_text
from aftercare_sdk.store.tables import commands, redemptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """One reward that somebody has, or had. `code` is empty for a tag.

    `told` is what became of the command, or that a person has called it off; `uses` are the orders that were
    made with the code. `ends_at` is when the platform lets it end: before `expires_at`, if somebody has
    switched it off there. `state` is what follows from all three, since `changed_at` (None: nobody has looked
    yet); `spent`: its points are.

    The platform knows the code by `reference`, as the command's receipt says, and by `known_as`, as a picture
    of the code says. `look_at` is when it is asked for the code next, if it has to be.
    """

    key: str
    plugin: str
    reward: Reward
    shop: str
    identity: int
    code: str = field(repr=False)
    redeemed_at: datetime
    expires_at: datetime
    changed_at: datetime | None = None
    told: RewardState = RewardState.ORDERED
    state: RewardState = RewardState.ORDERED
    spent: bool = True
    uses: tuple[str, ...] = ()
    actor: str = ""
    ends_at: datetime = FOREVER
    look_at: datetime | None = None
    reference: str = ""
    known_as: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """What the platform calls the code: nothing, as long as nobody knows; in most shops one id."""
        return tuple(dict.fromkeys(id_ for id_ in (self.known_as, self.reference) if id_))


def get(connection: Connection, key: str) -> Redemption | None:
    """Return a redemption."""
    row = connection.execute(select(redemptions).where(redemptions.c.key == key)).mappings().first()
    return _redemption(row) if row else None


def locked(connection: Connection, keys: Collection[str]) -> list[Redemption]:
    """Return redemptions, by their keys, and keep others from changing them until this transaction ends."""
    rows = connection.execute(
        select(redemptions)
        .where(redemptions.c.key.in_(sorted(keys)))
        .order_by(redemptions.c.key)
        .with_for_update()
    )
    return [_redemption(row) for row in rows.mappings()]


def starting(connection: Connection, start: str) -> list[Redemption]:
    """Return the redemptions whose key or code starts so, two at most: a person types so much of it."""
    found = or_(redemptions.c.key.startswith(start, autoescape=True), redemptions.c.code == start.upper())
    rows = connection.execute(select(redemptions).where(found).order_by(redemptions.c.key).limit(2))
    return [_redemption(row) for row in rows.mappings()]


def of_identities(connection: Connection, identities: Collection[int]) -> list[Redemption]:
    """Return what these identities have redeemed, the oldest first."""
    rows = connection.execute(
        select(redemptions)
        .where(redemptions.c.identity.in_(sorted(identities)))
        .order_by(redemptions.c.redeemed_at, redemptions.c.key)
    )
    return [_redemption(row) for row in rows.mappings()]


def add(connection: Connection, one: Redemption) -> None:
    """Keep a new redemption. What follows from it is settled with what is due."""
    connection.execute(insert(redemptions).values({**_row(one), "stale": 1}))


def tell(connection: Connection, key: str, *, done: bool) -> None:
    """Note what the platform did about a reward, if the key is that of one; the command says so already."""
    told = RewardState.ISSUED if done else RewardState.FAILED
    receipt = select(commands.c.reference).where(commands.c.key == key).scalar_subquery()
    connection.execute(
        update(redemptions)
        .where(redemptions.c.key == key, redemptions.c.told != RewardState.CANCELLED)
        .values(told=told, reference=func.coalesce(receipt, ""), stale=1)
    )


def cancel(connection: Connection, key: str) -> None:
    """Note that somebody has cancelled a reward."""
    connection.execute(
        update(redemptions).where(redemptions.c.key == key).values(told=RewardState.CANCELLED, stale=1)
    )


def note_uses(connection: Connection, used: Iterable[tuple[str, str, str]], owners: Collection[int]) -> None:
    """Note the orders that name codes, each with its shop, code and id, also if they did before.

    Platforms write codes in capitals or in small letters, as they like. What these owners have redeemed and
    used is looked at again: an order of theirs may name its code no more.
    """
    if owners:
        connection.execute(
            update(redemptions)
            .where(redemptions.c.identity.in_(sorted(owners)), redemptions.c.uses != "[]")
            .values(stale=1)
        )
    by_code: dict[tuple[str, str], list[str]] = {}
    for shop, code, order in used:
        by_code.setdefault((shop, code.upper()), []).append(order)
    if not by_code:
        return
    rows = connection.execute(
        select(redemptions).where(redemptions.c.code.in_(sorted({code for _, code in by_code})))
    ).mappings()
    for one in [_redemption(row) for row in rows]:
        orders = by_code.get((one.shop, one.code), [])
        if orders:
            connection.execute(
                update(redemptions)
                .where(redemptions.c.key == one.key)
                .values(uses=dump(sorted({*one.uses, *orders})), stale=1)
            )


def note_codes(connection: Connection, told: Iterable[tuple[str, str, str]]) -> None:
    """Note that something became known of codes, each with its shop, id, and itself, if that is told.

    Where a shop has made the code of a reward anew, it is known by the last of its ids, by their spelling.
    """
    several = [(shop, id_, code.upper()) for shop, id_, code in told]
    if not several:
        return
    by_code = {(shop, code): id_ for shop, id_, code in sorted(several) if code}
    by_id = {(shop, id_) for shop, id_, _ in several}
    codes = sorted({code for _, code in by_code})
    ids = sorted({id_ for _, id_ in by_id if id_})
    rows = connection.execute(
        select(redemptions).where(
            or_(
                redemptions.c.code.in_(codes),
                and_(redemptions.c.reference != literal_text(""), redemptions.c.reference.in_(ids)),
            )
        )
    ).mappings()
    for one in [_redemption(row) for row in rows]:
        known_as = by_code.get((one.shop, one.code), "")
        if known_as or (one.shop, one.reference) in by_id:
            connection.execute(
                update(redemptions)
                .where(redemptions.c.key == one.key)
                .values(known_as=max(known_as, one.known_as), stale=1)
            )


def due(
    connection: Connection, now: datetime, limit: int, *, before: datetime | None = None
) -> list[Redemption]:
    """Return redemptions of which something became known, whose time is over, or that are to be asked for."""
    found: dict[str, Redemption] = {}
    asked = {"now": now, "before": before or FOREVER, "most": limit}
    for statement in (_STALE, _OVER, _LOOKS):
        found |= {row["key"]: _redemption(row) for row in connection.execute(statement, asked).mappings()}
    return [found[key] for key in sorted(found)][:limit]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """Return when the next reward ends, or the platform is to be asked for its code, after a moment."""
    moments = [connection.execute(statement, {"after": after}).scalar() for statement in _NEXT]
    return min((at for at in moments if at is not None and at != FOREVER), default=None)


def set_aside(connection: Connection, key: str) -> None:
    """Leave a redemption alone that cannot be settled; `retry` takes all of them up again."""
    connection.execute(update(redemptions).where(redemptions.c.key == key).values(stale=_ASIDE, look_at=None))


def retry(connection: Connection) -> None:
    """Look again at what was set aside: another release may settle it."""
    connection.execute(update(redemptions).where(redemptions.c.stale == _ASIDE).values(stale=1))


_ASIDE = 2


def settle(connection: Connection, several: Sequence[Redemption]) -> None:
    """Keep where redemptions stand; nothing is open about them for now."""
    for one in several:
        connection.execute(
            update(redemptions)
            .where(redemptions.c.key == one.key)
            .values(
                state=one.state,
                spent=int(one.spent),
                changed_at=one.changed_at,
                ends_at=one.ends_at,
                look_at=one.look_at,
                stale=0,
            )
        )


def _is_open() -> Any:
    return redemptions.c.state.in_([literal_text(RewardState.ORDERED), literal_text(RewardState.ISSUED)])


def _is_watched(when: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(redemptions.c.look_at.is_not(None), when)


def _some(which: ColumnElement[bool], order: Column[Any]) -> Select[Any]:
    """Return the first of some, in the order of an index: else SQLite goes through all that ever were."""
    return select(redemptions).where(which).order_by(order).limit(bindparam("most"))


_STALE = _some(redemptions.c.stale == 1, redemptions.c.key)
_OVER = _some(
    and_(
        _is_open(),
        redemptions.c.ends_at <= bindparam("now"),
        redemptions.c.stale != _ASIDE,
        redemptions.c.ends_at < bindparam("before"),
    ),
    redemptions.c.ends_at,
)
_LOOKS = _some(_is_watched(redemptions.c.look_at <= bindparam("now")), redemptions.c.look_at)
_NEXT = (
    select(func.min(redemptions.c.ends_at)).where(_is_open(), redemptions.c.ends_at > bindparam("after")),
    select(func.min(redemptions.c.look_at)).where(_is_watched(redemptions.c.look_at > bindparam("after"))),
)


def _row(one: Redemption) -> dict[str, Any]:
    return {
        "key": one.key,
        "plugin": one.plugin,
        "name": one.reward.name,
        "reward": dump(one.reward),
        "shop": one.shop,
        "identity": one.identity,
        "code": one.code,
        "told": one.told,
        "state": one.state,
        "spent": int(one.spent),
        "uses": dump(one.uses),
        "actor": one.actor,
        "redeemed_at": one.redeemed_at,
        "expires_at": one.expires_at,
        "changed_at": one.changed_at,
        "ends_at": one.ends_at,
        "look_at": one.look_at,
        "reference": one.reference,
        "known_as": one.known_as,
    }


def _redemption(row: RowMapping) -> Redemption:
    return Redemption(
        key=row["key"],
        plugin=row["plugin"],
        reward=load(Reward, row["reward"]),
        shop=row["shop"],
        identity=row["identity"],
        code=row["code"],
        redeemed_at=row["redeemed_at"],
        expires_at=row["expires_at"],
        changed_at=row["changed_at"],
        told=RewardState(row["told"]),
        state=RewardState(row["state"]),
        spent=bool(row["spent"]),
        uses=tuple(load(list[str], row["uses"])),
        actor=row["actor"],
        ends_at=row["ends_at"],
        look_at=row["look_at"],
        reference=row["reference"],
        known_as=row["known_as"],
    )
