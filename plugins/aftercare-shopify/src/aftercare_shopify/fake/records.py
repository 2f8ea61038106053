"""The records of a fake shop: what there is, by id, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import wraps
from itertools import count
from threading import RLock
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from aftercare_shopify.fake.access import SECRET, TOKEN, Access, Token
from aftercare_shopify.fake.bucket import Bucket
from aftercare_shopify.fake.deliveries import Delivery, Queue, post
from aftercare_shopify.fake.state.contracts import Contract
from aftercare_shopify.fake.state.customers import Customer
from aftercare_shopify.fake.state.discounts import Discount
from aftercare_shopify.fake.state.metafields import Metafield
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.products import Product, Variant
from aftercare_shopify.operations import API_VERSION

Act = TypeVar("Act", bound=Callable[..., Any])


def alone(act: Act) -> Act:
    """Let something happen while nobody is answered; all that it announces is one event."""

    @wraps(act)
    def locked(shop: Records, *args: Any, **kwargs: Any) -> Any:
        with shop.lock, shop.queue.event():
            return act(shop, *args, **kwargs)

    return cast("Act", locked)


class Records:
    """What a shop keeps: its settings, its things by id, its clock, who may ask, and webhooks that wait."""

    def __init__(
        self,
        *,
        domain: str = "torii.myshopify.com",
        now: datetime = datetime(2026, 8, 3, tzinfo=UTC),
        zone: str = "Asia/Tokyo",
        currency: str = "JPY",
        rates: dict[str, str] | None = None,
        taxes_included: bool = True,
        shipping_tax: int = 0,
        name: str = "Torii",
        locale: str = "ja",
        token: str = TOKEN,
        secret: str = SECRET,
        allow_loopback: bool = False,
        deliver: Callable[[Delivery], int | None] = post,
    ) -> None:
        self.domain, self.name, self.locale = domain, name, locale
        self.url = f"https://{domain}"
        self.created = self.now = now
        self.zone = ZoneInfo(zone)
        self.currency = currency
        self.rates = {code: Decimal(rate) for code, rate in (rates or {}).items()}
        self.taxes_included, self.shipping_tax = taxes_included, shipping_tax
        self.allow_loopback = allow_loopback
        self.versions = ("2026-01", "2026-04", "2026-07", "2026-10")
        self.version = API_VERSION
        self.usage_lag = timedelta()
        self.lock = RLock()
        self._ids = count(7_214_300_000_001, 7)
        self._numbers = count(1001)
        self.shop_id, self.app_id = 548380009, 901231
        self.location_id = 655441491
        self.access = Access(lambda: self.now, secret=secret, tokens={token: Token(None)})
        self.bucket = Bucket(lambda: self.now)
        self.orders: dict[int, Order] = {}
        self.customers: dict[int, Customer] = {}
        self.products: dict[int, Product] = {}
        self.discounts: dict[int, Discount] = {}
        self.contracts: dict[int, Contract] = {}
        self.metafields: dict[tuple[str, str, str], Metafield] = {}
        self.queue = Queue(self, deliver)

    def wait(self, length: timedelta | None = None, **parts: float) -> datetime:
        """Let time pass, such as `wait(days=3)` or `wait(timedelta(days=3))`; return the time it is then."""
        self.now += (length or timedelta()) + timedelta(**parts)
        return self.now

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        return next(self._ids)

    def new_number(self) -> int:
        """Return the number of the next order."""
        return next(self._numbers)

    def variant(self, number: int) -> tuple[Product, Variant]:
        """Return a variant with its product, by its id or by that of a product with one. Raises KeyError."""
        for product in self.products.values():
            for variant in product.variants:
                if number == variant.id or (number == product.id and variant is product.variants[0]):
                    return product, variant
        raise KeyError(number)

    def of_customer(self, customer: int) -> list[Order]:
        """Return the orders of a customer, oldest first."""
        return [each for each in self.orders.values() if each.customer == customer]

    def by_code(self, code: str) -> Discount | None:
        """Return the discount with a code; large and small letters are the same."""
        wanted = code.strip().casefold()
        return next((each for each in self.discounts.values() if each.code.casefold() == wanted), None)

    def by_email(self, email: str) -> Customer | None:
        """Return the customer with an e-mail address."""
        wanted = email.strip().casefold()
        found = (each for each in self.customers.values() if (each.email or "").casefold() == wanted)
        return next(found, None) if wanted else None

    def metafields_of(self, owner: str) -> list[Metafield]:
        """Return the metafields of a thing, by its gid."""
        return [each for (of, _, _), each in self.metafields.items() if of == owner]

    def forget_metafields(self, owners: Iterable[str]) -> None:
        """Forget the metafields of things that are no more."""
        gone = set(owners)
        self.metafields = {key: each for key, each in self.metafields.items() if key[0] not in gone}
