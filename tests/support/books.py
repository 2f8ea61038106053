"""A shop whose customers have lived through everything that can happen to points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import AwardPoints
from aftercare_sdk.engine.ledger import Ledger
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.points.lots import Account
from aftercare_sdk.store import entries
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.tables import identities
from tests.support.shop import DAY, START, Bench, customer, order, review

ANN, BOB, CAROL = "ann@customer.example", "bob@customer.example", "carol@customer.example"
EXPIRY = Expiry(months=1)
END = START + 45 * DAY
"""When the story ends: the 15th of June."""


class PointForPound(AftercareHooks):
    """A point for each pound, pending until the delivery, for a month; the first 5 of a debt are forgiven.

    A review brings 20 points that never expire.
    """

    counts_points = True

    @hookimpl
    def on_purchase(self, event: Any, ctx: Any) -> list[AwardPoints]:
        return [self._award(ctx, settled=False)]

    @hookimpl
    def on_delivery(self, event: Any, ctx: Any) -> list[AwardPoints]:
        return [self._award(ctx, settled=True)]

    @hookimpl
    def on_review(self, event: Any, ctx: Any) -> list[AwardPoints]:
        return [AwardPoints(label="review", points=20, reason="a review")]

    def _award(self, ctx: Any, *, settled: bool) -> AwardPoints:
        return AwardPoints(
            label="purchase",
            lines={line.id: line.paid.minor // 100 for line in ctx.order.lines},
            settled=settled,
            expiry=EXPIRY,
            write_off=5,
            reason="a point for each pound",
        )


@contextmanager
def shop(url: str, **options: Any) -> Iterator[Bench]:
    """Open the shop."""
    with Bench(url, {"loyal": PointForPound()}, **options) as bench:
        yield bench


def change(
    bench: Bench, email: str, why: Why, do: Callable[[Account], object], of: Sequence[str] = ()
) -> None:
    """Do something with the account of an address, and with lots of it, as the operator does."""
    brand = bench.aftercare.brand
    with brand.database.write() as connection:
        identity = connection.execute(
            select(identities.c.id).where(identities.c.value == email, identities.c.kind == "email")
        ).scalar_one()
        ledger = Ledger(brand, connection, bench.clock.now())
        ledger.load(of)
        ledger.change(identity, why, do)
        ledger.write()


def spend(bench: Bench, email: str, points: int, posting: str) -> None:
    """Redeem points."""
    why = Why(actor="mori", posting=posting, rule="reward")
    change(bench, email, why, lambda account: account.spend(points))


def give_back(bench: Bench, email: str, posting: str) -> None:
    """Take a redemption back."""
    now = bench.clock.now()
    with bench.aftercare.brand.database.read() as connection:
        draws = entries.draws(connection, posting)
    why = Why(actor="mori", posting=posting, note="never used")
    change(bench, email, why, lambda account: account.give_back(draws, now), of=[draw.lot for draw in draws])


def take_again(bench: Bench, email: str, posting: str) -> None:
    """Have a redemption count after all."""
    with bench.aftercare.brand.database.read() as connection:
        draws = entries.last_returned(connection, posting)
    why = Why(actor="mori", posting=posting, note="used after all")
    change(bench, email, why, lambda account: account.take_again(draws), of=[draw.lot for draw in draws])


def bought(number: str, day: int, pounds: int, **told: Any) -> Any:
    """Draw a picture of an order that was placed on a day of the story and is seen on `seen`."""
    seen = told.pop("seen", day)
    delivered = told.pop("delivered", None)
    return order(
        number,
        placed=START + day * DAY,
        modified=START + seen * DAY,
        total=pounds * 100,
        delivered=None if delivered is None else {"p": START + delivered * DAY},
        **told,
    )


def live(bench: Bench, then: Callable[[], object] = lambda: None) -> None:
    """Let everything happen; `then` is called after each step.

    Ann has account 7, Bob buys as a guest whose account becomes known, Carol waits for her parcel.
    """

    def tell(day: int, *pictures: object) -> None:
        bench.run(START + day * DAY)
        bench.tell(*pictures)
        bench.run(timedelta(0))
        then()

    def do(day: int, what: Callable[[], object]) -> None:
        bench.run(START + day * DAY)
        what()
        then()

    ann: dict[str, Any] = {"customer": "7", "email": ANN}
    tell(0, customer("7", email=ANN), bought("1", 0, 10, **ann), bought("2", 0, 40, **ann))
    tell(1, bought("1", 0, 10, seen=1, delivered=1, **ann))
    tell(2, bought("2", 0, 40, seen=2, delivered=2, **ann), bought("4", 2, 25, email=BOB, name="Bob"))
    tell(3, bought("4", 2, 25, seen=3, delivered=3, email=BOB, name="Bob"))
    do(4, lambda: spend(bench, ANN, 30, "reward-1"))
    do(5, lambda: spend(bench, ANN, 5, "reward-2"))
    do(6, lambda: give_back(bench, ANN, "reward-2"))
    tell(7, bought("2", 0, 40, seen=7, delivered=2, cancelled=True, **ann))
    tell(8, bought("3", 8, 12, seen=8, delivered=8, **ann))
    tell(9, review(written=START + 9 * DAY, email=ANN, customer="7"))
    tell(10, bought("4", 2, 25, seen=10, delivered=3, email=BOB, name="Bob", customer="8"))
    tell(11, bought("2", 0, 40, seen=11, delivered=2, cancelled=False, **ann))
    do(12, lambda: change(bench, ANN, Why(actor="mori", note="slip"), lambda account: account.remove(3)))
    tell(13, bought("5", 13, 30, email=CAROL, name="Carol"))
    tell(14, bought("1", 0, 10, seen=14, delivered=1, cancelled=True, **ann))
    do(40, lambda: None)
    tell(
        41,
        bought(
            "4",
            2,
            25,
            seen=41,
            delivered=3,
            email=BOB,
            name="Bob",
            customer="8",
            refunds={"r": (2_500, START + 41 * DAY)},
        ),
    )
    do(45, lambda: None)


def lived(url: str) -> None:
    """Fill an empty database with the story."""
    with shop(url) as bench:
        live(bench)
