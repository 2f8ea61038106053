"""One test for each quirk of WooCommerce that verify, translate or read can meet, each on a real recording.

`quirk` names the point of recordings/README.md by its first words; the last test sees to it that every point
there is either tested here or stands in ELSEWHERE with the reason.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderSnapshot, Parcel, RefundLine
from aftercare_sdk.model.people import CustomerSnapshot, fold_email
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.shops import Gone, Ignored, NeedsRead, Ping, RawRequest, Ref, Webhook
from aftercare_woocommerce import samples

TESTED: set[str] = set()
ELSEWHERE = {
    "No retry": "nothing arrives that could be verified; polling closes the gap",
    "Delays of a minute": "the engine counts from the facts, and test_dates shows that they are the shop's",
}


def quirk(*points):
    """Name the points of the README that a test is about."""
    TESTED.update(points)
    return lambda test: test


def resigned(adapter, body, topic=""):
    """What the adapter makes of another body of the same store."""
    text = body if isinstance(body, str) else json.dumps(body)
    return adapter.translate(Webhook(topic=topic, body=text.encode()))


def read(adapter, kind, number):
    """Read one object."""
    (reading,) = adapter.read([Ref(kind, str(number))])
    return reading


def at(text):
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def yen(amount):
    """Return an amount of yen."""
    return Money(amount, "JPY")


class TestSignature:
    @quirk("`X-WC-Webhook-Signature = base64")
    def test_raw_bytes(self, adapter, sample):
        """The signature holds for the bytes as sent, and not for the same JSON written anew."""
        request = sample(22).request
        assert request.body == adapter.verify(request).body
        with pytest.raises(SignatureError):
            adapter.verify(replace(request, body=json.dumps(json.loads(request.body)).encode()))

    @quirk("The 24 pings")
    def test_pings(self, adapter):
        """A ping is neither signed nor JSON, and is no reason to refuse a new webhook."""
        requests = [each.request for each in samples.webhooks()]
        unsigned = [each for each in requests if not each.header("X-WC-Webhook-Signature")]
        assert 24 == len(unsigned)
        assert {Ping()} == {adapter.verify(each) for each in unsigned}

    @quirk("A secret with")
    def test_secret_with_special_characters(self, adapter, sample):
        """A secret of quotes, angle brackets and Japanese is taken as it stands."""
        assert not sample(23).secret.isascii()
        assert "product.updated" == adapter.verify(sample(23).request).topic

    @quirk("No secret given")
    def test_secret_made_by_woocommerce(self, adapter, sample):
        """The random secret that WooCommerce makes works like any other."""
        assert 50 == len(sample(209).secret)
        assert "order.updated" == adapter.verify(sample(209).request).topic

    @quirk("The signature covers the body only")
    def test_unsigned_headers(self, adapter, sample, told):
        """Headers are not signed: whatever the topic says, the body decides what it is about."""
        request = sample(22).request
        forged = {
            **request.headers,
            "X-WC-Webhook-Topic": "customer.deleted",
            "X-WC-Webhook-Resource": "user",
        }
        webhook = adapter.verify(RawRequest(forged, request.body))
        assert "customer.deleted" == webhook.topic
        assert told(22) == adapter.translate(webhook)


class TestDelivery:
    @quirk("X-WC-Webhook-Delivery-ID")
    def test_shared_delivery_id(self, adapter, sample):
        """Two new orders share a delivery id; only together with the body does it tell a repeat."""
        first, second = (adapter.verify(sample(number).request) for number in (116, 120))
        assert first.delivery == second.delivery
        assert first.body != second.body
        assert (True, True) == (first.dated, second.dated)

    @quirk("The payload is built when delivered")
    def test_merged_events(self, told):
        """An order made, paid and completed before the queue ran tells all of it at once, twice alike."""
        created, updated = told(33), told(34)
        assert created == updated
        (order,) = created
        assert at("2026-11-21T21:11:46") == order.purchased_at
        assert (Parcel(id="whole", at=at("2026-11-21T21:11:46")),) == order.shipments

    @quirk("Order of arrival")
    def test_updated_before_created(self, sample, told):
        """With the block checkout order.updated comes first; it tells the same and has the same version."""
        topics = [sample(number).request.header("X-WC-Webhook-Topic") for number in (61, 64)]
        assert ["order.updated", "order.created"] == topics
        assert told(61) == told(64)

    @quirk("Nothing is delivered for")
    def test_silent_deletions(self, adapter, told):
        """An order deleted for good and a deleted refund are found by reading, since no webhook tells."""
        assert "cancelled" == told(52)[0].status
        assert Gone(Ref("order", "344")) == read(adapter, "order", 344)
        assert "393" == told(219)[0].refunds[0].id
        after = read(adapter, "order", 392)
        assert ((), True) == (after.refunds, after.refunds_complete)

    @quirk("Trash = `order.deleted`")
    def test_trash_and_restore(self, adapter, sample, told):
        """The trash notice has an id and no date, so it is read; a restored order comes whole."""
        assert [Ref("order", "344")] == [each.ref for each in told(51)]
        assert adapter.verify(sample(51).request).dated is False
        (restored,) = told(52)
        assert ("344", "cancelled") == (restored.id, restored.status)

    @quirk("Trash = `order.deleted`")
    def test_trashed_before_delivery(self, told):
        """An order trashed before the queue ran is announced with its status, and is cancelled."""
        (order,) = told(55)
        assert ("trash", True) == (order.status, order.cancelled)

    @quirk("product.deleted/coupon.deleted")
    def test_deleted_wrong_object(self, adapter, told):
        """A deleted coupon is announced as a product, and the other way: reading that finds nothing."""
        assert [Ref("product", "369")] == [each.ref for each in told(155)]
        assert [Ref("product", "370")] == [each.ref for each in told(163)]
        assert Gone(Ref("product", "370")) == read(adapter, "product", 370)
        assert [Ref("code", "369")] == [each.ref for each in told(154)]
        assert Gone(Ref("code", "369")) == read(adapter, "code", 369)
        # It is one of the shop's own, so it is none of ours.
        assert [Ref("code", "370")] == [each.ref for each in told(162)]
        assert Gone(Ref("code", "370")) == read(adapter, "code", 370)

    @quirk("product.deleted/coupon.deleted")
    def test_deleted_order_as_product(self, adapter, sample):
        """With posts storage a trashed order is announced as product and coupon too, which does no harm."""
        body = sample(51).request.body
        (as_product,) = adapter.translate(Webhook(topic="product.deleted", body=body))
        (as_coupon,) = adapter.translate(Webhook(topic="coupon.deleted", body=body))
        assert Gone(Ref("product", "344")) == read(adapter, "product", as_product.ref.id)
        assert Gone(Ref("code", "344")) == read(adapter, "code", as_coupon.ref.id)

    @quirk("The body can be an error object")
    @pytest.mark.parametrize("number", [53, 54, 158, 165, 211, 214])
    def test_error_object(self, told, number):
        """An error in place of the object says nothing of which object it was, and is ignored."""
        (ignored,) = told(number)
        assert isinstance(ignored, Ignored)

    @quirk("The body can be an error object")
    def test_error_object_of_owner_without_rights(self, told):
        """When the webhook's owner lost the right to read, the reason says what a person must do."""
        (ignored,) = told(214)
        assert "give that user the right" in ignored.reason

    @quirk("A refused refund answers 500")
    def test_error_object_with_plain_data(self, adapter, rest):
        """An error whose `data` is a number instead of an object is an error all the same."""
        (ignored,) = resigned(adapter, rest("orders-refunds-post-too-much-500")["body"], "order.updated")
        assert isinstance(ignored, Ignored)

    @quirk("Every stock change")
    def test_stock_change(self, told):
        """A stock change is a picture of the product that says nothing new."""
        before, after = told(223)[0], told(232)[0]
        assert before.version != after.version
        assert before == replace(after, version=before.version)

    @quirk("order.created can carry `checkout-draft`")
    def test_draft(self, told):
        """An open checkout is no order, and the shopper's name in it is not kept."""
        assert [Ignored, Ignored] == [type(each) for number in (94, 95) for each in told(number)]

    @quirk("A declined payment")
    def test_declined_payment(self, told):
        """A declined payment is an order without a purchase; the retry makes a purchase of the same order."""
        (declined,), (retried,) = told(83), told(84)
        assert ("357", None) == (declined.id, declined.purchased_at)
        assert ("357", at("2026-11-21T21:12:37")) == (retried.id, retried.purchased_at)
        assert declined.version.rank < retried.version.rank

    @quirk("customer.created/updated also fire")
    def test_staff(self, told):
        """Users of the staff are announced as customers and are none."""
        assert [Ignored, Ignored] == [type(each) for number in (148, 149) for each in told(number)]

    @quirk("customer.created/updated also fire")
    def test_customer_deleted(self, adapter, told):
        """A deleted account is announced by an id alone, and the read finds it gone."""
        (notice,) = told(133)
        assert Ref("customer", "16") == notice.ref
        assert Gone(Ref("customer", "16")) == read(adapter, "customer", 16)

    @quirk("`action.*` topics", "Restored from trash fires")
    @pytest.mark.parametrize("number", [25, 27, 30, 32, 74])
    def test_action(self, adapter, sample, told, number):
        """An action rings for its order and says nothing; alike as they are, no two are taken for one."""
        (ring,) = told(number)
        assert isinstance(ring, NeedsRead)
        assert Ref("order", "337" if number < 74 else "355") == ring.ref
        assert adapter.verify(sample(number).request).dated is False


