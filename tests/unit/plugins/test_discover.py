from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.errors import PluginError
from aftercare_sdk.plugins import PluginSource, PluginState, find_plugins, load_plugins
from aftercare_sdk.plugins.discover import in_order, load

WELCOME = """
from aftercare_sdk import AftercareHooks, hookimpl

class Welcome(AftercareHooks):
    @hookimpl
    def on_purchase(self, event, ctx):
        return []

plugin = Welcome()
"""


def found(name):
    """Return what is installed under a name; other plugins of this environment are none of our business."""
    return [source for source in find_plugins() if source.name == name]


def loaded(name, **settings):
    """Load only what is installed under a name."""
    (plugin,) = load_plugins(found(name), **settings).all
    return plugin


def test_an_installed_plugin_is_found_by_its_metadata(install):
    """Name, distribution and version are known before anything is imported."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME, version="1.2")
    (source,) = found("welcome")
    assert ("welcome", "aftercare-welcome", "1.2") == (source.name, source.distribution, source.version)
    assert "plugin 'welcome' (aftercare-welcome 1.2)" == source.title
    assert "aftercare_welcome" not in sys.modules


def test_an_installed_plugin_is_imported_and_active(install):
    """What an entry point names becomes a plugin."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME)
    plugin = loaded("welcome")
    assert (PluginState.ACTIVE, ("on_purchase",)) == (plugin.state, plugin.hooks)
    assert "Welcome" == type(plugin.instance).__name__


def test_a_disabled_plugin_is_never_imported(install):
    """Its code does not run, not even its import; it is listed nevertheless."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME)
    plugin = loaded("welcome", disabled=["welcome"])
    assert (PluginState.DISABLED, None, "") == (plugin.state, plugin.instance, plugin.error)
    assert "aftercare_welcome" not in sys.modules


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        (
            "import a_library_that_is_missing",
            "plugin",
            "ModuleNotFoundError in aftercare_broken.py:1: No module",
        ),
        ("raise RuntimeError('key ck_1a2b3c4d5e6f7a8b9c0d')", "plugin", "py:1: key [token]"),
        ("import sys\nsys.exit(3)", "plugin", "SystemExit in aftercare_broken.py:2: 3"),
        ("def (", "plugin", "SyntaxError"),
        ("other = 1", "plugin", "AttributeError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_listed_and_the_others_stay(install, source, target, complaint):
    """A broken import is that plugin's failure: named, with its distribution and version, and redacted."""
    install("aftercare-broken", {"broken": f"aftercare_broken:{target}"}, source, version="0.9")
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME, site="other")
    plugins = load_plugins([*found("broken"), *found("welcome")])
    broken, welcome = plugins.all
    assert PluginState.FAILED is broken.state
    assert broken.error.startswith(
        f"plugin 'broken' (aftercare-broken 0.9) cannot be imported from 'aftercare_broken:{target}': "
    )
    assert complaint in broken.error
    assert 'switch it off: `disabled = ["broken"]` under [plugins] in aftercare.toml' in broken.error
    assert PluginState.ACTIVE is welcome.state
    assert ["welcome"] == [each.plugin for each in plugins.implementations("on_purchase")]


def test_a_module_that_is_missing_altogether_is_reported(install):
    """An entry point may point to nothing."""
    install("aftercare-broken", {"broken": "aftercare_elsewhere:plugin"}, "")
    assert "No module named 'aftercare_elsewhere'" in loaded("broken").error


def test_two_distributions_with_one_name_are_an_error_that_names_both(install):
    """None of them is dropped in silence, and neither is imported."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME, version="1.0")
    install("better-welcome", {"welcome": "better_welcome:plugin"}, WELCOME, version="2.0", site="other")
    with pytest.raises(PluginError) as caught:
        load_plugins(found("welcome"))
    assert str(caught.value).startswith(
        "plugin 'welcome' (aftercare-welcome 1.0) and plugin 'welcome' (better-welcome 2.0) "
        "have the same name"
    )
    assert not {"aftercare_welcome", "better_welcome"} & set(sys.modules)


def test_two_plugins_of_one_name_may_both_be_disabled(install):
    """What takes no part cannot be mistaken for something else."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME)
    install("better-welcome", {"welcome": "better_welcome:plugin"}, WELCOME, site="other")
    plugins = load_plugins(found("welcome"), disabled={"welcome"})
    assert [PluginState.DISABLED] * 2 == [plugin.state for plugin in plugins.all]


def test_an_application_cannot_take_the_name_of_an_installed_plugin(install):
    """The application's own plugin is named as such in the message."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME)
    with pytest.raises(PluginError, match=r"'welcome' \(given by the application\) have the same name"):
        load_plugins([*found("welcome"), PluginSource(name="welcome", obj=object())])


def test_the_same_distribution_twice_on_the_path_is_one_plugin(install):
    """A copy that is hidden by another one cannot be imported, so it does not count."""
    install("aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME, version="1.0")
    install(
        "aftercare-welcome", {"welcome": "aftercare_welcome:plugin"}, WELCOME, version="2.0", site="other"
    )
    assert ["2.0"] == [source.version for source in found("welcome")]


def test_a_distribution_may_bring_several_plugins(install):
    """Each entry point is a plugin of its own."""
    install(
        "aftercare-two",
        {"two-a": "aftercare_two:first", "two-b": "aftercare_two:second"},
        WELCOME + "first, second = Welcome(), Welcome()",
    )
    plugins = load_plugins([*found("two-b"), *found("two-a")])
    assert ["two-a", "two-b"] == [plugin.name for plugin in plugins.active]


def test_an_interrupt_during_an_import_is_the_users(monkeypatch):
    """Ctrl-C while plugins are loaded ends the command; it is no plugin's failure."""

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(EntryPoint, "load", interrupted)
    entry_point = EntryPoint(name="slow", value="slow:plugin", group="aftercare")
    with pytest.raises(KeyboardInterrupt):
        load(PluginSource(name="slow", entry_point=entry_point))


@given(st.permutations(["a", "b", "c", "d"]), st.lists(st.sampled_from(["a", "b", "c", "d", "other"])))
def test_order_is_as_configured_and_then_by_name(names, order):
    """Whatever order plugins are found in, the configured names come first and the rest by name."""
    configured = [name for name in dict.fromkeys(order) if name != "other"]
    expected = [*configured, *sorted(set(names) - set(configured))]
    sources = in_order([PluginSource(name=name) for name in names], order)
    assert expected == [source.name for source in sources]
