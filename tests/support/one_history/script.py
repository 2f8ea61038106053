"""What happened, in nobody's words: a hundred orders of a brand, made from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
ORDERS = 100
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that is sold. `price` is in minor units, with its tax, which divides evenly."""

    title: str
    sku: str
    currency: str
    price: int
    tax_rate: int


PRODUCTS = (
    Product(title="有機煎茶 100g", sku="TEA-100", currency="JPY", price=1_080, tax_rate=8),
    Product(title="ほうじ茶 200g", sku="TEA-200", currency="JPY", price=2_160, tax_rate=8),
    Product(title="急須", sku="POT-1", currency="JPY", price=5_500, tax_rate=10),
    Product(title="Tea tin", sku="TIN-1", currency="USD", price=1_100, tax_rate=10),
    Product(title="Gift box", sku="BOX-1", currency="USD", price=2_750, tax_rate=10),
)
SHIPPING: Mapping[str, int] = {"JPY": 600, "USD": 1_250}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who buys; without `account` a guest."""

    email: str
    family_name: str
    given_name: str
    country: str
    account: bool


PEOPLE = (
    Person(email="hana@customer.example", family_name="小川", given_name="花", country="JP", account=True),
    Person(email="ken@customer.example", family_name="森", given_name="健", country="JP", account=True),
    Person(email="ann@customer.example", family_name="Archer", given_name="Ann", country="US", account=True),
    Person(email="Yui@Guest.example", family_name="原", given_name="結衣", country="JP", account=False),
    Person(email="bob@guest.example", family_name="Baker", given_name="Bob", country="US", account=False),
)


@dataclass(frozen=True, slots=True)
class Item:
    """So many of a product."""

    product: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order is placed."""

    person: int
    currency: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """It is paid."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """All of it leaves in one parcel."""


@dataclass(frozen=True, slots=True)
class LinesRefunded:
    """So many of some lines (by place, from 0) are taken back and paid back."""

    lines: Mapping[int, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class AmountRefunded:
    """An amount in minor units is paid back for no line."""

    amount: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It is called off; nothing is paid back."""


@dataclass(frozen=True, slots=True)
class Revived:
    """It is on again."""


What = Placed | Paid | Shipped | LinesRefunded | AmountRefunded | Cancelled | Revived


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What happens to the order `order` (from 0) at a moment."""

    at: datetime
    order: int
    what: What


def history(seed: int = 1) -> list[Act]:
    """Return everything that happens, in its order; no two things happen within one second."""
    dice = random.Random(seed)  # noqa: S311 - it makes a history up
    acts = sorted(
        (act for order in range(ORDERS) for act in _life(order, dice)), key=lambda act: (act.at, act.order)
    )
    moved: list[Act] = []
    for act in acts:
        at = max(act.at, moved[-1].at + timedelta(seconds=2)) if moved else act.at
        moved.append(Act(at=at, order=act.order, what=act.what))
    return moved


def _life(order: int, dice: random.Random) -> Iterator[Act]:
    """Yield what happens to one order. Every tenth or so is of a kind of its own, so that all kinds occur."""
    kind = order % 10
    at = START + order * DAY + dice.randrange(86_400) * timedelta(seconds=1)
    person = dice.randrange(len(PEOPLE))
    currency = "USD" if PEOPLE[person].country == "US" else "JPY"
    sold = [number for number, one in enumerate(PRODUCTS) if one.currency == currency]
    chosen = dice.sample(sold, k=dice.randint(1, len(sold)))
    items = tuple(Item(number, dice.randint(1, 3)) for number in chosen)
    yield Act(at=at, order=order, what=Placed(person=person, currency=currency, items=items))
    if kind == 0:  # never paid
        yield Act(at=at + 5 * DAY, order=order, what=Cancelled())
        return
    if kind == 1:  # called off before the transfer came, which revived it
        yield Act(at=at + 2 * DAY, order=order, what=Cancelled())
        at += 3 * DAY
        yield Act(at=at, order=order, what=Revived())
    at += dice.randint(1, 30) * HOUR
    yield Act(at=at, order=order, what=Paid())
    if kind == 2:
        yield Act(at=at + 3 * HOUR, order=order, what=Cancelled())
        return
    if kind == 3:  # called off by mistake after it was paid
        yield Act(at=at + 2 * HOUR, order=order, what=Cancelled())
        at += 4 * HOUR
        yield Act(at=at, order=order, what=Revived())
    at += dice.randint(6, 60) * HOUR
    yield Act(at=at, order=order, what=Shipped())
    at += dice.randint(2, 9) * DAY
    if kind in {4, 5}:
        yield Act(at=at, order=order, what=LinesRefunded({0: 1}))
    if kind in {5, 6}:
        yield Act(at=at + DAY, order=order, what=AmountRefunded(dice.randint(1, 400)))
    if kind == 7:
        yield Act(
            at=at,
            order=order,
            what=LinesRefunded({place: item.quantity for place, item in enumerate(items)}),
        )
