"""What becomes of our coupons in the shop: translated, read, and carried through to the points."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
import responses

import aftercare_woocommerce
from aftercare_sdk import Aftercare, RawRequest
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.shops import Gone, Ignored, NeedsRead, Ref, Webhook
from aftercare_sdk.store import redemptions
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in
from aftercare_woocommerce.webhooks import TOPICS, install

SIGNING = "a secret of the webhooks"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class World:
    """A shop whose one customer has redeemed a reward, and the engine that is told of it."""

    def __init__(self, mock, folder, *, heard=True):
        self.shop = FakeWooCommerce(deliver=self._deliver)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        self.lost = not heard
        self.aftercare = Aftercare(
            {
                "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
                "database": {"url": f"sqlite:///{folder}/aftercare.db"},
                "shops": {
                    "tea": {
                        "adapter": "woocommerce",
                        "secret": {"env": "SIGNING"},
                        "currency": "JPY",
                        "url": self.shop.site.url,
                        "consumer_key": {"env": "WOO_KEY"},
                        "consumer_secret": {"env": "WOO_KEY_SECRET"},
                        # Else everything is listed every quarter of an hour.
                        "sync": False,
                        "assume_delivered": {"after_shipment": "1 day"},
                    }
                },
                "channels": {"email": {"kind": "null", "sender": "tea@shop.example"}},
                "plugins": {
                    "loyalty": {
                        "points": {"JPY": "1 per 1"},
                        "return_period": "1 day",
                        "rewards": {"gift": {"cost": 500, "amount": {"JPY": 300}, "valid_for": "10 days"}},
                    }
                },
            },
            clock=VirtualClock(self.shop.now),
            plugins={"woocommerce": aftercare_woocommerce.plugin},
            environ={"SIGNING": SIGNING, "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET},
        )
        client = RestClient(shop="tea", url=self.shop.site.url, consumer_key=KEY, consumer_secret=SECRET)
        install(client, shop="tea", url="https://aftercare.example/webhooks/tea", secret=SIGNING)
        self.tea = self.shop.product("茶", "880", tax=8)
        self.ann = self.shop.customer("ann@example.jp", first_name="Ann")
        self.shop.checkout({self.tea: 1}, account=self.ann, paid=True)
        self.shop.complete(max(self.shop.orders))
        self.tell()
        self.run(3 * DAY)
        self.reward = self.aftercare.redeem("tea", str(self.ann), "gift", request="a click")
        self.run(HOUR)
        self.coupon = self.shop.coupon_of(self.reward.code).id
        self.tell()

    def _deliver(self, delivery):
        if delivery.topic.startswith("coupon") and self.lost:
            return None
        return self.aftercare.receive("tea", RawRequest(delivery.headers, delivery.body)).status

    def tell(self):
        """Let the shop deliver what waits, and the engine do what follows."""
        self.shop.deliver()
        self.run(timedelta(minutes=1))

    def run(self, length):
        """Let time pass in the shop and in the engine."""
        self.shop.wait(seconds=length.total_seconds())
        self.aftercare.advance(self.shop.now)

    @property
    def standing(self):
        """State of the reward, and whether its points are spent."""
        with self.aftercare.brand.database.read() as connection:
            one = redemptions.get(connection, self.reward.key)
        return one.state.value, one.spent

    def expire(self, at):
        """Have the coupon end at another moment."""
        self.shop.edit_coupon(self.coupon, date_expires=at)


@pytest.fixture
def mock():
    """Nothing leaves this process."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as patched:
        yield patched


@pytest.fixture
def world(mock, tmp_path):
    """The shop, which tells everything."""
    made = World(mock, tmp_path)
    yield made
    made.aftercare.close()


@pytest.fixture
def deaf(mock, tmp_path):
    """The shop, of which nothing is heard about coupons."""
    made = World(mock, tmp_path, heard=False)
    yield made
    made.aftercare.close()


def told_of(world, topic):
    """Translate what the shop tells of our coupon under a topic."""
    body = {"id": world.coupon} if topic == "coupon.deleted" else world.shop.show("coupons", world.coupon)
    adapter = world.aftercare.brand.adapter("tea")
    return adapter.translate(Webhook(topic=topic, body=json.dumps(body).encode()))


# ---- what webhooks tell, and reads


@pytest.mark.parametrize("topic", ["coupon.created", "coupon.updated", "coupon.deleted", "coupon.restored"])
def test_a_webhook_about_our_coupon_makes_it_be_read(world, topic):
    """Of two pictures of one date nobody knows which is newer."""
    (told,) = told_of(world, topic)
    assert isinstance(told, NeedsRead)
    assert Ref("code", str(world.coupon)) == told.ref


def test_coupons_of_the_shop_itself_are_ignored(world):
    """They are none of ours, in webhooks as in reads."""
    own = world.shop.coupon("spring", amount=Decimal(10))
    adapter = world.aftercare.brand.adapter("tea")
    body = json.dumps(world.shop.show("coupons", own)).encode()
    (told,) = adapter.translate(Webhook(topic="coupon.updated", body=body))
    assert isinstance(told, Ignored)
    assert [Gone(Ref("code", str(own)))] == list(adapter.read([Ref("code", str(own))]))


