from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from marshmallow import ValidationError

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.flows import Anchor, Flow
from aftercare_sdk.programs.flows import PRESETS, Flows, FlowsSchema, FlowTable, configured

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THANK_YOU = PRESETS[0]
OWN = {"anchor": "delivery", "template": "welcome", "purpose": "service"}


@dataclass
class Parts:
    """What there is in a shop with nothing special."""

    templates: set = field(default_factory=lambda: {("thank-you", "ja"), ("thank-you", "en")})
    channels: set = field(default_factory=lambda: {"email"})
    flows: dict = field(default_factory=lambda: {preset.name: preset for preset in PRESETS})
    adverts: dict = field(default_factory=dict)


def load(**section):
    """Read a section."""
    return FlowsSchema().load(section)


def wrong(**section) -> dict:
    """Return what is wrong with a section by itself."""
    with pytest.raises(ValidationError) as error:
        load(**section)
    return error.value.messages


def complaints(parts=None, **section) -> tuple[str, ...]:
    """Return what is wrong with a section, given what there is."""
    return Flows().check_config(load(**section), parts or Parts())


def test_the_presets_are_what_the_documentation_says():
    """Each at most once per customer in seven days, as a service."""
    assert (
        Flow(
            name="thank-you",
            anchor=Anchor.PURCHASE,
            template="thank-you",
            purpose=Purpose.SERVICE,
            reason="thank the customer for the purchase",
            delay=HOUR,
            once_per=7 * DAY,
        ),
        Flow(
            name="how-to-use",
            anchor=Anchor.DELIVERY,
            template="how-to-use",
            purpose=Purpose.SERVICE,
            reason="help the customer with what arrived",
            delay=DAY,
            once_per=7 * DAY,
        ),
    ) == tuple(Flows().register_flows())


def test_a_section_is_read_into_tables():
    """Lengths of time are written as people write them."""
    table = {**OWN, "delay": "90 minutes", "once_per": "2 weeks", "window": "3 days", "channel": "line"}
    assert {
        "thank-you": FlowTable(),
        "welcome": FlowTable(
            anchor=Anchor.DELIVERY,
            template="welcome",
            purpose=Purpose.SERVICE,
            channel="line",
            delay=1.5 * HOUR,
            window=3 * DAY,
            once_per=14 * DAY,
        ),
    } == load(**{"thank-you": {}, "welcome": table})


@pytest.mark.parametrize(
    ("table", "setting", "cure"),
    [
        ({"delay": "soon"}, "delay", 'such as "30 s", "90 minutes"'),
        ({"delay": 3}, "delay", 'in quotes, such as "3 days"'),
        ({"window": "1 month"}, "window", "no fixed length"),
        ({"window": "0 days"}, "window", "must be longer than nothing; to stop, enabled = false"),
        ({"anchor": "birth"}, "anchor", "purchase, shipment, delivery"),
        ({"purpose": "nice"}, "purpose", "transactional, service, survey, review_request, marketing"),
        ({"enabled": "yes"}, "enabled", "Not a valid boolean"),
        ({"template": ""}, "template", "Shorter than minimum length"),
        ({"dealy": "1h"}, "dealy", "there is no such setting; there are enabled, anchor"),
    ],
)
def test_mistakes_in_a_table_have_a_path_and_a_cure(table, setting, cure):
    """By flow and setting, so that the configuration can say where."""
    messages = wrong(**{"thank-you": table})
    assert ["thank-you"] == list(messages)
    assert [setting] == list(messages["thank-you"])
    assert cure in messages["thank-you"][setting][0]


def test_mistakes_in_several_tables_are_told_at_once():
    """Nobody mends them one start at a time."""
    messages = wrong(a={"delay": "x", "anchor": "y", "purpose": "nice"}, b=True, c={"purpose": "ads"})
    assert {"a": {"delay", "anchor", "purpose"}, "c": {"purpose"}} == {
        name: set(messages[name]) for name in "ac"
    }
    assert ["write a table, [plugins.flows.b], to switch the flow on or change it"] == messages["b"]


