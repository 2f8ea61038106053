"""Which other programs of this machine have a file open; Linux tells, elsewhere nothing is known."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_PROCESSES = Path("/proc")
_LOCKS = Path("/proc/locks")
_WORKING = frozenset({"serve", "work"})
_PROGRAMS = frozenset({"aftercare", "aftercare_sdk"})
_FIRST_PROCESS = 1
_PID, _FILE = 4, 5
"""Columns of a line in /proc/locks: `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Neighbour:
    """A program. `command` is `serve` or `work`, or empty for an application."""

    pid: int
    command: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} ({f'aftercare {self.command}' if self.command else 'an application'})"


def neighbours(file: Path) -> tuple[Neighbour, ...]:
    """Return the programs that have `file` open, but this one; the children of `serve` count as `serve`."""
    found = {program(pid) for pid in _processes() if pid != os.getpid() and _has_open(pid, file)}
    return tuple(sorted(found))


def holder(lock: Path) -> Neighbour | None:
    """Return the program that holds a lock file, as far as that is known."""
    with suppress(OSError):
        inode = str(lock.stat().st_ino)
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            columns = line.split()
            if len(columns) > _FILE and columns[_FILE].rpartition(":")[2] == inode:
                return program(int(columns[_PID]))
    return None


def program(pid: int) -> Neighbour:
    """Return the program that a process belongs to: the command that started it, else itself."""
    above = pid
    while above > _FIRST_PROCESS:
        command = _command(above)
        if command:
            return Neighbour(pid=above, command=command)
        above = _parent(above)
    return Neighbour(pid=pid)


def _processes() -> list[int]:
    with suppress(OSError):
        return [int(entry.name) for entry in _PROCESSES.iterdir() if entry.name.isdecimal()]
    return []


def _has_open(pid: int, file: Path) -> bool:
    # Processes end while one looks, and those of other users cannot be looked into.
    with suppress(OSError):
        wanted = file.stat()
        for entry in (_PROCESSES / str(pid) / "fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(entry.stat(), wanted):
                    return True
    return False


def _command(pid: int) -> str:
    """Return `serve` or `work` for a process that was started as that command."""
    with suppress(OSError):
        words = (_PROCESSES / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        for place, word in enumerate(words):
            if Path(word).name in _PROGRAMS:
                rest = iter(words[place + 1 :])
                first = next(rest, "")
                if first == "--config":
                    first = next(islice(rest, 1, None), "")
                return first if first in _WORKING else ""
    return ""


def _parent(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        # The name of the program stands in parentheses and may hold anything.
        status = (_PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return int(status.rpartition(")")[2].split()[1])
    return 0
