from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode, parse

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Parcel, RefundLine
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import orders, schemas
from aftercare_shopify.operations import operation
from aftercare_shopify.options import Rules

PLACED = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
LATER = PLACED + timedelta(days=1)
ADDRESS = {
    "firstName": "花",
    "lastName": "小川",
    "name": "小川 花",
    "company": None,
    "phone": "+81312345678",
    "address1": "1-2-3",
    "address2": "Torii 401",
    "city": "千代田区",
    "province": "東京都",
    "provinceCode": "JP-13",
    "zip": "100-0001",
    "countryCodeV2": "JP",
}


def at(moment):
    """Write a moment as Shopify does."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def bag(amount, shop=None):
    """An amount as the customer saw it; told in the shop's currency, if that is asked for."""
    return {"shopMoney": {"amount": shop}} if shop else {"presentmentMoney": {"amount": amount}}


def page(*nodes):
    """A list that is told on one page."""
    return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(nodes)}


def line(price, quantity=1, *, number=11, discounts=(), taxes=(), **more):
    """A line of an order."""
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "茶",
        "quantity": quantity,
        "sku": "tea-1",
        "isGiftCard": False,
        "requiresShipping": True,
        "originalUnitPriceSet": bag(price),
        "discountAllocations": [{"allocatedAmountSet": bag(each)} for each in discounts],
        "taxLines": [{"priceSet": bag(each)} for each in taxes],
        "product": {"id": "gid://shopify/Product/7"},
        "variant": {"id": "gid://shopify/ProductVariant/8"},
        "sellingPlan": None,
        **more,
    }


def way(price, *, discounts=(), taxes=()):
    """A shipping line."""
    return {
        "originalPriceSet": bag(price),
        "discountAllocations": [{"allocatedAmountSet": bag(each)} for each in discounts],
        "taxLines": [{"priceSet": bag(each)} for each in taxes],
    }


def payment(amount, *, kind="SALE", status="SUCCESS", moment=PLACED):
    """A transaction."""
    return {
        "kind": kind,
        "status": status,
        "createdAt": at(moment),
        "processedAt": at(moment),
        "amountSet": bag(amount),
    }


def parcel(number=21, *, status="SUCCESS", moment=LATER, delivered=None, shown="FULFILLED", ships=True):
    """A fulfilment."""
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "status": status,
        "displayStatus": shown,
        "requiresShipping": ships,
        "createdAt": at(moment),
        "deliveredAt": delivered and at(delivered),
    }


def refund(*lines, payments, number=31):
    """A refund."""
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": at(LATER),
        "refundLineItems": page(*lines),
        "transactions": page(*payments),
    }


def given_back(subtotal, tax="0", *, quantity=1, number=11):
    """A line of a refund."""
    return {
        "quantity": quantity,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        "subtotalSet": bag(subtotal),
        "totalTaxSet": bag(tax),
    }


def order(**told):
    """An order of one line, paid at the checkout, as GraphQL tells it."""
    return {
        "id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "test": False,
        "processedAt": at(PLACED),
        "updatedAt": at(LATER),
        "cancelledAt": None,
        "email": "hana@example.jp",
        "phone": None,
        "customerLocale": "ja",
        "currencyCode": "JPY",
        "presentmentCurrencyCode": "JPY",
        "taxesIncluded": True,
        "discountCodes": [],
        "paymentGatewayNames": ["shopify_payments"],
        "displayFinancialStatus": "PAID",
        "originalTotalPriceSet": bag("1380"),
        "totalPriceSet": bag("1380"),
        "customer": None,
        "billingAddress": ADDRESS,
        "shippingAddress": ADDRESS,
        "lineItems": page(line("880")),
        "shippingLines": page(way("500")),
        "transactions": [payment("1380")],
        "fulfillments": [],
        "refunds": [],
        **told,
    }


def snapshot(node, *, refunds=(), events=(), **options):
    """Make a snapshot of what GraphQL tells."""
    return orders.snapshot(
        load(schemas.ORDER, node, what="order"),
        refunds=[load(schemas.REFUND, each, what="refund") for each in refunds],
        events=[load(schemas.FULFILLMENT, each, what="fulfillment") for each in events],
        shop="tea",
        rules=Rules.of(options),
    )


