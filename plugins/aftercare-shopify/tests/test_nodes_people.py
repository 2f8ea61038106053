from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import schemas
from aftercare_shopify.nodes.people import customer

MAILBOX = {
    "emailAddress": "hana@example.jp",
    "marketingState": "SUBSCRIBED",
    "marketingOptInLevel": "SINGLE_OPT_IN",
    "marketingUpdatedAt": "2026-10-01T09:00:00+09:00",
}


def told(**fields):
    """Make a snapshot of an account as GraphQL tells it."""
    node = {
        "id": "gid://shopify/Customer/115310627314723954",
        "updatedAt": "2026-11-02T14:00:01Z",
        "firstName": "花",
        "lastName": "小川",
        "locale": "ja",
        "tags": ["vip", "b2b"],
        "defaultEmailAddress": MAILBOX,
        "defaultPhoneNumber": {"phoneNumber": "+81312345678"},
        "defaultAddress": {
            "firstName": "一郎",
            "lastName": "小川",
            "name": "小川 一郎",
            "company": "鳥居",
            "phone": "+81398765432",
            "address1": "1-2-3",
            "address2": None,
            "city": "千代田区",
            "province": "東京都",
            "provinceCode": None,
            "zip": "100-0001",
            "countryCodeV2": "JP",
        },
        **fields,
    }
    return customer(load(schemas.CUSTOMER, node, what="customer"), shop="tea")


def test_customer():
    """An account tells who somebody is and how to reach them. Its own name goes before its address's."""
    told_ = told()
    contact = told_.contact
    assert ("tea", "115310627314723954", "ja", ("b2b", "vip")) == (
        told_.shop,
        told_.id,
        told_.locale,
        told_.tags,
    )
    assert datetime(2026, 11, 2, 14, 0, 1, tzinfo=UTC) == told_.version.modified_at
    assert ("hana@example.jp", "+81312345678", "小川", "花") == (
        contact.email,
        contact.phone,
        contact.family_name,
        contact.given_name,
    )
    assert ("鳥居", "100-0001", "東京都", "千代田区", "1-2-3", "JP") == (
        contact.company,
        contact.postal_code,
        contact.region,
        contact.city,
        contact.street,
        contact.country,
    )
    assert (False, False) == (told_.deleted, told_.erased)


def test_next_to_nothing():
    """An app that may not see personal data is told of an account without any, which is normal."""
    nothing = dict.fromkeys(("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber"))
    told_ = told(**nothing, defaultAddress=None)
    assert (None, False, ("b2b", "vip")) == (told_.contact, told_.erased, told_.tags)


def test_redacted():
    """An account from which Shopify has removed the person is erased."""
    told_ = told(defaultEmailAddress={"emailAddress": "x@example.com", "marketingState": "REDACTED"})
    assert (True, None) == (told_.erased, told_.contact)


def test_redacted_without_an_address():
    """Where its address was removed as well, the account says so in its consent."""
    told_ = told(defaultEmailAddress=None, emailMarketingConsent={"marketingState": "REDACTED"})
    assert (True, None) == (told_.erased, told_.contact)
    assert not told(defaultEmailAddress=None, emailMarketingConsent={"marketingState": "INVALID"}).erased


def test_not_understood():
    """What is not understood is told by its field."""
    with pytest.raises(TranslationError, match=r"^customer: not understood: updatedAt$"):
        told(updatedAt="2026-11-02T14:00:01")
