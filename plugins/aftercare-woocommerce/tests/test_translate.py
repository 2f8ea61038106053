from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Parcel
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref, Shop, Webhook
from aftercare_woocommerce.adapter import WooCommerceAdapter

PERSON = ("小川", "直人", "ogawa@example.jp", "丸の内", "03-1234-5678")


def at(text):
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def translate(adapter):
    """Translate a body, with a topic where it matters, by the rules of the shop or by others."""

    def translate(body, topic="", **options):
        chosen = WooCommerceAdapter(Shop(name="tea", options=options)) if options else adapter
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return tuple(chosen.translate(Webhook(topic=topic, body=raw)))

    return translate


@pytest.fixture
def order(payload):
    """The body of a paid order of one line, shipped by a flat rate."""
    return payload(22)


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"webhook_id=1",
            b'{"id": NaN}',
            b'{"id": -Infinity}',
            b"[" * 100_000,
            b'{"id": 1' + b"0" * 5000 + b"}",
            b'{"total": 1e9999999999999999999}',
            b"null",
            b"[]",
            b'"order"',
            b"1",
        ],
    )
    def test_no_json_object(self, translate, body):
        """What is no JSON object is a TranslationError, however it is broken."""
        with pytest.raises(TranslationError):
            translate(body, "order.updated")

    @pytest.mark.parametrize(
        "topic", ["", "order", "review.created", "注文.created", "action.wc_x", "a" * 9999]
    )
    def test_unknown(self, translate, topic):
        """A body of a kind that nobody knows is ignored under a topic that nobody knows."""
        body = {"id": 1, "x": 2}
        if topic != "order":
            assert [Ignored] == [type(each) for each in translate(body, topic)]
            assert [Ignored] == [type(each) for each in translate({"id": 1}, topic)]
            assert [Ignored] == [type(each) for each in translate({}, topic)]

    @pytest.mark.parametrize(
        "number", [{"id": 0}, {"id": -1}, {"id": "1"}, {"id": True}, {"id": 2**63}, {"id": None}]
    )
    def test_stub_without_id(self, translate, number):
        """A stub whose id is none names the bad field."""
        with pytest.raises(TranslationError, match=r"^order: not understood: id$"):
            translate(number, "order.deleted")

    def test_unrecognisable_order(self, translate):
        """When a body has lost what tells its kind, the topic says what was expected."""
        body = {"id": 1, "date_modified_gmt": "2026-01-01T00:00:00"}
        with pytest.raises(TranslationError, match="line_items"):
            translate(body, "order.updated")

    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            ("woocommerce_order_status_shipped", NeedsRead),
            ("woocommerce_order_fully_refunded", NeedsRead),
            ("woocommerce_payment_complete", NeedsRead),
            ("woocommerce_order_note_added", Ignored),
            ("woocommerce_add_to_cart", Ignored),
            (17, Ignored),
        ],
    )
    def test_actions(self, translate, action, kind):
        """Only an action whose argument is an order rings; the argument of a note is a note."""
        (told,) = translate({"action": action, "arg": 7}, "action.x")
        assert kind is type(told)

    def test_action_with_other_argument(self, translate):
        """An action on an order that names none is not understood."""
        with pytest.raises(TranslationError, match="id"):
            translate({"action": "woocommerce_order_refunded", "arg": {"a": 1}}, "action.x")


class TestErrors:
    def test_paths_without_values(self, translate, order):
        """Every bad field is named with its path; nothing of what it held is."""
        order["total"] = "小川 直人 ogawa@example.jp"
        order["currency"] = "ogawa"
        order["line_items"][0]["quantity"] = "ogawa@example.jp"
        order["billing"]["first_name"] = ["直人"]
        del order["line_items"][0]["total_tax"]
        with pytest.raises(TranslationError) as caught:
            translate(order, "order.updated")
        expected = (
            "order: not understood: billing.first_name, currency, line_items.0.quantity, "
            "line_items.0.total_tax, total"
        )
        assert expected == str(caught.value)
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    def test_no_text_in_context(self, translate):
        """The error of broken JSON does not carry the text along."""
        with pytest.raises(TranslationError) as caught:
            translate(b'{"email": "ogawa@example.jp"', "order.updated")
        assert (None, None) == (caught.value.__cause__, caught.value.__context__)

    def test_many_errors(self, translate, order):
        """A body that is wrong everywhere is still told in one short line."""
        order["line_items"] = [{} for _ in range(1000)]
        with pytest.raises(TranslationError) as caught:
            translate(order)
        assert str(caught.value).endswith(", …")
        assert len(str(caught.value)) < 400

    def test_repr_without_person(self, adapter, translate, order, payload, sample):
        """No repr of what passes through holds a name, an address or a telephone number."""
        webhook = adapter.verify(sample(22).request)
        passing = [
            sample(22),
            sample(22).request,
            webhook,
            adapter,
            *translate(order),
            *translate(payload(62)),
        ]
        assert [] == [word for word in PERSON for each in passing if word in repr(each)]


