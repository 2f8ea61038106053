"""The decider: the one place, per brand, where facts, hooks and timers are worked on, in order."""

from __future__ import annotations

from collections.abc import Sequence

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.facts import take_in
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.pace import Pace
from aftercare_sdk.engine.timing import fire_due
from aftercare_sdk.engine.translating import Translator
from aftercare_sdk.engine.units import UnitRunner
from aftercare_sdk.errors import Fenced, TransientError
from aftercare_sdk.plugins import HookRunner, Observer
from aftercare_sdk.store import control, journal, rests
from aftercare_sdk.store.journal import Entry, Kind, State
from aftercare_sdk.store.rests import Resting

MOST_ROWS_AT_ONCE = 200


class Decider:
    """Processes what was received and what is due. Its methods need the token of `decider_lock`."""

    def __init__(self, brand: Brand, observer: Observer | None = None) -> None:
        self._brand = brand
        self._runner = HookRunner(
            brand.settings.defaults.hook_budget.total_seconds(), observer, monotonic=brand.clock.monotonic
        )
        self._units = UnitRunner(brand, self._runner)
        self._pace = Pace(MOST_ROWS_AT_ONCE, brand.clock.monotonic)
        self._translator = Translator(
            brand.settings.defaults.hook_budget.total_seconds(),
            observer,
            monotonic=brand.clock.monotonic,
            now=brand.clock.now,
        )

    @property
    def abandoned(self) -> int:
        """How many threads hang in hooks that were fenced out."""
        return self._runner.abandoned + self._translator.abandoned

    def step(self, token: int) -> int:
        """Do the next piece of work: rows before units, so that hooks see all that is known."""
        now = self._brand.clock.now()
        with self._brand.database.read() as connection:
            resting = rests.of(connection, Resting.SHOP, now).keys() | self._translator.rests.resting(now)
            rows = journal.take_new(connection, self._pace.size, resting)
        if rows:
            self._take_in(token, rows)
            self._translator.rests.note(self._brand.database, token)
            return len(rows)
        return self._units.run(token)

    def _take_in(self, token: int, rows: Sequence[Entry]) -> None:
        """Process rows together; if one of them cannot be, each by itself, and that one is parked."""
        try:
            take_in(self._brand, self._translator, token, rows, self._pace)
        except (Fenced, TransientError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a payload holds, the others are processed
            if len(rows) > 1:
                for row in rows:
                    resting = self._translator.rests.resting(self._brand.clock.now())
                    if row.kind is not Kind.WEBHOOK or row.shop not in resting:
                        self._take_in(token, [row])
                return
            problem = f"cannot be processed: {type(error).__name__}"
            log.error("parked", row=rows[0].seq, shop=rows[0].shop, problem=problem)
            with self._brand.database.write() as connection:
                control.check_token(connection, token)
                now = self._brand.clock.now()
                journal.finish(connection, [(rows[0].seq, State.PARKED, problem)], now)

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
        self._translator.close()
