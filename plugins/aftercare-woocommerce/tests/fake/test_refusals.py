from __future__ import annotations

import base64
import json

import pytest

from aftercare_woocommerce.fake import KEY

ROOT = "https://shop.example/wp-json/wc/v3/"


@pytest.mark.parametrize(
    "name",
    [
        "error-404-order",
        "error-404-customer",
        "error-404-product",
        "error-404-route",
        "error-404-wrong-method",
        "error-400-per-page-101",
        "error-400-bad-after",
        "error-400-bad-status",
        "error-400-bad-orderby",
        "error-400-missing-code",
        "error-400-order-bad-email",
        "webhooks-post-bad-url-400",
        "webhooks-post-invalid-topic-400",
        "error-401-no-auth",
        "error-401-unknown-key",
        "error-401-wrong-secret",
    ],
)
def test_refusals_are_the_recorded_ones(api, recorded, name, ask, basic):
    """Letter by letter, status and body."""
    real = recorded(name)
    request = real["request"]
    headers = {
        "error-401-no-auth": {},
        "error-401-unknown-key": {"Authorization": "Basic " + base64.b64encode(b"ck_x:cs_x").decode()},
        "error-401-wrong-secret": {
            "Authorization": "Basic " + base64.b64encode(f"{KEY}:x".encode()).decode()
        },
    }.get(name, basic)
    path = request["path"].removeprefix("/wp-json/wc/v3/")
    status, told, _ = ask(
        api, request["method"], path, request["json"], headers=headers, **(request["params"] or {})
    )
    assert (real["status"], real["body"]) == (status, told)


def test_more_refusals(shop, api, recorded, ask, basic):
    """What needs something to be there first."""
    ask(api, "POST", "coupons", {"code": "COMEBACK10"})
    real = recorded("coupons-post-duplicate-400")
    assert (real["status"], real["body"]) == ask(api, "POST", "coupons", {"code": "comeback10"})[:2]
    shop.customer("hayashi.mei@example.jp")
    real = recorded("customers-post-duplicate-400")
    assert (real["status"], real["body"]) == ask(api, "POST", "customers", real["request"]["json"])[:2]
    real = recorded("customers-delete-no-force-501")
    assert (real["status"], real["body"]) == ask(api, "DELETE", "customers/2")[:2]
    real = recorded("error-400-malformed-json")
    reply = api.answer("POST", f"{ROOT}coupons", basic, b"{no")
    assert (real["status"], real["body"]) == (reply.status, json.loads(reply.body))
    order = shop.checkout({shop.tea: 1}, email="a@example.jp")
    real = recorded("orders-refunds-post-too-much-500")
    refund = {"amount": "999999", "api_refund": False}
    assert (real["status"], real["body"]) == ask(api, "POST", f"orders/{order}/refunds", refund)[:2]
