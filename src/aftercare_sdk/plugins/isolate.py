"""Call hooks so that one plugin's error, slowness or nonsense stays its own.

A batch of calls runs on one worker thread while the calling thread watches. A call over its budget is fenced
out: its thread is abandoned, whatever it answers later is dropped, and the rest of the batch continues on a
fresh thread. Only a call that never gives the interpreter back (one long call into C, such as a backtracking
regular expression) cannot be fenced from inside the process; an `Observer` tells a supervisor whose it is.
"""

from __future__ import annotations

import contextvars
import ctypes
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cache
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from aftercare_sdk.errors import InvalidAction
from aftercare_sdk.model.actions import Action
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.events import Event
from aftercare_sdk.plugins.answers import read_answer
from aftercare_sdk.plugins.blame import fault, package_of, place
from aftercare_sdk.redact import redact

BUDGET_SECONDS = 2.0
_LOOK_SECONDS = 0.05
"""How often the watching thread looks up; a budget of the hook's own length needs no finer measure."""

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


class Observer(Protocol):
    """Somebody who must know at every moment which plugin holds the interpreter.

    Each `entering` is followed by one `left` before the next `entering`. Both are called on the worker
    thread, but for a call that is fenced out: then the watching thread says `left`.
    """

    def entering(self, plugin: str, event_id: str) -> None:
        """Take note that a hook of `plugin` is about to be called."""

    def left(self) -> None:
        """Take note that the hook has returned, or has been fenced out."""


