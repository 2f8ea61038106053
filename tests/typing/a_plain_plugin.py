"""Read by mypy and never run: `--strict` alone is satisfied without `@override` (Python 3.11 has none)."""

# mypy: disable-error-code="explicit-override"

from __future__ import annotations

from collections.abc import Iterable

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, Purpose, SendMessage
from aftercare_sdk.events import Purchase


class Welcome(AftercareHooks):
    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        return [
            SendMessage(template="welcome", label="welcome", purpose=Purpose.SERVICE, reason="first order")
        ]
