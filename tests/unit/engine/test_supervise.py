"""Children of the supervisor, in this process."""

from __future__ import annotations

from itertools import count

from aftercare_sdk.engine import supervise
from tests.support.shop import Bench, order, program


class Ending:
    """A parent that is gone after it has been asked so many times."""

    def __init__(self, after: int) -> None:
        self._asked = count(1)
        self._after = after
        self.longest_wait = 0.0

    def ended(self, wait_seconds: float = 0.0) -> bool:
        self.longest_wait = max(self.longest_wait, wait_seconds)
        return next(self._asked) > self._after


def test_a_decider_without_a_parent_ends_though_webhooks_never_cease(migrated_database_url):
    """It would keep the right to decide for ever, and nobody would watch it."""
    heard: list[str] = []

    def purchase(event, ctx):
        heard.append(event.order)
        assert len(heard) < 50, "the decider does not look whether it should end"
        bench.tell(order(str(len(heard) + 1)))
        return []

    with Bench(migrated_database_url, {"busy": program(on_purchase=purchase)}) as bench:
        bench.tell(order("1"))
        line = Ending(after=10)
        supervise.decide(bench.aftercare, line)
        assert 0 < len(heard) < 10
        assert line.longest_wait == 0.0
