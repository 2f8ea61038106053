from __future__ import annotations

import json

import pytest

from aftercare_sdk.model.shops import Gone, Ref, Webhook
from aftercare_woocommerce import samples
from aftercare_woocommerce.recorded import RecordedClient
from aftercare_woocommerce.translate import kind_of


@pytest.fixture(scope="module")
def get():
    """Ask the recordings; gives the status and the parsed body."""
    client = RecordedClient()

    def get(path, **params):
        answer = client.get(path, params)
        return answer.status, json.loads(answer.body)

    return get


def test_latest_answer(get):
    """The last answer counts, from whatever list it comes."""
    assert "refunded" == get("orders/337")[1]["status"]
    assert 0 == get("orders/368")[1]["customer_id"]
    assert [] == get("orders/392")[1]["refunds"]


def test_decimals(get):
    """With dp the last answer in so many decimals counts, of the same state of the order."""
    assert ("11", "11.000") == (get("orders/336")[1]["total"], get("orders/336", dp=3)[1]["total"])
    assert ("65", "65.19") == (get("orders/362")[1]["total"], get("orders/362", dp=2)[1]["total"])
    assert "22" == get("orders/361", dp=2)[1]["total"]


def test_refunds(get):
    """The refunds of an order are those that it lists, page by page."""
    assert [341, 339, 338] == [each["id"] for each in get("orders/337/refunds")[1]]
    assert [338] == [each["id"] for each in get("orders/337/refunds", per_page=2, page=2)[1]]
    assert [] == get("orders/337/refunds", per_page=100, page=2)[1]
    assert ["1.25"] == [each["amount"] for each in get("orders/362/refunds", dp=2)[1]]
    assert (200, []) == get("orders/392/refunds")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("orders/344", "woocommerce_rest_shop_order_invalid_id"),
        ("orders/99999999/refunds", "woocommerce_rest_shop_order_invalid_id"),
        ("customers/16", "wc_user_invalid_id"),
        ("products/370", "woocommerce_rest_product_invalid_id"),
        ("orders", "rest_no_route"),
        ("orders/x", "rest_no_route"),
        ("customers/2/refunds", "rest_no_route"),
        ("refunds/341", "rest_no_route"),
        ("nothing/1", "rest_no_route"),
    ],
)
def test_not_found(get, path, code):
    """What is not there, or was deleted for good, gets WooCommerce's own error."""
    status, body = get(path)
    assert (404, code) == (status, body["code"])


def test_webhooks_carry_what_the_api_answers(get, payload):
    """A webhook's body is what a GET answers, but for links; so it is a state like any other."""
    told, answered = payload(87), get("orders/359")[1]
    assert told.keys() == answered.keys()
    told, answered = payload(91), get("orders/359")[1]
    apart = {"_links", "payment_url"}
    assert {k: v for k, v in told.items() if k not in apart} == {
        k: v for k, v in answered.items() if k not in apart
    }


def test_everything_can_be_read(adapter):
    """Whatever a webhook carries or points at can be read; gone is only what was really deleted."""
    refs = {}
    for each in samples.webhooks():
        body = json.loads(each.request.body) if each.request.body.startswith(b"{") else {}
        if (kind := kind_of(body)) in {"order", "customer", "product"}:
            refs[Ref(kind, str(body["id"]))] = each.name
        topic = each.request.header("X-WC-Webhook-Topic")
        for told in adapter.translate(Webhook(topic=topic, body=each.request.body)) if body else ():
            if hasattr(told, "ref"):
                refs[told.ref] = each.name
    gone = {reading.ref for reading in adapter.read(refs) if isinstance(reading, Gone)}
    deleted = {Ref("order", "344"), Ref("customer", "16"), Ref("product", "370"), Ref("code", "369")}
    # A coupon of the shop itself: nobody was given it for points.
    deleted.add(Ref("code", "370"))
    draft, staff = Ref("order", "360"), Ref("customer", "17")
    assert deleted | {draft, staff} == gone
