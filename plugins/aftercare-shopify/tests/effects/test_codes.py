from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import Discount, IssueCode, RevokeCode
from aftercare_sdk.model.money import Money
from aftercare_shopify.effects import codes
from aftercare_shopify.fake import Refusal

ENDS = datetime(2026, 12, 1, 14, 59, 59, 500, tzinfo=UTC)
EMAIL = "Hana@Example.jp"


def issue(**changes):
    """Return a command for a code of 500 yen."""
    given = {
        "key": "tea/reward/7",
        "code": "AC-7F3A-XXYZ",
        "discount": Discount(amount=Money(500, "JPY")),
        "email": EMAIL,
        "expires_at": ENDS,
        "reason": "お礼",
    }
    return IssueCode(**{**given, **changes})


def test_a_code_becomes_a_discount(torii):
    """It can be used once, by one person, until the very second; its title says why it is there."""
    receipt = torii.perform(issue())
    made = torii.made()
    assert f"gid://shopify/DiscountCodeNode/{made.id}" == receipt.reference
    assert ("AC-7F3A-XXYZ", [torii.hana], 1, True) == (
        made.code,
        made.customers,
        made.usage_limit,
        made.once_per_customer,
    )
    assert (ENDS.replace(microsecond=0), "ACTIVE") == (made.ends, made.status(torii.shop.now))
    assert (Decimal(500), False, None) == (made.amount, made.on_each_item, made.products)
    assert made.title.startswith("お礼 [aftercare ")
    assert {"aftercare_key": "tea/reward/7"} == torii.metafields()
    assert ["customer_by_email", "create_discount_code", "set_metafields"] == torii.asked()


def test_only_that_person_uses_it_once(torii):
    """At the checkout the shop takes the code from that person, once, and from nobody else."""
    torii.perform(issue())
    tea = torii.shop.add_product("茶", "880")
    torii.shop.order({tea: 1}, customer=torii.hana, code="AC-7F3A-XXYZ")
    taro = torii.shop.add_customer("taro@example.jp")
    for customer in (torii.hana, taro):
        with pytest.raises(Refusal, match="AC-7F3A-XXYZ"):
            torii.shop.order({tea: 1}, customer=customer, code="AC-7F3A-XXYZ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"discount": Discount(percent=Decimal("12.5"))}, {"percentage": Decimal("0.125"), "amount": None}),
        ({"discount": Discount(percent=Decimal(100))}, {"percentage": Decimal(1)}),
        (
            {"discount": Discount(free_shipping=True)},
            {"free_shipping": True, "percentage": None, "amount": None},
        ),
        ({"minimum": Money(3000, "JPY")}, {"minimum_subtotal": Decimal(3000)}),
        ({"expires_at": None}, {"ends": None}),
        (
            {"expires_at": datetime(2026, 12, 1, 23, 59, 59, tzinfo=ZoneInfo("Asia/Tokyo"))},
            {"ends": datetime(2026, 12, 1, 14, 59, 59, tzinfo=UTC)},
        ),
        ({"reason": ""}, {"title": "[aftercare a7664f5cf617]"}),
        ({"email": "  hana@example.JP "}, {"once_per_customer": True}),
    ],
)
def test_every_kind(torii, changes, expected):
    """Amounts, shares, free shipping, limits: each is what Shopify calls so."""
    torii.perform(issue(**changes))
    made = torii.made()
    assert expected == {name: getattr(made, name) for name in expected}


def test_limited_to_products(torii):
    """A code for some products is taken off once, not off each piece."""
    tea, cup = torii.shop.add_product("茶", "880"), torii.shop.add_product("碗", "1200")
    torii.perform(issue(products=(str(tea), str(cup))))
    assert ([tea, cup], False) == (torii.made().products, torii.made().on_each_item)


