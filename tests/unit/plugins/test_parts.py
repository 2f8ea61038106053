from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from itertools import repeat

import pytest
from marshmallow import Schema

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose
from aftercare_sdk.errors import PluginError
from aftercare_sdk.model.flows import Anchor, Flow
from aftercare_sdk.model.messages import ChannelType, Template
from aftercare_sdk.model.shops import AdapterType
from aftercare_sdk.plugins import PluginSource, PluginState, load_plugins
from aftercare_sdk.plugins.check import SPECIFICATIONS
from aftercare_sdk.plugins.parts import _KINDS, PART_HOOKS


def build(settings):
    """Stand for what makes an adapter or a channel."""


class Options(Schema):
    """Settings of a channel."""


ADAPTER = AdapterType(name="tea", build=build)
CHANNEL = ChannelType(name="pigeon", build=build, options=Options)
JA = Template(name="thanks", locale="ja", subject="ありがとう", text="…", html="")
EN = replace(JA, locale="en", subject="Thank you")
FLOW = Flow(
    name="thanks",
    anchor=Anchor.DELIVERY,
    template="thanks",
    purpose=Purpose.SERVICE,
    reason="it came",
    delay=timedelta(days=3),
    once_per=timedelta(days=7),
)


class Offering(AftercareHooks):
    """A plugin that offers what it is given; an exception is raised, a function called."""

    def __init__(self, adapters=(), channels=(), templates=(), flows=(), commands=()):
        self.offers = {
            "adapters": adapters,
            "channels": channels,
            "templates": templates,
            "flows": flows,
            "commands": commands,
        }

    def give(self, kind):
        offer = self.offers[kind]
        if isinstance(offer, BaseException):
            raise offer
        return offer

    @hookimpl
    def register_adapters(self):
        return self.give("adapters")

    @hookimpl
    def register_channels(self):
        return self.give("channels")

    @hookimpl
    def register_templates(self):
        return self.give("templates")

    @hookimpl
    def register_flows(self):
        return self.give("flows")

    @hookimpl
    def register_commands(self):
        return self.give("commands")

    @hookimpl
    def on_purchase(self, event, ctx):
        return []


def source(name, **offers):
    """Return a plugin that makes these offers."""
    return PluginSource(name=name, obj=Offering(**offers), distribution=f"dist-{name}", version="1.0")


def test_parts_are_collected_by_name():
    """Each part is found under its name, templates under name and locale, with the plugin that gave it."""
    plugins = load_plugins(
        [
            source("a", adapters=[ADAPTER], templates=iter([JA, EN])),
            source("b", channels=(CHANNEL,), flows=[FLOW]),
        ]
    )
    parts = plugins.parts
    assert {"tea": ADAPTER} == parts.adapters
    assert {"pigeon": CHANNEL} == parts.channels
    assert {("thanks", "ja"): JA, ("thanks", "en"): EN} == parts.templates
    assert {"thanks": FLOW} == parts.flows
    expected = {
        ("adapter", "tea"): "a",
        ("template", "thanks", "ja"): "a",
        ("template", "thanks", "en"): "a",
        ("channel", "pigeon"): "b",
        ("flow", "thanks"): "b",
    }
    assert expected == parts.given_by


def test_parts_are_collected_once():
    """The hooks are called at start and never again."""
    calls = []

    class Counting(AftercareHooks):
        @hookimpl
        def register_flows(self):
            calls.append(1)
            return [FLOW]

    plugins = load_plugins([PluginSource(name="a", obj=Counting())])
    assert (FLOW, FLOW) == (plugins.parts.flows["thanks"], plugins.parts.flows["thanks"])
    assert [1] == calls


def test_nobody_can_change_what_was_collected():
    """Parts are shared by everybody, so they are read-only."""
    parts = load_plugins([source("a", flows=[FLOW])]).parts
    with pytest.raises(TypeError):
        parts.flows["other"] = FLOW


def test_a_clash_is_an_error_that_names_both_distributions():
    """Which of two parts is meant, only a person can say; all clashes are told at once."""
    with pytest.raises(PluginError) as caught:
        load_plugins(
            [
                source("a", adapters=[ADAPTER], templates=[JA]),
                source("b", adapters=[ADAPTER], templates=[EN, JA]),
            ]
        )
    adapter, template = str(caught.value).splitlines()
    assert adapter == (
        "the adapter 'tea' is offered by plugin 'a' (dist-a 1.0) and by plugin 'b' (dist-b 1.0). "
        'Switch one of them off: `disabled = ["b"]` under [plugins] in aftercare.toml, '
        'or `disabled = ["a"]` under [plugins] in aftercare.toml.'
    )
    assert template.startswith("the template 'thanks' 'ja' is offered by plugin 'a' (dist-a 1.0) and by")


