from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.plugins import retry_delay


def test_an_event_is_retried_five_times_and_then_parked():
    """The waits grow from a minute to half a day; then a person must look."""
    expected = [
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=12),
        None,
        None,
    ]
    assert expected == [retry_delay(attempts) for attempts in range(1, 8)]


def test_a_retry_needs_an_attempt():
    """Asking before anything was tried is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one attempt"):
        retry_delay(0)
