from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random

import pytest

from aftercare_shopify.fake import SECRET, FakeShopify

URL = "https://me.example/webhooks/torii"
SUBSCRIBE = (
    "mutation ($topic: WebhookSubscriptionTopic!, $it: WebhookSubscriptionInput!) {"
    " webhookSubscriptionCreate(topic:"
    " $topic, webhookSubscription: $it) { webhookSubscription { id topic uri filter"
    " includeFields name } userErrors"
    " { field message } } }"
)
LIST = (
    "query ($topics: [WebhookSubscriptionTopic!], $uri: String) {"
    " webhookSubscriptions(first: 100, topics: $topics, uri:"
    " $uri) { nodes { id topic uri } } }"
)


@pytest.fixture
def shop():
    """A shop that sells tea; what it sends is answered as `answers` says, then well."""

    def deliver(delivery):
        shop.received.append(delivery)
        return shop.answers.pop(0) if shop.answers else 200

    shop = FakeShopify(deliver=deliver)
    shop.received, shop.answers = [], []
    shop.tea = shop.add_product("茶", "880")
    return shop


@pytest.fixture
def subscribe(told):
    """Subscribe as the API does; return the subscription and what was refused."""

    def subscribe(topic="ORDERS_CREATE", **it):
        answer = told(SUBSCRIBE, topic=topic, it={"uri": URL, **it})["webhookSubscriptionCreate"]
        return answer["webhookSubscription"], answer["userErrors"]

    return subscribe


def bodies(sent):
    """What deliveries tell."""
    return [json.loads(each.body) for each in sent]


