from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "fixtures" / "webhooks" / "samples-2026-07.json.gz"

URL = "https://me.example/webhooks/torii"


@pytest.fixture(scope="module")
def sample():
    """Shopify's own example of a topic."""
    told = json.loads(gzip.decompress(SAMPLES.read_bytes()))
    return told.__getitem__


@pytest.fixture
def happened(shop):
    """What is sent for a topic while something happens, as an app that hears everything gets it."""

    def happened(topic, act):
        shop.configure(URL, (topic,))
        act()
        found = [body for name, body in shop.queue.waiting if name == topic]
        assert found, f"nothing was sent for {topic}"
        return found[-1]

    return happened


def kind(value):
    """What JSON calls a value."""
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def differences(sample, ours, path=""):
    """Where two bodies differ in their keys, the order of their keys, or the kinds of their values."""
    if isinstance(sample, dict) and isinstance(ours, dict):
        if list(sample) != list(ours):
            missing, more = set(sample) - set(ours), set(ours) - set(sample)
            yield (
                f"{path}: missing {sorted(missing)}, more {sorted(more)}"
                if missing or more
                else f"{path}: order"
            )
        for name in sample.keys() & ours.keys():
            yield from differences(sample[name], ours[name], f"{path}.{name}")
    elif isinstance(sample, list) and isinstance(ours, list):
        if sample and ours:
            yield from differences(sample[0], ours[0], f"{path}[]")
    elif sample is not None and ours is not None and kind(sample) != kind(ours):
        yield f"{path}: {kind(sample)} became {kind(ours)}"


class TestBodies:
    def paid(self, shop):
        return shop.order({shop.tea: 2, shop.food: 1}, customer=shop.hana, paid=True)

    @pytest.mark.parametrize(
        "topic",
        [
            *("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled"),
            *("orders/partially_fulfilled", "orders/edited", "orders/delete", "refunds/create"),
            *("fulfillments/create", "fulfillments/update", "fulfillment_events/create"),
            *("order_transactions/create", "customers/create", "customers/update", "customers/delete"),
            *("customers/redact", "customers/data_request", "customers_email_marketing_consent/update"),
            *("customer.tags_added", "customer.tags_removed", "products/create", "products/update"),
            *("products/delete", "app/uninstalled", "shop/redact", "subscription_contracts/create"),
            "subscription_contracts/update",
        ],
    )
    def test_keys_are_those_of_the_samples(self, shop, happened, sample, topic):
        """Each body has the keys of Shopify's own sample, in its order, and values of the same kinds."""
        body = happened(topic, lambda: self.story(shop))
        assert [] == list(differences(sample(topic), body))

    def story(self, shop):
        """Let everything happen that is ever announced."""
        order = self.paid(shop)
        shop.fulfil(order, {0: 1}, number="4567", url="https://track.example/4567")
        shop.fulfil(order, number="4568")
        shop.deliver_parcel(order, parcel=shop.orders[order].fulfillments[0].id)
        shop.refund(order, {0: 1}, note="破損")
        shop.edit(self.paid(shop), remove={0: 1}, add={shop.tea: 1})
        gone = self.paid(shop)
        shop.cancel(gone)
        shop.delete_order(gone)
        shop.change_consent(shop.hana, "SUBSCRIBED")
        shop.tag(shop.hana, "vip")
        shop.untag(shop.hana, "vip")
        contract = shop.subscribe_customer(shop.hana, {shop.tea: 1})
        shop.set_contract(contract, "PAUSED")
        shop.edit_product(shop.tea, title="煎茶")
        shop.delete_product(shop.add_product("gone", "1"))
        nobody = shop.add_customer("x@example.jp", address=shop.customers[shop.hana].address)
        shop.delete_customer(nobody)
        shop.request_data(shop.hana)
        shop.uninstall()
        shop.redact_shop()
        # What is told of a person who is forgotten is short.
        redacted = shop.add_customer("y@example.jp", address=shop.customers[shop.hana].address)
        shop.redact_customer(redacted)
        shop.edit_customer(shop.hana, first_name="はな")

    def test_discounts(self, shop, happened, sample, told, gid):
        """The bodies about discounts are Shopify's."""
        discount = {
            "title": "Thanks",
            "code": "THX",
            "startsAt": "2026-08-01T00:00:00Z",
            "context": {"all": "ALL"},
            "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
        }
        make = (
            "mutation ($it: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $it)"
            " { codeDiscountNode { id } userErrors { message } } }"
        )
        body = happened("discounts/create", lambda: told(make, it=discount))
        assert [] == list(differences(sample("discounts/create"), body))
        number = next(iter(shop.discounts))
        delete = "mutation ($id: ID!) { discountCodeDelete(id: $id) { deletedCodeDiscountId } }"
        body = happened("discounts/delete", lambda: told(delete, id=gid("DiscountCodeNode", number)))
        assert [] == list(differences(sample("discounts/delete"), body))

    def test_a_difference_is_seen(self, sample):
        """The comparison itself finds a missing key, a further one, another order and another kind."""
        told = sample("fulfillment_events/create")
        moved = {"status": told["status"], **told}
        found = differences(told, {**told, "id": "1"}), differences(told, moved)
        assert [[".id: number became str"], [": order"]] == [list(each) for each in found]
        without = {name: value for name, value in told.items() if name != "zip"}
        assert [": missing ['zip'], more ['zap']"] == list(differences(told, {**without, "zap": 1}))

    def test_amounts_of_refund_lines_are_numbers(self, shop, happened):
        """Two amounts alone are JSON numbers; all others are strings."""
        line = happened("refunds/create", lambda: shop.refund(self.paid(shop), {0: 1}))["refund_line_items"][
            0
        ]
        assert (880, 65, "880") == (
            line["subtotal"],
            line["total_tax"],
            line["subtotal_set"]["shop_money"]["amount"],
        )

    def test_no_body_tells_of_a_selling_plan(self, shop, happened):
        """Who subscribes can be seen by a read only."""
        body = happened("orders/create", lambda: shop.order({shop.tea: 1}, plan="毎月", paid=True))
        assert "毎月" not in json.dumps(body, ensure_ascii=False)

    def test_customers_are_told_without_tags_and_consent(self, shop, happened):
        """Since 2025-01 Shopify tells neither with a customer."""
        body = happened("customers/update", lambda: shop.tag(shop.hana, "vip"))
        assert set() == {"tags", "email_marketing_consent", "orders_count", "total_spent"} & set(body)

    def test_times_are_those_of_the_shop(self, shop, happened):
        """A body tells times with the offset of the shop's zone."""
        assert "2026-08-03T09:00:00+09:00" == happened("orders/create", lambda: self.paid(shop))["created_at"]

    def test_a_guest(self, shop, happened):
        """A guest's order has the key of a customer, and no customer."""
        body = happened("orders/create", lambda: shop.order({shop.tea: 1}, email="g@example.jp", paid=True))
        assert (None, "g@example.jp") == (body["customer"], body["email"])

    def test_without_approval_keys_are_missing(self, shop, happened):
        """Personal data that an app may not see are not null: their keys are not there."""
        shop.access.approved = frozenset()
        body = happened("orders/create", lambda: self.paid(shop))
        assert {"email", "contact_email", "phone", "order_status_url"} & set(body) == set()
        assert ["id", "created_at", "updated_at", "state"] == list(body["customer"])[:4]
        assert ["province", "country", "country_code", "province_code"] == list(body["shipping_address"])
        assert "#1001" == body["name"]
        shop.access.approved = None
        assert "customer" not in happened("orders/create", lambda: self.paid(shop))
