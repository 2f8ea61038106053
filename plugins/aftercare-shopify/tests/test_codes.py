"""What becomes of our discounts in the shop: translated, read, and carried through to the points."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations

import pytest
import responses

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.shops import Gone, Ignored, NeedsRead, RawRequest, Ref, Webhook
from aftercare_sdk.store import redemptions
from aftercare_shopify import fake, plugin
from aftercare_shopify.fake import Api, FakeShopify, answer_in
from aftercare_shopify.webhooks import TOPICS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class World:
    """A shop whose one customer has redeemed a reward, and the engine that is told of it."""

    def __init__(self, mock, folder):
        self.waiting = []
        self.shop = FakeShopify(deliver=lambda each: self.waiting.append(each) or 200)
        self.shop.configure("https://aftercare.example/webhooks/main", TOPICS)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        self.aftercare = Aftercare(
            {
                "brand": {"name": "Hibi Coffee", "country": "JP", "locale": "ja"},
                "database": {"url": f"sqlite:///{folder}/aftercare.db"},
                "shops": {
                    "main": {
                        "adapter": "shopify",
                        "domain": self.shop.domain,
                        "secret": {"env": "SECRET"},
                        "access_token": {"env": "TOKEN"},
                        "sync": False,
                    }
                },
                "plugins": {
                    "loyalty": {
                        "points": {"JPY": "1 per 1"},
                        "return_period": "1 day",
                        "rewards": {"gift": {"cost": 500, "amount": {"JPY": 300}, "valid_for": "10 days"}},
                    }
                },
            },
            clock=VirtualClock(self.shop.now),
            plugins={"shopify": plugin},
            environ={"SECRET": fake.SECRET, "TOKEN": fake.TOKEN},
        )
        self.tea = self.shop.add_product("茶", "1080")
        self.hana = self.shop.add_customer("hana@customer.example", first_name="花")
        bought = self.shop.order({self.tea: 1}, customer=self.hana, paid=True)
        self.shop.fulfil(bought)
        self.shop.deliver_parcel(bought)
        self.tell()
        self.run(3 * DAY)
        self.reward = self.aftercare.redeem("main", str(self.hana), "gift", request="a click")
        self.run(HOUR)
        [self.discount] = self.shop.discounts
        self.tell()

    @property
    def gid(self):
        """What Shopify calls the discount of the reward."""
        return f"gid://shopify/DiscountCodeNode/{self.discount}"

    @property
    def adapter(self):
        """The adapter of the shop."""
        return self.aftercare.brand.adapter("main")

    def tell(self):
        """Let the shop deliver what waits, and the engine do what follows."""
        for each in self.take():
            self.post(each)
        self.run(timedelta(minutes=1))

    def take(self):
        """Take what the shop has to tell, unsent."""
        self.shop.deliver()
        taken, self.waiting = self.waiting, []
        return taken

    def post(self, each):
        """Receive one webhook."""
        assert 202 == self.aftercare.receive("main", RawRequest(dict(each.headers), each.body)).status

    def run(self, length):
        """Let time pass in the shop and in the engine."""
        self.aftercare.advance(self.shop.wait(seconds=length.total_seconds()))

    def change(self, name, **variables):
        """Do something in the shop, as its staff does."""
        text = f"mutation Staff($id: ID!) {{ {name}(id: $id) {{ userErrors {{ message }} }} }}"
        self.graphql(text, {"id": self.gid, **variables})

    def end_at(self, at):
        """Have the discount end at another moment."""
        text = (
            "mutation Staff($id: ID!, $ends: DateTime) { discountCodeBasicUpdate(id: $id, "
            "basicCodeDiscount: {endsAt: $ends}) { userErrors { message } } }"
        )
        self.graphql(text, {"id": self.gid, "ends": at.isoformat()})

    def graphql(self, text, variables):
        """Ask the shop as somebody of its staff."""
        import requests

        answer = requests.post(
            f"https://{self.shop.domain}/admin/api/2026-07/graphql.json",
            headers={"X-Shopify-Access-Token": fake.TOKEN},
            json={"query": text, "variables": variables},
            timeout=5,
        ).json()
        assert "errors" not in answer, answer
        assert [{"userErrors": []}] == list(answer["data"].values())

    @property
    def standing(self):
        """State of the reward, and whether its points are spent."""
        with self.aftercare.brand.database.read() as connection:
            one = redemptions.get(connection, self.reward.key)
        return one.state.value, one.spent


@pytest.fixture
def world(tmp_path):
    """The shop; nothing leaves this process."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = World(mock, tmp_path)
        yield made
        made.aftercare.close()


def translated(adapter, topic, **body):
    """Translate a webhook."""
    [told] = adapter.translate(Webhook(topic=topic, body=json.dumps(body).encode()))
    return told


# ---- what webhooks tell, and reads