def asked(name, *path):
    """Return the names of what an operation asks for in its objects, with those below them."""
    document = parse(operation(name))
    parts = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    [root] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]

    def below(found):
        told = {}
        for one in found.selections:
            if isinstance(one, FieldNode):
                told[one.name.value] = below(one.selection_set) if one.selection_set else None
            else:
                part = parts[one.name.value] if isinstance(one, FragmentSpreadNode) else one
                told |= below(part.selection_set)
        return told

    told = below(root.selection_set)["nodes"]
    for step in path:
        told = told[step]
    return told


def shape(told):
    """Return the names in hand-made data, in the same way; both currencies stand for each other."""
    if isinstance(told, list):
        return shape(told[0]) if told else None
    if not isinstance(told, dict):
        return None
    if told.keys() in ({"shopMoney"}, {"presentmentMoney"}):
        return {"shopMoney": {"amount": None}, "presentmentMoney": {"amount": None}}
    return {name: shape(value) for name, value in told.items()}


def test_the_data_here_are_those_that_are_asked_for():
    """What is taken for Shopify's answer here has the fields that the operations ask for, and no others."""
    account = {
        "id": "gid://shopify/Customer/1",
        "firstName": "花",
        "lastName": "小川",
        "defaultEmailAddress": {"emailAddress": "hana@example.jp", "marketingState": "SUBSCRIBED"},
        "emailMarketingConsent": {"marketingState": "SUBSCRIBED"},
        "defaultPhoneNumber": {"phoneNumber": "+81"},
        "defaultAddress": ADDRESS,
    }
    plan = {"sellingPlanId": "gid://shopify/SellingPlan/1", "name": "Monthly"}
    told = order(
        customer=account,
        lineItems=page(line("880", discounts=["1"], taxes=["1"], sellingPlan=plan)),
        shippingLines=page(way("500", discounts=["1"], taxes=["1"])),
        fulfillments=[parcel()],
        refunds=[{"id": "gid://shopify/Refund/31"}],
    )
    assert asked("read_orders") == shape(told)
    assert asked("read_refunds") == shape(refund(given_back("1"), payments=[payment("1")]))


def test_order():
    """An order tells its number, its status, what it came to, and who ordered what, from where."""
    told = snapshot(order(discountCodes=["TEA10"]))
    assert ("tea", "820982911946154508", "#1001") == (told.shop, told.id, told.number)
    assert (PLACED, LATER) == (told.placed_at, told.version.modified_at)
    assert ("paid", False, False) == (told.status, told.cancelled, told.test)
    assert ("shopify_payments", ("TEA10",), "JP", "ja") == (
        told.gateway,
        told.codes,
        told.country,
        told.locale,
    )
    assert (True, True, ()) == (told.needs_shipping, told.refunds_complete, told.refunds)
    assert Money(1380, "JPY") == told.amounts.total
    [one] = told.amounts.lines
    assert ("11", "茶", 1, "7", "8", "tea-1") == (
        one.id,
        one.title,
        one.quantity,
        one.product,
        one.variant,
        one.sku,
    )


def test_selling_plans():
    """A line that was bought by a plan says by which: whoever gets it again and again needs no reminder."""
    plan = {"sellingPlanId": "gid://shopify/SellingPlan/1", "name": "Monthly"}
    told = snapshot(order(lineItems=page(line("880", sellingPlan=plan))))
    assert {told.amounts.lines[0].id: "Monthly"} == told.selling_plans
    assert {} == snapshot(order(lineItems=page(line("880")))).selling_plans


def test_country():
    """An order is of the country that it is sent to, else of that of whoever pays."""
    abroad = {**ADDRESS, "countryCodeV2": "US"}
    assert "US" == snapshot(order(shippingAddress=abroad)).country
    assert "JP" == snapshot(order(shippingAddress=None)).country


