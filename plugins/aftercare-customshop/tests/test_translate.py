from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Parcel
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref

LATER = "2026-05-01T00:00:00Z"


def at(text):
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def problem(translate):
    """Say why a message is not understood."""

    def problem(told, **shop):
        with pytest.raises(TranslationError) as caught:
            translate(told, **shop)
        return str(caught.value)

    return problem


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff\xfe",
            '{"type": "注文"}'.encode("shift_jis"),
            b'{"id": NaN}',
            b'{"id": -Infinity}',
            b"[" * 100_000,
            b'{"id": 1' + b"0" * 5000 + b"}",
            b'{"total": 1e9999999999999999999}',
        ],
    )
    def test_no_json(self, problem, body):
        """What is no JSON is parked, however it is broken."""
        assert "the body is not JSON in UTF-8" == problem(body)

    @pytest.mark.parametrize("body", [b"null", b"[]", b'"order.updated"', b"1"])
    def test_no_object(self, problem, body):
        """A message is an object."""
        assert "the body is not a JSON object" == problem(body)

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ({}, "type is missing"),
            ({"type": None}, "type is missing"),
            ({"type": 1}, "type must be text"),
            ({"type": "ping", "data": {}}, "ping: timestamp is missing"),
            ({"type": "ping", "timestamp": "2026-04-01T09:00:00Z"}, "ping: data is missing"),
            (
                {"type": "ping", "timestamp": "2026-04-01T09:00:00Z", "data": None},
                "ping: data must not be null",
            ),
            (
                {"type": "ping", "timestamp": "2026-04-01T09:00:00Z", "data": []},
                "ping: data must be an object",
            ),
        ],
    )
    def test_envelope(self, problem, told, expected):
        """What the envelope lacks is named."""
        assert expected == problem(told)

    @pytest.mark.parametrize("name", ["cart.updated", "order.paid", "ORDER.UPDATED", "order"])
    def test_unknown_type(self, translate, name):
        """A type that nobody knows is ignored, whatever else the message says or lacks."""
        assert (Ignored(f"the type {name} is none that is used here"),) == translate(
            {"type": name, "data": 1}
        )

    @pytest.mark.parametrize("name", ["", "hana@customer.example", "a" * 65, "小川"])
    def test_odd_type(self, translate, name):
        """What does not look like a type is not repeated."""
        assert (Ignored("the type is none that is used here"),) == translate({"type": name})

    @pytest.mark.parametrize("name", ["subscription.created", "subscription.updated", "subscription.ended"])
    def test_subscriptions(self, translate, message, problem, name):
        """Subscriptions are checked already, and not used yet."""
        told = {**message("subscription.updated"), "type": name}
        assert (Ignored("subscriptions are not used by this release"),) == translate(told)
        told["data"]["lines"][0]["quantity"] = "2"
        assert f"{name}: data.lines.0.quantity must be a whole number, 0 or more" == problem(told)


class TestProblems:
    def test_places_without_values(self, message, problem):
        """Every bad place is named, and nothing of what stood there."""
        told = message(
            "order.updated",
            id="小川/花",
            total="hana@customer.example",
            contact={"given_name": ["花"], "country": "Nippon"},
            lines=[{"id": 1, "title": "急須", "quantity": "小川", "paid": "1"}],
        )
        error = problem(told)
        places = ("data.id ", "data.total ", "data.lines.0.quantity ", "data.contact.given_name ")
        assert [] == [place for place in places if place not in error]
        assert error.endswith("; and 1 more")
        for word in ("小川", "花", "急須", "Nippon", "customer.example"):
            assert word not in error

    @pytest.mark.parametrize("field", ["id", "placed_at", "total", "lines"])
    def test_required(self, message, problem, field):
        """An order needs little, and that little it needs."""
        assert f"order.updated: data.{field} is missing" == problem(message("order.updated", **{field: ...}))
        assert f"order.updated: data.{field} must not be null" == problem(
            message("order.updated", **{field: None})
        )

    def test_own_names(self, message, problem):
        """Names that the shop has given are as personal as what stands under them."""
        told = message("customer.updated", attributes={"hana@customer.example": {}})
        expected = "customer.updated: data.attributes must be an object of texts and whole numbers"
        assert expected == problem(told)


