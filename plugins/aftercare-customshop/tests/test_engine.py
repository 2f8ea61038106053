"""A custom shop and the whole engine: signed messages in, events and mails out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from aftercare_customshop import plugin, samples
from aftercare_customshop.signing import signed
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.store import events, journal, messages, reads

START = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
PURCHASE = "main/order/1042/purchase"
SHIPMENT = "main/order/1042/shipment/1"
DELIVERY = "main/order/1042/delivery/1"
REFUND = "main/order/1042/refund/R-7"


def at(minute, second=0):
    """Return a moment of the first hour, as a message writes it."""
    return (START + timedelta(minutes=minute, seconds=second)).isoformat()


class Engine:
    """An engine with one custom shop, and a clock that the test moves."""

    def __init__(self, url, secret):
        self.secret = secret
        self.clock = VirtualClock(START)
        self.aftercare = Aftercare(
            {
                "brand": {"name": "Hibi Coffee", "locale": "en", "zone": "UTC"},
                "database": {"url": url},
                "shops": {
                    "main": {"adapter": "customshop", "secret": {"env": "SHOP_SECRET"}, "currency": "JPY"}
                },
                "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
                "plugins": {"flows": {"thank-you": {"delay": "1h"}}},
            },
            clock=self.clock,
            plugins={"customshop": plugin},
            environ={"SHOP_SECRET": secret},
        )

    def post(self, message, **options):
        """Receive a message that is signed now."""
        request = signed(self.secret, message, self.clock.now(), **options)
        return self.aftercare.receive("main", request)

    def tell(self, *told):
        """Receive messages one after the other, each processed before the next."""
        for each in told:
            reply = self.post(each)
            assert (202, "stored") == (reply.status, reply.body)
            self.aftercare.process()

    def run(self, until):
        """Do all that is due until a moment."""
        self.aftercare.advance(until)

    def events(self):
        """Return the ids of all events, in the order in which they became known."""
        return [known.event.id for known in self._all(events.everything)]

    def moments(self):
        """Return id and moment of all events."""
        return {known.event.id: known.event.occurred_at for known in self._all(events.everything)}

    def messages(self):
        """Return order, template and state of all messages."""
        return [(each.object, each.template, each.state.value) for each in self._all(messages.everything)]

    def reads(self):
        """Return kind and id of what needs reading."""
        return [(each.kind, each.id) for each in self._all(reads.listing)]

    def rows(self):
        """Return topic, state and outcome of the messages received, oldest first."""
        found = [each for each in self._all(journal.listing) if each.kind is journal.Kind.WEBHOOK]
        return [(each.topic, each.state.value, each.outcome) for each in reversed(found)]

    def _all(self, listing):
        with self.aftercare.brand.database.read() as connection:
            return listing(connection)


@pytest.fixture
def engine(tmp_path, secret):
    """An engine on a database of its own."""
    made = Engine(f"sqlite:///{tmp_path}/aftercare.db", secret)
    with made.aftercare:
        yield made


@pytest.fixture
def make_engine(tmp_path, secret):
    """A function that makes engines, each on a database of its own."""
    made = []

    def make_engine():
        made.append(Engine(f"sqlite:///{tmp_path}/aftercare-{len(made)}.db", secret))
        return made[-1]

    yield make_engine
    for each in made:
        each.aftercare.close()


@pytest.fixture
def told(message):
    """The messages of one story: an order, its parcel, the parcel's arrival, and a refund of one line."""
    return {
        "order": message(
            "order.updated", updated_at=at(15), customer=..., shipments=..., refunds=..., paid_at=at(6)
        ),
        "shipment": message("shipment.created", shipped_at=at(10)),
        "delivery": message("delivery.reported", delivered_at=at(12)),
        "refund": message("refund.created", refunded_at=at(15)),
    }


