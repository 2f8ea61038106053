"""Orders that nobody made, and how their stories go on."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import now

if TYPE_CHECKING:
    from aftercare_sdk.engine.brand import Brand
    from aftercare_sdk.model.shops import SampleOrder, Shop

NUMBER = "trigger-"
"""What the numbers of sample orders begin with, where people see them."""
ORDER_ID = "99000"
"""What the ids of sample orders begin with: nine digits follow, and no shop counts so far."""
_DIGITS = 9
_ORDER = re.compile(rf"(?:{NUMBER})?0*([1-9][0-9]{{0,7}})")
PURCHASE = "purchase"
BEFORE = timedelta(days=1)
"""How long before another fact a new order counts as bought."""
_UNTIL_PROCESSED = 10.0
"""How many seconds the server gets to process what it has received, before an order counts as unknown."""
_PRICES = ((1550, 1, "990000001", "TRIGGER-A"), (410, 2, "990000002", "TRIGGER-B"))
"""Price, quantity, product and SKU of each line: in yen, or in hundredths where a currency has decimals."""
_SHIPPING = 500
_TITLES = {
    "ja": ("テスト商品 コーヒー豆 250g", "テスト商品 ペーパーフィルター"),
    "en": ("Test product: coffee beans, 250 g", "Test product: paper filters"),
}
_NAMES = {"ja": ("テスト", "花子"), "en": ("Customer", "Test")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the engine knows of an order that a story goes on with."""

    bought_at: datetime
    shipped_at: datetime | None
    changed_at: datetime | None
    email: str = field(repr=False)


def number_of(given: str | None) -> int:
    """Return the number of an order that somebody named; of a new one, if nobody did."""
    if given is None:
        return 100_000 + secrets.randbelow(900_000)
    found = _ORDER.fullmatch(given.strip())
    if found is None:
        raise typer.BadParameter(
            f"{given!r} is no number of a sample order; write up to eight digits, such as 1042",
            param_hint="--order",
        )
    return int(found[1])


def id_of(number: int) -> str:
    """Return the id that a sample order has in its shop."""
    return f"{ORDER_ID}{number:0{_DIGITS}}"


def known_order(brand: Brand, shop: str, order: str) -> Known | None:
    """Look an order up, after the server has had the time to process what it has just received."""
    from aftercare_sdk.model.records import OrderRecord
    from aftercare_sdk.store import journal, objects

    key = (shop, "order", order)
    deadline = time.monotonic() + _UNTIL_PROCESSED
    while True:
        with brand.database.read() as connection:
            waiting = journal.oldest_new(connection) is not None
            stored = objects.get_many(connection, [key]).get(key)
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    record = stored.record if stored else None
    if not isinstance(record, OrderRecord):
        return None
    bought_at = record.purchased_at or (record.placed_at.value if record.placed_at else None)
    if bought_at is None:
        return None
    contact = record.contact.value if record.contact else None
    return Known(
        bought_at=bought_at,
        shipped_at=min(record.shipments.values(), default=None),
        changed_at=record.latest.modified_at,
        email=contact.email if contact else "",
    )


def steps(
    shop: Shop, kind: str, *, number: int, at: datetime | None, known: Known | None, email: str | None
) -> Iterable[tuple[str, SampleOrder]]:
    """Give what is told, in order: of an order that nobody has heard of, its purchase first."""
    present = now()
    happened_at = at or _after(known, present.replace(microsecond=0))
    if known is not None:
        bought_at = known.bought_at if at is None or kind != PURCHASE else happened_at
        if happened_at < bought_at:
            zone = ZoneInfo(shop.zone)
            raise typer.BadParameter(
                f"lies before the purchase of this order, {output.local(bought_at, zone)} ({zone})",
                param_hint="--at",
            )
    else:
        bought_at = happened_at if kind == PURCHASE else happened_at - BEFORE
    told = _order(shop, number, email or (known.email if known else ""), bought_at, present)
    if known is None and kind != PURCHASE:
        yield PURCHASE, told(bought_at, None)
    yield kind, told(happened_at, known.shipped_at if known else None)


def _after(known: Known | None, present: datetime) -> datetime:
    """Return the present, or the second after what is known last: most platforms date by the second."""
    if known is None or known.changed_at is None or known.changed_at < present:
        return present
    return known.changed_at.replace(microsecond=0) + timedelta(seconds=1)


def _order(shop: Shop, number: int, email: str, bought_at: datetime, sent_at: datetime) -> Any:
    """Return what makes the order, for each fact that is told of it."""
    from aftercare_sdk.model.money import Money, decimals
    from aftercare_sdk.model.orders import OrderLine
    from aftercare_sdk.model.people import Contact
    from aftercare_sdk.model.shops import SampleOrder

    currency = shop.currency or _currency(shop.country)
    unit = 10 ** max(0, decimals(currency) - 2)
    language = "ja" if shop.locale.startswith("ja") else "en"
    family, given = _NAMES[language]
    lines = tuple(
        OrderLine(
            id=str(place),
            title=title,
            quantity=quantity,
            paid=Money(price * quantity * unit, currency),
            tax=Money(price * quantity * unit // 11, currency),  # 10 %, which the price includes
            product=product,
            sku=sku,
        )
        for place, (title, (price, quantity, product, sku)) in enumerate(
            zip(_TITLES[language], _PRICES, strict=True), start=1
        )
    )
    contact = Contact(
        email=email or f"{NUMBER}{number}@example.com",
        family_name=family,
        given_name=given,
        country=shop.country,
    )

    def told(happened_at: datetime, shipped_at: datetime | None) -> SampleOrder:
        return SampleOrder(
            id=id_of(number),
            number=f"{NUMBER}{number}",
            placed_at=bought_at,
            happened_at=happened_at,
            sent_at=sent_at,
            shipped_at=shipped_at,
            contact=contact,
            currency=currency,
            lines=lines,
            shipping=Money(_SHIPPING * unit, currency),
        )

    return told


def _currency(country: str) -> str:
    """Return the currency of a country, for a shop that names none."""
    from babel.numbers import get_territory_currencies

    found: list[str] = get_territory_currencies(country) if country else []
    return found[0] if found else "USD"
