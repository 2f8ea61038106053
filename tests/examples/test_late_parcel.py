from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk import Aftercare, AftercareHooks, RawRequest, hookimpl
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.messages import Accepted, ChannelType
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderSnapshot, Parcel, RefundSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import AdapterType, ShopAdapter, Webhook
from aftercare_sdk.model.versions import Version

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "late_parcel"
PLACED = datetime(2026, 4, 1, 9, tzinfo=UTC)
SHIPPED = PLACED + timedelta(days=1)
DUE = SHIPPED + timedelta(days=7)


class ParcelShop(ShopAdapter):
    """A shop that reports deliveries, which WooCommerce does not: it sends the order as plain JSON."""

    def __init__(self, shop):
        self.shop = shop

    def verify(self, request):
        return Webhook(topic="order", body=request.body)

    def translate(self, webhook):
        told = json.loads(webhook.body)
        total = Money(1_000, "JPY")
        return [
            OrderSnapshot(
                shop=self.shop.name,
                id=told["id"],
                version=Version(modified_at=moment(told["at"])),
                placed_at=PLACED,
                purchased_at=PLACED,
                contact=Contact(email="hana@example.jp", family_name="小川", given_name="花"),
                amounts=Amounts(total=total, shipping=Money(0, "JPY"), lines=()),
                country=told["country"],
                cancelled=told["cancelled"],
                shipments=parcels(told["shipped"]),
                deliveries=parcels(told["delivered"]),
                refunds=tuple(RefundSnapshot(id=each, amount=total) for each in told["refunds"]),
            )
        ]

    def read(self, refs):
        return ()


class Platform(AftercareHooks):
    """Offers the shop above, and a channel that keeps what it gets."""

    def __init__(self):
        self.sent = []

    @hookimpl
    def register_adapters(self):
        return [AdapterType(name="parcelshop", build=ParcelShop)]

    @hookimpl
    def register_channels(self):
        return [ChannelType(name="kept", build=lambda _settings: self)]

    def send(self, message):
        self.sent.append(message)
        return Accepted()

    def close(self):
        pass


class Story:
    """One shop with the plugin, on a clock that the test moves."""

    def __init__(self, engine, platform):
        self.engine = engine
        self.platform = platform

    def tell(self, at, **what):
        """Move the clock to `at` and let the shop tell how its order stands then."""
        self.engine.advance(at)
        order = {"id": "1042", "at": at.isoformat(), "country": "JP", "cancelled": False}
        order |= {"shipped": {}, "delivered": {}, "refunds": []} | what
        self.engine.receive("main", RawRequest({}, json.dumps(order).encode()))
        self.engine.process()

    def until(self, at):
        """Let time pass; return all messages so far."""
        self.engine.advance(at)
        return self.platform.sent


def moment(text):
    """Read a moment as the shop writes it."""
    return datetime.fromisoformat(text)


def parcels(told):
    """Read the parcels of an order."""
    return tuple(Parcel(id=id_, at=moment(at)) for id_, at in told.items())


