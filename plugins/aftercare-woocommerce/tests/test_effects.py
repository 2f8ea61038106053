from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import Discount, IssueCode, RevokeCode, TagCustomer
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.shops import Shop
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import Refusal

ENDS = datetime(2026, 5, 1, 14, 59, 59, 500, tzinfo=UTC)


def issue(**changes):
    """Return a command for a code of 500 yen."""
    given = {
        "key": "tea/reward/7",
        "code": "THANKS-7F3A",
        "discount": Discount(amount=Money(500, "JPY")),
        "email": "Hana@Example.jp",
        "expires_at": ENDS,
        "reason": "お礼",
    }
    return IssueCode(**{**given, **changes})


@pytest.fixture
def coupon(woo):
    """The coupon that a command makes, as the shop tells it."""

    def coupon(command):
        receipt = woo.adapter.perform(command)
        return woo.shop.show("coupons", int(receipt.reference))

    return coupon


def test_a_code_becomes_a_coupon(coupon):
    """It can be used once, by one person, until the very second."""
    told = coupon(issue())
    expected = {
        "code": "thanks-7f3a",
        "discount_type": "fixed_cart",
        "amount": "500.00",
        "usage_limit": 1,
        "email_restrictions": ["hana@example.jp"],
        "date_expires_gmt": "2026-05-01T14:59:59",
        "minimum_amount": "0.00",
        "product_ids": [],
        "free_shipping": False,
        "description": "お礼",
    }
    assert expected == {name: told[name] for name in expected}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"discount": Discount(percent=Decimal("12.5"))},
            {"discount_type": "percent", "amount": "12.50", "free_shipping": False},
        ),
        (
            {"discount": Discount(free_shipping=True)},
            {"discount_type": "fixed_cart", "amount": "0.00", "free_shipping": True},
        ),
        ({"minimum": Money(3000, "JPY")}, {"minimum_amount": "3000.00"}),
        (
            {"products": ("11", "12")},
            {"product_ids": [11, 12], "discount_type": "fixed_product", "limit_usage_to_x_items": 1},
        ),
        (
            {"products": ("11",), "discount": Discount(percent=Decimal(10))},
            {"product_ids": [11], "discount_type": "percent", "limit_usage_to_x_items": None},
        ),
        ({"expires_at": None}, {"date_expires": None}),
        (
            {"expires_at": datetime(2026, 5, 1, 23, 59, 59, tzinfo=ZoneInfo("Asia/Tokyo"))},
            {"date_expires_gmt": "2026-05-01T14:59:59", "date_expires": "2026-05-01T23:59:59"},
        ),
    ],
)
def test_every_kind(coupon, changes, expected):
    """Shares, free shipping, minimum, products, and times in whatever zone."""
    told = coupon(issue(**changes))
    assert expected == {name: told[name] for name in expected}


def test_it_is_worth_what_it_says(woo):
    """In the checkout the coupon takes off what was promised, once, and to nobody else."""
    woo.adapter.perform(issue())
    with pytest.raises(Refusal, match="invalid_coupon"):
        woo.shop.checkout({woo.tea: 1}, email="other@example.jp", coupon="THANKS-7F3A")
    woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A", shipping="0")
    [order] = woo.shop.orders.values()
    assert 380 == order.total
    with pytest.raises(Refusal, match="invalid_coupon"):
        woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")


def test_a_retry_finds_its_own(woo):
    """When the answer is lost, the second try finds the coupon of the first, also when it was used since."""
    first = woo.adapter.perform(issue())
    assert first == woo.adapter.perform(issue())
    woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")
    assert first == woo.adapter.perform(issue())
    assert 1 == len(woo.shop.coupons)


def test_an_answer_that_is_lost(woo):
    """The same within one call: the shop made the coupon and then broke down."""
    answer = woo.api._routed
    lost = iter([True])

    def routed(method, *rest):
        told = answer(method, *rest)
        if method == "POST" and next(lost, False):
            woo.api.fail()
            raise Refusal(502, "", "")
        return told

    woo.api._routed = routed
    receipt = woo.adapter.perform(issue())
    assert [receipt.reference] == [str(number) for number in woo.shop.coupons]
    assert 2 == len(woo.pauses)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"discount": Discount(amount=Money(400, "JPY"))}, "amount"),
        ({"discount": Discount(percent=Decimal(5))}, "discount_type"),
        ({"email": "other@example.jp", "key": "tea/reward/8"}, "email_restrictions"),
        ({"email": "other@example.jp", "minimum": Money(1, "JPY")}, "email_restrictions"),
        ({"minimum": Money(1, "JPY")}, "minimum_amount"),
        ({"products": ("11",)}, "product_ids"),
        ({"key": "tea/reward/8"}, "_aftercare_key"),
    ],
)
def test_the_code_of_another_coupon(woo, changes, named):
    """A code that is taken by something else is refused for good, and what is there stays as it is."""
    woo.adapter.perform(issue())
    before = woo.shop.show("coupons", *woo.shop.coupons)
    with pytest.raises(CommandRefused, match=named) as caught:
        woo.adapter.perform(issue(**changes))
    assert "example.jp" not in str(caught.value)
    assert before == woo.shop.show("coupons", *woo.shop.coupons)


