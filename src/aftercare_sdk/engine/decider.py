"""The decider: the one place, per brand, where facts, hooks and timers are worked on, in order."""

from __future__ import annotations

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.facts import take_in
from aftercare_sdk.engine.timing import fire_due
from aftercare_sdk.engine.units import UnitRunner
from aftercare_sdk.plugins import HookRunner, Observer
from aftercare_sdk.store import journal

ROWS_PER_BATCH = 50


class Decider:
    """Processes what was received and what is due. Its methods need the token of `decider_lock`."""

    def __init__(self, brand: Brand, observer: Observer | None = None) -> None:
        self._brand = brand
        self._runner = HookRunner(
            brand.settings.defaults.hook_budget.total_seconds(), observer, monotonic=brand.clock.monotonic
        )
        self._units = UnitRunner(brand, self._runner)

    @property
    def abandoned(self) -> int:
        """How many threads hang in hooks that were fenced out."""
        return self._runner.abandoned

    def step(self, token: int) -> int:
        """Do the next piece of work: rows before units, so that hooks see all that is known."""
        with self._brand.database.read() as connection:
            rows = journal.take_new(connection, ROWS_PER_BATCH)
        if rows:
            take_in(self._brand, token, rows)
            return len(rows)
        return self._units.run(token)

    def process(self, token: int) -> int:
        """Work until nothing received is left; return how many rows and units there were."""
        done = 0
        while worked := self.step(token):
            done += worked
        return done

    def fire(self, token: int) -> int:
        """Fire timers that are due, with all that follows from them; return how many there were."""
        fired = 0
        while now_due := fire_due(self._brand, token):
            fired += now_due
            self.process(token)
        return fired

    def close(self) -> None:
        """End the thread that hooks run in."""
        self._runner.close()
