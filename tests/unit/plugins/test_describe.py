from __future__ import annotations

import json

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.plugins import PluginSource, load_plugins, plugin_rows


class Welcome(AftercareHooks):
    """A sound plugin."""

    @hookimpl
    def on_refund(self, event, ctx):
        return []

    @hookimpl
    def on_purchase(self, event, ctx):
        return []


def test_each_plugin_is_a_row_that_json_can_hold():
    """What `aftercare plugins --json` prints: the same fields for sound, refused and disabled plugins."""
    plugins = load_plugins(
        [
            PluginSource(name="welcome", obj=Welcome(), distribution="aftercare-welcome", version="1.2"),
            PluginSource(name="quiet", obj=Welcome(), distribution="aftercare-quiet", version="1.0"),
            PluginSource(name="wrong", obj=Welcome),
        ],
        disabled=["quiet"],
    )
    quiet, welcome, wrong = plugin_rows(plugins)
    assert {
        "name": "welcome",
        "distribution": "aftercare-welcome",
        "version": "1.2",
        "hooks": ["on_purchase", "on_refund"],
        "state": "active",
        "error": "",
    } == welcome
    assert ("disabled", [], "") == (quiet["state"], quiet["hooks"], quiet["error"])
    assert ("refused", []) == (wrong["state"], wrong["hooks"])
    assert wrong["error"].startswith("plugin 'wrong' (given by the application): it is the class Welcome")
    assert [quiet, welcome, wrong] == json.loads(json.dumps(plugin_rows(plugins)))
