from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.privacy import Disconnected, PrivacyKind, PrivacyRequest
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref, Webhook
from aftercare_sdk.shops.loading import Loader
from aftercare_shopify import schemas
from aftercare_shopify.fake import FakeShopify
from aftercare_shopify.translate import is_dated, kind_of

ORDER = "820982911946154508"
ACCOUNT = "706405506930370084"
PRODUCT = "788032119674292922"
DOMAIN = "example-shop.myshopify.com"

USED = {
    "orders/create": OrderSnapshot,
    "orders/updated": OrderSnapshot,
    "orders/paid": OrderSnapshot,
    "orders/cancelled": OrderSnapshot,
    "orders/fulfilled": OrderSnapshot,
    "orders/partially_fulfilled": OrderSnapshot,
    "orders/link_requested": OrderSnapshot,
    "orders/delete": NeedsRead,
    "orders/edited": NeedsRead,
    "refunds/create": OrderSnapshot,
    "customers/create": CustomerSnapshot,
    "customers/update": CustomerSnapshot,
    "customers/enable": CustomerSnapshot,
    "customers/disable": CustomerSnapshot,
    "customers/delete": NeedsRead,
    "customer.tags_added": NeedsRead,
    "customer.tags_removed": NeedsRead,
    "customers/data_request": PrivacyRequest,
    "customers/redact": PrivacyRequest,
    "shop/redact": PrivacyRequest,
    "products/create": ProductSnapshot,
    "products/update": ProductSnapshot,
    "products/delete": NeedsRead,
    "app/uninstalled": Disconnected,
    "customers_email_marketing_consent/update": ConsentSnapshot,
    **{
        f"subscription_contracts/{what}": NeedsRead
        for what in ("activate", "cancel", "create", "expire", "fail", "pause", "update")
    },
    "discounts/redeemcode_added": NeedsRead,
    "discounts/redeemcode_removed": NeedsRead,
}
"""What becomes of Shopify's own examples; those of all other topics are ignored."""


def test_every_topic(told, examples):
    """Of 210 topics, those become something that tell of orders, customers, products, codes and privacy."""
    made = {topic: type(told(topic)[0]) for topic in examples}
    assert {**dict.fromkeys(examples, Ignored), **USED} == made


def test_every_reason(told, examples):
    """Whatever is ignored or must be read says why, in words."""
    reasons = [
        one.reason for topic in examples for one in told(topic) if isinstance(one, Ignored | NeedsRead)
    ]
    assert all(reasons)


class TestTheBodyDecides:
    @pytest.mark.parametrize("topic", ["", "products/update", "customers/redact", "parades/held", "orders"])
    def test_any_topic(self, told, topic):
        """An order is an order whatever an unsigned header says."""
        assert told("orders-create.live") == told("orders-create.live", topic)
        assert told("customers/update") == told("customers/update", topic)
        assert told("customers-redact") == told("customers-redact", topic)

    def test_without_global_ids(self, body):
        """Bodies without a global id are known by what only their kind has."""
        kinds = {
            "orders/create": "order",
            "refunds/create": "refund",
            "fulfillments/create": "fulfillment",
            "fulfillment_events/create": "fulfillment_event",
            "order_transactions/create": "transaction",
            "customers/create": "customer",
            "products/create": "product",
            "subscription_contracts/create": "contract",
        }
        bare = {topic: {**body(topic), "admin_graphql_api_id": None} for topic in kinds}
        assert kinds == {topic: kind_of(told) for topic, told in bare.items()}

    @pytest.mark.parametrize(
        "name",
        ["draft_orders/create", "checkouts/create", "returns/approve", "variants/in_stock"],
    )
    @pytest.mark.parametrize("topic", ["orders/create", "products/update"])
    def test_no_order(self, told, name, topic):
        """A draft, a checkout or a return becomes no order, even under the topic of one."""
        (one,) = told(name, topic)
        assert isinstance(one, Ignored | NeedsRead)

    def test_another_kind(self, told):
        """What a global id says to be something else is not even looked for."""
        (one,) = told("draft_orders/create", "orders/create")
        assert isinstance(one, Ignored)

    @pytest.mark.parametrize("name", ["orders.2024-01.1", "orders.2023-10.2", "orders.2024-04.1"])
    def test_real_shapes(self, told, name):
        """Orders of real shape are understood, with and without protected data."""
        snapshot, *_ = told(name, "orders/updated")
        assert isinstance(snapshot, OrderSnapshot)
        assert snapshot.amounts.lines


