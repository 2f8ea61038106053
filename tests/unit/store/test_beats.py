from __future__ import annotations

from aftercare_sdk.store import beats
from tests.support.histories import DAWN, HOUR


def test_the_latest_moment_counts(store):
    """Processes may tell of theirs in any order."""
    store(beats.note, {"sender": DAWN + HOUR, "decider": DAWN})
    store(beats.note, {"sender": DAWN, "decider": DAWN + HOUR})
    store(beats.note, {})
    assert {"sender": DAWN + HOUR, "decider": DAWN + HOUR} == store(beats.everything)
