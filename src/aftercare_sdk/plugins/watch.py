"""Run plugins' code so that slowness stays its own.

A batch of tasks runs on one worker thread while the calling thread watches. A task over its budget is fenced
out: its thread is abandoned, whatever it answers later is dropped, and the rest of the batch continues on a
fresh thread. Only a task that never gives the interpreter back (one long call into C, such as a backtracking
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
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from aftercare_sdk.plugins.blame import place

BUDGET_SECONDS = 2.0
_LOOK_SECONDS = 0.05
"""How often the watching thread looks up; a budget of a task's own length needs no finer measure."""

R = TypeVar("R")


class End(StrEnum):
    """How a task ended."""

    RETURNED = "returned"
    RAISED = "raised"
    OVERRUN = "overrun"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[R]):
    """Somebody's code to run. `owner` and `about` name it to the observer; `package` wrote it."""

    owner: str
    about: str
    package: str
    work: Callable[[], R]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Generic[R]):
    """What became of a task: its `value`, what it raised, or `where` it was when its time was over.

    SKIPPED: it was not run, because a task of the same owner had overrun just before.
    """

    end: End
    value: R | None = None
    error: BaseException | None = field(default=None, repr=False)
    where: str = ""
    seconds: float = 0.0


class Observer(Protocol):
    """Somebody who must know at every moment which plugin holds the interpreter.

    Each `entering` is followed by one `left` before the next `entering`. Both are called on the worker
    thread, but for a task that is fenced out: then the watching thread says `left`.
    """

    def entering(self, plugin: str, event_id: str) -> None:
        """Take note that code of `plugin` is about to run."""

    def left(self) -> None:
        """Take note that it has returned, or has been fenced out."""


class Watch(Generic[R]):
    """Runs batches of tasks, one batch at a time, each task within `budget_seconds` of `monotonic`.

    The worker threads are daemons: a task that never ends does not keep the process alive.
    """

    def __init__(
        self,
        budget_seconds: float,
        observer: Observer | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        thread_name: str = "aftercare-plugins",
    ) -> None:
        if budget_seconds <= 0:
            raise ValueError("a plugin needs some time; budget_seconds must be above zero")
        self.budget = budget_seconds
        self._observer = observer
        self._monotonic = monotonic
        self._thread_name = thread_name
        self._turn = threading.Lock()
        self._hired: list[_Worker[R]] = []
        self._abandoned: list[_Worker[R]] = []
        self._last_reminder = monotonic()
        weakref.finalize(self, _dismiss, self._hired)

    @property
    def abandoned(self) -> int:
        """How many threads of tasks that were fenced out are still alive."""
        return sum(worker.thread.is_alive() for worker in self._abandoned)

    def run(self, tasks: Sequence[Task[R]]) -> list[Ended[R]]:
        """Run the tasks one after the other and return what became of each, in the same order.

        Raises nothing that a task raised. After an overrun, the owner's later tasks of the batch are not
        run, so that code that hangs costs its budget once and not once per task.
        """
        tasks = tuple(tasks)
        results: list[Ended[R]] = []
        overran: set[str] = set()
        with self._turn:
            self._remind()
            while len(results) < len(tasks):
                batch = _Batch[R](tasks=tasks[len(results) :], budget=self.budget, overran=overran)
                late = self._watch(self._worker(), batch)
                results.extend(batch.results)
                if late is not None:
                    results.append(late)
        return results

    def close(self) -> None:
        """Let the idle worker thread end. The watch stays usable."""
        with self._turn:
            _dismiss(self._hired)

    def _worker(self) -> _Worker[R]:
        # After a fork the thread of the parent process is not there.
        if not self._hired or not self._hired[0].thread.is_alive():
            self._hired[:] = [_Worker(self._observer, self._monotonic, self._thread_name)]
        return self._hired[0]

    def _watch(self, worker: _Worker[R], batch: _Batch[R]) -> Ended[R] | None:
        """Wait until the batch is done or one of its tasks has overrun; return the overrun."""
        try:
            worker.inbox.put(batch)
            while not batch.done.wait(min(_LOOK_SECONDS, self.budget)):
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
                "the thread that runs plugins has failed; that is no plugin's fault"
            ) from batch.crash
        return None

    def _fence_if_late(self, worker: _Worker[R], batch: _Batch[R]) -> Ended[R] | None:
        with batch.lock:
            if batch.current is None:
                return None
            task, started = batch.current
            seconds = self._monotonic() - started
            if seconds <= self.budget:
                return None
            batch.fenced = True
            batch.overran.add(task.owner)
            where = worker.whereabouts(task.package)
        self._abandon(worker)
        if self._observer is not None:
            self._observer.left()
        return Ended(end=End.OVERRUN, where=where, seconds=seconds)

    def _fence(self, worker: _Worker[R], batch: _Batch[R]) -> None:
        with batch.lock:
            batch.fenced = True
            inside = batch.current is not None
        self._abandon(worker)
        if inside and self._observer is not None:
            self._observer.left()

    def _abandon(self, worker: _Worker[R]) -> None:
        self._hired.clear()
        self._abandoned.append(worker)
        worker.interrupt()
        worker.inbox.put(None)  # should it be idle

    def _remind(self) -> None:
        """Interrupt those again that have swallowed the first interruption, but let them clean up."""
        self._abandoned = [worker for worker in self._abandoned if worker.thread.is_alive()]
        now = self._monotonic()
        if self._abandoned and now - self._last_reminder > self.budget:
            self._last_reminder = now
            for worker in self._abandoned:
                worker.interrupt()