class HookRunner:
    """Runs batches of hook calls, one batch at a time.

    `monotonic` tells the seconds that budgets are measured in. The worker threads are daemons: a hook that
    never ends does not keep the process alive.
    """

    def __init__(
        self,
        budget_seconds: float = BUDGET_SECONDS,
        observer: Observer | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if budget_seconds <= 0:
            raise ValueError("a hook needs some time; budget_seconds must be above zero")
        self._budget = budget_seconds
        self._observer = observer
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._hired: list[_Worker] = []
        self._abandoned: list[_Worker] = []
        self._last_reminder = monotonic()
        weakref.finalize(self, _dismiss, self._hired)

    @property
    def abandoned(self) -> int:
        """How many threads of hooks that were fenced out are still alive."""
        return sum(worker.thread.is_alive() for worker in self._abandoned)

    def run(self, calls: Sequence[HookCall]) -> list[HookResult]:
        """Make the calls one after the other and return their results in the same order.

        Raises nothing that a plugin raised. After an overrun, that plugin's later calls of the batch are
        not made, so that a hook that hangs costs its budget once and not once per event.
        """
        calls = tuple(calls)
        results: list[HookResult] = []
        overran: set[str] = set()
        with self._turn:
            self._remind()
            while len(results) < len(calls):
                batch = _Batch(calls=calls[len(results) :], budget=self._budget, overran=overran)
                late = self._watch(self._worker(), batch)
                results.extend(batch.results)
                if late is not None:
                    results.append(late)
        return results

    def close(self) -> None:
        """Let the idle worker thread end. The runner stays usable."""
        with self._turn:
            _dismiss(self._hired)

    def _worker(self) -> _Worker:
        # After a fork the thread of the parent process is not there.
        if not self._hired or not self._hired[0].thread.is_alive():
            self._hired[:] = [_Worker(self._observer, self._monotonic)]
        return self._hired[0]

    def _watch(self, worker: _Worker, batch: _Batch) -> HookResult | None:
        """Wait until the batch is done or one of its calls has overrun; return the overrun."""
        try:
            worker.inbox.put(batch)
            while not batch.done.wait(min(_LOOK_SECONDS, self._budget)):
                late = self._fence_if_late(worker, batch)
                if late is not None:
                    return late
                if not worker.thread.is_alive():
                    break
        except BaseException:
            # Somebody ends the process, or at least this wait: what still runs must not count any more.
            self._fence(worker, batch)
            raise
        if batch.crash is not None or not batch.done.is_set():
            self._hired.clear()
            raise RuntimeError(
                "the thread that calls hooks has failed; that is no plugin's fault"
            ) from batch.crash
        return None

    def _fence_if_late(self, worker: _Worker, batch: _Batch) -> HookResult | None:
        with batch.lock:
            if batch.current is None:
                return None
            call, started = batch.current
            seconds = self._monotonic() - started
            if seconds <= self._budget:
                return None
            batch.fenced = True
            batch.overran.add(call.plugin)
            where = worker.whereabouts(package_of(call.function))
        self._abandon(worker)
        if self._observer is not None:
            self._observer.left()
        return HookResult(call=call, failure=_overrun(self._budget, where), seconds=seconds)

    def _fence(self, worker: _Worker, batch: _Batch) -> None:
        with batch.lock:
            batch.fenced = True
            inside = batch.current is not None
        self._abandon(worker)
        if inside and self._observer is not None:
            self._observer.left()

    def _abandon(self, worker: _Worker) -> None:
        self._hired.clear()
        self._abandoned.append(worker)
        worker.interrupt()
        worker.inbox.put(None)  # should it be idle

    def _remind(self) -> None:
        """Interrupt those again that have swallowed the first interruption, but let them clean up."""
        self._abandoned = [worker for worker in self._abandoned if worker.thread.is_alive()]
        now = self._monotonic()
        if self._abandoned and now - self._last_reminder > self._budget:
            self._last_reminder = now
            for worker in self._abandoned:
                worker.interrupt()


class _Abandoned(BaseException):
    """Raised inside a hook that was fenced out, so that it does not burn the processor for ever."""


@dataclass(slots=True, kw_only=True)
class _Batch:
    """Calls on their way through one worker. `lock` guards all that changes."""

    calls: tuple[HookCall, ...]
    budget: float
    overran: set[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)
    results: list[HookResult] = field(default_factory=list)
    current: tuple[HookCall, float] | None = None
    fenced: bool = False
    crash: BaseException | None = None

    def begin(self, call: HookCall, now: float) -> bool:
        """Say that `call` starts; False when nothing of this worker counts any more."""
        with self.lock:
            if not self.fenced:
                self.current = (call, now)
            return not self.fenced

    def end(self, result: HookResult) -> bool:
        """Take the result of the current call; False when it comes too late."""
        with self.lock:
            if not self.fenced:
                self.current = None
                self.results.append(result)
                if result.failure is not None and result.failure.kind is FailureKind.OVERRUN:
                    self.overran.add(result.call.plugin)
            return not self.fenced


class _Worker:
    """A daemon thread that makes the calls of one batch after the other, until dismissed or abandoned."""

    def __init__(self, observer: Observer | None, monotonic: Callable[[], float]) -> None:
        self.inbox: SimpleQueue[_Batch | None] = SimpleQueue()
        self._observer = observer
        self._monotonic = monotonic
        self._gate = threading.Lock()
        self._left = False
        self.thread = threading.Thread(target=self._live, name="aftercare-hooks", daemon=True)
        self.thread.start()

    def interrupt(self) -> None:
        """Raise _Abandoned in the thread as soon as it runs Python code.

        Never after the thread has passed the gate: its number could by then belong to another thread.
        """
        with self._gate:
            if self.thread.ident is not None and self.thread.is_alive() and not self._left:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self.thread.ident), ctypes.py_object(_Abandoned)
                )

    def whereabouts(self, package: str) -> str:
        """Return the line of `package` that the thread is in."""
        frame = sys._current_frames().get(self.thread.ident or 0)  # noqa: SLF001 - documented, in spite of its name
        return place(reversed(list(traceback.walk_stack(frame))), package) if frame else ""

    def _live(self) -> None:
        # The interruption may arrive at any instruction from here on, also in the handler of the first
        # net; and it must have arrived before the thread ends, else it would be reported as an accident.
        with suppress(BaseException):
            with suppress(BaseException):
                self._work()
            self._leave()

    def _leave(self) -> None:
        while not self._left:
            with suppress(_Abandoned):
                with self._gate:
                    self._left = True
                for _ in range(100):  # time for an interruption that is on its way
                    pass

    def _work(self) -> None:
        batch = self.inbox.get()
        while batch is not None:
            try:
                if not self._serve(batch):
                    return
            except BaseException as error:  # noqa: BLE001 - handed over to the watching thread
                batch.crash = error
                return
            finally:
                batch.done.set()
            batch = self.inbox.get()

    def _serve(self, batch: _Batch) -> bool:
        """Make the calls of a batch; False when it was fenced meanwhile."""
        for call in batch.calls:
            if call.plugin in batch.overran:
                if not batch.end(_skipped(call)):
                    return False
                continue
            if self._observer is not None:
                self._observer.entering(call.plugin, call.event.id)
            started = self._monotonic()
            begun = batch.begin(call, started)
            if begun and not batch.end(self._make(call, started, batch.budget)):
                return False
            if self._observer is not None:
                self._observer.left()
            if not begun:
                return False
        return True

    def _make(self, call: HookCall, started: float, budget: float) -> HookResult:
        event, ctx = shielded(call.event), shielded(call.ctx)
        # A context of its own: else one plugin's precision of decimals would be the next one's too.
        actions, failure = contextvars.Context().run(_ask, call, event, ctx)
        seconds = self._monotonic() - started
        if seconds > budget:  # and ended before the watching thread had a chance to look
            return HookResult(call=call, failure=_overrun(budget), seconds=seconds)
        return HookResult(call=call, actions=actions, failure=failure, seconds=seconds)


def _dismiss(hired: list[_Worker]) -> None:
    for worker in hired:
        worker.inbox.put(None)
    hired.clear()


def _skipped(call: HookCall) -> HookResult:
    failure = Failure(
        kind=FailureKind.SKIPPED, summary="not called, because the plugin had overrun its time just before"
    )
    return HookResult(call=call, failure=failure)


def _ask(call: HookCall, event: Event, ctx: Context) -> tuple[tuple[Action, ...] | None, Failure | None]:
    """Call the hook and read its answer; whatever the plugin does becomes one or the other."""
    try:
        return read_answer(call.function(event, ctx)), None
    except InvalidAction as error:
        return None, Failure(kind=FailureKind.NONSENSE, summary=redact(str(error)))
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a plugin does not end the process
        told = fault(error, package_of(call.function))
        return None, Failure(kind=FailureKind.RAISED, summary=str(told), error=told.error, where=told.where)


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
