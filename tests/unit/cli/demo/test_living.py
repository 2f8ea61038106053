from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import requests

from aftercare_customshop.export import json_schema
from aftercare_customshop.signing import new_secret, signed
from aftercare_sdk.cli.demo.living import BEGINS_AT, HANAKO, LISTED_AFTER, SCENES, Act, live
from aftercare_sdk.cli.demo.report import report
from aftercare_sdk.cli.demo.shops import Item, Network, customshop, kinds, shopify, woocommerce
from aftercare_sdk.cli.demo.steps import StepKind, steps
from aftercare_sdk.cli.demo.story import ZONE
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store.commands import CommandState
from aftercare_sdk.store.database import Database
from aftercare_sdk.testing.projection import project


def facts(folder):
    """Return what the engine knew in the end."""
    database = Database(f"sqlite:///{folder / 'living.db'}")
    try:
        return project(database)
    finally:
        database.close()


@pytest.fixture
def told(living):
    """Return what happened, in English."""
    speaker = Speaker("en", ZoneInfo(ZONE))
    return steps(living, report(living.story, speaker))


def test_it_ends_as_if_nothing_had_been_lost(living, lived_in, tmp_path):
    """The same facts, the same mails at the same times, and the same coupon."""
    seen = []
    good = live(kinds(), tmp_path, good=True, progress=seen.append)
    assert [] == list(facts(tmp_path).differences(facts(lived_in)))
    assert any(one.network is Network.LOST for one in living.happened)
    assert {Network.GOOD} == {one.network for one in good.happened}
    assert sent(good) == sent(living)
    assert [("shopify", each.code) for _, each in coupons(good)] == [
        (shop, coupon.code) for shop, coupon in coupons(living)
    ]
    assert list(range(1, len(SCENES) + 1)) == seen


def coupons(living):
    """Return what coupons there are, and in which shop."""
    return [(shop.name, coupon) for shop in living.shops for coupon in shop.coupons]


def sent(living):
    """Return which mails left when."""
    return [
        (one.object, one.label, one.final_at)
        for one in living.story.messages
        if one.state is MessageState.ACCEPTED
    ]


def test_webhooks_go_over_http_and_some_are_lost(living):
    """Each answer is the endpoint's own; what was lost was never posted."""
    by_network = {one.network: one.sent for one in living.happened if one.sent.webhooks}
    assert () == by_network[Network.LOST].statuses
    twice = living.happened[0].sent
    assert (Network.TWICE, 2 * twice.webhooks) == (living.happened[0].network, len(twice.statuses))
    assert {202} == {status for one in living.happened for status in one.sent.statuses}
    assert [14, 20, 1] == [shop.webhooks for shop in living.shops]


def test_every_loss_is_found_by_name(living):
    """Also the deletion of which no webhook tells; and nothing else is found."""
    lost = {one.order for one in living.happened if one.network is Network.LOST or one.act is Act.DELETE}
    assert lost == {one.id for found in living.found for one in found.objects}


def test_a_coupon_is_in_the_shop_and_was_used(living):
    """For one person, once; she bought with it."""
    (reward,) = living.rewards
    ((shop, coupon),) = coupons(living)
    assert shop == reward.shop
    assert CommandState.DONE is reward.state
    assert ((HANAKO.email,), "10%", 1) == (coupon.emails, coupon.off, coupon.used)
    assert [coupon.code] == [one.code for one in living.happened if one.code]


def test_steps_are_in_order_and_in_words(told):
    """What happened, what was lost, found, sent and not sent; each at its own moment."""
    assert [step.at for step in told] == sorted(step.at for step in told)
    assert set(StepKind) == {step.kind for step in told}
    assert [] == [step for step in told if "—" in step.text + step.aside or "demo." in step.text + step.aside]


def test_it_is_always_the_same(living, tmp_path, told, monkeypatch):
    """To the letter, with its discount code; also if its ports are taken. No thread of it is left."""
    before = set(threading.enumerate())
    with ExitStack() as taken:
        for shop in (woocommerce, shopify, customshop):
            other = taken.enter_context(socket.create_server(("127.0.0.1", 0)))
            monkeypatch.setattr(shop, "PORT", other.getsockname()[1])
        again = live(kinds(), tmp_path)
    assert told == steps(again, report(again.story, Speaker("en", ZoneInfo(ZONE))))
    assert living.shops == again.shops
    assert [] == [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]


