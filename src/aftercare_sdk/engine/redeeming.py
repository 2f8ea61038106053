"""Rewards for points: redeemed at once and for good, and whatever becomes of them afterwards.

A redemption locks the account: of two that want the last points one has them, the other is told so.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine import codes
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.engine.ledger import Ledger
from aftercare_sdk.engine.performing import PATIENCE, CodePayload, TagPayload, code_of
from aftercare_sdk.errors import RedemptionRefused
from aftercare_sdk.model.commands import IssueCode, RevokeCode, TagCustomer
from aftercare_sdk.model.events import RewardChanged
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.points.expiry import FOREVER
from aftercare_sdk.model.points.lots import NotEnoughPoints
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.model.rewards import OffersRewards, Reward, RewardState, standing_of
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import (
    balances,
    commands,
    control,
    entries,
    events,
    journal,
    objects,
    people,
    redemptions,
)
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.commands import Command
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.redemptions import Redemption

_GRANTED = "yes"
"""What a tag says that was redeemed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Whoever has a reward without being named by an account, such as the mailbox that a link went to.

    The code is for the person whom the object `object` of `object_kind` names; the points are `identity`'s.
    """

    shop: str
    identity: int
    object_kind: str
    object: str


def offered(brand: Brand, plugin: str, at: datetime) -> Mapping[str, Reward]:
    """Return the rewards that a plugin offers at a moment. Raises RedemptionRefused if it offers none."""
    found = next((each.instance for each in brand.plugins.active if each.name == plugin), None)
    if not isinstance(found, OffersRewards):
        raise RedemptionRefused(f"plugin {plugin!r} offers no rewards", why="no_such_reward")
    return found.offered_rewards(brand.section(plugin, at))


def key_of(plugin: str, whom: str | Taker, name: str, request: str) -> str:
    """Return the key of a redemption: the same for the same request."""
    named = whom if isinstance(whom, str) else f"{whom.shop}/{whom.object_kind}/{whom.object}"
    return _digest(plugin, "redeem", named, name, request)


@gives_way
def redeem(
    brand: Brand, whom: str | Taker, name: str, *, plugin: str, request: str = "", actor: str = "customer"
) -> Redemption:
    """Let somebody have a reward, and have the platform told. Raises RedemptionRefused.

    `whom`: an account (`shop/id`) that has logged in, or a Taker, of whom the caller is as certain. The same
    `request` again is the same redemption, whatever it was answered the first time.
    """
    now = brand.clock.now()
    key = key_of(plugin, whom, name, request or str(uuid.uuid4()))
    with brand.database.read() as connection:
        known = redemptions.get(connection, key)
    if known is not None:
        return known
    reward = offered(brand, plugin, now).get(name)
    if reward is None:
        raise RedemptionRefused(f"there is no reward {name!r} now", why="no_such_reward")
    with brand.database.write() as connection:
        taker = _taker(connection, whom, reward)
        identity = taker.identity
        ledger = Ledger(brand, connection, now)
        ledger.open([identity])
        known = redemptions.get(connection, key)
        if known is not None:
            return known
        why = Why(plugin=plugin, rule=brand.rule(now), actor=actor, posting=key, note=f"reward {name}")
        try:
            ledger.change(identity, why, lambda points: points.spend(reward.cost))
        except NotEnoughPoints as error:
            raise RedemptionRefused(
                f"reward {name!r} costs {error.wanted:,} points, and {error.available:,} are available",
                why="not_enough_points",
                available=error.available,
            ) from None
        ledger.write()
        expires_at = FOREVER if reward.valid_for is None else now + reward.valid_for
        redeemed = Redemption(
            key=key,
            plugin=plugin,
            reward=reward,
            shop=taker.shop,
            identity=identity,
            code="" if reward.discount is None else code_of(connection, key),
            redeemed_at=now,
            expires_at=expires_at,
            ends_at=expires_at,
            actor=actor,
        )
        redemptions.add(connection, redeemed)
        commands.plan(connection, [_command(redeemed, taker.object, now, kind=taker.object_kind)])
        _note(connection, redeemed, "rewards.redeem", now)
    return redeemed


@gives_way
def cancel(brand: Brand, start: str, *, actor: str = "operator") -> Redemption:
    """Call a reward off that was not used yet, named by its code or the start of its key.

    Its code is made unusable, and its points come back. Raises RedemptionRefused.
    """
    now = brand.clock.now()
    with brand.database.write() as connection:
        found = redemptions.starting(connection, start) if start else []
        if len(found) != 1:
            what = "several rewards begin" if found else "no reward begins"
            raise RedemptionRefused(f"{what} with {start!r}", why="no_such_reward")
        people.lock_owners(connection, [found[0].identity])
        # Commands before redemptions, as workers write them; and nothing was read before the lock.
        in_hand = commands.withdraw(connection, found[0].key, now)
        (redeemed,) = redemptions.locked(connection, [found[0].key])
        over = redeemed.expires_at <= now  # also if nobody has looked since
        if over or redeemed.state not in {RewardState.ORDERED, RewardState.ISSUED}:
            raise RedemptionRefused(
                f"reward {redeemed.key[:12]} cannot be cancelled any more: it is "
                f"{RewardState.EXPIRED if over else redeemed.state}",
                why="too_late",
            )
        redemptions.cancel(connection, redeemed.key)
        if redeemed.code:
            # Whoever is just having the code made is through with it, or has given up, by then.
            revoked = replace(
                _command(redeemed, _number(connection, redeemed), now),
                key=_digest(redeemed.key, "revoke"),
                kind=RevokeCode.__name__,
                reason="the reward was cancelled",
                next_at=now + PATIENCE if in_hand else now,
            )
            commands.plan(connection, [revoked])
        _note(connection, replace(redeemed, actor=actor), "rewards.cancel", now)
    return replace(redeemed, told=RewardState.CANCELLED)


def balance_of(brand: Brand, account: str) -> Balance:
    """Return what an account (`shop/id`) has, in all shops. Raises RedemptionRefused if nobody has it."""
    shop, _, number = account.rpartition("/")
    with brand.database.read() as connection:
        identity = _account(connection, shop, number)
        person = people.identities_of(connection, people.customers_of(connection, [identity]).values())
        return balances.of_person(connection, next(iter(person.values())))


@gives_way
def correct(brand: Brand, account: str, points: int, *, reason: str, actor: str = "operator") -> int:
    """Add points to an account, or take them (below zero); return what is available then.

    Raises RedemptionRefused if there are not so many, or nobody has the account.
    """
    now = brand.clock.now()
    shop, _, number = account.rpartition("/")
    with brand.database.write() as connection:
        identity = _account(connection, shop, number)
        ledger = Ledger(brand, connection, now)
        why = Why(actor=actor, note=reason)
        try:
            ledger.correct(identity, points, why)
        except NotEnoughPoints as error:
            raise RedemptionRefused(
                f"{error.wanted:,} points were to be taken, and {error.available:,} are available",
                why="not_enough_points",
                available=error.available,
            ) from None
        ledger.write()
        told = {"identity": identity, "points": points, "reason": reason, "actor": actor}
        arrival = Arrival(
            kind=Kind.COMMAND,
            shop=shop,
            topic="points.adjust",
            received_at=now,
            body=dump(told).encode(),
            state=State.DONE,
            outcome=f"{points:+,} points: {reason}",
        )
        journal.append(connection, [arrival])
        person = people.identities_of(connection, people.customers_of(connection, [identity]).values())
        return balances.of_person(connection, next(iter(person.values()))).points


def settle_rewards(
    brand: Brand, connection: Connection, several: Sequence[Redemption], now: datetime
) -> None:
    """Let points be spent or given back as follows from what is known, and tell plugins. For the decider."""
    ledger = Ledger(brand, connection, now)
    ledger.open(one.identity for one in several)
    # Only behind the locks: somebody may have cancelled one meanwhile, or heard of it from the platform.
    several = redemptions.locked(connection, [one.key for one in several])
    orders = objects.get_many(
        connection, {(one.shop, "order", order) for one in several for order in one.uses}
    )
    told = codes.pictures(connection, several)
    settled: list[Redemption] = []
    news: list[Redemption] = []
    asked: list[Redemption] = []
    for one in several:
        uses = []
        for number in one.uses:
            stored = orders.get((one.shop, "order", number))
            if stored is not None and isinstance(stored.record, OrderRecord):
                order = as_order(stored.record, brand.assumptions(one.shop), now)
                if order is not None and order.purchased_at is not None and _names(order, one.code):
                    uses.append(not order.cancelled and not order.fully_refunded)
        ends_at = codes.end_of(one, told)
        stands = standing_of(
            one.reward, one.told, uses=tuple(uses), expires_at=one.expires_at, ends_at=ends_at, now=now
        )
        if stands.spent != one.spent:
            _change_points(connection, ledger, one, spend=stands.spent)
        fresh = replace(one, state=stands.state, spent=stands.spent)
        if fresh != one or one.changed_at is None:
            fresh = replace(fresh, changed_at=now)
            news.append(fresh)
        fresh = replace(fresh, ends_at=ends_at, look_at=codes.next_look(brand, fresh, told, now))
        if one.look_at is not None and one.look_at <= now and fresh.look_at is not None:
            asked.append(fresh)
        settled.append(fresh)
    ledger.write()
    codes.look(connection, asked, now)
    redemptions.settle(connection, settled)
    _raise(brand, connection, news, now)


def _change_points(connection: Connection, ledger: Ledger, one: Redemption, *, spend: bool) -> None:
    draws = entries.last_returned(connection, one.key) if spend else entries.draws(connection, one.key)
    ledger.load([draw.lot for draw in draws], one.identity)
    why = Why(plugin=one.plugin, posting=one.key, note=f"reward {one.reward.name}: {one.state}")
    if spend:
        ledger.take_again(one.identity, draws, why)
    else:
        ledger.give_back(draws, why)


def _raise(brand: Brand, connection: Connection, news: Sequence[Redemption], now: datetime) -> None:
    if not news:
        return
    seq = control.number_events(connection, len(news))
    known = [
        Known(
            event=RewardChanged(
                id=f"reward/{one.key[:32]}/{one.state}/{seq + number}",
                shop=one.shop,
                occurred_at=now,
                redemption=one.key,
                reward=one.reward.name,
                state=one.state,
                points=one.reward.cost,
                spent=one.spent,
                code=one.code,
            ),
            seq=seq + number,
            object_kind="reward",
            object=one.key,
            identity=one.identity,
            known_at=now,
        )
        for number, one in enumerate(news)
    ]
    events.save_many(connection, known)
    add_units(brand, connection, known)


def _names(order: Order, code: str) -> bool:
    """Tell whether an order was made with a code, as it is known by now."""
    return code in {each.upper() for each in order.codes}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _taker(connection: Connection, whom: str | Taker, reward: Reward) -> Taker:
    if isinstance(whom, str):
        shop, _, number = whom.rpartition("/")
        identity = _account(connection, shop, number)
        return Taker(shop=shop, identity=identity, object_kind="customer", object=number)
    if reward.tag is not None and not account_of(connection, whom.identity, whom.shop):
        raise RedemptionRefused(
            f"reward {reward.name!r} is shown with an account, and this customer has none in shop "
            f"{whom.shop!r}",
            why="nobody",
        )
    return whom


def _account(connection: Connection, shop: str, number: str) -> int:
    found = people.search(connection, f"{shop}/{number}")
    if not shop or not number or len(found) != 1:
        raise RedemptionRefused(
            f"no account {number!r} of shop {shop!r} is known; an address on an order earns points, and "
            "spends none",
            why="nobody",
        )
    return next(iter(found))


def _number(connection: Connection, redeemed: Redemption) -> str:
    """Return the id of the account that has redeemed a reward."""
    return account_of(connection, redeemed.identity, redeemed.shop)


def account_of(connection: Connection, identity: int, shop: str) -> str:
    """Return the id of a person's account in a shop; empty: there is none."""
    customer = people.customers_of(connection, [identity])[identity]
    return next(
        (
            one.value
            for one in people.describe(connection, [customer])
            if one.kind is IdentityKind.ACCOUNT and one.shop == shop
        ),
        "",
    )