class TestUnknownFields:
    def test_at_every_level(self, translate, message):
        """A field that nobody knows changes nothing, wherever it stands."""
        told = message("order.updated")
        data = told["data"]
        places = (
            told,
            data,
            data["lines"][0],
            data["contact"],
            data["shipments"][0],
            data["refunds"][0],
            data["refunds"][0]["lines"][0],
        )
        expected = translate(told)
        for place in places:
            place["weight"] = 1.5
            place["notes"] = [{"by": "hana"}]
        assert expected == translate(told)

    def test_null_is_nothing(self, translate, message):
        """An optional field that is null says as little as one that is left out."""
        data = message("order.updated")["data"]
        required = {"id", "placed_at", "updated_at", "total", "lines", "currency"}
        absent = translate(message("order.updated", **dict.fromkeys(data.keys() - required, ...)))
        assert absent == translate(message("order.updated", **dict.fromkeys(data.keys() - required)))
        (told,) = absent
        assert (None, None, None, None, None, None) == (
            told.status,
            told.contact,
            told.codes,
            told.refunds,
            told.cancelled,
            told.needs_shipping,
        )
        assert (False, False, None, ()) == (told.test, told.erased, told.purchased_at, told.shipments)

    def test_empty_is_something(self, order):
        """An empty list says that there is nothing."""
        told = order(codes=[], refunds=[])
        assert ((), ()) == (told.codes, told.refunds)


class TestMoney:
    @pytest.mark.parametrize(
        ("currency", "amount", "minor"),
        [
            ("JPY", "0", 0),
            ("JPY", "1200", 1_200),
            ("JPY", "999999999999", 999_999_999_999),
            ("USD", "0.00", 0),
            ("USD", "12.50", 1_250),
            ("USD", "0.01", 1),
            ("USD", "90071992547.93", 9_007_199_254_793),
            ("BHD", "0.001", 1),
            ("BHD", "12.345", 12_345),
        ],
    )
    def test_exact(self, translate, message, currency, amount, minor):
        """Amounts are exact to the last digit in every currency."""
        line = {"id": 1, "title": "Tea", "quantity": 1, "paid": amount, "tax": amount}
        refund = {"id": 1, "amount": amount, "refunded_at": LATER, "lines": []}
        (told,) = translate(
            message(
                "order.updated",
                currency=currency,
                total=amount,
                shipping=amount,
                lines=[line],
                refunds=[refund],
            )
        )
        money = Money(minor, currency)
        amounts = told.amounts
        assert {money} == {
            amounts.total,
            amounts.shipping,
            amounts.lines[0].paid,
            amounts.lines[0].tax,
            told.refunds[0].amount,
        }
        assert amounts.rounded is False

    @pytest.mark.parametrize(
        ("currency", "amount", "rule"),
        [
            ("JPY", "12.5", "must have no decimals"),
            ("JPY", "12.00", "must have no decimals"),
            ("USD", "12", "must have 2 decimals, as USD has"),
            ("USD", "12.5", "must have 2 decimals, as USD has"),
            ("USD", "12.345", "must have 2 decimals, as USD has"),
            ("USD", "12.500", "must have 2 decimals, as USD has"),
            ("BHD", "12.34", "must have 3 decimals, as BHD has"),
            ("BHD", "12.3456", "must have 3 decimals, as BHD has"),
        ],
    )
    def test_wrong_decimals(self, message, problem, currency, amount, rule):
        """Other decimals than those of the currency are refused, by place: they are how a mistake looks."""
        right = {"JPY": "1", "USD": "1.00", "BHD": "1.000"}[currency]
        line = {"id": 1, "title": "Tea", "quantity": 1, "paid": amount}
        told = message(
            "order.updated",
            currency=currency,
            total=right,
            shipping=right,
            lines=[line],
            refunds=[{"id": 1, "amount": amount, "refunded_at": LATER}],
        )
        assert f"order.updated: data.lines.0.paid {rule}; data.refunds.0.amount {rule}" == problem(told)

    @pytest.mark.parametrize(
        "amount",
        [
            12.5,
            12,
            True,
            "",
            " ",
            "-1",
            "+1",
            "1e3",
            "1,200",
            "12,50",
            "１２",
            "NaN",
            "Infinity",
            ".5",
            "5.",
            "1 ",
            "1\n",
            "9" * 13,
            "¥12",
            [],
            {},
        ],
    )
    def test_no_amount(self, message, problem, amount):
        """A number, a sign, a separator: whatever is no plain decimal text is refused."""
        expected = 'order.updated: data.total must be an amount as text, such as "12.50", not negative'
        assert expected == problem(message("order.updated", total=amount))

    def test_left_out(self, order, message):
        """What is not told of shipping and tax is nothing."""
        line = {
            key: value for key, value in message("order.updated")["data"]["lines"][0].items() if key != "tax"
        }
        amounts = order(shipping=..., lines=[line]).amounts
        assert {Money(0, "JPY")} == {amounts.shipping, amounts.lines[0].tax}

    def test_currency_of_the_shop(self, translate, message, problem):
        """The configured currency counts where a message names none; without any there is no amount."""
        told = message("refund.created", currency=...)
        (order,) = translate(told, currency="JPY")
        assert Money(2160, "JPY") == order.refunds[0].amount
        assert "data.currency is missing" in problem(told)
        assert "data.amount must have 2 decimals" in problem(told, currency="USD")

    def test_currency_of_the_message(self, translate, message):
        """What the message says goes before the configuration."""
        (order,) = translate(message("order.updated"), currency="USD")
        assert Money(4820, "JPY") == order.amounts.total

    @pytest.mark.parametrize("currency", ["jpy", "YEN ", "¥", "", "JPYX", 392])
    def test_no_currency(self, message, problem, currency):
        """A currency is three capital letters."""
        assert "data.currency must be a currency" in problem(message("order.updated", currency=currency))


