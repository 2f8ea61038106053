from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.engine.recovered import Change, Part, encode, finding, unlisted
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderSnapshot, Parcel, RefundSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records import customer_record, order_record, product_record
from aftercare_sdk.model.versions import Version

T0 = datetime(2026, 5, 1, tzinfo=UTC)
TEN = Money(minor=1_000, currency="EUR")


def order(after=0, **said):
    """Return a record of an order, as it was told some hours after the first time."""
    told = {"number": "1042", "status": "processing", "cancelled": False, **said}
    version = Version(modified_at=T0 + timedelta(hours=after))
    return order_record(OrderSnapshot(shop="main", id="7", version=version, **told))


def refund(id_, lines=None):
    """Return a refund of ten euros."""
    return RefundSnapshot(id=id_, amount=TEN, lines=lines, refunded_at=T0)


def parts(before, **said):
    """Return what is found of an order about which more is told."""
    found = finding("order", before, before.merge(order(1, **said)))
    return [] if found is None else [(part.what, part.id) for part in found.parts]


def test_what_nobody_knew_is_new():
    """Of what is new, everything is: no part is named."""
    found = finding("order", None, order())
    assert (Change.NEW, "7", ()) == (found.change, found.id, found.parts)


def test_the_same_again_is_no_find():
    """Also if it was seen later, and completely this time."""
    assert [] == parts(order())
    assert [] == parts(order(), refunds=(), refunds_complete=True, codes=())


def test_what_is_told_for_the_first_time_counts_if_it_says_something():
    """An empty list of codes is as good as none."""
    assert [("codes", "")] == parts(order(), codes=("SPRING",))
    assert [("country", ""), ("test", "")] == parts(order(), country="JP", test=True)


def test_parcels_and_refunds_are_named_one_by_one():
    """Only those that are new or different."""
    one, other = Parcel(id="a", at=T0), Parcel(id="b", at=T0)
    before = order(shipments=(one,), refunds=(refund("76"),))
    assert [("shipment", "b"), ("delivery", "a"), ("refund", "77")] == parts(
        before, shipments=(one, other), deliveries=(one,), refunds=(refund("76"), refund("77"))
    )


def test_lines_that_only_a_read_can_tell_are_no_find():
    """The refund itself had been told."""
    assert [] == parts(order(refunds=(refund("76"),)), refunds=(refund("76", lines=()),))


def test_a_refund_that_was_taken_back_is_named():
    """By the complete list that no longer has it."""
    before = order(refunds=(refund("76"),))
    assert [("refund_withdrawn", "76")] == parts(before, refunds=(), refunds_complete=True)


@pytest.mark.parametrize(("was", "is_", "told"), [(False, True, "cancelled"), (True, False, "revived")])
def test_a_cancellation_and_its_end_go_by_their_names(was, is_, told):
    """Whatever else the register holds."""
    assert [(told, "")] == parts(order(cancelled=was), cancelled=is_)


def test_accounts_and_products():
    """By field; the addresses of an account are its contact data."""
    first, second = Version(modified_at=T0), Version(modified_at=T0 + timedelta(hours=1))
    ann = CustomerSnapshot(shop="main", id="3", version=first, contact=Contact(email="ann@customer.example"))
    moved = replace(ann, version=second, contact=Contact(email="ann@other.example"), tags=("gold",))
    before = customer_record(ann)
    found = finding("customer", before, before.merge(customer_record(moved)))
    assert (Part(what="contact"), Part(what="tags")) == found.parts
    assert "ann" not in encode([found])
    tea = ProductSnapshot(shop="main", id="5", version=first, title="Tea")
    known = product_record(tea)
    gone = product_record(replace(tea, version=second, title="Green tea", deleted=True))
    assert (Part(what="title"), Part(what="deleted")) == finding("product", known, known.merge(gone)).parts


def test_what_a_listing_does_not_name_is_to_be_read():
    """Only a read can tell whether it is gone."""
    assert [(Change.UNLISTED, "8"), (Change.UNLISTED, "9")] == [
        (one.change, one.id) for one in unlisted("order", ["8", "9"])
    ]
