from __future__ import annotations

import functools
import types

import pytest
from marshmallow import Schema

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.plugins import PluginSource, PluginState, load_plugins


def refusal(plugin, name="welcome"):
    """Return why a plugin is refused, or nothing if it is not."""
    source = PluginSource(name=name, obj=plugin, distribution="aftercare-welcome", version="1.2")
    (loaded,) = load_plugins([source]).all
    assert (PluginState.REFUSED if loaded.error else PluginState.ACTIVE) is loaded.state
    for line in loaded.error.splitlines():
        assert line.startswith(f"plugin {name!r} (aftercare-welcome 1.2): ")
    return loaded.error


class Sound(AftercareHooks):
    """A plugin with nothing wrong, to derive from."""

    @hookimpl
    def on_purchase(self, event, ctx):
        return []


class Settings(Schema):
    """A section in aftercare.toml."""


def test_a_sound_plugin_is_not_refused():
    """Hooks that are only inherited from the specification are no implementations."""
    assert "" == refusal(Sound())


def test_a_class_instead_of_an_instance_is_refused():
    """An entry point that names the class is the commonest mistake."""
    expected = "it is the class Sound, not an instance; write `plugin = Sound()`"
    assert expected in refusal(Sound)


@pytest.mark.parametrize(
    ("thing", "described"),
    [
        (None, "an object of type NoneType without a single hook"),
        ("aftercare_welcome:plugin", "an object of type str without a single hook"),
        (len, "an object of type builtin_function_or_method without a single hook"),
        (refusal, "the function refusal without a single hook"),
        (functools, "the module functools without a single hook"),
        (AftercareHooks(), "an object of type AftercareHooks without a single hook"),
    ],
)
def test_what_implements_nothing_is_refused(thing, described):
    """A plugin that could never do anything is a mistake that should be seen."""
    assert f"it is {described}; mark its functions with @hookimpl" in refusal(thing)


def test_async_hooks_are_refused():
    """Nothing awaits a hook."""

    class Plugin(AftercareHooks):
        @hookimpl
        async def on_purchase(self, event, ctx):
            return []

        @hookimpl
        async def on_refund(self, event, ctx):
            yield

    found = refusal(Plugin())
    assert "hook on_purchase, implemented by Plugin.on_purchase(self, event, ctx): hooks are plain" in found
    assert "hook on_refund, implemented by" in found
    assert 2 == found.count("write `def` instead of `async def`")


def test_keyword_only_parameters_are_refused():
    """They would never be filled."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, *, ctx):
            return []

    expected = (
        "hook on_purchase, implemented by Plugin.on_purchase(self, event, *, ctx): "
        "parameter ctx is keyword-only and would never be filled; move it before the `*` "
        "(the parameters may be event, ctx)"
    )
    assert expected in refusal(Plugin())


def test_other_parameters_are_refused():
    """Also one with a default, which would always have its default."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchase(self, order, ctx, days=3):
            return []

        @hookimpl
        def register_flows(self, ctx):
            return []

    found = refusal(Plugin())
    assert "the hook has no parameter order; leave it out (the parameters may be event, ctx)" in found
    assert "the hook has no parameter days; leave it out" in found
    assert "the hook has no parameter ctx; leave it out (it takes no parameters)" in found


def test_open_parameter_lists_are_refused():
    """Only what is named is passed, so `*args` would always be empty."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchase(self, *args):
            return []

        @hookimpl
        def on_refund(self, **kwargs):
            return []

    found = refusal(Plugin())
    assert (
        "parameter *args would always be empty; name what you need (the parameters may be event, ctx)"
        in found
    )
    assert "parameter **kwargs would always be empty" in found


def test_a_forgotten_self_is_named():
    """Python's own message for it would be about the number of arguments, at the first purchase."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchase(event, ctx):  # noqa: N805 - the mistake under test
            return []

        @hookimpl
        def on_refund():
            return []

    assert 2 == refusal(Plugin()).count("`self` is missing; write it as the first parameter")


