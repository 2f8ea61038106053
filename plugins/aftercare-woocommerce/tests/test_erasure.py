"""A person whom WooCommerce's privacy tool has erased: the whole engine against the fake shop."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import permutations

import pytest
import responses
from sqlalchemy import select

import aftercare_woocommerce
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.store import journal
from aftercare_sdk.store.journal import State
from aftercare_sdk.store.tables import (
    copies,
    customers,
    identities,
    messages,
    metadata,
    objects,
    privacy_requests,
)
from aftercare_sdk.testing.projection import project
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in
from aftercare_woocommerce.webhooks import install

ENVIRON = {"WOO_SECRET": "s3cret", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}
SHO, MEI = "sho@example.jp", "mei@example.jp"
PLACEHOLDER = "deleted@site.invalid"
"""What WooCommerce writes in place of every address that it erases."""


class World:
    """A shop, and an engine that thanks for every purchase an hour later."""

    def __init__(self, folder, shop, aftercare):
        self.mails, self.shop, self.aftercare = folder / "mails", shop, aftercare
        self.tea = shop.product("茶", "880", tax=8)
        self.deliver()

    def order(self, email, account=0):
        """Take a paid order."""
        return self.shop.checkout({self.tea: 1}, email=email, account=account, paid=True)

    def deliver(self):
        """Have everything arrive that the shop has to tell."""
        self.shop.deliver()
        self.aftercare.process()

    def wait(self, **time):
        """Let time pass."""
        self.shop.wait(**time)
        self.aftercare.advance(self.shop.now)

    def rows(self, table):
        """Return all that a table holds."""
        with self.aftercare.brand.database.read() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def states(self):
        """Return where the messages stand."""
        return [row["state"] for row in self.rows(messages)]

    def sent(self):
        """Return the mails that left."""
        return [file for file in self.mails.rglob("*") if file.is_file()]

    def known_of(self, *words, kind="order"):
        """Return which stored objects of a kind hold any of some words, in whatever column."""
        return [
            (row["kind"], row["id"])
            for row in self.rows(objects)
            if row["kind"] == kind and any(word in repr(row) for word in words)
        ]


@pytest.fixture
def open_world(tmp_path):
    """Open a shop with an engine that is connected to it."""
    number = iter(range(100))

    @contextmanager
    def opened(*, listing=False):
        folder = tmp_path / str(next(number))
        folder.mkdir()
        shop = FakeWooCommerce()
        config = {
            "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
            "database": {"url": f"sqlite:///{folder}/aftercare.db"},
            "shops": {
                "tea": {
                    "adapter": "woocommerce",
                    "secret": {"env": "WOO_SECRET"},
                    "currency": "JPY",
                    "url": shop.site.url,
                    "consumer_key": {"env": "WOO_KEY"},
                    "consumer_secret": {"env": "WOO_KEY_SECRET"},
                    "sync": listing,
                }
            },
            "channels": {
                "email": {"kind": "maildir", "path": str(folder / "mails"), "sender": "tea@brand.example"}
            },
            "plugins": {"flows": {"thank-you": {}}},
        }
        with (
            responses.RequestsMock(assert_all_requests_are_fired=False) as mock,
            Aftercare(
                config,
                clock=VirtualClock(shop.now),
                plugins={"woocommerce": aftercare_woocommerce.plugin},
                environ=ENVIRON,
            ) as aftercare,
        ):
            answer_in(mock, Api(shop))
            shop.queue.transport = lambda sent: (
                aftercare.receive("tea", RawRequest(sent.headers, sent.body)).status
            )
            client = RestClient(shop="tea", url=shop.site.url, consumer_key=KEY, consumer_secret=SECRET)
            install(client, shop="tea", url="https://aftercare.example/webhooks/tea", secret="s3cret")
            yield World(folder, shop, aftercare)
            with aftercare.brand.database.read() as connection:
                assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])

    return opened


def test_a_purchase_is_thanked_for(open_world):
    """Without an erasure the message of these tests leaves, and the address is among what is known."""
    with open_world() as world:
        order = world.order(SHO)
        world.deliver()
        assert [("order", str(order))] == world.known_of(SHO)
        world.wait(hours=5)
        assert (["accepted"], 1) == (world.states(), len(world.sent()))


@pytest.mark.parametrize("has_account", [False, True])
def test_an_erased_order(open_world, has_account):
    """Its person is in no stored order any more, and a message that was planned never leaves."""
    with open_world() as world:
        account = world.shop.customer(SHO, first_name="翔") if has_account else 0
        world.deliver()
        order = world.order(SHO, account)
        world.deliver()
        [planned] = world.states()
        assert "planned" == planned
        world.wait(minutes=10)
        assert [order] == world.shop.anonymise(SHO)
        world.deliver()
        assert [] == world.known_of(SHO, "翔", PLACEHOLDER, "[deleted]")
        world.wait(days=2)
        [ended] = world.states()
        assert ended in {"cancelled", "skipped"}
        assert ([], []) == (world.sent(), world.rows(copies))


@pytest.mark.parametrize("lost", [False, True])
def test_found_by_listing(open_world, lost):
    """A shop that is listed, too, forgets; also where the webhooks of the erasure were lost."""
    with open_world(listing=True) as world:
        order = world.order(SHO)
        world.deliver()
        world.wait(minutes=20)
        world.shop.anonymise(SHO)
        if lost:
            world.shop.queue.collect()
        world.deliver()
        world.wait(minutes=20)
        assert [] == world.known_of(SHO, PLACEHOLDER)
        assert [("order", str(order))] == world.known_of("")
        world.wait(days=2)
        assert [] == world.sent()


def test_late_webhooks_bring_nobody_back(open_world):
    """What was told before the erasure and arrives after it, in any order and twice, changes nothing."""
    for places in permutations(range(3)):
        with open_world() as world:
            order = world.order(SHO)
            first = world.shop.queue.collect()
            world.shop.wait(minutes=1)
            world.shop.edit(order, billing={"first_name": "翔"})
            second = world.shop.queue.collect()
            world.shop.wait(minutes=1)
            world.shop.anonymise(SHO)
            told = (first, second, world.shop.queue.collect())
            assert all(told)
            for place in (*places, *places):
                for delivery in told[place]:
                    world.shop.queue.send(delivery)
                world.aftercare.process()
            assert [] == world.known_of(SHO, "翔", PLACEHOLDER), places
            world.wait(days=2)
            assert ([], []) == (world.known_of(SHO, "翔", PLACEHOLDER), world.sent()), places


def test_the_placeholder_is_nobody(open_world):
    """All whom WooCommerce erases get one address, which makes them no more one person than before."""
    with open_world() as world:
        orders = [world.order(SHO), world.order(MEI)]
        world.deliver()
        for email in (SHO, MEI):
            world.shop.anonymise(email)
        world.deliver()
        # One that was erased before anybody told of it.
        orders.append(world.order("rin@example.jp"))
        world.shop.queue.collect()
        world.shop.anonymise("rin@example.jp")
        world.deliver()
        world.wait(hours=12)
        people = world.rows(identities)
        assert [] == [row for row in people if PLACEHOLDER in row["value"]]
        mine = [row for row in people if row["value"] in {SHO, MEI}]
        assert 2 == len({row["customer"] for row in mine})
        assert len(orders) == len({row["identity"] for row in world.rows(objects) if row["kind"] == "order"})
        assert len({row["customer"] for row in people}) == len(world.rows(customers))
        world.wait(days=2)
        assert [] == [row for row in world.rows(identities) if row["value"] in {SHO, MEI}]
        assert [] == world.sent()


def test_a_guest_is_erased_like_anybody_who_asks_for_it(open_world):
    """A day after each of their orders, by the function that serves other platforms (LAW-15, LAW-20)."""
    with open_world() as world:
        orders = [world.order(SHO), world.order(SHO)]
        world.deliver()
        world.wait(hours=5)
        # The tool does one page at a time.
        assert [orders[0]] == world.shop.anonymise(SHO, most=1)
        world.deliver()
        world.wait(hours=12)
        assert [orders[1]] == world.shop.anonymise(SHO)
        world.deliver()
        world.wait(days=2)
        assert {"erased"} == {row["note"] for row in world.rows(privacy_requests)}
        assert {True} == {row["settled_at"] < row["due_at"] for row in world.rows(privacy_requests)}
        assert [] == [
            row for table in metadata.sorted_tables for row in world.rows(table) if SHO in repr(row)
        ]
        with world.aftercare.brand.database.read() as connection:
            bodies = [row.body for row in journal.listing(connection) if row.body]
        assert bodies
        assert [] == [body for body in bodies if SHO.encode() in body]


def test_a_deleted_account(open_world):
    """WooCommerce's tool keeps the account; when it is deleted there, its person is forgotten here."""
    with open_world() as world:
        account = world.shop.customer(SHO, first_name="翔")
        order = world.order(SHO, account)
        world.deliver()
        world.wait(minutes=10)
        world.shop.anonymise(SHO)
        world.deliver()
        assert [("customer", str(account))] == world.known_of("翔", kind="customer")
        world.wait(minutes=10)
        world.shop.delete_customer(account)
        world.deliver()
        # The notice has no date, so the account is looked for.
        world.wait(minutes=10)
        told = project(world.aftercare.brand.database).objects["customer", str(account)]
        assert (None, True) == (told["contact"], told["deleted"])
        # Its address stays known as one that it had: what was bought with it is joined by it.
        assert [] == world.known_of("翔", kind="customer")
        assert [] == world.known_of(SHO, "翔")
        assert [("order", str(order))] == world.known_of("")
