from __future__ import annotations

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.plugins import PluginSource, PluginState, load_plugins


class Saying(AftercareHooks):
    """A plugin that answers its own word, so that a test sees who was called."""

    def __init__(self, word="word"):
        self.word = word

    @hookimpl
    def on_purchase(self, event, ctx):
        return self.word


def sources(*names):
    """Return plugins of these names, each answering its name."""
    return [
        PluginSource(name=name, obj=Saying(name), distribution=f"dist-{name}", version="1") for name in names
    ]


def answers(plugins, hook="on_purchase"):
    """Return who implements a hook and what each answers."""
    return [(each.plugin, each.function("event", "ctx")) for each in plugins.implementations(hook)]


def test_plugins_are_called_in_the_configured_order():
    """First as configured, then by name, however they were found."""
    plugins = load_plugins(sources("c", "a", "b"), order=["b", "missing"])
    assert ["b", "a", "c"] == [plugin.name for plugin in plugins.all]
    assert [("b", "b"), ("a", "a"), ("c", "c")] == answers(plugins)


def test_a_disabled_plugin_is_listed_and_not_called():
    """It keeps its place in the list."""
    plugins = load_plugins(sources("a", "b"), disabled=["a"])
    assert [PluginState.DISABLED, PluginState.ACTIVE] == [plugin.state for plugin in plugins.all]
    assert ["b"] == [plugin.name for plugin in plugins.active]
    assert [("b", "b")] == answers(plugins)


def test_names_that_no_plugin_has_are_told():
    """A misspelt name in the configuration would otherwise have no effect and no message."""
    plugins = load_plugins(sources("a"), disabled=["flow"], order=["a", "wellcome"])
    assert ("flow", "wellcome") == plugins.unknown_names


def test_a_hook_that_nobody_implements_has_no_implementations():
    """A hook that this release does not have is the caller's mistake."""
    plugins = load_plugins(sources("a"))
    assert () == plugins.implementations("on_refund")
    with pytest.raises(KeyError):
        plugins.implementations("on_thunderstorm")


def test_implementations_take_what_they_ask_for():
    """Event and context, one of them, none, in any order and with defaults: the caller passes both."""

    class Both(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, ctx):
            return (event, ctx)

    class Swapped(AftercareHooks):
        @hookimpl
        def on_purchase(self, ctx, event):
            return (event, ctx)

    class Event(AftercareHooks):
        @hookimpl
        def on_purchase(self, event):
            return event

    class Ctx(AftercareHooks):
        @hookimpl
        def on_purchase(self, ctx):
            return ctx

    class Nothing(AftercareHooks):
        @hookimpl
        def on_purchase(self):
            return "nothing"

    class Default(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, ctx=None):
            return (event, ctx)

    class Positional(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, ctx="default", /):
            return (event, ctx)

    kinds = [Both, Swapped, Event, Ctx, Nothing, Default, Positional]
    named = [PluginSource(name=kind.__name__, obj=kind()) for kind in kinds]
    plugins = load_plugins(named, order=[kind.__name__ for kind in kinds])
    both = ("event", "ctx")
    expected = [both, both, "event", "ctx", "nothing", both, both]
    assert expected == [answer for _, answer in answers(plugins)]


def test_each_load_is_a_world_of_its_own():
    """Nothing global is left behind: the same object may be loaded again, elsewhere and otherwise."""
    source = sources("a")
    first, second = load_plugins(source), load_plugins(source, disabled=["a"])
    assert [("a", "a")] == answers(first)
    assert [] == answers(second)


def test_one_object_under_two_names_is_refused():
    """Its memory and its messages would be filed under both."""
    plugin = Saying()
    loaded = load_plugins([PluginSource(name="a", obj=plugin), PluginSource(name="b", obj=plugin)]).all
    assert [PluginState.ACTIVE, PluginState.REFUSED] == [each.state for each in loaded]
    assert "it is the same object as plugin 'a', or equal to it" in loaded[1].error


def test_a_plugin_that_cannot_even_be_examined_fails_alone():
    """However odd an object is, the others stay."""

    class Unequal(Saying):
        __hash__ = None

        def __eq__(self, other):
            raise LookupError("nothing equals me")

    class Unreadable(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, ctx):
            return []

        on_purchase.__signature__ = "(self, event, ctx)"

    class Equal(Saying):
        __hash__ = None

        def __eq__(self, other):
            return True

    odd = {"b": Unreadable(), "c": Unequal(), "d": Equal()}
    plugins = load_plugins(
        [*(PluginSource(name=name, obj=plugin) for name, plugin in odd.items()), *sources("a", "e")],
        order=["b", "c", "d"],
    )
    errors = {plugin.name: plugin.error for plugin in plugins.all if plugin.state is not PluginState.ACTIVE}
    assert ["b", "c", "d"] == sorted(errors)
    assert "plugin 'b' (given by the application): examining it raised TypeError" in errors["b"]
    assert "examining it raised LookupError in tests/unit/plugins/test_registry.py" in errors["c"]
    assert "it equals everything; mend its `__eq__`" in errors["d"]
    assert [("a", "a"), ("e", "e")] == answers(plugins)


def test_only_active_plugins_have_an_instance_and_hooks():
    """Nobody can call by accident what was refused."""
    loaded = load_plugins([*sources("a"), PluginSource(name="b", obj=Saying)], disabled=["a"]).all
    assert [(None, ()), (None, ())] == [(plugin.instance, plugin.hooks) for plugin in loaded]
    assert [None, None] == [plugin.config_schema for plugin in loaded]


def test_an_author_s_settings_schema_can_be_asked_for():
    """The configuration reads the section of a plugin with it."""
    from marshmallow import Schema

    class Settings(Schema):
        pass

    class Plugin(Saying):
        config_schema = Settings

    (loaded,) = load_plugins([PluginSource(name="a", obj=Plugin())]).all
    assert Settings is loaded.config_schema


def test_the_implementations_can_be_run(call, runner):
    """A failure in a hook that takes only the event is located in the plugin, not in what calls it."""

    class Failing(AftercareHooks):
        @hookimpl
        def on_purchase(self, event):
            raise LookupError

    (hook,) = load_plugins([PluginSource(name="a", obj=Failing())]).implementations("on_purchase")
    (result,) = runner.run([call(hook.function, plugin=hook.plugin)])
    line = Failing.on_purchase.__code__.co_firstlineno + 2
    assert f"tests/unit/plugins/test_registry.py:{line}" == result.failure.where
