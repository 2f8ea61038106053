"""A hook call with five isolated plugins against a bare pluggy call with the same five."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pluggy

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action
from aftercare_sdk.model.context import CustomerView, ShopView
from aftercare_sdk.model.events import Purchase
from aftercare_sdk.plugins import HookCall, HookRunner
from benchmarks.figures import Figure, Options, ratios

MEASURE = "hooks"
_PLUGINS = 5
_EVENTS = 500
"""How many events one hand-over carries."""


class Silent(AftercareHooks):
    """A plugin that hears of every purchase and wants nothing."""

    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """Answer nothing."""
        return None


_NAMES = {
    "bare": "a bare pluggy call of five plugins",
    "batch": "the five isolated, handed over by the batch",
    "event": "the five isolated, handed over one by one",
}


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Make the same calls three ways, in turn."""
    batches = options.choose(20, 5, 1)
    taken: dict[str, list[float]] = {name: [] for name in _NAMES}
    with closing(HookRunner()) as runner:
        ways = _ways(runner)
        for number in range(options.rounds):
            tell(f"hooks, round {number + 1} of {options.rounds}")
            for name, way in ways.items():
                started = time.perf_counter()
                for _ in range(batches):
                    way()
                taken[name].append((time.perf_counter() - started) / (batches * _EVENTS) * 1e6)
    for name, values in taken.items():
        yield Figure(measure=MEASURE, name=_NAMES[name], unit="µs", values=tuple(values))
    for name, told in (("batch", "by the batch"), ("event", "one by one")):
        against = ratios(taken[name], taken["bare"])
        yield Figure(measure=MEASURE, name=f"isolated {told}, against bare", unit="x", values=against)


def _ways(runner: HookRunner) -> dict[str, Callable[[], object]]:
    """Return the three ways to let five plugins hear of the same events."""
    events = [_event(number) for number in range(_EVENTS)]
    ctx = Context(
        shop=ShopView(name="main", country="JP", locale="ja", zone="Asia/Tokyo"),
        customer=CustomerView(locale="ja", country="JP", zone="Asia/Tokyo"),
    )
    plugins = [Silent() for _ in range(_PLUGINS)]
    manager = pluggy.PluginManager("aftercare")
    manager.add_hookspecs(AftercareHooks)
    for each in plugins:
        manager.register(each)
    calls = [
        [
            HookCall(plugin=str(number), function=plugin.on_purchase, event=event, ctx=ctx)
            for number, plugin in enumerate(plugins)
        ]
        for event in events
    ]
    together = [call for several in calls for call in several]
    return {
        "bare": lambda: [manager.hook.on_purchase(event=event, ctx=ctx) for event in events],
        "batch": lambda: runner.run(together),
        "event": lambda: [runner.run(several) for several in calls],
    }


def _event(number: int) -> Purchase:
    return Purchase(
        id=f"main/order/{number}/purchase",
        shop="main",
        occurred_at=datetime(2026, 5, 1, 9, tzinfo=UTC),
        order=str(number),
    )