class TestLittleTold:
    @pytest.mark.parametrize(
        ("topic", "ref"),
        [
            ("orders/create", Ref("order", "7")),
            ("orders/delete", Ref("order", "7")),
            ("customers/update", Ref("customer", "7")),
            ("products/delete", Ref("product", "7")),
        ],
    )
    def test_an_id_alone(self, told, topic, ref):
        """What is too large, or gone, is told by its id alone, and then read."""
        (doubt,) = told({"id": 7}, topic)
        assert ref == doubt.ref

    @pytest.mark.parametrize("topic", ["themes/delete", "locations/delete", "", "orders"])
    def test_an_id_of_something_else(self, told, topic):
        """The id of something that is not used is ignored."""
        (one,) = told({"id": 7}, topic)
        assert isinstance(one, NeedsRead if topic == "orders" else Ignored)

    @pytest.mark.parametrize(
        "field",
        [
            *("updated_at", "line_items", "total_price_set", "refunds", "cancelled_at"),
            *("test", "payment_gateway_names", "processed_at"),
        ],
    )
    def test_fields_left_out(self, told, body, field):
        """An order that a field was left out of is read, and never drawn with a hole in it."""
        order = body("orders-create.live")
        del order[field]
        (doubt,) = told(order, "orders/updated")
        assert Ref("order", ORDER) == doubt.ref

    @pytest.mark.parametrize(
        ("listed", "field"),
        [
            *(("line_items", field) for field in ("discount_allocations", "tax_lines", "requires_shipping")),
            *(("line_items", field) for field in ("title", "quantity", "product_id", "gift_card")),
            *(("shipping_lines", field) for field in ("price_set", "discount_allocations", "tax_lines")),
            *(("fulfillments", field) for field in ("status", "shipment_status", "line_items")),
            *(("refunds", field) for field in ("created_at", "transactions", "refund_line_items")),
        ],
    )
    def test_fields_left_out_of_what_is_listed(self, told, body, listed, field):
        """A line at half its price is not told as paid in full because its discounts were left out."""
        order = body("orders-create.live") | {
            "refunds": body("orders-updated.partially-refunded")["refunds"],
            "fulfillments": [body("fulfillments/create")],
        }
        snapshot, *_ = told(order)
        assert isinstance(snapshot, OrderSnapshot)
        del order[listed][-1][field]
        (doubt,) = told(order)
        assert Ref("order", ORDER) == doubt.ref
        assert not is_dated(json.dumps(order).encode())

    def test_fields_chosen_in_the_shop(self, adapter):
        """What a subscription leaves out, of a test order or of lines, is read, however much it sends."""
        sent = []
        shop = FakeShopify(deliver=lambda delivery: sent.append(delivery) or 200)
        tea = shop.add_product("茶", "1000")
        order = {
            *("id", "updated_at", "created_at", "processed_at", "cancelled_at", "financial_status"),
            *("taxes_included", "total_price_set", "discount_codes", "shipping_lines", "fulfillments"),
            *("payment_gateway_names", "refunds"),
        }
        lines = {f"line_items.{name}" for name in ("id", "title", "quantity", "price_set")}
        for include in (order | {"line_items"}, order | {"test"} | lines):
            shop.queue.subscribe("orders/create", "https://me.example/w", include=sorted(include))
        number = shop.order({tea: 1}, paid=True, test=True)
        shop.deliver()
        assert [Ref("order", str(number))] * 2 == [
            one.ref for each in sent for one in adapter.translate(Webhook(topic=each.topic, body=each.body))
        ]

    def test_include_fields(self, told):
        """The few fields that somebody chose for a webhook are enough to know what to read."""
        (doubt,) = told("orders-updated.include-fields")
        assert Ref("order", ORDER) == doubt.ref

    @pytest.mark.parametrize(
        ("topic", "field"),
        [
            ("refunds/create", "transactions"),
            ("refunds/create", "refund_line_items"),
            ("fulfillments/create", "created_at"),
            ("fulfillment_events/create", "happened_at"),
            ("order_transactions/create", "status"),
        ],
    )
    def test_parts_of_an_order(self, told, body, topic, field):
        """What belongs to an order names it: if something was left out, the order is read."""
        part = body(topic)
        del part[field]
        (doubt,) = told(part, topic)
        assert Ref("order", ORDER) == doubt.ref
        (doubt,) = told({"order_id": int(ORDER)}, topic)
        assert Ref("order", ORDER) == doubt.ref
        (ignored,) = told({"id": 7}, topic)
        assert isinstance(ignored, Ignored)

    @pytest.mark.parametrize(
        ("name", "field", "ref"),
        [
            ("customers/update", "updated_at", Ref("customer", ACCOUNT)),
            ("products/update", "tags", Ref("product", PRODUCT)),
        ],
    )
    def test_other_kinds(self, told, body, name, field, ref):
        """The same holds for customers and products."""
        given = body(name)
        del given[field]
        (doubt,) = told(given, name)
        assert ref == doubt.ref


