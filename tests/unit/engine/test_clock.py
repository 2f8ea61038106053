from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aftercare_sdk.engine.clock import SystemClock, VirtualClock
from aftercare_sdk.errors import ClockRefused
from tests.support.shop import DAY, HOUR, START, Bench, always, note, order, program

TOKYO = timezone(timedelta(hours=9))


def test_a_virtual_clock_stands_still_and_never_goes_back():
    """Until somebody moves it, in whatever zone they think."""
    clock = VirtualClock(datetime(2026, 5, 1, 18, tzinfo=TOKYO))
    assert START == clock.now() == clock.now()
    assert UTC is clock.now().tzinfo
    clock.move(START - HOUR)
    assert START == clock.now()
    clock.move(START + HOUR)
    assert START + HOUR == clock.now()


def test_the_machines_clock_is_aware_and_grows():
    """In UTC; its seconds never go back."""
    clock = SystemClock()
    assert UTC is clock.now().tzinfo
    assert clock.monotonic() <= clock.monotonic()


def test_only_a_virtual_clock_is_moved(migrated_database_url):
    """Asking for it is a mistake, and nothing happens."""
    with Bench(migrated_database_url, clock=SystemClock()) as bench, pytest.raises(ClockRefused):
        bench.run(DAY)


def test_a_live_database_refuses_a_virtual_clock(migrated_database_url):
    """Its messages would leave at the wrong time."""
    with Bench(migrated_database_url, clock=SystemClock()):
        pass
    with pytest.raises(ClockRefused, match="live"):
        Bench(migrated_database_url)


def test_advance_stops_wherever_something_is_due(migrated_database_url):
    """And ends where it was told to."""
    plugin = program(on_purchase=always(*(note(f"n{number}", delay=number * HOUR) for number in range(1, 4))))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        assert START + HOUR == (bench.process() and bench.aftercare.next_due())
        bench.run(START + 2.5 * HOUR)
        assert START + 2.5 * HOUR == bench.clock.now()
        assert [START + HOUR, START + 2 * HOUR] == [one.date for one in bench.sent]
        assert START + 3 * HOUR == bench.aftercare.next_due()
        bench.run(START + DAY)
        assert None is bench.aftercare.next_due()
