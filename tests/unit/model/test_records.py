"""The order in which pictures arrive, how often and in which groups cannot matter."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, RefundLine, RefundSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records import (
    CustomerRecord,
    OrderRecord,
    ReviewRecord,
    customer_record,
    gone_customer,
    gone_order,
    gone_product,
    gone_review,
    order_record,
    product_record,
    review_record,
)
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Register, Version
from tests.support.histories import (
    DAWN,
    DAY,
    HOUR,
    SECOND,
    SHOP,
    UNHURRIED,
    customer_pictures,
    dated,
    money,
    order_pictures,
    product_pictures,
    review_pictures,
)

RECORDS = st.one_of(
    st.lists(order_pictures().map(order_record), min_size=3, max_size=3),
    st.lists(customer_pictures().map(customer_record), min_size=3, max_size=3),
    st.lists(product_pictures().map(product_record), min_size=3, max_size=3),
    st.lists(review_pictures().map(review_record), min_size=3, max_size=3),
)


def order(at=DAWN, read=None, **said):
    """Return the record of a picture of order 1042 that was modified at a moment."""
    picture = OrderSnapshot(shop=SHOP, id="1042", version=Version(), **said)
    return order_record(dated(picture, at, read))


def merged(*records):
    """Return several records in one."""
    return reduce(lambda one, other: one.merge(other), records)


def line(**said):
    """Return the one line of an order."""
    return OrderLine(**{"id": "1", "title": "Tea", "quantity": 1, "paid": money(5), "tax": money(0), **said})


def amounts(total=5, *, rounded=False, **said):
    """Return the amounts of an order of one line."""
    return Amounts(total=money(total), shipping=money(0), lines=(line(**said),), rounded=rounded)


class TestLaws:
    @UNHURRIED
    @given(RECORDS)
    def test_commutative(self, records):
        """Which of two pictures came first does not matter."""
        one, other, _ = records
        assert one.merge(other) == other.merge(one)

    @UNHURRIED
    @given(RECORDS)
    def test_associative(self, records):
        """How pictures are grouped does not matter."""
        one, other, third = records
        assert one.merge(other).merge(third) == one.merge(other.merge(third))

    @UNHURRIED
    @given(RECORDS)
    def test_idempotent(self, records):
        """What is told again tells nothing new."""
        one, other, _ = records
        both = one.merge(other)
        assert both == both.merge(one)
        assert both == both.merge(other)
        assert both == both.merge(both)

    @UNHURRIED
    @given(st.lists(order_pictures().map(order_record), min_size=1, max_size=6), st.randoms())
    def test_any_history(self, records, random):
        """Any history of an order, with repeats and in any order, ends in the same record."""
        again = records + random.choices(records, k=3)
        random.shuffle(again)
        assert merged(*records) == merged(*again)

    @UNHURRIED
    @given(order_pictures(), order_pictures())
    def test_every_field_is_told(self, one, other):
        """No field of a record is forgotten by the merge: told once, it is there."""
        both = order_record(one).merge(order_record(other))
        told = {
            entry.name
            for entry in fields(OrderRecord)
            if getattr(order_record(one), entry.name) or getattr(order_record(other), entry.name)
        }
        assert told == {entry.name for entry in fields(OrderRecord) if getattr(both, entry.name)}

    @UNHURRIED
    @given(customer_pictures(), customer_pictures())
    def test_every_field_of_an_account_is_told(self, one, other):
        """The same holds for accounts."""
        both = customer_record(one).merge(customer_record(other))
        told = {
            entry.name
            for entry in fields(CustomerRecord)
            if getattr(customer_record(one), entry.name) or getattr(customer_record(other), entry.name)
        }
        assert told == {entry.name for entry in fields(CustomerRecord) if getattr(both, entry.name)}


class TestAbsent:
    @UNHURRIED
    @given(order_pictures(), order_pictures())
    def test_absent_never_overwrites(self, one, other):
        """What a later picture does not tell stays."""
        silent = dated(
            OrderSnapshot(shop=SHOP, id="1042", version=Version()), DAWN + 100 * DAY, DAWN + 100 * DAY
        )
        before = order_record(one).merge(order_record(other))
        after = before.merge(order_record(silent))
        assert replace(before, latest=after.latest) == after

    @UNHURRIED
    @given(customer_pictures())
    def test_absent_of_an_account(self, picture):
        """The same holds for accounts, with all that is personal."""
        silent = dated(CustomerSnapshot(shop=SHOP, id="5", version=Version()), DAWN + 100 * DAY)
        before = customer_record(picture)
        after = before.merge(customer_record(silent))
        assert replace(before, latest=after.latest) == after

    @UNHURRIED
    @given(product_pictures())
    def test_absent_of_a_product(self, picture):
        """The same holds for products."""
        silent = dated(ProductSnapshot(shop=SHOP, id="tea", version=Version()), DAWN + 100 * DAY)
        before = product_record(picture)
        after = before.merge(product_record(silent))
        assert replace(before, latest=after.latest) == after

    def test_empty_is_not_absent(self):
        """An empty list or text is something that was told, and overwrites."""
        before = order(codes=("SPRING",), number="1")
        after = before.merge(order(DAWN + SECOND, codes=(), number=""))
        assert ((), "") == (after.codes.value, after.number.value)


class TestMoney:
    def test_exact_beats_rounded(self):
        """Rounded amounts never replace exact ones, however much later they are."""
        exact = order(DAWN, amounts=amounts(10_635))
        rounded = order(DAWN + DAY, amounts=amounts(11_000, rounded=True))
        assert money(10_635) == exact.merge(rounded).amounts.value.total
        assert money(10_635) == rounded.merge(exact).amounts.value.total

    def test_later_of_equal_exactness(self):
        """Of two exact or two rounded amounts the later one counts."""
        for rounded in (False, True):
            early = order(DAWN, amounts=amounts(1, rounded=rounded))
            late = order(DAWN + DAY, amounts=amounts(2, rounded=rounded))
            assert money(2) == early.merge(late).amounts.value.total


class TestSticky:
    def test_blanked_product_and_account(self):
        """A shop that blanks product, sku and account of an old order takes nothing away."""
        known = order(DAWN, customer="5", amounts=amounts(product="tea", variant="green", sku="T-1"))
        blanked = order(DAWN + DAY, amounts=amounts(title="Tea"))
        for record in (known.merge(blanked), blanked.merge(known)):
            product = record.products["1"]
            assert ("5", "tea", "green", "T-1") == (
                record.customer.value,
                product.product.value,
                product.variant.value,
                product.sku.value,
            )

    def test_what_of_a_product_is_still_told(self):
        """A shop that deletes a product keeps the sku in the order: the product stays known beside it."""
        known = order(DAWN, amounts=amounts(product="tea", variant="green", sku="T-1"))
        deleted = order(DAWN + DAY, amounts=amounts(title="Tea", sku="T-2"))
        for record in (known.merge(deleted), deleted.merge(known)):
            product = record.products["1"]
            assert ("tea", "green", "T-2") == (
                product.product.value,
                product.variant.value,
                product.sku.value,
            )

    def test_corrected_account(self):
        """Another account is not a blank: the latest known one counts."""
        assert "6" == order(DAWN, customer="5").merge(order(DAWN + DAY, customer="6")).customer.value

    def test_erased_person(self):
        """An erased person is gone from the order; a late older picture brings nobody back."""
        known = order(DAWN, contact=Contact(email="ann@customer.example"), customer="5")
        erased = order(DAWN + DAY, erased=True)
        for record in (known.merge(erased), erased.merge(known)):
            assert (None, "5") == (record.contact.value, record.customer.value)

    def test_addresses_of_an_account(self):
        """An account keeps every address that it ever had, folded; an erased one adds none."""
        pictures = [
            CustomerSnapshot(
                shop=SHOP, id="5", version=Version(), contact=Contact(email="Ann@Customer.example ")
            ),
            CustomerSnapshot(shop=SHOP, id="5", version=Version(), contact=Contact(email="ann@work.example")),
            CustomerSnapshot(
                shop=SHOP, id="5", version=Version(), contact=Contact(email="x@y.example"), erased=True
            ),
        ]
        record = merged(*(customer_record(dated(one, DAWN + n * DAY)) for n, one in enumerate(pictures)))
        assert {"ann@customer.example", "ann@work.example"} == record.emails
        assert record.contact.value is None

    def test_the_zone_of_an_erased_account_goes_with_the_person(self):
        """It says nothing of whoever is written to now; a late older picture does not bring it back."""
        known = customer_record(
            CustomerSnapshot(shop=SHOP, id="5", version=Version(modified_at=DAWN), zone="Pacific/Chatham")
        )
        erased = customer_record(
            CustomerSnapshot(shop=SHOP, id="5", version=Version(modified_at=DAWN + DAY), erased=True)
        )
        for record in (known.merge(erased), erased.merge(known)):
            assert record.zone is not None
            assert "" == record.zone.value


class TestRefunds:
    REFUND = RefundSnapshot(id="77", amount=money(1))

    def listed(self, at, *ids, read=None):
        """Return a picture that lists refunds; one that was read lists all there are."""
        refunds = tuple(replace(self.REFUND, id=id_) for id_ in ids)
        return order(at, read, refunds=refunds, refunds_complete=read is not None)

    def test_only_a_read_withdraws(self):
        """A later webhook without the refund does not withdraw it; a complete list does."""
        told = self.listed(DAWN, "77")
        assert not told.merge(self.listed(DAWN + DAY)).withdrawn("77")
        assert told.merge(self.listed(DAWN + DAY, read=DAWN + DAY)).withdrawn("77")

    def test_undated_removal(self):
        """Shops do not date the removal of a refund: of two reads of one version the later one counts."""
        first = self.listed(DAWN, "77", read=DAWN + HOUR)
        second = self.listed(DAWN, read=DAWN + DAY)
        assert first.merge(second).withdrawn("77")
        assert second.merge(first).withdrawn("77")

    def test_not_resurrected(self):
        """A late webhook of the version that was read, or of an older one, brings no refund back."""
        read = self.listed(DAWN + DAY, read=DAWN + 2 * DAY)
        late = [self.listed(DAWN, "77"), self.listed(DAWN + DAY, "77")]
        assert merged(*late, read).withdrawn("77")
        assert merged(read, *late).withdrawn("77")

    def test_seen_again(self):
        """A refund that a later version lists again is there again."""
        read = self.listed(DAWN, read=DAWN + HOUR)
        record = merged(self.listed(DAWN, "77"), read, self.listed(DAWN + DAY, "77"))
        assert not record.withdrawn("77")

    def test_partial_list(self):
        """A picture that does not speak of refunds withdraws none and misses none."""
        record = self.listed(DAWN, "77").merge(order(DAWN + DAY, DAWN + DAY))
        assert (False, False) == (record.withdrawn("77"), record.misses_refund)

    @UNHURRIED
    @given(st.lists(st.sampled_from(["told", "untold", "both"]), min_size=1, max_size=4), st.randoms())
    def test_missing(self, forms, random):
        """Whether a refund is missed from the latest list does not depend on the order of arrival."""
        ids = {"told": ("77",), "untold": (), "both": ("77", "78")}
        records = [self.listed(DAWN + n * DAY, *ids[form]) for n, form in enumerate(forms)]
        known = {id_ for form in forms for id_ in ids[form]}
        shuffled = random.sample(records, len(records))
        assert (known != set(ids[forms[-1]])) == merged(*shuffled).misses_refund

    def test_lines_unknown_or_none(self):
        """Lines that are not told yet (None) never replace those that are; an amount-only refund has ()."""
        lines = (RefundLine(line="1", quantity=1, amount=money(1)),)
        read = order(DAWN, DAWN + HOUR, refunds=(replace(self.REFUND, lines=lines),), refunds_complete=True)
        told = order(DAWN + DAY, refunds=(self.REFUND,))
        assert lines == read.merge(told).refunds["77"].lines.value
        assert told.refunds["77"].lines is None
        assert () == order(refunds=(replace(self.REFUND, lines=()),)).refunds["77"].lines.value


class TestCancelled:
    def test_last_writer(self):
        """A cancelled order that is paid after all is revived, and a late older notice does not cancel it."""
        cancelled = order(DAWN, cancelled=True)
        paid = order(DAWN + DAY, cancelled=False, purchased_at=DAWN + DAY)
        for record in (cancelled.merge(paid), paid.merge(cancelled)):
            assert (False, None) == (record.cancelled.value, record.cancelled_at)

    @pytest.mark.parametrize(
        ("distance", "expected"), [(-SECOND, None), (timedelta(0), DAWN), (SECOND, DAWN + SECOND)]
    )
    def test_at_or_after_the_purchase(self, distance, expected):
        """Only what was cancelled at or after its purchase was a purchase called off."""
        record = order(DAWN + distance, cancelled=True, purchased_at=DAWN)
        assert expected == record.cancelled_at

    def test_earliest_of_several(self):
        """The purchase is called off since the first moment at which it was seen cancelled."""
        record = merged(
            order(DAWN, purchased_at=DAWN),
            order(DAWN + 3 * DAY, cancelled=True),
            order(DAWN + 2 * DAY, cancelled=True),
        )
        assert DAWN + 2 * DAY == record.cancelled_at


class TestGone:
    def test_order(self):
        """An order that a read does not find is called off since that read."""
        known = order(DAWN, purchased_at=DAWN, cancelled=False)
        gone = gone_order(SHOP, "1042", Version(read_at=DAWN + DAY))
        for record in (known.merge(gone), gone.merge(known)):
            assert (True, DAWN + DAY) == (record.cancelled.value, record.cancelled_at)

    def test_order_that_comes_back(self):
        """What was told of a later moment counts: a draft that was not an order yet becomes one."""
        gone = gone_order(SHOP, "1042", Version(read_at=DAWN))
        placed = order(DAWN + DAY, purchased_at=DAWN + DAY, cancelled=False)
        for record in (placed.merge(gone), gone.merge(placed)):
            assert (False, None) == (record.cancelled.value, record.cancelled_at)

    def test_customer_and_product(self):
        """The same holds for accounts and products."""
        later = Version(read_at=DAWN + DAY)
        account = customer_record(
            dated(CustomerSnapshot(shop=SHOP, id="5", version=Version(), deleted=False), DAWN)
        )
        product = product_record(
            dated(ProductSnapshot(shop=SHOP, id="tea", version=Version(), deleted=False), DAWN)
        )
        assert account.merge(gone_customer(SHOP, "5", later)).deleted.value
        assert gone_product(SHOP, "tea", later).merge(product).deleted.value


class TestReviews:
    def review(self, minutes, **said):
        """Return the record of a picture that was modified some minutes after dawn."""
        picture = ReviewSnapshot(shop=SHOP, id="715", version=Version(), **said)
        return review_record(dated(picture, DAWN + timedelta(minutes=minutes)))

    @UNHURRIED
    @given(review_pictures(), review_pictures())
    def test_every_field_is_told(self, one, other):
        """No field is forgotten by the merge: told once, it is there."""
        both = review_record(one).merge(review_record(other))
        told = {
            entry.name
            for entry in fields(ReviewRecord)
            if getattr(review_record(one), entry.name) or getattr(review_record(other), entry.name)
        }
        assert told == {entry.name for entry in fields(ReviewRecord) if getattr(both, entry.name)}

    def test_the_latest_moderation_counts(self):
        """Whichever picture came first."""
        held = self.review(0, status=ReviewStatus.HOLD)
        approved = self.review(5, status=ReviewStatus.APPROVED)
        for record in (held.merge(approved), approved.merge(held)):
            assert ReviewStatus.APPROVED == record.status.value

    @pytest.mark.parametrize(
        ("statuses", "heard"),
        [
            ([ReviewStatus.APPROVED], True),
            ([ReviewStatus.HOLD], True),
            ([ReviewStatus.SPAM], False),
            ([ReviewStatus.TRASH, ReviewStatus.SPAM], False),
            ([ReviewStatus.SPAM, ReviewStatus.APPROVED], True),
            ([ReviewStatus.HOLD, ReviewStatus.TRASH], True),
        ],
    )
    def test_once_heard_always_heard(self, statuses, heard):
        """Spam never was anybody's word; what is thrown away later still was."""
        pictures = [self.review(number, status=status) for number, status in enumerate(statuses)]
        assert heard is merged(*pictures).heard
        assert heard is merged(*reversed(pictures)).heard

    def test_what_is_gone_says_nothing_any_more(self):
        """The text goes with the review; whose it was stays, as with orders."""
        written = self.review(0, text="Lovely", contact=Contact(email="ann@customer.example"), rating=5)
        record = written.merge(gone_review(SHOP, "715", Version(read_at=DAWN + DAY)))
        assert (True, None, 5) == (record.deleted.value, record.text.value, record.rating.value)
        assert "ann@customer.example" == record.contact.value.email

    def test_what_comes_back_is_there_again(self):
        """As from a backup."""
        gone = gone_review(SHOP, "715", Version(read_at=DAWN))
        record = gone.merge(self.review(5, text="Lovely"))
        assert (False, "Lovely") == (record.deleted.value, record.text.value)

    def test_an_erased_person_stays_erased_when_an_older_picture_comes_late(self):
        """Address and account are gone from the record, and what is known of the review stays."""
        contact = Contact(email="ann@customer.example")
        written = self.review(0, contact=contact, customer="5", text="Lovely")
        erased = self.review(5, erased=True)
        for record in (written.merge(erased), erased.merge(written)):
            assert (None, None) == (record.contact.value, record.customer.value)
            assert "Lovely" == record.text.value

    @pytest.mark.parametrize("rating", [0, 6, -1])
    def test_a_rating_is_one_to_five_stars(self, rating):
        """An adapter that takes zero for a rating would show a customer as furious."""
        with pytest.raises(ValueError, match="1 to 5 stars"):
            ReviewSnapshot(shop=SHOP, id="715", version=Version(), rating=rating)


def test_repr_tells_no_person():
    """What is logged of a record holds nothing of the person."""
    contact = Contact(email="ann@customer.example", phone="0123", family_name="Archer", street="Elm 1")
    account = customer_record(
        CustomerSnapshot(shop=SHOP, id="5", version=Version(), contact=contact, attributes={"dog": "Rex"})
    )
    review = ReviewSnapshot(shop=SHOP, id="1", version=Version(), contact=contact, text="I am Cy of Rome")
    shown = f"{order(contact=contact)!r} {account!r} {Register(contact, Version())!r} {review!r} "
    shown += f"{review_record(review)!r}"
    found = [word for word in ("ann@", "0123", "Archer", "Elm", "Rex", "Rome") if word in shown]
    assert [] == found
