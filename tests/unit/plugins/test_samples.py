from __future__ import annotations

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.shops import AdapterType
from aftercare_sdk.plugins import PluginSource, load_plugins


def build(shop):
    """Stand for what makes an adapter."""


def sample(shop, order):
    """Stand for what makes a request."""


def load(samples):
    """Load a plugin whose adapter offers these samples."""

    class Tea(AftercareHooks):
        @hookimpl
        def register_adapters(self):
            return [AdapterType(name="tea", build=build, samples=samples)]

    return load_plugins([PluginSource(name="tea", obj=Tea())])


def test_an_adapter_needs_no_samples():
    """Those that were written before there were any stay as they are."""
    assert {} == AdapterType(name="tea", build=build).samples == load({}).parts.adapters["tea"].samples


def test_samples_are_functions_or_sentences():
    """They arrive as they were given, in a mapping that nobody can change, not even the plugin."""
    given = {"purchase": sample, "delivery": "Tea shops do not tell"}
    offered = load(given).parts.adapters["tea"].samples
    assert given == offered
    given["refund"] = sample
    assert "refund" not in offered
    with pytest.raises(TypeError):
        offered["refund"] = sample


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (["purchase"], "AdapterType.samples must be a mapping of str to functions, not list"),
        ({"purchase": 1}, "one must be callable, and int is not"),
        ({"purchase": ""}, "one must not be empty"),
        ({1: sample}, "one must be a str, not int"),
    ],
)
def test_nonsense_is_refused(samples, words):
    """With what it must be."""
    (plugin,) = load(samples).all
    assert words in plugin.error
