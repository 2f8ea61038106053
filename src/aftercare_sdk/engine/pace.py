"""How much a write transaction takes at once: no more than it can write while others barely notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORT = 0.025
"""Seconds. A full transaction that would be quicker lets the next one take more."""
LONG = 0.05
"""Seconds. One that was slower halves it: half of the 100 ms that no write transaction may take."""
FEWEST = 10
"""Rows. Fewer at once would spend more on their commits than on what is in them."""


class Pace:
    """Learns how many rows fit into a short transaction on this machine, with this disk."""

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._fewest = min(FEWEST, most)
        self._monotonic = monotonic
        self.size = max(self._fewest, most // 4)

    @contextmanager
    def writing(self, rows: int) -> Iterator[None]:
        """Measure the writing of `rows`. Enter it inside the transaction, when that holds its lock.

        Waiting for the lock and the commit cost the same for one row as for many: to take fewer would only
        make more of both.
        """
        began = self._monotonic()
        yield
        took = self._monotonic() - began
        if rows * 2 < self.size:
            return  # so few rows say nothing about many
        if took > LONG:
            self.size = max(self._fewest, self.size // 2, min(self.size, rows // 2))
        elif took * self.size < SHORT * rows:
            self.size = min(self._most, self.size * 2)
