"""Facts converge: the same payloads in any order, repeated, regrouped, by webhook or by read, end the same.

On the recordings of a real WooCommerce store, and on generated lives of small shops. In every run all that
the shop told is fed somehow, the clock is moved to the same end, and the canonical projections must be equal.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aftercare_woocommerce
from aftercare_sdk import Aftercare
from aftercare_sdk.engine import readings
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import Gone, Ignored, NeedsRead, Ping, Reading, Ref, Snapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import journal, reads
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.reads import Read
from aftercare_woocommerce import samples
from aftercare_woocommerce.samples import Sample
from tests.support.databases import Databases, SQLiteDatabases, migrate
from tests.support.histories import DAWN, DAY, SECOND, SHOP, Life, PicturesPlugin, Told, dated, lives, request
from tests.support.projection import Projection, project
from tests.support.shop import START, Bench, order, program

MINUTE = timedelta(minutes=1)

Feed = Callable[[Aftercare], None]
"""Hands one payload over."""


@dataclass(frozen=True)
class Plan:
    """How payloads come: which in which order, and what happens after each place.

    The pauses are "" (the next one comes in the same batch), "process", "minutes" (reads that are due are
    made) and "days" (deliveries are assumed).
    """

    order: tuple[int, ...]
    pauses: Mapping[int, str]


AT_ONCE: Mapping[int, str] = {}


def follow(aftercare: Aftercare, feeds: Sequence[Feed], plan: Plan) -> None:
    """Feed payloads as planned."""
    for place, number in enumerate(plan.order):
        feeds[number](aftercare)
        pause = plan.pauses.get(place, "")
        if pause == "process":
            aftercare.process()
        elif pause:
            aftercare.advance(aftercare.clock.now() + (MINUTE if pause == "minutes" else DAY))


def told_by_read(shop: str, asked_at: datetime, found: Iterable[Reading], refs: Iterable[Ref]) -> Feed:
    """Return a feed that stores the answer to a read."""
    body = readings.encode(readings.answer(asked_at, refs, found, shop=shop))

    def feed(aftercare: Aftercare) -> None:
        arrival = Arrival(
            kind=Kind.READ, shop=shop, topic="read", received_at=aftercare.clock.now(), body=body
        )
        with aftercare.brand.database.write() as connection:
            journal.append(connection, [arrival])

    return feed


def result(aftercare: Aftercare) -> Projection:
    """Return the projection, once it is sure that nothing is left to be done."""
    with aftercare.brand.database.read() as connection:
        assert [] == reads.listing(connection)
        assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])
    return project(aftercare.brand.database)


@contextmanager
def fresh(databases: Databases) -> Iterator[str]:
    """Offer an empty database, and drop it."""
    url = databases.copy_of(migrate)
    yield url
    databases.drop(url)


SAMPLES = tuple(samples.webhooks())
OVER = max(sample.received_at for sample in SAMPLES) + MINUTE
FINAL = OVER + 60 * DAY
IN_ORDER = Plan(tuple(range(len(SAMPLES))), AT_ONCE)


@contextmanager
def store_engine(databases: Databases, start: datetime = OVER) -> Iterator[Aftercare]:
    """Run an engine for the store of the recordings; reads are answered as of their end."""
    secrets = {f"SECRET_{number}": secret for number, secret in enumerate(samples.secrets())}
    config = {
        "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "shops": {
            SHOP: {
                "adapter": "woocommerce",
                "secrets": [{"env": name} for name in secrets],
                "currency": "JPY",
                "read_from": "recordings",
                "shipped_statuses": ["completed", "shipped"],
            }
        },
    }
    with (
        fresh(databases) as url,
        Aftercare(
            {**config, "database": {"url": url}},
            clock=VirtualClock(start),
            plugins={"woocommerce": aftercare_woocommerce.plugin},
            environ=secrets,
        ) as aftercare,
    ):
        yield aftercare


def by_webhook(sample: Sample) -> Feed:
    """Return the feed of a recorded webhook."""

    def feed(aftercare: Aftercare) -> None:
        assert aftercare.receive(SHOP, sample.request).status in {200, 202}

    return feed


def by_read(aftercare: Aftercare, sample: Sample) -> Feed:
    """Return a feed of the same as the answer to a read, if the webhook is enough of an answer."""
    adapter = aftercare.brand.shops[SHOP].adapter
    webhook = adapter.verify(sample.request)
    said = () if isinstance(webhook, Ping) else tuple(adapter.translate(webhook))
    if len(said) != 1 or isinstance(said[0], NeedsRead | Ignored):
        return by_webhook(sample)
    kind = type(said[0]).__name__.removesuffix("Snapshot").lower()
    return told_by_read(SHOP, sample.received_at, [said[0]], [Ref(kind, said[0].id)])


def end(aftercare: Aftercare) -> Projection:
    """Let all that follows from the recordings happen, and return what is known then."""
    aftercare.advance(FINAL)
    return result(aftercare)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory):
    """What follows from the webhooks in their order, all in one go, on SQLite."""
    folder = tmp_path_factory.mktemp("in-order")
    with store_engine(SQLiteDatabases(folder, {}, folder)) as aftercare:
        follow(aftercare, [by_webhook(sample) for sample in SAMPLES], IN_ORDER)
        return end(aftercare)


def shuffled(databases: Databases, seed: int) -> Projection:
    """Return what follows from them in any order, some twice, some by read, processed in between."""
    chance = random.Random(seed)  # noqa: S311 - the same at every run
    order = [*IN_ORDER.order, *chance.choices(IN_ORDER.order, k=40)]
    chance.shuffle(order)
    every = chance.choice([2, 9, 40, 1000])
    pauses = {
        place: chance.choice(["process", "process", "process", "minutes", "minutes", "days"])
        for place in range(every, len(order), every)
    }
    share = chance.choice([0.0, 0.3, 1.0])
    with store_engine(databases) as aftercare:
        feeds = [
            by_read(aftercare, sample) if chance.random() < share else by_webhook(sample)
            for sample in SAMPLES
        ]
        follow(aftercare, feeds, Plan(tuple(order), pauses))
        return end(aftercare)


class TestRecordings:
    """The recorded webhooks of a real store."""

    def test_every_database(self, databases, in_order):
        """What follows does not depend on the database."""
        with store_engine(databases) as aftercare:
            follow(aftercare, [by_webhook(sample) for sample in SAMPLES], IN_ORDER)
            assert in_order == end(aftercare)

    def test_as_it_happened(self, databases, in_order):
        """Live, with the clock moving along and reads made in between, ends as all in one go."""
        with store_engine(databases, SAMPLES[0].received_at) as aftercare:
            for number, sample in enumerate(SAMPLES):
                aftercare.clock.move(sample.received_at)
                by_webhook(sample)(aftercare)
                if number % 3 == 0:
                    aftercare.process()
                if number % 10 == 0:
                    aftercare.run_due()
            assert in_order == end(aftercare)

    @pytest.mark.parametrize("seed", [2, 5])
    def test_any_order(self, databases, in_order, seed):
        """Any order, repeats, groups, webhooks and reads end the same."""
        assert in_order == shuffled(databases, seed)

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(100, 130))
    def test_many_orders(self, databases, in_order, seed):
        """The same, thirty times."""
        assert in_order == shuffled(databases, seed)

    def test_sync_afterwards(self, databases, in_order):
        """To read everything once more changes no order and no event."""
        with store_engine(databases) as aftercare:
            follow(aftercare, [by_webhook(sample) for sample in SAMPLES], IN_ORDER)
            aftercare.advance(OVER + MINUTE)
            again = self.read_again(aftercare, in_order)
        assert orders(in_order) == orders(again)
        assert (in_order.events, in_order.people) == (again.events, again.people)

    def test_sync_alone(self, databases, in_order):
        """Reads alone know what the store still knows: every event but that of a refund since deleted."""
        with store_engine(databases) as aftercare:
            alone = self.read_again(aftercare, in_order)
        assert {f"{SHOP}/order/392/refund/393"} == in_order.events.keys() - alone.events.keys()
        facts = {id_: event for id_, (event, _, _) in in_order.events.items() if id_ in alone.events}
        assert facts == {id_: event for id_, (event, _, _) in alone.events.items()}

    def read_again(self, aftercare, known):
        """Read every object that is known, and return what is known then."""
        now = aftercare.clock.now()
        wanted = [
            Read(shop=shop, kind=kind, id=id_, reason="sync", requested_at=now, due_at=now)
            for shop, kind, id_ in known.objects
        ]
        with aftercare.brand.database.write() as connection:
            reads.request(connection, wanted)
        return end(aftercare)


def orders(projection: Projection) -> dict[Any, Any]:
    """Return the orders of a projection."""
    return {key: value for key, value in projection.objects.items() if key[1] == "order"}


# Generated lives.

LATER = 120 * DAY
"""How long after its end everything that follows from a life has happened."""
SEEDED = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def plans(draw: st.DrawFn, life: Life) -> tuple[Plan, tuple[bool, ...]]:
    """Draw how the payloads of a life come, and which of them by read."""
    numbers = range(len(life.told))
    again = draw(st.lists(st.sampled_from(numbers), max_size=4))
    order = draw(st.permutations([*numbers, *again]))
    pause = st.sampled_from(["", "", "process", "minutes", "days"])
    pauses = draw(st.lists(pause, min_size=len(order), max_size=len(order)))
    by_read = draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)))
    return Plan(tuple(order), dict(enumerate(pauses))), tuple(by_read)


class LifeRun:
    """An engine that is told a life."""

    def __init__(self, databases: Databases, life: Life) -> None:
        self.databases = databases
        self.life = life

    @contextmanager
    def engine(self, start: datetime) -> Iterator[Aftercare]:
        """Run an engine on a database of its own; reads are answered as of the moment when they are made."""
        clock = VirtualClock(start)
        plugin = PicturesPlugin(lambda ref: self.life.truth(ref, clock.now()))
        with fresh(self.databases) as url:
            config = {
                "brand": {"name": "Tea"},
                "database": {"url": url},
                "shops": {SHOP: {"adapter": "pictures", "secrets": []}},
            }
            with Aftercare(config, clock=clock, plugins={"pictures": plugin}, environ={}) as aftercare:
                yield aftercare

    def end(self, aftercare: Aftercare) -> Projection:
        """Let all that follows happen, and return what is known then."""
        aftercare.advance(self.life.over + LATER)
        return result(aftercare)

    def live(self) -> Projection:
        """Tell everything when it happens."""
        with self.engine(self.life.told[0].at) as aftercare:
            for one in self.life.told:
                aftercare.advance(one.at)
                told(one, by_read=False)(aftercare)
            return self.end(aftercare)

    def afterwards(self, plan: Plan, by_read: Sequence[bool]) -> Projection:
        """Tell everything when all has happened, as planned."""
        with self.engine(self.life.over) as aftercare:
            feeds = [told(one, by_read=flag) for one, flag in zip(self.life.told, by_read, strict=True)]
            follow(aftercare, feeds, plan)
            return self.end(aftercare)


def told(one: Told, *, by_read: bool) -> Feed:
    """Return the feed of one step."""
    if by_read:
        return told_by_read(SHOP, one.at, [one.reading], [one.ref])

    def feed(aftercare: Aftercare) -> None:
        assert aftercare.receive(SHOP, request(one.webhook)).status == 202

    return feed


def check(databases: Databases, life: Life, data: st.DataObject) -> None:
    """Compare several ways in which the same life is told."""
    run = LifeRun(databases, life)
    numbers = tuple(range(len(life.told)))
    expected = run.afterwards(Plan(numbers, AT_ONCE), [False] * len(numbers))
    assert expected == run.live()
    assert expected == run.afterwards(Plan(numbers, AT_ONCE), [True] * len(numbers))
    for _ in range(2):
        assert expected == run.afterwards(*data.draw(plans(life)))


class TestLives:
    """What happens in imagined shops, as plausible as it is adverse."""

    @settings(SEEDED, max_examples=5)
    @given(life=lives(), data=st.data())
    def test_any_way(self, databases, life, data):
        """Live or afterwards, in any order, repeated, regrouped, by webhook or by read: the same facts."""
        check(databases, life, data)

    @pytest.mark.long
    @settings(SEEDED, max_examples=300)
    @given(life=lives(most_orders=4, most_steps=20), data=st.data())
    def test_any_way_of_longer_lives(self, databases, life, data):
        """The same, for longer lives and more of them."""
        check(databases, life, data)


def step(minute: int, said: Snapshot | NeedsRead, reading: Reading | None = None) -> Told:
    """Return one step of a life: what was said, and what a read would have answered if that is not it."""
    ref = said.ref if isinstance(said, NeedsRead) else Ref(type(said).__name__[:-8].lower(), said.id)
    told_of = said if reading is None else reading
    assert not isinstance(told_of, NeedsRead)
    return Told(at=DAWN + minute * MINUTE, ref=ref, webhook=(said,), reading=told_of)


def every_way(databases: Databases, life: Life) -> list[Projection]:
    """Return what follows from a short life, told in several orders, by webhook and by read."""
    run = LifeRun(databases, life)
    numbers = range(len(life.told))
    orders_ = list(permutations(numbers))
    slowly = dict.fromkeys(numbers, "minutes")
    by_read = [True] * len(numbers)
    return [run.live(), run.afterwards(Plan(orders_[-1], slowly), by_read)] + [
        run.afterwards(Plan(order, pauses), [False] * len(numbers))
        for order in orders_[:: len(orders_) // 6 + 1]
        for pauses in (AT_ONCE, slowly)
    ]


class TestCorners:
    """Short lives that are hard to tell in every order."""

    def order(self, minute, **said):
        """Return a picture of order 1000, placed at dawn."""
        picture = OrderSnapshot(
            shop=SHOP,
            id="1000",
            version=Version(),
            **{"placed_at": DAWN, "purchased_at": DAWN, "cancelled": False, **said},
        )
        return dated(picture, DAWN + minute * MINUTE)

    def account(self, second, email, **said):
        """Return a picture of account 5, changed some seconds after dawn."""
        contact = Contact(email=email)
        picture = CustomerSnapshot(shop=SHOP, id="5", version=Version(), contact=contact, **said)
        return dated(picture, DAWN + second * SECOND)

    def test_deleted_order(self, databases):
        """An order that was deleted for good is called off, whether it was known before or not."""
        deleted = NeedsRead(ref=Ref("order", "1000"), reason="deleted")
        life = Life((step(0, self.order(0)), step(60, deleted, Gone(deleted.ref))))
        expected = {f"{SHOP}/order/1000/{fact}" for fact in ("purchase", "cancellation")}
        for projection in every_way(databases, life):
            assert expected == projection.events.keys()
            assert projection.objects[SHOP, "order", "1000"]["cancelled"]

    def review(self, minute, **said):
        """Return a picture of review 715, written at dawn."""
        picture = ReviewSnapshot(
            shop=SHOP,
            id="715",
            version=Version(),
            **{
                "product": "tea",
                "created_at": DAWN,
                "contact": Contact(email="ann@customer.example"),
                **said,
            },
        )
        return dated(picture, DAWN + minute * MINUTE)

    def test_moderated_review(self, databases):
        """A review that waited, was approved and was thrown away is one event, whose status is the last."""
        statuses = (ReviewStatus.HOLD, ReviewStatus.APPROVED, ReviewStatus.TRASH)
        pictures = [self.review(minute, status=status) for minute, status in enumerate(statuses)]
        life = Life(tuple(step(minute, picture) for minute, picture in enumerate(pictures)))
        for projection in every_way(databases, life):
            assert [f"{SHOP}/review/715"] == list(projection.events)
            assert "trash" == projection.objects[SHOP, "review", "715"]["status"]

    def test_deleted_review(self, databases):
        """Its event stays, what it said is gone, and an older picture that comes late brings nothing back."""
        written = self.review(0, status=ReviewStatus.APPROVED, text="Lovely", rating=5)
        gone = NeedsRead(ref=Ref("review", "715"), reason="a listing does not name it")
        life = Life((step(0, written), step(60, gone, Gone(gone.ref))))
        for projection in every_way(databases, life):
            assert [f"{SHOP}/review/715"] == list(projection.events)
            known = projection.objects[SHOP, "review", "715"]
            assert (True, None, 5) == (known["deleted"], known["text"], known["rating"])

    def test_review_that_finds_its_account(self, databases):
        """A review that is known to be an account's is the account's from the beginning."""
        known = self.account(0, "ann@customer.example")
        guest = self.review(0, status=ReviewStatus.APPROVED, contact=Contact(email="bob@customer.example"))
        linked = self.review(5, status=ReviewStatus.APPROVED, customer="5")
        life = Life((step(0, known), step(1, guest), step(5, linked)))
        for projection in every_way(databases, life):
            assert ("account", SHOP, "5") == projection.objects[SHOP, "review", "715"]["of"]
            assert ("account", SHOP, "5") == projection.events[f"{SHOP}/review/715"][2]

    def test_deleted_account(self, databases):
        """An account that was deleted stays so when an older picture of it comes late."""
        deleted = NeedsRead(ref=Ref("customer", "5"), reason="deleted")
        known = self.account(0, "ann@customer.example", deleted=False)
        life = Life((step(0, known), step(60, deleted, Gone(deleted.ref))))
        for projection in every_way(databases, life):
            assert projection.objects[SHOP, "customer", "5"]["deleted"]

    def test_account_changed_twice_in_a_second(self, databases):
        """Two pictures of an account with one date leave open which is later: it is read, as an order is."""
        emails = ("ann@customer.example", "ann@work.example")
        for first, second in (emails, emails[::-1]):
            life = Life((step(0, self.account(0, first)), step(1, self.account(0, second))))
            for projection in every_way(databases, life):
                assert second == projection.objects[SHOP, "customer", "5"]["contact"].email

    def test_product_changed_twice_in_a_second(self, databases):
        """The same holds for products."""
        titles = ("Sencha", "Green tea")
        for first, second in (titles, titles[::-1]):
            told_ = [
                dated(ProductSnapshot(shop=SHOP, id="tea", version=Version(), title=title), DAWN)
                for title in (first, second)
            ]
            life = Life((step(0, told_[0]), step(1, told_[1])))
            for projection in every_way(databases, life):
                assert second == projection.objects[SHOP, "product", "tea"]["title"]

    def test_late_account(self, databases):
        """An order of a guest, of an address, of an account, which is described last: one customer."""
        mail = Contact(email="ann@customer.example")
        life = Life(
            (
                step(0, self.order(0)),
                step(1, self.order(1, contact=mail)),
                step(2, self.order(2, contact=mail, customer="5")),
                step(3, self.account(180, "Ann@Customer.example")),
            )
        )
        names = frozenset({("account", SHOP, "5"), ("email", "", "ann@customer.example")})
        for projection in every_way(databases, life):
            assert frozenset({names}) == projection.people
            assert {("account", SHOP, "5")} == {owner for _, _, owner in projection.events.values()}

    def test_revived_order(self, databases):
        """Pending, cancelled, paid after all: a purchase, and no cancellation, in every order."""
        life = Life(
            (
                step(0, self.order(0, purchased_at=None)),
                step(60, self.order(60, purchased_at=None, cancelled=True)),
                step(120, self.order(120, purchased_at=DAWN + 120 * MINUTE)),
            )
        )
        for projection in every_way(databases, life):
            assert {f"{SHOP}/order/1000/purchase"} == projection.events.keys()
            assert not projection.objects[SHOP, "order", "1000"]["cancelled"]


def test_what_is_still_to_be_heard_follows_the_order(databases):
    """A plugin that failed hears of an order in sequence, although the order has found its account since."""
    heard: list[str] = []
    down = [True]

    def on_purchase(event, ctx):
        if down[0]:
            raise RuntimeError("not now")
        heard.append(event.kind)

    def on_refund(event, ctx):
        heard.append(event.kind)

    told = {"placed": START + MINUTE, "customer": "7"}
    with (
        fresh(databases) as url,
        Bench(url, {"late": program(on_purchase=on_purchase, on_refund=on_refund)}) as bench,
    ):
        bench.tell(order(**{**told, "customer": None}))
        bench.process()
        bench.tell(order(**told, modified=START + 2 * MINUTE))
        bench.process()
        bench.tell(order(**told, modified=START + 3 * MINUTE, refunds={"77": (100, START + 3 * MINUTE)}))
        bench.process()
        down[0] = False
        bench.run(DAY)
        assert ["Purchase", "Refund"] == heard
