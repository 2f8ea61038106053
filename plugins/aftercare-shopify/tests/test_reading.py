from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest
import responses
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, parse
from graphql.utilities import value_from_ast_untyped

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.records.orders import order_record
from aftercare_sdk.model.shops import Gone, NeedsRead, Ref, Shop, Webhook
from aftercare_sdk.model.versions import Version
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.fake import TOKEN, Address, Api, FakeShopify, answer_in
from aftercare_shopify.fake.state.discounts import Discount
from aftercare_shopify.nodes.asking import MOST_AT_ONCE
from aftercare_shopify.operations import operation
from aftercare_shopify.options import Rules
from aftercare_shopify.reading import Reader
from aftercare_shopify.results import Cost, Problem, Result, Sort
from aftercare_shopify.versions import UNDATED

MOST = 1000
"""Points that one operation may cost."""


def bag(amount):
    """An amount in the customer's currency."""
    return {"presentmentMoney": {"amount": amount}}


def line(number):
    """A line that cost as many yen as its number."""
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "茶",
        "quantity": 1,
        "sku": None,
        "isGiftCard": False,
        "requiresShipping": True,
        "originalUnitPriceSet": bag(str(number)),
        "discountAllocations": [],
        "taxLines": [],
        "product": None,
        "variant": None,
        "sellingPlan": None,
    }


def way(price):
    """A shipping line."""
    return {"originalPriceSet": bag(price), "discountAllocations": [], "taxLines": []}


def payment(amount, kind):
    """A transaction that succeeded."""
    moment = "2026-11-02T14:00:00Z"
    return {
        "kind": kind,
        "status": "SUCCESS",
        "createdAt": moment,
        "processedAt": moment,
        "amountSet": bag(amount),
    }


