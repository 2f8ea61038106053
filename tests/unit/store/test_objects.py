from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.records import (
    CustomerRecord,
    OrderRecord,
    ProductRecord,
    ReviewRecord,
    customer_record,
    order_record,
    product_record,
    review_record,
)
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import objects
from aftercare_sdk.store.objects import Stored
from aftercare_sdk.store.tables import objects as table
from tests.support.histories import (
    DAWN,
    DAY,
    SHOP,
    customer_pictures,
    dated,
    order_pictures,
    product_pictures,
    review_pictures,
)

UNHURRIED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PERSON = Contact(
    email="ogawa@customer.example",
    phone="03-1234-5678",
    family_name="小川",
    given_name="直人",
    full_name="小川 直人",
    company="小川商店",
    postal_code="100-0005",
    region="JP13",
    city="千代田区",
    street="丸の内1-1",
    country="JP",
)


def save(database, *stored):
    """Save in a transaction of its own."""
    with database.write() as connection:
        objects.save_many(connection, stored, DAWN)


def everything(database):
    """Return everything that is stored."""
    with database.read() as connection:
        return objects.everything(connection)


class TestRoundTrip:
    @UNHURRIED
    @given(pictures=st.lists(order_pictures(), min_size=1, max_size=3))
    def test_orders(self, database, pictures):
        """An order comes back with every field and every version."""
        record = order_record(pictures[0])
        for picture in pictures[1:]:
            record = record.merge(order_record(picture))
        stored = Stored(record=record, identity=3, contact_identity=4)
        save(database, stored)
        assert [stored] == everything(database)

    @UNHURRIED
    @given(picture=customer_pictures())
    def test_customers(self, database, picture):
        """So does an account."""
        stored = Stored(record=customer_record(picture), identity=3)
        save(database, stored)
        assert [stored] == everything(database)

    @UNHURRIED
    @given(picture=product_pictures())
    def test_products(self, database, picture):
        """So does a product."""
        stored = Stored(record=product_record(picture))
        save(database, stored)
        assert [stored] == everything(database)

    @UNHURRIED
    @given(picture=review_pictures())
    def test_reviews(self, database, picture):
        """So does a review."""
        stored = Stored(record=review_record(picture), identity=3, contact_identity=4)
        save(database, stored)
        assert [stored] == everything(database)

    def test_any_text(self, database):
        """Texts of every language and with control characters come back as they are, on both databases."""
        odd = "日本語 🛒 \x00 \x1f \\ \" ' \u2028 é e\u0301 \ufffd"
        picture = OrderSnapshot(
            shop=SHOP, id="1", version=Version(), status=odd, contact=Contact(full_name=odd), codes=(odd,)
        )
        stored = Stored(record=order_record(dated(picture, DAWN)))
        save(database, stored)
        assert [stored] == everything(database)


class TestPersonalData:
    """What names a person stands in the column `person` and nowhere else, so that it can be erased."""

    def columns(self, database):
        """Return the row as text, without the personal column, and that column."""
        with database.read() as connection:
            row = dict(connection.execute(select(table)).mappings().one())
        return row.pop("person"), repr(row)

    def words(self):
        """Return every word of the person."""
        return [getattr(PERSON, entry.name) for entry in fields(Contact) if entry.name != "country"]

    def test_orders(self, database):
        """The contact of an order is personal in every part but the country."""
        picture = OrderSnapshot(
            shop=SHOP, id="1042", version=Version(), customer="5", contact=PERSON, country="JP"
        )
        save(database, Stored(record=order_record(dated(picture, DAWN)), identity=1, contact_identity=2))
        person, others = self.columns(database)
        assert [] == [word for word in self.words() if word not in person]
        assert [] == [word for word in self.words() if word in others]

    def test_customers(self, database):
        """So are contact, addresses, birthday and attributes of an account."""
        picture = CustomerSnapshot(
            shop=SHOP,
            id="5",
            version=Version(),
            contact=PERSON,
            birthday=date(1980, 2, 29),
            attributes={"dog": "Taro"},
            tags=("vip",),
        )
        save(database, Stored(record=customer_record(dated(picture, DAWN)), identity=1))
        person, others = self.columns(database)
        words = [*self.words(), "1980-02-29", "dog", "Taro"]
        assert [] == [word for word in words if word not in person]
        assert [] == [word for word in words if word in others]

    def test_reviews(self, database):
        """So are who wrote a review, and what."""
        picture = ReviewSnapshot(
            shop=SHOP,
            id="715",
            version=Version(),
            contact=PERSON,
            text="Ask for Hana in the shop!",
            rating=5,
            status=ReviewStatus.APPROVED,
        )
        save(database, Stored(record=review_record(dated(picture, DAWN)), identity=1))
        person, others = self.columns(database)
        words = [*self.words(), "Ask for Hana"]
        assert [] == [word for word in words if word not in person]
        assert [] == [word for word in words if word in others]

    def test_every_field_has_its_place(self):
        """Every field that is hidden from logs is stored as personal, and no other."""
        hidden = {
            (type_, entry.name)
            for type_ in (OrderRecord, CustomerRecord, ProductRecord, ReviewRecord)
            for entry in fields(type_)
            if not entry.repr
        }
        of_reviews = {(ReviewRecord, "contact"), (ReviewRecord, "text")}
        personal = {(CustomerRecord, entry.name) for entry in fields(objects._Person) if entry.name != "text"}
        assert hidden == personal | of_reviews | {(OrderRecord, "contact")}


