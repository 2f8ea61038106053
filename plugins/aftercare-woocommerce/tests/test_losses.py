"""What WooCommerce's webhooks lose is found by listing the shop: the whole engine against the fake shop."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import responses

import aftercare_woocommerce
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.recovered import Fate, recovered
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.store import journal, reads, streams
from aftercare_sdk.store.journal import State
from aftercare_sdk.testing.projection import project
from aftercare_woocommerce import sync
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in
from aftercare_woocommerce.webhooks import install

DAY = timedelta(days=1)
ENVIRON = {"WOO_SECRET": "s3cret", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}


@pytest.fixture(autouse=True)
def seldom(monkeypatch):
    """List twice a day, so that a month takes seconds."""
    often = [replace(each, every=max(each.every, DAY / 2)) for each in sync.STREAMS]
    monkeypatch.setattr(sync, "STREAMS", tuple(often))


@contextmanager
def world(folder, *, listing, posts=False):
    """Run a shop and an engine that is connected to it. With `posts` it is an older one: orders are posts."""
    shop = FakeWooCommerce(hpos=False, release="7.9.0") if posts else FakeWooCommerce()
    url = shop.site.url
    config = {
        "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": f"sqlite:///{folder}/aftercare.db"},
        "shops": {
            "tea": {
                "adapter": "woocommerce",
                "secret": {"env": "WOO_SECRET"},
                "currency": "JPY",
                "url": url,
                "consumer_key": {"env": "WOO_KEY"},
                "consumer_secret": {"env": "WOO_KEY_SECRET"},
                "sync": listing,
            }
        },
    }
    folder.mkdir()
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
        client = RestClient(shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET)
        install(client, shop="tea", url="https://aftercare.example/webhooks/tea", secret="s3cret")
        yield shop, aftercare


def a_month(shop, seed, meanwhile):
    """Let a shop do business; `meanwhile` is called after everything that happens."""
    chance = random.Random(seed)  # noqa: S311
    products = [shop.product(name, price, tax=8) for name, price in (("茶", "880"), ("珈琲", "1620"))]
    accounts = [shop.customer(f"a{number}@example.jp", first_name=f"花{number}") for number in range(3)]
    acts = [
        shop.pay,
        shop.pay,
        shop.complete,
        lambda order: shop.refund(order, lines={0: 1}) if shop.refundable(order) >= 1620 else None,
        lambda order: shop.refund(order, amount="100") if shop.refundable(order) > 100 else None,
        lambda order: shop.set_status(order, "cancelled"),
        shop.trash,
        lambda order: shop.edit(order, billing={"email": f"new{order}@example.jp"}),
    ]
    for _ in range(40):
        shop.wait(hours=chance.randint(1, 12), seconds=chance.randint(0, 59))
        # A cancelled order that lives on, and is cancelled again, has forgotten the first time: if nobody was
        # told of it, nobody can find it.
        over = ("trash", "cancelled")
        live = [number for number, order in shop.orders.items() if order.status not in over]
        if not live or chance.random() < 0.4:
            account = chance.choice([0, *accounts])
            email = "" if account else f"guest{chance.randint(1, 5)}@example.jp"
            shop.checkout({chance.choice(products): chance.randint(1, 3)}, email=email, account=account)
        else:
            chance.choice(acts)(chance.choice(live))
        meanwhile()


def known(aftercare):
    """Return what the engine knows, once nothing waits and nothing is parked."""
    with aftercare.brand.database.read() as connection:
        assert [] == reads.listing(connection)
        assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])
    return project(aftercare.brand.database)


def run(folder, seed, *, listing, posts=False, after=lambda _: None, lived=lambda _: None, **network):
    """Live through a month over a network, and return what is known some days later.

    `after` the month something happens in the shop; when it is `lived` through, something is looked at.
    """
    dice = random.Random(seed)  # noqa: S311
    with world(folder, listing=listing, posts=posts) as (shop, aftercare):

        def meanwhile():
            aftercare.advance(shop.now)
            shop.deliver(chance=dice, **network)

        a_month(shop, seed, meanwhile)
        after(shop)
        # Two days for the listings of everything, and some for parcels to arrive.
        for _ in range(5):
            shop.wait(days=1)
            aftercare.advance(shop.now)
        lived(aftercare)
        return known(aftercare)


@pytest.mark.parametrize(("seed", "posts"), [(1, False), (2, True)])
def test_a_fifth_is_lost(tmp_path, seed, posts):
    """With 20 % of the webhooks lost and the rest repeated and shuffled, the same is known in the end."""
    expected = run(tmp_path / "good", seed, listing=False, posts=posts)
    lossy = {"lose": 0.2, "repeat": 0.5, "shuffle": True}
    assert expected == run(tmp_path / "bad", seed, listing=True, posts=posts, **lossy)
    assert expected.events


def test_a_notice_of_the_wrong_object(tmp_path):
    """An older shop tells of a trashed order as a deleted product, too: lost or not, it is all the same."""

    def told(folder, *, lost):
        with world(folder, listing=True, posts=True) as (shop, aftercare):
            order = shop.checkout({shop.product("茶", "880", tax=8): 1}, email="a@example.jp", paid=True)
            shop.deliver()
            aftercare.advance(shop.now)
            shop.wait(hours=1)
            shop.trash(order)
            notices = shop.queue.collect()
            assert ("product.deleted", {"id": order}) in [
                (each.topic, json.loads(each.body)) for each in notices
            ]
            for notice in notices:
                if not (lost and notice.topic == "product.deleted"):
                    shop.queue.send(notice)
            for _ in range(4):
                aftercare.advance(shop.now)
                shop.wait(days=1)
            return str(order), known(aftercare)

    order, expected = told(tmp_path / "good", lost=False)
    assert [("order", order)] == [key for key in expected.objects if key[1] == order]
    assert (order, expected) == told(tmp_path / "bad", lost=True)


@contextmanager
def once_more(monkeypatch):
    """List everything now, and never again by itself."""
    seldom = [replace(each, every=90 * DAY) for each in sync.STREAMS]
    monkeypatch.setattr(sync, "STREAMS", tuple(seldom))

    def listed(aftercare):
        with aftercare.brand.database.write() as connection:
            mark = journal.newest(connection)
            streams.hurry(connection, aftercare.listings(), aftercare.clock.now())
        aftercare.run_due()
        with aftercare.brand.database.read() as connection:
            found = recovered(connection, journal.discoveries(connection, after=mark))
            closed = sum(one.closed for one in streams.listing(connection))
        return {(one.kind, one.id): one for one in found}, closed

    yield listed


@pytest.mark.parametrize("seed", [1, 2])
def test_the_report_names_what_was_recovered(tmp_path, monkeypatch, seed):
    """Every object of which webhooks had lost something, and no other; also what of it was lost."""
    expected = run(tmp_path / "good", seed, listing=False)
    with once_more(monkeypatch) as listed:
        told = {}

        def lived(aftercare):
            told["before"] = known(aftercare)
            told["report"], told["closed"] = listed(aftercare)

        lossy = {"lose": 0.2, "repeat": 0.5, "shuffle": True}
        after = run(tmp_path / "bad", seed, listing=True, lived=lived, **lossy)
    assert expected == after
    before, report = told["before"].objects, told["report"]
    assert {key for key in expected.objects if expected.objects[key] != before.get(key)} == report.keys()
    for key, one in report.items():
        assert (Fate.CHANGED if key in before else Fate.NEW) == one.fate
        assert bool(one.parts) == (one.fate is Fate.CHANGED)
        named = {(part.what, part.id) for part in one.parts}
        if key[0] == "order" and key in before:
            lost = expected.objects[key]["refunds"].keys() - before[key]["refunds"].keys()
            assert {("refund", id_) for id_ in lost} <= named
            shipped = expected.objects[key]["shipments"] != before[key]["shipments"]
            assert shipped == ("shipment" in {what for what, _ in named})
    assert len(report) == told["closed"]
    assert report


def test_nothing_is_recovered_where_nothing_was_lost(tmp_path, monkeypatch):
    """A listing that tells what webhooks have told has found nothing, even if it tells more of it."""
    with once_more(monkeypatch) as listed:
        told = []
        run(tmp_path / "good", 1, listing=True, lived=lambda aftercare: told.append(listed(aftercare)))
    assert [({}, 0)] == told


def test_without_webhooks(tmp_path):
    """A shop whose webhooks are all lost is known all the same."""
    assert run(tmp_path / "good", 4, listing=False).events.keys() == (
        run(tmp_path / "bad", 4, listing=True, lose=1.0).events.keys()
    )


def test_without_a_trace(tmp_path):
    """A deleted refund, an edit in the database and an order deleted for good are found by name."""

    def after(shop):
        refund = next(iter(shop.refunds.values()))
        shop.delete_refund(refund.id)
        untouched = [number for number in shop.orders if number != refund.order]
        shop.edit_silently(untouched[0], billing={"email": "silent@example.jp"})
        shop.delete_order(untouched[1])
        after.done = (refund.order, refund.id, untouched[0], untouched[1])

    found = {}

    def lived(aftercare):
        since = aftercare.clock.now() - 5 * DAY
        with aftercare.brand.database.read() as connection:
            report = recovered(connection, journal.discoveries(connection, since=since))
        found.update({one.id: one for one in report if one.kind == "order"})

    told = run(tmp_path / "a", 5, listing=True, after=after, lived=lived)
    order, refund, edited, deleted = after.done
    assert {str(order), str(edited), str(deleted)} == found.keys()
    assert ("refund_withdrawn", str(refund)) in {(part.what, part.id) for part in found[str(order)].parts}
    assert ["contact"] == [part.what for part in found[str(edited)].parts]
    assert Fate.DELETED is found[str(deleted)].fate
    assert {("orders-all",)} == {one.listings for one in found.values()}
    assert "silent" not in repr(found)
    assert [str(refund)] == told.objects["order", str(order)]["withdrawn"]
    assert "silent@example.jp" in str(told.objects["order", str(edited)]["mailbox"])
    assert (
        told.objects["order", str(deleted)]["cancellations"]
        or told.events[f"tea/order/{deleted}/cancellation"]
    )
