from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
import responses

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import RawRequest, Shop
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.client import ShopifyClient
from aftercare_shopify.fake import SECRET, TOKEN, Api, FakeShopify, answer_in
from aftercare_shopify.operations import API_VERSION
from aftercare_shopify.tokens import StaticToken
from aftercare_shopify.webhooks import (
    COMPLIANCE,
    OPTIONAL,
    TOPICS,
    Deed,
    Finding,
    Problem,
    by_configuration,
    check,
    install,
    reactivate,
    scope_of,
)

URL = "https://aftercare.example/webhooks/torii"
NEEDED = [topic for topic in TOPICS if topic not in OPTIONAL]


class Connected:
    """A client, and the fake shop that it asks."""

    def __init__(self, mock):
        self.sent = []
        self.status = 200
        self.shop = FakeShopify(deliver=lambda delivery: self.sent.append(delivery) or self.status)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        self.client = ShopifyClient(
            shop="torii",
            domain=self.shop.domain,
            tokens=StaticToken(TOKEN, shop="torii"),
            sleep=lambda _: None,
        )

    def install(self, url=URL, **how):
        """Install, and return what was done by topic."""
        told = install(self.client, shop="torii", url=url, **how)
        return {change.topic: change.deed for change in told.changes}, told.findings

    def found(self, url=URL):
        """Return what is wrong, as pairs of topic and problem."""
        return [(finding.topic, finding.problem) for finding in check(self.client, shop="torii", url=url)]

    def tend(self, url=URL):
        """Look after the subscriptions, as it is configured."""
        options = {"domain": self.shop.domain, "access_token": TOKEN, "webhooks_url": url}
        return reactivate(self.client, Shop(name="torii", options=options))

    def of(self, topic):
        """Return the one subscription to a topic."""
        [found] = [each for each in self.shop.subscriptions.values() if each.topic == topic]
        return found

    def changed(self):
        """Return how many requests changed something."""
        return sum("Webhook" in each.operation and "List" not in each.operation for each in self.api.asked)


@pytest.fixture
def torii():
    """A connected shop."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Connected(mock)


def test_missing(torii):
    """A shop without subscriptions tells nothing; those to contracts are for few."""
    assert [(topic, Problem.MISSING) for topic in NEEDED] == torii.found()


def test_installed(torii):
    """All that are needed are made, once, whole, and in the release that is asked."""
    assert (dict.fromkeys(TOPICS, Deed.MADE), ()) == torii.install()
    assert [] == torii.found()
    assert set(TOPICS) == {each.topic for each in torii.shop.subscriptions.values()}
    assert {(URL, None, "JSON")} == {
        (each.uri, each.filter, each.format) for each in torii.shop.subscriptions.values()
    }
    changed = torii.changed()
    assert (dict.fromkeys(TOPICS, Deed.KEPT), ()) == torii.install()
    assert changed == torii.changed()


def test_what_is_sent_is_understood(torii):
    """The adapter takes what the new subscriptions send."""
    torii.install()
    adapter = ShopifyAdapter(Shop(name="torii", options={"domain": torii.shop.domain}, secrets=(SECRET,)))
    tea = torii.shop.add_product("茶", "880")
    order = torii.shop.order({tea: 1}, customer=torii.shop.add_customer("hana@example.jp"), paid=True)
    torii.shop.cancel(order)
    torii.shop.deliver()
    topics = {adapter.verify(RawRequest(each.headers, each.body)).topic for each in torii.sent}
    assert {
        "orders/create",
        "orders/cancelled",
        "refunds/create",
        "customers/create",
        "products/create",
    } <= topics


def test_compliance_topics_cannot_be_made(torii):
    """No API subscribes to the compliance topics: the app's own configuration must."""
    assert not set(COMPLIANCE) & set(TOPICS)
    told = "\n".join(by_configuration(URL))
    assert 'compliance_topics = ["customers/data_request", "customers/redact", "shop/redact"]' in told
    assert f'uri = "{URL}"' in told


def test_configured_subscriptions(torii):
    """What the app's own configuration subscribes to is not shown by the API, and not touched."""
    torii.shop.configure(URL, TOPICS)
    assert [(topic, Problem.MISSING) for topic in NEEDED] == torii.found()
    assert () == torii.tend(url=None)
    assert len(TOPICS) == len(torii.shop.subscriptions)


def test_a_scope_is_missing(torii):
    """What the app may not hear of is told with its scope; all else is made."""
    torii.shop.access.scopes -= {
        "read_fulfillments",
        "read_own_subscription_contracts",
        "read_discounts",
        "write_discounts",
    }
    made, findings = torii.install()
    assert {"fulfillments/create", "fulfillments/update", "fulfillment_events/create"} == {
        finding.topic for finding in findings
    }
    assert "fulfillments/create: Shopify does not take it: give the app the scope read_fulfillments" in str(
        findings[0]
    )
    assert set(TOPICS) - set(made) == {finding.topic for finding in findings} | OPTIONAL