class TestAmounts:
    def test_discounts_are_taken_off(self):
        """A line is what was paid for it: quantity times price, less every discount on it."""
        told = snapshot(order(lineItems=page(line("880", 3, discounts=["264", "100"], taxes=["168"]))))
        [one] = told.amounts.lines
        assert (Money(2276, "JPY"), Money(168, "JPY")) == (one.paid, one.tax)

    def test_taxes_are_in_it(self):
        """Where prices are without taxes, the taxes are added, to shipping too."""
        told = snapshot(
            order(
                taxesIncluded=False,
                presentmentCurrencyCode="USD",
                lineItems=page(line("10.00", 2, discounts=["1.50"], taxes=["1.39", "0.19"])),
                shippingLines=page(way("5.00", discounts=["2.00"], taxes=["0.25"])),
                transactions=[],
                totalPriceSet=bag("23.33"),
            )
        )
        assert Money(2008, "USD") == told.amounts.lines[0].paid
        assert Money(325, "USD") == told.amounts.shipping
        assert Money(2333, "USD") == told.amounts.total

    def test_the_other_currency(self):
        """With `money = "shop"`, amounts are those in the shop's currency."""
        told = order(presentmentCurrencyCode="EUR", transactions=[])
        told["lineItems"]["nodes"][0]["originalUnitPriceSet"] = bag("", "880.0")
        told["totalPriceSet"] = bag("", "1380")
        assert Money(880, "JPY") == snapshot(told, money="shop").amounts.lines[0].paid
        assert "EUR" == snapshot(order(presentmentCurrencyCode="EUR")).amounts.total.currency

    @pytest.mark.parametrize(("currency", "price", "minor"), [("JPY", "880.0", 880), ("BHD", "1.635", 1635)])
    def test_decimals(self, currency, price, minor):
        """Amounts are exact in currencies of no and of three decimals, however they are written."""
        told = snapshot(order(presentmentCurrencyCode=currency, lineItems=page(line(price))))
        assert Money(minor, currency) == told.amounts.lines[0].paid
        assert not told.amounts.rounded

    def test_finer_than_the_currency(self):
        """What is finer than its currency is rounded, and says so."""
        assert snapshot(order(lineItems=page(line("880.4")))).amounts.rounded

    def test_nothing_was_bought(self):
        """A product that is gone, and a tip that never was one, are lines without a product."""
        [one] = snapshot(
            order(lineItems=page(line("880", product=None, variant=None, sku=None)))
        ).amounts.lines
        assert (None, None, None) == (one.product, one.variant, one.sku)


class TestPurchase:
    def test_at_the_checkout(self):
        """A payment within minutes of placing is that of the checkout."""
        soon = PLACED + timedelta(minutes=2)
        assert PLACED == snapshot(order(transactions=[payment("1380", moment=soon)])).purchased_at

    def test_captured_later(self):
        """An order that was authorised first is bought when the money is taken."""
        payments = [
            payment("1380", kind="AUTHORIZATION"),
            payment("1380", kind="CAPTURE", status="FAILURE", moment=PLACED + timedelta(hours=3)),
            payment("1380", kind="CAPTURE", moment=LATER),
        ]
        assert LATER == snapshot(order(transactions=payments)).purchased_at

    @pytest.mark.parametrize("status", ["AUTHORIZED", "PENDING", "VOIDED", "EXPIRED", "NEW_IN_2027", None])
    def test_not_paid(self, status):
        """What is not paid is no purchase, whatever else Shopify may call it."""
        payments = [payment("1380", kind="AUTHORIZATION")]
        told = snapshot(order(displayFinancialStatus=status, transactions=payments))
        assert (None, status and status.lower()) == (told.purchased_at, told.status)

    @pytest.mark.parametrize("status", ["PARTIALLY_REFUNDED", "REFUNDED"])
    def test_given_back(self, status):
        """An order that was refunded had been paid."""
        payments = [payment("1380"), payment("500", kind="REFUND", moment=LATER)]
        told = snapshot(order(displayFinancialStatus=status, transactions=payments))
        assert PLACED == told.purchased_at

    def test_in_two_parts(self):
        """Money that comes in parts is enough when it has come to the total at the time of placing."""
        payments = [payment("380"), payment("1000", moment=LATER)]
        assert LATER == snapshot(order(transactions=payments)).purchased_at

    def test_edited_later(self):
        """What an order came to later does not move the moment at which it was bought."""
        payments = [payment("1380"), payment("620", moment=LATER)]
        assert PLACED == snapshot(order(totalPriceSet=bag("2000"), transactions=payments)).purchased_at

    def test_brought_in(self):
        """Of a payment that was brought in from elsewhere, the moment counts at which it was made."""
        paid = {**payment("1380"), "createdAt": at(LATER + timedelta(days=90))}
        assert PLACED == snapshot(order(transactions=[paid])).purchased_at
        assert LATER == (
            snapshot(
                order(transactions=[{**payment("1380", moment=LATER), "processedAt": None}])
            ).purchased_at
        )

    def test_free(self):
        """A free order is bought when it is placed."""
        told = order(totalPriceSet=bag("0"), originalTotalPriceSet=bag("0"), transactions=[])
        assert PLACED == snapshot(told).purchased_at

    def test_at_the_door(self):
        """What is paid at the door is bought when it was placed, as soon as something has left."""
        told = {
            "displayFinancialStatus": "PENDING",
            "paymentGatewayNames": ["cash on delivery (cod)"],
            "transactions": [payment("1380", status="PENDING")],
        }
        assert None is snapshot(order(**told)).purchased_at
        assert PLACED == snapshot(order(**told, fulfillments=[parcel()])).purchased_at

    def test_called_off(self):
        """A cancelled order keeps its purchase; one that lives again is not cancelled."""
        told = snapshot(order(cancelledAt=at(LATER)))
        assert (True, "cancelled", PLACED) == (told.cancelled, told.status, told.purchased_at)

    def test_a_test(self):
        """A test order says so."""
        assert snapshot(order(test=True)).test