class TestSubscriptions:
    def test_made_listed_changed_and_deleted(self, shop, subscribe, told):
        """The API makes, lists, changes and deletes subscriptions."""
        made, errors = subscribe(name="orders-1")
        assert ([], "ORDERS_CREATE", URL, "orders-1") == (errors, made["topic"], made["uri"], made["name"])
        other, _ = subscribe("REFUNDS_CREATE")
        assert [made["id"], other["id"]] == [
            each["id"] for each in told(LIST)["webhookSubscriptions"]["nodes"]
        ]
        assert [other["id"]] == [
            each["id"] for each in told(LIST, topics=["REFUNDS_CREATE"])["webhookSubscriptions"]["nodes"]
        ]
        change = (
            "mutation ($id: ID!, $it: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id:"
            " $id, webhookSubscription: $it) { webhookSubscription { uri filter } userErrors {"
            " message } } }"
        )
        answer = told(change, id=made["id"], it={"uri": "https://new.example/w", "filter": "id:>1"})
        assert {"uri": "https://new.example/w", "filter": "id:>1"} == answer["webhookSubscriptionUpdate"][
            "webhookSubscription"
        ]
        delete = (
            "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) {"
            " deletedWebhookSubscriptionId userErrors { message } } }"
        )
        assert (
            made["id"]
            == told(delete, id=made["id"])["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"]
        )
        assert (
            None is told(delete, id=made["id"])["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"]
        )
        assert [{"message": "Webhook subscription does not exist"}] == told(change, id=made["id"], it={})[
            "webhookSubscriptionUpdate"
        ]["userErrors"]

    @pytest.mark.parametrize(
        ("it", "message"),
        [
            ({"uri": "http://me.example/w"}, "Address protocol http:// is not supported"),
            ({"uri": "http://127.0.0.1:8000/w"}, "Address protocol http:// is not supported"),
            ({"uri": "https://localhost/w"}, "Address is not allowed"),
            ({"uri": "https://torii.myshopify.com/w"}, "Address is not allowed"),
            ({"uri": None}, "Address can't be blank"),
            ({"name": "two words"}, "Name must be at most 50 letters, digits, underscores and hyphens"),
        ],
    )
    def test_refused(self, shop, subscribe, it, message):
        """Only HTTPS to a public address is taken."""
        assert (None, [message], {}) == (
            (answer := subscribe(**it))[0],
            [each["message"] for each in answer[1]],
            shop.subscriptions,
        )

    def test_all_of_a_subscription_can_change(self, shop, subscribe, told):
        """Fields, namespaces, the name and the format can change; what is not told stays."""
        made, _ = subscribe(filter="id:>1", callbackUrl=None, format="XML")
        change = (
            "mutation ($id: ID!, $it: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id: $id,"
            " webhookSubscription: $it) { webhookSubscription { filter includeFields metafieldNamespaces name"
            " format } } }"
        )
        asked = told(change, id=made["id"], it={"name": "new"})["webhookSubscriptionUpdate"]
        assert "XML" == asked["webhookSubscription"]["format"]
        it = {"includeFields": ["id"], "metafieldNamespaces": ["custom"], "name": "other", "format": "JSON"}
        assert {**it, "filter": "id:>1"} == told(change, id=made["id"], it=it)["webhookSubscriptionUpdate"][
            "webhookSubscription"
        ]

    def test_a_topic_that_the_fake_never_sends(self, subscribe):
        """What the fake does not send can be subscribed to all the same."""
        assert ("SHOP_UPDATE", []) == ((answer := subscribe("SHOP_UPDATE"))[0]["topic"], answer[1])

    def test_taken(self, subscribe):
        """A topic goes to an address once; with another filter it may go again."""
        subscribe()
        assert ["Address for this topic has already been taken"] == [
            each["message"] for each in subscribe()[1]
        ]
        assert [] == subscribe(filter="test:false")[1]

    def test_loopback_for_demonstrations(self, shop, subscribe):
        """A shop can be told to take plain HTTP on this computer, and nothing else."""
        shop.allow_loopback = True
        assert [] == subscribe(uri="http://127.0.0.1:8000/w")[1]
        assert 1 == len(subscribe(uri="http://10.0.0.1/w")[1])

    def test_a_topic_needs_its_scope(self, shop, subscribe):
        """Who may not read orders hears of none."""
        shop.access.scopes -= {"read_orders", "write_orders"}
        assert "requires one of the following scopes: read_orders" in subscribe()[1][0]["message"]

    def test_a_topic_about_people_needs_approval(self, shop, subscribe):
        """Who may not know of customers hears of products only."""
        shop.access.approved = None
        assert "not approved to subscribe" in subscribe()[1][0]["message"]
        assert [] == subscribe("PRODUCTS_UPDATE")[1]

    def test_compliance_topics(self, ask, shop, told):
        """Compliance topics are for the app's own configuration: the API neither makes nor lists them."""
        assert (
            "CUSTOMERS_REDACT"
            in ask(SUBSCRIBE, topic="CUSTOMERS_REDACT", it={"uri": URL})["errors"][0]["message"]
        )
        shop.configure(URL)
        assert [] == told(LIST)["webhookSubscriptions"]["nodes"]
        shop.redact_shop()
        assert ["shop/redact"] == [each.topic for each in shop.deliver()]