class TestAnotherAddress:
    """The coupon was made, its answer was lost, and the buyer's address was corrected before the retry."""

    RIGHT = "right@example.jp"

    def test_the_coupon_follows(self, woo):
        """It is the same coupon, for the right address only, and ends when it did."""
        first = woo.adapter.perform(issue())
        assert first == woo.adapter.perform(issue(email=self.RIGHT))
        told = woo.shop.show("coupons", int(first.reference))
        assert [self.RIGHT] == told["email_restrictions"]
        assert "2026-05-01T14:59:59" == told["date_expires_gmt"]
        with pytest.raises(Refusal, match="invalid_coupon"):
            woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")
        woo.shop.checkout({woo.tea: 1}, email=self.RIGHT, coupon="THANKS-7F3A")
        assert 1 == len(woo.shop.coupons)

    def test_it_was_used(self, woo):
        """What was used under the address of before is not given again."""
        [number] = [int(woo.adapter.perform(issue()).reference)]
        woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")
        with pytest.raises(CommandRefused, match="used under an e-mail address") as caught:
            woo.adapter.perform(issue(email=self.RIGHT))
        assert "example.jp" not in str(caught.value)
        assert ["hana@example.jp"] == woo.shop.coupons[number].fields["email_restrictions"]

    def test_it_has_been_ended(self, woo):
        """What was revoked is not brought back by another address."""
        woo.adapter.perform(issue())
        woo.adapter.perform(TestRevoke.COMMAND)
        with pytest.raises(CommandRefused, match="ended in the shop"):
            woo.adapter.perform(issue(email=self.RIGHT))

    def test_it_is_not_kept(self, woo):
        """A shop that does not change the address has the coupon taken back: it is not the right person's."""
        number = int(woo.adapter.perform(issue()).reference)
        plain = woo.api._coupon_fields
        woo.api._coupon_fields = lambda data: {
            name: value for name, value in plain(data).items() if name != "email_restrictions"
        }
        with pytest.raises(CommandRefused, match=r"email_restrictions.*trash"):
            woo.adapter.perform(issue(email=self.RIGHT))
        assert "trash" == woo.shop.coupons[number].fields["status"]

    def test_it_goes_meanwhile(self, woo):
        """Staff deletes it at the same moment: the next try makes it anew."""
        woo.adapter.perform(issue())

        def before(asked):
            if asked.method == "PUT":
                woo.shop.coupons.clear()

        woo.api.before = before
        with pytest.raises(PlatformUnavailable):
            woo.adapter.perform(issue(email=self.RIGHT))
        woo.adapter.perform(issue(email=self.RIGHT))
        assert [[self.RIGHT]] == [each.fields["email_restrictions"] for each in woo.shop.coupons.values()]


def test_a_coupon_of_the_merchant(woo):
    """A coupon that was made by hand is not taken for a reward."""
    woo.shop.coupon("thanks-7f3a", amount=Decimal(500))
    with pytest.raises(CommandRefused, match="another coupon"):
        woo.adapter.perform(issue())


def test_a_code_that_is_taken_and_not_there(woo):
    """A cache that hides the coupon is asked again later."""
    woo.adapter.perform(issue())
    answer = woo.api._routed
    woo.api._routed = lambda method, path, told, data: (
        (200, []) if (method, path) == ("GET", "coupons") else answer(method, path, told, data)
    )
    with pytest.raises(PlatformUnavailable, match="taken"):
        woo.adapter.perform(issue())


