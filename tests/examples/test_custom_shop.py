"""A home-made shop and aftercare, each behind a real socket: what one does, the other knows."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import make_server

from aftercare_customshop import plugin
from aftercare_customshop.effects import Effects
from aftercare_customshop.signing import new_secret, signed
from aftercare_sdk import Aftercare, AftercareHooks, RawRequest, hookimpl
from aftercare_sdk.actions import Discount, GrantReward, Money, TagCustomer
from aftercare_sdk.engine.clock import SystemClock, VirtualClock
from aftercare_sdk.engine.performing import PATIENCE
from aftercare_sdk.store import commands, events, journal, reads, streams

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_shop"
START = datetime(2026, 5, 1, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOWHERE = "http://127.0.0.1:9/webhooks/main"
ANN = "ann@customer.example"


class Thanks(AftercareHooks):
    """A program: 500 yen off the next order, and a value that the shop shows with the account."""

    @hookimpl
    def on_purchase(self, event, ctx):
        off = Discount(amount=Money(500, "JPY"))
        reason = "a test wants it"
        return [
            GrantReward(label="next", discount=off, valid_for=30 * DAY, products=("tea",), reason=reason),
            TagCustomer(name="tier", value="silver", reason=reason),
        ]


@contextmanager
def serving(app):
    """Serve an application over a real socket on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def load_app_module():
    """Import app.py as Flask does, from the folder where it lies."""
    spec = importlib.util.spec_from_file_location("custom_shop_app", EXAMPLE / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class World:
    """The shop, the engine, and what a customer and a test can do."""

    def __init__(self, folder, secret, clock):
        self.clock = clock
        self.secret = secret
        self.shop = load_app_module().create_app(
            str(folder / "shop.db"), secret=secret, aftercare=NOWHERE, clock=clock.now
        )
        self.store = self.shop.extensions["store"]
        self.asked = []
        self.shop.before_request(self._note)
        self.door = Flask("door")
        self.door.post("/webhooks/main")(self._receive)
        self.lost = False

    def _note(self):
        if request.path == "/aftercare":
            self.asked.append(request.get_json()["type"])

    def _receive(self):
        if self.lost:
            return "lost on the way", 502
        reply = self.engine.receive("main", RawRequest(dict(request.headers), request.get_data()))
        return reply.body, reply.status

    def open(self, folder, address):
        """Start the engine, which finds the shop at an address."""
        self.address = f"{address}/aftercare"
        self.engine = Aftercare(
            {
                "brand": {"name": "Hibi Coffee", "locale": "en", "zone": "UTC"},
                "database": {"url": f"sqlite:///{folder}/aftercare.db"},
                "shops": {
                    "main": {
                        "adapter": "customshop",
                        "secret": {"env": "SHOP_SECRET"},
                        "currency": "JPY",
                        "read_url": self.address,
                        "effects_url": self.address,
                        "page_size": 2,
                        "assume_delivered": False,
                    }
                },
            },
            clock=self.clock,
            plugins={"customshop": plugin, "thanks": Thanks()},
            environ={"SHOP_SECRET": self.secret},
        )

    def buy(self, id, **more):  # noqa: A002 - as in the order
        """Place an order in the shop, as a browser does; return whether aftercare could be told."""
        order = {
            "id": id,
            "total": "1580",
            "shipping": "500",
            "lines": [{"id": 1, "title": "Green tea", "quantity": 1, "paid": "1080", "product": "tea"}],
            "contact": {"email": ANN, "full_name": "Ann Archer"},
            **more,
        }
        answer = self.shop.test_client().post("/orders", json=order)
        return answer.get_json()["told"]

    def account(self, number):
        """Make an account, of which nobody is told."""
        told = {"id": number, "updated_at": self.clock.now().isoformat(timespec="microseconds")}
        self.store.put("customer", {**told, "contact": {"email": ANN}})

    def run(self, length):
        """Do all that is due for some time."""
        self.engine.advance(self.clock.now() + length)

    def skip(self, length):
        """Let time pass, and do then what has become due."""
        self.clock.move(self.clock.now() + length)
        self.run(MINUTE)

    def events(self):
        """Return the ids of all events."""
        with self.engine.brand.database.read() as connection:
            return sorted(known.event.id for known in events.everything(connection))

    def commands(self):
        """Return what is to be done in the shop: kind, state, and the shop's name for it."""
        with self.engine.brand.database.read() as connection:
            everybody = [known.identity for known in events.everything(connection)]
            found = commands.of_identities(connection, everybody)
        return sorted((each.kind, each.state.value, each.reference) for each in found)

    def rows(self, table):
        """Return what stands in a table of the shop."""
        with self.store.open() as database:
            return database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - a test


@pytest.fixture
def world(tmp_path):
    """A shop and an engine that know of each other."""
    made = World(tmp_path, new_secret(), VirtualClock(START))
    with serving(made.shop) as shop, serving(made.door) as door:
        made.shop.config["AFTERCARE_URL"] = f"{door}/webhooks/main"
        made.open(tmp_path, shop)
        with made.engine:
            yield made


def test_what_webhooks_lost_is_found(world):
    """Half of the messages get lost; after the next listing all purchases are known, each once."""
    world.run(MINUTE)
    told = []
    for number in range(1, 8):
        world.lost = number % 2 == 0
        told.append(world.buy(f"{number}"))
        world.run(MINUTE)
    assert [True, False, True, False, True, False, True] == told
    assert [f"main/order/{number}/purchase" for number in (1, 3, 5, 7)] == world.events()
    world.run(HOUR)
    assert [f"main/order/{number}/purchase" for number in range(1, 8)] == world.events()
    with world.engine.brand.database.read() as connection:
        told = [each.outcome for each in journal.listing(connection) if each.kind is journal.Kind.SYNC]
    found = [order for outcome in told for order in re.findall(r"order (\d+): first seen", outcome)]
    assert ["2", "4", "6"] == sorted(found)


def test_by_message_or_by_listing_a_reward_appears_in_the_shop(world):
    """The code is made for one person, and the account shows the value; each once."""
    world.run(MINUTE)
    world.account("88")
    world.run(HOUR)
    world.buy("1", customer="88")
    world.lost = True
    world.buy("2", customer="88")
    world.run(HOUR)
    codes = world.rows("codes")
    assert 2 == len(codes)
    terms = json.loads(codes[0][1])
    assert (ANN, "500", "JPY", ["tea"], None, False) == (
        terms["email"],
        terms["amount"],
        terms["currency"],
        terms["products"],
        terms["percent"],
        terms["free_shipping"],
    )
    assert [("88", "tier", "silver")] == world.rows("tags")
    assert [
        *(("IssueCode", "done", code) for code, _, _ in codes),
        ("TagCustomer", "done", ""),
    ] == world.commands()


def test_a_crash_after_the_code_was_made_makes_no_second_one(world, monkeypatch):
    """The worker dies before it writes down what it did; the next one asks again, and finds it."""
    world.run(MINUTE)
    perform = Effects.perform

    def dies(self, command):
        perform(self, command)
        raise KeyboardInterrupt

    world.buy("1")
    world.engine.process()
    monkeypatch.setattr(Effects, "perform", dies)
    with pytest.raises(KeyboardInterrupt):
        world.engine.perform()
    assert 1 == len(world.rows("codes"))
    assert [] == [each for each in world.commands() if each[1] == "done"]
    monkeypatch.setattr(Effects, "perform", perform)
    world.run(PATIENCE + MINUTE)
    assert 2 == world.asked.count("discount_code.issue")
    [(code, _, usable)] = world.rows("codes")
    assert 1 == usable
    assert ("IssueCode", "done", code) in world.commands()


def test_an_edit_without_a_date_and_a_deletion_are_found(world):
    """The listing of everything shows both, which no message told of."""
    world.run(MINUTE)
    for number in ("1", "2", "3"):
        world.buy(number)
        world.run(MINUTE)
    world.store.delete("order", "2")
    edited = world.store.get("order", "3")
    refund = {"id": "R", "amount": "500", "refunded_at": edited["placed_at"], "lines": []}
    world.store.put("order", {**edited, "refunds": [refund]})
    world.run(HOUR)
    assert "main/order/2/cancellation" not in world.events()
    world.skip(DAY)
    assert {"main/order/2/cancellation", "main/order/3/refund/R"} <= set(world.events())
    with world.engine.brand.database.read() as connection:
        assert [] == reads.listing(connection)


def test_an_address_that_is_gone_deletes_nothing(world):
    """A shop that is put up without its endpoint answers 404 to everything, and has lost no order."""
    world.run(MINUTE)
    world.buy("1")
    world.run(MINUTE)
    world.shop.view_functions["aftercare_asks"] = lambda: ({"error": "Not Found"}, 404)
    world.skip(2 * DAY)
    assert ["main/order/1/purchase"] == world.events()
    with world.engine.brand.database.read() as connection:
        problems = {one.error.partition(":")[0] for one in streams.listing(connection)}
    assert {"ConfigurationError"} == problems - {""}  # one listing may not have had its turn yet


@pytest.mark.parametrize("wrong", ["secret", "body", "time", "header"])
def test_the_shop_takes_only_what_is_signed(world, wrong):
    """Anybody may post to the address; nobody else gets an order or a discount code."""
    now = SystemClock().now() - (HOUR if wrong == "time" else 0 * HOUR)
    message = {"type": "orders.list", "data": {"updated_since": None, "cursor": None, "limit": 1}}
    raw = signed(new_secret() if wrong == "secret" else world.secret, message, now)
    headers = dict(raw.headers)
    if wrong == "header":
        headers["webhook-signature"] = "v1"
    body = raw.body + (b" " if wrong == "body" else b"")
    assert 401 == requests.post(world.address, data=body, headers=headers, timeout=10).status_code


def test_the_order_of_the_example_is_a_purchase(world):
    """The one that the README posts."""
    world.run(MINUTE)
    assert world.buy(**json.loads((EXAMPLE / "order.json").read_text(encoding="utf-8")))
    world.run(MINUTE)
    assert ["main/order/1042/purchase"] == world.events()


def test_the_configuration_of_the_example_is_good(monkeypatch, tmp_path):
    """As it lies there."""
    text = (EXAMPLE / "aftercare.toml").read_text(encoding="utf-8")
    (tmp_path / "aftercare.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SHOP_SECRET", new_secret())
    with Aftercare.from_config(tmp_path / "aftercare.toml") as engine:
        adapter = engine.brand.shops["main"].adapter
        assert ["orders", "orders-all", "customers", "customers-all", "products", "products-all"] == [
            each.name for each in adapter.streams
        ]
