from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.versions import Register, Version, later
from tests.support.histories import DAWN, DAY, MOMENTS, SECOND, UNHURRIED, maybe

VERSIONS = st.builds(
    Version, modified_at=maybe(MOMENTS), read_at=maybe(MOMENTS), digest=st.sampled_from(["", "a", "b"])
)


def test_order_of_precedence():
    """The vendor's date counts first, then the moment of the read, then the content."""
    ranked = [
        Version(),
        Version(digest="a"),
        Version(modified_at=DAWN, digest="z"),
        Version(modified_at=DAWN, read_at=DAWN, digest="b"),
        Version(modified_at=DAWN, read_at=DAWN + DAY, digest="a"),
        Version(modified_at=DAWN, read_at=DAWN + DAY, digest="b"),
        Version(modified_at=DAWN + SECOND, digest="a"),
    ]
    shuffled = [*ranked[4:], *ranked[:4]]
    assert ranked == sorted(shuffled, key=lambda version: version.rank)


def test_read_without_a_date():
    """A read that tells no date shows the object as of the read: later than all that was changed before."""
    read = Version(read_at=DAWN + DAY)
    told_before = Version(modified_at=DAWN, digest="a")
    told_after = Version(modified_at=DAWN + 2 * DAY, digest="a")
    assert [told_before, read, told_after] == sorted(
        [read, told_after, told_before], key=lambda version: version.rank
    )


def test_read_without_a_date_within_the_second():
    """A later read of something that was made in the very second of that read counts."""
    nothing = Version(read_at=DAWN + timedelta(milliseconds=200))
    made = Version(modified_at=DAWN, read_at=DAWN + 5 * SECOND, digest="a")
    assert nothing.rank < made.rank


@UNHURRIED
@given(VERSIONS, VERSIONS)
def test_total(one, other):
    """Two versions rank alike only if they are equal, so that no tie is left to the order of arrival."""
    assert (one == other) == (one.rank == other.rank)


@UNHURRIED
@given(VERSIONS)
def test_instant(version):
    """The moment that a picture shows is the vendor's date, else that of the read."""
    assert version.instant == (version.modified_at or version.read_at)
    assert version.authoritative == (version.read_at is not None)


@UNHURRIED
@given(maybe(VERSIONS), maybe(VERSIONS), maybe(VERSIONS))
def test_later_obeys_the_laws(one, other, third):
    """`later` is commutative, associative and idempotent, also where nothing is known yet."""
    registers = [
        None if version is None else Register(version.digest, version) for version in (one, other, third)
    ]
    first, second, last = registers
    assert later(first, second) == later(second, first)
    assert later(later(first, second), last) == later(first, later(second, last))
    assert later(first, first) == first


def test_later_keeps_the_version():
    """The value keeps the version that wrote it, not that of what was compared with it."""
    early, late = Register("a", Version(modified_at=DAWN)), Register("b", Version(modified_at=DAWN + DAY))
    assert late == later(early, late)
    assert replace(late.version, modified_at=DAWN + DAY) == later(late, early).version