def test_a_hook_without_the_decorator_is_refused():
    """It would be ignored in silence."""

    class Plugin(Sound):
        def on_refund(self, event, ctx):
            return []

        def on_purchse(self, event, ctx):
            return []

        def register_things(self):
            return []

    found = refusal(Plugin())
    assert (
        "Plugin.on_refund(self, event, ctx) looks like a hook but is not marked, "
        "so it would never be called; put @hookimpl directly above its `def`, "
        "or begin its name with _ if it is none" in found
    )
    assert "Plugin.on_purchse(self, event, ctx) looks like a hook" in found
    assert "(did you mean on_purchase?)" in found
    assert "Plugin.register_things(self) looks like a hook" in found


def test_an_override_that_lost_the_decorator_is_refused():
    """The mark of the method that it replaces does not count for it."""

    class Plugin(Sound):
        def on_purchase(self, event, ctx):
            return None

    assert "Plugin.on_purchase(self, event, ctx) looks like a hook but is not marked" in refusal(Plugin())


def test_a_hook_that_is_no_function_is_refused():
    """Whatever stands under a hook's name must be one."""

    class Callable:
        def __call__(self, event, ctx):
            return []

    class Plugin(Sound):
        on_refund = Callable()
        on_timer = property(str)
        on_anything = functools.partial(print)

    found = refusal(Plugin())
    assert "on_refund looks like a hook but is a Callable, not a function" in found
    assert "on_timer looks like a hook but is a property, not a function" in found
    assert "on_anything looks like a hook but is a partial, not a function" in found


def test_other_names_are_the_plugins_own_business():
    """Values, private helpers and properties are no hooks, and properties are not run by the check."""

    class Plugin(Sound):
        on_sale = ("tea",)
        on_refund = None
        once = print

        def _on_purchase(self, event, ctx):
            return []

        def register(self):
            return []

        @property
        def on_demand(self):
            raise AssertionError("the check ran code of the plugin")

        @property
        def anything(self):
            raise AssertionError("the check ran code of the plugin")

    assert "" == refusal(Plugin())