def test_a_change_of_our_discount_makes_it_be_read(world):
    """A webhook tells neither the code nor the end."""
    world.change("discountCodeDeactivate")
    [delivery] = world.take()
    [told] = world.adapter.translate(Webhook(topic="discounts/update", body=delivery.body))
    assert isinstance(told, NeedsRead)
    assert Ref("code", world.gid) == told.ref


def test_discounts_of_the_shop_itself_are_ignored(world):
    """Those that are given by themselves as those by code; of a body without a title nobody knows."""
    told = [
        translated(
            world.adapter, "discounts/update", admin_graphql_api_id=f"gid://shopify/{kind}/1", **titled
        )
        for kind, titled in (
            ("DiscountAutomaticNode", {"title": "Free shipping"}),
            ("DiscountCodeNode", {"title": "Spring"}),
            ("DiscountCodeNode", {}),
        )
    ]
    assert [Ignored, Ignored, NeedsRead] == [type(one) for one in told]


def test_a_deletion_is_told_by_its_id_and_date(world):
    """That is all that there is to know."""
    told = translated(
        world.adapter,
        "discounts/delete",
        admin_graphql_api_id="gid://shopify/DiscountCodeNode/1",
        deleted_at="2026-08-29T13:00:00-04:00",
    )
    assert isinstance(told, CodeSnapshot)
    assert ("gid://shopify/DiscountCodeNode/1", None, False, "2026-08-29T17:00:00+00:00") == (
        told.id,
        told.code,
        told.active,
        told.version.modified_at.isoformat(),
    )


def test_what_is_read_of_a_discount(world):
    """Its code, and when it ends; it is known by its mark, whatever it is called."""
    world.shop.discounts[world.discount].title = "Present for Hana"
    [told] = world.adapter.read([Ref("code", world.gid)])
    assert (world.gid, world.reward.code, True, world.reward.expires_at) == (
        told.id,
        told.code,
        told.active,
        told.ends_at,
    )


def test_what_is_none_of_ours_is_gone(world):
    """Another's discount, one that is deleted, and what is no discount at all."""
    world.shop.forget_metafields([world.gid])
    world.shop.discounts[world.discount].title = "Spring"
    refs = [Ref("code", world.gid), Ref("code", "gid://shopify/DiscountCodeNode/9"), Ref("code", "spring")]
    assert {Gone(ref) for ref in refs} == set(world.adapter.read(refs))


def test_a_discount_that_is_to_begin_later_cannot_be_used(world):
    """Staff has moved its beginning."""
    world.shop.discounts[world.discount].starts = world.shop.now + DAY
    [told] = world.adapter.read([Ref("code", world.gid)])
    assert told.active is False


# ---- to the points


def test_a_discount_that_is_ended_gives_its_points_back_until_it_is_begun_again(world):
    """As often as somebody of the shop changes their mind."""
    assert ("issued", True) == world.standing
    for _ in "twice":
        world.change("discountCodeDeactivate")
        world.tell()
        assert ("cancelled", False) == world.standing
        world.change("discountCodeActivate")
        world.tell()
        assert ("issued", True) == world.standing
    world.run(11 * DAY)
    assert ("expired", True) == world.standing


def test_a_discount_that_is_deleted_gives_its_points_back(world):
    """For good."""
    world.change("discountCodeDelete")
    world.tell()
    assert ("cancelled", False) == world.standing


def test_a_discount_whose_end_is_put_back_ends_then(world):
    """And not before."""
    world.end_at(world.shop.now + DAY)
    world.tell()
    assert ("issued", True) == world.standing
    world.run(DAY)
    assert ("cancelled", False) == world.standing


def test_what_is_used_stays_used(world):
    """Also if the discount is cleared away."""
    world.shop.order({world.tea: 1}, customer=world.hana, code=world.reward.code, paid=True)
    world.tell()
    world.change("discountCodeDelete")
    world.tell()
    assert ("used", True) == world.standing


def test_what_no_webhook_told_is_found_within_a_day(world):
    """Shopify gives up after eight times."""
    world.change("discountCodeDeactivate")
    world.take()
    world.run(DAY + HOUR)
    assert ("cancelled", False) == world.standing
    world.change("discountCodeActivate")
    world.take()
    world.run(DAY)
    assert ("issued", True) == world.standing


@pytest.mark.parametrize("turn", list(permutations(range(3))))
def test_the_end_is_the_same_in_any_order_of_arrival(world, turn):
    """Ended, begun again and deleted; each told twice."""
    taken = []
    for name in ("discountCodeDeactivate", "discountCodeActivate", "discountCodeDelete"):
        world.change(name)
        taken.append(world.take())
        world.run(HOUR)
    for place in turn:
        for delivery in taken[place] * 2:
            world.post(delivery)
            world.run(timedelta(minutes=1))
    assert ("cancelled", False) == world.standing