def test_cents(connect):
    """Amounts have the decimals of the shop's currency."""
    torii = connect(currency="USD")
    torii.perform(issue(discount=Discount(amount=Money(550, "USD")), minimum=Money(2005, "USD")))
    assert (Decimal("5.50"), Decimal("20.05")) == (torii.made().amount, torii.made().minimum_subtotal)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"email": " "}, "needs an e-mail address"),
        ({"email": "nobody@example.jp"}, "no customer has the e-mail address"),
        (
            {"discount": Discount(amount=Money(500, "USD"))},
            "a code of USD cannot be made, because the shop counts in JPY",
        ),
        ({"minimum": Money(500, "USD")}, "a code of USD"),
        ({"products": ("tea",)}, "whole numbers"),
        ({"products": ("0",)}, "whole numbers"),
        ({"products": tuple(map(str, range(1, 252)))}, "250 products"),
        ({"products": ("1",), "discount": Discount(free_shipping=True)}, "free shipping"),
    ],
)
def test_what_cannot_be_made(torii, changes, told):
    """What no discount of Shopify can be is refused, for good, and nothing of the person is told."""
    with pytest.raises(CommandRefused, match=told) as caught:
        torii.perform(issue(**changes))
    assert "@" not in str(caught.value)
    assert {} == torii.shop.discounts


def test_again(torii):
    """To do it again finds what is there: one discount, the same receipt."""
    first = torii.perform(issue())
    torii.asked()
    assert first == torii.perform(issue())
    assert ["customer_by_email", "create_discount_code", "discount_code"] == torii.asked()
    assert 1 == len(torii.shop.discounts)


@pytest.mark.parametrize(
    "changes",
    [
        {"discount": Discount(percent=Decimal("33.3"))},
        {"discount": Discount(free_shipping=True)},
        {"discount": Discount(free_shipping=True), "minimum": Money(3000, "JPY")},
        {"minimum": Money(3000, "JPY")},
        {"expires_at": None},
        {"expires_at": datetime(2026, 12, 1, 23, 59, 59, 999, tzinfo=ZoneInfo("Asia/Tokyo"))},
    ],
)
def test_again_of_every_kind(torii, changes):
    """Whatever was made is known again."""
    assert torii.perform(issue(**changes)) == torii.perform(issue(**changes))


def test_again_for_products(torii):
    """So is a code for some products, in whatever order they are told."""
    tea, cup = torii.shop.add_product("茶", "880"), torii.shop.add_product("碗", "1200")
    first = torii.perform(issue(products=(str(tea), str(cup))))
    assert first == torii.perform(issue(products=(str(cup), str(tea))))


def test_used_meanwhile(torii):
    """A code that was used meanwhile is the one that was wanted."""
    first = torii.perform(issue())
    tea = torii.shop.add_product("茶", "880")
    torii.shop.order({tea: 1}, customer=torii.hana, code="AC-7F3A-XXYZ")
    assert first == torii.perform(issue())


@pytest.mark.parametrize("after", [1, 2])
def test_a_lost_answer(torii, after):
    """When Shopify made it and its answer was lost, the next try finds it, and it is ours."""
    lose(torii, after)
    assert 1 == len(torii.shop.discounts)
    torii.perform(issue())
    assert 1 == len(torii.shop.discounts)
    assert {"aftercare_key": "tea/reward/7"} == torii.metafields()


def lose(torii, after):
    """Have the shop do what it is asked, and lose its answers from that one on, until somebody gives up."""
    answer, count = torii.api.answer, []

    def lost(*request):
        reply = answer(*request)
        count.append(1)
        return replace(reply, status=502, body=b"") if len(count) > after else reply

    torii.api.answer = lost
    with pytest.raises(PlatformUnavailable):
        torii.perform(issue())
    torii.api.answer = answer


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"customers": None}, "customer"),
        ({"usage_limit": 5}, "usage limit"),
        ({"usage_limit": None}, "usage limit"),
        ({"once_per_customer": False}, "once per customer"),
        ({"amount": Decimal(900)}, "value"),
        ({"on_each_item": True}, "value"),
        ({"amount": None, "percentage": Decimal("0.5")}, "value"),
        ({"amount": None, "free_shipping": True}, "kind, value, products"),
        ({"products": []}, "products"),
        ({"minimum_subtotal": Decimal(100)}, "minimum"),
        ({"minimum_quantity": 2}, "minimum"),
        ({"ends": None}, "end"),
        ({"ends": ENDS + timedelta(days=9)}, "end"),
        ({"starts": ENDS - timedelta(days=1)}, "start"),
        ({"usage_limit": 9, "ends": None}, "usage limit, end"),
    ],
)
def test_changed_by_staff(torii, changes, told):
    """A discount that staff changed is told with what differs, and stays as it is."""
    torii.perform(issue())
    made = torii.made()
    for name, value in changes.items():
        setattr(made, name, value)
    with pytest.raises(CommandRefused, match=rf"/{made.id}, is not as it was made \({told} differ\)"):
        torii.perform(issue())
    assert changes == {name: getattr(made, name) for name in changes}


