"""The Shopify adapter: one instance serves one shop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.model.shops import Ping, RawRequest, Reading, Ref, Shop, ShopAdapter, Translation, Webhook
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_sdk.shops.payloads import storable
from aftercare_shopify import headers, signature
from aftercare_shopify.codes import KIND
from aftercare_shopify.headers import Header
from aftercare_shopify.options import Rules
from aftercare_shopify.translate import SHOP_HINT, TRIGGERED_HINT, is_dated, translate

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient


class ShopifyAdapter(ShopAdapter):
    """Verifies, translates, reads, lists and writes for one shop."""

    def __init__(self, shop: Shop, client: ShopifyClient | None = None) -> None:
        self._shop = shop
        self._given = client
        self._rules = Rules.of(shop.options)
        self._limits_told = False

    def verify(self, request: RawRequest) -> Webhook | Ping:
        """Check the signature. Shopify sends no pings: its test notifications are webhooks as well."""
        signature.check(request, self._shop.secrets, shop=self._shop.name)
        hints = {
            name: storable(headers.told(request, header))
            for name, header in ((SHOP_HINT, Header.SHOP), (TRIGGERED_HINT, Header.TRIGGERED))
        }
        return Webhook(
            topic=storable(headers.told(request, Header.TOPIC)),
            body=request.body,
            delivery=storable(headers.told(request, Header.DELIVERY)),
            dated=is_dated(request.body),
            hints={name: text for name, text in hints.items() if text},
        )

    def translate(self, webhook: Webhook) -> tuple[Translation, ...]:
        """Say what the webhook tells, by its body."""
        return translate(webhook, shop=self._shop.name, rules=self._rules)

    def read(self, refs: Iterable[Ref]) -> Iterable[Reading]:
        """Read from the shop."""
        from aftercare_shopify.reading import Reader

        return Reader(self._client(), self._shop.name, self._rules).read(refs)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What can be listed: all of it with a way to a token, nothing without."""
        if not self._can_ask:
            return ()
        from aftercare_shopify.sync import STREAMS

        return STREAMS

    @property
    def watched(self) -> frozenset[str]:
        """Codes: a webhook of theirs may get lost, and no listing is limited to ours."""
        return frozenset({KIND}) if self._can_ask else frozenset()

    def changes(self, since: Cursor) -> Iterable[Page]:
        """List a stream."""
        from aftercare_shopify.sync import Listing

        return Listing(self._client(), self._shop.name, self._rules).changes(since)

    def perform(self, command: ShopCommand) -> Receipt:
        """Carry out a command."""
        from aftercare_shopify.effects import Effects

        return Effects(self._client(), self._shop.name, self._rules).perform(command)

    def tend(self) -> tuple[str, ...]:
        """Make webhooks again that Shopify has deleted, if it may, and say what else is amiss."""
        if not self._can_ask:
            return ()
        from aftercare_shopify.sync import limits
        from aftercare_shopify.webhooks import reactivate

        client = self._client()
        told = [str(finding) for finding in reactivate(client, self._shop)]
        if not self._limits_told:
            # It stays as it is until somebody asks Shopify for more: to say it once is enough.
            told += limits(client, shop=self._shop.name)
            self._limits_told = True
        return (*told, *client.findings())

    @property
    def _can_ask(self) -> bool:
        """Whether there is a way to a token, or a client that has one."""
        ways = ("access_token", "client_id")
        return self._given is not None or any(self._shop.options.get(name) for name in ways)

    def _client(self) -> ShopifyClient:
        """Return what asks the shop; made when first needed, because the library loads slowly."""
        if self._given is None:
            from aftercare_shopify.client import client_of

            self._given = client_of(self._shop)
        return self._given