class TestNamed:
    def test_edit(self, told):
        """An edit names its order, which is read."""
        (doubt,) = told("orders/edited")
        assert Ref("order", ORDER) == doubt.ref

    def test_tags(self, told):
        """A change of tags names its customer, who is read: only what changed is told."""
        (doubt,) = told("customer.tags_added")
        assert Ref("customer", "1") == doubt.ref

    def test_merge(self, told):
        """Of two customers who became one, the one who is gone is read, as soon as it is done."""
        (doubt,) = told("customers/merge", status="completed")
        assert Ref("customer", "2") == doubt.ref
        (ignored,) = told("customers/merge")
        assert isinstance(ignored, Ignored)

    def test_contract(self, told):
        """A subscription is read: its lines are not told."""
        (doubt,) = told("subscription_contracts/create")
        assert Ref("subscription", "402440842") == doubt.ref

    @pytest.mark.parametrize("kind", ["sale", "capture", "refund"])
    def test_transaction(self, told, kind):
        """A payment says nothing of its order but that it moved."""
        (doubt,) = told("order_transactions/create", kind=kind)
        assert Ref("order", ORDER) == doubt.ref

    @pytest.mark.parametrize(
        "changes", [{}, {"kind": "void"}, {"kind": "sale", "status": "pending"}, {"kind": None}]
    )
    def test_no_money(self, told, changes):
        """An authorisation is no payment."""
        (ignored,) = told("order_transactions/create", **changes)
        assert isinstance(ignored, Ignored)


class TestPrivacy:
    def test_data_request(self, told):
        """Somebody wants to know what is stored: within thirty days, with the orders that are named."""
        (request,) = told("customers-data_request")
        expected = PrivacyRequest(
            kind=PrivacyKind.EXPORT,
            id="9999",
            customer="191167",
            email="john@example.com",
            orders=("299938", "280263", "220458"),
            within=timedelta(days=30),
        )
        assert expected == request

    def test_redact(self, told):
        """Somebody is to be erased."""
        (request,) = told("customers-redact")
        assert (PrivacyKind.ERASE, "191167", 3) == (request.kind, request.customer, len(request.orders))

    def test_redact_by_email(self, told):
        """A customer may be an address and nothing else."""
        (request,) = told("customers-redact.email-only")
        assert (PrivacyKind.ERASE, "", "john@example.com") == (request.kind, request.customer, request.email)

    def test_redact_nobody(self, told):
        """A request that names nobody is looked at by a person."""
        with pytest.raises(TranslationError, match="names nobody"):
            told("customers-redact.email-only", customer=None)

    def test_shop(self, told):
        """Everybody of a shop that left is to be erased."""
        (request,) = told("shop-redact")
        assert PrivacyRequest(kind=PrivacyKind.ERASE_SHOP) == request

    def test_uninstalled(self, told):
        """An app that was uninstalled is told nothing more."""
        (told_,) = told("app/uninstalled")
        assert isinstance(told_, Disconnected)

    @pytest.mark.parametrize(
        ("hint", "at"),
        [
            ("2026-11-22T07:00:00.123Z", datetime(2026, 11, 22, 7, 0, 0, 123000, tzinfo=UTC)),
            ("2026-11-22T07:00:00", None),
            ("soon", None),
        ],
    )
    def test_uninstalled_when(self, adapter, body, hint, at):
        """It is told when that was, so that a late notice does not end a newer connection."""
        raw = json.dumps(body("app/uninstalled")).encode()
        webhook = Webhook(topic="app/uninstalled", body=raw, hints={"triggered": hint})
        assert [at] == [one.at for one in adapter.translate(webhook)]

    @pytest.mark.parametrize("topic", ["shop/update", "", "orders/create"])
    def test_the_shop_itself(self, told, topic):
        """The same body under any other topic is the shop's own data, and ends nothing."""
        (ignored,) = told("app/uninstalled", topic)
        assert isinstance(ignored, Ignored)


