"""Connect Shopify shops to aftercare_sdk."""

from __future__ import annotations

from collections.abc import Iterable

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.console import CommandGroup
from aftercare_sdk.model.shops import AdapterType

__all__ = ["Shopify", "plugin"]


class Shopify(AftercareHooks):
    """Offers the adapter `shopify`."""

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        """Offer the kind of shop that `adapter = "shopify"` names in aftercare.toml."""
        from aftercare_shopify.adapter import ShopifyAdapter
        from aftercare_shopify.options import OptionsSchema
        from aftercare_shopify.triggers import SAMPLES

        return (AdapterType(name="shopify", build=ShopifyAdapter, options=OptionsSchema, samples=SAMPLES),)

    @hookimpl
    def register_commands(self) -> Iterable[CommandGroup]:
        """Offer `aftercare shopify …`."""
        return (CommandGroup(name="shopify", build=_commands),)


def _commands() -> object:
    from aftercare_shopify.commands import build

    return build()


plugin = Shopify()
