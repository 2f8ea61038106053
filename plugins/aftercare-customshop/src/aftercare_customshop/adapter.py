"""The adapter of custom shops: one instance serves one shop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aftercare_customshop import signature
from aftercare_customshop.options import Rules
from aftercare_customshop.translate import PING, announcement, translate
from aftercare_sdk.errors import ConfigurationError, SettingsError
from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.model.shops import Ping, RawRequest, Reading, Ref, Shop, ShopAdapter, Translation, Webhook
from aftercare_sdk.model.sync import Cursor, Page, Stream

if TYPE_CHECKING:
    from aftercare_customshop.client import Client
    from aftercare_customshop.pulling import Reader


class CustomShopAdapter(ShopAdapter):
    """Verifies, translates, reads, lists and posts for one shop."""

    def __init__(self, shop: Shop) -> None:
        """Raise SettingsError, with the cure, for a secret that cannot be one."""
        self._shop = shop
        self._rules = Rules.of(shop)
        self._streams = self._rules.streams
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
        """Ask the shop, one object after the other."""
        return self._reader().read(refs)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What can be listed; nothing without `read_url`."""
        return self._streams

    def changes(self, since: Cursor) -> Iterable[Page]:
        """List a stream."""
        reader = self._reader()
        names = [each.name for each in self._streams]
        if since.stream not in names:
            raise ConfigurationError(
                f"shop {self._shop.name!r}: there is no stream {since.stream!r}, but {', '.join(names)}"
            )
        return reader.changes(since)

    def perform(self, command: ShopCommand) -> Receipt:
        """Post a command to the shop."""
        from aftercare_customshop.effects import Effects

        url = self._rules.effects_url
        if not url:
            raise ConfigurationError(
                f"shop {self._shop.name!r}: there is nobody to tell what programs decide: set "
                f"`effects_url` under [shops.{self._shop.name}], where the shop takes signed messages"
            )
        return Effects(self._client("effects_url", url), self._shop.name).perform(command)

    def _reader(self) -> Reader:
        url = self._rules.read_url
        if not url:
            raise ConfigurationError(
                f"shop {self._shop.name!r}: there is nothing to read from: set `read_url` under "
                f"[shops.{self._shop.name}]; until then let every message carry its date (updated_at, "
                "deleted_at)"
            )
        from aftercare_customshop.pulling import Reader

        return Reader(self._client("read_url", url), self._rules)

    def _client(self, option: str, url: str) -> Client:
        """Return what asks the shop. Loaded when first needed: the endpoint has no use for it."""
        from aftercare_customshop.client import Client

        if not self._shop.secrets:
            raise ConfigurationError(
                f"shop {self._shop.name!r}: nothing can be signed for `{option}`: set `secret` under "
                f"[shops.{self._shop.name}], the same that the shop has"
            )
        return Client(shop=self._shop.name, option=option, url=url, secret=self._shop.secrets[0])


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
