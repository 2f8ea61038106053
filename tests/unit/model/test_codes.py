"""Until when a code can be used follows from all that was told of it, in whatever order it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.records.codes import CodeRecord, code_record, ends_at, gone_code
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store.codec import dump, load

DAWN = datetime(2026, 5, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGREED = DAWN + 10 * HOUR


def told(hours: float, *, active: bool = True, ends: float | None = None, **more) -> CodeRecord:
    """Return what was told of a code as of some hours after dawn."""
    end = None if ends is None else DAWN + ends * HOUR
    version = Version(modified_at=DAWN + hours * HOUR, digest=f"{active}{end}")
    return code_record(CodeSnapshot(shop="main", id="7", version=version, active=active, ends_at=end, **more))


def gone(hours: float) -> CodeRecord:
    """Return what a read tells that found nothing."""
    return gone_code("main", "7", Version(read_at=DAWN + hours * HOUR))


def end(*records: CodeRecord) -> float:
    """Return when a code ends, in hours after dawn."""
    return (ends_at(records, AGREED) - DAWN) / HOUR


PICTURES = st.one_of(
    st.builds(
        told,
        st.integers(0, 14),
        active=st.booleans(),
        ends=st.none() | st.integers(0, 20),
        code=st.none() | st.just("ac-1"),
    ),
    st.builds(gone, st.integers(0, 14)),
)


@given(st.lists(PICTURES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_order_of_arrival_and_any_repeat(pictures, random):
    """Merged in any order, in any groups and twice, it is the same record, and the same end."""
    once = reduce(CodeRecord.merge, pictures)
    several = [*pictures, *pictures]
    random.shuffle(several)
    cut = random.randrange(1, len(several))
    groups = [reduce(CodeRecord.merge, some) for some in (several[:cut], several[cut:])]
    again = groups[1].merge(groups[0])
    assert once == again
    assert ends_at([once], AGREED) == ends_at([again], AGREED) == ends_at(groups, AGREED)
    assert once == load(CodeRecord, dump(once))


@given(st.lists(PICTURES, max_size=6))
def test_a_code_never_lasts_longer_than_was_agreed(pictures):
    """Whatever end the shop gives it."""
    assert end(*pictures) <= 10


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], 10),
        ([told(1)], 10),
        ([told(1, active=False)], 1),
        ([told(1, active=False), told(2)], 10),
        ([told(1, active=False), told(2), told(3, active=False), told(4, active=False)], 3),
        ([gone(2)], 2),
        ([told(1, active=False), gone(2)], 1),
        ([told(1, ends=5)], 5),
        ([told(1, ends=5), told(2, ends=12)], 10),
        ([told(1, ends=12)], 10),
        ([told(1, ends=10 - 1 / 7200)], 10),
        ([told(1, active=False), told(11)], 1),
        ([told(11, active=False)], 10),
        ([told(1, active=False), gone(12)], 1),
        ([told(10, active=False)], 10),
    ],
)
def test_when_it_ends(records, expected):
    """By the last word from before its agreed end; what is told of the time after changes nothing."""
    assert expected == end(*records)


def test_a_platform_that_does_not_say_since_when():
    """It was off before anybody could use it, unless something that is dated says otherwise."""
    off = code_record(CodeSnapshot(shop="main", id="7", version=Version(digest="x"), active=False))
    assert end(off) < 0
    assert 10 == end(off, told(1))


def test_a_picture_that_tells_only_the_code():
    """It says nothing of whether it can be used."""
    named = code_record(CodeSnapshot(shop="main", id="7", version=Version(modified_at=DAWN), code="AC-1"))
    assert 1 == end(named, told(1, active=False))
    assert named.deleted is None