def test_an_unknown_hook_is_refused_with_what_may_be_meant():
    """A misspelt name would register in silence."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchases(self, event, ctx):
            return []

        @hookimpl(specname="on_delivry")
        def when_it_came(self, event, ctx):
            return []

    found = refusal(Plugin())
    assert (
        "hook on_purchases, implemented by Plugin.on_purchases(self, event, ctx): there is no such hook"
        in found
    )
    assert "(did you mean on_purchase?)" in found
    assert "hook on_delivry, implemented by Plugin.when_it_came" in found
    assert "(did you mean on_delivery?)" in found
    assert "this one has on_purchase, on_shipment" in found


def test_a_hook_of_another_release_may_be_optional():
    """A plugin may serve several releases of the SDK, if it says so."""

    class Plugin(Sound):
        @hookimpl(optionalhook=True)
        def on_thunderstorm(self, event, ctx):
            return []

    assert "" == refusal(Plugin())


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}])
def test_wrappers_are_refused(options):
    """A wrapper would run around other plugins."""

    class Plugin(AftercareHooks):
        @hookimpl(**options)
        def on_purchase(self, event, ctx):
            return (yield)

    assert "wrappers run around other plugins, and each plugin is called alone" in refusal(Plugin())


@pytest.mark.parametrize("options", [{"tryfirst": True}, {"trylast": True}])
def test_plugins_cannot_choose_their_place(options):
    """The order belongs to whoever runs the shop."""

    class Plugin(AftercareHooks):
        @hookimpl(**options)
        def on_purchase(self, event, ctx):
            return []

    assert "tryfirst and trylast have no effect; leave them out" in refusal(Plugin())


def test_one_plugin_implements_a_hook_once():
    """Of two functions for one hook, the actions could not be told apart."""

    class Plugin(AftercareHooks):
        @hookimpl
        def on_purchase(self, event, ctx):
            return []

        @hookimpl(specname="on_purchase")
        def also(self, event, ctx):
            return []

    expected = "hook on_purchase: implemented twice, by also and on_purchase; make one function of them"
    assert expected in refusal(Plugin())


@pytest.mark.parametrize("name", ["", "two words", "-x", "挨拶", "x" * 101, "disabled", "order"])
def test_a_name_that_cannot_be_a_section_is_refused(name):
    """The name is a section of aftercare.toml."""
    assert f"the name {name!r} cannot be a name of a section" in refusal(Sound(), name)


def test_a_settings_schema_must_be_a_marshmallow_class():
    """An instance, or a class of something else, is named as what it is."""

    class Plugin(Sound):
        config_schema = Settings

    assert "" == refusal(Plugin())
    Plugin.config_schema = Settings()
    assert "config_schema is an instance of a marshmallow schema; give the class, without ()" in refusal(
        Plugin()
    )
    Plugin.config_schema = {"days": int}
    assert "config_schema is an object of type dict; it must be a class derived from" in refusal(Plugin())
    Plugin.config_schema = Sound
    assert "config_schema is the class Sound; it must be a class derived from" in refusal(Plugin())
    Plugin.config_schema = property(abs)
    assert "reading config_schema raised TypeError" in refusal(Plugin())


def test_everything_that_is_wrong_is_said_at_once():
    """An author mends all of it in one go."""

    class Plugin(AftercareHooks):
        config_schema = 1

        @hookimpl
        async def on_purchase(self, *, event):
            return []

        def on_refund(self, event, ctx):
            return []

    assert 4 == len(refusal(Plugin()).splitlines())


def test_methods_of_all_kinds_may_be_hooks():
    """Static and class methods, functions on the instance, inherited and wrapped methods are taken."""

    def traced(function):
        @functools.wraps(function)
        def traced_function(*args, **kwargs):
            return function(*args, **kwargs)

        return traced_function

    class Plugin(Sound):
        def __init__(self):
            self.on_timer = hookimpl(lambda event: [event])

        @staticmethod
        @hookimpl
        def on_refund(event):
            return [event]

        @classmethod
        @hookimpl
        def on_shipment(cls, event, ctx):
            return [event, ctx]

        @hookimpl
        @traced
        def on_delivery(self, event, ctx):
            return []

    (loaded,) = load_plugins([PluginSource(name="kinds", obj=Plugin())]).all
    assert "" == loaded.error
    assert ("on_purchase", "on_shipment", "on_delivery", "on_refund", "on_timer") == loaded.hooks


def test_a_plugin_need_not_derive_from_the_specification():
    """A plain object with marked methods is a plugin too."""

    class Plain:
        @hookimpl
        def on_purchase(self, event):
            return []

    assert "" == refusal(Plain())


def test_a_module_may_be_a_plugin():
    """Its functions are hooks; what it imported from elsewhere is not its own."""
    module = types.ModuleType("welcome_module")
    source = """
from aftercare_sdk import hookimpl
from atexit import register as register_cleanup

@hookimpl
def on_purchase(event, ctx):
    return []
"""
    exec(source, module.__dict__)  # noqa: S102 - the quickest way to a module
    assert "" == refusal(module)
    exec("def on_refund(event, ctx): return []", module.__dict__)  # noqa: S102 - as above
    assert "on_refund(event, ctx) looks like a hook but is not marked" in refusal(module)


def test_a_plugin_may_have_slots_and_odd_equality():
    """Nothing is asked of a plugin but its hooks."""

    class Odd(AftercareHooks):
        __slots__ = ("days",)
        __hash__ = None

        def __len__(self):
            return 0

        def __eq__(self, other):
            return False

        @hookimpl
        def on_purchase(self, event, ctx):
            return []

    assert "" == refusal(Odd())