class TestOrders:
    def test_contact(self, translate, order):
        """The billing address is the person; the parcel's country comes first."""
        order["shipping"]["country"] = "US"
        (told,) = translate(order)
        person = told.contact
        assert (order["billing"]["email"], "JP", "US") == (person.email, person.country, told.country)
        order["shipping"]["country"] = ""
        assert "JP" == translate(order)[0].country
        order["billing"]["country"] = ""
        assert translate(order)[0].country is None

    def test_equal_content_equal_digest(self, translate, order):
        """The version is made of what is used: a change in anything else is no new picture."""
        other = copy.deepcopy(order)
        other["customer_note"] = "?"
        assert translate(order) == translate(other)
        other["status"] = "on-hold"
        assert translate(order)[0].version.digest != translate(other)[0].version.digest

    def test_codes(self, told):
        """Coupon codes are told, and their absence too."""
        assert (("off500",), ()) == (told(66)[0].codes, told(22)[0].codes)

    @pytest.mark.parametrize("status", ["cancelled", "failed", "trash"])
    def test_cancelled(self, translate, order, status):
        """These three statuses call an order off."""
        assert translate({**order, "status": status})[0].cancelled is True

    @pytest.mark.parametrize(
        "status", ["pending", "on-hold", "processing", "completed", "refunded", "shipped"]
    )
    def test_not_cancelled(self, translate, order, status):
        """All others do not; a late bank transfer revives an order."""
        assert translate({**order, "status": status})[0].cancelled is False

    def test_no_modification_date(self, translate, order):
        """An order that does not say when it was changed is read."""
        for missing in ({**order, "date_modified_gmt": None}, {**order, "date_modified_gmt": ""}):
            assert [Ref("order", "337")] == [each.ref for each in translate(missing)]
        del order["date_modified_gmt"]
        assert [Ref("order", "337")] == [each.ref for each in translate(order)]

    def test_rounded_refund(self, translate, payload):
        """Refunds of a rounded order are not told: their amounts would be taken for exact."""
        body = payload(104)
        for text in (body, body["line_items"][0], *body["fee_lines"]):
            for key in ("total", "shipping_total", "shipping_tax", "cart_tax", "total_tax"):
                if key in text:
                    text[key] = text[key].partition(".")[0]
        order, doubt = translate(body)
        assert (True, None) == (order.amounts.rounded, order.refunds)
        assert "refunds" in doubt.reason
        assert "rounded" in doubt.reason

    def test_finer_than_the_currency(self, translate, order):
        """A yen store set to two decimals tells fractions: rounded, marked, and read with none."""
        assert "2166" == order["total"]
        told, _ = translate({**order, "total": "2166.50"})
        assert (Money(2167, "JPY"), True) == (told.amounts.total, told.amounts.rounded)
        (exact,) = translate({**order, "total": "2166.00"})
        assert (Money(2166, "JPY"), False) == (exact.amounts.total, exact.amounts.rounded)

    def test_taxes_from_elsewhere(self, translate, order):
        """Where a line does not list its taxes, the sum that it states counts."""
        line = order["line_items"][0]
        for taxes in ([], [{"id": 1, "total": "", "subtotal": ""}]):
            line["taxes"] = taxes
            assert Money(120, "JPY") == translate(order)[0].amounts.lines[0].tax

    def test_fractional_quantity(self, translate, order):
        """Half a metre more is one piece more."""
        order["line_items"][0]["quantity"] = 1.5
        assert 2 == translate(order)[0].amounts.lines[0].quantity

    def test_unstorable_text(self, translate, order):
        """Characters that no database takes are dropped, emoji are not."""
        order["billing"]["first_name"] = "a\x00\ud83d🎁"
        assert "a🎁" == translate(order)[0].contact.given_name


class TestPurchases:
    def test_paid(self, told):
        """An order is a purchase since it was paid."""
        assert [None, at("2026-11-21T21:11:34")] == [told(number)[0].purchased_at for number in (20, 22)]

    def test_bank_transfer_awaited(self, told):
        """An order on hold or created as failed is no purchase."""
        assert [None, None] == [told(number)[0].purchased_at for number in (41, 45)]

    def test_cash_on_delivery(self, translate, payload):
        """An order paid at the door is a purchase when the shop releases it, since it was placed."""
        (order,) = translate(payload(59))
        assert (order.placed_at, "cod") == (order.purchased_at, order.gateway)
        (other,) = translate(payload(59), pay_on_delivery=["cash"])
        assert other.purchased_at is None

    def test_released_by_own_status(self, translate, payload):
        """A shop's own status for what has been shipped releases as well."""
        body = {**payload(59), "status": "sent"}
        assert translate(body)[0].purchased_at is None
        assert translate(body, shipped_statuses=["sent"])[0].purchased_at is not None

    def test_free(self, translate, payload):
        """An order that costs nothing is a purchase once it is completed."""
        assert translate(payload(228))[0].purchased_at is None
        done = {**payload(228), "status": "completed", "date_completed_gmt": "2026-11-22T00:00:00"}
        assert at("2026-11-22T00:00:00") == translate(done)[0].purchased_at


