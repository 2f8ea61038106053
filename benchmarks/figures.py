"""Figures as they are told: a median with the smallest and the largest, and the goal beside it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_HUNDREDS, _TENS = 100, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much is run, and where. `folder` is on the disk that is to be measured."""

    folder: Path
    rounds: int = 5
    quick: bool = False
    tiny: bool = False
    profile: Path | None = None

    def choose(self, full: int, quick: int, tiny: int) -> int:
        """Return how many of something are run."""
        if self.tiny:
            return tiny
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table. `values` has one entry per round; ratios are taken round by round.

    `at_least` or `at_most` is the goal, if there is one; `note` says what else is worth knowing.
    """

    measure: str
    name: str
    unit: str
    values: tuple[float, ...]
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The figure that is told."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Tell whether the goal was reached; None: there is none."""
        if self.at_least is not None:
            return self.median >= self.at_least
        if self.at_most is not None:
            return self.median <= self.at_most
        return None

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f"≥ {_short(self.at_least)}"
        if self.at_most is not None:
            return f"≤ {_short(self.at_most)}"
        return ""

    def told(self) -> Mapping[str, Any]:
        """Return the figure as plain data, for a file."""
        return {**asdict(self), "median": self.median, "goal": self.goal, "reached": self.reached}


def ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    """Return one ratio per round: what ran side by side is compared, not the medians of different minutes."""
    return tuple(one / other for one, other in zip(above, below, strict=True) if other)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(figures: Iterable[Figure], console: Console) -> None:
    """Print one table; a goal that was not reached is marked, and nothing follows from it."""
    table = Table("measure", "figure", "median", "\\[min - max]", "goal", "", title_justify="left")
    for column in (2, 3, 4):
        table.columns[column].justify = "right"
    last = ""
    for one in figures:
        if last and one.measure != last:
            table.add_section()
        spread = f"[{_short(min(one.values))} - {_short(max(one.values))}]".replace("[", "\\[", 1)
        mark = {None: "", True: "reached", False: "missed"}[one.reached]
        name = f"{one.name} ({one.note})" if one.note else one.name
        table.add_row(
            "" if one.measure == last else one.measure,
            name,
            f"{_short(one.median)} {one.unit}",
            spread if len(one.values) > 1 else "",
            one.goal,
            mark,
        )
        last = one.measure
    console.print(table)


def _short(value: float) -> str:
    if abs(value) >= _HUNDREDS:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= _TENS else f"{value:.2f}"
