"""Ask a program in another process, whose hashes of texts are others."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

_START = "from aftercare_sdk.testing.programs.elsewhere import main; main()"
_PATIENCE = 60.0
"""Seconds."""

Decisions = list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Why a program could not be asked."""

    problem: str


def decided_elsewhere(contract: type[Any], seeds: Sequence[int]) -> list[Decisions | NotAsked]:
    """Return what the program of a contract decides in a process for each seed, by `_decisions`."""
    asked = json.dumps(
        {
            "path": sys.path,
            "file": inspect.getfile(contract),
            "module": contract.__module__,
            "name": contract.__qualname__,
        }
    )
    started = [
        subprocess.Popen(  # noqa: S603 - this interpreter, with this module
            [sys.executable, "-c", _START],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in seeds
    ]
    return [_outcome(process, asked) for process in started]


def _outcome(process: subprocess.Popen[str], asked: str) -> Decisions | NotAsked:
    try:
        answer, error = process.communicate(asked, _PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return NotAsked(f"it did not answer within {_PATIENCE:g} s")
    if process.returncode:
        return NotAsked((error.strip().splitlines() or ["it ended without a word"])[-1])
    return [(where, told) for where, told in json.loads(answer)]


def main() -> None:
    """Answer in that process: the contract is named on the standard input."""
    from aftercare_sdk.testing.fence import Fence

    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    fence = Fence(())
    fence.start()
    with redirect_stdout(sys.stderr):
        contract = _found(asked["module"], asked["file"], asked["name"])
        decisions = contract()._decisions()  # noqa: SLF001 - the contract asks itself
    json.dump(decisions, sys.stdout)


def _found(module: str, file: str, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(module, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no module")
    found: Any = importlib.util.module_from_spec(spec)
    sys.modules[module] = found
    spec.loader.exec_module(found)
    for part in name.split("."):
        found = getattr(found, part)
    return found
