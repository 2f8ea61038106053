"""From a review in the shop to the mail of a program, and back: the whole engine against the fake shop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import responses

import aftercare_woocommerce
from aftercare_sdk import Aftercare, AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose, SendMessage
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.messages import Accepted, ChannelType, Template
from aftercare_sdk.model.reviews import ReviewStatus
from aftercare_sdk.store import events, objects
from aftercare_woocommerce import sync
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in

ANN = "ann@example.jp"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def seldom(monkeypatch):
    """List every two hours, so that a week takes seconds."""
    often = [replace(each, every=max(each.every, 2 * HOUR)) for each in sync.STREAMS]
    monkeypatch.setattr(sync, "STREAMS", tuple(often))


class Listener(AftercareHooks):
    """Answers every review with a letter, six hours later; also the channel that keeps the letters."""

    def __init__(self):
        self.seen = []
        self.sent = []

    @hookimpl
    def on_review(self, event, ctx):
        self.seen.append((event, ctx))
        return [
            SendMessage(
                template="letter",
                label="letter",
                purpose=Purpose.SERVICE,
                delay=6 * HOUR,
                reason="answer a review",
            )
        ]

    @hookimpl
    def register_templates(self):
        return [Template(name="letter", locale="ja", subject="ありがとう", text="花", html="花")]

    @hookimpl
    def register_channels(self):
        return [ChannelType(name="kept", build=lambda _: self)]

    def send(self, message):
        self.sent.append(message.recipient)
        return Accepted()

    def close(self):
        """Hold nothing open."""


class World:
    """A shop, the engine that lists it, and who listens."""

    def __init__(self, shop, listener, aftercare):
        self.shop = shop
        self.listener = listener
        self.aftercare = aftercare
        self.tea = shop.product("茶", "880", tax=8)

    def run(self, length):
        """Let time pass in the shop and in the engine."""
        self.shop.wait(seconds=length.total_seconds())
        self.aftercare.advance(self.shop.now)

    def known(self, review):
        """Return what the engine knows of a review."""
        key = ("tea", "review", str(review))
        with self.aftercare.brand.database.read() as connection:
            return objects.get_many(connection, [key])[key].record

    def events(self):
        """Return the events of reviews."""
        with self.aftercare.brand.database.read() as connection:
            found = [one.event for one in events.everything(connection)]
        return {one.id: one for one in found if one.kind == "ReviewReceived"}


@pytest.fixture
def world(tmp_path):
    """A shop that is asked for everything; no webhook tells of reviews."""
    shop, listener = FakeWooCommerce(deliver=lambda _: 200), Listener()
    config = {
        "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": f"sqlite:///{tmp_path}/aftercare.db"},
        "shops": {
            "tea": {
                "adapter": "woocommerce",
                "secrets": [],
                "currency": "JPY",
                "url": shop.site.url,
                "consumer_key": {"env": "WOO_KEY"},
                "consumer_secret": {"env": "WOO_KEY_SECRET"},
            }
        },
        "channels": {"email": {"kind": "kept", "sender": "tea@shop.example"}},
    }
    with (
        responses.RequestsMock(assert_all_requests_are_fired=False) as mock,
        Aftercare(
            config,
            clock=VirtualClock(shop.now),
            plugins={"woocommerce": aftercare_woocommerce.plugin, "listener": listener},
            environ={"WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET},
        ) as aftercare,
    ):
        answer_in(mock, Api(shop))
        yield World(shop, listener, aftercare)


def test_a_review_is_heard_of_within_a_quarter_of_an_hour(world):
    """With the orders of whoever wrote it, although no webhook tells of it."""
    world.shop.checkout({world.tea: 1}, email=ANN, paid=True)
    world.run(HOUR)
    review = world.shop.review(
        world.tea, "香りが良い", rating=5, name="Ann", email=ANN.upper(), status="hold"
    )
    world.run(timedelta(minutes=16))
    ((event, ctx),) = world.listener.seen
    assert (f"tea/review/{review}", str(world.tea), ReviewStatus.HOLD) == (
        event.id,
        event.product,
        event.status,
    )
    assert (1, "香りが良い", 5) == (len(ctx.customer.orders), ctx.review.text, ctx.review.rating)
    assert ctx.review.verified
    world.run(6 * HOUR)
    assert [ANN.upper()] == world.listener.sent


@pytest.mark.usefixtures("seldom")
def test_earlier_years_are_known_and_start_nothing(world):
    """The first listing tells of them."""
    old = [
        world.shop.review(world.tea, f"昔 {number}", name="Bob", email="bob@example.jp")
        for number in range(3)
    ]
    for number in old:
        world.shop.reviews[number].created -= 365 * DAY
    world.run(DAY)
    assert {f"tea/review/{number}" for number in old} == world.events().keys()
    assert [] == world.listener.seen


@pytest.mark.usefixtures("seldom")
def test_what_moderation_does_later_is_found_within_a_day(world):
    """Edits as well, and deletion for good."""
    world.run(HOUR)
    review = world.shop.review(world.tea, "良い", rating=5, name="Ann", email=ANN)
    world.run(2 * HOUR)
    world.shop.moderate_review(review, "trash")
    world.shop.edit_review(review, text="悪い", rating=1)
    world.run(2 * DAY)
    record = world.known(review)
    assert (ReviewStatus.TRASH, "悪い", 1) == (record.status.value, record.text.value, record.rating.value)
    world.shop.delete_review(review)
    world.run(2 * DAY)
    record = world.known(review)
    assert (True, None) == (record.deleted.value, record.text.value)
    assert 1 == len(world.listener.seen) == len(world.events())


@pytest.mark.usefixtures("seldom")
def test_spam_that_was_none_counts_from_then_on(world):
    """Nobody heard of it as long as it was called spam."""
    world.run(HOUR)
    review = world.shop.review(world.tea, "良い", name="Ann", email=ANN, status="spam")
    world.run(2 * DAY)
    assert {} == world.events()
    world.shop.moderate_review(review, "approved")
    world.run(2 * DAY)
    assert [f"tea/review/{review}"] == [event.id for event, _ in world.listener.seen]


@pytest.mark.usefixtures("seldom")
def test_an_erasure_is_followed(world):
    """Name and address go, the letter that was planned is not sent, and nobody new appears."""
    account = world.shop.customer(ANN, first_name="花")
    world.run(DAY)
    review = world.shop.review(world.tea, "良い", account=account)
    world.run(2 * HOUR)
    assert str(account) == world.known(review).customer.value
    world.shop.anonymise(ANN)
    world.run(DAY)
    record = world.known(review)
    assert (None, None, "良い") == (record.contact.value, record.customer.value, record.text.value)
    assert [] == world.listener.sent
