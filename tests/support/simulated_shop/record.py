"""What an honest clerk knows of the history at some moment, told fact by fact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.simulated_shop.facts import (
    AccountPicture,
    Agrees,
    Complains,
    Erased,
    Objects,
    OneClick,
    OrderPicture,
    PlatformSays,
    Reported,
    ReviewPicture,
    Told,
    Unanswered,
)

Name = tuple[str, ...]
"""By what somebody is known: `("email", address)` or `("account", shop, number)`."""

COVERED = frozenset({"survey", "review_request", "marketing"})
"""What can be refused."""
ADVERTISES = frozenset({"marketing", "review_request"})
"""What needs a lawful basis."""
SOFT_BOUNCES, SOFT_TIME = 5, timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Something that somebody has said: a consent on a `basis`, or an objection (`basis` empty)."""

    at: datetime
    basis: str
    purposes: frozenset[str]
    own: bool = True
    until: datetime | None = None
    order: str = ""
    categories: tuple[str, ...] = ()
    source: str = ""


class Record:
    """The history so far. `tell` takes the next fact; all else asks."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderPicture] = {}
        self.reviews: dict[str, ReviewPicture] = {}
        self.complaints: dict[str, datetime] = {}
        """When somebody has complained about an order, by its number."""
        self.unanswered: set[str] = set()
        self.bounced: dict[str, datetime] = {}
        """Since when it is known that a mail came back, by the id of the mail."""
        self._accounts: dict[Name, AccountPicture] = {}
        self._persons: dict[Name, set[Name]] = {}
        self._words: defaultdict[Name, list[Word]] = defaultdict(list)
        self._platform: dict[Name, dict[datetime, PlatformSays]] = defaultdict(dict)
        self._dead: set[Name] = set()
        self._refused: dict[Name, tuple[datetime, str]] = {}
        self._arrivals: defaultdict[Name, dict[tuple[datetime, str], str]] = defaultdict(dict)
        self._erased: dict[Name, datetime] = {}
        self._take: dict[type[Any], Callable[[datetime, Any], None]] = {
            OrderPicture: lambda _, fact: self._order(fact),
            AccountPicture: lambda _, fact: self._account(fact),
            ReviewPicture: lambda _, fact: self.reviews.setdefault(fact.number, fact),
            PlatformSays: lambda _, fact: self._says(fact),
            Agrees: self._agrees,
            Objects: self._objects,
            Complains: lambda _, fact: self.complaints.setdefault(fact.order, fact.at),
            Reported: self._report,
            OneClick: lambda at, fact: self._words[mailbox(fact.email)].append(_objection(at)),
            Unanswered: lambda _, fact: self.unanswered.add(fact.message),
            Erased: self._erase,
        }

    def tell(self, told: Told) -> None:
        """Take the next fact."""
        self._take[type(told.fact)](told.at, told.fact)

    def person(self, name: Name) -> frozenset[Name]:
        """Return all names of whoever has one."""
        return frozenset(self._persons.get(name, {name}))

    def accounts(self, names: frozenset[Name]) -> Iterator[AccountPicture]:
        """Yield the accounts among some names, as they are now."""
        return (self._accounts[name] for name in sorted(names) if name in self._accounts)

    def words(self, names: frozenset[Name]) -> Iterator[Word]:
        """Yield everything that a person has said, here and on platforms.

        Of a platform only the newest state is a consent. An objection stays one: it ends by a later consent,
        not by being overwritten.
        """
        erased = self.erased(names)
        for name in names:
            # Whoever was erased has still refused, and has agreed to nothing any more.
            yield from (
                one for one in self._words.get(name, ()) if not one.basis or erased is None or one.at > erased
            )
            states = sorted(self._platform.get(name, {}).items())
            for since, fact in states:
                if fact.state in {"unsubscribed", "redacted"}:
                    yield replace(_objection(since), source=f", as {fact.shop} said")
                elif fact.state == "subscribed" and since == states[-1][0] and (not erased or since > erased):
                    yield Word(at=since, basis="express", purposes=COVERED, own=fact.own)

    def bought(self, names: frozenset[Name], since: datetime) -> bool:
        """Say whether a person has bought something after a moment, and not called it off."""
        return any(
            order.bought is not None
            and order.bought >= since
            and order.cancelled is None
            and not order.test
            and not names.isdisjoint(self.owner(order))
            for order in self.orders.values()
        )

    def owner(self, order: OrderPicture) -> frozenset[Name]:
        """Return by what the person is known who has certainly placed an order.

        Of an account of which nothing is known yet it is not certain who reads the address on the order.
        """
        account = ("account", order.shop, order.account)
        if order.account and account not in self._accounts:
            return frozenset({account})
        return self.buyer(order)

    def buyer(self, order: OrderPicture) -> frozenset[Name]:
        """Return by what the person is known who has placed an order.

        The address on an order of an account may be somebody else's; of an account of which nothing is known
        yet it is the best there is.
        """
        if not order.account:
            return self.person(mailbox(order.email))
        account = ("account", order.shop, order.account)
        if account in self._accounts:
            return self.person(account)
        return self.person(mailbox(order.email)) | {account}

    def suppressed(self, name: Name, persons: Collection[frozenset[Name]], purpose: str) -> str:
        """Return why a mailbox may not be written to any more; empty: it may.

        `persons`: all names of each whose own word counts, about what they have refused themselves.
        """
        if name in self._dead:
            return "hard_bounce"
        if purpose == "transactional":
            return ""
        for names in persons:
            refused = max((self._refused[one] for one in names if one in self._refused), default=None)
            if refused is not None and not self._agreed_again(names, refused[0]):
                return refused[1]
        run: list[datetime] = []
        for (at, _), kind in sorted(self._arrivals[name].items()):
            run = [] if kind == "delivered" else [*run, at]
            if len(run) >= SOFT_BOUNCES and run[-1] - run[0] >= SOFT_TIME:
                return "soft_bounces"
        return ""

    def _agreed_again(self, persons: frozenset[Name], since: datetime) -> bool:
        """Say whether a person's own express word has ended their own refusal since then."""
        said = [one for one in self.words(persons) if one.at > since]
        agreed = [one.at for one in said if one.basis == "express" and one.own]
        refused = [one.at for one in said if not one.basis and one.purposes == COVERED]
        return bool(agreed) and (not refused or max(agreed) > max(refused))

    def erased(self, names: frozenset[Name]) -> datetime | None:
        """Return when a person was erased."""
        return max((self._erased[name] for name in names if name in self._erased), default=None)

    def _erase(self, at: datetime, fact: Erased) -> None:
        """Erase a person, and by an address also whoever has an order that is written to it."""
        names = self.person(mailbox(fact.email))
        for order in self.orders.values():
            if mailbox(order.email) in names:
                names |= self.buyer(order)
        self._erased |= dict.fromkeys(names, at)

    def _order(self, fact: OrderPicture) -> None:
        known = self.orders.get(fact.number)
        if known is None:
            self.orders[fact.number] = fact
            return
        older, newer = sorted((known, fact), key=lambda one: one.modified)
        self.orders[fact.number] = replace(
            newer,
            bought=newer.bought or older.bought,
            shipped=newer.shipped or older.shipped,
            delivered=newer.delivered or older.delivered,
            refunds=newer.refunds or older.refunds,
            erased=newer.erased or older.erased,
            account=newer.account or older.account,
        )

    def _account(self, fact: AccountPicture) -> None:
        name = ("account", fact.shop, fact.number)
        known = self._accounts.get(name)
        if known is None or fact.modified >= known.modified:
            self._accounts[name] = fact
        if fact.email:
            self._join(name, mailbox(fact.email))

    def _join(self, one: Name, other: Name) -> None:
        both = self._persons.get(one, {one}) | self._persons.get(other, {other})
        for name in both:
            self._persons[name] = both

    def _says(self, fact: PlatformSays) -> None:
        self._platform["account", fact.shop, fact.account][fact.since] = fact

    def _agrees(self, at: datetime, fact: Agrees) -> None:
        self._words[_speaker(fact)].append(
            Word(
                at=at,
                basis=fact.basis,
                purposes=frozenset({fact.purpose}) if fact.purpose else COVERED,
                own=fact.by == "customer",
                until=fact.until,
                order=fact.order,
                categories=fact.categories,
            )
        )

    def _objects(self, at: datetime, fact: Objects) -> None:
        purposes = frozenset({fact.purpose}) if fact.purpose else COVERED
        self._words[_speaker(fact)].append(_objection(at, purposes))

    def _report(self, at: datetime, fact: Reported) -> None:
        name = mailbox(fact.email)
        if fact.kind == "bounced":
            self.bounced.setdefault(fact.message, at)
        match fact.kind:
            case "bounced" if fact.response.startswith("550 5.1"):
                self._dead.add(name)
            case "bounced" | "deferred" | "delivered":
                self._arrivals[name][fact.at, fact.message] = fact.kind
            case "complained":
                self._refused[name] = (fact.at, "complaint")
                self._words[name].append(_objection(fact.at))
            case "unsubscribed":
                self._refused[name] = (fact.at, "unsubscribe")
                self._words[name].append(_objection(fact.at))


def mailbox(email: str) -> Name:
    """Return the name of whoever reads an address."""
    return ("email", email.strip().casefold())


def _speaker(fact: Agrees | Objects) -> Name:
    return ("account", fact.shop, fact.account) if fact.account else mailbox(fact.email)


def _objection(at: datetime, purposes: frozenset[str] = COVERED) -> Word:
    return Word(at=at, basis="", purposes=purposes)
