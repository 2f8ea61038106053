"""The webhooks of a fake shop: a queue that merges, and deliveries that nobody repeats."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aftercare_woocommerce.fake.php import written
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.state.site import Site
from aftercare_woocommerce.fake.state.things import Thing
from aftercare_woocommerce.signature import HEADER, sign

_FAILURES = 5
_SUCCESSES = frozenset({301, 302})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that a shop makes, or would make."""

    webhook: int
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
            timeout=60,
            allow_redirects=False,
        ).status_code
    except requests.RequestException:
        return None


class Queue:
    """Webhooks and what waits to be delivered for them.

    `show` returns the payload of an object as it is now. A payload is built when it leaves, not when
    something happened, and what waits for one webhook and one object waits once.
    """

    def __init__(
        self,
        site: Callable[[], Site],
        show: Callable[[str, int], dict[str, Any]],
        transport: Transport,
        now: Callable[[], datetime],
        lock: AbstractContextManager[Any],
    ) -> None:
        self._lock = lock
        self._site, self._show, self._now = site, show, now
        self.transport = transport
        self.webhooks: dict[int, Thing] = {}
        self._waiting: dict[tuple[int, str, int], None] = {}
        self._failures: dict[int, int] = {}

    @property
    def waiting(self) -> tuple[tuple[str, int], ...]:
        """What waits, as topic and id of the object, in order."""
        return tuple((self.webhooks[number].fields["topic"], target) for number, _, target in self._waiting)

    def happened(self, topic: str, target: int) -> None:
        """Let something wait for every active webhook of a topic."""
        for webhook in self.webhooks.values():
            if webhook.fields["topic"] == topic and webhook.fields["status"] == "active":
                self._waiting[webhook.id, topic, target] = None

    def collect(self) -> tuple[Delivery, ...]:
        """Take out what waits, each with its payload as of now."""
        with self._lock:
            taken, self._waiting = tuple(self._waiting), {}
            return tuple(
                self._built(self.webhooks[number], topic, target)
                for number, topic, target in taken
                if number in self.webhooks and self.webhooks[number].fields["status"] == "active"
            )

    def send(self, delivery: Delivery) -> int | None:
        """Make one delivery. The seventh failure in a row disables its webhook, and nobody is told."""
        status = self.transport(delivery)
        webhook = self.webhooks.get(delivery.webhook)
        if webhook is None:
            return status
        if status is not None and (200 <= status < 300 or status in _SUCCESSES):  # noqa: PLR2004
            self._failures[webhook.id] = 0
        elif self._failures.get(webhook.id, 0) > _FAILURES:
            webhook.fields["status"] = "disabled"
            webhook.modified = self._now()
        else:
            self._failures[webhook.id] = self._failures.get(webhook.id, 0) + 1
        return status

    def deliver(
        self,
        *,
        lose: float = 0.0,
        repeat: float = 0.0,
        shuffle: bool = False,
        chance: random.Random | None = None,
    ) -> tuple[Delivery, ...]:
        """Deliver what waits, in order and once; or lose, repeat and shuffle parts of it.

        `lose` and `repeat` are the shares of deliveries, from 0 to 1. Returns what was delivered.
        """
        dice = chance or random.Random(0)  # noqa: S311 - it plays a bad network
        sent: list[Delivery] = []
        for delivery in self.collect():
            if dice.random() >= lose:
                sent += [delivery] * (2 if dice.random() < repeat else 1)
        if shuffle:
            dice.shuffle(sent)
        return tuple(self._sent(sent))

    def _sent(self, deliveries: Sequence[Delivery]) -> Iterator[Delivery]:
        for delivery in deliveries:
            # A webhook that was disabled meanwhile sends nothing more.
            webhook = self.webhooks.get(delivery.webhook)
            if webhook is not None and webhook.fields["status"] == "active":
                self.send(delivery)
                yield delivery

    def ping(self, webhook: Thing) -> None:
        """Tell the receiver of a new webhook that it is there: unsigned, and whatever it answers."""
        site = self._site()
        headers = {
            **_sender(site),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = f"webhook_id={webhook.id}".encode()
        self.transport(
            Delivery(
                webhook=webhook.id,
                topic=webhook.fields["topic"],
                url=webhook.fields["delivery_url"],
                headers=headers,
                body=body,
            )
        )

    def _built(self, webhook: Thing, topic: str, target: int) -> Delivery:
        resource, _, event = topic.partition(".")
        site = self._site()
        body = written(self._payload(resource, event, target))
        secret = webhook.fields["secret"]
        second = int(self._now().timestamp())
        headers = {
            **_sender(site),
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{site.url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            HEADER: sign(secret, body).decode(),
            "X-WC-Webhook-ID": str(webhook.id),
            # Made of the webhook and the second only: two objects of one second share it.
            "X-WC-Webhook-Delivery-ID": hashlib.md5(
                f"{webhook.id}{second}".encode(), usedforsecurity=False
            ).hexdigest(),
        }
        return Delivery(
            webhook=webhook.id, topic=topic, url=webhook.fields["delivery_url"], headers=headers, body=body
        )

    def _payload(self, resource: str, event: str, target: int) -> dict[str, Any]:
        if resource == "action":
            return {"action": event, "arg": target}
        if event == "deleted":
            return {"id": target}
        try:
            return self._show(f"{resource}s", target)
        except Refusal as refusal:
            # Signed like everything else.
            return refusal.body


def _sender(site: Site) -> dict[str, str]:
    return {
        "User-Agent": f"WooCommerce/{site.release} Hookshot (WordPress/7.0.4)",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Connection": "close",
    }
