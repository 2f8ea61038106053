"""`python -m benchmarks`: measure, and print figures beside goals. Nothing fails when a goal is missed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks import endpoint, hooks, messages, orders, points, transactions
from benchmarks.figures import Figure, Options, show

Measure = Callable[[Options, Callable[[str], None]], Iterator[Figure]]

MEASURES: dict[str, Measure] = {
    module.MEASURE: module.measure for module in (endpoint, orders, messages, points, hooks, transactions)
}

_WIDTH = 120
"""How wide a table is in a file."""


def main() -> None:
    """Run the measures that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", help=f"{', '.join(MEASURES)}; all of them if none is named")
    parser.add_argument("--rounds", type=int, help="how often everything is run, 5 by default")
    parser.add_argument("--quick", action="store_true", help="less of everything, 3 rounds: a first look")
    parser.add_argument("--tiny", action="store_true", help="next to nothing: only to see that it runs")
    parser.add_argument(
        "--profile", type=Path, help="a folder for profiles of the endpoint, orders, messages, points"
    )
    parser.add_argument("--json", type=Path, help="a file for all figures, every round of them")
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to be measured; here")
    given = parser.parse_args()
    if unknown := [name for name in given.measures if name not in MEASURES]:
        parser.error(f"there is no measure {', '.join(unknown)}; choose from {', '.join(MEASURES)}")
    if given.profile is not None:
        given.profile.mkdir(parents=True, exist_ok=True)
        given.profile = given.profile.absolute()
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    progress = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix=".benchmarks-", dir=given.folder)).absolute()
    options = Options(
        folder=folder,
        rounds=given.rounds or (1 if given.tiny else 3 if given.quick else 5),
        quick=given.quick or given.tiny,
        tiny=given.tiny,
        profile=given.profile,
    )
    figures: list[Figure] = []
    try:
        for name in given.measures or MEASURES:
            figures += MEASURES[name](options, progress.print)
    finally:
        shutil.rmtree(folder)
    console.print(_machine(), highlight=False)
    show(figures, console)
    if given.json is not None:
        told = {"machine": _machine(), "figures": [one.told() for one in figures]}
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _machine() -> str:
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    return f"Python {python}, SQLite {sqlite}, {os.cpu_count()} processors, {platform.system()}"


if __name__ == "__main__":
    main()