def test_ended_by_staff(torii):
    """A discount that staff has ended is not made again."""
    torii.perform(issue())
    torii.made().ends = torii.shop.now
    with pytest.raises(CommandRefused, match="has been ended in the shop"):
        torii.perform(issue())


def test_started_later_by_staff(torii):
    """A start that was moved and has come makes no difference any more."""
    first = torii.perform(issue())
    torii.made().starts = torii.shop.now
    assert first == torii.perform(issue())


@pytest.mark.parametrize("lost", [1, 2])
def test_an_address_that_changed_meanwhile(torii, lost):
    """A code that was made, and whose receipt was lost, is found though its person has a new address."""
    lose(torii, lost)
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    receipt = torii.perform(issue())
    assert (f"gid://shopify/DiscountCodeNode/{torii.made().id}", [torii.hana]) == (
        receipt.reference,
        torii.made().customers,
    )
    assert {"aftercare_key": "tea/reward/7"} == torii.metafields()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"amount": Decimal(900)}, "value differ"),
        ({"customers": None}, "customer differ"),
        ({"ends": datetime(2026, 8, 2, tzinfo=UTC)}, "ended in the shop"),
    ],
)
def test_an_address_and_a_discount_that_changed(torii, changes, told):
    """All but the person must still be as it was wanted."""
    torii.perform(issue())
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    for name, value in changes.items():
        setattr(torii.made(), name, value)
    with pytest.raises(CommandRefused, match=told):
        torii.perform(issue())


def test_an_address_that_nobody_has(torii):
    """Another reward's code is not taken for this one's where nobody has the address."""
    torii.perform(issue())
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    with pytest.raises(CommandRefused, match="no customer has the e-mail address"):
        torii.perform(issue(key="tea/reward/8"))


@pytest.mark.parametrize("discount", [Discount(amount=Money(500, "JPY")), Discount(free_shipping=True)])
def test_an_address_that_is_anothers_now(torii, discount):
    """A code goes along with its address: the customer who has it now can use it, and nobody else."""
    first = torii.perform(issue(discount=discount))
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    taro = torii.shop.add_customer(EMAIL)
    assert first == torii.perform(issue(discount=discount))
    assert [taro] == torii.made().customers
    assert first == torii.perform(issue(discount=discount))


def test_an_address_whose_customer_is_gone(torii):
    """So it does when the first customer was deleted, whose place another took."""
    first = torii.perform(issue())
    torii.shop.delete_customer(torii.hana)
    taro = torii.shop.add_customer(EMAIL)
    assert first == torii.perform(issue())
    assert taro in torii.made().customers


@pytest.mark.parametrize("anothers", [True, False])
def test_a_second_customer_of_a_code(torii, anothers):
    """A code that staff gave to one more is not as it was made."""
    torii.perform(issue())
    torii.made().customers.append(torii.shop.add_customer("taro@example.jp"))
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    if anothers:
        torii.shop.add_customer(EMAIL)
    with pytest.raises(CommandRefused, match="customer differ"):
        torii.perform(issue())


def test_used_before_the_address_was_anothers(torii):
    """A code that was used does not go along."""
    torii.perform(issue())
    torii.shop.order({torii.shop.add_product("茶", "880"): 1}, customer=torii.hana, code="AC-7F3A-XXYZ")
    torii.shop.edit_customer(torii.hana, email="new@example.jp")
    torii.shop.add_customer(EMAIL)
    with pytest.raises(CommandRefused, match="has been used by another customer"):
        torii.perform(issue())
    assert [torii.hana] == torii.made().customers