class TestExpiry:
    def test_shops_that_read_dates_by_their_own_clock(self, woo, coupon):
        """A shop that does not see the zone of a date is told the date on its own clock."""
        seen = []
        plain = woo.api._expiry

        def expiry(value):
            seen.append(value)
            return plain(value.removesuffix("Z") if value else value)

        woo.api._expiry = expiry
        assert "2026-05-01T14:59:59" == coupon(issue())["date_expires_gmt"]
        assert ["2026-05-01T14:59:59Z", "2026-05-01T23:59:59"] == seen

    def test_shops_that_take_no_zone(self, woo, coupon):
        """The same where a date with a zone is ignored: what the shop says of its clock elsewhere helps."""
        plain = woo.api._expiry
        woo.api._expiry = lambda value: None if value.endswith("Z") else plain(value)
        assert "2026-05-01T14:59:59" == coupon(issue())["date_expires_gmt"]

    def test_shops_that_keep_no_expiry(self, woo):
        """A coupon that would be good for ever is taken back."""
        woo.api._expiry = lambda _: None
        with pytest.raises(CommandRefused, match="moved to the trash"):
            woo.adapter.perform(issue())
        assert ["trash"] == [each.fields["status"] for each in woo.shop.coupons.values()]

    def test_a_crash_before_the_expiry_was_right(self, woo, coupon):
        """The retry sets right what the first try left."""
        number = int(woo.adapter.perform(issue()).reference)
        woo.shop.coupons[number].fields["date_expires"] = None
        assert "2026-05-01T14:59:59" == coupon(issue())["date_expires_gmt"]

    def test_ended_since(self, woo):
        """A coupon that staff ended is not brought back."""
        number = int(woo.adapter.perform(issue()).reference)
        woo.shop.coupons[number].fields["date_expires"] = ENDS - timedelta(days=3)
        with pytest.raises(CommandRefused, match="ended in the shop"):
            woo.adapter.perform(issue())

    def test_another_coupon_than_asked_for(self, woo):
        """What a plugin of the shop makes of the coupon is looked at, and taken back."""
        plain = woo.api._coupon_fields
        woo.api._coupon_fields = lambda data: {**plain(data), "usage_limit": None}
        with pytest.raises(CommandRefused, match=r"usage_limit.*trash"):
            woo.adapter.perform(issue())
        assert ["trash"] == [each.fields["status"] for each in woo.shop.coupons.values()]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"email": ""}, "e-mail address"),
        ({"email": "*@example.jp"}, "e-mail address"),
        ({"email": "nobody"}, "coupon_invalid_email_address"),
        ({"products": ("sku-1",)}, "whole numbers"),
        ({"discount": Discount(amount=Money(500, "USD"))}, "USD"),
        ({"minimum": Money(500, "USD")}, "USD"),
    ],
)
def test_what_no_coupon_can_be(woo, changes, told):
    """It is refused before anything is made, or by the shop's own code, and names nobody."""
    with pytest.raises(CommandRefused, match=told) as caught:
        woo.adapter.perform(issue(**changes))
    assert {} == woo.shop.coupons
    assert "nobody" not in str(caught.value)
    assert caught.value.__context__ is None


def test_three_decimals(connect):
    """A shop tells coupons in two decimals; that its currency has three is no difference."""
    woo = connect(currency="BHD", decimals=3)
    command = issue(discount=Discount(amount=Money(10_635, "BHD")))
    first = woo.adapter.perform(command)
    assert first == woo.adapter.perform(command)
    assert Decimal("10.635") == woo.shop.coupons[int(first.reference)].fields["amount"]


class TestRevoke:
    COMMAND = RevokeCode(key="tea/reward/7/revoke", code="THANKS-7F3A")

    def test_ended(self, woo):
        """The coupon ends, its code stays taken, and a second time changes nothing."""
        receipt = woo.adapter.perform(issue())
        woo.shop.wait(minutes=1)
        assert receipt == woo.adapter.perform(self.COMMAND)
        with pytest.raises(Refusal, match="invalid_coupon"):
            woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")
        writes = len([each for each in woo.api.asked if each.method == "PUT"])
        assert receipt == woo.adapter.perform(self.COMMAND)
        assert writes == len([each for each in woo.api.asked if each.method == "PUT"])
        with pytest.raises(CommandRefused, match="ended"):
            woo.adapter.perform(issue())

    def test_not_there(self, woo):
        """What is not there need not be ended."""
        assert "" == woo.adapter.perform(self.COMMAND).reference

    def test_used(self, woo):
        """What was used stays as it was used."""
        receipt = woo.adapter.perform(issue())
        woo.shop.checkout({woo.tea: 1}, email="hana@example.jp", coupon="THANKS-7F3A")
        assert receipt == woo.adapter.perform(self.COMMAND)
        assert ENDS.replace(microsecond=0) == woo.shop.coupons[int(receipt.reference)].fields["date_expires"]

    def test_not_ours(self, woo):
        """A coupon of the merchant is left alone."""
        woo.shop.coupon("thanks-7f3a", amount=Decimal(500))
        with pytest.raises(CommandRefused, match="not made by aftercare"):
            woo.adapter.perform(self.COMMAND)

    def test_gone_meanwhile(self, woo):
        """Staff deletes it at the same moment."""
        woo.adapter.perform(issue())

        def before(asked):
            if asked.method == "PUT":
                woo.shop.coupons.clear()

        woo.api.before = before
        woo.adapter.perform(self.COMMAND)

    def test_expiry_that_is_not_kept(self, woo):
        """A shop that does not end the coupon has it moved to the trash."""
        number = int(woo.adapter.perform(issue()).reference)
        woo.api._expiry = lambda _: None
        woo.adapter.perform(self.COMMAND)
        assert "trash" == woo.shop.coupons[number].fields["status"]