class TestParcels:
    def test_left(self):
        """What has left is a shipment, from the moment of its fulfilment."""
        told = snapshot(order(fulfillments=[parcel(21), parcel(22, status="CANCELLED")]))
        assert ((Parcel(id="21", at=LATER),), ()) == (told.shipments, told.deliveries)

    def test_arrived(self):
        """A parcel arrives when its fulfilment says so."""
        then = LATER + timedelta(days=2)
        told = snapshot(order(fulfillments=[parcel(delivered=then, shown="DELIVERED")]))
        assert (Parcel(id="21", at=then),) == told.deliveries

    def test_arrived_by_its_events(self):
        """Where the fulfilment is delivered and does not say when, its events do."""
        then = LATER + timedelta(days=2)
        told = order(fulfillments=[parcel(shown="DELIVERED")])
        happened = [
            {"status": "DELIVERED", "happenedAt": at(then + timedelta(hours=1))},
            {"status": "DELIVERED", "happenedAt": at(then)},
            {"status": "IN_TRANSIT", "happenedAt": at(LATER)},
        ]
        events = {"id": "gid://shopify/Fulfillment/21", "events": {"nodes": happened}}
        assert ["21"] == orders.undated(load(schemas.ORDER, told, what="order"))
        assert (Parcel(id="21", at=then),) == snapshot(told, events=[events]).deliveries
        silent = {**events, "events": {"nodes": happened[2:]}}
        assert () == snapshot(told, events=[silent]).deliveries

    def test_nothing_to_carry(self):
        """A gift card that was mailed is neither a shipment nor a delivery."""
        card = line("1000", isGiftCard=True, requiresShipping=False)
        told = snapshot(order(lineItems=page(card), fulfillments=[parcel(ships=False, delivered=LATER)]))
        assert (False, (), ()) == (told.needs_shipping, told.shipments, told.deliveries)
        assert told.amounts.lines[0].gift_card


