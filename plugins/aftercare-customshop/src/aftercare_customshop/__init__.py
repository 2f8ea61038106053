"""Connect home-made shops to aftercare_sdk."""

from __future__ import annotations

from collections.abc import Iterable

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.shops import AdapterType

__all__ = ["CustomShop", "plugin"]


class CustomShop(AftercareHooks):
    """Offers the adapter `customshop`."""

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        """Offer the kind of shop that `adapter = "customshop"` names in aftercare.toml."""
        from aftercare_customshop.adapter import CustomShopAdapter
        from aftercare_customshop.options import OptionsSchema
        from aftercare_customshop.triggers import SAMPLES

        return (
            AdapterType(name="customshop", build=CustomShopAdapter, options=OptionsSchema, samples=SAMPLES),
        )


plugin = CustomShop()
