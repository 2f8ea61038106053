"""The adapter of custom shops: one instance serves one shop."""

from __future__ import annotations

from collections.abc import Iterable

from aftercare_customshop import signature
from aftercare_customshop.options import Rules
from aftercare_customshop.translate import PING, announcement, translate
from aftercare_sdk.errors import ConfigurationError, SettingsError
from aftercare_sdk.model.shops import Ping, RawRequest, Reading, Ref, Shop, ShopAdapter, Translation, Webhook


class CustomShopAdapter(ShopAdapter):
    """Verifies and translates for one shop."""

    def __init__(self, shop: Shop) -> None:
        """Raise SettingsError, with the cure, for a secret that cannot be one."""
        self._shop = shop
        self._rules = Rules.of(shop)
        self._keys = _keys(shop)

    def verify(self, request: RawRequest) -> Webhook | Ping:
        """Check signature and age. The message is stored whatever it says, unless it is a ping."""
        delivery = signature.check(request, self._keys, shop=self._shop.name)
        told = announcement(request.body)
        if told.type == PING:
            return Ping()
        return Webhook(topic=told.type, body=request.body, delivery=delivery, dated=told.dated)

    def translate(self, webhook: Webhook) -> tuple[Translation, ...]:
        """Say what the message tells."""
        return translate(webhook.body, self._rules)

    def read(self, refs: Iterable[Ref]) -> Iterable[Reading]:
        """Raise ConfigurationError: nobody has said yet where a custom shop can be read."""
        raise ConfigurationError(
            f"shop {self._shop.name!r}: there is nothing to read from: this release of aftercare-customshop "
            "cannot read a shop yet; until then let every message carry its date (updated_at, deleted_at)"
        )


def _keys(shop: Shop) -> tuple[bytes, ...]:
    keys: list[bytes] = []
    problems: list[str] = []
    for number, secret in enumerate(shop.secrets, 1):
        try:
            keys.append(signature.key_of(secret))
        except ValueError as error:
            problems.append(f"shops.{shop.name}: secret {number} of {len(shop.secrets)} {error}")
    if problems:
        raise SettingsError("the configuration", tuple(problems))
    return tuple(keys)
