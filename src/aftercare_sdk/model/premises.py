"""Conditions that travel with a message and are checked again in the transaction that submits it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStands:
    """The order is neither cancelled nor given back in full. `order` is `shop/order/1042`."""

    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRefund:
    """No part of the order has been given back."""

    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSentWithin:
    """The plugin submitted no message labelled `label` to this person during the last `period`."""

    label: str
    period: timedelta


Premise = OrderStands | NoRefund | NotSentWithin
PREMISE_BY_KIND: dict[str, type[Premise]] = {
    premise.__name__: premise for premise in (OrderStands, NoRefund, NotSentWithin)
}