def test_what_is_read_of_a_coupon(world):
    """Whether it is published, and when it ends."""
    adapter = world.aftercare.brand.adapter("tea")
    (told,) = adapter.read([Ref("code", str(world.coupon))])
    assert isinstance(told, CodeSnapshot)
    assert (str(world.coupon), world.reward.code.lower(), True, world.reward.expires_at) == (
        told.id,
        told.code,
        told.active,
        told.ends_at,
    )
    world.shop.trash_coupon(world.coupon)
    (trashed,) = adapter.read([Ref("code", str(world.coupon))])
    assert (False, True) == (trashed.active, trashed.version.modified_at > told.version.modified_at)


def test_many_coupons_are_read_with_one_question(world):
    """Those that a list leaves out are asked for by themselves."""
    mark = {"_aftercare_key": "k"}
    made = [world.shop.coupon(f"ac-{number}", meta=mark) for number in range(3)]
    world.shop.trash_coupon(made[1])
    world.shop.delete_coupon(made[2])
    refs = [Ref("code", str(number)) for number in made]
    asked = len(world.api.asked)
    told = list(world.aftercare.brand.adapter("tea").read(refs))
    assert [True, False] == [one.active for one in told[:2]]
    assert Gone(refs[2]) == told[2]
    assert 3 == len(world.api.asked) - asked


def test_a_release_that_tells_no_status_is_asked_for_a_list(world, monkeypatch):
    """Lists leave out what is in the trash, in every release."""
    from aftercare_woocommerce.fake.rest import coupons

    plain = coupons.coupon_told

    def untold(*given):
        return {name: value for name, value in plain(*given).items() if name != "status"}

    monkeypatch.setattr(coupons, "coupon_told", untold)
    show = world.shop.show
    monkeypatch.setattr(
        world.shop,
        "show",
        lambda *which: {name: value for name, value in show(*which).items() if name != "status"},
    )
    adapter, ref = world.aftercare.brand.adapter("tea"), Ref("code", str(world.coupon))
    assert [True] == [one.active for one in adapter.read([ref])]
    world.shop.trash_coupon(world.coupon)
    assert [False] == [one.active for one in adapter.read([ref])]


def test_the_topics_are_installed(world):
    """Whoever installs webhooks hears of coupons, too."""
    ours = {each.fields["topic"] for each in world.shop.queue.webhooks.values()}
    assert set(TOPICS) == ours
    assert {"coupon.updated", "coupon.deleted", "coupon.restored"} < ours


# ---- to the points


def test_a_coupon_in_the_trash_gives_its_points_back_until_it_is_restored(world):
    """As often as somebody of the shop changes their mind."""
    assert ("issued", True) == world.standing
    for _ in "twice":
        world.shop.trash_coupon(world.coupon)
        world.tell()
        assert ("cancelled", False) == world.standing
        world.shop.restore_coupon(world.coupon)
        world.tell()
        assert ("issued", True) == world.standing
    world.run(11 * DAY)
    assert ("expired", True) == world.standing


def test_a_coupon_whose_date_is_put_back_ends_then(world):
    """Although its date of modification stands still."""
    before = world.shop.coupons[world.coupon].modified
    world.run(DAY)
    world.expire(world.shop.now - HOUR)
    world.tell()
    assert before == world.shop.coupons[world.coupon].modified
    assert ("cancelled", False) == world.standing
    world.expire(world.reward.expires_at)
    world.tell()
    assert ("issued", True) == world.standing


def test_a_draft_cannot_be_used(world):
    """Nor can what waits for a moment to come."""
    world.shop.edit_coupon(world.coupon, status="draft")
    world.tell()
    assert ("cancelled", False) == world.standing


def test_what_is_used_stays_used(world):
    """Also if the coupon is cleared away."""
    world.shop.checkout({world.tea: 1}, account=world.ann, coupon=world.reward.code, paid=True)
    world.tell()
    world.shop.trash_coupon(world.coupon)
    world.tell()
    assert ("used", True) == world.standing


def test_what_is_deleted_for_good_is_found_within_a_day(world):
    """WooCommerce says nothing of that."""
    world.shop.delete_coupon(world.coupon)
    world.tell()
    assert ("issued", True) == world.standing
    world.run(DAY)
    assert ("cancelled", False) == world.standing


def test_what_no_webhook_told_is_found_within_a_day(deaf):
    """As everything that WooCommerce sends once and never again."""
    deaf.shop.trash_coupon(deaf.coupon)
    deaf.run(DAY + HOUR)
    assert ("cancelled", False) == deaf.standing
    deaf.shop.restore_coupon(deaf.coupon)
    deaf.run(DAY)
    assert ("issued", True) == deaf.standing


@pytest.mark.parametrize("turn", list(permutations(range(3))))
def test_the_end_is_the_same_in_any_order_of_arrival(world, turn):
    """Each webhook says no more than that there is something to read."""
    taken = []
    for change in (world.shop.trash_coupon, world.shop.restore_coupon, world.shop.trash_coupon):
        change(world.coupon)
        world.run(HOUR)
        taken.append([one for one in world.shop.queue.collect() if one.topic.startswith("coupon")])
    for place in turn:
        for delivery in taken[place] * 2:
            world.shop.queue.send(delivery)
            world.run(timedelta(minutes=1))
    assert ("cancelled", False) == world.standing


def test_a_coupon_that_we_revoke_is_not_cancelled_twice(world):
    """The shop tells of what we have done ourselves."""
    from aftercare_sdk.engine.redeeming import cancel

    cancel(world.aftercare.brand, world.reward.code)
    world.run(HOUR)
    assert world.shop.coupons[world.coupon].created == world.shop.coupons[world.coupon].fields["date_expires"]
    world.tell()
    assert ("cancelled", False) == world.standing
