"""What is done once a minute: what was kept long enough is thrown away, and somebody shows to live."""

from __future__ import annotations

from datetime import timedelta

from aftercare_sdk.engine import beats as signs
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.store import beats, control, counters, journal
from aftercare_sdk.store.retention import RULES, sweep

ROWS_AT_ONCE = 500
_COUNTS_AT_ONCE = 2_000
_FORGOTTEN = "bodies forgotten up to"


def beat(brand: Brand, name: str) -> None:
    """Show that somebody decides, or sends: alerts tell when nobody does (OBS-06)."""
    with brand.database.write() as connection:
        beats.note(connection, {name: brand.clock.now()})


def expect_beats(brand: Brand) -> None:
    """Miss somebody who decides and somebody who sends from now on, even if nobody ever has."""
    with brand.database.write() as connection:
        beats.expect(connection, [signs.DECIDER, signs.SENDER], brand.clock.now())


def add_up_counters(brand: Brand) -> None:
    """Put one row for each counter in the place of the many that were added since."""
    more = True
    while more:
        with brand.database.write() as connection:
            more = counters.add_up(connection, _COUNTS_AT_ONCE) == _COUNTS_AT_ONCE


def throw_away(brand: Brand) -> int:
    """Throw away some of what has been kept long enough (LAW-11); return how many rows were looked at."""
    return _forget_bodies(brand) + sum(_sweep(brand, table) for table, rule in RULES.items() if rule.period)


def _forget_bodies(brand: Brand) -> int:
    cutoff = brand.clock.now() - brand.settings.retention.bodies
    with brand.database.write() as connection:
        reached = int(control.setting(connection, _FORGOTTEN) or 0)
        last = journal.forget_bodies(connection, after=reached, received_before=cutoff, limit=ROWS_AT_ONCE)
        if last != reached:
            control.put_setting(connection, _FORGOTTEN, str(last))
    return last - reached


def _sweep(brand: Brand, table: str) -> int:
    kept: timedelta = getattr(brand.settings.retention, RULES[table].period)
    with brand.database.write() as connection:
        return sweep(connection, table, brand.clock.now() - kept, ROWS_AT_ONCE)