class TestQueries:
    def order(self, number="1042", shop=SHOP, **whose):
        """Return a stored order."""
        picture = dated(OrderSnapshot(shop=shop, id=number, version=Version()), DAWN)
        return Stored(record=order_record(picture), **whose)

    def account(self, number="5", **whose):
        """Return a stored account."""
        picture = dated(CustomerSnapshot(shop=SHOP, id=number, version=Version()), DAWN)
        return Stored(record=customer_record(picture), **whose)

    def test_kinds_and_shops_apart(self, database):
        """The same id in another shop or of another kind is another object."""
        save(database, self.order("5"), self.account("5"), self.order("5", shop="other"))
        keys = [
            (SHOP, "order", "5"),
            (SHOP, "customer", "5"),
            ("other", "order", "5"),
            (SHOP, "product", "5"),
        ]
        with database.read() as connection:
            assert set(keys[:3]) == objects.get_many(connection, keys).keys()
            assert {} == objects.get_many(connection, [])

    def test_replaced(self, database):
        """An object that is saved again takes the place of what was there, owner included."""
        save(database, self.order(identity=1, contact_identity=2))
        save(database, self.order(identity=7))
        assert [(7, None)] == [(one.identity, one.contact_identity) for one in everything(database)]

    def test_of_a_person(self, database):
        """Orders and accounts are found by their owner, owners by the mailbox that is written to."""
        mine, other = self.order("1", identity=1, contact_identity=9), self.order("2", identity=2)
        account = self.account(identity=1)
        save(database, mine, other, account)
        with database.read() as connection:
            assert [mine] == objects.orders_of(connection, [1])
            assert [account] == objects.accounts_of(connection, [1, 2])
            assert [] == objects.orders_of(connection, [])
            assert [1] == objects.owners_of_mailboxes(connection, [9])
        with database.write() as connection:
            key = (SHOP, "order", "1")
            assert {key: mine} == objects.lock(connection, [(SHOP, "order", "3"), key])
            assert {} == objects.lock(connection, [])

    def test_old_records_load(self, database):
        """A record that was written before a field existed is read with that field empty."""
        save(database, self.order())
        with database.write() as connection:
            text = connection.execute(select(table.c.record)).scalar_one()
            assert '"refunds_told":null' in text
            connection.execute(table.update().values(record=text.replace(',"refunds_told":null', "")))
        assert [self.order()] == everything(database)

    def test_many_at_once(self, database):
        """A batch as large as an import's is read and written in one go."""
        many = [self.order(str(number), identity=number) for number in range(2_000)]
        save(database, *many)
        keys = [(SHOP, "order", str(number)) for number in range(2_000)]
        with database.read() as connection:
            assert 2_000 == len(objects.get_many(connection, keys))
            assert 2_000 == len(objects.orders_of(connection, range(2_000)))


def test_merge_survives_the_store(database):
    """To store in between changes nothing of what two pictures add up to."""
    one = order_record(dated(OrderSnapshot(shop=SHOP, id="1", version=Version(), status="open"), DAWN))
    other = order_record(
        dated(OrderSnapshot(shop=SHOP, id="1", version=Version(), status="paid", cancelled=True), DAWN + DAY)
    )
    save(database, Stored(record=one))
    (stored,) = everything(database)
    assert one.merge(other) == stored.record.merge(other)
    assert replace(stored, record=one.merge(other)).record == other.merge(stored.record)