class TestDeliveries:
    def test_headers_and_signature(self, shop, subscribe):
        """A delivery has Shopify's headers, and its body is signed with the app's secret."""
        subscribe(name="mine")
        shop.order({shop.tea: 1})
        [sent] = shop.deliver()
        assert {
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Shop-Domain": "torii.myshopify.com",
            "X-Shopify-API-Version": "2026-07",
            "X-Shopify-Triggered-At": "2026-08-03T00:00:00.000000000Z",
            "X-Shopify-Name": "mine",
            "Content-Type": "application/json",
        }.items() <= sent.headers.items()
        wanted = base64.b64encode(hmac.new(SECRET.encode(), sent.body, hashlib.sha256).digest()).decode()
        assert wanted == sent.headers["X-Shopify-Hmac-Sha256"]
        assert "茶" in sent.body.decode()

    def test_ids(self, shop, subscribe):
        """Each delivery has its own webhook id; what one act led to shares the event id."""
        for topic in ("ORDERS_CREATE", "ORDERS_PAID", "ORDERS_UPDATED"):
            subscribe(topic)
        subscribe(uri="https://other.example/w")
        shop.order({shop.tea: 1}, paid=True)
        shop.order({shop.tea: 1}, paid=True)
        sent = shop.deliver()
        assert (8, 2) == (
            len({each.headers["X-Shopify-Webhook-Id"] for each in sent}),
            len({each.headers["X-Shopify-Event-Id"] for each in sent}),
        )

    def test_a_body_is_fixed_when_it_happens(self, shop, subscribe):
        """What is delivered late tells what was, not what is."""
        subscribe("ORDERS_UPDATED")
        order = shop.order({shop.tea: 1})
        shop.wait(hours=5)
        shop.pay(order)
        assert [("pending", "2026-08-03T09:00:00+09:00"), ("paid", "2026-08-03T14:00:00+09:00")] == [
            (each["financial_status"], each["updated_at"]) for each in bodies(shop.deliver())
        ]

    def test_ids_of_two_shops(self):
        """No two shops give the same webhook id."""
        ids = []
        for domain in ("torii.myshopify.com", "sakura.myshopify.com"):
            other = FakeShopify(domain=domain, deliver=lambda _: 200)
            other.configure(URL, ("products/create",))
            other.add_product("茶", "1")
            ids += [each.headers["X-Shopify-Webhook-Id"] for each in other.deliver()]
        assert 2 == len(set(ids))

    def test_a_bad_network(self, shop, subscribe):
        """Deliveries are lost, repeated and shuffled, the same way in each run; a repeat is the same."""
        subscribe()
        for _ in range(50):
            shop.order({shop.tea: 1})
        sent = shop.deliver(lose=0.2, repeat=0.5, shuffle=True, chance=random.Random(1))  # noqa: S311 - it plays a bad network
        names = [each["name"] for each in bodies(sent)]
        ids = {each.headers["X-Shopify-Webhook-Id"] for each in sent}
        assert sorted(names) != names
        assert len(set(names)) == len(ids) < 50 < len(sent)
        assert () == shop.deliver()

    def test_retries(self, shop, subscribe):
        """A failure is tried again eight times within four hours, as it was, with the same id."""
        subscribe()
        shop.configure(URL + "2", ("orders/create",))
        shop.order({shop.tea: 1})
        shop.answers = [500, 200]
        shop.deliver()
        assert () == shop.deliver()
        shop.wait(seconds=56)
        shop.deliver()
        first, _, second = shop.received
        assert (first.headers, first.body) == (second.headers, second.body)
        assert () == shop.queue.waiting

    @pytest.mark.parametrize("status", [301, 404, 500, None])
    def test_eight_failures_in_a_row(self, shop, subscribe, told, status):
        """Only 2xx is success. After eight failures in a row a subscription by the API is gone, silently."""
        subscribe()
        shop.order({shop.tea: 1})
        shop.answers = [status] * 8
        for tries in range(8):
            assert 1 == len(shop.deliver()), tries
            shop.wait(hours=3)
        assert [] == told(LIST)["webhookSubscriptions"]["nodes"]
        shop.order({shop.tea: 1})
        assert () == shop.deliver()

    def test_success_starts_the_count_again(self, shop, subscribe):
        """Failures count only in a row."""
        subscribe()
        shop.answers = [500] * 7 + [200] + [500] * 7
        for _ in range(15):
            shop.order({shop.tea: 1})
        shop.deliver()
        assert (1, 7) == (len(shop.subscriptions), next(iter(shop.subscriptions.values())).failures)

    def test_configured_ones_stay(self, shop):
        """Subscriptions of the app's configuration do not fall off; a delivery ends with its retries."""
        shop.configure(URL, ("orders/create",))
        shop.order({shop.tea: 1})
        shop.answers = [500] * 9
        tries = 0
        while shop.queue.waiting:
            tries += len(shop.deliver())
            shop.wait(hours=3)
        assert (9, 1) == (tries, len(shop.subscriptions))

    def test_a_new_secret(self, shop, subscribe):
        """After a new secret the old one may sign for an hour more."""
        subscribe()
        shop.access.rotate("new")
        shop.queue.old_secret = True
        shop.order({shop.tea: 1})
        shop.wait(hours=1)
        shop.order({shop.tea: 1})
        signed = [
            next(
                secret
                for secret in (SECRET, "new")
                if base64.b64encode(hmac.new(secret.encode(), each.body, hashlib.sha256).digest()).decode()
                == each.headers["X-Shopify-Hmac-Sha256"]
            )
            for each in shop.deliver()
        ]
        assert [SECRET, "new"] == signed

    def test_uninstalled(self, shop, subscribe):
        """The end of the app is told; afterwards only the app's own configuration hears of the shop."""
        subscribe("APP_UNINSTALLED")
        subscribe()
        shop.configure(URL)
        shop.uninstall()
        shop.order({shop.tea: 1})
        shop.redact_shop()
        assert ["app/uninstalled", "shop/redact"] == [each.topic for each in shop.deliver()]

    def test_taken_along_by_other_means(self, shop, subscribe):
        """A test can take deliveries out and bring them where it likes."""
        subscribe()
        shop.order({shop.tea: 1})
        assert ["orders/create"] == [each.topic for each in shop.queue.collect()]
        assert ((), []) == (shop.queue.waiting, shop.received)

    def test_large_bodies(self, shop, subscribe):
        """Bodies beyond a limit arrive with their id only."""
        subscribe()
        shop.queue.stub_above = 1000
        order = shop.order({shop.tea: 1})
        assert [{"id": order}] == bodies(shop.deliver())


