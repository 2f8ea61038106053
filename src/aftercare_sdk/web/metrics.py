"""`GET /metrics`: the counters for Prometheus, of all processes at once, because the database holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.store.counters import HISTOGRAMS, LABELS, MORE, SUM, Totals

_TOLD = {
    "planned": "Messages that were planned.",
    "reopened": "Messages of which a person has said that they are to be sent again.",
    "ended": "Messages that have ended, by the state in which they first did.",
    "skipped": "Messages that were not sent, by the reason.",
    "submitted": "Messages that were about to be handed to a channel, repeats included.",
    "given_back": "Submitted messages that a slow channel was not handed after all.",
    "accepted": "Messages that a channel has accepted.",
    "events": "Outcomes that channels have reported, by their type.",
    "policy_denied": "Times that a message was not to leave now, by the rule.",
    "webhook_rejected": "Requests that were not stored, by the status of the answer.",
    "plan_lag": "Seconds from when an event was known until a plugin had decided about it.",
    "send_latency": "Seconds that a channel took for a message.",
    "queue_age": "Seconds from when a message was due until it was submitted.",
}
_MICROSECONDS = 1_000_000


def routes(aftercare: Aftercare) -> list[Route]:
    """Return the route of the counters."""

    async def metrics(request: Request) -> Response:
        del request
        text = await asyncio.to_thread(exposition, aftercare)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]


def exposition(aftercare: Aftercare) -> bytes:
    """Return the counters as Prometheus reads them."""
    totals, waiting = aftercare.counted()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counted(totals, waiting))
    return generate_latest(registry)


class _Counted(Collector):
    """Hands the library what has been counted."""

    def __init__(self, totals: Totals, waiting: int) -> None:
        self._totals = totals
        self._waiting = waiting

    def collect(self) -> Iterator[Metric]:
        for name, label in LABELS.items():
            family = CounterMetricFamily(f"aftercare_{name}", _TOLD[name], labels=[label] if label else [])
            values = {of: value for (one, of), value in self._totals.items() if one == name}
            for of, value in sorted(values.items() if label else [("", values.get("", 0))]):
                family.add_metric([of] if label else [], value)
            yield family
        for name, bounds in HISTOGRAMS.items():
            buckets, below = [], 0
            for bound in (*(f"{one:g}" for one in bounds), MORE):
                below += self._totals.get((name, bound), 0)
                buckets.append((bound, below))
            summed = self._totals.get((name, SUM), 0) / _MICROSECONDS
            yield HistogramMetricFamily(
                f"aftercare_{name}_seconds", _TOLD[name], buckets=buckets, sum_value=summed
            )
        yield GaugeMetricFamily("aftercare_waiting", "Messages that have not ended.", value=self._waiting)
