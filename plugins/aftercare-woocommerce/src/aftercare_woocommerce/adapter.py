"""The WooCommerce adapter: one instance serves one shop."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.model.shops import Ping, RawRequest, Reading, Ref, Shop, ShopAdapter, Translation, Webhook
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_sdk.shops.payloads import storable
from aftercare_woocommerce import signature
from aftercare_woocommerce.client import Client, RestClient
from aftercare_woocommerce.codes import KIND
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.reading import Reader
from aftercare_woocommerce.recorded import RecordedClient
from aftercare_woocommerce.translate import translate

# Cheap, because it runs while the shop waits for the answer. Inside a string the quotes are escaped.
_DATED = re.compile(rb'"date_modified_gmt"\s*:\s*"')


class WooCommerceAdapter(ShopAdapter):
    """Verifies, translates, reads, lists and writes for one shop."""

    def __init__(self, shop: Shop, client: Client | None = None) -> None:
        self._shop = shop
        self._given = client
        self._rules = Rules.of(shop.options)
        # What `tend` has told last, so that what stays amiss is not told every quarter of an hour.
        self._told: frozenset[str] = frozenset()

    def verify(self, request: RawRequest) -> Webhook | Ping:
        """Check the signature. The ping of a new webhook has none and asks for nothing."""
        if signature.is_ping(request):
            return Ping()
        signature.check(request, self._shop.secrets, shop=self._shop.name)
        return Webhook(
            topic=storable(request.header("X-WC-Webhook-Topic")),
            body=request.body,
            delivery=storable(request.header("X-WC-Webhook-Delivery-ID")),
            dated=_DATED.search(request.body) is not None,
        )

    def translate(self, webhook: Webhook) -> tuple[Translation, ...]:
        """Say what the webhook tells, by its body."""
        return translate(webhook, shop=self._shop.name, rules=self._rules)

    def read(self, refs: Iterable[Ref]) -> Iterable[Reading]:
        """Read from the shop, or from the recordings where `read_from` says so."""
        return Reader(self._client(), self._shop.name, self._rules).read(refs)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What can be listed: all of it with credentials, nothing without, and nothing of recordings."""
        configured = isinstance(self._given, RestClient) or bool(self._shop.options.get("consumer_key"))
        if not configured or self._shop.options.get("read_from") == "recordings":
            return ()
        from aftercare_woocommerce.sync import STREAMS

        return STREAMS

    @property
    def watched(self) -> frozenset[str]:
        """Coupons: nothing is told of one that is deleted for good, and lists cannot be limited to ours."""
        return frozenset({KIND}) if self.streams else frozenset()

    def changes(self, since: Cursor) -> Iterable[Page]:
        """List a stream."""
        from aftercare_woocommerce.sync import Listing

        return Listing(self._client(), self._shop.name, self._rules).changes(since)

    def perform(self, command: ShopCommand) -> Receipt:
        """Carry out a command."""
        from aftercare_woocommerce.effects import Effects

        client = self._client()
        if not isinstance(client, RestClient):
            raise ConfigurationError(
                f"shop {self._shop.name!r}: recordings take no commands; give the shop credentials instead "
                "of `read_from`"
            )
        return Effects(client, self._shop.name).perform(command)

    def tend(self) -> tuple[str, ...]:
        """Make webhooks active again that WooCommerce has switched off, and say which.

        That can be done where `webhooks_url` says which webhooks are ours to switch on; without it they are
        told only. What stays as it is is told once.
        """
        from aftercare_woocommerce.webhooks import reactivate

        client = self._client()
        if not isinstance(client, RestClient):
            return ()
        url = str(self._shop.options.get("webhooks_url") or "")
        findings = reactivate(client, shop=self._shop.name, url=url)
        before, self._told = self._told, frozenset(str(each) for each in findings if not each.mended)
        return tuple(str(each) for each in findings if each.mended or str(each) not in before)

    def _client(self) -> Client:
        """Return what asks the shop; made when first needed, because the library loads slowly."""
        if self._given is None:
            self._given = _client(self._shop)
        return self._given


def rest_client(shop: Shop) -> RestClient:
    """Return a client with the credentials of a configured shop. Raises ConfigurationError without them."""
    url, key, secret = (shop.options.get(name) for name in ("url", "consumer_key", "consumer_secret"))
    if not (url and key and secret):
        raise ConfigurationError(
            f"shop {shop.name!r}: there are no credentials to ask it with: set `url`, `consumer_key` and "
            f"`consumer_secret` under [shops.{shop.name}] (WooCommerce > Settings > Advanced > REST API); "
            '`read_from = "recordings"` is for trying out without a shop'
        )
    return RestClient(shop=shop.name, url=url, consumer_key=key, consumer_secret=secret)


def _client(shop: Shop) -> Client:
    if shop.options.get("read_from") == "recordings":
        return RecordedClient()
    return rest_client(shop)
