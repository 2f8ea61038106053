"""From pictures to facts: the same set of pictures gives the same events, whatever happened on the way."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.events import (
    EVENT_TYPES,
    Cancellation,
    Delivery,
    Purchase,
    Refund,
    Shipment,
)
from aftercare_sdk.model.orders import Amounts, OrderSnapshot, Parcel, RefundLine, RefundSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records import customer_record, gone_customer, product_record
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.reconcile import Assumptions, as_order, facts, join, reconcile
from tests.support.histories import (
    DAWN,
    DAY,
    HOUR,
    MOMENTS,
    SECOND,
    SHOP,
    UNHURRIED,
    dated,
    lives,
    money,
    order_pictures,
)

ASSUMED = Assumptions()
NEVER = Assumptions(after_shipment=timedelta(days=36_500), without_shipment=timedelta(days=36_500))
LATER = DAWN + 100 * DAY
PICTURES = st.lists(order_pictures(), min_size=1, max_size=5)


def picture(at=DAWN, read=None, **said):
    """Return a picture of order 1042, placed at dawn."""
    given_ = {"placed_at": DAWN, **said}
    return dated(OrderSnapshot(shop=SHOP, id="1042", version=Version(), **given_), at, read)


def record(*pictures):
    """Return what pictures add up to."""
    return reduce(lambda known, one: reconcile(known, one)[0], pictures, None)


def doubts(*pictures):
    """Return what is said of each picture when they come one after the other."""
    known, said = None, []
    for one in pictures:
        known, doubt = reconcile(known, one)
        said.append(doubt)
    return said


def emitted(*pictures, assumptions=ASSUMED, horizon=LATER):
    """Return the events of pictures."""
    return facts(record(*pictures), assumptions, horizon)


def ids(*pictures, **options):
    """Return the ids of the events of pictures, without the name of the order."""
    return [event.id.removeprefix(f"{SHOP}/order/1042/") for event in emitted(*pictures, **options)]


class TestConvergence:
    @UNHURRIED
    @given(PICTURES, st.randoms())
    def test_any_order(self, pictures, random):
        """Record, order and events of a set of pictures do not depend on their order or on repeats."""
        again = pictures + random.choices(pictures, k=3)
        random.shuffle(again)
        assert record(*pictures) == record(*again)
        assert emitted(*pictures) == emitted(*again)
        assert as_order(record(*pictures), ASSUMED, LATER) == as_order(record(*again), ASSUMED, LATER)

    @UNHURRIED
    @given(PICTURES, st.integers(0, 5))
    def test_any_grouping(self, pictures, cut):
        """Two parts that were added up apart, in two batches or two processes, add up to the same."""
        parts = [record(*part) for part in (pictures[:cut], pictures[cut:]) if part]
        assert record(*pictures) == reduce(lambda one, other: one.merge(other), parts)

    @UNHURRIED
    @given(
        st.lists(order_pictures(steady=True), min_size=1, max_size=5),
        st.lists(st.integers(0, 120), min_size=5, max_size=5),
    )
    def test_only_grows(self, pictures, days):
        """No event is taken back, whatever is told later and however much time passes.

        As long as it stays what it is: neither becomes a test order, nor needs no shipment any more.
        """
        known: set[str] = set()
        horizons = sorted(DAWN + timedelta(days=day) for day in days)
        for place, horizon in zip(range(1, len(pictures) + 1), horizons, strict=False):
            now = set(ids(*pictures[:place], horizon=horizon))
            assert set() == known - now
            known = now

    @UNHURRIED
    @given(PICTURES)
    def test_ids(self, pictures):
        """Events are named after their order and their fact, each once, never after a date or a version."""
        found = ids(*pictures)
        assert len(found) == len(set(found))
        names = {"purchase", "cancellation"}
        names |= {f"{kind}/{id_}" for kind in ("shipment", "delivery") for id_ in ("p1", "p2", "whole")}
        names |= {"refund/77", "refund/78"}
        assert set() == set(found) - names

    @UNHURRIED
    @given(PICTURES)
    def test_order_of_emission(self, pictures):
        """Purchase comes before Shipment, Delivery, Refund and Cancellation, in this order."""
        kinds = [type(event) for event in emitted(*pictures)]
        assert kinds == sorted(kinds, key=EVENT_TYPES.index)

    @UNHURRIED
    @given(lives(most_orders=1), st.randoms())
    def test_plausible_histories(self, life, random):
        """The same holds for what really happens to orders, told by webhook and by read."""
        told = [one for one in life.told if isinstance(one.reading, OrderSnapshot)]
        pictures = [one.webhook[0] for one in told] + [
            dated(one.reading, one.reading.version.modified_at, one.at) for one in told
        ]
        if pictures:
            shuffled = random.sample(pictures, len(pictures))
            assert emitted(*pictures) == emitted(*shuffled)


class TestEvents:
    def test_all_of_them(self):
        """An order with everything: its events, with ids and moments."""
        lines = (RefundLine(line="1", quantity=1, amount=money(2)),)
        pictures = [
            picture(purchased_at=DAWN + HOUR),
            picture(DAWN + DAY, shipments=(Parcel(id="p1", at=DAWN + DAY),)),
            picture(DAWN + 2 * DAY, deliveries=(Parcel(id="p1", at=DAWN + 2 * DAY),)),
            picture(
                DAWN + 3 * DAY,
                DAWN + 4 * DAY,
                refunds=(RefundSnapshot(id="77", amount=money(2), lines=lines, refunded_at=DAWN + 3 * DAY),),
                refunds_complete=True,
                cancelled=True,
            ),
        ]
        name, of = f"{SHOP}/order/1042", {"shop": SHOP, "order": "1042"}
        expected = (
            Purchase(id=f"{name}/purchase", occurred_at=DAWN + HOUR, **of),
            Shipment(id=f"{name}/shipment/p1", shipment="p1", occurred_at=DAWN + DAY, **of),
            Delivery(id=f"{name}/delivery/p1", shipment="p1", occurred_at=DAWN + 2 * DAY, **of),
            Refund(
                id=f"{name}/refund/77",
                refund="77",
                amount=money(2),
                lines=lines,
                occurred_at=DAWN + 3 * DAY,
                **of,
            ),
            Cancellation(id=f"{name}/cancellation", occurred_at=DAWN + 3 * DAY, **of),
        )
        assert expected == emitted(*pictures)

    def test_nothing_before_the_purchase(self):
        """Whatever happens to an order, there is no event of it before it is a purchase."""
        said = {
            "shipments": (Parcel(id="p1", at=DAWN),),
            "deliveries": (Parcel(id="p1", at=DAWN),),
            "refunds": (RefundSnapshot(id="77", amount=money(1)),),
            "cancelled": True,
        }
        assert [] == ids(picture(**said))
        assert 5 == len(ids(picture(**said), picture(DAWN + DAY, purchased_at=DAWN)))

    def test_stub(self):
        """The child of an order that nobody described yet waits for it."""
        refund = picture(DAWN + DAY, placed_at=None, refunds=(RefundSnapshot(id="77", amount=money(1)),))
        paid_only = picture(DAWN + DAY, placed_at=None, purchased_at=DAWN)
        assert [] == ids(refund, paid_only)
        assert as_order(record(refund, paid_only), ASSUMED, LATER) is None
        assert ["purchase", "refund/77"] == ids(refund, paid_only, picture())

    def test_test_orders(self):
        """A test order has no events and no purchase, whatever is told of it."""
        told = [picture(purchased_at=DAWN, test=True), picture(DAWN + DAY, purchased_at=DAWN, cancelled=True)]
        order = as_order(record(*told), ASSUMED, LATER)
        assert ([], None, True) == (ids(*told), order.purchased_at, order.test)

    def test_earliest_moments(self):
        """Paid, shipped and delivered are dated by the earliest moment that was seen, in any order."""
        early, late = (
            picture(
                DAWN + n * DAY,
                purchased_at=DAWN + n * HOUR,
                shipments=(Parcel(id="p1", at=DAWN + n * DAY),),
                deliveries=(Parcel(id="p1", at=DAWN + n * 2 * DAY),),
            )
            for n in (1, 2)
        )
        expected = [DAWN + HOUR, DAWN + DAY, DAWN + 2 * DAY]
        assert expected == [event.occurred_at for event in emitted(early, late)]
        assert expected == [event.occurred_at for event in emitted(late, early)]


class TestCancellation:
    def test_late_payment_revives(self):
        """Pending, cancelled, then paid by a late bank transfer: a purchase, and no cancellation."""
        told = [
            picture(DAWN, cancelled=False),
            picture(DAWN + DAY, cancelled=True),
            picture(DAWN + 2 * DAY, cancelled=False, purchased_at=DAWN + 2 * DAY),
        ]
        order = as_order(record(*told), ASSUMED, LATER)
        assert (["purchase"], False, None) == (ids(*told), order.cancelled, order.cancelled_at)

    def test_purchase_called_off(self):
        """A purchase that is cancelled has both events."""
        told = [picture(purchased_at=DAWN), picture(DAWN + DAY, cancelled=True)]
        assert ["purchase", "cancellation"] == ids(*told)
        assert as_order(record(*told), ASSUMED, LATER).cancelled

    def test_called_off_and_revived(self):
        """A purchase that is cancelled and revived keeps both events, and stands."""
        told = [
            picture(purchased_at=DAWN),
            picture(DAWN + DAY, cancelled=True),
            picture(DAWN + 2 * DAY, cancelled=False),
        ]
        assert ["purchase", "cancellation"] == ids(*told)
        assert not as_order(record(*told), ASSUMED, LATER).cancelled

    @UNHURRIED
    @given(MOMENTS, MOMENTS)
    def test_at_or_after_the_purchase(self, cancelled_at, purchased_at):
        """A cancellation exists if and only if it is not before the purchase."""
        told = ids(picture(cancelled_at, cancelled=True, purchased_at=purchased_at))
        assert (cancelled_at >= purchased_at) == ("cancellation" in told)


class TestDeliveries:
    SHIPPED = (Parcel(id="p1", at=DAWN + DAY),)

    def test_assumed_after_the_shipment(self):
        """Three days after the shipment its delivery is assumed, and not a moment before."""
        told = picture(purchased_at=DAWN, shipments=self.SHIPPED)
        due = DAWN + 4 * DAY
        assert ["purchase", "shipment/p1"] == ids(told, horizon=due - timedelta(microseconds=1))
        (delivery,) = [event for event in emitted(told, horizon=due) if isinstance(event, Delivery)]
        assert (due, True, "p1") == (delivery.occurred_at, delivery.assumed, delivery.shipment)

    def test_assumed_without_a_shipment(self):
        """What needs no shipment counts as delivered seven days after it was placed."""
        told = picture(purchased_at=DAWN + DAY, needs_shipping=False)
        assert ["purchase"] == ids(told, horizon=DAWN + 7 * DAY - SECOND)
        (delivery,) = [event for event in emitted(told) if isinstance(event, Delivery)]
        assert (DAWN + 7 * DAY, True, "whole") == (
            delivery.occurred_at,
            delivery.assumed,
            delivery.shipment,
        )

    def test_not_assumed_while_it_is_open(self):
        """An order whose parcel has not left is not delivered, also if nobody knows whether it needs one."""
        for needs_shipping in (True, None):
            assert ["purchase"] == ids(picture(purchased_at=DAWN, needs_shipping=needs_shipping))

    @pytest.mark.parametrize("reported_at", [DAWN + 2 * DAY, DAWN + 9 * DAY])
    def test_reported_wins(self, reported_at):
        """A reported delivery has the id of the assumed one and takes its place, earlier or later."""
        shipped = picture(purchased_at=DAWN, shipments=self.SHIPPED)
        reported = picture(DAWN + 10 * DAY, deliveries=(Parcel(id="p1", at=reported_at),))
        for told in ([shipped, reported], [reported, shipped]):
            (delivery,) = [event for event in emitted(*told) if isinstance(event, Delivery)]
            assert (reported_at, False) == (delivery.occurred_at, delivery.assumed)
        assert ids(shipped) == ids(shipped, reported)

    def test_reported_without_assumptions(self):
        """A shop that reports deliveries has those, and no other."""
        told = [
            picture(purchased_at=DAWN, shipments=(*self.SHIPPED, Parcel(id="p2", at=DAWN + DAY))),
            picture(DAWN + 2 * DAY, deliveries=(Parcel(id="p2", at=DAWN + 2 * DAY),)),
        ]
        expected = ["purchase", "shipment/p1", "shipment/p2", "delivery/p2"]
        assert expected == ids(*told, assumptions=NEVER)

    def test_each_parcel(self):
        """Each parcel is delivered by itself: one reported, the other assumed."""
        told = picture(
            purchased_at=DAWN,
            shipments=(Parcel(id="p1", at=DAWN), Parcel(id="p2", at=DAWN + DAY)),
            deliveries=(Parcel(id="p1", at=DAWN + HOUR),),
        )
        deliveries = [event for event in emitted(told) if isinstance(event, Delivery)]
        assert [("p1", False, DAWN + HOUR), ("p2", True, DAWN + 4 * DAY)] == [
            (event.shipment, event.assumed, event.occurred_at) for event in deliveries
        ]

    @UNHURRIED
    @given(PICTURES, MOMENTS)
    def test_order_and_events_agree(self, pictures, horizon):
        """What an order shows as delivered is what there are events of."""
        known = record(*pictures)
        order = as_order(known, ASSUMED, horizon)
        told = [event for event in facts(known, ASSUMED, horizon) if isinstance(event, Delivery)]
        if told:
            assert [parcel.id for parcel in order.deliveries] == [event.shipment for event in told]


class TestRefunds:
    REFUND = RefundSnapshot(id="77", amount=money(2))

    def test_withdrawn_refund_keeps_its_event(self):
        """A refund that a complete list no longer has is gone from the order; its event has happened."""
        told = [
            picture(purchased_at=DAWN, refunds=(self.REFUND,)),
            picture(DAWN, DAWN + DAY, refunds=(), refunds_complete=True),
        ]
        assert ["purchase", "refund/77"] == ids(*told)
        assert () == as_order(record(*told), ASSUMED, LATER).refunds

    def test_date(self):
        """The shop's own date counts, else the earliest picture that lists the refund."""
        undated = picture(DAWN + 2 * DAY, purchased_at=DAWN, refunds=(self.REFUND,))
        again = picture(DAWN + 3 * DAY, refunds=(self.REFUND,))
        exact = RefundSnapshot(id="77", amount=money(2), lines=(), refunded_at=DAWN + DAY)
        read = picture(DAWN + 3 * DAY, DAWN + 4 * DAY, refunds=(exact,), refunds_complete=True)
        assert DAWN + 2 * DAY == emitted(again, undated)[-1].occurred_at
        assert DAWN + DAY == emitted(again, undated, read)[-1].occurred_at

    def test_no_date_at_all(self):
        """A refund of which nothing is dated counts from the purchase, or while there is none the order."""
        undated = picture(None, refunds=(self.REFUND,))
        assert DAWN == as_order(record(undated), ASSUMED, LATER).refunds[0].at
        assert DAWN + HOUR == emitted(undated, picture(purchased_at=DAWN + HOUR))[-1].occurred_at


