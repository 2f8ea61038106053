from __future__ import annotations

import subprocess
import sys

import pytest

from aftercare_sdk.model.messages import Channel
from aftercare_sdk.outreach.builtin import BuiltinOutreach
from tests.unit.outreach.samples import message, settings

OPTIONS = {"smtp": {"host": "mail.example"}, "maildir": {"path": "mails"}, "null": {}}


def test_the_sdk_brings_three_channels_and_its_templates():
    """As a plugin like any other."""
    plugin = BuiltinOutreach()
    assert ["smtp", "maildir", "null"] == [kind.name for kind in plugin.register_channels()]
    assert {
        (name, locale) for name in ("confirm-consent", "thank-you", "how-to-use") for locale in ("ja", "en")
    } == {(it.name, it.locale) for it in plugin.register_templates()}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_kind_builds_a_channel_from_its_options(name):
    """What the schema lets through, the channel can use."""
    kind = next(each for each in BuiltinOutreach().register_channels() if each.name == name)
    options = kind.options().load(OPTIONS[name]) if kind.options else OPTIONS[name]
    channel = kind.build(settings(**options))
    assert isinstance(channel, Channel)
    channel.close()


def test_one_function_gets_what_every_null_channel_is_given():
    """So that a test, or a demo, sees all messages in one place."""
    received = []
    null = next(it for it in BuiltinOutreach(received.append).register_channels() if it.name == "null")
    for _ in range(2):
        null.build(settings()).send(message())
    assert [message()] * 2 == received


def test_the_plugin_is_light_until_its_parts_are_asked_for():
    """Neither the template engine nor the mail libraries are loaded with it."""
    code = (
        "import sys; from aftercare_sdk.outreach.builtin import BuiltinOutreach; BuiltinOutreach(); "
        "print({'liquid', 'smtplib', 'marshmallow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()\n" == done.stdout