class TestPayload:
    @quirk("Money is strings")
    def test_money(self, told):
        """A line costs its total and its tax, exactly; the JSON number `price` is never looked at."""
        (order,) = told(86)
        assert [yen(1620), yen(3240), yen(13800)] == [line.paid for line in order.amounts.lines]
        assert [yen(120), yen(240), yen(1255)] == [line.tax for line in order.amounts.lines]
        assert (yen(19261), yen(601), "358") == (order.amounts.total, order.amounts.shipping, order.number)

    @quirk("Money is strings")
    def test_money_in_three_currencies(self, told):
        """Yen have no decimals, dollars two, Bahraini dinars three; fees are in the total, but no line."""
        (dollars, _), (dinars, _) = told(104), told(109)
        assert Money(6519, "USD") == dollars.amounts.total
        assert [Money(5788, "USD")] == [line.paid for line in dollars.amounts.lines]
        assert Money(999, "USD") == dollars.amounts.shipping
        assert Money(11698, "BHD") == dinars.amounts.total
        assert (False, False) == (dollars.amounts.rounded, dinars.amounts.rounded)

    @quirk("Amounts are rounded")
    def test_rounded(self, told):
        """Dollars told by a store of whole numbers are taken as told, marked, and read again."""
        order, doubt = told(96)
        assert (Money(2200, "USD"), True) == (order.amounts.total, order.amounts.rounded)
        assert Ref("order", "361") == doubt.ref

    @quirk("Amounts are rounded")
    @pytest.mark.parametrize(
        ("number", "currency", "told"),
        [(336, "BHD", (11000, 9130, 0, 1505)), (335, "USD", (7000, 5788, 391, 999))],
    )
    def test_read_with_decimals(self, adapter, number, currency, told):
        """A read asks for the currency's decimals: the lines come exact, the total does not and is marked."""
        amounts = read(adapter, "order", number).amounts
        (line,) = amounts.lines
        expected = [Money(minor, currency) for minor in told]
        assert expected == [amounts.total, line.paid, line.tax, amounts.shipping]
        assert amounts.rounded is True

    @quirk("Amounts are rounded")
    def test_exact_read(self, adapter):
        """What the store tells with all decimals is exact, the amount of a refund too."""
        order = read(adapter, "order", 362)
        assert (Money(6519, "USD"), False) == (order.amounts.total, order.amounts.rounded)
        assert [Money(125, "USD")] == [refund.amount for refund in order.refunds]

    @quirk("`date_*` is site time")
    def test_dates(self, told, payload):
        """Dates are UTC although they carry no zone, and site time is never used."""
        (order,) = told(221)
        assert "2024-02-29T23:30:00" == payload(221)["date_created"]
        assert at("2024-02-29T14:30:00") == order.placed_at
        assert at("2026-11-21T21:15:39") == order.purchased_at
        assert at("2026-11-21T21:15:40") == order.version.modified_at

    @quirk("Refunds: `order.total` never changes")
    def test_refunds(self, told):
        """Refunds are told as positive amounts without lines, and their lines are read."""
        for number, amounts, status in ((26, [300], "completed"), (31, [1218, 648, 300], "refunded")):
            order, doubt = told(number)
            assert [yen(amount) for amount in amounts] == [refund.amount for refund in order.refunds]
            assert {None} == {refund.lines for refund in order.refunds}
            assert (status, False, yen(2166)) == (order.status, order.cancelled, order.amounts.total)
            assert (Ref("order", "337"), False) == (doubt.ref, order.refunds_complete)

    @quirk("Refunds: `order.total` never changes")
    def test_refunds_read(self, adapter):
        """A read gives every refund with its date and, positive, the order lines that it gave back."""
        order = read(adapter, "order", 337)
        lines = {refund.id: refund.lines for refund in order.refunds}
        given_back = RefundLine(line="944", quantity=1, amount=yen(648))
        assert {"341": (), "339": (given_back,), "338": ()} == lines
        assert given_back.line == order.amounts.lines[0].id
        dates = {refund.id: refund.refunded_at for refund in order.refunds}
        assert at("2026-11-21T21:11:39") == dates["339"]
        assert order.refunds_complete is True

    @quirk("Status set to `refunded` by hand")
    def test_refunded_by_hand(self, adapter, told):
        """A status set to refunded by hand comes with its refund, and is not a cancellation."""
        order, _ = told(37)
        assert ([yen(2166)], False) == ([refund.amount for refund in order.refunds], order.cancelled)
        assert [()] == [refund.lines for refund in read(adapter, "order", 342).refunds]

    @quirk("Guests: customer_id 0")
    def test_guests(self, told, payload):
        """A guest has no account even under a customer's address, and keeps the capitals of the address."""
        (guest,) = told(69)
        assert (None, payload(69)["billing"]["email"]) == (guest.customer, guest.contact.email)
        (capitals,) = told(71)
        assert "Megumi.Saito@Example.jp" == capitals.contact.email
        assert "megumi.saito@example.jp" == fold_email(capitals.contact.email)
        assert ("齋藤", "めぐみ") == (capitals.contact.family_name, capitals.contact.given_name)

    @quirk("Guests: customer_id 0")
    def test_no_email(self, adapter, told):
        """An order taken on the telephone may have no address at all."""
        (order,) = told(225)
        assert "" == order.contact.email
        assert order.contact == read(adapter, "order", 395).contact

    @quirk("Guests: customer_id 0")
    def test_deleted_account(self, adapter, told):
        """When an account is deleted its orders say 0, which is not told and overwrites nothing."""
        assert "16" == told(131)[0].customer
        assert read(adapter, "order", 368).customer is None

    @quirk("Deleting a product")
    def test_deleted_product(self, adapter, rest):
        """Lines of a deleted product have neither product nor sku, and the order was shipped all the same."""
        recorded = rest("orders-get-by-email-deleted-product")["body"][0]
        (order,) = resigned(adapter, recorded, "order.updated")
        (line,) = order.amounts.lines
        assert ("Discontinued granola 500g", None, None) == (line.title, line.product, line.sku)
        assert (False, True) == (recorded["needs_processing"], order.needs_shipping)

    @quirk("Names can hold HTML entities")
    def test_entities(self, told, rest, adapter):
        """Titles are plain text, without the entities and tags of WordPress."""
        assert "Dog food Salmon & Rice - 10kg" == told(86)[0].amounts.lines[2].title
        assert "Dog food Salmon & Rice - 3kg" == told(153)[0].title
        recorded = next(each for each in rest("products-page-1")["body"] if each["id"] == 23)
        (razor,) = resigned(adapter, recorded)
        assert 'Razor blades x8 sharp & "safe"' == razor.title

    @quirk("meta_data is a list")
    def test_meta_data(self, told, payload):
        """A meta value may be an object or a number; plain custom meta of a product is kept."""
        assert [dict] == [type(e["value"]) for e in payload(23)["meta_data"] if e["key"] == "_supply_unit"]
        assert {"supply_days": "14"} == told(23)[0].attributes
        variation = told(153)[0]
        assert ("13", {"supply_days": "28"}) == (variation.parent, variation.attributes)
        assert any(isinstance(e["value"], dict) for e in payload(86)["line_items"][1]["meta_data"])
        assert 3 == len(told(86)[0].amounts.lines)

    @quirk("The same product can be in two lines")
    def test_same_product_twice(self, told):
        """Two lines of one product stay two lines."""
        (order,) = told(86)
        lines = [(line.id, line.product, line.variant, line.quantity) for line in order.amounts.lines]
        assert [("996", "11", None, 1), ("997", "11", None, 2), ("998", "13", "16", 1)] == lines

    @quirk("Types vary")
    def test_types_vary(self, told):
        """Empty and null mean the same, and paid orders of either kind are purchases."""
        (at_the_door,), (paid,), (unpaid,) = told(86), told(47), told(39)
        assert ("cod", "completed", at("2026-11-21T21:12:40")) == (
            at_the_door.gateway,
            at_the_door.status,
            at_the_door.purchased_at,
        )
        assert ("bacs", "processing", at("2026-11-21T21:11:58")) == (
            paid.gateway,
            paid.status,
            paid.purchased_at,
        )
        assert unpaid.purchased_at is None

    @quirk("Privacy erasure")
    @pytest.mark.parametrize("number", [*range(134, 147), *range(166, 176)])
    def test_erasure(self, told, number):
        """An erased order keeps its facts and loses the person, who is never the placeholder address."""
        order = told(number)[0]
        assert (True, None, None) == (order.erased, order.contact, order.customer)
        assert order.amounts.total.minor > 0

    @quirk("Privacy erasure")
    def test_erasure_keeps_account(self, told):
        """The account that was not deleted keeps its address and name."""
        (customer,) = told(147)
        assert (False, "伊藤") == (customer.erased, customer.contact.family_name)

    @quirk("API v1/v2/v3")
    def test_api_versions(self, told):
        """Version 2 and 3 of the payload tell the same; version 1 is an error with this storage."""
        v3, v2 = told(209), told(210)
        assert v2 == v3
        assert isinstance(told(211)[0], Ignored)

    @quirk("11.0.1 adds keys")
    def test_unknown_keys(self, adapter, payload, told):
        """Keys that nobody knows yet change nothing, at any depth."""
        body = payload(86)
        for each in (body, body["billing"], *body["line_items"], *body["shipping_lines"]):
            each["from_a_later_release"] = {"x": [1.5]}
        assert told(86) == resigned(adapter, body, "order.updated")