class TestDoubts:
    SAME = "two different pictures carry the same modification time"
    MISSING = "a known refund is no longer listed"
    REFUND = RefundSnapshot(id="77", amount=money(2))

    def test_none(self):
        """One picture, its copy and a later one leave nothing open."""
        told = [picture(status="open"), picture(status="open"), picture(DAWN + SECOND, status="paid")]
        assert ["", "", ""] == doubts(*told)
        assert ["", "", ""] == doubts(*reversed(told))

    def test_same_second(self):
        """Two different pictures of one second leave open which is later, whichever comes first."""
        one, other = picture(status="open"), picture(status="paid")
        assert ["", self.SAME] == doubts(one, other)
        assert ["", self.SAME] == doubts(other, one)

    def test_no_contradiction(self):
        """Pictures of one second that tell the same, or of different things, do not contradict each other."""
        told = [picture(status="open"), picture(number="7"), picture(number="7", status="open")]
        assert ["", "", ""] == doubts(*told)
        assert ["", "", ""] == doubts(*reversed(told))

    def test_decided_by_a_read(self):
        """A read that was made when the second was over decides over what was told before it."""
        one, other = picture(status="open"), picture(status="paid")
        read = picture(DAWN, DAWN + SECOND, status="paid", refunds=(), refunds_complete=True)
        assert ["", self.SAME, ""] == doubts(one, other, read)
        assert ["", ""] == doubts(read, other)

    def test_undated_change(self):
        """Some changes are not dated: what contradicts a read of the same date may be later than it."""
        read = picture(DAWN, DAWN + DAY, status="open")
        changed = picture(status="paid")
        assert ["", self.SAME] == doubts(read, changed)
        assert "" == doubts(read, changed, picture(DAWN, DAWN + 2 * DAY, status="paid"))[-1]

    def test_read_within_the_second(self):
        """A read made while the second still ran decides nothing: the object may have changed after it."""
        read = picture(DAWN, DAWN + timedelta(milliseconds=100), status="open")
        changed = picture(status="paid")
        assert ["", self.SAME] == doubts(read, changed)
        assert ["", self.SAME] == doubts(changed, read)
        again = picture(DAWN, DAWN + SECOND, status="paid")
        assert "" == doubts(changed, read, again)[-1]

    def test_gone_within_the_second(self):
        """A read that found nothing decides nothing about an object that was made within its second."""
        made = customer_record(
            dated(CustomerSnapshot(shop=SHOP, id="5", version=Version(), deleted=False), DAWN)
        )
        for milliseconds, expected in ((-1, ""), (0, self.SAME), (999, self.SAME), (1000, "")):
            read_at = DAWN + timedelta(milliseconds=milliseconds)
            gone = gone_customer(SHOP, "5", Version(read_at=read_at))
            assert [expected, expected] == [join(gone, made)[1], join(made, gone)[1]]

    def test_two_reads(self):
        """Of two reads the later one counts, also of an undated change."""
        reads = [picture(DAWN, DAWN + n * HOUR, status=f"{n}") for n in range(3)]
        assert ["", "", ""] == doubts(*reads)
        assert ["", "", ""] == doubts(*reversed(reads))

    def test_undated(self):
        """Of a picture without a date only a read that was made after it can tell."""
        known, undated = picture(status="open"), picture(None, status="paid")
        read = picture(None, DAWN + DAY, status="open", refunds=())
        assert ["", self.SAME] == doubts(known, undated)
        assert ["", self.SAME] == doubts(undated, known)
        assert ["", self.SAME] == doubts(read, undated)
        assert ["", ""] == doubts(undated, read)

    def test_rounded(self):
        """Rounded and exact amounts do not contradict each other: the exact ones count."""
        exact, rounded = (
            Amounts(total=money(minor), shipping=money(0), lines=(), rounded=minor == 11_000)
            for minor in (10_635, 11_000)
        )
        assert ["", ""] == doubts(picture(amounts=exact), picture(amounts=rounded))
        assert ["", ""] == doubts(picture(amounts=rounded), picture(amounts=exact))
        other = Amounts(total=money(12_000), shipping=money(0), lines=())
        assert ["", self.SAME] == doubts(picture(amounts=exact), picture(amounts=other))

    def test_accounts_and_products(self):
        """What holds for orders holds for every object."""
        accounts = [
            customer_record(
                dated(CustomerSnapshot(shop=SHOP, id="5", version=Version(), locale=locale), DAWN)
            )
            for locale in ("en", "ja")
        ]
        products = [
            product_record(dated(ProductSnapshot(shop=SHOP, id="tea", version=Version(), title=title), DAWN))
            for title in ("Tea", "Sencha")
        ]
        for one, other in (accounts, products):
            assert (one.merge(other), self.SAME) == join(one, other)
            assert (one, "") == join(one, one)
            assert (one, "") == join(None, one)

    def test_missing_refund(self):
        """A refund that the latest picture no longer lists is doubtful, whichever came first."""
        told, untold = picture(refunds=(self.REFUND,)), picture(DAWN + DAY, refunds=())
        assert ["", self.MISSING] == doubts(told, untold)
        assert ["", self.MISSING] == doubts(untold, told)

    def test_missing_refund_is_settled(self):
        """A complete list settles it, one way or the other."""
        told, untold = picture(refunds=(self.REFUND,)), picture(DAWN + DAY, refunds=())
        for refunds in ((), (self.REFUND,)):
            read = picture(DAWN + DAY, DAWN + 2 * DAY, refunds=refunds, refunds_complete=True)
            assert ["", self.MISSING, ""] == doubts(told, untold, read)
            assert "" == doubts(told, read, picture(DAWN + DAY, refunds=refunds))[-1]

    def test_later_refunds(self):
        """A picture that is older than the refund, or does not speak of refunds, raises no doubt."""
        told = picture(DAWN + DAY, refunds=(self.REFUND,))
        assert ["", "", ""] == doubts(told, picture(refunds=()), picture(DAWN + 2 * DAY))

    def test_notices(self):
        """Notices of single facts are no pictures: they neither compete nor miss what they do not name."""
        notices = [
            picture(refunds=(RefundSnapshot(id=id_, amount=money(2)),), placed_at=None, partial=True)
            for id_ in ("77", "78")
        ]
        assert ["", "", ""] == doubts(picture(status="open"), *notices)
        assert ["", "", ""] == doubts(*notices, picture(status="open"))

    def test_notice_and_list(self):
        """A list that was told after the notice of a refund and lacks it is doubtful, an older one is not."""
        notice = picture(DAWN + DAY, refunds=(self.REFUND,), partial=True)
        older, newer = picture(refunds=()), picture(DAWN + 2 * DAY, refunds=())
        assert ["", ""] == doubts(older, notice)
        assert ["", ""] == doubts(notice, older)
        assert ["", self.MISSING] == doubts(notice, newer)
        assert ["", self.MISSING] == doubts(newer, notice)

    @UNHURRIED
    @given(st.lists(order_pictures(undated=False), min_size=1, max_size=4), st.randoms())
    def test_a_read_ends_every_doubt(self, pictures, random):
        """After a complete read of a later version, no picture that was told before is doubtful."""
        final = picture(
            LATER,
            LATER + DAY,
            **dict.fromkeys(("number", "status", "customer", "gateway", "country", "locale"), "x"),
            **dict.fromkeys(("needs_shipping", "cancelled", "refunds_complete"), True),
            contact=Contact(email="x@customer.example"),
            amounts=Amounts(total=money(5), shipping=money(0), lines=()),
            codes=(),
            refunds=(),
        )
        again = random.sample(pictures, len(pictures))
        said = doubts(*pictures, final, *again)
        assert [""] * (len(again) + 1) == said[len(pictures) :]

    @UNHURRIED
    @given(PICTURES, st.randoms())
    def test_doubt_does_not_depend_on_the_order(self, pictures, random):
        """Whether pictures of one version contradict each other is found out in any order."""
        same = [dated(one, DAWN) for one in pictures]
        shuffled = random.sample(same, len(same))
        assert (self.SAME in doubts(*same)) == (self.SAME in doubts(*shuffled))
