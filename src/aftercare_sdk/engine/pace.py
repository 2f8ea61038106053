"""How much a write transaction takes at once: no more than it can write while others barely notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORT = 0.025
"""Seconds. A transaction that was quicker lets the next one take more."""
LONG = 0.05
"""Seconds. One that was slower halves it: half of the 100 ms that no write transaction may take."""


class Pace:
    """Learns how many rows fit into a short transaction on this machine, with this disk."""

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self.size = max(1, most // 4)

    @contextmanager
    def writing(self, rows: int) -> Iterator[None]:
        """Measure the transaction inside, which writes `rows`."""
        began = self._monotonic()
        yield
        took = self._monotonic() - began
        if took > LONG:
            self.size = max(1, rows // 2)
        elif took < SHORT and rows >= self.size:
            self.size = min(self._most, self.size * 2)
