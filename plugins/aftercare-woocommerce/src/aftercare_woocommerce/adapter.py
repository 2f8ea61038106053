"""The WooCommerce adapter: one instance serves one shop."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.shops import Ping, RawRequest, Reading, Ref, Shop, Translation, Webhook
from aftercare_woocommerce import signature
from aftercare_woocommerce.client import Client
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.reading import Reader
from aftercare_woocommerce.recorded import RecordedClient
from aftercare_woocommerce.schemas import storable
from aftercare_woocommerce.translate import translate

# Cheap, because it runs while the shop waits for the answer. Inside a string the quotes are escaped.
_DATED = re.compile(rb'"date_modified_gmt"\s*:\s*"')


class WooCommerceAdapter:
    """Verifies, translates and reads for one shop."""

    def __init__(self, shop: Shop, client: Client | None = None) -> None:
        if client is None and shop.options.get("read_from") == "recordings":
            client = RecordedClient()
        self._shop = shop
        self._client = client
        self._rules = Rules.of(shop.options)

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
        if self._client is None:
            raise ConfigurationError(
                f"shop {self._shop.name!r}: there is nothing to read from: this release of "
                "aftercare-woocommerce has no REST client yet, and `read_from` is not set "
                '(`read_from = "recordings"` is for trying out)'
            )
        return Reader(self._client, self._shop.name, self._rules).read(refs)
