"""What an engine came to know of the history, in nobody's words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.events import Event, OrderEvent, Refund
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import events, journal, messages, objects, reads
from aftercare_sdk.store.journal import State
from tests.support.one_history.script import START, Act

SHOP = "main"
AFTERWARDS = timedelta(days=40)


class Platform(Protocol):
    """A shop of some platform that lives through the history, and tells an engine of it."""

    plugin: object
    environ: Mapping[str, str]

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The section of the shop in aftercare.toml."""

    def connected(self, aftercare: Aftercare) -> AbstractContextManager[None]:
        """Be connected to an engine."""

    def live(self, act: Act) -> None:
        """Let something happen, and tell of it."""

    @property
    def orders(self) -> Mapping[str, int]:
        """Which order of the history an order of the shop is, by its id."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of the history, by the numbers of its orders."""

    orders: Mapping[int, Any]
    events: list[Any]
    messages: list[Any]


def live_through(acts: list[Act], platform: Platform, folder: Path) -> Told:
    """Let a platform live through a history and its engine do all that follows; return what came of it."""
    configuration = {
        "brand": {"name": "Hibi", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": f"sqlite:///{folder}/aftercare.db"},
        "shops": {SHOP: {"currency": "JPY", "sync": False, **platform.configuration}},
        "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
        "quiet_hours": {"email": "none"},
        "plugins": {"flows": {"thank-you": {"delay": "3h"}, "how-to-use": {"delay": "2d"}}},
    }
    clock = VirtualClock(START - timedelta(days=1))
    with Aftercare(
        configuration, clock=clock, plugins={"platform": platform.plugin}, environ=platform.environ
    ) as aftercare:
        with platform.connected(aftercare):
            for act in acts:
                aftercare.advance(act.at)
                platform.live(act)
                aftercare.process()
            aftercare.advance(acts[-1].at + AFTERWARDS)
        return _told(aftercare, platform)


def _told(aftercare: Aftercare, platform: Platform) -> Told:
    places = platform.orders
    brand = aftercare.brand
    with brand.database.read() as connection:
        assert [] == reads.listing(connection)
        assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])
        orders = {}
        for one in objects.everything(connection):
            if isinstance(one.record, OrderRecord):
                order = as_order(one.record, brand.assumptions(SHOP), brand.clock.now())
                assert order is not None
                orders[order.id] = order
        return Told(
            orders={places[id_]: _order(order) for id_, order in sorted(orders.items())},
            events=sorted(_event(known.event, orders, places) for known in events.everything(connection)),
            messages=sorted(
                (places[one.object], one.label, one.purpose, one.due_at, one.state.value, one.code)
                for one in messages.everything(connection)
            ),
        )


def _order(order: Order) -> Any:
    return {
        "placed": order.placed_at,
        "purchased": order.purchased_at,
        "cancelled": order.cancelled_at,
        "is cancelled": order.cancelled,
        "total": order.total,
        "shipping": order.shipping,
        "country": order.country,
        "lines": [(line.title, line.sku, line.quantity, line.paid, line.tax) for line in order.lines],
        "shipped": [parcel.at for parcel in order.shipments],
        "delivered": [(parcel.at, parcel.assumed) for parcel in order.deliveries],
        "refunds": sorted((one.at, one.amount.minor, _lines(order, one.lines)) for one in order.refunds),
        "refunded": order.refunded,
    }


def _event(event: Event, orders: Mapping[str, Order], places: Mapping[str, int]) -> Any:
    assert isinstance(event, OrderEvent)
    more = ()
    if isinstance(event, Refund):
        more = (event.amount.minor, event.amount.currency, _lines(orders[event.order], event.lines))
    return (places[event.order], event.occurred_at, type(event).__name__, *more)


def _lines(order: Order, lines: Any) -> Any:
    """Return what a refund gave back, by the places of the order's lines."""
    if lines is None:
        return None
    place = {line.id: number for number, line in enumerate(order.lines)}
    return tuple(sorted((place[one.line], one.quantity, one.amount.minor) for one in lines))