def test_parts_of_plugins_that_are_off_do_not_clash():
    """Switching one off is the cure that the error names, so it must work."""
    both = [source("a", flows=[FLOW]), source("b", flows=[FLOW])]
    assert "b" == load_plugins(both, disabled=["a"]).parts.given_by["flow", "thanks"]


def test_names_of_different_kinds_do_not_clash():
    """A flow and a channel may have the same name."""
    parts = load_plugins([source("a", flows=[FLOW], channels=[replace(CHANNEL, name="thanks")])]).parts
    assert {("flow", "thanks"), ("channel", "thanks")} == set(parts.given_by)


@pytest.mark.parametrize(
    ("offers", "complaint"),
    [
        (
            {"flows": LookupError("no file for ogawa@example.jp")},
            "register_flows raised LookupError in tests/unit",
        ),
        (
            {"flows": LookupError("no file for ogawa@example.jp")},
            ": no file for [e-mail]; mend it, or switch it",
        ),
        ({"flows": SystemExit()}, "register_flows raised SystemExit"),
        ({"flows": "thanks"}, "register_flows returned a str; return a list of Flow"),
        ({"flows": {"thanks": FLOW}}, "register_flows returned a dict"),
        ({"flows": 1}, "register_flows returned a int"),
        ({"flows": FLOW}, "register_flows returned a Flow; return a list of Flow"),
        ({"flows": [FLOW, EN]}, "register_flows, item 2: must be one of Flow, not Template"),
        ({"flows": [FLOW, FLOW]}, "register_flows offers the flow 'thanks' twice; leave one out"),
        ({"flows": repeat(FLOW)}, "register_flows offers the flow 'thanks' twice"),
        ({"flows": [replace(FLOW, name="")]}, "item 1: Flow.name must not be empty"),
        (
            {"flows": [replace(FLOW, anchor="delivery")]},
            "Flow.anchor must be a Anchor, such as Anchor.PURCHASE",
        ),
        ({"flows": [replace(FLOW, delay=3)]}, "Flow.delay must be a timedelta, not int"),
        ({"templates": [replace(JA, locale="")]}, "Template.locale must not be empty"),
        ({"templates": [replace(JA, html=None)]}, "Template.html must be a str, not NoneType"),
        ({"templates": [JA, JA]}, "register_templates offers the template 'thanks' 'ja' twice"),
        ({"channels": [replace(CHANNEL, build=None)]}, "ChannelType.build must be callable"),
        ({"channels": [replace(CHANNEL, medium="E-Mail!")]}, "ChannelType.medium must be one word"),
        (
            {"channels": [replace(CHANNEL, options=Options())]},
            "must be a class derived from marshmallow.Schema",
        ),
        ({"adapters": [replace(ADAPTER, options=dict)]}, "must be a class derived from marshmallow.Schema"),
        ({"adapters": [None]}, "register_adapters, item 1: must be one of AdapterType, not NoneType"),
    ],
)
def test_a_plugin_that_offers_nonsense_contributes_nothing_and_the_others_stay(offers, complaint):
    """It is failed, with its error; not even its sound parts and hooks are used."""
    sound = {"adapters": [replace(ADAPTER, name="other")]}
    plugins = load_plugins([source("bad", **(sound | offers)), source("good", flows=[FLOW])])
    bad, good = plugins.all
    assert (PluginState.FAILED, ()) == (bad.state, bad.hooks)
    assert bad.error.startswith("plugin 'bad' (dist-bad 1.0): register_")
    assert complaint in bad.error
    assert PluginState.ACTIVE is good.state
    assert {("flow", "thanks"): "good"} == plugins.parts.given_by
    assert ["good"] == [each.plugin for each in plugins.implementations("on_purchase")]


def test_a_plugin_may_offer_nothing():
    """None and an empty list are answers."""
    plugins = load_plugins([source("a", flows=None, channels=[])])
    assert [PluginState.ACTIVE] == [plugin.state for plugin in plugins.all]
    assert {} == plugins.parts.given_by


def test_an_endless_offer_is_cut_off():
    """A generator without end does not hang the start."""
    endless = (replace(FLOW, name=str(number)) for number in iter(int, 1))
    numbered = (replace(FLOW, name=f"{number}") for number in range(1_001))
    assert "twice" in load_plugins([source("a", flows=endless)]).all[0].error
    assert "more than 1,000 parts" in load_plugins([source("a", flows=numbered)]).all[0].error


def test_every_kind_of_part_is_collected_and_checked():
    """A new hook, or a new field of a part, without its check fails here."""
    assert {hook for hook in SPECIFICATIONS if hook.startswith("register_")} == set(PART_HOOKS)
    for kind in _KINDS.values():
        assert {field.name for field in fields(kind.type)} == set(kind.checks)
