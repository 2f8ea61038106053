"""A code that the shop was told to make, and what somebody of the shop does to it afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
import responses

from aftercare_customshop import plugin
from aftercare_customshop.signing import signed
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.store import redemptions

URL = "https://shop.example/aftercare"
START = datetime(2026, 4, 1, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class World:
    """A shop whose one customer has redeemed a reward, and the engine that is told of it."""

    def __init__(self, web, folder, secret, **options):
        web.add_callback(responses.POST, URL, self._answer)
        self.secret = secret
        self.asked = []
        self.codes = {}
        self.clock = VirtualClock(START)
        self.aftercare = Aftercare(
            {
                "brand": {"name": "Hibi Coffee", "locale": "en", "zone": "UTC"},
                "database": {"url": f"sqlite:///{folder}/aftercare.db"},
                "shops": {
                    "main": {
                        "adapter": "customshop",
                        "secret": {"env": "SHOP_SECRET"},
                        "currency": "JPY",
                        "effects_url": URL,
                        **options,
                    }
                },
                "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
                "plugins": {
                    "loyalty": {
                        "points": {"JPY": "1 per 1"},
                        "return_period": "1 day",
                        "rewards": {"gift": {"cost": 500, "amount": {"JPY": 300}, "valid_for": "10 days"}},
                    }
                },
            },
            clock=self.clock,
            plugins={"customshop": plugin},
            environ={"SHOP_SECRET": secret},
        )
        self.tell("customer.updated", id="88", updated_at=START, contact={"email": "hana@customer.example"})
        self.tell("order.updated", **self.order("1", shipments=[{"id": 1, **self._parcel(START)}]))
        self.run(2 * DAY)
        self.reward = self.aftercare.redeem("main", "88", "gift", request="a click")
        self.made = self.clock.now()
        self.run(HOUR)

    def _parcel(self, at):
        return {"shipped_at": at.isoformat(), "delivered_at": at.isoformat()}

    def _answer(self, request):
        message = json.loads(request.body)
        kind, data = message["type"], message["data"]
        self.asked.append(kind)
        if kind == "discount_code.get":
            known = self.codes.get(data["id"])
            return (200, {}, json.dumps(known)) if known else (404, {}, json.dumps({"gone": True}))
        if kind == "discount_codes.list":
            return 200, {}, json.dumps({"items": [*self.codes.values()], "next": None})
        return 200, {}, json.dumps({"reference": "coupon/318"})

    def order(self, number, **changes):
        """Draw an order of the customer's."""
        at = self.clock.now().isoformat()
        return {
            "id": number,
            "placed_at": at,
            "updated_at": at,
            "paid_at": at,
            "total": "800",
            "customer": "88",
            "contact": {"email": "hana@customer.example"},
            "lines": [{"id": 1, "title": "Tea", "quantity": 1, "paid": "800", "product": "tea"}],
            **changes,
        }

    def code(self, hours, **changes):
        """Draw the code as it was so many hours after it was made."""
        at = self.made + hours * HOUR
        return {"code": self.reward.code.lower(), "updated_at": at.isoformat(), **changes}

    def tell(self, kind, **data):
        """Let the shop tell something, and do what follows."""
        message = {"type": kind, "timestamp": self.clock.now().isoformat(), "data": data}
        body = json.loads(json.dumps(message, default=datetime.isoformat))
        assert 202 == self.aftercare.receive("main", signed(self.secret, body, self.clock.now())).status
        self.run(timedelta(minutes=1))

    def run(self, length):
        """Let time pass."""
        self.aftercare.advance(self.clock.now() + length)

    @property
    def standing(self):
        """State of the reward, and whether its points are spent."""
        with self.aftercare.brand.database.read() as connection:
            one = redemptions.get(connection, self.reward.key)
        return one.state.value, one.spent


@pytest.fixture
def build(tmp_path, secret, monkeypatch):
    """Make the shop with some options; nothing really sleeps."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    made = []
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:

        def build(**options):
            made.append(World(web, tmp_path, secret, **options))
            return made[-1]

        yield build
    for each in made:
        each.aftercare.close()


def test_what_is_told_of_a_code(translate, message):
    """It is its own key; what is left out is as it was issued."""
    (told,) = translate(message("discount_code.updated", code="ac-1", active=..., expires_at=...))
    assert isinstance(told, CodeSnapshot)
    assert ("AC-1", "ac-1", True, None) == (told.id, told.code, told.active, told.ends_at)


@pytest.mark.parametrize("kind", ["discount_code.updated", "discount_code.deleted"])
def test_a_code_without_a_date_needs_reading(translate, message, kind):
    """What came first cannot be told."""
    name = "discount_code.updated" if kind.endswith("updated") else "order.deleted"
    told = message(name, updated_at=..., deleted_at=..., **({"id": "ac-1"} if "deleted" in kind else {}))
    (doubt,) = translate({**told, "type": kind})
    assert isinstance(doubt, NeedsRead)
    assert Ref("code", "AC-1" if "deleted" in kind else "AC-7K3M-QWXP-D5RA") == doubt.ref


def test_a_code_that_is_deleted_gives_its_points_back(build):
    """The shop's own name for it, told when it was made, is none by which it must tell."""
    world = build()
    assert ("issued", True) == world.standing
    world.tell("discount_code.deleted", id=world.reward.code, deleted_at=world.made + HOUR)
    assert ("cancelled", False) == world.standing


@pytest.mark.parametrize("turn", list(permutations(range(4))))
def test_the_end_is_the_same_in_any_order_of_arrival(build, turn):
    """Switched off, on, put back to a day that is over, and on again: each told twice."""
    world = build()
    world.run(DAY)
    states = [
        world.code(1, active=False),
        world.code(2, active=True),
        world.code(3, expires_at=(world.made + 4 * HOUR).isoformat()),
        world.code(5, active=True),
    ]
    for place in turn:
        for _ in "twice":
            world.tell("discount_code.updated", **states[place])
    assert ("issued", True) == world.standing
    world.tell("discount_code.updated", **world.code(6, active=False))
    assert ("cancelled", False) == world.standing


def test_a_code_that_was_used_stays_used(build):
    """Whatever the shop does with it then."""
    world = build()
    world.tell("order.updated", **world.order("2", codes=[world.reward.code.lower()]))
    assert ("used", True) == world.standing
    world.tell("discount_code.updated", **world.code(1, active=False))
    assert ("used", True) == world.standing


def test_a_shop_that_can_be_asked_is_asked_for_what_is_not_dated(build):
    """By the code; one that it does not have is gone."""
    world = build(read_url=URL, lists=[])
    world.run(DAY)
    world.codes[world.reward.code] = world.code(1, active=False)
    world.tell("discount_code.updated", code=world.reward.code)
    assert ("cancelled", False) == world.standing
    world.codes[world.reward.code] = world.code(2, active=True)
    world.tell("discount_code.updated", code=world.reward.code)
    assert ("issued", True) == world.standing
    world.codes.clear()
    world.tell("discount_code.deleted", id=world.reward.code)
    assert ("cancelled", False) == world.standing


def test_a_shop_that_lists_its_codes_may_lose_messages(build):
    """Every quarter of an hour what was changed comes in."""
    world = build(read_url=URL, lists=["discount_codes"])
    world.codes[world.reward.code] = world.code(1, active=False)
    world.run(HOUR)
    assert ("cancelled", False) == world.standing
