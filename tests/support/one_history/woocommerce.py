"""A WooCommerce shop that lives through the history: the fake one, of a store with two decimals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import responses

import aftercare_woocommerce
from aftercare_sdk import Aftercare, RawRequest
from aftercare_sdk.model.money import Money
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in
from aftercare_woocommerce.webhooks import install
from tests.support.one_history import script
from tests.support.one_history.script import PEOPLE, PRODUCTS, SHIPPING, START, Act
from tests.support.one_history.telling import SHOP

_SIGNING = "a secret of the webhooks"


class WooCommerceShop:
    """Tells as WooCommerce does: by merged webhooks, refunds without lines until they are read."""

    plugin = aftercare_woocommerce.plugin
    environ: Mapping[str, str] = {"SHOP_SECRET": _SIGNING, "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}

    def __init__(self) -> None:
        self._shop = FakeWooCommerce(now=START - timedelta(days=1), decimals=2)
        self._products = [
            self._shop.product(one.title, _text(one.price, one.currency), sku=one.sku, tax=one.tax_rate)
            for one in PRODUCTS
        ]
        self._accounts = [
            self._shop.customer(
                one.email, first_name=one.given_name, last_name=one.family_name, country=one.country
            )
            if one.account
            else 0
            for one in PEOPLE
        ]
        self._orders: dict[int, int] = {}

    @property
    def configuration(self) -> Mapping[str, Any]:
        return {
            "adapter": "woocommerce",
            "secret": {"env": "SHOP_SECRET"},
            "url": self._shop.site.url,
            "consumer_key": {"env": "WOO_KEY"},
            "consumer_secret": {"env": "WOO_KEY_SECRET"},
        }

    @property
    def orders(self) -> Mapping[str, int]:
        return {str(id_): number for number, id_ in self._orders.items()}

    @contextmanager
    def connected(self, aftercare: Aftercare) -> Iterator[None]:
        self._shop.queue.transport = lambda sent: (
            aftercare.receive(SHOP, RawRequest(sent.headers, sent.body)).status
        )
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            answer_in(mock, Api(self._shop))
            client = RestClient(shop=SHOP, url=self._shop.site.url, consumer_key=KEY, consumer_secret=SECRET)
            install(client, shop=SHOP, url=f"https://aftercare.example/webhooks/{SHOP}", secret=_SIGNING)
            yield

    def live(self, act: Act) -> None:
        shop = self._shop
        shop.wait(seconds=(act.at - shop.now).total_seconds())
        order = self._orders.get(act.order, 0)
        match act.what:
            case script.Placed() as placed:
                person = PEOPLE[placed.person]
                self._orders[act.order] = shop.checkout(
                    {self._products[item.product]: item.quantity for item in placed.items},
                    email=person.email,
                    account=self._accounts[placed.person],
                    currency=placed.currency,
                    shipping=_text(SHIPPING[placed.currency], placed.currency),
                    country=person.country,
                    first_name=person.given_name,
                    last_name=person.family_name,
                )
            case script.Paid():
                shop.pay(order)
            case script.Shipped():
                shop.complete(order)
            case script.LinesRefunded(lines=lines):
                shop.refund(order, lines=lines)
            case script.AmountRefunded(amount=amount):
                shop.refund(order, amount=_text(amount, shop.orders[order].currency))
            case script.Cancelled():
                shop.set_status(order, "cancelled")
            case script.Revived():
                shop.set_status(order, "processing" if shop.orders[order].paid else "on-hold")
        shop.deliver()


def _text(minor: int, currency: str) -> str:
    amount: Decimal = Money(minor, currency).amount
    return str(amount)
