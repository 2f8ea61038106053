"""What is thrown away in time: raw webhooks, which are full of personal data."""

from __future__ import annotations

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.store import control, journal

ROWS_AT_ONCE = 500
_FORGOTTEN = "bodies forgotten up to"


def forget_old_bodies(brand: Brand) -> int:
    """Drop bodies older than `keep_bodies`, some at a time; return how many rows were looked at."""
    cutoff = brand.clock.now() - brand.settings.defaults.keep_bodies
    with brand.database.write() as connection:
        reached = int(control.setting(connection, _FORGOTTEN) or 0)
        last = journal.forget_bodies(connection, after=reached, received_before=cutoff, limit=ROWS_AT_ONCE)
        if last != reached:
            control.put_setting(connection, _FORGOTTEN, str(last))
    return last - reached