def order(number, *, lines=1, ways=1, refunds=(), **told):
    """An order as GraphQL tells it; its lists are whole, and cut into pages by the client."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "test": False,
        "processedAt": "2026-11-02T14:00:00Z",
        "updatedAt": "2026-11-02T14:00:01Z",
        "cancelledAt": None,
        "email": None,
        "phone": None,
        "customerLocale": None,
        "currencyCode": "JPY",
        "presentmentCurrencyCode": "JPY",
        "taxesIncluded": True,
        "discountCodes": [],
        "paymentGatewayNames": [],
        "displayFinancialStatus": "PAID",
        "originalTotalPriceSet": bag("1"),
        "totalPriceSet": bag("1"),
        "customer": None,
        "billingAddress": None,
        "shippingAddress": None,
        "lineItems": [line(each) for each in range(1, lines + 1)],
        "shippingLines": [way("100")] * ways,
        "transactions": [],
        "fulfillments": [],
        "refunds": [{"id": f"gid://shopify/Refund/{each}"} for each in refunds],
        **told,
    }


def refund(number, *, lines=0, payments=1):
    """A refund of so many lines and transactions, of one yen each."""
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": "2026-11-03T14:00:00Z",
        "refundLineItems": [
            {
                "quantity": 1,
                "lineItem": {"id": f"gid://shopify/LineItem/{each}"},
                "subtotalSet": bag("1"),
                "totalTaxSet": bag("0"),
            }
            for each in range(1, lines + 1)
        ],
        "transactions": [payment("1", "REFUND")] * payments,
    }


def fulfillment(number, **told):
    """A fulfilment of an order."""
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "requiresShipping": True,
        "createdAt": "2026-11-03T14:00:00Z",
        "deliveredAt": None,
        **told,
    }


PAGED = {
    "lineItems": "lines",
    "lines": "lines",
    "shippingLines": "ways",
    "refundLineItems": "lines",
    "transactions": "payments",
}


class Answering:
    """Answers what a shop of these objects would; keeps what was asked.

    `before` is called with every question. `points` says what one costs.
    """

    def __init__(self, *objects):
        self.objects = {each["id"]: each for each in objects}
        self.asked = []
        self.errors = ()
        self.scopes = ["read_orders", "read_all_orders"]
        self.visible = ()
        self.before = lambda _, __: None
        self.points = lambda _, __: 0.0

    def query(self, name, variables=None):
        """Answer a question."""
        self.asked.append((name, variables))
        self.before(name, variables)
        cost = Cost(requested=self.points(name, variables))
        if name == "order_access":
            data = {
                "currentAppInstallation": {"accessScopes": [{"handle": each} for each in self.scopes]},
                "orders": {"nodes": [{"id": f"gid://shopify/Order/{each}"} for each in self.visible]},
            }
            return Result(data=data, cost=cost)
        nodes = [self.cut(self.objects.get(each), variables) for each in variables["ids"]]
        return Result(data={"nodes": nodes}, errors=self.errors, cost=cost)

    def cut(self, told, variables):
        """Cut the lists of an object into pages, as asked."""
        if told is None:
            return None
        told = deepcopy(told)
        for name, prefix in PAGED.items():
            if prefix in variables and isinstance(told.get(name), list):
                start = int(variables[f"{prefix}After"] or 0)
                end = start + variables[prefix]
                more = end < len(told[name])
                nodes = told[name][start:end]
                page = {"hasNextPage": more, "endCursor": str(end) if nodes else None}
                told[name] = {"pageInfo": page, "nodes": nodes}
        return told

    @property
    def names(self):
        """The operations that were asked."""
        return [name for name, _ in self.asked]

    def read(self, *refs, **options):
        """Read objects of this shop."""
        return list(Reader(self, "tea", Rules.of(options)).read(refs))


def orders(*numbers):
    """Return the names of orders."""
    return [Ref("order", str(each)) for each in numbers]


def test_many_at_once():
    """Objects are read together, those of one kind in as few questions as there can be, each of them once."""
    shop = Answering(*(order(number) for number in range(1, 11)))
    told = shop.read(*orders(*range(1, 11)), *orders(3))
    assert [str(number) for number in range(1, 11)] == [each.id for each in told]
    assert [4, 4, 2] == [len(variables["ids"]) for _, variables in shop.asked]


def test_nothing_to_read():
    """Nobody is asked for nothing."""
    shop = Answering()
    assert [] == shop.read()
    assert [] == shop.asked


def test_kinds():
    """Orders, customers and products are asked for by their global ids."""
    product = {
        "id": "gid://shopify/Product/7",
        "updatedAt": "2026-11-02T14:00:01Z",
        "title": "茶",
        "handle": "cha",
        "status": "ACTIVE",
        "tags": [],
        "productType": "",
        "category": None,
    }
    shop = Answering(product, account(5, None), order(1))
    told = shop.read(Ref("product", "7"), Ref("order", "1"), Ref("customer", "5"), Ref("product", "8"))
    assert ["OrderSnapshot", "CustomerSnapshot", "ProductSnapshot", "Gone"] == [
        type(each).__name__ for each in told
    ]
    assert Gone(Ref("product", "8")) == told[-1]


def account(number, mailbox):
    """A customer as GraphQL tells it."""
    return {
        "id": f"gid://shopify/Customer/{number}",
        "updatedAt": "2026-11-02T14:00:01Z",
        "firstName": None,
        "lastName": None,
        "locale": "ja",
        "tags": [],
        "defaultEmailAddress": mailbox,
        "defaultPhoneNumber": None,
        "defaultAddress": None,
    }


def test_consents():
    """The consent of an account is read with it; there is none without an address, or without the account."""
    mailbox = {
        "emailAddress": "hana@example.jp",
        "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": "CONFIRMED_OPT_IN",
        "marketingUpdatedAt": "2026-10-01T00:00:00Z",
    }
    shop = Answering(account(1, mailbox), account(2, None))
    asked = [Ref("consent", f"{number}/email") for number in (1, 2, 3)]
    told, *gone = shop.read(*asked)
    assert ("1/email", "1", "email") == (told.id, told.customer, told.channel)
    assert [Gone(ref) for ref in asked[1:]] == gone
    assert [Gone(Ref("consent", "1/sms"))] == shop.read(Ref("consent", "1/sms"))


class TestSubscriptions:
    def contract(self, lines):
        """A contract of so many lines, of products 1, 2, 3 and so on."""
        return {
            "id": "gid://shopify/SubscriptionContract/5",
            "status": "ACTIVE",
            "updatedAt": "2026-11-02T14:00:01Z",
            "nextBillingDate": "2026-12-02T14:00:00Z",
            "customer": {"id": "gid://shopify/Customer/1"},
            "lines": [
                {"productId": f"gid://shopify/Product/{each}", "variantId": None, "quantity": 1}
                for each in range(1, lines + 1)
            ],
        }

    @pytest.mark.parametrize("count", [0, 10, 11, 110, 250])
    def test_no_line_is_cut_off(self, count):
        """A subscription has all of its lines, however many they are."""
        shop = Answering(self.contract(count))
        told, gone = shop.read(Ref("subscription", "5"), Ref("subscription", "6"))
        assert [str(each) for each in range(1, count + 1)] == [line.product for line in told.lines]
        assert Gone(Ref("subscription", "6")) == gone

    def test_not_understood(self):
        """A subscription that is not understood is told by its fields."""
        shop = Answering({**self.contract(1), "updatedAt": None})
        with pytest.raises(TranslationError, match=r"^subscription 5: not understood: updatedAt$"):
            shop.read(Ref("subscription", "5"))


@pytest.mark.parametrize("name", ["R-1042", "", "0", "007", "1e3", "\u0663", str(2**63), "1?x"])
def test_no_number(name):
    """What cannot be an id of Shopify's is no object of it, and is not asked for."""
    shop = Answering()
    assert [Gone(Ref("order", name))] == shop.read(Ref("order", name))
    assert [] == shop.asked


