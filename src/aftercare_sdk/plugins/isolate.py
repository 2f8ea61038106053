"""Call hooks so that one plugin's error, slowness or nonsense stays its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache, partial
from types import MappingProxyType
from typing import Any, TypeVar

from aftercare_sdk.errors import InvalidAction
from aftercare_sdk.model.actions import Action
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.events import Event
from aftercare_sdk.plugins.answers import read_answer
from aftercare_sdk.plugins.blame import fault, package_of
from aftercare_sdk.plugins.watch import BUDGET_SECONDS, End, Ended, Observer, Task, Watch
from aftercare_sdk.redact import redact

T = TypeVar("T", Event, Context)


class FailureKind(StrEnum):
    """How a call went wrong."""

    RAISED = "raised"
    NONSENSE = "nonsense"
    OVERRUN = "overrun"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong, in words that hold no personal data.

    `error` names the type of what was raised, and `where` the innermost line of the plugin's own code, as
    `package/module.py:12`. SKIPPED: the call was not made, because the plugin had overrun just before.
    """

    kind: FailureKind
    summary: str
    error: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """One call to make. `handle` is the caller's own mark; it comes back with the result, untouched."""

    plugin: str
    function: Callable[[Any, Context], object]
    event: Event
    ctx: Context
    handle: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """What became of a call: either `actions`, perhaps none, or a `failure`."""

    call: HookCall
    actions: tuple[Action, ...] | None = None
    failure: Failure | None = None
    seconds: float = 0.0


class HookRunner:
    """Runs batches of hook calls, one batch at a time.

    `monotonic` tells the seconds that budgets are measured in.
    """

    def __init__(
        self,
        budget_seconds: float = BUDGET_SECONDS,
        observer: Observer | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch: Watch[tuple[Action, ...]] = Watch(
            budget_seconds, observer, monotonic=monotonic, thread_name="aftercare-hooks"
        )

    @property
    def abandoned(self) -> int:
        """How many threads of hooks that were fenced out are still alive."""
        return self._watch.abandoned

    def run(self, calls: Sequence[HookCall]) -> list[HookResult]:
        """Make the calls one after the other and return their results in the same order.

        Raises nothing that a plugin raised. After an overrun, that plugin's later calls of the batch are
        not made, so that a hook that hangs costs its budget once and not once per event.
        """
        calls = tuple(calls)
        ended = self._watch.run([_task(call) for call in calls])
        return [self._result(call, one) for call, one in zip(calls, ended, strict=True)]

    def close(self) -> None:
        """Let the idle worker thread end. The runner stays usable."""
        self._watch.close()

    def _result(self, call: HookCall, ended: Ended[tuple[Action, ...]]) -> HookResult:
        failure: Failure | None = None
        match ended.end:
            case End.OVERRUN:
                failure = _overrun(self._watch.budget, ended.where)
            case End.SKIPPED:
                failure = Failure(
                    kind=FailureKind.SKIPPED,
                    summary="not called, because the plugin had overrun its time just before",
                )
            case End.RAISED if ended.error is not None:
                failure = _failure(call, ended.error)
        return HookResult(call=call, actions=ended.value, failure=failure, seconds=ended.seconds)


def _task(call: HookCall) -> Task[tuple[Action, ...]]:
    return Task(
        owner=call.plugin,
        about=call.event.id,
        package=package_of(call.function),
        work=partial(_ask, call.function, call.event, call.ctx),
    )


def _ask(function: Callable[[Any, Context], object], event: Event, ctx: Context) -> tuple[Action, ...]:
    return read_answer(function(shielded(event), shielded(ctx)))


def _failure(call: HookCall, error: BaseException) -> Failure:
    if isinstance(error, InvalidAction):
        return Failure(kind=FailureKind.NONSENSE, summary=redact(str(error)))
    told = fault(error, package_of(call.function))
    return Failure(kind=FailureKind.RAISED, summary=str(told), error=told.error, where=told.where)


def _overrun(budget: float, where: str = "") -> Failure:
    reached = f" and was in {where}" if where else ""
    return Failure(
        kind=FailureKind.OVERRUN,
        summary=f"took longer than {budget:g} s{reached}; its answer does not count",
        where=where,
    )


def shielded(value: T) -> T:
    """Return `value` with mappings that cannot be changed, so that no plugin shows another what it wrote.

    All else in events and contexts is immutable. A mapping that is a mappingproxy already is trusted to be
    read-only throughout: `read_only` makes such ones, once and for many calls.
    """
    kind: Any = type(value)
    given = {name: getattr(value, name) for name in _mappings(kind)}
    changed = {name: read_only(each) for name, each in given.items() if type(each) is not MappingProxyType}
    return replace(value, **changed) if changed else value


def read_only(value: Any) -> Any:
    """Return a copy of nested mappings, lists and sets that nobody can change; lists become tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(read_only(each) for each in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(value)
    return value


@cache
def _mappings(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if "Mapping[" in str(each.type))
