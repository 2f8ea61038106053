"""Everything an online shop does after the sale, as plugins on one core.

A program author needs `AftercareHooks` and `hookimpl` from here, `aftercare_sdk.events` and
`aftercare_sdk.actions`. A shop needs `Aftercare` and `RawRequest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.shops import RawRequest

if TYPE_CHECKING:
    from aftercare_sdk.engine.app import Aftercare

__version__ = "0.1.0"

__all__ = ["Aftercare", "AftercareHooks", "Context", "RawRequest", "__version__", "hookimpl"]


def __getattr__(name: str) -> Any:
    """Load the engine, and with it the database layer, only when it is asked for."""
    if name == "Aftercare":
        from aftercare_sdk.engine.app import Aftercare

        return Aftercare
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
