"""What is still said of a message when the detail of its decisions has been emptied."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from aftercare_sdk.engine.timeline import Told, why_of
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store.messages import Message


def test_after_an_erasure_the_purpose_is_told_still():
    """It stands with the message, and names nobody."""
    message = cast("Message", SimpleNamespace(plugin="flows", purpose="marketing", template="news"))
    told = why_of("skipped", Reason.NO_LAWFUL_BASIS, {}, message)
    values = {"plugin": "flows", "purpose": "marketing", "template": "news"}
    assert Told(code=Reason.NO_LAWFUL_BASIS, values=values) == told