class TestTimes:
    @pytest.mark.parametrize(
        "told",
        [
            "2026-04-01T18:05:00+09:00",
            "2026-04-01T09:05:00Z",
            "2026-04-01t09:05:00z",
            "2026-04-01T09:05:00-00:00",
            "2026-04-01T04:35:00-0430",
            "2026-04-01T09:05:00.000Z",
            "2026-04-01T09:05:00.000000000+00:00",
        ],
    )
    def test_instant(self, order, told):
        """An instant is the same in every way of writing it; so is the version of the order."""
        written = order(placed_at=told)
        assert at("2026-04-01T09:05:00") == written.placed_at
        assert order().version == written.version

    def test_fraction(self, order):
        """Fractions of a second are kept."""
        assert (
            at("2026-04-09T09:20:00.250001")
            == order(updated_at="2026-04-09T09:20:00.250001Z").version.modified_at
        )

    @pytest.mark.parametrize(
        "told",
        [
            "2026-04-01T09:05:00",
            "2026-04-01 09:05:00Z",
            "2026-04-01",
            "2026-04-01T09:05Z",
            "20260401T090500Z",
            "2026-W14-3T09:05:00Z",
            "2026-02-30T09:05:00Z",
            "2026-04-01T24:05:00Z",
            "2026-04-01T09:05:60Z",
            "2026-04-01T09:05:00+25:00",
            "0000-00-00T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "2026-04-01T09:05:00Z\n",
            "２０２６-04-01T09:05:00Z",
            1775034300,
            "",
            None,
        ],
    )
    def test_no_instant(self, message, problem, told):
        """A time without offset, a day, a number, a day that never was: all are refused."""
        assert problem(message("shipment.created", shipped_at=told)).startswith(
            "shipment.created: data.shipped_at must"
        )

    @pytest.mark.parametrize("told", ["1990-5-14", "19900514", "1990-02-30", "1990-W20-1", "", 1990])
    def test_no_day(self, message, problem, told):
        """A birthday is a day of the calendar."""
        expected = "customer.updated: data.birthday must be a date (ISO 8601)"
        assert expected == problem(message("customer.updated", birthday=told))


