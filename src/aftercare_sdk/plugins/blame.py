"""Say what a plugin's code did wrong, and in which of its lines, without personal data."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import PurePath
from traceback import walk_tb
from types import FrameType

from aftercare_sdk.redact import redact

_ROOM = __package__


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An exception of a plugin: the name of its type, its redacted message, and `package/module.py:12`."""

    error: str
    message: str = ""
    where: str = ""

    def __str__(self) -> str:
        subject = f"{self.error} in {self.where}" if self.where else self.error
        return f"{subject}: {self.message}" if self.message else subject


def fault(error: BaseException, package: str) -> Fault:
    """Describe `error`, which code of `package` raised or let pass."""
    message = ""
    with suppress(BaseException):  # str() may run code of the plugin
        message = redact(str(error))
    where = place(walk_tb(error.__traceback__), package)
    return Fault(error=redact(type(error).__name__), message=message, where=where)


def package_of(thing: object) -> str:
    """Return the top-level package in which a function was written."""
    module = getattr(thing, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""


def place(frames: Iterable[tuple[FrameType, int]], package: str) -> str:
    """Return `package/module.py:12` of the innermost frame of `package`, or nothing if there is none.

    `frames` run from the outermost inwards; this room and whatever called it are left out.
    """
    called = dropwhile(lambda frame: not _is_ours(frame[0]), frames)
    theirs = [
        (frame, line)
        for frame, line in called
        if _module(frame).partition(".")[0] == package and not _is_ours(frame)
    ]
    return _spelled(*theirs[-1]) if theirs else ""


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _is_ours(frame: FrameType) -> bool:
    module = _module(frame)
    return module == _ROOM or module.startswith(f"{_ROOM}.")


def _spelled(frame: FrameType, line: int) -> str:
    """Name the file from its package downwards: where it is installed is nobody's business."""
    path = PurePath(frame.f_code.co_filename)
    depth = _module(frame).count(".") + (2 if path.stem == "__init__" else 1)
    return f"{'/'.join(path.parts[-depth:])}:{line}"
