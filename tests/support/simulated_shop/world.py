"""A year of a shop, made up from a seed: its people, what they buy, say and take back, and how it is told.

Nothing here knows what the engine will do. How people react to mails is in their temper, which `living` asks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from tests.support.simulated_shop.facts import (
    AccountPicture,
    Agrees,
    Complains,
    Erased,
    Fact,
    Objects,
    OrderPicture,
    PlatformSays,
    ReviewPicture,
    Told,
)

T = TypeVar("T")

START = datetime(2026, 9, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
END = START + YEAR
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta(hours=2)
"""The engine is told of facts at these distances, so that a year takes seconds."""

PLACES: Sequence[tuple[str, str, int]] = (
    ("JP", "", 24),
    ("DE", "", 5),
    ("FR", "", 3),
    ("ES", "", 2),
    ("NO", "", 2),
    ("PL", "", 2),
    ("GB", "", 10),
    ("US", "NY", 5),
    ("US", "CA", 4),
    ("US", "HI", 2),
    ("US", "AZ", 1),
    ("US", "TN", 1),
    ("US", "", 2),
    ("CA", "MB", 4),
    ("CA", "QC", 3),
    ("CA", "NL", 2),
    ("CA", "", 1),
    ("AU", "NSW", 4),
    ("AU", "QLD", 2),
    ("BR", "", 2),
    ("SG", "", 2),
    ("", "", 2),
)
"""Country, state, and how many of about a hundred live there."""
TEMPERS = {
    "calm": 60,
    "dead": 3,
    "full": 3,
    "moody": 2,
    "complains": 4,
    "leaves": 7,
    "leaves-at-provider": 4,
}
"""Tempers, and how many of about eighty have each."""

CHANGES = {
    "Europe/Berlin": (date(2026, 10, 25), date(2027, 3, 28)),
    "Europe/London": (date(2026, 10, 25), date(2027, 3, 28)),
    "America/New_York": (date(2026, 11, 1), date(2027, 3, 14)),
    "Australia/Sydney": (date(2026, 10, 4), date(2027, 4, 4)),
}
"""The days on which clocks are changed, early in the morning."""
SALES = tuple(
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in (
        (2026, 9, 12),
        (2026, 10, 3),
        (2026, 10, 22),
        (2026, 11, 26),
        (2026, 12, 29),
        (2027, 3, 11),
        (2027, 3, 26),
        (2027, 5, 1),
        (2027, 7, 1),
    )
)
"""When many buy at once, so that messages meet each other, and changes of the clock."""
_CLOCK_OF = {
    "DE": "Europe/Berlin",
    "FR": "Europe/Berlin",
    "NO": "Europe/Berlin",
    "PL": "Europe/Berlin",
    "GB": "Europe/London",
    "US": "America/New_York",
    "AU": "Australia/Sydney",
}
ANONYMISED, FORGOTTEN = (3, 14), 9
"""How the numbers of those end whom a shop anonymises, and of those whom it erases by command, of twenty."""
_CATEGORIES = ("tea", "coffee", "cups")
_STATES = ("subscribed", "pending", "unsubscribed", "not_subscribed", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who buys. `accounts` maps shops to account numbers; without any, a guest.

    `temper` is what becomes of mails: "calm", "dead" (no such mailbox), "full" (one that is never emptied),
    "moody" (full, and then emptied), "complains", "leaves" (by one click), "leaves-at-provider"; after as
    many mails as `patience` says.
    """

    number: int
    email: str
    name: str
    locale: str
    country: str
    region: str
    zone: str = ""
    accounts: tuple[tuple[str, str], ...] = ()
    temper: str = "calm"
    patience: int = 1


@dataclass(frozen=True, slots=True)
class World:
    """People by their addresses, and what is told in a year, in its order."""

    people: dict[str, Person]
    history: list[Told] = field(repr=False)


