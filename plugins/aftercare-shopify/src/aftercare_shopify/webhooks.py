"""The webhook subscriptions of a shop: which there must be, what is wrong with them, and how that is mended.

Shopify deletes a subscription that was made by the API after eight failures in a row, and says so only by
mail. The API lists what was made by the API for this app and no others: neither the subscriptions that stand
in the app's own configuration, which belong to every shop of the app, nor those of a shop's settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.shops.addresses import fault
from aftercare_shopify.operations import API_VERSION

if TYPE_CHECKING:
    from aftercare_sdk.model.shops import Shop
    from aftercare_shopify.client import ShopifyClient
    from aftercare_shopify.results import UserError

TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/delete",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers_email_marketing_consent/update",
    "products/create",
    "products/update",
    "products/delete",
    "app/uninstalled",
    "subscription_contracts/create",
    "subscription_contracts/update",
    "discounts/update",
    "discounts/delete",
)
"""What must be told. Each needs the scope to read what it tells of, or Shopify takes no subscription."""
COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
"""What every public app must be told as well, and what no API subscribes to."""
OPTIONAL = frozenset(
    {
        "subscription_contracts/create",
        "subscription_contracts/update",
        "discounts/update",
        "discounts/delete",
    }
)
"""Only for an app that makes such things itself: contracts, of which Shopify shows no others, or codes."""

_SCOPES = {
    "orders": "read_orders",
    "refunds": "read_orders",
    "fulfillments": "read_fulfillments",
    "fulfillment_events": "read_fulfillments",
    "customers": "read_customers",
    "customers_email_marketing_consent": "read_customers",
    "products": "read_products",
    "discounts": "read_discounts",
    "subscription_contracts": "read_own_subscription_contracts",
}
_JSON = "JSON"


class Problem(StrEnum):
    """What may be wrong with the subscription to a topic."""

    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    FILTERED = "filtered"
    TRIMMED = "trimmed"
    FORMAT = "format"
    VERSION = "version"
    TWICE = "twice"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with the subscription to a topic. `mended`: it was put right at once."""

    topic: str
    problem: Problem
    subscription: str = ""
    detail: str = ""
    mended: bool = False

    def __str__(self) -> str:
        scope = scope_of(self.topic)
        told = {
            Problem.MISSING: "there is none: what happens is not told",
            Problem.ELSEWHERE: f"{self.subscription} goes to {self.detail}",
            Problem.FILTERED: f"{self.subscription} has a filter: some of what happens is not told",
            Problem.TRIMMED: f"{self.subscription} tells only some fields: each webhook costs a read",
            Problem.FORMAT: f"{self.subscription} is sent as {self.detail}, which is not understood",
            Problem.VERSION: (
                f"{self.subscription} is told as in release {self.detail} of the API, not {API_VERSION}: set "
                "the webhooks API version in the settings of the app"
            ),
            Problem.TWICE: f"{self.subscription} is one too many: everything is sent twice",
            Problem.REFUSED: "Shopify does not take it"
            + (f": give the app the scope {scope}, and install it again" if scope else ""),
        }[self.problem]
        return f"{self.topic}: {told}{' (put right)' if self.mended else ''}"


class Deed(StrEnum):
    """What was done with the subscription to a topic."""

    MADE = "made"
    SET = "set"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A subscription that is there now, and as it must be."""

    topic: str
    deed: Deed
    subscription: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What `install` did, and what it could not do."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A subscription, as far as it is used."""

    id: str
    topic: str
    uri: str
    format: str
    version: str
    filter: str = ""
    fields: tuple[str, ...] = ()

    @property
    def tells_all(self) -> bool:
        """Whether everything is told, in a form that is understood."""
        return not self.filter and not self.fields and self.format == _JSON