def test_filtered_and_trimmed(torii):
    """A filter or a choice of fields is found and taken off: it keeps things from us."""
    torii.install()
    torii.of("orders/create").filter = "total_price:>100"
    torii.of("orders/updated").include = ["id", "updated_at"]
    assert [("orders/create", Problem.FILTERED), ("orders/updated", Problem.TRIMMED)] == torii.found()
    changes, _ = torii.install()
    assert {Deed.SET: 2, Deed.KEPT: len(TOPICS) - 2} == {
        deed: list(changes.values()).count(deed) for deed in (Deed.SET, Deed.KEPT)
    }
    assert [] == torii.found()


def test_an_old_release(torii):
    """The release of webhooks is the app's: it is told, with where to set it, and cannot be mended here."""
    torii.install()
    torii.shop.version = "2026-01"
    told = check(torii.client, shop="torii", url=URL)
    assert {Problem.VERSION} == {finding.problem for finding in told}
    assert f"release 2026-01 of the API, not {API_VERSION}: set the webhooks API version" in str(told[0])


def test_elsewhere(torii):
    """Those of another installation are left alone, unless they are to be moved."""
    before = "https://old.example/hooks?key=s3cret"
    torii.install(before)
    assert [(topic, Problem.ELSEWHERE) for topic in TOPICS] == torii.found()
    assert "s3cret" not in str(check(torii.client, shop="torii", url=URL)[0])
    assert dict.fromkeys(TOPICS, Deed.SET) == torii.install(move=True)[0]
    assert [] == torii.found()
    assert len(TOPICS) == len(torii.shop.subscriptions)


def test_not_moved(torii):
    """Without being asked to move them, others are made beside them."""
    torii.install("https://old.example/hooks")
    torii.install()
    assert 2 * len(TOPICS) == len(torii.shop.subscriptions)
    assert [] == torii.found()


def test_somewhere_else_than_the_web(torii):
    """A queue is another place too."""
    torii.shop.queue.subscribe("orders/create", "pubsub://project:topic")
    [told] = [str(one) for one in check(torii.client, shop="torii", url=URL) if one.topic == "orders/create"]
    assert told.endswith("goes to pubsub://project")


def test_twice(torii):
    """Two subscriptions that differ in their filter send everything twice; one of them serves."""
    torii.shop.queue.subscribe("orders/create", URL, filter="test:false")
    torii.install()
    torii.shop.queue.subscribe("orders/create", f"{URL}/")
    assert [("orders/create", Problem.TWICE)] == torii.found()
    assert Deed.KEPT == torii.install()[0]["orders/create"]


def test_a_format_that_is_not_understood(torii):
    """XML is not understood."""
    torii.install()
    torii.of("products/update").format = "XML"
    assert [("products/update", Problem.FORMAT)] == torii.found()


def test_many_subscriptions(torii):
    """More than one page of them is read."""
    for number in range(130):
        torii.shop.queue.subscribe("orders/paid", f"https://old.example/{number}")
    torii.install()
    assert [] == torii.found()
    assert 130 + len(TOPICS) == len(torii.shop.subscriptions)


def test_made_by_an_earlier_try(torii):
    """When the answer to a request was lost, the next finds the address taken, and that is well."""
    torii.api.before = lambda asked: (
        asked.operation == "CreateWebhook"
        and asked.variables["topic"] == "ORDERS_CREATE"
        and not any(each.topic == "orders/create" for each in torii.shop.subscriptions.values())
        and torii.shop.queue.subscribe("orders/create", URL)
    )
    assert Deed.KEPT == torii.install()[0]["orders/create"]
    assert [] == torii.found()


@pytest.mark.parametrize(
    "url",
    ["http://aftercare.example/webhooks/torii", "aftercare.example", "https://me:pass@aftercare.example"],
)
def test_addresses(torii, url):
    """An address that nothing can be sent to safely is refused before anything is asked."""
    for act in (install, check):
        with pytest.raises(ConfigurationError, match="write it like https://") as caught:
            act(torii.client, shop="torii", url=url)
        assert "pass" not in str(caught.value)
    assert [] == torii.api.asked


def test_spellings_of_an_address(torii):
    """An address is the same with a slash at its end and in capitals."""
    torii.install()
    assert [] == torii.found("https://AFTERCARE.example/webhooks/torii/")


def test_a_shop_that_is_down(torii):
    """A shop that does not answer is no shop without subscriptions."""
    torii.api.fail(times=9)
    with pytest.raises(PlatformUnavailable):
        torii.found()


