from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.pauses import Cause, Tally
from aftercare_sdk.outreach.breaker import FEWEST_MAILS, Level, Standing, judge

COUNTS = st.integers(0, 100_000)
ORDER = (Level.GOOD, Level.WARNED, Level.PAUSED)


@pytest.mark.parametrize(
    ("mails", "complaints", "bounces", "level", "cause"),
    [
        (1_000, 0, 0, Level.GOOD, None),
        (1_001, 1, 0, Level.GOOD, None),
        (1_000, 1, 0, Level.WARNED, Cause.COMPLAINTS),
        (1_001, 3, 0, Level.WARNED, Cause.COMPLAINTS),
        (1_000, 3, 0, Level.PAUSED, Cause.COMPLAINTS),
        (1_000, 0, 19, Level.GOOD, None),
        (1_000, 0, 20, Level.WARNED, Cause.BOUNCES),
        (1_000, 0, 49, Level.WARNED, Cause.BOUNCES),
        (1_000, 0, 50, Level.PAUSED, Cause.BOUNCES),
        (1_000, 1, 50, Level.PAUSED, Cause.BOUNCES),
        (1_000, 3, 50, Level.PAUSED, Cause.COMPLAINTS),
    ],
)
def test_send_04_thresholds(mails, complaints, bounces, level, cause):
    """A pause at 0.3 % complaints or 5 % hard bounces, a warning at 0.1 % or 2 %; exact at the edge."""
    tally = Tally(mails=mails, complaints=complaints, bounces=bounces)
    assert Standing(level=level, cause=cause) == judge(tally)


@pytest.mark.parametrize("mails", [0, 1, 3, FEWEST_MAILS - 1])
def test_send_04_of_a_few_mails_nothing_is_said(mails):
    """Whatever is reported of them: a small shop is not paused for an accident."""
    assert Level.UNTOLD is judge(Tally(mails=mails, complaints=mails, bounces=mails)).level


@pytest.mark.parametrize("mails", [FEWEST_MAILS, 300, 333, 334, 500])
def test_send_04_one_complaint_warns_and_two_pause(mails):
    """Even where one is more than 0.3 %."""
    assert Level.WARNED is judge(Tally(mails=mails, complaints=1)).level
    assert Level.PAUSED is judge(Tally(mails=mails, complaints=2)).level


@given(mails=st.integers(FEWEST_MAILS, 100_000), complaints=COUNTS, bounces=COUNTS, more=COUNTS)
def test_more_complaints_or_bounces_never_make_it_better(mails, complaints, bounces, more):
    """So it does not matter in which order they are reported."""
    level = ORDER.index(judge(Tally(mails=mails, complaints=complaints, bounces=bounces)).level)
    for worse in (
        Tally(mails=mails, complaints=complaints + more, bounces=bounces),
        Tally(mails=mails, complaints=complaints, bounces=bounces + more),
    ):
        assert level <= ORDER.index(judge(worse).level)