class TestConfigured:
    def test_nothing_runs_that_the_shop_has_not_named(self):
        """A package that offers presets does not begin to write to people."""
        assert () == configured(PRESETS, load())

    def test_naming_a_preset_switches_it_on(self):
        """As it is offered."""
        assert {*PRESETS} == {*configured(PRESETS, load(**{each.name: {} for each in PRESETS}))}
        assert (THANK_YOU,) == configured(PRESETS, load(**{"thank-you": {}}))

    def test_a_flow_can_be_switched_off_and_keep_its_settings(self):
        """For a while, or for good."""
        assert () == configured(PRESETS, load(**{"thank-you": {"enabled": False, "delay": "2h"}}))

    def test_a_table_changes_a_preset_where_it_says_so(self):
        """All else stays."""
        table = {"delay": "2h", "template": "merci", "once_per": "1 day", "window": "1d", "channel": "line"}
        expected = replace(
            THANK_YOU, delay=2 * HOUR, template="merci", once_per=DAY, window=DAY, channel="line"
        )
        assert (expected,) == configured(PRESETS, load(**{"thank-you": table}))

    def test_no_delay_and_every_time_can_be_said(self):
        """Zero is a value, not "as in the preset"."""
        table = {"delay": "0 s", "once_per": "0 days"}
        expected = replace(THANK_YOU, delay=timedelta(0), once_per=None)
        assert (expected,) == configured(PRESETS, load(**{"thank-you": table}))

    def test_a_flow_of_the_shops_own(self):
        """Says its anchor, template and purpose; the reason is made from them."""
        flow = configured(PRESETS, load(welcome={**OWN, "delay": "1 day"}))[0]
        assert ("welcome", Anchor.DELIVERY, DAY, None, "email") == (
            flow.name,
            flow.anchor,
            flow.delay,
            flow.once_per,
            flow.channel,
        )
        assert "write to the customer after the delivery" == flow.reason

    def test_what_is_incomplete_does_not_run(self):
        """The check of the configuration reports it; here it is only left out."""
        section = load(**{"half": {"anchor": "purchase"}, "thank-you": {}})
        assert (THANK_YOU,) == configured(PRESETS, section)

    @pytest.mark.parametrize("purpose", Purpose)
    def test_a_flow_may_have_every_purpose(self, purpose):
        """Whether its messages may leave is asked of each, and of a person who approves the flow."""
        (flow,) = configured(PRESETS, load(**{"thank-you": {"purpose": purpose.value}}))
        assert replace(THANK_YOU, purpose=purpose) == flow


class TestVersion:
    def test_a_flow_that_was_changed_is_another_version(self):
        """Whatever was changed; a person approves it anew."""
        changes = {
            "template": "merci",
            "purpose": Purpose.MARKETING,
            "delay": 2 * HOUR,
            "window": DAY,
            "once_per": None,
            "channel": "line",
            "anchor": Anchor.DELIVERY,
            "reason": "to sell",
        }
        versions = {
            THANK_YOU.version,
            *(replace(THANK_YOU, **{name: value}).version for name, value in changes.items()),
        }
        assert 1 + len(changes) == len(versions)

    def test_a_restart_makes_no_version(self):
        """Also of another process, for years: what was approved stays so."""
        assert replace(THANK_YOU).version == THANK_YOU.version
        assert "bb87aae80a9bfc42" == THANK_YOU.version


class TestCheckConfig:
    def test_a_sound_section_has_no_problems(self):
        """Presets with what there is, and what is switched off whatever it says."""
        off = {"enabled": False, **OWN, "channel": "pigeon"}
        assert () == complaints(**{"thank-you": {"delay": "2h"}, "welcome": off})

    def test_a_mistyped_preset_is_recognised(self):
        """Instead of a flow that never runs."""
        found = complaints(**{"thank-yuo": {}})
        assert 1 == len(found)
        assert found[0].startswith(
            "plugins.flows.thank-yuo: there is no preset 'thank-yuo' (did you mean 'thank-you'?)"
        )
        assert found[0].endswith("; a flow of your own must also say anchor, template, purpose")

    def test_a_flow_of_ones_own_says_what_is_missing(self):
        """Only that."""
        found = complaints(hello={"anchor": "purchase"})
        assert found[0].endswith(
            "there is no preset 'hello'; a flow of your own must also say template, purpose"
        )

    def test_the_template_must_exist_in_both_languages(self):
        """And the files to add are named."""
        parts = Parts(templates={("welcome", "en"), ("thank-you", "ja"), ("thank-you", "en")})
        path, _, problem = complaints(parts, welcome=OWN)[0].partition(": ")
        assert "plugins.flows.welcome.template" == path
        files = "ja/welcome.{subject,txt,html}.liquid"
        assert f"there is no template 'welcome' in ja; add {files} to your templates" == problem

    def test_a_mistyped_template_or_channel_is_recognised(self):
        """Both at once, each with its path."""
        template, channel = complaints(**{"thank-you": {"template": "thankyou", "channel": "mail"}})
        assert template.startswith(
            "plugins.flows.thank-you.template: there is no template 'thankyou' in ja and en"
        )
        assert "(did you mean 'thank-you'?)" in template
        problem = "there is no channel 'mail' (did you mean 'email'?)"
        assert f"plugins.flows.thank-you.channel: {problem}" == channel

    def test_a_missing_channel_says_which_section_to_add(self):
        """Nothing similar is there to be meant."""
        found = complaints(Parts(channels=set()), **{"thank-you": {}})
        assert (
            "plugins.flows.thank-you.channel: there is no channel 'email'; add a section [channels.email]",
        ) == found

    def test_law_02_a_template_that_advertises_is_refused_for_a_lower_purpose(self):
        """With the path of the setting, every place in the templates, and the cure."""
        adverts = {"thank-you": ("thank-you (ja), text, line 3: {% coupon %} advertises",)}
        (problem,) = complaints(Parts(adverts=adverts), **{"thank-you": {}})
        assert (
            'plugins.flows.thank-you.purpose: "service" is not for templates that advertise: '
            "thank-you (ja), text, line 3: {% coupon %} advertises; "
            'make it purpose = "marketing" or take that out of the template (LAW-02)'
        ) == problem
        assert () == complaints(Parts(adverts=adverts), **{"thank-you": {"enabled": False}})
