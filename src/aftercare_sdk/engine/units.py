"""Run hooks with nothing locked, then apply each unit (event, plugin) whole, in one short transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from aftercare_sdk.engine.actions import Answered
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.views import Views, load_views
from aftercare_sdk.errors import CascadeTooDeep, InvalidAction
from aftercare_sdk.model.actions import Action
from aftercare_sdk.plugins import (
    Breaker,
    FailureKind,
    HookCall,
    HookResult,
    HookRunner,
    admit,
    failed,
    reopens_at,
    retry_delay,
    succeeded,
)
from aftercare_sdk.store import control, units
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.units import Unit

MOST_PER_ROUND = 200
_NOT_APPLICABLE = (DataError, IntegrityError, InvalidAction, CascadeTooDeep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A unit whose hook answered: what it decided."""

    unit: Unit
    known: Known
    actions: tuple[Action, ...]


class UnitRunner:
    """Runs units that are due, round by round; keeps a breaker for each plugin."""

    def __init__(self, brand: Brand, runner: HookRunner) -> None:
        self._brand = brand
        self._runner = runner
        self._breakers: dict[str, Breaker] = {}

    def run(self, token: int) -> int:
        """Run one round; return how many units were tried."""
        now = self._brand.clock.now()
        with self._brand.database.read() as connection:
            ready = units.ready(connection, self._brand.listening, now, MOST_PER_ROUND)
            admitted, resting = self._admit(ready, now)
            views = load_views(self._brand, connection, admitted, now) if admitted else None
        if resting:
            with self._brand.database.write() as connection:
                control.check_token(connection, token)
                for unit, until in resting:
                    units.postpone(connection, unit, until)
        if views is None:
            return len(resting)
        results = self._runner.run([self._call(unit, views) for unit in admitted])
        self._settle(token, list(zip(admitted, results, strict=True)), views, now)
        return len(ready)

    def _admit(self, ready: Sequence[Unit], now: datetime) -> tuple[list[Unit], list[tuple[Unit, datetime]]]:
        """Sort out the units of plugins that rest because they kept failing."""
        admitted: list[Unit] = []
        resting: list[tuple[Unit, datetime]] = []
        for unit in ready:
            allowed, breaker = admit(self._breakers.get(unit.plugin, Breaker()), now)
            self._breakers[unit.plugin] = breaker
            until = reopens_at(breaker)
            if allowed or until is None:
                admitted.append(unit)
            else:
                resting.append((unit, until))
        return admitted, resting

    def _call(self, unit: Unit, views: Views) -> HookCall:
        event = views.known[unit.event].event
        return HookCall(
            plugin=unit.plugin,
            function=self._brand.hook(unit.plugin, event.hook),
            event=event,
            ctx=views.contexts[unit.event, unit.plugin],
        )

    def _settle(
        self, token: int, results: Sequence[tuple[Unit, HookResult]], views: Views, now: datetime
    ) -> None:
        done = [
            _Done(unit=unit, known=views.known[unit.event], actions=result.actions)
            for unit, result in results
            if result.actions is not None
        ]
        try:
            self._apply(token, done)
        except _NOT_APPLICABLE:
            # One of them cannot be applied: each by itself, so that the others do not suffer.
            for one in done:
                try:
                    self._apply(token, [one])
                except _NOT_APPLICABLE as error:
                    told = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
                    self._fail(token, one.unit, f"its answer cannot be carried out: {told}", now)
        for unit, result in results:
            if result.failure is None:
                self._breakers[unit.plugin] = succeeded(self._breakers[unit.plugin])
            elif result.failure.kind is FailureKind.SKIPPED:
                continue  # not tried, so not failed; it is still due and comes with the next round
            else:
                self._fail(token, unit, _words(result), now)

    def _apply(self, token: int, done: Sequence[_Done]) -> None:
        if not done:
            return
        brand = self._brand
        now = brand.clock.now()
        with brand.database.write() as connection:
            control.check_token(connection, token)
            for one in done:
                if not units.finish(connection, one.unit, now):
                    continue  # finished by somebody else: everything decided here is discarded
                answered = Answered(
                    brand=brand, connection=connection, unit=one.unit, known=one.known, now=now
                )
                for action in one.actions:
                    answered.apply(action)

    def _fail(self, token: int, unit: Unit, error: str, now: datetime) -> None:
        breaker = failed(self._breakers.get(unit.plugin, Breaker()), now)
        self._breakers[unit.plugin] = breaker
        delay = retry_delay(unit.attempts + 1)
        log.warning("hook failed", plugin=unit.plugin, about=unit.event, parked=delay is None, problem=error)
        with self._brand.database.write() as connection:
            control.check_token(connection, token)
            units.fail(connection, unit, error, None if delay is None else now + delay)


def _words(result: HookResult) -> str:
    failure = result.failure
    if failure is None:
        return ""
    return f"{failure.kind.value}: {failure.summary}"