class TestAnotherShop:
    def test_named_in_a_header(self, adapter_with, body):
        """One app may serve two shops: what is of the other one is not taken for this one's, but parked."""
        raw = json.dumps(body("orders-create.live")).encode()
        here = adapter_with(domain=DOMAIN)
        theirs = Webhook(topic="orders/create", body=raw, hints={"shop": "torii.myshopify.com"})
        with pytest.raises(TranslationError, match=r"of torii\.myshopify\.com, and not of example-shop"):
            here.translate(theirs)
        (snapshot,) = here.translate(Webhook(topic="orders/create", body=raw, hints={"shop": DOMAIN}))
        assert isinstance(snapshot, OrderSnapshot)

    def test_named_in_the_body(self, told, adapter_with):
        """Where the body names its shop, the header has no say."""
        (request,) = told("shop-redact", by=adapter_with(domain=DOMAIN))
        assert isinstance(request, PrivacyRequest)
        elsewhere = adapter_with(domain="torii.myshopify.com")
        for name in ("shop-redact", "customers-redact", "customers-data_request"):
            with pytest.raises(TranslationError, match=f"of {DOMAIN}"):
                told(name, by=elsewhere)
        with pytest.raises(TranslationError, match=f"of {DOMAIN}"):
            told("app/uninstalled", by=elsewhere, myshopify_domain=DOMAIN)

    def test_no_name_at_all(self, told, adapter_with):
        """What is no name of a shop is not shown."""
        with pytest.raises(TranslationError, match="of another shop,") as caught:
            told("shop-redact", by=adapter_with(domain=DOMAIN), shop_domain="<b>jon@example.com</b>")
        assert "jon" not in str(caught.value)


class TestErrors:
    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b'"id"', b"<html>", b"{", b'{"id": NaN}'])
    def test_no_object(self, adapter, body):
        """What is no JSON object cannot be understood."""
        with pytest.raises(TranslationError):
            adapter.translate(Webhook(topic="orders/create", body=body))

    def test_the_fields_are_named(self, told):
        """An error names the fields and never what is in them."""
        with pytest.raises(TranslationError) as caught:
            told("orders-create.live", email=["secret@example.com"], created_at="soon", line_items={})
        assert "order: not understood: created_at, email, line_items" == str(caught.value)

    def test_a_time_without_a_zone(self, told):
        """A time that nobody can place is refused."""
        with pytest.raises(TranslationError, match="updated_at"):
            told("orders-create.live", updated_at="2026-11-02T09:00:00")


@pytest.mark.parametrize("name", [name for name, value in vars(schemas).items() if isinstance(value, Loader)])
def test_every_schema_is_compiled(name):
    """Nothing is left that only the slower way could read."""
    assert not getattr(schemas, name).uncompiled


@pytest.mark.parametrize(
    "bag",
    [
        {"shop_money": {"amount": "1.00", "currency_code": "USD"}},
        {"shop_money": {"amount": 1, "currency_code": "USD"}, "presentment_money": {"amount": "1"}},
        {"shop_money": {"amount": "1e3", "currency_code": "USD"}, "presentment_money": None},
        {"shop_money": {"amount": "1", "currency_code": "US"}, "presentment_money": {"amount": "1"}},
        [],
        "1.00",
    ],
)
def test_odd_bags(told, bag):
    """Money that is told in another shape is not guessed at."""
    with pytest.raises(TranslationError, match="total_price_set"):
        told("orders-create.live", total_price_set=bag)


def test_an_amount_as_a_number(told):
    """A number where a text is usual is taken for its digits."""
    number = {"amount": 7, "currency_code": "USD"}
    snapshot, *_ = told(
        "orders-create.live", total_price_set={"shop_money": number, "presentment_money": number}
    )
    assert 700 == snapshot.amounts.total.minor


class TestDated:
    @pytest.mark.parametrize(
        ("name", "dated"),
        [
            ("orders-create.live", True),
            ("customers/update", True),
            ("products/update", True),
            ("fulfillments/create", True),
            ("fulfillment_events/create", False),
            ("refunds/create", False),
            ("orders/delete", False),
            ("orders-updated.include-fields", False),
            ("shop-redact", False),
            ("app/uninstalled", False),
            ("themes/update", False),
            ("draft_orders/create", False),
        ],
    )
    def test_bodies(self, body, name, dated):
        """Only what draws a picture, and says of when it is, may be dropped when it comes twice."""
        assert dated is is_dated(json.dumps(body(name)).encode())

    def test_the_date_of_something_else(self, body):
        """A date within an order is not that of the order."""
        order = body("orders-create.live")
        del order["updated_at"]
        order["customer"]["updated_at"] = "2026-11-02T09:00:00-05:00"
        assert not is_dated(json.dumps(order).encode())

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"updated_at": "2026-11-02T09:00:00-05:00"}'])
    def test_no_object(self, body):
        """What cannot be understood is not dated."""
        assert not is_dated(body)
