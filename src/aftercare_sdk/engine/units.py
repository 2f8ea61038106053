"""Run hooks with nothing locked, then apply each unit (event, plugin) whole, in one short transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.engine.actions import Applied
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.pace import Pace
from aftercare_sdk.engine.resting import Rests
from aftercare_sdk.engine.stars import paid_by_stars
from aftercare_sdk.engine.views import Views, load_views
from aftercare_sdk.errors import CascadeTooDeep, Fenced, InvalidAction, TransientError
from aftercare_sdk.model.actions import Action
from aftercare_sdk.plugins import (
    RETRY_DELAYS,
    Failure,
    FailureKind,
    HookCall,
    HookResult,
    HookRunner,
    retry_delay,
)
from aftercare_sdk.redact import redact
from aftercare_sdk.store import control, counters, rests, units
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.rests import Resting
from aftercare_sdk.store.units import Unit

MOST_PER_ROUND = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A unit whose hook answered: what it decided."""

    unit: Unit
    known: Known
    actions: tuple[Action, ...]


class UnitRunner:
    """Runs units that are due, round by round; lets plugins rest that keep failing."""

    def __init__(self, brand: Brand, runner: HookRunner) -> None:
        self._brand = brand
        self._runner = runner
        self._rests = Rests(Resting.PLUGIN)
        self._pace = Pace(MOST_PER_ROUND, brand.clock.monotonic)

    def run(self, token: int) -> int:
        """Run one round; return how many units were tried."""
        now = self._brand.clock.now()
        with self._brand.database.read() as connection:
            resting = rests.of(connection, Resting.PLUGIN, now).keys() | self._rests.resting(now)
            ready = units.ready(connection, self._brand.listening - resting, now, self._pace.size)
            # After a rest one call is made: what else is ready for that plugin waits for how it ends.
            admitted = [unit for unit in ready if self._rests.admits(unit.plugin, now)]
            views = load_views(self._brand, connection, admitted, now) if admitted else None
        self._rests.note(self._brand.database, token)
        if views is None:
            return 0
        results = self._runner.run([self._call(unit, views) for unit in admitted])
        wrong = paid_by_stars(self._runner, results)
        self._settle(token, list(zip(admitted, results, strict=True)), wrong, views, now)
        self._rests.note(self._brand.database, token)
        return len(admitted)

    def _call(self, unit: Unit, views: Views) -> HookCall:
        event = views.known[unit.event].event
        return HookCall(
            plugin=unit.plugin,
            function=self._brand.hook(unit.plugin, event.hook),
            event=event,
            ctx=views.contexts[unit.event, unit.plugin],
        )

    def _settle(
        self,
        token: int,
        results: Sequence[tuple[Unit, HookResult]],
        unlawful: Mapping[int, str],
        views: Views,
        now: datetime,
    ) -> None:
        done = [
            _Done(unit=unit, known=views.known[unit.event], actions=result.actions)
            for place, (unit, result) in enumerate(results)
            if result.actions is not None and place not in unlawful
        ]
        refused = [(results[place][0], problem) for place, problem in unlawful.items()]
        refused += self._apply_all(token, done)
        failures = [(unit, f"its answer cannot be carried out: {problem}") for unit, problem in refused]
        wrong = {(unit.event, unit.plugin) for unit, _ in refused}
        for unit, result in results:
            if result.failure is None:
                if (unit.event, unit.plugin) not in wrong:
                    self._rests.succeeded(unit.plugin)
            elif result.failure.kind is FailureKind.SKIPPED:
                # Not tried, so not failed. But a plugin that hangs must not cost its time once for each now.
                self._rests.pause(unit.plugin, now + RETRY_DELAYS[0])
            else:
                failures.append((unit, _words(result.failure)))
        self._fail(token, failures, now)

    def _apply_all(self, token: int, done: Sequence[_Done]) -> list[tuple[Unit, str]]:
        """Apply units together; if one of them cannot be, each by itself. Return those, with the problem."""
        try:
            self._apply(token, done)
        except (Fenced, TransientError):
            raise
        except (InvalidAction, CascadeTooDeep) as error:
            problem = redact(str(error))
        except Exception as error:  # noqa: BLE001 - whatever an answer does, the others must not suffer
            problem = type(error).__name__
        else:
            return []
        if len(done) == 1:
            return [(done[0].unit, problem)]
        return [refused for one in done for refused in self._apply_all(token, [one])]

    def _apply(self, token: int, done: Sequence[_Done]) -> None:
        if not done:
            return
        brand = self._brand
        now = brand.clock.now()
        with brand.database.write() as connection:
            control.check_token(connection, token)
            with self._pace.writing(len(done)):
                finished = units.finish(connection, [one.unit for one in done], now)
                applied = Applied(brand=brand, connection=connection, now=now)
                for one in done:
                    # What somebody else has finished is discarded, with everything decided here.
                    if (one.unit.event, one.unit.plugin) in finished:
                        applied.apply(one.unit, one.known, one.actions)
                applied.write()
                lags = [
                    now - one.known.known_at for one in done if (one.unit.event, one.unit.plugin) in finished
                ]
                counters.observe(connection, counters.PLAN_LAG, lags)

    def _fail(self, token: int, failures: Sequence[tuple[Unit, str]], now: datetime) -> None:
        if not failures:
            return
        with self._brand.database.write() as connection:
            control.check_token(connection, token)
            for unit, error in failures:
                self._rests.failed(unit.plugin, now)
                delay = retry_delay(unit.attempts + 1)
                log.warning(
                    "hook failed", plugin=unit.plugin, about=unit.event, parked=delay is None, problem=error
                )
                units.fail(connection, unit, error, None if delay is None else now + delay)


def _words(failure: Failure) -> str:
    """Say what went wrong. What a plugin wrote into its exception stays out: it may name a person."""
    if failure.kind is FailureKind.RAISED:
        return f"raised: {failure.error}" + (f" in {failure.where}" if failure.where else "")
    return f"{failure.kind.value}: {failure.summary}"
