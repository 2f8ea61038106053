"""The webhooks of a fake shop: bodies fixed when something happens, retries, subscriptions that fall off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.trimmed import trimmed
from aftercare_shopify.fake.filters import included, wanted
from aftercare_shopify.fake.state.webhooks import Subscription

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

RETRIES = tuple(timedelta(seconds=seconds) for seconds in (56, 113, 226, 452, 904, 1807, 3614, 7228))
"""How long Shopify waits before each of its eight retries: four hours in all."""
_FAILURES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that a shop makes, or would make."""

    subscription: int
    topic: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Transport = Callable[[Delivery], int | None]
"""Takes a delivery to where it goes; returns the status of the answer, or None if there was none."""


def post(delivery: Delivery) -> int | None:
    """Deliver over HTTP."""
    import requests

    try:
        return requests.post(
            delivery.url,
            data=delivery.body,
            headers=dict(delivery.headers),
            timeout=(5, 30),
            allow_redirects=False,
        ).status_code
    except requests.RequestException:
        return None


def signature(secret: str, body: bytes) -> str:
    """Return what `X-Shopify-Hmac-Sha256` says of a body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class _Waiting:
    """A delivery that waits: since when it is due, and how often it was tried."""

    delivery: Delivery
    due: datetime
    tries: int = 0


class Queue:
    """Subscriptions, and what waits to be delivered to them."""

    def __init__(self, shop: Records, transport: Transport) -> None:
        self._shop = shop
        self.transport = transport
        self.subscriptions: dict[int, Subscription] = {}
        self.old_secret = False
        """Sign with the former client secret while Shopify still does."""
        self.stub_above: int | None = None
        """Bodies of more bytes are sent with their id only, as Amazon EventBridge gets them."""
        self.open = True
        """Whether subscriptions by the API still hear of anything: not after the app was removed."""
        self._waiting: list[_Waiting] = []
        self._event = ""
        self._made = random.Random(shop.domain)  # noqa: S311 - ids that are the same in each run

    @property
    def waiting(self) -> tuple[tuple[str, Any], ...]:
        """What waits, as topic and body, in order."""
        return tuple((each.delivery.topic, json.loads(each.delivery.body)) for each in self._waiting)

    def subscribe(self, topic: str, uri: str, **told: Any) -> Subscription:
        """Make a subscription of checked values."""
        number = self._shop.new_id()
        made = Subscription(
            id=number, topic=topic, uri=uri, created=self._shop.now, updated=self._shop.now, **told
        )
        self.subscriptions[number] = made
        return made

    @contextmanager
    def event(self) -> Iterator[None]:
        """Let all that is announced within be one event of the shop."""
        outer, self._event = self._event, self._event or self._uuid()
        try:
            yield
        finally:
            self._event = outer

    def happened(self, topic: str, body: Mapping[str, Any]) -> None:
        """Let a body wait for each subscription to a topic that wants it."""
        seen = trimmed(body, self._shop.access)
        for each in self.subscriptions.values():
            if each.topic == topic and (self.open or each.configured) and wanted(each, seen, self._shop.now):
                self._waiting.append(_Waiting(self._built(each, topic, seen), self._shop.now))

    def collect(self) -> tuple[Delivery, ...]:
        """Take out what is due. Whoever collects delivers by other means: nothing of it is tried again."""
        with self._shop.lock:
            return tuple(each.delivery for each in self._taken())

    def deliver(
        self,
        *,
        lose: float = 0.0,
        repeat: float = 0.0,
        shuffle: bool = False,
        chance: random.Random | None = None,
    ) -> tuple[Delivery, ...]:
        """Deliver what is due, in order and once; or lose, repeat and shuffle parts of it.

        `lose` and `repeat` are the shares of deliveries, from 0 to 1. What fails waits for its next try.
        Returns what was delivered, well or not.
        """
        dice = chance or random.Random(0)  # noqa: S311 - it plays a bad network
        sent: list[_Waiting] = []
        with self._shop.lock:
            for each in self._taken():
                if dice.random() >= lose:
                    sent += [each] * (2 if dice.random() < repeat else 1)
        if shuffle:
            dice.shuffle(sent)
        return tuple(self._sent(sent))

    def _taken(self) -> list[_Waiting]:
        due = [each for each in self._waiting if each.due <= self._shop.now]
        self._waiting = [each for each in self._waiting if each.due > self._shop.now]
        return [each for each in due if each.delivery.subscription in self.subscriptions]

    def _sent(self, waiting: list[_Waiting]) -> Iterator[Delivery]:
        again: set[int] = set()
        for each in waiting:
            # A subscription that fell off meanwhile sends nothing more.
            if each.delivery.subscription not in self.subscriptions:
                continue
            status = self.transport(each.delivery)
            with self._shop.lock:
                if self._failed(each, status) and id(each) not in again:
                    again.add(id(each))
                    self._put_back(each)
            yield each.delivery

    def _failed(self, waiting: _Waiting, status: int | None) -> bool:
        subscription = self.subscriptions.get(waiting.delivery.subscription)
        failed = status is None or not 200 <= status < 300  # noqa: PLR2004 - a redirect is a failure, too
        if subscription is None:
            return False
        subscription.failures = subscription.failures + 1 if failed else 0
        if subscription.failures >= _FAILURES and not subscription.configured:
            del self.subscriptions[subscription.id]
            return False
        return failed

    def _put_back(self, waiting: _Waiting) -> None:
        if waiting.tries < len(RETRIES):
            waiting.due = self._shop.now + RETRIES[waiting.tries]
            waiting.tries += 1
            self._waiting.append(waiting)

    def _built(self, subscription: Subscription, topic: str, body: Mapping[str, Any]) -> Delivery:
        shop = self._shop
        told = included(body, subscription.include)
        raw = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        if self.stub_above is not None and len(raw) > self.stub_above:
            raw = json.dumps({"id": body.get("id")}, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "Accept": "*/*",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature(shop.access.signing(old=self.old_secret), raw),
            "X-Shopify-Shop-Domain": shop.domain,
            "X-Shopify-API-Version": shop.version,
            "X-Shopify-Webhook-Id": self._uuid(),
            "X-Shopify-Triggered-At": f"{shop.now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z",
            "X-Shopify-Event-Id": self._event or self._uuid(),
        }
        if subscription.name:
            headers["X-Shopify-Name"] = subscription.name
        return Delivery(
            subscription=subscription.id, topic=topic, url=subscription.uri, headers=headers, body=raw
        )

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._made.getrandbits(128), version=4))
