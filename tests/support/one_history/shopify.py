"""A Shopify shop that lives through the history: the fake one, selling in yen and, converted, in dollars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import responses

import aftercare_shopify
from aftercare_sdk import Aftercare, RawRequest
from aftercare_sdk.model.money import Money
from aftercare_shopify.fake import SECRET, TOKEN, Address, Api, FakeShopify, answer_in
from aftercare_shopify.webhooks import TOPICS
from tests.support.one_history import script
from tests.support.one_history.script import PEOPLE, PRODUCTS, SHIPPING, START, Act, Person
from tests.support.one_history.telling import SHOP

# A yen is a cent: what is priced in minor units of dollars is priced in yen by the same number.
_RATES = {"USD": "0.01"}


class ShopifyShop:
    """Tells as Shopify does: several webhooks for one change, none of them saying when an order was paid."""

    plugin = aftercare_shopify.plugin
    environ: Mapping[str, str] = {"SHOP_SECRET": SECRET, "SHOPIFY_TOKEN": TOKEN}

    def __init__(self) -> None:
        self._shop = FakeShopify(
            domain="hibi.myshopify.com",
            currency="JPY",
            zone="Asia/Tokyo",
            now=START - timedelta(days=1),
            rates=_RATES,
        )
        # Its clock stands still while it is asked, so that no points would come back.
        self._shop.bucket.set(limit=1e9, rate=1e9)
        self._products = [
            self._shop.add_product(one.title, str(one.price), sku=one.sku, tax=one.tax_rate)
            for one in PRODUCTS
        ]
        self._accounts = [
            self._shop.add_customer(
                one.email, first_name=one.given_name, last_name=one.family_name, address=_address(one)
            )
            if one.account
            else None
            for one in PEOPLE
        ]
        self._orders: dict[int, int] = {}

    @property
    def configuration(self) -> Mapping[str, Any]:
        return {
            "adapter": "shopify",
            "secret": {"env": "SHOP_SECRET"},
            "domain": self._shop.domain,
            "access_token": {"env": "SHOPIFY_TOKEN"},
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
            for topic in TOPICS:
                self._shop.queue.subscribe(topic, f"https://aftercare.example/webhooks/{SHOP}")
            yield

    def live(self, act: Act) -> None:
        shop = self._shop
        shop.wait(seconds=(act.at - shop.now).total_seconds())
        order = self._orders.get(act.order, 0)
        match act.what:
            case script.Placed() as placed:
                person = PEOPLE[placed.person]
                self._orders[act.order] = shop.order(
                    {self._products[item.product]: item.quantity for item in placed.items},
                    customer=self._accounts[placed.person],
                    email=person.email,
                    gateway="Bank Deposit",
                    currency=placed.currency,
                    shipping=str(SHIPPING[placed.currency]),
                    address=_address(person),
                )
            case script.Paid():
                shop.pay(order)
            case script.Shipped():
                shop.fulfil(order)
            case script.LinesRefunded(lines=lines):
                shop.refund(order, lines)
            case script.AmountRefunded(amount=amount):
                currency = shop.orders[order].exchange.presentment
                shop.refund(order, amount=Money(amount, currency).amount)
            case script.Cancelled():
                shop.cancel(order, refund=False, restock=False)
            case script.Revived():
                shop.reopen(order)
        shop.deliver()


def _address(person: Person) -> Address:
    return Address(first_name=person.given_name, last_name=person.family_name, country_code=person.country)