def another(name):
    """Return a kind of shop that goes by a name of its own."""

    @contextmanager
    def opened(now, post):
        with woocommerce.opened(now, post) as shop:
            shop.name = name
            yield shop

    return replace(woocommerce.KIND, open=opened)


def test_several_shops_of_a_kind_are_one_brand(tmp_path):
    """Who bought in one with an account and in another as a guest is one customer, and has bought twice."""
    living = live([another("one"), another("two"), another("three")], tmp_path)
    assert {"one", "two", "three"} == {one.shop for one in living.happened}
    assert [("two", CommandState.DONE)] == [(one.shop, one.state) for one in living.rewards]
    assert [0, 1, 0] == [sum(coupon.used for coupon in shop.coupons) for shop in living.shops]
    told = steps(living, report(living.story, Speaker("en", ZoneInfo(ZONE))))
    assert all(step.text.startswith("WooCommerce: ") for step in told)


@pytest.mark.parametrize("kind", [shopify.KIND, customshop.KIND], ids=lambda kind: kind.plugin)
def test_each_kind_of_shop_can_do_it_alone(kind, tmp_path):
    """Whatever else is installed: losses are found, and a coupon is made and used."""
    living = live([kind], tmp_path)
    assert [MessageState.ACCEPTED] * 5 + [MessageState.CANCELLED] + [MessageState.SKIPPED] * 2 == sorted(
        (one.state for one in living.story.messages), key=str
    )
    ((_, coupon),) = coupons(living)
    assert ((HANAKO.email,), "10%", 1) == (coupon.emails, coupon.off, coupon.used)
    assert {one.order for one in living.happened if one.network is Network.LOST} <= {
        one.id for found in living.found for one in found.objects
    }


class TestCustomShop:
    """The home-made shop, where the story of the demo does not lead."""

    @pytest.fixture
    def posted(self):
        """Hold what it posts."""
        return []

    @pytest.fixture
    def shop(self, posted):
        """Open it."""

        def post(url, headers, body):
            posted.append((url, headers, json.loads(body)))
            return 202

        with customshop.opened(BEGINS_AT, post) as shop:
            shop.connect("http://127.0.0.1/webhooks/custom")
            yield shop

    def ask(self, shop, kind, data, secret=""):
        """Ask it something, signed as the engine does."""
        message = {"type": kind, "timestamp": BEGINS_AT.isoformat(), "data": data}
        secret = secret or shop.environ["DEMO_CUSTOM_SECRET"]
        request = signed(secret, message, SystemClock().now())
        answer = requests.post(
            shop.settings["read_url"], data=request.body, headers=dict(request.headers), timeout=10
        )
        return answer.status_code, answer.json()

    def test_every_message_and_answer_keeps_to_the_format(self, shop, posted):
        """The schemas of the plugin say so."""
        order = shop.buy(HANAKO, Item.TEA, 2, account=True)
        shop.ship(order)
        shop.tell(Network.TWICE)
        status, told = self.ask(shop, "order.get", {"id": order})
        assert (200, ["1"]) == (status, [parcel["id"] for parcel in told["shipments"]])
        created, updated = "order.created", "order.updated"
        assert [updated, created, created, updated] == [body["type"] for _, _, body in posted]
        for _, _, body in posted:
            jsonschema.validate(body, json_schema())

    def test_it_lists_page_by_page(self, shop):
        """Behind the cursor, in the order of the last change."""
        orders = [shop.buy(HANAKO, Item.TEA, 1) for _ in range(3)]
        asked = {"updated_since": BEGINS_AT.isoformat(), "cursor": None, "limit": 2}
        _, first = self.ask(shop, "orders.list", asked)
        _, second = self.ask(shop, "orders.list", {**asked, "cursor": first["next"]})
        assert orders == [each["id"] for page in (first, second) for each in page["items"]]
        assert second["next"] is None
        later = (BEGINS_AT + LISTED_AFTER).isoformat()
        assert [] == self.ask(shop, "orders.list", {**asked, "updated_since": later})[1]["items"]

    def test_what_it_does_not_know_it_refuses(self, shop):
        """A stranger, a question, an order."""
        assert 401 == self.ask(shop, "orders.list", {}, new_secret())[0]
        assert (422, {"reason": "unknown_type"}) == self.ask(shop, "review.write", {})
        assert (404, {"gone": True}) == self.ask(shop, "order.get", {"id": "7"})
