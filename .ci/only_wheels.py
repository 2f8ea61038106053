"""Fail unless the SDK and every plugin are imported from this environment, and so from their wheels."""  # noqa: INP001 - a script

from __future__ import annotations

import importlib
import sys
from importlib.metadata import entry_points
from pathlib import Path

modules = {"aftercare_sdk", *(entry.module for entry in entry_points(group="aftercare"))}
environment = Path(sys.prefix).resolve()
for name in sorted(modules):
    place = Path(importlib.import_module(name).__file__ or "").resolve()
    if environment not in place.parents:
        sys.exit(f"{name} comes from {place}, not from the environment {environment}")
    print(f"{name}: from its wheel")  # noqa: T201 - a line for the log of the run
if len(modules) == 1:
    sys.exit("no plugin is installed: there is nothing to test")
