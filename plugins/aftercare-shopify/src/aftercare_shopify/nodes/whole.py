"""Orders and what belongs to them, whole: GraphQL tells their lists in pages.

An operation is charged as if every list in it were full, so lists are cut short: what has more lines than fit
is read on, page by page. Refunds are asked for by themselves, because most orders have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aftercare_sdk.errors import PlatformUnavailable, TranslationError
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import orders, schemas
from aftercare_shopify.nodes.asking import Node, Nodes, append
from aftercare_shopify.options import PRESENTMENT, Rules

_ORDERS, _LINES, _WAYS = 4, 10, 3
"""Orders read at once to begin with, and of each so many lines and ways of shipping."""
_MORE_LINES, _MORE_WAYS = 50, 10
_REFUNDS, _REFUND_LINES, _PAYMENTS = 5, 10, 5
_MORE_REFUND_LINES, _MORE_PAYMENTS = 50, 50
_FULFILLMENTS = 5

_TRIES = 3
"""How often an order is read that changes while its pages are read."""

_Parts = dict[str, Node | TranslationError]
"""What belongs to orders, by its own id."""


@dataclass(frozen=True, slots=True)
class WholeOrders:
    """Reads the orders of one shop."""

    nodes: Nodes
    rules: Rules

    def read(self, ids: Sequence[str]) -> Iterator[tuple[str, OrderSnapshot | TranslationError | None]]:
        """Give orders with their ids. None: there is none that this app may see."""
        first = self._page()
        for nodes in self.nodes.batches("read_orders", "Order", ids, beginning=_ORDERS, **first):
            found = {number: self._whole(number, node) for number, node in nodes.items() if node is not None}
            known = [told for told in found.values() if isinstance(told, dict)]
            refunds = self._refunds([name for order in known for name in order["refunds"]])
            arrived = self._arrived([name for order in known for name in orders.undated(order)])
            for number in nodes:
                told = found.get(number)
                yield number, self._snapshot(told, refunds, arrived) if isinstance(told, dict) else told

    def _snapshot(self, order: Node, refunds: _Parts, arrived: _Parts) -> OrderSnapshot | TranslationError:
        """Return the snapshot of an order, or the error of the first of its parts that is not understood."""
        parts = [refunds[name] for name in order["refunds"]]
        events = [arrived[name] for name in orders.undated(order) if name in arrived]
        for each in (*parts, *events):
            if isinstance(each, TranslationError):
                return each
        return orders.snapshot(
            order,
            refunds=[each for each in parts if isinstance(each, dict)],
            events=[each for each in events if isinstance(each, dict)],
            shop=self.nodes.shop,
            rules=self.rules,
        )

    def _whole(self, number: str, node: Node) -> Node | TranslationError:
        """Return an order with all of its lines, all of one state of it."""
        try:
            order = load(schemas.ORDER, node, what=f"order {number}")
            for _ in range(_TRIES):
                again = self._with_more(number, order)
                if again is None:
                    return order
                order = again
        except TranslationError as error:
            return error
        raise PlatformUnavailable(f"shop {self.nodes.shop!r}: order {number} changes all the time")

    def _with_more(self, number: str, order: Node) -> Node | None:
        """Add to an order what did not fit on its first page; return its new first page if it has changed."""
        lines, ways = order["lines"], order["ways"]
        while lines["page"]["more"] or ways["page"]["more"]:
            page = self._page(
                lines=_MORE_LINES if lines["page"]["more"] else 1,
                lines_after=lines["page"]["end"],
                ways=_MORE_WAYS if ways["page"]["more"] else 1,
                ways_after=ways["page"]["end"],
            )
            more = self.nodes.one("read_orders", "Order", number, schemas.ORDER, **page)
            if more["updated_at"] != order["updated_at"]:
                return self.nodes.one("read_orders", "Order", number, schemas.ORDER, **self._page())
            append(lines, more["lines"])
            append(ways, more["ways"])
        return None

    def _refunds(self, ids: Sequence[str]) -> _Parts:
        told: _Parts = {}
        first = self._page_of_refund()
        for nodes in self.nodes.batches("read_refunds", "Refund", ids, beginning=_REFUNDS, **first):
            for number, node in nodes.items():
                if node is None:
                    # Not to be taken for a refund that was withdrawn.
                    raise PlatformUnavailable(
                        f"shop {self.nodes.shop!r}: refund {number} is listed and not shown"
                    )
                told[number] = self._whole_refund(number, node)
        return told

    def _whole_refund(self, number: str, node: Node) -> Node | TranslationError:
        try:
            refund = load(schemas.REFUND, node, what=f"refund {number}")
            lines, payments = refund["lines"], refund["transactions"]
            while lines["page"]["more"] or payments["page"]["more"]:
                page = self._page_of_refund(
                    lines=_MORE_REFUND_LINES if lines["page"]["more"] else 1,
                    lines_after=lines["page"]["end"],
                    payments=_MORE_PAYMENTS if payments["page"]["more"] else 1,
                    payments_after=payments["page"]["end"],
                )
                more = self.nodes.one("read_refunds", "Refund", number, schemas.REFUND, **page)
                append(lines, more["lines"])
                append(payments, more["transactions"])
        except TranslationError as error:
            return error
        return refund

    def _arrived(self, ids: Sequence[str]) -> _Parts:
        """Return the events of fulfilments that have arrived, and of which only the events say when."""
        told: _Parts = {}
        for nodes in self.nodes.batches("read_fulfillments", "Fulfillment", ids, beginning=_FULFILLMENTS):
            for number, node in nodes.items():
                if node is not None:
                    told[number] = _loaded(number, node)
        return told

    def _page(
        self, *, lines: int = _LINES, lines_after: str = "", ways: int = _WAYS, ways_after: str = ""
    ) -> dict[str, Any]:
        return {
            "presentment": self.rules.money == PRESENTMENT,
            "lines": lines,
            "linesAfter": lines_after or None,
            "ways": ways,
            "waysAfter": ways_after or None,
        }

    def _page_of_refund(
        self,
        *,
        lines: int = _REFUND_LINES,
        lines_after: str = "",
        payments: int = _PAYMENTS,
        payments_after: str = "",
    ) -> dict[str, Any]:
        return {
            "presentment": self.rules.money == PRESENTMENT,
            "lines": lines,
            "linesAfter": lines_after or None,
            "payments": payments,
            "paymentsAfter": payments_after or None,
        }


def _loaded(number: str, node: Node) -> Node | TranslationError:
    try:
        return load(schemas.FULFILLMENT, node, what=f"fulfillment {number}")
    except TranslationError as error:
        return error