class TestTag:
    @pytest.fixture
    def account(self, woo):
        return woo.shop.customer("hana@example.jp", meta={"birthday": "1985-04-10"})

    def tag(self, account, value, name="tier"):
        return TagCustomer(key="tea/tier/1", customer=str(account), name=name, value=value)

    def shown(self, woo, account):
        return {each.key: each.value for each in woo.shop.customers[account].meta}

    def test_set_changed_taken_away(self, woo, account):
        """The value is there, once, and everything else stays."""
        for value in ("silver", "gold"):
            receipt = woo.adapter.perform(self.tag(account, value))
            assert str(account) == receipt.reference
            assert {"birthday": "1985-04-10", "aftercare_tier": value} == self.shown(woo, account)
        woo.adapter.perform(self.tag(account, None))
        assert {"birthday": "1985-04-10"} == self.shown(woo, account)

    @pytest.mark.parametrize("value", ["gold", None])
    def test_nothing_is_written_twice(self, woo, account, value):
        """A write would announce the account as modified, each time."""
        woo.adapter.perform(self.tag(account, "gold"))
        woo.adapter.perform(self.tag(account, value))
        before = len(woo.api.asked)
        woo.adapter.perform(self.tag(account, value))
        assert ["GET"] == [each.method for each in woo.api.asked[before:]]

    def test_doubled(self, woo, account):
        """Two entries of one name, as an import leaves them, become one."""
        meta = woo.shop.customers[account].meta
        meta += woo.shop._meta({"aftercare_tier": "gold"}) + woo.shop._meta({"aftercare_tier": "silver"})
        woo.adapter.perform(self.tag(account, "gold"))
        assert ["gold"] == [each.value for each in meta if each.key == "aftercare_tier"]

    @pytest.mark.parametrize(
        ("customer", "name", "told"),
        [
            ("999", "tier", "no account 999"),
            ("guest", "tier", "whole numbers"),
            ("2", "Tier!", "name of a value"),
        ],
    )
    def test_refused(self, woo, account, customer, name, told):
        """No account, no value."""
        with pytest.raises(CommandRefused, match=told):
            woo.adapter.perform(self.tag(customer, "gold", name))

    def test_gone_meanwhile(self, woo, account):
        """The account is closed at the same moment."""

        def before(asked):
            if asked.method == "PUT":
                woo.shop.customers.clear()

        woo.api.before = before
        with pytest.raises(CommandRefused, match="any more"):
            woo.adapter.perform(self.tag(account, "gold"))

    def test_not_kept(self, woo, account):
        """A shop that takes the value without keeping it is found out."""
        woo.api._write_meta = lambda *_: None
        with pytest.raises(CommandRefused, match="does not keep"):
            woo.adapter.perform(self.tag(account, "gold"))


class TestTrouble:
    def test_down(self, woo):
        """A shop that is down is tried again later."""
        woo.api.fail(times=8)
        with pytest.raises(PlatformUnavailable):
            woo.adapter.perform(issue(discount=Discount(percent=Decimal(5))))

    def test_a_key_for_reading_only(self, woo):
        """A key that may not write is a matter for a person."""
        woo.shop.keys.known = {key: (secret, "read") for key, (secret, _) in woo.shop.keys.known.items()}
        with pytest.raises(ConfigurationError, match="Read/Write"):
            woo.adapter.perform(issue())

    def test_plain_permalinks(self, woo):
        """An address under which there is no API is one too."""
        woo.api._routed = None
        woo.api._answered = lambda *_: (_ for _ in ()).throw(Refusal(404, "rest_no_route", ""))
        for command in (
            issue(),
            issue(discount=Discount(percent=Decimal(5))),
            TestRevoke.COMMAND,
            TagCustomer(key="k", customer="2", name="tier", value="x"),
        ):
            with pytest.raises(ConfigurationError, match="permalinks"):
                woo.adapter.perform(command)

    def test_recordings(self):
        """Recordings are for reading."""
        adapter = WooCommerceAdapter(Shop(name="tea", options={"read_from": "recordings"}))
        with pytest.raises(ConfigurationError, match="recordings take no commands"):
            adapter.perform(issue())

    def test_no_json(self, woo, monkeypatch):
        """A page for people under a good status is no coupon."""
        post = RestClient.post

        def html(self, *args, **kwargs):
            return replace(post(self, *args, **kwargs), body=b"<html>")

        monkeypatch.setattr(RestClient, "post", html)
        with pytest.raises(PlatformUnavailable, match="no JSON"):
            woo.adapter.perform(issue())