class TestIds:
    @pytest.mark.parametrize(
        ("told", "id_"), [("1042", "1042"), (1042, "1042"), (0, "0"), ("注文 7", "注文 7")]
    )
    def test_id(self, order, told, id_):
        """A number is taken for its digits."""
        assert id_ == order(id=told).id

    @pytest.mark.parametrize(
        "told", ["", "a/b", "a\x00b", "a\nb", "\ud800", "x" * 101, 10**100, True, 1.0, [], {}]
    )
    def test_no_id(self, message, problem, told):
        """What would break ids of events, or the database, is refused."""
        assert "order.updated: data.id must be an id" in problem(message("order.updated", id=told))

    @pytest.mark.parametrize("name", ["shipment.created", "delivery.reported", "refund.created"])
    def test_short_ids(self, translate, message, problem, name):
        """Ids of parcels and refunds end in ids of events, with the order's before them."""
        assert translate(message(name, id="x" * 60, order="x" * 100))
        assert f"{name}: data.id must be an id" in problem(message(name, id="x" * 61))

    def test_unstorable_text(self, order):
        """Characters that no database takes are dropped from texts, emoji are not."""
        assert (
            Contact(email="a@b.example", given_name="a🎁")
            == order(contact={"email": "a@b.example", "given_name": "a\x00\ud83d🎁"}).contact
        )


class TestUndated:
    def test_order(self, translate, message):
        """Without a date an order tells what never changes or only grows; the rest awaits a read."""
        order, doubt = translate(message("order.updated", updated_at=...))
        (dated,) = translate(message("order.updated"))
        assert Ref("order", "1042") == doubt.ref
        assert "updated_at" in doubt.reason
        assert order.version.modified_at is None
        kept = ("number", "placed_at", "purchased_at", "shipments", "deliveries", "refunds", "test")
        assert [getattr(dated, name) for name in kept] == [getattr(order, name) for name in kept]
        waiting = (
            "status",
            "customer",
            "contact",
            "amounts",
            "gateway",
            "codes",
            "country",
            "locale",
            "needs_shipping",
            "cancelled",
        )
        assert [None] * len(waiting) == [getattr(order, name) for name in waiting]

    @pytest.mark.parametrize("name", ["customer.updated", "product.updated", "review.updated"])
    def test_others(self, translate, message, name):
        """Nothing of an account or a product is certain without a date."""
        (doubt,) = translate(message(name, updated_at=...))
        assert (NeedsRead, name.partition(".")[0]) == (type(doubt), doubt.ref.kind)

    @pytest.mark.parametrize("kind", ["order", "customer", "product", "review"])
    def test_deleted(self, translate, message, kind):
        """A deletion without a date may have been undone since."""
        told = {**message("order.deleted", deleted_at=...), "type": f"{kind}.deleted"}
        assert [Ref(kind, "1042")] == [each.ref for each in translate(told)]


class TestPurchases:
    def test_paid(self, order):
        """An order is a purchase since it was paid."""
        assert at("2026-04-01T09:06:30") == order().purchased_at
        assert order(paid_at=None).purchased_at is None

    @pytest.mark.parametrize(
        "changes", [{"released": True}, {"completed_at": LATER}, {"released": ..., "paid_at": LATER}]
    )
    def test_paid_at_the_door(self, order, changes):
        """An order paid at the door is a purchase once it is released in any way, since it was placed."""
        waiting = {"gateway": "cod", "paid_at": None, "released": False, "shipments": []}
        assert order(**waiting).purchased_at is None
        assert at("2026-04-01T09:05:00") == order(**{**waiting, **changes}).purchased_at

    def test_on_its_way(self, order):
        """A parcel on its way says that the order was released."""
        assert order(gateway="cod", paid_at=None, released=...).purchased_at is not None

    def test_own_gateways(self, translate, message):
        """Which gateways collect at the door is the shop's setting."""
        told = message("order.updated", gateway="daibiki", paid_at=None)
        (unknown,) = translate(told)
        (known,) = translate(told, options={"pay_on_delivery": ["daibiki"]})
        assert (None, known.placed_at) == (unknown.purchased_at, known.purchased_at)

    def test_free(self, order):
        """An order that costs nothing is a purchase once it is completed."""
        assert order(total="0").purchased_at is None
        assert at("2026-05-01T00:00:00") == order(total="0", completed_at=LATER).purchased_at

    def test_test(self, order):
        """A test order says that it is one."""
        assert (False, True) == (order().test, order(test=True).test)