def instead(torii, operation, told):
    """Have the shop answer one operation so."""
    answer = torii.api.answer

    def answered(*request):
        reply = answer(*request)
        if torii.api.asked[-1].operation != operation:
            return reply
        return replace(reply, body=json.dumps({"data": told}).encode())

    torii.api.answer = answered


def test_what_shopify_does_not_change(torii):
    """A subscription that cannot be put right is told, and the others are made."""
    torii.shop.queue.subscribe("orders/create", URL, filter="test:false")
    error = {"field": ["id"], "message": "Webhook subscription does not exist"}
    instead(torii, "UpdateWebhook", {"webhookSubscriptionUpdate": {"userErrors": [error]}})
    made, findings = torii.install()
    assert [("orders/create", Problem.REFUSED)] == [(one.topic, one.problem) for one in findings]
    assert set(TOPICS) - {"orders/create"} == set(made)


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("CreateWebhook", {"webhookSubscriptionCreate": {"webhookSubscription": None, "userErrors": []}}),
        ("ListWebhooks", {"webhookSubscriptions": None}),
    ],
)
def test_nothing_is_said(torii, operation, told):
    """An answer that says nothing is not taken for a good one."""
    instead(torii, operation, told)
    with pytest.raises(PlatformUnavailable):
        torii.install()


@pytest.mark.parametrize(
    ("uri", "shown"), [("https://[::1", "an address that is none"), ("arn:aws:events:eu:1:x", "arn:…")]
)
def test_odd_addresses(torii, uri, shown):
    """Whatever address a subscription has, it is told."""
    torii.shop.queue.subscribe("orders/create", uri)
    assert f"goes to {shown}" in str(check(torii.client, shop="torii", url=URL)[0])


class TestTend:
    """What is looked after now and then."""

    def test_deleted_after_failures(self, torii):
        """Shopify gives up after eight failures in a row and deletes the subscription; it is made again."""
        torii.install()
        torii.status = 500
        torii.shop.add_product("茶", "880")
        for _ in range(9):
            torii.shop.deliver()
            torii.shop.wait(hours=3)
        assert [("products/create", Problem.MISSING)] == torii.found()
        [finding] = torii.tend()
        assert ("products/create", Problem.MISSING, True) == (finding.topic, finding.problem, finding.mended)
        assert str(finding).endswith("what happens is not told (put right)")
        assert [] == torii.found()
        assert () == torii.tend()

    def test_without_an_address(self, torii):
        """Without the option nothing is asked: the app's own configuration may subscribe."""
        assert () == torii.tend(url=None)
        assert [] == torii.api.asked

    def test_what_cannot_be_mended(self, torii):
        """What somebody set by hand, and what needs a scope, is told and stays as it is."""
        torii.install()
        torii.of("orders/create").filter = "test:false"
        del torii.shop.subscriptions[torii.of("fulfillments/create").id]
        torii.shop.access.scopes -= {"read_fulfillments"}
        assert [("orders/create", Problem.FILTERED), ("fulfillments/create", Problem.REFUSED)] == [
            (finding.topic, finding.problem) for finding in torii.tend()
        ]
        assert "test:false" == torii.of("orders/create").filter

    def test_by_the_adapter(self, torii):
        """The adapter tells it in words, with another release that answers."""
        options = {"domain": torii.shop.domain, "access_token": TOKEN, "webhooks_url": URL}
        adapter = ShopifyAdapter(Shop(name="torii", options=options), torii.client)
        told = tuple(adapter.tend())
        assert f"{TOPICS[0]}: there is none: what happens is not told (put right)" == told[0]
        assert () == tuple(adapter.tend())
        torii.shop.versions = ("2027-01", "2027-04")
        [drift] = adapter.tend()
        assert "Shopify answers with release 2027-01 of its API" in drift
        assert () == tuple(adapter.tend())


@pytest.mark.parametrize("topic", TOPICS)
def test_findings_are_sentences(topic):
    """Every problem of every topic can be told."""
    for problem in Problem:
        told = str(Finding(topic=topic, problem=problem, subscription="subscription 1", detail="x"))
        assert told.startswith(f"{topic}: ")
        assert len(told) > len(topic) + 10


def test_topics_are_those_of_the_schema():
    """Each topic is one that the API subscribes to, in all releases, with the scope that it needs."""
    for file in (Path(__file__).parent / "fixtures" / "schema").glob("*.gz"):
        types = json.loads(gzip.decompress(file.read_bytes()))["data"]["__schema"]["types"]
        [topics] = [one["enumValues"] for one in types if one["name"] == "WebhookSubscriptionTopic"]
        told = {one["name"]: one["description"] for one in topics}
        for topic in TOPICS:
            assert scope_of(topic) in told[topic.replace("/", "_").upper()]
        assert not {topic.replace("/", "_").upper() for topic in COMPLIANCE} & set(told)
