"""A Shopify shop for the demo: the fake one of its plugin, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from aftercare_sdk.cli.demo.shops import (
    BUYERS,
    OFFERS,
    Buyer,
    Coupon,
    Item,
    Network,
    Post,
    Sent,
    ShopKind,
    served,
)

if TYPE_CHECKING:
    from aftercare_shopify.fake import Delivery, FakeShopify
    from aftercare_shopify.fake.state.discounts import Discount

PLUGIN = "shopify"
PORT = 18_081
"""Where it is served, unless something else is."""
_NO_LIMIT = 1e9
"""Points, of which each request takes some. They come back by the shop's clock, which stands still here."""


@contextmanager
def opened(now: datetime, post: Post) -> Iterator[Shopify]:
    """Open the shop, until the block ends."""
    from aftercare_shopify.fake import Api, FakeShopify, serve

    statuses: list[int | None] = []

    def deliver(delivery: Delivery) -> int | None:
        statuses.append(post(delivery.url, delivery.headers, delivery.body))
        return statuses[-1]

    shop = FakeShopify(now=now, deliver=deliver, allow_loopback=True)
    shop.bucket.set(limit=_NO_LIMIT, rate=_NO_LIMIT)
    with ExitStack() as stack:
        served(stack, lambda port: serve(Api(shop), port), PORT)
        yield Shopify(shop, statuses)


class Shopify:
    """The shop, once it is open."""

    name = "shopify"
    platform = "Shopify"

    def __init__(self, shop: FakeShopify, statuses: list[int | None]) -> None:
        """Offer what there is. `statuses`: where those of deliveries are noted.

        Shopify knows whoever leaves an address, with an account or without: all have been here before.
        """
        from aftercare_shopify.fake import SECRET, TOKEN, Address

        self._shop = shop
        self._statuses = statuses
        self._products = {
            item: shop.add_product(offer.title, str(offer.price), sku=offer.sku, tax=8)
            for item, offer in OFFERS.items()
        }
        self._customers = {
            buyer.email: shop.add_customer(
                buyer.email,
                first_name=buyer.first_name,
                last_name=buyer.last_name,
                address=Address(first_name=buyer.first_name, last_name=buyer.last_name, country_code="JP"),
            )
            for buyer in BUYERS
        }
        self.environ: Mapping[str, str] = {"DEMO_SHOPIFY_SECRET": SECRET, "DEMO_SHOPIFY_TOKEN": TOKEN}
        self.settings: Mapping[str, object] = {
            "adapter": PLUGIN,
            "domain": shop.domain,
            "url": shop.url,
            "secret": {"env": "DEMO_SHOPIFY_SECRET"},
            "access_token": {"env": "DEMO_SHOPIFY_TOKEN"},
            "currency": "JPY",
        }

    def connect(self, url: str) -> int:
        """Subscribe as `aftercare shopify webhooks install` does, over the shop's GraphQL API."""
        from aftercare_sdk.model.shops import Shop
        from aftercare_shopify.client import client_of
        from aftercare_shopify.webhooks import install

        options = {
            "domain": self._shop.domain,
            "url": self._shop.url,
            "access_token": self.environ["DEMO_SHOPIFY_TOKEN"],
        }
        client = client_of(Shop(name=self.name, options=options))
        return len(install(client, shop=self.name, url=url).changes)

    def wait_until(self, moment: datetime) -> None:
        """Move the shop's clock."""
        self._shop.wait(seconds=max(moment - self._shop.now, timedelta(0)).total_seconds())

    def buy(self, buyer: Buyer, item: Item, quantity: int, *, account: bool = False, code: str = "") -> str:
        """Buy something in the shop's checkout, and pay."""
        del account
        cart = {self._products[item]: quantity}
        return str(self._shop.order(cart, customer=self._customers[buyer.email], code=code, paid=True))

    def ship(self, order: str) -> None:
        """Hand over a parcel with everything in it."""
        self._shop.fulfil(int(order))

    def cancel(self, order: str) -> None:
        """Cancel an order."""
        self._shop.cancel(int(order))

    def delete(self, order: str) -> None:
        """Delete an order for good. Shopify tells of it."""
        self._shop.delete_order(int(order))

    def tell(self, network: Network) -> Sent:
        """Send the webhooks that wait."""
        waiting = len(self._shop.queue.waiting)
        before = len(self._statuses)
        if network is Network.TWICE:
            # Always the same disorder.
            self._shop.deliver(repeat=1.0, shuffle=True, chance=Random(1))  # noqa: S311
        else:
            self._shop.deliver(lose=float(network is Network.LOST))
        return Sent(webhooks=waiting, statuses=tuple(self._statuses[before:]))

    def coupons(self) -> tuple[Coupon, ...]:
        """Return what discount codes there are."""
        return tuple(self._coupon(each) for each in self._shop.discounts.values())

    def _coupon(self, discount: Discount) -> Coupon:
        emails = (self._shop.customers[number].email for number in discount.customers or ())
        return Coupon(
            code=discount.code,
            off=f"{(discount.percentage or 0) * 100:.0f}%",
            expires_at=discount.ends and discount.ends.astimezone(UTC),
            used=len(discount.uses),
            emails=tuple(filter(None, emails)),
        )


KIND = ShopKind(
    plugin=PLUGIN,
    platform=Shopify.platform,
    package="aftercare-shopify[fake]",
    # What the extra brings for the fake shop's GraphQL.
    modules=("graphql",),
    open=opened,
)
