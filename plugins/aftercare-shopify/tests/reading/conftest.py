from __future__ import annotations

from copy import deepcopy

import pytest
import responses

from aftercare_sdk.model.shops import NeedsRead, Ref, Shop, Webhook
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.fake import TOKEN, Address, Api, FakeShopify, answer_in
from aftercare_shopify.fake.state.discounts import Discount
from aftercare_shopify.options import Rules
from aftercare_shopify.reading import Reader
from aftercare_shopify.results import Cost, Result

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


@pytest.fixture(scope="session")
def answering():
    """Make what answers as a shop of some objects would."""
    return Answering


@pytest.fixture
def connect():
    """Connect adapters to fake shops in this process."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield lambda how=(), **options: Connected(mock, options, **dict(how))


@pytest.fixture(scope="session")
def orders():
    """Return the names of orders."""
    return lambda *numbers: [Ref("order", str(each)) for each in numbers]


@pytest.fixture(scope="session")
def order():
    """Tell an order as GraphQL does; its lists are whole, and cut into pages by the client."""

    def order(number, *, lines=1, ways=1, refunds=(), **told):
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

    return order


@pytest.fixture(scope="session")
def refund():
    """Tell a refund of so many lines and transactions, of one yen each."""

    def refund(number, *, lines=0, payments=1):
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

    return refund


@pytest.fixture(scope="session")
def fulfillment():
    """Tell a fulfilment of an order."""

    def fulfillment(number, **told):
        return {
            "id": f"gid://shopify/Fulfillment/{number}",
            "status": "SUCCESS",
            "displayStatus": "FULFILLED",
            "requiresShipping": True,
            "createdAt": "2026-11-03T14:00:00Z",
            "deliveredAt": None,
            **told,
        }

    return fulfillment


@pytest.fixture(scope="session")
def account():
    """Tell a customer as GraphQL does."""

    def account(number, mailbox):
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

    return account


@pytest.fixture(scope="session")
def home():
    """Where a customer lives."""
    return HOME
