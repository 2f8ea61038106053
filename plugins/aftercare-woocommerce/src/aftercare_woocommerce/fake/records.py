"""The records of a fake shop: what there is, by id, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import count
from threading import RLock
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from aftercare_woocommerce.fake.access import KEY, SECRET, Keys
from aftercare_woocommerce.fake.deliveries import Delivery, Queue, post
from aftercare_woocommerce.fake.refusals import no_such
from aftercare_woocommerce.fake.state.coupons import coupon_told
from aftercare_woocommerce.fake.state.customers import customer_told
from aftercare_woocommerce.fake.state.orders import Order
from aftercare_woocommerce.fake.state.products import product_told
from aftercare_woocommerce.fake.state.refunds import Refund
from aftercare_woocommerce.fake.state.reviews import review_told
from aftercare_woocommerce.fake.state.site import Site
from aftercare_woocommerce.fake.state.things import Meta, Thing
from aftercare_woocommerce.fake.state.webhooks import webhook_told

Act = TypeVar("Act", bound=Callable[..., Any])


def alone(act: Act) -> Act:
    """Let something happen while nobody is answered."""

    @wraps(act)
    def locked(shop: Records, *args: Any, **kwargs: Any) -> Any:
        with shop.lock:
            return act(shop, *args, **kwargs)

    return cast("Act", locked)


class Records:
    """What a shop keeps: its site and settings, its objects by id, its clock, and webhooks that wait."""

    def __init__(
        self,
        *,
        url: str = "https://shop.example",
        now: datetime = datetime(2026, 4, 1, tzinfo=UTC),
        zone: str = "Asia/Tokyo",
        currency: str = "JPY",
        decimals: int = 0,
        hpos: bool = True,
        release: str = "11.0.1",
        statuses: Iterable[str] = ("shipped",),
        deliver: Callable[[Delivery], int | None] = post,
    ) -> None:
        self.site = Site(url=url.rstrip("/"), zone=ZoneInfo(zone), decimals=decimals, release=release)
        self.now = now
        self.currency = currency
        self.hpos = hpos
        self.statuses = (
            *("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
            *statuses,
            "checkout-draft",
        )
        self.lock = RLock()
        self.keys = Keys()
        self.keys.known[KEY] = (SECRET, "read_write")
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.products: dict[int, Thing] = {}
        self.customers: dict[int, Thing] = {}
        self.coupons: dict[int, Thing] = {}
        self.reviews: dict[int, Thing] = {}
        self.queue = Queue(lambda: self.site, self.show, deliver, lambda: self.now, self.lock)
        # Orders, refunds, products and coupons share one row of ids.
        self._ids, self._users, self._parts = count(11), count(2), count(900)
        # Reviews are comments, which WordPress numbers by themselves: one may have the number of an order.
        self._comments = count(11)
        self._webhook_ids = count(1)

    def wait(self, **length: float) -> datetime:
        """Let time pass, such as `wait(days=3)`; return the time it is then."""
        self.now += timedelta(**length)
        return self.now

    @property
    def webhooks(self) -> dict[int, Thing]:
        """The webhooks by id."""
        return self.queue.webhooks

    def show(self, collection: str, number: int, *, places: int | None = None) -> dict[str, Any]:
        """Return an object as the API and webhooks tell it. Raises Refusal, if it is not there."""
        if collection == "orders":
            if number not in self.orders:
                raise no_such("orders")
            order = self.orders[number]
            refunds = [self.refunds[each] for each in order.refunds]
            return order.told(self.site, refunds, self.site.decimals if places is None else places)
        things, told = {
            "customers": (self.customers, customer_told),
            "products": (self.products, product_told),
            "coupons": (self.coupons, coupon_told),
            "reviews": (self.reviews, review_told),
            "webhooks": (self.webhooks, webhook_told),
        }[collection]
        if number not in things:
            raise no_such(collection)
        return told(things[number], self.site)

    def _touch(self, order: int, *, dated: bool = True) -> None:
        if dated:
            self.orders[order].modified = self.now
        self.queue.happened("order.updated", order)

    def _meta(self, told: Mapping[str, Any]) -> list[Meta]:
        return [Meta(id=next(self._parts), key=key, value=value) for key, value in told.items()]

    def _set_meta(self, entries: list[Meta], told: Mapping[str, Any]) -> None:
        for key, value in told.items():
            entries[:] = [each for each in entries if each.key != key]
            if value is not None:
                entries.extend(self._meta({key: value}))