def make_world(size: int, seed: int = 1) -> World:
    """Make a world of so many customers."""
    dice = random.Random(seed)  # noqa: S311 - it makes a history up
    places = _dealt([((country, region), weight) for country, region, weight in PLACES], dice)
    tempers = _dealt(list(TEMPERS.items()), dice)
    people = [_person(n, places[n % len(places)], tempers[n % len(tempers)], dice) for n in range(size)]
    told: list[Told] = []
    for person in people:
        told += _Life(person, people, dice).told()
    told.sort(key=lambda one: one.at)
    return World({person.email: person for person in people}, [one for one in told if one.at < END])


def tick_after(moment: datetime) -> datetime:
    """Return the next instant at which the engine is told of something."""
    return START + -(-(moment - START) // TICK) * TICK


def _dealt(cards: Sequence[tuple[T, int]], dice: random.Random) -> list[T]:
    """Return cards in the numbers that are given, shuffled: so a small world has something of everything."""
    dealt = [card for card, times in cards for _ in range(times)]
    dice.shuffle(dealt)
    return dealt


def _person(number: int, place: tuple[str, str], temper: str, dice: random.Random) -> Person:
    country, region = place
    japanese = dice.random() < (0.9 if country == "JP" else 0.05)
    accounts = []
    if dice.random() < 0.7:
        accounts.append((dice.choice(("main", "abroad")), f"c{number}"))
        if dice.random() < 0.12:
            accounts.append(("abroad" if accounts[0][0] == "main" else "main", f"d{number}"))
    zone = dice.choice(("Asia/Tokyo", "America/New_York", "Pacific/Chatham")) if dice.random() < 0.05 else ""
    return Person(
        number=number,
        email=f"p{number}@customer.example",
        name="小川" if japanese else "Archer",
        locale="ja" if japanese else "en",
        country=country,
        region=region,
        zone=zone if accounts else "",
        accounts=tuple(accounts),
        temper=temper,
        patience=dice.randint(1, 4),
    )


class _Life:
    """What one person does in a year."""

    def __init__(self, person: Person, people: Sequence[Person], dice: random.Random) -> None:
        self._person = person
        self._people = people
        self._dice = dice
        self._orders = 0

    def told(self) -> Iterator[Told]:
        """Yield everything that the engine is told of, in no order."""
        dice, person = self._dice, self._person
        first = START + dice.random() * 0.9 * YEAR
        if dice.random() < 0.8:
            first = dice.choice(SALES) + dice.random() * DAY
        for shop, number in person.accounts:
            yield from self._account(shop, number, first - HOUR)
        moments = [first]
        while dice.random() < 0.55:
            moments.append(
                moments[-1] + dice.choice((6 * HOUR, 2 * DAY, 9 * DAY, 60 * DAY)) * dice.uniform(0.5, 1.5)
            )
        if person.country in _CLOCK_OF and dice.random() < 0.5:
            moments.append(self._at_a_change())
        pictures: list[OrderPicture] = []
        for moment in moments:
            life = list(self._order(moment.replace(microsecond=0)))
            pictures.append(life[-1])
            yield from self._pictures(life)
        yield from self._words(first, pictures[0])
        yield from self._complaints(pictures)
        if self._person.number % 20 == FORGOTTEN:
            yield from self._forgotten(pictures)
            return
        if dice.random() < 0.04:
            yield from self._review(first + dice.randint(1, 90) * DAY)
        if self._person.number % 20 in ANONYMISED:
            yield from self._erased(pictures, first + dice.randint(1, 12) * DAY)

    def _at_a_change(self) -> datetime:
        """Return half past one or two, some nights before a clock is changed."""
        clock = _CLOCK_OF[self._person.country]
        night = self._dice.choice(CHANGES[clock]) - self._dice.choice((1, 3)) * DAY
        local = datetime.combine(night, time(self._dice.choice((1, 2)), 30), ZoneInfo(clock))
        return local.astimezone(UTC)

    def _account(self, shop: str, number: str, since: datetime) -> Iterator[Told]:
        dice, person = self._dice, self._person
        picture = AccountPicture(
            shop=shop,
            number=number,
            modified=since.replace(microsecond=0),
            email=person.email,
            name=person.name,
            country=person.country,
            region=person.region,
            locale=person.locale,
            zone=person.zone,
        )
        yield from self._pictures([picture])
        if dice.random() < 0.05:  # somebody moves to Japan
            moved = since + dice.randint(1, 100) * DAY
            yield from self._pictures([replace(picture, modified=moved, country="JP", region="")])
        if dice.random() < 0.05:  # a new address; the old one is still the same person's
            moved = since + dice.randint(1, 100) * DAY
            yield from self._pictures([replace(picture, modified=moved, email=f"new-{person.email}")])

    def _order(self, placed: datetime) -> Iterator[OrderPicture]:
        """Yield an order as it seems after each thing that happens to it."""
        dice, person = self._dice, self._person
        shop, account = (
            dice.choice(person.accounts) if person.accounts else (dice.choice(("main", "abroad")), "")
        )
        self._orders += 1
        reached, country, region = person, person.country, person.region
        if account and dice.random() < 0.04:  # a gift, announced to somebody else
            reached = dice.choice(self._people)
        if dice.random() < 0.03:
            country, region = "JP", ""
        picture = OrderPicture(
            shop=shop,
            number=f"{person.number}-{self._orders}",
            modified=placed,
            placed=placed,
            email=reached.email,
            name=reached.name,
            account=account if dice.random() < 0.8 else "",
            country=country,
            region=region,
            locale=person.locale,
            category=dice.choice(_CATEGORIES),
            test=dice.random() < 0.01,
        )
        chance = dice.random()
        if chance < 0.06:  # never paid
            yield picture
            return
        paid = placed + (dice.randint(1, 40) * HOUR if chance < 0.15 else timedelta(0))
        yield (picture := replace(picture, modified=paid, bought=paid))
        at = paid + dice.randint(8, 60) * HOUR + dice.randint(0, 3_600) * timedelta(seconds=1)
        end = dice.random()
        if end < 0.05:
            cancelled = at - dice.randint(1, 7) * HOUR
            yield replace(picture, modified=cancelled, cancelled=cancelled)
            return
        yield (picture := replace(picture, modified=at, shipped=at))
        if dice.random() < 0.1:
            return
        at += dice.randint(1, 6) * DAY + dice.randint(0, 86_400) * timedelta(seconds=1)
        yield (picture := replace(picture, modified=at, delivered=at))
        if end < 0.2:
            at += dice.randint(1, 200) * HOUR
            amount = picture.total if end < 0.12 else 1_000
            yield replace(picture, modified=at, refunds=(("r1", amount, at),))

    def _words(self, first: datetime, order: OrderPicture) -> Iterator[Told]:
        """Yield what the person says about being written to."""
        dice, person = self._dice, self._person
        who = {"email": person.email}
        if person.accounts and dice.random() < 0.5:
            shop, account = dice.choice(person.accounts)
            who = {"shop": shop, "account": account}
        since = first + dice.choice((-HOUR / 2, DAY, 4 * DAY, 30 * DAY)) * dice.uniform(0.2, 1)
        said: list[tuple[datetime, Fact]] = []
        story = dice.choices(
            ("silent", "agrees", "offers only", "soft", "inquiry", "for somebody"),
            weights=(30, 25, 15, 18, 5, 3),
        )[0]
        if story in {"agrees", "offers only"}:
            said.append((since, Agrees(**who, purpose="marketing" if story == "offers only" else "")))
        elif story == "soft":
            ordered = f"{order.shop}/order/{order.number}"
            categories = (order.category,) if dice.random() < 0.3 else ()
            said.append((since, Agrees(**who, basis="soft_opt_in", order=ordered, categories=categories)))
        elif story == "inquiry":
            until = since + dice.choice((5 * DAY, 180 * DAY))
            said.append((since, Agrees(**who, basis="implied", until=until)))
        elif story == "for somebody":
            said.append((since, Agrees(**who, by="mori")))
        if dice.random() < 0.15:
            since += dice.randint(1, 240) * HOUR
            purpose = dice.choice(("", "", "marketing", "survey", "review_request"))
            said.append((since, Objects(**who, purpose=purpose, by=dice.choice(("customer", "mori")))))
            if dice.random() < 0.4:
                since += dice.randint(1, 240) * HOUR
                again = Agrees(**who, by=dice.choice(("customer", "customer", "mori")))
                said.append(
                    (since, dice.choice((again, replace(again, basis="soft_opt_in", order="main/order/0-1"))))
                )
        for moment, fact in said:
            yield Told(tick_after(max(moment, first)), fact)
        if person.accounts and dice.random() < 0.35:
            yield from self._platform(first)

    def _platform(self, first: datetime) -> Iterator[Told]:
        """Yield what a platform says of an account: some states, one after the other."""
        dice = self._dice
        shop, account = dice.choice(self._person.accounts)
        since = first - HOUR
        for state in dice.choices(_STATES, weights=(40, 15, 20, 15, 5), k=dice.choice((1, 1, 2, 3))):
            fact = PlatformSays(
                shop=shop,
                account=account,
                since=since.replace(microsecond=0),
                state=state,
                own=dice.random() < 0.8,
            )
            for at in self._heard(since):
                yield Told(at, fact)
            since += dice.randint(1, 400) * HOUR

    def _review(self, written: datetime) -> Iterator[Told]:
        """Yield a review by somebody who has bought nothing, as far as anybody knows."""
        dice, person = self._dice, self._person
        new = dice.random() < 0.7
        picture = ReviewPicture(
            shop="main",
            number=f"v{person.number}",
            modified=written.replace(microsecond=0),
            email=f"reader-{person.email}" if new else person.email,
            name=person.name,
            country=person.country,
        )
        yield from self._pictures([picture])
        if new and dice.random() < 0.5:
            inquiry = Agrees(
                email=picture.email, basis="implied", until=written + dice.choice((HOUR, 90 * DAY))
            )
            yield Told(tick_after(written - HOUR), inquiry)

    def _erased(self, orders: Sequence[OrderPicture], at: datetime) -> Iterator[Told]:
        """Yield that the shops have removed the person; older pictures come again afterwards."""
        at = at.replace(microsecond=0)
        person = self._person
        for order in orders:
            if order.placed < at:
                gone = max(at, order.modified) + MINUTE
                bare = replace(order, modified=gone, email="", name="", erased=True)
                yield Told(tick_after(gone), bare)
                yield Told(tick_after(gone + self._dice.randint(1, 90) * HOUR), order)
        for shop, number in person.accounts:
            yield Told(tick_after(at), AccountPicture(shop=shop, number=number, modified=at, erased=True))

    def _complaints(self, orders: Sequence[OrderPicture]) -> Iterator[Told]:
        """Yield complaints about some orders; the shop passes them on days later."""
        for order in orders:
            if order.bought and self._dice.random() < 0.06:
                at = order.modified + self._dice.randint(1, 48) * HOUR
                yield Told(tick_after(at + 3 * DAY), Complains(shop=order.shop, order=order.number, at=at))

    def _forgotten(self, orders: Sequence[OrderPicture]) -> Iterator[Told]:
        """Yield that the shop erases the person by command, some days after the last order has ended."""
        at = max(order.modified for order in orders) + self._dice.randint(1, 6) * DAY
        yield Told(tick_after(at), Erased(email=self._person.email))
        for order in orders:
            yield Told(tick_after(at + self._dice.randint(1, 90) * HOUR), order)

    def _pictures(self, pictures: Sequence[Fact]) -> Iterator[Told]:
        for picture in pictures:
            for at in self._heard(picture.modified):
                yield Told(at, picture)

    def _heard(self, happened: datetime) -> Iterator[datetime]:
        """Yield when the engine is told: mostly soon, sometimes late, sometimes twice."""
        dice = self._dice
        late = dice.choices((timedelta(0), 3 * HOUR, 2 * DAY), weights=(85, 12, 3))[0]
        yield tick_after(happened + late)
        if dice.random() < 0.15:
            yield tick_after(happened + late + dice.randint(0, 50) * HOUR)
