"""Watch what a call does beside returning: clocks, dice, files, sockets, processes, threads.

Calls of functions that are written in C are seen by `sys.setprofile`, under whatever name a module knows
them; what they open or start, by `sys.addaudithook`. What is written in C throughout, such as an extension
module that asks the time by itself, passes unseen.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import PurePath
from types import FrameType, ModuleType, TracebackType
from typing import Any, Self


class Deed(StrEnum):
    """What a hook must not do, in words that go behind the name of a call."""

    CLOCK = "reads a clock"
    CHANCE = "is left to chance"
    EFFECT = "is more than to decide"


@dataclass(frozen=True, slots=True)
class Seen:
    """A call of this kind, and the line that led to it, as ` (program.py:12)`."""

    deed: Deed
    call: str
    place: str


_CLOCKS = frozenset(
    {
        *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime"),
        *("process_time", "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "ctime"),
        "clock_gettime_ns",
    }
)
_OF_A_DATE = frozenset({"now", "utcnow", "today"})
_THREADS = frozenset({"start_new_thread", "start_joinable_thread", "start_new"})
_AUDITED = (
    *("socket.", "subprocess.", "shutil.", "tempfile.", "sqlite3.connect", "urllib.", "ftplib.", "smtplib."),
    *("imaplib.", "poplib.", "telnetlib.", "webbrowser.", "http.client.", "os.system", "os.exec", "os.fork"),
    *("os.posix_spawn", "os.spawn", "os.startfile", "os.kill", "os.remove", "os.rename", "os.mkdir"),
    *("os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime", "os.putenv"),
    *("os.unsetenv", "signal.pthread_kill"),
)
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DICE: object = getattr(random.random, "__self__", None)
"""The hidden generator behind `random.random` and its like."""
_SEED = getattr(random.Random.seed, "__code__", None)
_LOGS = "logging"
"""A line of a log carries the time, and is no effect."""
_IMPORT = "importlib._bootstrap"
_CONTRACT = __name__.rpartition(".")[0]

_WATCHING: list[Observer] = []
"""The one that is entered, if any."""


class Observer:
    """Sees what is done in this thread while it is entered. `packages` are those whose lines are named."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self.seen: list[Seen] = []
        self._packages = packages
        self._thread = threading.get_ident()
        self._before: Callable[..., object] | None = None
        self._busy = False

    def __enter__(self) -> Self:
        _hook_once()
        self._before = sys.getprofile()
        _WATCHING.append(self)
        sys.setprofile(self._profile)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)
        _WATCHING.remove(self)

    def _profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call":
            found = _called(function)
            if found is not None:
                self._note(*found, frame)
        elif event == "call" and frame.f_code is _SEED and frame.f_locals.get("a") is None:
            self._note(Deed.CHANCE, "random.Random()", frame)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take notice of an audit event."""
        if self._busy or threading.get_ident() != self._thread:
            return
        if event == "open":
            path, _, flags = (*arguments, None, None, None)[:3]
            if isinstance(flags, int) and flags & _TO_WRITE:
                self._note(Deed.EFFECT, f"open({_told(path)}) for writing", sys._getframe(2))  # noqa: SLF001 - documented
        elif event.startswith(_AUDITED):
            self._note(Deed.EFFECT, event, sys._getframe(2))  # noqa: SLF001 - as above

    def _note(self, deed: Deed, call: str, frame: FrameType) -> None:
        self._busy = True
        try:
            place = self._place(frame)
            if place is not None:
                self.seen.append(Seen(deed, call, place))
        finally:
            self._busy = False

    def _place(self, frame: FrameType | None) -> str | None:
        """Return the innermost line of the plugin; None if it did not lead here but an import or a log."""
        place = ""
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.startswith(_IMPORT) or module.partition(".")[0] == _LOGS:
                return None
            if not place and any(module == each or module.startswith(f"{each}.") for each in self._packages):
                place = f" ({PurePath(frame.f_code.co_filename).name}:{frame.f_lineno})"
            if module.startswith(_CONTRACT):
                break
            frame = frame.f_back
        return place


def _called(function: Any) -> tuple[Deed, str] | None:
    """Say what a function written in C does, if it is one of those that no hook may call."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if isinstance(owner, ModuleType):
        module = owner.__name__
        if module == "time" and name in _CLOCKS:
            return Deed.CLOCK, f"time.{name}()"
        if module == "time" and name == "sleep":
            return Deed.EFFECT, "time.sleep()"
        if name == "urandom":
            return Deed.CHANCE, "os.urandom()"
        if module == "_thread" and name in _THREADS:
            return Deed.EFFECT, "starting a thread"
    elif isinstance(owner, type):
        if name in _OF_A_DATE and issubclass(owner, date):
            return Deed.CLOCK, f"{owner.__name__}.{name}()"
    elif owner is _DICE and owner is not None:
        return Deed.CHANCE, f"random.{name}()"
    return None


def _told(path: object) -> str:
    return PurePath(path).name if isinstance(path, str) else type(path).__name__


@cache
def _hook_once() -> None:
    """Add the audit hook, which Python keeps for as long as the process lives; it sleeps in between."""
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for observer in _WATCHING:
        observer.audit(event, arguments)