class TestStory:
    def test_notices_before_the_order(self, engine, told):
        """What comes before the order waits for it; then all is raised in the order of an order's life."""
        engine.clock.move(START + timedelta(minutes=20))
        engine.tell(told["refund"], told["shipment"])
        assert [] == engine.events()
        assert [] == engine.messages()
        engine.tell(told["order"])
        assert [PURCHASE, SHIPMENT, REFUND] == engine.events()
        moments = {
            name: datetime.fromisoformat(at(minute))
            for name, minute in ((PURCHASE, 6), (SHIPMENT, 10), (REFUND, 15))
        }
        assert moments == engine.moments()
        assert [] == engine.reads()
        assert [("1042", "thank-you", "planned")] == engine.messages()
        engine.run(START + timedelta(hours=2))
        assert [("1042", "thank-you", "accepted")] == engine.messages()

    @pytest.mark.parametrize(
        "order", list(permutations(["order", "shipment", "delivery", "refund"])), ids="-".join
    )
    def test_any_order_of_arrival(self, make_engine, told, order):
        """The same messages lead to the same events in every order, and none of them asks for a read.

        The order was changed in the second of the refund, and both say so.
        """
        engine = make_engine()
        engine.clock.move(START + timedelta(minutes=20))
        engine.tell(*(told[name] for name in order))
        assert {PURCHASE, SHIPMENT, DELIVERY, REFUND} == set(engine.events())
        assert [] == engine.reads()

    def test_notice_and_picture_tell_the_same(self, engine):
        """An order that lists what notices have told already tells nothing new, and nothing is unclear."""
        engine.clock.move(datetime(2026, 4, 9, 10, 0, tzinfo=UTC))
        names = ("shipment.created", "delivery.reported", "refund.created")
        engine.tell(samples.message("order.updated"), *(samples.message(name) for name in names))
        assert [PURCHASE, SHIPMENT, DELIVERY, REFUND] == engine.events()
        assert [("customer", "88")] == engine.reads()

    def test_second_refund(self, make_engine, told, message):
        """A second refund is the same fact as a notice and in the list of the order; neither needs a read."""
        second = {"id": "R-8", "amount": "1", "refunded_at": at(16)}
        by_notice, by_order = make_engine(), make_engine()
        for engine in (by_notice, by_order):
            engine.clock.move(START + timedelta(minutes=20))
            engine.tell(told["order"], told["refund"])
        by_notice.tell(message("refund.created", lines=..., **second))
        first = {key: value for key, value in told["refund"]["data"].items() if key != "order"}
        changed = {**told["order"]["data"], "updated_at": at(16), "refunds": [first, second]}
        by_order.tell({**told["order"], "data": changed})
        assert by_notice.moments() == by_order.moments()
        assert ([], []) == (by_notice.reads(), by_order.reads())

    def test_undated_order(self, engine, told):
        """An order without a date is a purchase at once; what would be written to the person waits."""
        engine.clock.move(START + timedelta(minutes=20))
        data = {key: value for key, value in told["order"]["data"].items() if key != "updated_at"}
        engine.tell({**told["order"], "data": data})
        assert [PURCHASE] == engine.events()
        assert [("order", "1042")] == engine.reads()
        engine.run(START + timedelta(hours=3))
        assert [("1042", "thank-you", "held")] == engine.messages()

    def test_deleted_order(self, engine, told, message):
        """A deleted order is called off, and nobody is thanked for it."""
        engine.clock.move(START + timedelta(minutes=20))
        engine.tell(told["order"], message("order.deleted", deleted_at=at(18)))
        assert [PURCHASE, "main/order/1042/cancellation"] == engine.events()
        engine.run(START + timedelta(hours=2))
        assert [] == [each for each in engine.messages() if each[2] == "accepted"]

    def test_test_order(self, engine, told):
        """A test order is no purchase."""
        told["order"]["data"]["test"] = True
        engine.tell(told["order"])
        assert [] == engine.events()

    def test_parked(self, engine, message):
        """A message that cannot be understood is answered, and parked with the reason."""
        assert 202 == engine.post(message("order.updated", total=1.5)).status
        engine.aftercare.process()
        reason = 'order.updated: data.total must be an amount as text, such as "12.50", not negative'
        assert [("order.updated", "parked", reason)] == engine.rows()

    def test_ignored(self, engine, message):
        """A subscription is stored, and said not to be used."""
        engine.tell(message("subscription.updated"))
        expected = ("subscription.updated", "ignored", "subscriptions are not used by this release")
        assert [expected] == engine.rows()


class TestDoor:
    def test_repeated(self, engine, told):
        """A message that is sent again, signed anew, is stored once."""
        first = engine.post(told["order"], message_id="msg_1")
        engine.clock.move(START + timedelta(minutes=30))
        again = engine.post(told["order"], message_id="msg_1")
        assert [(202, "stored"), (202, "seen before")] == [
            (each.status, each.body) for each in (first, again)
        ]
        other = engine.post(told["order"], message_id="msg_2")
        assert (202, "stored") == (other.status, other.body)

    def test_undated_is_stored_again(self, engine, told):
        """A message without a date may tell something new in the same words."""
        del told["order"]["data"]["updated_at"]
        replies = [engine.post(told["order"], message_id="msg_1") for _ in range(2)]
        assert ["stored", "stored"] == [each.body for each in replies]

    def test_ping(self, engine):
        """A ping is answered 200 and leaves nothing behind."""
        assert 200 == engine.post(samples.message("ping")).status
        assert [] == engine.rows()

    def test_age_by_the_clock_of_the_engine(self, engine, told):
        """The engine's clock decides how old a request is, whatever an application says of it."""
        request = signed(engine.secret, told["order"], START)
        engine.clock.move(START + timedelta(minutes=5))
        assert 202 == engine.aftercare.receive("main", replace(request, received_at=None)).status
        engine.clock.move(START + timedelta(minutes=5, seconds=1))
        assert 401 == engine.aftercare.receive("main", request).status
        assert 401 == engine.aftercare.receive("main", replace(request, received_at=START)).status

    def test_forged(self, engine, told, other_secret):
        """What somebody else has signed is refused and not stored."""
        request = signed(other_secret, told["order"], START)
        assert 401 == engine.aftercare.receive("main", request).status
        assert [] == engine.rows()

    def test_bad_secret(self, tmp_path):
        """A secret that is none stops the start, with the cure."""
        with pytest.raises(
            SettingsError, match=r"shops\.main: secret 1 of 1 is shorter than 24 bytes; make one"
        ):
            Engine(f"sqlite:///{tmp_path}/aftercare.db", "hunter22")
