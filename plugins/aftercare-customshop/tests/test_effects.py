"""What is decided is told to the shop, once however often it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import jsonschema
import pytest
import responses
from standardwebhooks import Webhook, WebhookVerificationError

from aftercare_customshop import samples
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.effects import message_id
from aftercare_customshop.export import request_schema
from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import Discount, IssueCode, Receipt, RevokeCode, TagCustomer, WriteReview
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.shops import Shop

URL = "https://shop.example/aftercare"
TOKYO = timezone(timedelta(hours=9))
CODE = IssueCode(
    key="0123456789abcdef",
    code="AC-7K3M-QWXP-D5RA",
    discount=Discount(amount=Money(500, "JPY")),
    email="hana@customer.example",
    expires_at=datetime(2026, 5, 18, 12, tzinfo=TOKYO),
    minimum=Money(3_000, "JPY"),
    products=("tea-1",),
    reason="a thank-you for the third order",
)
REVOKE = RevokeCode(key="0123456789abcdef", code=CODE.code)
TAG = TagCustomer(key="fedcba", customer="88", name="tier", value="silver")
REVIEW = WriteReview(
    key="9f2b6c1d",
    product="tea-1",
    rating=4,
    text="香りが良いです。また買います。",
    name="花",
    email="hana@customer.example",
    verified=True,
)
NAMES = {
    "discount_code.issue": CODE,
    "discount_code.revoke": REVOKE,
    "customer.tag": TAG,
    "review.write": REVIEW,
}


@pytest.fixture
def web(monkeypatch):
    """The web; nothing really sleeps."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


@pytest.fixture
def perform(secret):
    """Carry out a command."""
    return CustomShopAdapter(Shop(name="main", secrets=(secret,), options={"effects_url": URL})).perform


def sent(web):
    """Return what the shop was told, which is as documented."""
    told = [json.loads(call.request.body) for call in web.calls]
    for each in told:
        jsonschema.validate(each, request_schema())
    return told


@pytest.mark.parametrize("name", NAMES)
def test_samples(web, perform, name):
    """Each command becomes its message, exactly as documented."""
    web.post(URL, json={"reference": "coupon/318"})
    assert Receipt(reference="coupon/318") == perform(NAMES[name])
    [told] = sent(web)
    sample = samples.request(name)
    assert (name, sample["data"]) == (told["type"], told["data"])


@pytest.mark.parametrize(
    ("discount", "expected"),
    [
        (Discount(percent=Decimal(10)), ("10", None, False, None)),
        (Discount(percent=Decimal("12.50")), ("12.5", None, False, None)),
        (Discount(percent=Decimal("1E+2")), ("100", None, False, None)),
        (Discount(free_shipping=True), (None, None, True, None)),
        (Discount(amount=Money(1_250, "USD")), (None, "12.50", False, "USD")),
        (Discount(amount=Money(1_250, "BHD")), (None, "1.250", False, "BHD")),
    ],
)
def test_discounts(web, perform, discount, expected):
    """Money has the decimals of its currency, a share has none that say nothing."""
    web.post(URL, json={})
    perform(replace(CODE, discount=discount, minimum=None, products=(), expires_at=None))
    [told] = sent(web)
    assert expected == tuple(
        told["data"][name] for name in ("percent", "amount", "free_shipping", "currency")
    )
    assert (None, [], None) == tuple(told["data"][name] for name in ("minimum", "products", "expires_at"))


def test_two_currencies(web, perform):
    """No shop has such a code, and no message could tell it."""
    with pytest.raises(CommandRefused, match="one currency"):
        perform(replace(CODE, minimum=Money(10, "USD")))
    assert [] == sent(web)


@pytest.mark.parametrize("command", [CODE, REVOKE, REVIEW], ids=["issue", "revoke", "write"])
def test_the_same_command_is_the_same_message(web, perform, command):
    """After a crash as well: the shop may know it by its id."""
    web.post(URL, json={})
    perform(command)
    perform(command)
    perform(replace(command, key="another"))
    first, again, other = (call.request.headers["webhook-id"] for call in web.calls)
    assert first == again
    assert other != first


def test_what_is_done_to_a_code_has_names_of_its_own():
    """To revoke is not to issue once more, whatever the keys are."""
    assert 2 == len({message_id(kind, "k") for kind in ("discount_code.issue", "discount_code.revoke")})


def test_each_tag_is_a_message_of_its_own(web, perform):
    """Silver, gold and silver again: a shop that drops what it has seen shows the last word all the same."""
    web.post(URL, json={})
    for value in ("silver", "gold", "silver", None):
        perform(replace(TAG, value=value))
    assert 4 == len({call.request.headers["webhook-id"] for call in web.calls})
    assert ["silver", "gold", "silver", None] == [each["data"]["value"] for each in sent(web)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b" \n", ""),
        (b"{}", ""),
        (b'{"reference": 318}', "318"),
        (b'{"reference": null}', ""),
        (b'{"reference": true}', ""),
        (b'{"reference": ["x"]}', ""),
        (b'{"reference": "a\\u0000b"}', "ab"),
        (json.dumps({"reference": "x" * 201}).encode(), ""),
    ],
)
@pytest.mark.parametrize("status", [200, 202])
def test_done(web, perform, body, expected, status):
    """Whatever the shop calls it, it is done; what cannot be kept of that is left out."""
    web.post(URL, status=status, body=body)
    assert Receipt(reference=expected) == perform(CODE)


def test_a_page_for_people_is_no_answer(web, perform):
    """A shop in maintenance answers its front page with 200, and has made no code."""
    web.post(URL, body="<html>hana@customer.example</html>")
    with pytest.raises(PlatformUnavailable, match="no JSON object") as caught:
        perform(CODE)
    assert "hana" not in str(caught.value)


@pytest.mark.parametrize("status", [409, 422])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason": "unknown_customer"}, "unknown_customer"),
        ({"reason": "hana@customer.example"}, "it gives no reason"),
        ({"reason": "x" * 61}, "it gives no reason"),
        ({"reason": 7}, "it gives no reason"),
        ({}, "it gives no reason"),
        ([], "it gives no reason"),
    ],
)
def test_refused(web, perform, status, body, reason):
    """The word for programs is kept, and nothing else that the shop says."""
    web.post(URL, status=status, json=body)
    with pytest.raises(CommandRefused, match=r"^shop 'main' refuses discount_code\.issue \(") as caught:
        perform(CODE)
    assert f"({reason})" in str(caught.value)
    assert 1 == len(web.calls)


@pytest.mark.parametrize("status", [400, 402, 413, 418, 429, 500, 503])
def test_later(web, perform, status):
    """Whatever is neither a yes nor a never is asked again."""
    web.post(URL, status=status, json={"reason": "hana"})
    with pytest.raises(PlatformUnavailable, match=f"{status} to discount_code.issue") as caught:
        perform(CODE)
    assert "hana" not in str(caught.value)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405])
def test_for_a_person(web, perform, status):
    """A wrong address or secret uses up no tries."""
    web.post(URL, status=status, json={})
    with pytest.raises(ConfigurationError, match=r"^shops\.main\.effects_url: "):
        perform(CODE)


def test_the_first_secret_signs(web, secret, other_secret):
    """While a secret is changed, the shop knows which one to expect."""
    web.post(URL, json={})
    shop = Shop(name="main", secrets=(other_secret, secret), options={"effects_url": URL})
    CustomShopAdapter(shop).perform(CODE)
    request = web.calls[0].request
    Webhook(other_secret).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body, dict(request.headers))
