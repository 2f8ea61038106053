"""A WooCommerce shop for the demo: the fake one of its plugin, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from aftercare_sdk.cli.demo.shops import OFFERS, Buyer, Coupon, Item, Network, Post, Sent, ShopKind, served

if TYPE_CHECKING:
    from aftercare_woocommerce.fake import Delivery, FakeWooCommerce

PLUGIN = "woocommerce"
PORT = 18_080
"""Where it is served, unless something else is."""
_SECRET = "the-demo-has-no-secrets"  # noqa: S105 - it signs between two threads of one process


@contextmanager
def opened(now: datetime, post: Post) -> Iterator[WooCommerce]:
    """Open the shop, until the block ends."""
    from aftercare_woocommerce.fake import Api, FakeWooCommerce, serve

    statuses: list[int | None] = []

    def deliver(delivery: Delivery) -> int | None:
        statuses.append(post(delivery.url, delivery.headers, delivery.body))
        return statuses[-1]

    shop = FakeWooCommerce(now=now, deliver=deliver)
    with ExitStack() as stack:
        yield WooCommerce(shop, served(stack, lambda port: serve(Api(shop), port), PORT), statuses)


class WooCommerce:
    """The shop, once it is open."""

    name = "woo"
    platform = "WooCommerce"

    def __init__(self, shop: FakeWooCommerce, url: str, statuses: list[int | None]) -> None:
        """Offer what there is. `statuses`: where those of deliveries are noted."""
        from aftercare_woocommerce.fake import KEY, SECRET

        self._shop = shop
        self._url = url
        self._statuses = statuses
        self._accounts: dict[str, int] = {}
        self._products = {
            item: shop.product(offer.title, str(offer.price), sku=offer.sku, tax=8)
            for item, offer in OFFERS.items()
        }
        self.environ: Mapping[str, str] = {
            "DEMO_WOO_KEY": KEY,
            "DEMO_WOO_KEY_SECRET": SECRET,
            "DEMO_WOO_SECRET": _SECRET,
        }
        self.settings: Mapping[str, object] = {
            "adapter": PLUGIN,
            "url": url,
            "consumer_key": {"env": "DEMO_WOO_KEY"},
            "consumer_secret": {"env": "DEMO_WOO_KEY_SECRET"},
            "secret": {"env": "DEMO_WOO_SECRET"},
            "currency": "JPY",
        }

    def connect(self, url: str) -> int:
        """Make the webhooks as `aftercare woocommerce webhooks install` does, over the shop's REST API."""
        from aftercare_woocommerce.client import RestClient
        from aftercare_woocommerce.webhooks import install

        client = RestClient(
            shop=self.name,
            url=self._url,
            consumer_key=self.environ["DEMO_WOO_KEY"],
            consumer_secret=self.environ["DEMO_WOO_KEY_SECRET"],
        )
        return len(install(client, shop=self.name, url=url, secret=_SECRET))

    def wait_until(self, moment: datetime) -> None:
        """Move the shop's clock."""
        self._shop.wait(seconds=max(moment - self._shop.now, timedelta(0)).total_seconds())

    def buy(self, buyer: Buyer, item: Item, quantity: int, *, account: bool = False, code: str = "") -> str:
        """Buy something in the shop's checkout, and pay."""
        if account and buyer.email not in self._accounts:
            self._accounts[buyer.email] = self._shop.customer(
                buyer.email, first_name=buyer.first_name, last_name=buyer.last_name
            )
        order = self._shop.checkout(
            {self._products[item]: quantity},
            email=buyer.email,
            account=self._accounts[buyer.email] if account else 0,
            coupon=code,
            paid=True,
            country="JP",
            first_name=buyer.first_name,
            last_name=buyer.last_name,
        )
        return str(order)

    def ship(self, order: str) -> None:
        """Complete an order: a plain WooCommerce shop knows no more of parcels."""
        self._shop.complete(int(order))

    def cancel(self, order: str) -> None:
        """Cancel an order."""
        self._shop.set_status(int(order), "cancelled")

    def delete(self, order: str) -> None:
        """Delete an order for good."""
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
        """Return what coupons there are."""
        return tuple(
            Coupon(
                code=each.fields["code"].upper(),
                off=f"{each.fields['amount'].normalize():f}%",
                expires_at=each.fields["date_expires"] and each.fields["date_expires"].astimezone(UTC),
                used=each.fields["usage_count"],
                emails=tuple(each.fields["email_restrictions"]),
            )
            for each in self._shop.coupons.values()
        )


KIND = ShopKind(plugin=PLUGIN, platform=WooCommerce.platform, package="aftercare-woocommerce", open=opened)