def check(client: ShopifyClient, *, shop: str, url: str) -> tuple[Finding, ...]:
    """Return what is wrong with the subscriptions that are to go to `url`; nothing, if all is well."""
    _check_url(url)
    there = _subscriptions(client, shop)
    findings: list[Finding] = []
    for topic in TOPICS:
        of_topic = [one for one in there if one.topic == topic]
        here = _here(of_topic, topic, url)
        if here:
            findings += _of_one(here[0])
            findings += [
                Finding(topic=topic, problem=Problem.TWICE, subscription=_number(one)) for one in here[1:]
            ]
            continue
        away = [
            Finding(topic=topic, problem=Problem.ELSEWHERE, subscription=_number(one), detail=_shown(one.uri))
            for one in of_topic
        ]
        if away or topic not in OPTIONAL:
            findings += away or [Finding(topic=topic, problem=Problem.MISSING)]
    return tuple(findings)


def install(client: ShopifyClient, *, shop: str, url: str, move: bool = False) -> Installed:
    """Make the subscriptions that are missing, and put right those that go to `url`.

    What is right already is left alone, so that it may be called as often as one likes. With `move`, those
    that go elsewhere are made to go to `url`; without, they stay: they may belong to another installation.
    """
    _check_url(url)
    there = _subscriptions(client, shop)
    changes: list[Change] = []
    findings: list[Finding] = []
    for topic in TOPICS:
        done = _installed(client, there, shop, topic, url, move=move)
        if isinstance(done, Change):
            changes.append(done)
        elif topic not in OPTIONAL:
            findings.append(done)
    return Installed(changes=tuple(changes), findings=tuple(findings))


def reactivate(client: ShopifyClient, shop: Shop) -> tuple[Finding, ...]:
    """Make the subscriptions again that Shopify deleted, and return which; to be called now and then.

    What was not sent meanwhile never will be: a listing of what was modified finds it. Without the option
    `webhooks_url` nothing is asked and nothing done: the app's own configuration may subscribe.
    """
    url = str(shop.options.get("webhooks_url") or "")
    if not url:
        return ()
    _check_url(url)
    there = _subscriptions(client, shop.name)
    findings: list[Finding] = []
    for topic in TOPICS:
        here = _here(there, topic, url)
        if here:
            findings += _of_one(here[0])
            continue
        done = _installed(client, [], shop.name, topic, url, move=False)
        if isinstance(done, Finding):
            findings += [] if topic in OPTIONAL else [done]
        else:
            findings.append(Finding(topic=topic, problem=Problem.MISSING, mended=True))
    return tuple(findings)


def scope_of(topic: str) -> str:
    """Return the access scope that a topic needs, or nothing."""
    return _SCOPES.get(topic.split("/", 1)[0], "")


def by_configuration(url: str) -> tuple[str, ...]:
    """Return what an app's configuration file must say, because no API can do it."""
    return (
        "[[webhooks.subscriptions]]",
        f"compliance_topics = {json.dumps(COMPLIANCE)}",
        f"uri = {json.dumps(url)}",
    )


# ---- one topic


def _of_one(one: _Subscription) -> list[Finding]:
    findings: list[Finding] = []
    if one.filter:
        findings.append(Finding(topic=one.topic, problem=Problem.FILTERED, subscription=_number(one)))
    if one.fields:
        findings.append(Finding(topic=one.topic, problem=Problem.TRIMMED, subscription=_number(one)))
    for problem, told, wanted in (
        (Problem.FORMAT, one.format, _JSON),
        (Problem.VERSION, one.version, API_VERSION),
    ):
        if told != wanted:
            findings.append(Finding(topic=one.topic, problem=problem, subscription=_number(one), detail=told))
    return findings