class _Abandoned(BaseException):
    """Raised inside a task that was fenced out, so that it does not burn the processor for ever."""


@dataclass(slots=True, kw_only=True)
class _Batch(Generic[R]):
    """Tasks on their way through one worker. `lock` guards all that changes."""

    tasks: tuple[Task[R], ...]
    budget: float
    overran: set[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)
    results: list[Ended[R]] = field(default_factory=list)
    current: tuple[Task[R], float] | None = None
    fenced: bool = False
    crash: BaseException | None = None

    def begin(self, task: Task[R], now: float) -> bool:
        """Say that `task` starts; False when nothing of this worker counts any more."""
        with self.lock:
            if not self.fenced:
                self.current = (task, now)
            return not self.fenced

    def end(self, task: Task[R], result: Ended[R]) -> bool:
        """Take the result of the current task; False when it comes too late."""
        with self.lock:
            if not self.fenced:
                self.current = None
                self.results.append(result)
                if result.end is End.OVERRUN:
                    self.overran.add(task.owner)
            return not self.fenced


class _Worker(Generic[R]):
    """A daemon thread that runs the tasks of one batch after the other, until dismissed or abandoned."""

    def __init__(self, observer: Observer | None, monotonic: Callable[[], float], name: str) -> None:
        self.inbox: SimpleQueue[_Batch[R] | None] = SimpleQueue()
        self._observer = observer
        self._monotonic = monotonic
        self._gate = threading.Lock()
        self._left = False
        self.thread = threading.Thread(target=self._live, name=name, daemon=True)
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

    def _serve(self, batch: _Batch[R]) -> bool:
        """Run the tasks of a batch; False when it was fenced meanwhile."""
        for task in batch.tasks:
            if task.owner in batch.overran:
                if not batch.end(task, Ended(end=End.SKIPPED)):
                    return False
                continue
            if self._observer is not None:
                self._observer.entering(task.owner, task.about)
            started = self._monotonic()
            begun = batch.begin(task, started)
            if begun and not batch.end(task, self._run(task, started, batch.budget)):
                return False
            if self._observer is not None:
                self._observer.left()
            if not begun:
                return False
        return True

    def _run(self, task: Task[R], started: float, budget: float) -> Ended[R]:
        # A context of its own: else one plugin's precision of decimals would be the next one's too.
        value, error = contextvars.Context().run(_result, task.work)
        seconds = self._monotonic() - started
        if seconds > budget:  # and ended before the watching thread had a chance to look
            return Ended(end=End.OVERRUN, seconds=seconds)
        if error is not None:
            return Ended(end=End.RAISED, error=error, seconds=seconds)
        return Ended(end=End.RETURNED, value=value, seconds=seconds)


def _result(work: Callable[[], R]) -> tuple[R | None, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a plugin does not end the process
        return None, error


def _dismiss(hired: list[_Worker[Any]]) -> None:
    for worker in hired:
        worker.inbox.put(None)
    hired.clear()