class TestWholeOrders:
    @pytest.mark.parametrize("count", [0, 1, 10, 11, 60, 61, 300])
    def test_no_line_is_cut_off(self, count):
        """An order has all of its lines, however many they are."""
        shop = Answering(order(1, lines=count), order(2))
        told, other = shop.read(*orders(1, 2))
        assert list(range(1, count + 1)) == [each.paid.minor for each in told.amounts.lines]
        assert Money(100, "JPY") == told.amounts.shipping
        assert 1 == len(other.amounts.lines)
        assert 1 + max(0, -(-(count - 10) // 50)) == len(shop.asked)

    def test_no_way_is_cut_off(self):
        """Nor are its ways of shipping, which are paged beside the lines."""
        shop = Answering(order(1, lines=15, ways=25))
        [told] = shop.read(*orders(1))
        assert (15, Money(2500, "JPY")) == (len(told.amounts.lines), told.amounts.shipping)
        assert 4 == len(shop.asked)

    def test_changed_meanwhile(self):
        """Pages of two states of an order are not put together: it is read anew."""
        shop = Answering(order(1, lines=60))

        def edit(_, __):
            if len(shop.asked) == 2:
                shop.objects["gid://shopify/Order/1"] = order(1, lines=55, updatedAt="2026-11-05T00:00:00Z")

        shop.before = edit
        [told] = shop.read(*orders(1))
        assert (55, 5) == (len(told.amounts.lines), told.version.modified_at.day)

    def test_changes_all_the_time(self):
        """An order that never stands still is left for later."""
        shop = Answering(order(1, lines=60))

        def edit(_, __):
            shop.objects["gid://shopify/Order/1"]["updatedAt"] = f"2026-11-05T00:00:{len(shop.asked):02}Z"

        shop.before = edit
        with pytest.raises(PlatformUnavailable, match=r"'tea': order 1 changes all the time"):
            shop.read(*orders(1))

    def test_vanishes_meanwhile(self):
        """An order that vanishes while it is read is left for later."""
        shop = Answering(order(1, lines=60))
        shop.before = lambda _, __: shop.objects.clear() if len(shop.asked) == 2 else None
        with pytest.raises(PlatformUnavailable, match="vanished"):
            shop.read(*orders(1))


class TestRefunds:
    def test_only_where_there_are_some(self):
        """Refunds take a question of their own, one for all the orders of a batch."""
        shop = Answering(order(1, refunds=[31, 32]), order(2), order(3, refunds=[33]), refund(31))
        shop.objects |= {each["id"]: each for each in (refund(32, lines=2), refund(33))}
        told = shop.read(*orders(1, 2, 3))
        assert [("31", "32"), (), ("33",)] == [tuple(one.id for one in each.refunds) for each in told]
        assert ["read_orders", "read_refunds"] == shop.names
        assert all(each.refunds_complete for each in told)

    def test_no_line_is_cut_off(self):
        """A refund has all of its lines, and all the money that was given back."""
        shop = Answering(order(1, refunds=[31]), refund(31, lines=70, payments=12))
        [told] = shop.read(*orders(1))
        assert (70, Money(12, "JPY")) == (len(told.refunds[0].lines), told.refunds[0].amount)
        assert ["read_orders", *["read_refunds"] * 3] == shop.names

    def test_hidden(self):
        """A refund that is listed and not shown is not taken for one that was withdrawn."""
        shop = Answering(order(1, refunds=[31]))
        with pytest.raises(PlatformUnavailable, match="refund 31 is listed and not shown"):
            shop.read(*orders(1))


def test_deliveries_by_events():
    """Only where a fulfilment has arrived and does not say when, its events are asked for."""
    silent = fulfillment(21, displayStatus="DELIVERED")
    clear = fulfillment(22, displayStatus="DELIVERED", deliveredAt="2026-11-04T10:00:00Z")
    shop = Answering(order(1, fulfillments=[silent, clear]))
    shop.objects["gid://shopify/Fulfillment/21"] = {
        "id": "gid://shopify/Fulfillment/21",
        "events": {"nodes": [{"status": "DELIVERED", "happenedAt": "2026-11-04T09:00:00Z"}]},
    }
    [told] = shop.read(*orders(1))
    assert [("21", 9), ("22", 10)] == [(each.id, each.at.hour) for each in told.deliveries]
    assert ["gid://shopify/Fulfillment/21"] == shop.asked[-1][1]["ids"]


class TestGone:
    def test_gone(self):
        """An order that is not there is gone, if the app may see all orders."""
        shop = Answering(order(2))
        told = shop.read(*orders(1, 2, 3))
        assert [Gone(Ref("order", "1")), Gone(Ref("order", "3"))] == told[1:]

    def test_too_old_to_be_seen(self):
        """An app that sees sixty days only takes no older order for gone: of it, nothing is told."""
        shop = Answering(order(50))
        shop.scopes, shop.visible = ["read_orders"], [50]
        assert [
            OrderSnapshot(shop="tea", id="49", version=UNDATED, partial=True),
            Gone(Ref("order", "51")),
        ] == shop.read(*orders(49, 50, 51))[1:]

    def test_nothing_to_be_seen(self):
        """Where such an app sees no order at all, none is taken for gone."""
        shop = Answering()
        shop.scopes = ["read_orders"]
        [told] = shop.read(*orders(49))
        assert told.partial

    def test_asked_once(self):
        """What the app may see is asked once for all orders that are missing."""
        shop = Answering()
        shop.read(*orders(*range(1, 10)))
        assert 1 == shop.names.count("order_access")


class TestTrouble:
    def test_withheld(self):
        """An order that is null because of an error is not gone, and nobody can tell what it is now."""
        shop = Answering(order(1))
        shop.errors = (Problem(code="SOMETHING", path=("nodes", 1)),)
        with pytest.raises(PlatformUnavailable, match=r"'tea'.*read_orders with errors"):
            shop.read(*orders(1, 2))

    @pytest.mark.parametrize(
        "problem",
        [
            Problem(path=("nodes", 0, "cancelledAt")),
            Problem(code="SOMETHING_NEW", path=("nodes", 0, "customer")),
            Problem(code="TIMEOUT", path=("nodes", 0, "fulfillments"), sort=Sort.LATER),
        ],
    )
    def test_fields_with_errors(self, problem):
        """A field that is null because of an error says nothing: no order is opened again by it."""
        shop = Answering(order(1))
        shop.errors = (problem,)
        with pytest.raises(PlatformUnavailable, match=r"'tea'.*read_orders with errors"):
            shop.read(*orders(1))

    def test_denied(self):
        """Where access is denied, the scope that is missing is named."""
        shop = Answering()
        shop.errors = (
            Problem(code="ACCESS_DENIED", path=("nodes", 0), scopes=("read_orders",), sort=Sort.DENIED),
        )
        with pytest.raises(ConfigurationError, match=r"'tea'.*the scope read_orders"):
            shop.read(*orders(1))

    def test_hidden_fields(self):
        """Fields of a person that are denied are null, which is normal."""
        shop = Answering(order(1))
        shop.errors = (Problem(code="ACCESS_DENIED", path=("nodes", 0, "email"), sort=Sort.DENIED),)
        [told] = shop.read(*orders(1))
        assert (None, "#1") == (told.contact, told.number)

    @pytest.mark.parametrize("nodes", [None, [], [None, None], {}])
    def test_other_objects(self, nodes):
        """An answer about something else says nothing."""
        shop = Answering()
        shop.query = lambda *_: Result(data={"nodes": nodes})
        with pytest.raises(PlatformUnavailable, match="other objects"):
            shop.read(*orders(1))

    def test_not_understood(self):
        """An object that is not understood is told by its fields."""
        shop = Answering(order(1, updatedAt=None, email="hana@example.jp"))
        with pytest.raises(TranslationError, match=r"^order 1: not understood: updatedAt$"):
            shop.read(*orders(1))

    @pytest.mark.parametrize(
        "broken",
        [
            order(2, updatedAt=None),
            order(2, refunds=[31]),
            order(2, fulfillments=[fulfillment(21, displayStatus="DELIVERED")]),
        ],
        ids=["order", "refund", "fulfillment"],
    )
    def test_the_others_are_read(self, broken):
        """What is not understood, the order or a part of it, keeps no other from being read."""
        shop = Answering(order(1), broken, order(3))
        shop.objects["gid://shopify/Refund/31"] = {"id": "gid://shopify/Refund/31"}
        shop.objects["gid://shopify/Fulfillment/21"] = {"id": "gid://shopify/Fulfillment/21"}
        attempts = Reader(shop, "tea", Rules.of({})).attempts(orders(1, 2, 3))
        told = {ref.id: type(each).__name__ for ref, each in attempts}
        assert {"1": "OrderSnapshot", "2": "TranslationError", "3": "OrderSnapshot"} == told


class TestPoints:
    def test_first_questions(self, strict):
        """What is asked first fits into a thousand points by the strictest way of counting."""
        shop = Answering(order(1, lines=300, ways=30, refunds=range(31, 41)))
        shop.objects |= {f"gid://shopify/Order/{each}": order(each) for each in range(2, 60)}
        whole = [refund(each, lines=200, payments=80) for each in range(31, 41)]
        shop.objects |= {each["id"]: each for each in whole}
        shop.read(
            *orders(*range(1, 60)), *(Ref(kind, "1") for kind in ("customer", "product", "subscription"))
        )
        costs = [strict(name, variables) for name, variables in shop.asked]
        assert MOST > max(costs)
        assert 600 < max(costs)

    def test_as_many_as_fit(self, strict):
        """Where Shopify counts less strictly, more are asked for at once; where more so, fewer."""
        shop = Answering(*(order(number) for number in range(1, 200)))
        shop.points = lambda name, variables: strict(name, variables) / 10
        shop.read(*orders(*range(1, 150)))
        assert [4, 47, 47, 47, 4] == [len(variables["ids"]) for _, variables in shop.asked]
        shop.asked.clear()
        shop.points = lambda _, variables: 500 * len(variables["ids"])
        shop.read(*orders(*range(1, 10)))
        assert [4, 1, 1, 1, 1, 1] == [len(variables["ids"]) for _, variables in shop.asked]

    def test_never_all_at_once(self):
        """However little it costs, an answer stays of a size that can be handled."""
        shop = Answering(*(order(number) for number in range(1, 200)))
        shop.points = lambda _, __: 1.0
        shop.read(*orders(*range(1, 150)))
        assert MOST_AT_ONCE == max(len(variables["ids"]) for _, variables in shop.asked)


@pytest.fixture(scope="session")
def strict():
    """What an operation costs if every list is full and every object in it is one point."""
    return cost


def cost(name, variables):
    """Count points as Shopify's documentation does: an object 1, a connection 2 and what is in it."""
    document = parse(operation(name))
    parts = {each.name.value: each for each in document.definitions}

    def below(found):
        return sum(of(each) for each in found.selections)

    def of(one):
        for directive in one.directives or ():
            told = value_from_ast_untyped(directive.arguments[0].value, variables)
            if told == (directive.name.value == "skip"):
                return 0
        if isinstance(one, FragmentSpreadNode):
            return below(parts[one.name.value].selection_set)
        if isinstance(one, InlineFragmentNode):
            return below(one.selection_set)
        if not isinstance(one, FieldNode) or not one.selection_set:
            return 0
        given = {
            each.name.value: value_from_ast_untyped(each.value, variables) for each in one.arguments or ()
        }
        if "ids" in given:
            return len(given["ids"]) * (1 + below(one.selection_set))
        if "first" in given:
            # `nodes` of the connection is the object; `pageInfo` comes with it.
            [nodes] = [each for each in one.selection_set.selections if each.name.value in {"nodes", "edges"}]
            return 2 + given["first"] * (1 + below(nodes.selection_set))
        return 1 + below(one.selection_set)

    return below(parts[next(iter(parts))].selection_set)


class Connected:
    """A fake shop, its API, and the adapter that is connected to it."""

    def __init__(self, mock, options, **how):
        self.shop = FakeShopify(**how)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        options = {"domain": self.shop.domain, "access_token": TOKEN, **options}
        self.adapter = ShopifyAdapter(Shop(name="tea", currency=self.shop.currency, options=options))
        for topic in ("orders/updated", "products/update", "customers/update"):
            self.shop.queue.subscribe(topic, "https://aftercare.example/webhooks/tea")

    def read(self, kind, *numbers):
        """Read objects of one kind."""
        return list(self.adapter.read([Ref(kind, str(number)) for number in numbers]))

    def offer(self, code, **what):
        """Make a discount code."""
        now = self.shop.now
        number = self.shop.new_id()
        self.shop.discounts[number] = Discount(
            id=number, code_id=number, code=code, title=code, created=now, updated=now, starts=now, **what
        )

    def last_told(self):
        """Return what the last webhook of each object tells, and what it leaves open."""
        told, open_ = {}, set()
        for sent in self.shop.queue.collect():
            for each in self.adapter.translate(Webhook(topic=sent.topic, body=sent.body)):
                if isinstance(each, NeedsRead):
                    open_.add(each.ref.id)
                else:
                    told[each.id] = each
        return told, open_


@pytest.fixture
def connect():
    """Connect adapters to fake shops in this process."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield lambda how=(), **options: Connected(mock, options, **dict(how))


HOME = Address(
    first_name="花",
    last_name="小川",
    company="鳥居",
    address1="1-2-3",
    address2="401",
    city="千代田区",
    province="東京都",
    province_code="JP-13",
    zip="100-0001",
    country_code="JP",
    phone="+81312345678",
)
RATES = {"USD": "0.0067", "BHD": "0.00253", "EUR": "0.00618"}


def undated(snapshot):
    """Leave out what tells two pictures apart, and what only a read can tell."""
    return replace(snapshot, version=Version(), purchased_at=None, deliveries=(), refunds_complete=False)


class TestSameAsWebhook:
    """What a read says of an object is what a webhook says of it: else each would contradict the other."""

    @pytest.mark.parametrize("money", ["presentment", "shop"])
    @pytest.mark.parametrize("taxes_included", [True, False])
    def test_orders(self, connect, money, taxes_included):
        """In every currency: plain, discounted, sent, refunded by line and by amount, edited, cancelled."""
        chance = random.Random(7)  # noqa: S311
        how = {"taxes_included": taxes_included, "shipping_tax": 10, "rates": RATES}
        tea = connect(how, money=money)
        shop = tea.shop
        shop.bucket.set(limit=1e9, rate=1e9)
        products = [shop.add_product(f"{price}", price, tax=8) for price in ("333", "880", "1001")]
        card = shop.add_product("Gift card", "1000", tax=0, requires_shipping=False)
        account = shop.add_customer("a@example.jp", first_name="花", last_name="小川", address=HOME)
        tea.offer("THIRD", percentage=Decimal("0.33"))
        tea.offer("HUNDRED", amount=Decimal(100))
        tea.offer("FREIGHT", free_shipping=True)
        made = []
        for number in range(40):
            cart = {each: chance.randint(1, 3) for each in chance.sample([*products, card], 2)}
            guest = number % 3 == 0
            order = shop.order(
                cart,
                customer=None if guest else account,
                email="g@example.jp" if guest else None,
                address=HOME if chance.random() < 0.8 else None,
                currency=chance.choice(["JPY", *RATES]),
                code=chance.choice(["", "THIRD", "HUNDRED", "FREIGHT"]),
                paid=True,
                test=number % 7 == 0,
            )
            made.append(order)
            shop.wait(hours=1)
            line = shop.orders[order].lines[0].id
            for act in chance.sample(
                [
                    lambda order=order: shop.fulfil(order),
                    lambda order=order, line=line: shop.refund(order, {line: 1}, shipping=True),
                    lambda order=order: shop.refund(order, amount="1"),
                    lambda order=order, card=card: shop.edit(order, add={card: 1}),
                    lambda order=order: shop.tag_order(order, ["x"]),
                ],
                2,
            ):
                act()
            if not shop.orders[order].fulfillments and chance.random() < 0.3:
                shop.cancel(order)
        told, open_ = tea.last_told()
        read = tea.read("order", *made)
        for each in read:
            webhook = told[each.id]
            if webhook.refunds is None:
                # Refunds of an order of two currencies are told in the customer's only: they must be read.
                assert ("shop", True) == (money, each.id in open_)
                webhook = replace(webhook, refunds=each.refunds)
            assert undated(webhook) == undated(each)
            assert webhook.version.modified_at == each.version.modified_at
            charged = sum((line.paid for line in each.amounts.lines), each.amounts.shipping)
            assert each.amounts.total == charged
        assert 10 < sum(bool(each.refunds) for each in read)
        assert 10 < sum(bool(each.codes) for each in read)
        assert (
            {"JPY"} if money == "shop" else {"JPY", *RATES} == {each.amounts.total.currency for each in read}
        )

    def test_moments(self, connect):
        """A webhook tells no other moment of a purchase than a read, or none and that a read must tell."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        at_once = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        later = tea.shop.order({product: 1}, email="a@example.jp")
        never = tea.shop.order({product: 1}, email="a@example.jp")
        tea.shop.wait(days=1)
        tea.shop.pay(later)
        tea.shop.tag_order(never, ["x"])
        told, open_ = tea.last_told()
        read = {each.id: each.purchased_at for each in tea.read("order", at_once, later, never)}
        assert {str(later)} == open_
        for number in (at_once, never):
            assert read[str(number)] == told[str(number)].purchased_at
        assert (tea.shop.now, None) == (read[str(later)], read[str(never)])

    def test_products(self, connect):
        """Of a product everything."""
        tea = connect()
        product = tea.shop.add_product(
            "深蒸し茶", "880", product_type="Tea", tags=["b", "a"], variants={"1 kg": "1", "2 kg": "2"}
        )
        tea.shop.edit_product(product, title="玉露")
        told, _ = tea.last_told()
        assert told[str(product)] == tea.read("product", product)[0]

    def test_customers(self, connect):
        """Of a customer all that webhooks tell: neither tags nor language since 2025."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", first_name="花", phone="+81", address=HOME)
        tea.shop.tag(customer, "vip")
        told, _ = tea.last_told()
        [read] = tea.read("customer", customer)
        assert ("ja", ("vip",)) == (read.locale, read.tags)
        assert told[str(customer)] == replace(
            read, locale=None, tags=None, version=told[str(customer)].version
        )


class TestConnected:
    def test_many_lines(self, connect):
        """An order of many lines is read whole, within the points that one operation may cost."""
        tea = connect()
        cart = {tea.shop.add_product(f"{number}", "1"): 1 for number in range(130)}
        order = tea.shop.order(cart, email="a@example.jp", paid=True)
        tea.shop.refund(order)
        [told] = tea.read("order", order)
        assert (130, 130) == (len(told.amounts.lines), len(told.refunds[0].lines))
        assert ["ReadOrders"] * 4 + ["ReadRefunds"] * 4 == [each.operation for each in tea.api.asked]

    def test_consent(self, connect):
        """What a customer said about mails is read as it stands in the shop."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp")
        now = tea.shop.wait(days=1)
        tea.shop.change_consent(customer, "SUBSCRIBED", level="SINGLE_OPT_IN")
        [told] = tea.read("consent", f"{customer}/email")
        assert ("subscribed", "single", now) == (told.state, told.opt_in, told.since)

    @pytest.mark.parametrize(
        "path", [("nodes", 1, "defaultEmailAddress"), ("nodes", 1, "defaultEmailAddress", "marketingState")]
    )
    def test_part_of_a_consent_is_hidden(self, path):
        """Of what is hidden nothing is told, and others do not wait for it."""
        shop = Answering(account(1, None), account(2, None), order(3))
        shop.errors = (Problem(code="ACCESS_DENIED", path=path, sort=Sort.DENIED),)
        gone = Gone(Ref("consent", "1/email"))
        assert [gone] == shop.read(Ref("consent", "1/email"), Ref("consent", "2/email"))

    def test_hidden_consents(self, connect):
        """A consent that this app may not see is not gone; orders are read all the same."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", consent="SUBSCRIBED")
        number = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=customer, paid=True)
        tea.shop.access.approved = frozenset({"name"})
        with pytest.raises(ConfigurationError, match=r"'tea'.*protected customer data"):
            tea.read("consent", f"{customer}/email")
        told = tea.adapter.read([Ref("consent", f"{customer}/email"), Ref("order", str(number))])
        assert [str(number)] == [each.id for each in told]

    def test_redacted(self, connect):
        """A customer whom Shopify has erased is erased in the account, its orders and its consent."""
        tea = connect()
        customer = tea.shop.add_customer("a@example.jp", first_name="花", consent="SUBSCRIBED", address=HOME)
        number = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=customer, paid=True)
        tea.shop.redact_customer(customer)
        [account_] = tea.read("customer", customer)
        [order_] = tea.read("order", number)
        assert (True, None, True, None) == (account_.erased, account_.contact, order_.erased, order_.contact)
        [consent] = tea.read("consent", f"{customer}/email")
        assert ("redacted", tea.shop.now) == (consent.state, consent.since)

    def test_products_are_hidden(self, connect):
        """Without the scope for products, a read leaves standing what a webhook told of a line."""
        tea = connect()
        product = tea.shop.add_product("茶", "880", sku="T-1")
        number = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        tea.shop.access.scopes -= {"read_products", "write_products"}
        told = tea.last_told()[0][str(number)]
        [read] = tea.read("order", number)
        [line_] = told.amounts.lines
        known = order_record(told).merge(order_record(read)).products[line_.id].value
        assert (str(product), line_.variant, "T-1") == (known.product, known.variant, known.sku)
        assert any("read_products" in sentence for sentence in tea.adapter.tend())

    def test_subscription(self, connect):
        """A subscription that this app made is read; one of another app is not to be seen."""
        tea = connect()
        customer, product = tea.shop.add_customer("a@example.jp"), tea.shop.add_product("茶", "880")
        ours = tea.shop.subscribe_customer(customer, {product: 2})
        other = tea.shop.subscribe_customer(customer, {product: 2}, own=False)
        told, gone = tea.read("subscription", ours, other)
        assert (str(customer), True, "active") == (told.customer, told.active, told.status)
        assert [(str(product), 2)] == [(line.product, line.quantity) for line in told.lines]
        assert Gone(Ref("subscription", str(other))) == gone
        tea.shop.set_contract(ours, "PAUSED")
        [told] = tea.read("subscription", ours)
        assert (False, "paused", None) == (told.active, told.status, told.next_at)

    def test_delivered(self, connect):
        """A parcel has arrived since its carrier said so."""
        tea = connect()
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, email="a@example.jp", paid=True)
        parcel = tea.shop.fulfil(order)
        then = tea.shop.wait(days=2)
        tea.shop.deliver_parcel(order)
        [told] = tea.read("order", order)
        assert [(str(parcel), then)] == [(each.id, each.at) for each in told.deliveries]

    def test_sixty_days(self, connect):
        """Without the scope for all orders, what is older than sixty days is not taken for deleted."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        old, deleted = (tea.shop.order({product: 1}, email="a@example.jp") for _ in range(2))
        tea.shop.wait(days=61)
        young, gone = (tea.shop.order({product: 1}, email="a@example.jp") for _ in range(2))
        for order in (deleted, gone):
            tea.shop.delete_order(order)
        tea.shop.access.scopes.remove("read_all_orders")
        told = tea.read("order", old, deleted, young, gone)
        assert [str(young)] == [each.id for each in told if isinstance(each, OrderSnapshot) and each.number]
        assert [str(old), str(deleted)] == [
            each.id for each in told if isinstance(each, OrderSnapshot) and each.partial
        ]
        assert Gone(Ref("order", str(gone))) in told

    def test_not_approved(self, connect):
        """An app that may not see customers reads orders without them."""
        tea = connect()
        account = tea.shop.add_customer("a@example.jp", first_name="花", address=HOME)
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, customer=account, paid=True)
        tea.shop.access.approved = None
        [told] = tea.read("order", order)
        assert (None, None) == (told.customer, told.contact)
        assert Money(880, "JPY") == told.amounts.lines[0].paid
        with pytest.raises(ConfigurationError, match="'tea'"):
            tea.read("customer", account)

    @pytest.mark.parametrize(("kind", "scope"), [("order", "read_orders"), ("product", "read_products")])
    def test_a_scope_is_missing(self, connect, kind, scope):
        """Where a scope is missing, it is named."""
        tea = connect()
        product = tea.shop.add_product("茶", "880")
        order = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        tea.shop.access.scopes -= {scope, scope.replace("read", "write")}
        with pytest.raises(ConfigurationError, match=rf"'tea'.*{scope}"):
            tea.read(kind, {"order": order, "product": product}[kind])

    def test_throttled(self, connect, monkeypatch):
        """A shop that has no points left is given time to get some, and then answers."""
        tea = connect()
        order = tea.shop.order({tea.shop.add_product("茶", "880"): 1}, email="a@example.jp", paid=True)
        monkeypatch.setattr("time.sleep", lambda seconds: tea.shop.wait(seconds=seconds))
        tea.shop.bucket.drain()
        assert str(order) == tea.read("order", order)[0].id
        assert 1 < len(tea.api.asked)
