"""Tell about plugins, for people and for programs."""

from __future__ import annotations

from typing import TypedDict

from aftercare_sdk.plugins.registry import Plugins


class PluginRow(TypedDict):
    """One line of `aftercare plugins`, ready for JSON."""

    name: str
    distribution: str
    version: str
    hooks: list[str]
    state: str
    error: str


def plugin_rows(plugins: Plugins) -> list[PluginRow]:
    """Return one row per plugin, in the order in which they are called."""
    return [
        PluginRow(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            hooks=list(plugin.hooks),
            state=plugin.state.value,
            error=plugin.error,
        )
        for plugin in plugins.all
    ]
