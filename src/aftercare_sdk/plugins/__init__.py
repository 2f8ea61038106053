"""Discover, order, check, isolate and describe plugins.

`load_plugins((*find_plugins(), PluginSource(name="welcome", obj=Welcome())), disabled=…, order=…)` makes
`Plugins`; their `implementations("on_purchase")` become `HookCall`s, which a `HookRunner` makes in batches.
"""

from __future__ import annotations

from aftercare_sdk.plugins.backoff import RETRY_DELAYS, retry_delay
from aftercare_sdk.plugins.blame import fault, package_of, place
from aftercare_sdk.plugins.breaker import (
    Breaker,
    BreakerState,
    admit,
    failed,
    reopens_at,
    state_of,
    succeeded,
)
from aftercare_sdk.plugins.describe import PluginRow, plugin_rows
from aftercare_sdk.plugins.discover import GROUP, PluginSource, find_plugins
from aftercare_sdk.plugins.isolate import Failure, FailureKind, HookCall, HookResult, HookRunner, read_only
from aftercare_sdk.plugins.parts import Parts
from aftercare_sdk.plugins.registry import (
    Implementation,
    LoadedPlugin,
    Plugins,
    PluginState,
    load_plugins,
)
from aftercare_sdk.plugins.watch import BUDGET_SECONDS, End, Ended, Observer, Task, Watch

__all__ = [
    "BUDGET_SECONDS",
    "GROUP",
    "RETRY_DELAYS",
    "Breaker",
    "BreakerState",
    "End",
    "Ended",
    "Failure",
    "FailureKind",
    "HookCall",
    "HookResult",
    "HookRunner",
    "Implementation",
    "LoadedPlugin",
    "Observer",
    "Parts",
    "PluginRow",
    "PluginSource",
    "PluginState",
    "Plugins",
    "Task",
    "Watch",
    "admit",
    "failed",
    "fault",
    "find_plugins",
    "load_plugins",
    "package_of",
    "place",
    "plugin_rows",
    "read_only",
    "reopens_at",
    "retry_delay",
    "state_of",
    "succeeded",
]
