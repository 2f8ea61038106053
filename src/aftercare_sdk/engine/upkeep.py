"""What is done once a minute: raw webhooks, full of personal data, go in time; and somebody shows to live."""

from __future__ import annotations

from aftercare_sdk.engine import beats as signs
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.store import beats, control, journal

ROWS_AT_ONCE = 500
_FORGOTTEN = "bodies forgotten up to"


def beat(brand: Brand, name: str) -> None:
    """Show that somebody decides, or sends: alerts tell when nobody does (OBS-06)."""
    with brand.database.write() as connection:
        brand.beats.note(connection, {name: brand.clock.now()})


def expect_beats(brand: Brand) -> None:
    """Miss somebody who decides and somebody who sends from now on, even if nobody ever has."""
    with brand.database.write() as connection:
        beats.expect(connection, [signs.DECIDER, signs.SENDER], brand.clock.now())


def forget_old_bodies(brand: Brand) -> int:
    """Drop bodies older than `keep_bodies`, some at a time; return how many rows were looked at."""
    cutoff = brand.clock.now() - brand.settings.defaults.keep_bodies
    with brand.database.write() as connection:
        reached = int(control.setting(connection, _FORGOTTEN) or 0)
        last = journal.forget_bodies(connection, after=reached, received_before=cutoff, limit=ROWS_AT_ONCE)
        if last != reached:
            control.put_setting(connection, _FORGOTTEN, str(last))
    return last - reached