def _installed(
    client: ShopifyClient, there: list[_Subscription], shop: str, topic: str, url: str, *, move: bool
) -> Change | Finding:
    of_topic = [one for one in there if one.topic == topic]
    here = _here(of_topic, topic, url)
    wanted: dict[str, Any] = {"uri": url, "format": _JSON}
    chosen = next(iter(here), None) or (next(iter(of_topic), None) if move else None)
    if chosen is None:
        # Made twice, Shopify refuses the second: an address for a topic is taken only once.
        result = client.change("create_webhook", {"topic": _enum(topic), "webhook": wanted}, repeatable=True)
        if result.user_errors:
            return _not_made(client, shop, topic, url, result.user_errors)
        return Change(topic=topic, deed=Deed.MADE, subscription=_made(result.data, shop))
    if chosen in here and chosen.tells_all:
        return Change(topic=topic, deed=Deed.KEPT, subscription=_number(chosen))
    whole = {**wanted, "filter": "", "includeFields": []}
    result = client.change("update_webhook", {"id": chosen.id, "webhook": whole}, repeatable=True)
    if result.user_errors:
        return Finding(topic=topic, problem=Problem.REFUSED)
    return Change(topic=topic, deed=Deed.SET, subscription=_number(chosen))


def _not_made(
    client: ShopifyClient, shop: str, topic: str, url: str, against: tuple[UserError, ...]
) -> Change | Finding:
    """Say why a subscription was not made: an earlier try may have made it."""
    if any("taken" in error.message for error in against):
        for one in _here(_subscriptions(client, shop), topic, url):
            return Change(topic=topic, deed=Deed.KEPT, subscription=_number(one))
    return Finding(topic=topic, problem=Problem.REFUSED)


def _made(data: Mapping[str, Any], shop: str) -> str:
    payload = next(iter(data.values()), None)
    made = payload.get("webhookSubscription") if isinstance(payload, dict) else None
    if not isinstance(made, dict):
        raise PlatformUnavailable(f"shop {shop!r}: Shopify made no subscription, and says nothing of why")
    return f"subscription {str(made.get('id') or '').rpartition('/')[2]}"


# ---- what is there


def _subscriptions(client: ShopifyClient, shop: str) -> list[_Subscription]:
    found: list[_Subscription] = []
    after: str | None = None
    while True:
        told = client.query("list_webhooks", {"after": after}).data.get("webhookSubscriptions")
        if not isinstance(told, dict):
            raise PlatformUnavailable(f"shop {shop!r}: Shopify tells no subscriptions")
        found += list(_read(told.get("nodes")))
        page = told.get("pageInfo") or {}
        if not page.get("hasNextPage"):
            return found
        after = page.get("endCursor")


def _here(there: list[_Subscription], topic: str, url: str) -> list[_Subscription]:
    """Return those to a topic that go to `url`; first the one that serves best."""
    found = [one for one in there if one.topic == topic and _same(one.uri, url)]
    return sorted(found, key=lambda one: not one.tells_all)


def _read(nodes: Any) -> Iterator[_Subscription]:
    for node in nodes or ():
        version = node.get("apiVersion") or {}
        yield _Subscription(
            id=str(node["id"]),
            topic=_topic(str(node["topic"])),
            uri=str(node["uri"]),
            format=str(node.get("format") or _JSON),
            version=str(version.get("handle") or ""),
            filter=str(node.get("filter") or ""),
            fields=tuple(node.get("includeFields") or ()),
        )


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()


def _topic(told: str) -> str:
    return _NAMES.get(told, told.lower())


_NAMES = {_enum(topic): topic for topic in TOPICS}


def _number(one: _Subscription) -> str:
    return f"subscription {one.id.rpartition('/')[2]}"


def _check_url(url: str) -> None:
    wrong = fault(url)
    if wrong is not None:
        raise ConfigurationError(
            "the address that webhooks are to go to: write it like "
            "https://aftercare.example/webhooks/<shop>, because Shopify sends to https:// only"
        )


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(uri: str) -> str:
    try:
        parts = urlsplit(uri.strip())
    except ValueError:
        return uri
    return urlunsplit(
        (parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), parts.query, parts.fragment)
    )


def _shown(uri: str) -> str:
    """Return an address without what may be a key in it."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else f"{parts.scheme}:…"
