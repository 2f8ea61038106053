"""Orders with several lines, and what the books say of their customers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, RefundLine, RefundSnapshot
from aftercare_sdk.store import balances, entries, lots, people
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.entries import Entry
from aftercare_sdk.store.lots import Award
from tests.support.shop import DAY, START, Bench, order

ANN = "ann@customer.example"
CURRENCY = "GBP"
RULES: Mapping[str, Any] = {"points": {CURRENCY: "1 per 1"}, "return_period": "14 days"}
"""A point for each pound, which can be spent two weeks after the parcel has come."""


def shop_with(rules: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a configuration with a loyalty program."""
    return {"plugins": {"loyalty": {**RULES, **(rules or {})}, **more}}


def pounds(amount: int) -> Money:
    """Return an amount in whole pounds."""
    return Money(100 * amount, CURRENCY)


def basket(
    number: str = "1",
    lines: Mapping[str, int] | None = None,
    *,
    shipping: int = 0,
    refunds: Mapping[str, object] | None = None,
    taxes: Mapping[str, int] | None = None,
    of_lines: Mapping[str, Mapping[str, Any]] | None = None,
    **changes: Any,
) -> OrderSnapshot:
    """Draw an order of ANN's with lines in pounds.

    `refunds`: by id a mapping of lines to pounds, a number of pounds without lines, or a pair of pounds and
    None for a notice whose lines are not told yet. `of_lines`: further fields of lines.
    """
    paid = lines or {"1": 50}
    told = [
        OrderLine(
            id=line,
            title=f"Tea {line}",
            quantity=1,
            paid=pounds(amount),
            tax=pounds((taxes or {}).get(line, 0)),
            product=f"tea-{line}",
            **(of_lines or {}).get(line, {}),
        )
        for line, amount in paid.items()
    ]
    picture = order(number, email=changes.pop("email", ANN), **changes)
    return replace(
        picture,
        amounts=Amounts(
            total=pounds(sum(paid.values()) + shipping), shipping=pounds(shipping), lines=tuple(told)
        ),
        refunds=None if refunds is None else tuple(_refund(id_, told) for id_, told in refunds.items()),
    )


def _refund(id_: str, told: Any) -> RefundSnapshot:
    if isinstance(told, Mapping):
        of_lines = tuple(
            RefundLine(line=line, quantity=1, amount=pounds(amount)) for line, amount in told.items()
        )
        return RefundSnapshot(
            id=id_, amount=pounds(sum(told.values())), lines=of_lines, refunded_at=START + DAY
        )
    amount, lines = told if isinstance(told, tuple) else (told, ())
    return RefundSnapshot(id=id_, amount=pounds(amount), lines=lines, refunded_at=START + DAY)


def delivered(at: datetime = START + DAY) -> dict[str, Any]:
    """Return what an order says whose one parcel has come."""
    return {"shipped": {"p": at}, "delivered": {"p": at}}


def reading(bench: Bench) -> AbstractContextManager[Any]:
    """Open a transaction that reads."""
    return bench.aftercare.brand.database.read()


def person(bench: Bench, text: str = ANN) -> list[int]:
    """Return all identities of a customer."""
    with reading(bench) as connection:
        found = people.search(connection, text)
        return people.identities_of(connection, found.values())[next(iter(found.values()))]


def balance(bench: Bench, text: str = ANN) -> Balance:
    """Return what a customer has."""
    identities = person(bench, text)
    with reading(bench) as connection:
        return balances.of_person(connection, identities)


def pending(bench: Bench, text: str = ANN) -> int:
    """Return the points of a customer that nobody can spend yet."""
    return balance(bench, text).pending


def available(bench: Bench, text: str = ANN) -> int:
    """Return the points that a customer can spend, less what is owed."""
    return balance(bench, text).points


def awards(bench: Bench, text: str = ANN) -> list[Award]:
    """Return the lots of a customer."""
    identities = person(bench, text)
    with reading(bench) as connection:
        return lots.of_identities(connection, identities)


def book(bench: Bench, text: str = ANN) -> list[Entry]:
    """Return the entries of a customer."""
    identities = person(bench, text)
    with reading(bench) as connection:
        return entries.of_identities(connection, identities)


def posted(bench: Bench, text: str = ANN) -> list[tuple[str, int]]:
    """Return kind and change of the balance, of every entry."""
    return [(one.line.kind.value, one.line.points - one.line.debt) for one in book(bench, text)]


def change_rules(bench: Bench, rules: Mapping[str, Any]) -> Bench:
    """Return the same shop with other rules, in force from now on."""
    return bench.twin(config=shop_with(rules))