class TestRest:
    @quirk("Errors: an unknown key")
    def test_unknown_objects(self, adapter):
        """An object that the store does not know is gone: of another kind, a refund, or none at all."""
        unknown = [
            Ref("order", "11"),
            Ref("order", "338"),
            Ref("customer", "99999999"),
            Ref("product", "370"),
        ]
        assert [Gone(ref) for ref in unknown] == list(adapter.read(unknown))

    @quirk("Paging: per_page is 1 to 100")
    def test_all_refunds(self, adapter, monkeypatch):
        """All pages of refunds are read, since the list counts as complete."""
        monkeypatch.setattr("aftercare_woocommerce.reading._PAGE", 2)
        assert ["341", "339", "338"] == [refund.id for refund in read(adapter, "order", 337).refunds]

    @quirk("Deleting a refund does not move")
    def test_same_date_other_content(self, adapter, rest):
        """Two pictures of one second that differ have different versions, in an order all agree on."""
        before, _ = resigned(adapter, rest("orders-get-one-before-refund-delete")["body"])
        (after,) = resigned(adapter, rest("orders-get-one-after-refund-delete")["body"])
        assert before.version.modified_at == after.version.modified_at
        assert before.version.digest != after.version.digest

    @quirk("A trashed order still answers 200")
    def test_trashed(self, adapter):
        """A trashed order can be read, and is cancelled."""
        order = read(adapter, "order", 348)
        assert ("trash", True) == (order.status, order.cancelled)

    @quirk("A refused refund answers 500")
    def test_line_of_nothing(self, adapter, rest):
        """A line of an unknown product is accepted by the store, with neither name nor product."""
        (order,) = resigned(adapter, rest("orders-post-unknown-product-201")["body"])
        (line,) = order.amounts.lines
        assert ("", None, 1, yen(0)) == (line.title, line.product, line.quantity, line.paid)


class TestAll:
    def test_all_recordings(self, adapter):
        """All 206 signed deliveries verify and translate, and no ping raises."""
        verified = [adapter.verify(each.request) for each in samples.webhooks()]
        signed = [each for each in verified if isinstance(each, Webhook)]
        assert (206, 24) == (len(signed), verified.count(Ping()))
        translations = [each for webhook in signed for each in adapter.translate(webhook)]
        kinds = {OrderSnapshot, CustomerSnapshot, ProductSnapshot, NeedsRead, Ignored}
        assert kinds == {type(each) for each in translations}
        asked = {each.ref for each in translations if isinstance(each, NeedsRead)}
        assert len(asked) == len(list(adapter.read(asked)))

    def test_every_quirk_is_tested(self):
        """Every point of the recordings' README has a test here, or a reason for having none."""
        readme = (samples.RECORDINGS / "README.md").read_text(encoding="utf-8")
        points = re.findall(r"^- (.+)", readme, flags=re.MULTILINE)
        known = TESTED | ELSEWHERE.keys()
        assert [] == [point for point in points if not point.startswith(tuple(known))]
        assert [] == [each for each in known if not any(point.startswith(each) for point in points)]
