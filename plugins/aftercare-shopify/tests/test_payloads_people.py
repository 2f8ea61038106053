from __future__ import annotations

from datetime import UTC, datetime

import pytest

ACCOUNT = "706405506930370084"


@pytest.fixture
def customer(told):
    """The picture that the body of a customer draws."""

    def customer(what="customers/create", **changes):
        (snapshot,) = told(what, "customers/update", **changes)
        return snapshot

    return customer


@pytest.fixture
def contact(told):
    """The person in the body of an order."""

    def contact(what="orders-create.live", **changes):
        snapshot, *_ = told(what, **changes)
        return snapshot.contact

    return contact


class TestCustomer:
    def test_whole(self, customer):
        """An account is told with its name, its e-mail and its address."""
        told = customer()
        assert (ACCOUNT, datetime(2022, 1, 1, tzinfo=UTC)) == (told.id, told.version.modified_at)
        contact = told.contact
        assert ("bob@biller.com", "Bob", "Biller") == (
            contact.email,
            contact.given_name,
            contact.family_name,
        )
        assert ("ON", "CA", "K2P 2L8") == (contact.region, contact.country, contact.postal_code)
        assert "151 O'Connor Street" == contact.street
        assert (False, False) == (told.deleted, told.erased)

    def test_without_tags(self, customer):
        """Tags are not told since 2025-01: that is not the same as none."""
        assert customer().tags is None

    def test_tags(self, customer):
        """Older releases tell them in one string."""
        assert ("tea", "vip") == customer(tags="vip, tea, ").tags
        assert () == customer(tags="").tags
        assert customer("customers-create.2024-10").tags is not None

    def test_own_name(self, customer, body):
        """Somebody's own name counts, and not the one that parcels go to."""
        home = {**body("customers/create")["default_address"], "first_name": "Aunt", "last_name": "Jane"}
        assert "Bob" == customer(default_address=home).contact.given_name
        assert "Aunt" == customer(default_address=home, first_name=None, last_name=None).contact.given_name

    def test_no_address(self, customer):
        """An account need not have an address."""
        contact = customer(default_address=None).contact
        assert ("bob@biller.com", "", "") == (contact.email, contact.street, contact.country)

    def test_not_allowed_to_see(self, customer, body):
        """An app without access to protected data is told an account and nobody behind it."""
        bare = body("customers/create")
        for name in ("email", "phone", "first_name", "last_name"):
            del bare[name]
        bare["default_address"] = {"country_code": "CA", "province_code": "ON"}
        assert customer(bare).contact is None
        assert customer(bare).erased is False

    @pytest.mark.parametrize("state", ["redacted", "REDACTED"])
    def test_redacted(self, customer, state):
        """Where Shopify says that a person was removed, that person is erased here too."""
        told = customer(email_marketing_consent={"state": state})
        assert (True, None) == (told.erased, told.contact)
        assert not customer(email_marketing_consent={"state": "subscribed"}).erased


class TestOrder:
    def test_who_ordered(self, contact):
        """The e-mail is that of the order, the name and the address those of the bill."""
        told = contact()
        assert ("jon@example.com", "Steve", "Shipper") == (told.email, told.given_name, told.family_name)
        assert ("Shipping Company", "40003", "KY", "Shippington", "US") == (
            told.company,
            told.postal_code,
            told.region,
            told.city,
            told.country,
        )
        assert "123 Shipping Street" == told.street

    def test_a_guest(self, told):
        """A guest has an address and no account."""
        guest, *_ = told("orders-create.guest")
        assert (None, "jon@example.com") == (guest.customer, guest.contact.email)

    def test_the_account_steps_in(self, contact):
        """What an order does not tell, its customer does."""
        told = contact(email=None, phone=None, billing_address=None, shipping_address=None)
        assert ("john@example.com", "John", "Smith") == (told.email, told.given_name, told.family_name)
        assert ("K2H7A8", "123-123-1234") == (told.postal_code, told.phone)

    def test_without_a_bill(self, contact):
        """Where there is no bill, the parcel's address counts."""
        assert "Shipper" == contact(billing_address=None).family_name

    def test_a_name_in_one_piece(self, contact):
        """A name that is only told whole stays whole."""
        address = {"name": "Steve Shipper", "country_code": "US"}
        told = contact(billing_address=address, shipping_address=None, customer=None)
        assert ("Steve Shipper", "", "") == (told.full_name, told.family_name, told.given_name)

    def test_nobody(self, contact):
        """A country alone is nobody, and does not take the place of somebody who is known."""
        told = contact("orders-create.protected-data-not-granted")
        assert told is None
        assert contact(email="", customer=None, billing_address=None, shipping_address=None) is None

    def test_at_the_till(self, contact):
        """An order without e-mail and account may have a name all the same."""
        told = contact("orders-create.no-customer-no-email")
        assert ("", "Shipper") == (told.email, told.family_name)

    def test_other_letters(self, contact, body):
        """Names in any letters stay as they are."""
        customer = {**body("orders-create.unicode")["customer"], "default_address": None}
        told = contact(customer=customer, billing_address=None, shipping_address=None)
        assert ("Zoë", "Ünïcödé-李 🎁") == (told.given_name, told.family_name)

    def test_redacted(self, told, body):
        """An order of a person who was removed names nobody any more."""
        customer = {
            **body("orders-create.live")["customer"],
            "email_marketing_consent": {"state": "redacted"},
        }
        snapshot, *_ = told("orders-create.live", customer=customer)
        assert (True, None) == (snapshot.erased, snapshot.contact)
