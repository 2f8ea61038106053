from __future__ import annotations

from aftercare_sdk.store import beats
from tests.support.histories import DAWN, HOUR


def test_the_latest_moment_counts(store):
    """Processes may tell of theirs in any order."""
    store(beats.note, {"sender": DAWN + HOUR, "decider": DAWN})
    store(beats.note, {"sender": DAWN, "decider": DAWN + HOUR})
    store(beats.note, {})
    assert {"sender": DAWN + HOUR, "decider": DAWN + HOUR} == store(beats.everything)


def test_what_is_expected_counts_from_the_first_time_until_it_is_forgotten(store):
    """However often it is said; the others stay as they are."""
    for at in (DAWN, DAWN + HOUR):
        store(beats.expect, ["awaited/email", "awaited/sms"], at)
    assert {"awaited/email": DAWN, "awaited/sms": DAWN} == store(beats.everything)
    for _ in range(2):
        store(beats.forget, "awaited/email")
    assert {"awaited/sms": DAWN} == store(beats.everything)