def _command(redeemed: Redemption, number: str, now: datetime, *, kind: str = "customer") -> Command:
    """Return what the platform is to do; `number` and `kind` are of what names the person."""
    reward = redeemed.reward
    if reward.discount is None:
        wanted = TagCustomer.__name__
        payload = dump(TagPayload(name=reward.tag or "", value=_GRANTED))
    else:
        wanted = IssueCode.__name__
        payload = dump(
            CodePayload(
                code=redeemed.code,
                discount=reward.discount,
                expires_at=None if redeemed.expires_at == FOREVER else redeemed.expires_at,
                minimum=reward.minimum,
                products=reward.products,
            )
        )
    return Command(
        key=redeemed.key,
        plugin=redeemed.plugin,
        event=f"reward/{redeemed.key[:32]}",
        shop=redeemed.shop,
        object_kind=kind,
        object=number,
        identity=redeemed.identity,
        kind=wanted,
        label=reward.name,
        payload=payload,
        reason=f"redeemed for {reward.cost} points",
        planned_at=now,
        next_at=now,
    )


def _note(connection: Connection, redeemed: Redemption, topic: str, now: datetime) -> None:
    """Write into the journal what a person has asked for."""
    told = {"redemption": redeemed.key, "reward": redeemed.reward.name, "identity": redeemed.identity}
    arrival = Arrival(
        kind=Kind.COMMAND,
        shop=redeemed.shop,
        topic=topic,
        received_at=now,
        body=dump({**told, "actor": redeemed.actor}).encode(),
        state=State.DONE,
        outcome=f"{redeemed.reward.name}, {redeemed.reward.cost} points, {redeemed.key[:12]}",
    )
    journal.append(connection, [arrival])