class TestShipments:
    def test_own_status(self, translate, payload):
        """A shop's own status ships at the change to it, if it is set to, with or without wc-."""
        assert () == translate(payload(50), shipped_statuses=["completed"])[0].shipments
        expected = (Parcel(id="whole", at=at("2026-11-21T21:11:59")),)
        for name in ("shipped", "wc-shipped"):
            assert expected == translate(payload(50), shipped_statuses=["completed", name])[0].shipments

    def test_one_parcel(self, translate, payload):
        """An order that is shipped and then completed leaves once: both name the same parcel."""
        first = translate(payload(50))[0].shipments[0]
        done = {**payload(50), "status": "completed", "date_completed_gmt": "2026-11-23T00:00:00"}
        second = translate(done)[0].shipments[0]
        assert first.id == second.id

    def test_refunded_after_shipment(self, told):
        """An order that was completed had left, whatever became of it."""
        assert at("2026-11-21T21:11:36") == told(31)[0].shipments[0].at

    @pytest.mark.parametrize("number", [22, 41, 52, 59])
    def test_not_shipped(self, told, number):
        """Before it is completed nothing has left."""
        assert () == told(number)[0].shipments

    def test_download(self, told):
        """A cart of downloads needs no shipping."""
        assert (False, False) == (told(70)[0].needs_shipping, told(71)[0].needs_shipping)

    def test_completed_download(self, translate, payload):
        """A completed download left in no parcel."""
        done = {**payload(71), "status": "completed", "date_completed_gmt": "2026-11-22T00:00:00"}
        assert () == translate(done)[0].shipments

    def test_entered_without_shipping_line(self, translate, payload):
        """An order that a program entered without a shipping line does not say whether it is shipped."""
        body = payload(176)
        assert ("rest-api", []) == (body["created_via"], body["shipping_lines"])
        assert translate(body)[0].needs_shipping is None
        body["needs_processing"] = False
        assert translate(body)[0].needs_shipping is False
        body["line_items"][0]["product_id"] = 0
        assert translate(body)[0].needs_shipping is None


class TestCustomers:
    def test_account_email(self, told):
        """The account's own address and name count, not those of its billing address."""
        (customer,) = told(127)
        contact = customer.contact
        assert (
            "mei.new@example.jp",
            "林",
            "メイ",
        ) == (contact.email, contact.family_name, contact.given_name)
        assert ("076-000-0000", "JP") == (contact.phone, contact.country)

    def test_name_from_billing(self, translate, payload):
        """An account without a name has that of its billing address."""
        body = {**payload(127), "first_name": "", "last_name": ""}
        assert "芽依" == translate(body)[0].contact.given_name

    def test_roles(self, translate, payload):
        """Other roles are customers where the shop says so."""
        body = {**payload(127), "role": "wholesale_customer"}
        assert isinstance(translate(body)[0], Ignored)
        assert "16" == translate(body, customer_roles=["customer", "wholesale_customer"])[0].id

    def test_never_changed(self, translate, payload):
        """A new account has no date of change; it is as old as its creation."""
        body = {**payload(148), "role": "customer"}
        assert body["date_modified_gmt"] is None
        assert at("2026-11-21T21:13:17") == translate(body)[0].version.modified_at

    def test_erased_account(self, translate, payload):
        """An account whose address is the placeholder of an erasure belongs to nobody."""
        (customer,) = translate({**payload(127), "email": "deleted@site.invalid"})
        assert (True, None) == (customer.erased, customer.contact)


class TestProducts:
    def test_product(self, told):
        """A product tells its title, sku, categories and whether it is shipped."""
        (product,) = told(23)
        assert ("11", None, "COF-250") == (product.id, product.parent, product.sku)
        assert (
            ("コーヒー・お茶",),
            True,
            False,
        ) == (product.categories, product.needs_shipping, product.deleted)

    def test_variation(self, told):
        """The categories of a variation are those of its product, and are not told."""
        assert (None, None) == (told(153)[0].categories, told(153)[0].tags)

    def test_undated(self, translate, payload):
        """A product that does not say when it was changed is read."""
        assert [Ref("product", "11")] == [
            e.ref for e in translate({**payload(23), "date_modified_gmt": None})
        ]