class TestOrders:
    def test_equal_content_equal_digest(self, order):
        """The version is made of what is used: a change in anything else is no new picture."""
        assert order() == order(internal_note="?")
        assert order().version.digest != order(status="packed").version.digest

    def test_erased(self, order):
        """The person of an erased order is not even read."""
        told = order(erased=True)
        assert (True, None) == (told.erased, told.contact)

    @pytest.mark.parametrize(("told", "cancelled"), [(True, True), (False, False), (None, None), (..., None)])
    def test_cancelled(self, order, told, cancelled):
        """An order is off, on again, or says nothing of it."""
        assert cancelled is order(cancelled=told).cancelled

    @pytest.mark.parametrize("told", ["true", 1, 0, "yes"])
    def test_no_flag(self, message, problem, told):
        """Only true and false are true and false."""
        expected = "order.updated: data.cancelled must be true or false"
        assert expected == problem(message("order.updated", cancelled=told))

    def test_shipments(self, order):
        """A parcel without a delivery has only left."""
        told = order(
            shipments=[{"id": 1, "shipped_at": LATER}, {"id": 2, "shipped_at": LATER, "delivered_at": LATER}]
        )
        there = [Parcel(id=id_, at=at("2026-05-01T00:00:00")) for id_ in ("1", "2")]
        assert (tuple(there), (there[1],)) == (told.shipments, told.deliveries)

    def test_refund_lines(self, order):
        """Lines that are not told yet differ from a refund that has none."""
        refund = {"id": 1, "amount": "1", "refunded_at": LATER}
        for lines, expected in ((..., None), (None, None), ([], ())):
            told = {**refund, **({} if lines is ... else {"lines": lines})}
            assert expected == order(refunds=[told]).refunds[0].lines

    def test_never_complete(self, order):
        """A list in a message is no authority: a refund that is missing from it is not gone."""
        assert order().refunds_complete is False


class TestNotices:
    def test_delivered_shipment(self, translate, message):
        """A parcel may be told when it has arrived already."""
        (told,) = translate(message("shipment.created", delivered_at=LATER))
        assert (("1",), ("1",)) == (
            tuple(each.id for each in told.shipments),
            tuple(each.id for each in told.deliveries),
        )

    @pytest.mark.parametrize("name", ["shipment.created", "delivery.reported", "refund.created"])
    def test_nothing_else(self, translate, message, name):
        """A notice says one thing of an order, and leaves everything else alone."""
        (told,) = translate(message(name))
        assert "1042" == told.id
        others = (told.placed_at, told.status, told.amounts, told.contact, told.cancelled, told.purchased_at)
        assert (None,) * 6 == others

    @pytest.mark.parametrize("name", ["shipment.created", "delivery.reported", "refund.created"])
    def test_version(self, translate, message, name):
        """A notice is dated like its fact, and says that it is no picture of the order."""
        (told,), (again,) = (translate(message(name)) for _ in range(2))
        (other,) = translate(message(name, id="other"))
        assert told == again
        fact = [*told.shipments, *told.deliveries] or [*told.refunds]
        moment = fact[0].refunded_at if told.refunds else fact[0].at
        assert (True, moment) == (told.partial, told.version.modified_at)
        assert told.version.digest != other.version.digest
