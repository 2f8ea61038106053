from __future__ import annotations

from aftercare_sdk.model.messages import Accepted, Channel
from aftercare_sdk.outreach.channels.null import KEPT, NullChannel, null_type
from tests.unit.outreach.samples import message, settings


def test_it_keeps_what_it_was_given():
    """Subject, text and HTML as they would have been sent."""
    channel = NullChannel(settings())
    assert Accepted(message().id) == channel.send(message())
    channel.close()
    assert [message()] == list(channel.received)
    assert isinstance(channel, Channel)


def test_it_hands_over_what_it_was_given():
    """To a list, or to any function."""
    received = []
    channel = null_type(received.append).build(settings())
    channel.send(message())
    assert [message()] == received


def test_it_does_not_grow_for_ever():
    """A dry run of a year keeps the last thousand."""
    channel = NullChannel(settings())
    for number in range(KEPT + 5):
        channel.send(message(id=f"m{number}"))
    assert (KEPT, "m5") == (len(channel.received), channel.received[0].id)
