"""The points of persons, as far as one transaction changes them: loaded once, written once."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import methodcaller
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.errors import InvalidAction
from aftercare_sdk.model.actions import AwardPoints
from aftercare_sdk.model.orders import Order, order_ref
from aftercare_sdk.model.points.expiry import FOREVER, Expiry
from aftercare_sdk.model.points.lots import Account, Cause, Draw, Line, Lot
from aftercare_sdk.model.points.standing import standing
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import balances, entries, lots, objects, payments, people, redemptions
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.lots import Award
from aftercare_sdk.store.objects import Stored
from aftercare_sdk.store.payments import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Awarding:
    """What a plugin has said about points, with the key of the lot that it is about."""

    key: str
    plugin: str
    known: Known
    action: AwardPoints

    @property
    def order(self) -> tuple[str, str] | None:
        """The order whose lines they are of, by shop and id. Raises InvalidAction if there is none."""
        if not self.action.lines:
            return None
        if self.action.order is None:
            if self.known.object_kind != "order":
                raise InvalidAction("AwardPoints names lines, but neither it nor its event names an order")
            return self.known.event.shop, self.known.object
        shop, found, order = self.action.order.partition("/order/")
        if not found:
            raise InvalidAction("AwardPoints.order is no name of an order, such as main/order/1042")
        return shop, order


@dataclass(slots=True, kw_only=True)
class _Loaded(Account):
    """An account whose further lots are read when they are needed: `in_debt`, if any of them owes."""

    ledger: Ledger
    identities: Sequence[int]
    in_debt: bool

    def usable(self) -> Iterator[Lot]:
        here = Account.usable(self)
        stored = (lot for lot in self.ledger.usable(self.identities) if lot.key not in self.lots)
        yield from heapq.merge(here, stored, key=lambda lot: lot.turn)

    def owing(self) -> Iterator[Lot]:
        if self.in_debt:
            self.ledger.load(lots.owing(self.ledger.connection, self.identities))
            self.in_debt = False
        yield from Account.owing(self)

    def payers(self, debtor: str) -> Sequence[tuple[Lot, int]]:
        self.ledger.load_payers(debtor)
        return Account.payers(self, debtor)


class Ledger:
    """Changes lots and debts of persons, and writes what came of it all at once.

    Whoever changes points of a person locks the person first, in `open`: two who would spend the same points
    come one after the other.
    """

    def __init__(self, brand: Brand, connection: Connection, now: datetime) -> None:
        self._brand = brand
        self.connection = connection
        self._now = now
        self._awards: dict[str, Award] = {}
        self._before: dict[str, Award] = {}
        self._accounts: dict[int, _Loaded] = {}
        self._payments: dict[Pair, int] = {}
        self._paid: dict[Pair, int] = {}
        self._customers: dict[int, int] = {}
        self._persons: dict[int, Sequence[int]] = {}
        self._made: list[tuple[Line, Why]] = []
        self._active: set[int] = set()
        self._moved: set[str] = set()

    def open(self, identities: Iterable[int]) -> None:
        """Load the accounts of the persons to whom these identities belong, and lock them."""
        fresh = {each for each in identities if each not in self._customers}
        if not fresh:
            return
        connection = self.connection
        owners = people.lock_owners(connection, fresh)
        unknown = set(owners.values()) - self._persons.keys()
        persons = people.identities_of(connection, unknown)
        held = balances.of_identities(connection, [each for several in persons.values() for each in several])
        for customer, several in persons.items():
            self._persons[customer] = several
            self._accounts[customer] = _Loaded(
                now=self._now,
                payments=self._paid,
                ledger=self,
                identities=several,
                in_debt=any(held[each].debt for each in several if each in held),
            )
            self._customers |= dict.fromkeys(several, customer)

    def usable(self, identities: Sequence[int]) -> Iterator[Lot]:
        """Yield what identities can use, as it is stored, in its turn."""
        for award in lots.usable(self.connection, identities, self._now):
            if award.key in self._moved:
                continue  # its row still says that it is theirs
            self._awards.setdefault(award.key, award)
            self._before.setdefault(award.key, award)
            yield award.lot

    def load_payers(self, debtor: str) -> None:
        """Take in hand what has paid for a lot."""
        self._know(payments.of_debtor(self.connection, debtor))
        self.load([payer for payer, of in self._paid if of == debtor])

    def _know(self, paid: Mapping[Pair, int]) -> None:
        for pair, points in paid.items():
            self._payments.setdefault(pair, points)
            self._paid.setdefault(pair, points)

    def account(self, identity: int) -> Account:
        """Return the account of a person that was opened."""
        return self._accounts[self._customers[identity]]

    def load(self, keys: Iterable[str], *beside: int | None) -> None:
        """Take lots in hand, and open their accounts and those of further identities, all at once.

        What is in hand already stays as it is by now. Rows are read behind the locks: what was read before
        may have been spent meanwhile.
        """
        in_hand = {key for account in self._accounts.values() for key in account.lots}
        wanted = {key for key in keys if key not in in_hand}
        others = {identity for identity in beside if identity is not None}
        owners = lots.owners(self.connection, wanted)
        while True:
            self.open({*owners.values(), *others})
            found = lots.get_many(self.connection, wanted)
            owners = {key: award.lot.identity for key, award in found.items()}
            if self._customers.keys() >= set(owners.values()):
                break
        for key, award in found.items():
            self._awards[key] = award
            self._before[key] = award
            self.account(award.lot.identity).lots[key] = award.lot

    def award_all(self, several: Sequence[Awarding]) -> None:
        """Let lots be worth what plugins say. Raises InvalidAction for an order that nobody knows."""
        if not several:
            return
        wanted = {one.key: order for one in several if (order := one.order) is not None}
        keys = {(shop, "order", id_) for shop, id_ in wanted.values()}
        orders = {key[0::2]: stored for key, stored in objects.get_many(self.connection, keys).items()}
        concerned = [one.known.identity for one in several]
        self.load([one.key for one in several], *concerned, *(each.identity for each in orders.values()))
        for one in several:
            stored = orders.get(wanted[one.key]) if one.key in wanted else None
            if one.key in wanted and stored is None:
                name = order_ref(*wanted[one.key])
                raise InvalidAction(f"AwardPoints names order {name}, which nobody knows")
            self._award(one, stored)

    def _award(self, one: Awarding, stored: Stored | None) -> None:
        action = one.action
        identity = one.known.identity
        shop, object_ = one.known.event.shop, one.known.object
        order = None
        if stored is not None and isinstance(stored.record, OrderRecord):
            shop, object_ = stored.record.shop, stored.record.id
            identity = stored.identity or identity
            order = self._order(stored.record)
        known = self._awards.get(one.key)
        if known is None:
            pinned = action.settled and (order or action.terms)
            if not action.points and not any(action.lines.values()) and not pinned:
                return  # nothing, of which nothing was said before
            lot = Lot(key=one.key, identity=identity, write_off=action.write_off)
            self.account(identity).lots[one.key] = lot
        else:
            lot = self.account(known.lot.identity).lots[one.key]
            identity = lot.identity
            if lot.write_off != action.write_off:
                self.account(identity).lots[one.key] = replace(lot, write_off=action.write_off)
        rule_at = order.placed_at if order is not None else one.known.event.occurred_at
        award = Award(
            lot=self.account(identity).lots[one.key],
            plugin=one.plugin,
            label=action.label,
            event=known.event if known else one.known.event.id,
            shop=shop,
            object_kind="order" if order is not None else one.known.object_kind,
            object=object_,
            follows=order is not None,
            lines=action.lines or {"": action.points},
            terms=action.terms,
            rounding=action.rounding,
            expiry=action.expiry,
            rule=self._brand.rule(rule_at),
            reason=action.reason,
            awarded_at=known.awarded_at if known else self._now,
            available_at=known.available_at if known else None,
        )
        self._awards[one.key] = award
        why = Why(event=one.known.event.id, plugin=one.plugin, rule=award.rule)
        self._aim(award, order, why)
        if action.settled and not lot.available:
            self._release(award, one.known.event.occurred_at, why)

    def _aim(self, award: Award, order: Order | None, why: Why) -> None:
        left = award.lines if order is None else standing(award.lines, order, award.rounding)
        target = sum(left.values())
        self._do(self.account(award.lot.identity), why, lambda account: account.aim(award.key, target))

    def _release(self, award: Award, at: datetime, why: Why) -> None:
        self._awards[award.key] = replace(award, available_at=at)
        until = self._expires_at(award, at)
        self._do(self.account(award.lot.identity), why, lambda account: account.release(award.key, until))
        self._active.add(self._customers[award.lot.identity])

    def _expires_at(self, award: Award, at: datetime) -> datetime:
        if award.expiry is None:
            return FOREVER
        return award.expiry.after(at, ZoneInfo(self._brand.shop(award.shop).zone))

    def follow(self, several: Iterable[Stored]) -> None:
        """Let lots be worth what is left of their orders, and belong to whom these belong."""
        orders = {
            (stored.record.shop, stored.record.id): stored
            for stored in several
            if isinstance(stored.record, OrderRecord)
        }
        found = lots.following(self.connection, orders)
        if not found:
            return
        self.load(found, *(each.identity for each in orders.values()))
        known = []
        left: list[tuple[str, Account, Why]] = []
        for award in [self._awards[key] for key in found]:
            stored = orders[award.shop, award.object]
            order = self._order(stored.record) if isinstance(stored.record, OrderRecord) else None
            if order is None:
                continue
            why = Why(event=_last_fact(order), plugin=award.plugin, rule=award.rule)
            old = self.account(award.lot.identity)
            mine = award
            if stored.identity is not None and stored.identity != award.lot.identity:
                mine = self._move(award, stored.identity, why)
                if old is not self.account(stored.identity):
                    left.append((award.key, old, why))
            known.append((mine, order, why))
        # Once all have moved: else what one lot leaves behind would be taken from the next that is to move.
        for key, old, why in left:
            self._leave_spends(key, old, why)
            self._do(old, why, Account.settle)
        for award, order, why in known:
            self._aim(self._awards[award.key], order, why)

    def _move(self, award: Award, identity: int, why: Why) -> Award:
        old, new = self.account(award.lot.identity), self.account(identity)
        if old is not new:
            self._do(old, why, partial(self._part, keys=[award.key]))
        self._do(old, why, lambda account: account.move(award.key, identity))
        lot = old.lots[award.key]
        if old is not new:
            new.lots[award.key] = old.lots.pop(award.key)
            self._moved.add(award.key)
        self._awards[award.key] = moved = replace(award, lot=lot)
        return moved

    def _leave_spends(self, key: str, old: Account, why: Why) -> None:
        """Let what was spent of a lot that has moved be paid by whoever redeemed: it was never theirs."""
        for posting, draw in entries.drawn_from(self.connection, key):
            redeemed = redemptions.get(self.connection, posting)
            if redeemed is not None and self.account(redeemed.identity) is old:
                mine = replace(why, posting=posting)
                self.give_back([draw], mine, Cause.SPLIT_BACK)
                self.owe(redeemed.identity, draw.points, mine)

    def expire(self, due: Sequence[str]) -> None:
        """Let go what is left in lots whose time is over."""
        self.load(due)
        for award in [self._awards[key] for key in due if key in self._awards]:
            account = self.account(award.lot.identity)
            if account.lots[award.key].expires_at <= self._now:
                why = Why(event=award.event, plugin=award.plugin, rule=award.rule)
                self._do(account, why, methodcaller("expire", award.key))

    def change(self, identity: int, why: Why, do: Callable[[Account], None], *, active: bool = True) -> None:
        """Do something with the account of a person; `active`: the person has done something."""
        self.open([identity])
        self._do(self.account(identity), why, do)
        if active:
            self._active.add(self._customers[identity])

    def settle(self, identity: int, why: Why) -> None:
        """Pay what a person owes from what is available."""
        self._do(self.account(identity), why, Account.settle)

    def correct(self, identity: int, points: int, why: Why) -> None:
        """Add points, or take them if below zero, because a person says so. Raises NotEnoughPoints."""
        if points < 0:
            self.change(identity, why, lambda account: account.remove(-points), active=False)
            return
        added = self._keep(identity, why)
        self.change(identity, why, lambda account: account.add(added, points), active=False)

    def give_back(self, draws: Iterable[Draw], why: Why, cause: Cause = Cause.GIVEN_BACK) -> None:
        """Put spent points back into lots that are loaded, whosever they are by now."""
        for draw in draws:
            account = self.account(self._awards[draw.lot].lot.identity)
            self._do(account, why, methodcaller("give_back", [draw], cause=cause))

    def take_again(self, identity: int, draws: Sequence[Draw], why: Why) -> None:
        """Take points once more that somebody has spent and had back; out of other lots, if need be."""
        account = self.account(identity)
        own = [draw for draw in draws if draw.lot in account.lots]
        self._do(account, why, lambda account: account.take_again(own))
        elsewhere = sum(draw.points for draw in draws) - sum(draw.points for draw in own)
        if elsewhere:
            self.owe(identity, elsewhere, why)

    def owe(self, identity: int, points: int, why: Why) -> None:
        """Let somebody have spent points, also such as are not there."""
        carrier = self._keep(identity, why)
        self._do(self.account(identity), why, lambda account: account.owe(carrier, points))

    def part(self, identities: Collection[int], why: Why) -> None:
        """Undo what lots of persons, who were one until now, have paid for each other."""
        self.load(lots.keys_of(self.connection, identities), *identities)
        accounts = {self._customers[each]: self.account(each) for each in identities}
        for account in accounts.values():
            # In one account, because a payment is undone on both sides.
            both = _Loaded(now=self._now, payments=self._paid, ledger=self, identities=[], in_debt=False)
            for other in accounts.values():
                both.lots |= other.lots
            ours = list(account.lots)
            self._do(both, why, partial(self._part, keys=ours))
            for other in accounts.values():
                other.lots |= {key: both.lots[key] for key in other.lots}

    def _part(self, account: Account, keys: Collection[str]) -> None:
        self._know(payments.of_lots(self.connection, keys))
        self.load([key for pair in self._paid for key in pair])
        account.part(keys)

    def _keep(self, identity: int, why: Why) -> str:
        """Make an empty lot that keeps what a correction is about; return its key."""
        self.open([identity])
        key = str(uuid.uuid4())
        lot = Lot(key=key, identity=identity, available=True)
        self.account(identity).lots[key] = lot
        self._awards[key] = Award(
            lot=lot,
            plugin="",
            label="correction",
            event="",
            shop="",
            object="",
            object_kind="",
            reason=why.note,
            awarded_at=self._now,
            available_at=self._now,
        )
        return key

    def _do(self, account: Account, why: Why, do: Callable[[Account], None]) -> None:
        before = len(account.lines)
        do(account)
        self._made += [(line, why) for line in account.lines[before:]]

    def _order(self, record: OrderRecord) -> Order | None:
        return as_order(record, self._brand.assumptions(record.shop), self._now)

    def write(self) -> None:
        """Write everything down."""
        connection = self.connection
        current = {key: lot for account in self._accounts.values() for key, lot in account.lots.items()}
        awards = (lots.with_lot(self._awards[key], lot) for key, lot in current.items())
        lots.save_many(connection, [award for award in awards if award != self._before.get(award.key)])
        entries.append(connection, self._now, self._made)
        balances.add(connection, self._changes(current))
        told = {pair: points for pair, points in self._paid.items() if points != self._payments.get(pair, 0)}
        payments.put(connection, told)
        self._prolong()
        self._made.clear()

    def _changes(self, current: dict[str, Lot]) -> dict[int, Balance]:
        changes: dict[int, Balance] = {}

        def add(identity: int, change: Balance) -> None:
            changes[identity] = changes.get(identity, Balance()) + change

        for key, lot in current.items():
            before = self._before.get(key)
            if before is not None:
                add(before.lot.identity, _held(before.lot, -1))
            add(lot.identity, _held(lot, 1))
        return {identity: change for identity, change in changes.items() if change != Balance()}

    def _prolong(self) -> None:
        """Let what expires after a rest expire later, by the clock of the brand: accounts were active."""
        active = [identity for customer in self._active for identity in self._persons[customer]]
        zone = ZoneInfo(self._brand.settings.brand.zone)
        for months in lots.idle_periods(self.connection, active) if active else ():
            until = Expiry(idle_months=months).after(self._now, zone)
            lots.prolong(self.connection, active, months, until, now=self._now)


def even_out(brand: Brand, connection: Connection, identities: Iterable[int], now: datetime) -> None:
    """Pay what persons owe from what they own, who were two until now: one may owe and the other own."""
    known = sorted(set(identities))
    if not known:
        return
    ledger = Ledger(brand, connection, now)
    ledger.open(known)
    for identity in known:
        ledger.settle(identity, Why(note="two customers turned out to be one"))
    ledger.write()


def _held(lot: Lot, sign: int) -> Balance:
    points, debt = sign * lot.remaining, sign * lot.debt
    if lot.available:
        return Balance(available=points, debt=debt)
    return Balance(pending=points, debt=debt)


def _last_fact(order: Order) -> str:
    """Return the fact that last changed what an order is worth."""
    if order.cancelled:
        return f"{order.ref}/cancellation"
    if not order.refunds:
        return f"{order.ref}/purchase"
    last = max(order.refunds, key=lambda refund: (refund.at, refund.id))
    return f"{order.ref}/refund/{last.id}"