class TestFilters:
    def test_included_fields(self, shop, subscribe):
        """Only what is included is sent, inside of lists, too."""
        subscribe("ORDERS_CREATE", includeFields=["id", "updated_at", "line_items.id", "customer.id"])
        order = shop.order({shop.tea: 1}, email="g@example.jp")
        line = shop.orders[order].lines[0].id
        assert [
            {
                "id": order,
                "updated_at": "2026-08-03T09:00:00+09:00",
                "customer": None,
                "line_items": [{"id": line}],
            }
        ] == bodies(shop.deliver())

    @pytest.mark.parametrize(
        ("filter_", "count"),
        [
            *(("total_price:>2000", 1), ("total_price:>=1480.00", 2), ("financial_status:paid", 1)),
            *(
                ("line_items.quantity:2", 1),
                ("test:false", 2),
                ("email:g@example.jp", 2),
                ("NOT financial_status:paid", 1),
            ),
            *(("customer.id:1", 0), ("total_price:>2000 OR financial_status:pending", 2), ("colour:red", 0)),
            *(
                ("line_items.colour:red", 0),
                ("total_price:>1 colour:red", 0),
                ("updated_at:>'2026-08-02'", 2),
            ),
        ],
    )
    def test_filters(self, shop, subscribe, filter_, count):
        """A filter lets through what matches; one on a field that there is not, nothing at all."""
        assert [] == subscribe(filter=filter_)[1]
        shop.order({shop.tea: 1}, email="g@example.jp")
        shop.order({shop.tea: 2}, email="g@example.jp", paid=True)
        assert count == len(shop.deliver())

    def test_a_filter_on_what_is_not_included(self, shop, subscribe):
        """What is filtered by must be included."""
        subscribe(filter="total_price:>1", includeFields=["id"])
        subscribe(filter="id:>1", includeFields=["id"])
        shop.order({shop.tea: 1})
        assert 1 == len(shop.deliver())
