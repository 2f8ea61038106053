from __future__ import annotations

from dataclasses import replace

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.shops import Gone, Ref
from aftercare_shopify.results import Problem, Sort


def test_consents(answering, account):
    """The consent of an account is read with it; there is none without an address, or without the account."""
    mailbox = {
        "emailAddress": "hana@example.jp",
        "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": "CONFIRMED_OPT_IN",
        "marketingUpdatedAt": "2026-10-01T00:00:00Z",
    }
    shop = answering(account(1, mailbox), account(2, None))
    asked = [Ref("consent", f"{number}/email") for number in (1, 2, 3)]
    told, *gone = shop.read(*asked)
    assert ("1/email", "1", "email") == (told.id, told.customer, told.channel)
    assert [Gone(ref) for ref in asked[1:]] == gone
    assert [Gone(Ref("consent", "1/sms"))] == shop.read(Ref("consent", "1/sms"))


class TestSameAsWebhook:
    """What a read says of an object is what a webhook says of it: else each would contradict the other."""

    def test_customers(self, connect, home):
        """Of a customer all that webhooks tell: neither tags nor language since 2025."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", first_name="花", phone="+81", address=home)
        tea.shop.tag(customer, "vip")
        told, _ = tea.last_told()
        [read] = tea.read("customer", customer)
        assert ("ja", ("vip",)) == (read.locale, read.tags)
        assert told[str(customer)] == replace(
            read, locale=None, tags=None, version=told[str(customer)].version
        )


class TestConnected:
    def test_consent(self, connect):
        """What a customer said about mails is read as it stands in the shop."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp")
        now = tea.shop.wait(days=1)
        tea.shop.change_consent(customer, "SUBSCRIBED", level="SINGLE_OPT_IN")
        [told] = tea.read("consent", f"{customer}/email")
        assert ("subscribed", "single", now) == (told.state, told.opt_in, told.since)

    @pytest.mark.parametrize(
        "path", [("nodes", 1, "defaultEmailAddress"), ("nodes", 1, "defaultEmailAddress", "marketingState")]
    )
    def test_part_of_a_consent_is_hidden(self, path, answering, account, order):
        """Of what is hidden nothing is told, and others do not wait for it."""
        shop = answering(account(1, None), account(2, None), order(3))
        shop.errors = (Problem(code="ACCESS_DENIED", path=path, sort=Sort.DENIED),)
        gone = Gone(Ref("consent", "1/email"))
        assert [gone] == shop.read(Ref("consent", "1/email"), Ref("consent", "2/email"))

    def test_hidden_consents(self, connect):
        """A consent that this app may not see is not gone; orders are read all the same."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", consent="SUBSCRIBED")
        number = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=customer, paid=True)
        tea.shop.access.approved = frozenset({"name"})
        with pytest.raises(ConfigurationError, match=r"'tea'.*protected customer data"):
            tea.read("consent", f"{customer}/email")
        told = tea.adapter.read([Ref("consent", f"{customer}/email"), Ref("order", str(number))])
        assert [str(number)] == [each.id for each in told]

    def test_redacted(self, connect, home):
        """A customer whom Shopify has erased is erased in the account, its orders and its consent."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", first_name="花", consent="SUBSCRIBED", address=home)
        number = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=customer, paid=True)
        tea.shop.redact_customer(customer)
        [account_] = tea.read("customer", customer)
        [order_] = tea.read("order", number)
        assert (True, None, True, None) == (account_.erased, account_.contact, order_.erased, order_.contact)
        [consent] = tea.read("consent", f"{customer}/email")
        assert ("redacted", tea.shop.now) == (consent.state, consent.since)

    def test_not_approved(self, connect, home):
        """An app that may not see customers reads orders without them."""
        tea = connect()
        account = tea.shop.add_customer("a@example.jp", first_name="花", address=home)
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=account, paid=True)
        tea.shop.access.approved = None
        [told] = tea.read("order", order)
        assert (None, None) == (told.customer, told.contact)
        assert Money(880, "JPY") == told.amounts.lines[0].paid
        with pytest.raises(ConfigurationError, match="'tea'"):
            tea.read("customer", account)