@pytest.mark.parametrize("title", ["お礼", "お礼 [aftercare 0123456789ab]"])
def test_somebody_elses(torii, title):
    """A code that staff or another reward has is not taken over, though it looks the same."""
    torii.perform(issue())
    torii.made().title = title
    torii.shop.metafields.clear()
    with pytest.raises(CommandRefused, match="another discount has the code of this reward"):
        torii.perform(issue())
    assert {} == torii.metafields()


def test_another_reward(torii):
    """Nor is one of another reward."""
    torii.perform(issue())
    with pytest.raises(CommandRefused, match="another discount has the code"):
        torii.perform(issue(key="tea/reward/8"))


def test_renamed_by_staff(torii):
    """A title may be changed: the mark is elsewhere."""
    first = torii.perform(issue())
    torii.made().title = "AC-7F3A-XXYZ"
    assert first == torii.perform(issue())


def test_no_scope(torii):
    """Without the scope to make discounts, the scope is named; that is for a person to mend."""
    torii.shop.access.scopes -= {"write_discounts"}
    with pytest.raises(ConfigurationError, match="write_discounts"):
        torii.perform(issue())


def test_no_access_to_customers(torii):
    """Without access to customers there is nobody to make it for, which is not the customer's fault."""
    torii.shop.access.scopes -= {"read_customers", "write_customers"}
    with pytest.raises(ConfigurationError, match="read_customers"):
        torii.perform(issue())


# ---- taking codes back


def test_revoked(torii):
    """A code of ours is ended: at the checkout it is worth nothing, and it stays taken."""
    reference = torii.perform(issue()).reference
    torii.shop.wait(days=1)
    revoke = RevokeCode(key="k", code="ac-7f3a-xxyz")
    assert reference == torii.perform(revoke).reference
    assert "EXPIRED" == torii.made().status(torii.shop.now)
    torii.asked()
    assert reference == torii.perform(revoke).reference
    assert ["discount_code"] == torii.asked()
    with pytest.raises(CommandRefused, match="ended in the shop"):
        torii.perform(issue())


def test_revoked_before_it_was_marked(torii):
    """Also one whose mark was not written yet."""
    lose(torii, 1)
    torii.shop.metafields.clear()
    torii.perform(RevokeCode(key="k", code="AC-7F3A-XXYZ"))
    assert "EXPIRED" == torii.made().status(torii.shop.now)


def test_nothing_to_revoke(torii):
    """A code that is not there is done, and one that was used too."""
    assert "" == torii.perform(RevokeCode(key="k", code="AC-0000-0000")).reference
    torii.perform(issue())
    tea = torii.shop.add_product("茶", "880")
    torii.shop.order({tea: 1}, customer=torii.hana, code="AC-7F3A-XXYZ")
    torii.perform(RevokeCode(key="k", code="AC-7F3A-XXYZ"))
    assert ENDS.replace(microsecond=0) == torii.made().ends


def test_revoking_what_is_not_ours(torii):
    """A code of the shop's staff stays as it is."""
    torii.perform(issue())
    torii.made().title = "Summer"
    torii.shop.metafields.clear()
    with pytest.raises(CommandRefused, match="was not made by aftercare and stays"):
        torii.perform(RevokeCode(key="k", code="AC-7F3A-XXYZ"))
    assert "ACTIVE" == torii.made().status(torii.shop.now)


# ---- what a healthy shop does not answer


def test_throttled_in_the_middle(torii):
    """A bucket that is empty is waited for; the code is made once."""
    torii.api.fail(times=2, status=429, headers={"Retry-After": "2.0"}, after=1)
    torii.perform(issue())
    assert (1, [2.0, 2.0]) == (len(torii.shop.discounts), torii.pauses)


@pytest.fixture
def body(request, against):
    """What the shop answers: all of it, or the change that was not made and the word for why."""
    told = request.param
    return against(told[0], code=told[1]) if isinstance(told, tuple) else told


