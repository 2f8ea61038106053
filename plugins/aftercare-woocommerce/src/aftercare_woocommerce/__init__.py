"""Connect WooCommerce shops to aftercare_sdk."""

from __future__ import annotations

from collections.abc import Iterable

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.console import CommandGroup
from aftercare_sdk.model.shops import AdapterType

__all__ = ["WooCommerce", "plugin"]


class WooCommerce(AftercareHooks):
    """Offers the adapter `woocommerce`."""

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        """Offer the kind of shop that `adapter = "woocommerce"` names in aftercare.toml."""
        from aftercare_woocommerce.adapter import WooCommerceAdapter
        from aftercare_woocommerce.options import OptionsSchema
        from aftercare_woocommerce.triggers import SAMPLES

        return (
            AdapterType(name="woocommerce", build=WooCommerceAdapter, options=OptionsSchema, samples=SAMPLES),
        )

    @hookimpl
    def register_commands(self) -> Iterable[CommandGroup]:
        """Offer `aftercare woocommerce …`."""
        return (CommandGroup(name="woocommerce", build=_commands),)


def _commands() -> object:
    from aftercare_woocommerce.commands import build

    return build()


plugin = WooCommerce()