@pytest.fixture
def late_parcel(monkeypatch):
    """The plugin as an installation finds it: by the entry point of its own pyproject.toml."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    return {name: EntryPoint(name=name, value=value, group="aftercare").load()}


@pytest.fixture
def configuration(database_url):
    """A shop that reports deliveries, so that none needs to be assumed."""
    return {
        "brand": {"name": "Hibi Coffee", "country": "JP", "locale": "ja"},
        "database": {"url": database_url},
        "shops": {"main": {"adapter": "parcelshop", "secrets": [], "assume_delivered": False}},
        "channels": {"email": {"kind": "kept", "sender": "hello@shop.example"}},
        "plugins": {"late-parcel": {"shops": ["main"]}},
        "quiet_hours": {"email": "none"},
    }


@pytest.fixture
def start(configuration, late_parcel):
    """A function that starts the story; what it is given changes the configuration."""
    engines = []

    def start(**changes):
        platform = Platform()
        engine = Aftercare(
            {**configuration, **changes},
            clock=VirtualClock(PLACED),
            plugins={"platform": platform, **late_parcel},
        )
        engines.append(engine)
        return Story(engine, platform)

    yield start
    for engine in engines:
        engine.close()


@pytest.fixture
def story(start):
    """The story with the plain configuration."""
    return start()


def test_a_parcel_that_never_arrives(story):
    """After seven days the customer hears of it, in their language, and only once."""
    story.tell(SHIPPED, shipped={"A": SHIPPED.isoformat()})
    assert [] == story.until(DUE - timedelta(seconds=1))
    [mail] = story.until(DUE)
    assert mail.subject == "【Hibi Coffee】お荷物の到着が遅れているようです（ご注文番号 1042）"
    assert mail.text.startswith("小川 花 様\n")
    assert "hello@shop.example" in mail.html
    assert [mail] == story.until(DUE + timedelta(days=60))


def test_a_customer_abroad_reads_english(start):
    """The other language of the plugin is sent as well."""
    story = start(brand={"name": "Hibi Coffee", "locale": "en"})
    story.tell(SHIPPED, shipped={"A": SHIPPED.isoformat()}, country="GB")
    [mail] = story.until(DUE)
    assert mail.subject == "Your parcel seems late (order 1042)"
    assert mail.text.startswith("Hi 花,\n")


def test_a_reported_delivery_clears_the_timer(story):
    """Whoever has their parcel hears nothing."""
    shipped = {"A": SHIPPED.isoformat()}
    story.tell(SHIPPED, shipped=shipped)
    arrived = SHIPPED + timedelta(days=2)
    story.tell(arrived, shipped=shipped, delivered={"A": arrived.isoformat()})
    assert story.engine.next_due() is None
    assert [] == story.until(DUE + timedelta(days=60))


def test_an_assumed_delivery_proves_nothing(start, configuration):
    """Where the SDK assumes deliveries, the timer still runs."""
    shops = {"main": {**configuration["shops"]["main"], "assume_delivered": {"after_shipment": "3 days"}}}
    story = start(shops=shops)
    story.tell(SHIPPED, shipped={"A": SHIPPED.isoformat()})
    assert len(story.until(DUE)) == 1


def test_a_delivery_that_is_reported_after_it_was_assumed(start, configuration):
    """The event is the one that was assumed, so the plugin looks at the order once more."""
    shops = {"main": {**configuration["shops"]["main"], "assume_delivered": {"after_shipment": "3 days"}}}
    story = start(shops=shops)
    shipped = {"A": SHIPPED.isoformat()}
    story.tell(SHIPPED, shipped=shipped)
    arrived = SHIPPED + timedelta(days=5)
    story.tell(arrived, shipped=shipped, delivered={"A": arrived.isoformat()})
    assert [] == story.until(DUE + timedelta(days=60))


def test_the_delivery_is_told_before_the_shipment(story):
    """Webhooks come in any order."""
    arrived = SHIPPED + timedelta(days=2)
    story.tell(arrived, delivered={"A": arrived.isoformat()})
    later = arrived + timedelta(minutes=1)
    story.tell(later, shipped={"A": SHIPPED.isoformat()}, delivered={"A": arrived.isoformat()})
    assert [] == story.until(DUE + timedelta(days=60))


def test_the_timer_moves_with_its_fact(story):
    """A parcel that left earlier than was told is late earlier."""
    earlier = SHIPPED - timedelta(hours=12)
    story.tell(SHIPPED, shipped={"A": SHIPPED.isoformat()})
    story.tell(SHIPPED + timedelta(hours=1), shipped={"A": earlier.isoformat()})
    assert len(story.until(DUE - timedelta(hours=12))) == 1


def test_every_parcel_has_a_timer_of_its_own(story):
    """One of two parcels has arrived, the other one is late."""
    shipped = {"A": SHIPPED.isoformat(), "B": (SHIPPED + timedelta(days=1)).isoformat()}
    story.tell(SHIPPED + timedelta(days=1), shipped=shipped)
    arrived = SHIPPED + timedelta(days=2)
    story.tell(arrived, shipped=shipped, delivered={"A": arrived.isoformat()})
    assert [] == story.until(DUE)
    assert len(story.until(DUE + timedelta(days=1))) == 1


def test_two_late_parcels_are_one_message(story):
    """The second message says why it was not sent: its premise does not hold any more."""
    shipped = {"A": SHIPPED.isoformat(), "B": (SHIPPED + timedelta(days=1)).isoformat()}
    story.tell(SHIPPED + timedelta(days=1), shipped=shipped)
    assert len(story.until(DUE + timedelta(days=60))) == 1


@pytest.mark.parametrize("change", [{"cancelled": True}, {"refunds": ["7"]}], ids=["cancelled", "refunded"])
def test_an_order_that_does_not_stand(story, change):
    """Nobody waits for the parcel of an order that is no more."""
    shipped = {"A": SHIPPED.isoformat()}
    story.tell(SHIPPED, shipped=shipped)
    story.tell(SHIPPED + timedelta(days=3), shipped=shipped, **change)
    assert [] == story.until(DUE + timedelta(days=60))


def test_a_shop_that_is_not_named_is_left_alone(start):
    """Installing the plugin changes nothing until a shop is named."""
    story = start(plugins={})
    story.tell(SHIPPED, shipped={"A": SHIPPED.isoformat()})
    assert [] == story.until(DUE + timedelta(days=60))


def test_its_section_is_checked(start):
    """A mistake in the plugin's section is told with its path."""
    with pytest.raises(SettingsError, match=r"plugins\.late-parcel\.days"):
        start(plugins={"late-parcel": {"shops": ["main"], "days": 0}})