@pytest.mark.parametrize(
    ("operation", "body", "error", "told"),
    [
        (
            "create_discount_code",
            ("discountCodeBasicCreate", "INTERNAL_ERROR"),
            PlatformUnavailable,
            "failed with the code of this reward",
        ),
        (
            "create_discount_code",
            ("discountCodeBasicCreate", "EXCEEDED_MAX"),
            CommandRefused,
            r"does not take the code of this reward \(EXCEEDED_MAX for x\)",
        ),
        (
            "create_discount_code",
            {"data": {"discountCodeBasicCreate": {"codeDiscountNode": None, "userErrors": []}}},
            PlatformUnavailable,
            "says nothing of why",
        ),
        (
            "create_discount_code",
            ("discountCodeBasicCreate", "TAKEN"),
            PlatformUnavailable,
            "is taken, but no discount is told",
        ),
        (
            "set_metafields",
            ("metafieldsSet", "INTERNAL_ERROR"),
            PlatformUnavailable,
            "could not write a metafield",
        ),
        (
            "set_metafields",
            ("metafieldsSet", "APP_NOT_AUTHORIZED"),
            ConfigurationError,
            r"cannot keep a metafield .*APP_NOT_AUTHORIZED for x.* write_discounts",
        ),
        (
            "customer_by_email",
            {"data": {"customerByIdentifier": None}, "errors": [{"message": "odd", "path": ["x"]}]},
            PlatformUnavailable,
            r"does not tell all of customer_by_email \(no code\)",
        ),
    ],
    indirect=["body"],
)
def test_a_code_in_trouble(torii, operation, body, error, told, instead):  # noqa: PLR0917 - fixtures
    """Trouble of Shopify's is tried again later, a refusal is final, and no sentence of the shop is told."""
    if "TAKEN" in str(body):
        instead(torii, "discount_code", {"data": {"codeDiscountNodeByCode": None}})
    instead(torii, operation, body)
    with pytest.raises(error, match=told) as caught:
        torii.perform(issue())
    assert "@" not in str(caught.value)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            {"extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`read_customers`"}},
            "the scope read_customers",
        ),
        ({"message": "This app is not approved to access the Customer object."}, "protected customer data"),
    ],
)
def test_a_part_is_withheld(torii, problem, told, instead):
    """A discount whose customers may not be seen is not one that somebody changed."""
    torii.perform(issue())
    path = ["codeDiscountNodeByCode", "codeDiscount", "context"]
    error = {"message": "no", **problem, "path": path}
    body = {"data": {"codeDiscountNodeByCode": {"id": "1", "codeDiscount": {}}}, "errors": [error]}
    instead(torii, "discount_code", body)
    with pytest.raises(ConfigurationError, match=f"withholds a part of discount_code: give the app .*{told}"):
        torii.perform(issue())


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"context": None, "customerGets": {"value": None, "items": None}, "minimumRequirement": 3},
        {"customerGets": {"value": {"percentage": "much"}, "items": {"__typename": "DiscountCollections"}}},
        {"customerGets": {"value": {"amount": None, "appliesOnEachItem": False}}, "endsAt": "soon"},
    ],
)
def test_odd_discounts(torii, odd, instead):
    """A discount that is told in a way nobody thought of differs, and is no crash."""
    key = issue().key
    node = {"id": "gid://shopify/DiscountCodeNode/1", "metafield": {"value": key}, "codeDiscount": odd}
    torii.perform(issue())
    instead(torii, "discount_code", {"data": {"codeDiscountNodeByCode": node}})
    with pytest.raises(CommandRefused, match="kind, customer, usage limit"):
        torii.perform(issue())


@pytest.mark.parametrize(
    ("code", "done"),
    [("NOT_FOUND", True), ("INTERNAL_ERROR", PlatformUnavailable), ("INVALID", CommandRefused)],
)
def test_revoking_in_trouble(torii, code, done, instead, against):
    """A discount that staff deletes at this moment is done; trouble is tried again later."""
    reference = torii.perform(issue()).reference
    instead(torii, "deactivate_code", against("discountCodeDeactivate", code=code))
    if done is True:
        assert reference == torii.perform(RevokeCode(key="k", code="AC-7F3A-XXYZ")).reference
        return
    with pytest.raises(done, match="the end of a code"):
        torii.perform(RevokeCode(key="k", code="AC-7F3A-XXYZ"))


def test_the_mark_is_short():
    """The end of a title says which reward it is for, and not in words."""
    assert codes._short("tea/reward/7") == codes._short("tea/reward/7") != codes._short("tea/reward/8")