class TestRefunds:
    def back(self, *refunds, **told):
        listed = [{"id": each["id"]} for each in refunds]
        return snapshot(order(refunds=listed, **told), refunds=refunds).refunds

    def test_by_line(self):
        """A refund names its lines, with what was given back for each."""
        [told] = self.back(
            refund(given_back("880", "65"), payments=[payment("880", kind="REFUND", moment=LATER)])
        )
        assert ("31", Money(880, "JPY"), LATER) == (told.id, told.amount, told.refunded_at)
        assert (RefundLine(line="11", quantity=1, amount=Money(880, "JPY")),) == told.lines

    def test_taxes_of_a_line(self):
        """Where prices are without taxes, those of the line are given back on top."""
        [told] = self.back(
            refund(given_back("880", "88"), payments=[payment("968", kind="REFUND")]), taxesIncluded=False
        )
        assert Money(968, "JPY") == told.lines[0].amount

    def test_by_amount(self):
        """A refund of an amount has no lines."""
        [told] = self.back(refund(payments=[payment("300", kind="REFUND"), payment("50", kind="REFUND")]))
        assert ((), Money(350, "JPY")) == (told.lines, told.amount)

    @pytest.mark.parametrize(
        "payments", [[], [payment("880", kind="REFUND", status="PENDING")], [payment("880", kind="VOID")]]
    )
    def test_no_money_has_moved(self, payments):
        """An edit, a restocking and a refund that is under way give nothing back."""
        assert () == self.back(refund(given_back("880"), payments=payments))


class TestPerson:
    ACCOUNT = {  # noqa: RUF012 - nothing changes it
        "id": "gid://shopify/Customer/41",
        "firstName": "Jon",
        "lastName": "Smith",
        "defaultEmailAddress": {"emailAddress": "jon@example.com", "marketingState": "NOT_SUBSCRIBED"},
        "defaultPhoneNumber": {"phoneNumber": "+15555550100"},
        "defaultAddress": None,
    }

    def test_guest(self):
        """A guest has no account, and is known by what stands on the order."""
        told = snapshot(order())
        assert (None, "hana@example.jp", "小川", "花") == (
            told.customer,
            told.contact.email,
            told.contact.family_name,
            told.contact.given_name,
        )
        assert ("100-0001", "JP-13", "1-2-3 Torii 401", "JP", "+81312345678") == (
            told.contact.postal_code,
            told.contact.region,
            told.contact.street,
            told.contact.country,
            told.contact.phone,
        )

    def test_account(self):
        """Who has an account is known by it where the order itself does not say."""
        told = snapshot(order(email=None, billingAddress=None, shippingAddress=None, customer=self.ACCOUNT))
        assert ("41", "jon@example.com", "+15555550100", "Smith") == (
            told.customer,
            told.contact.email,
            told.contact.phone,
            told.contact.family_name,
        )

    def test_not_to_be_seen(self):
        """An app that may not see customers is told of none, which is normal."""
        told = snapshot(order(email=None, phone=None, billingAddress=None, shippingAddress=None))
        assert (None, None, None, False) == (told.customer, told.contact, told.country, told.erased)

    def test_redacted(self):
        """A person whom Shopify has removed is removed from the order."""
        gone = {
            **self.ACCOUNT,
            "defaultEmailAddress": {"emailAddress": "x@example.com", "marketingState": "REDACTED"},
        }
        told = snapshot(order(customer=gone))
        assert (True, None) == (told.erased, told.contact)


def test_not_understood():
    """An order that is not understood is told by its fields, and never by their values."""
    with pytest.raises(TranslationError) as caught:
        snapshot(order(processedAt="gestern", totalPriceSet=bag("zehn Yen"), id="820982911946154508"))
    told = str(caught.value)
    assert "order: not understood: id, processedAt, totalPriceSet" == told


def test_same_digest():
    """Two pictures of one order that say the same have the same digest."""
    assert snapshot(order()).version == snapshot(order()).version
    assert snapshot(order()).version != snapshot(order(phone="+81")).version


def test_schemas_are_compiled():
    """No part of an order is read by marshmallow alone, which takes several times as long."""
    for loader in (schemas.ORDER, schemas.REFUND, schemas.FULFILLMENT, schemas.CUSTOMER, schemas.PRODUCT):
        assert {} == loader.uncompiled


def test_amounts_that_are_not_strings():
    """A number in place of a string is an amount all the same."""
    told = order(totalPriceSet={"presentmentMoney": {"amount": Decimal("1380.0")}})
    assert Money(1380, "JPY") == snapshot(told).amounts.total
