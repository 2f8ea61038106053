"""How objects are asked for by their ids: many at once, and as many as their points allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.shops.loading import Loader
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes.schemas import gid
from aftercare_shopify.results import Result, Sort

MOST_POINTS = 800.0
"""Of the thousand that one operation may cost."""
MOST_AT_ONCE = 50

Node = dict[str, Any]


class Client(Protocol):
    """Asks one shop the queries in `graphql/`; see `ShopifyClient`."""

    def query(self, name: str, variables: Mapping[str, Any] | None = None) -> Result:
        """Ask the query in `graphql/<name>.graphql`."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Asks one shop for objects.

    How Shopify counts points is not published in full, and its answers say what an operation cost. So few
    objects are asked for in the beginning that they fit by the strictest way of counting; `sizes` holds, by
    operation, how many fit by what has been learnt since.
    """

    client: Client
    shop: str
    sizes: dict[str, int] = field(default_factory=dict, repr=False)

    def batches(
        self, operation: str, kind: str, numbers: Sequence[str], *, beginning: int, **variables: Any
    ) -> Iterator[dict[str, Node | None]]:
        """Give objects by number, a batch at a time. None: there is none that this app may see.

        A field that this app may not see is left out of its object; one that is null is empty in the shop.
        """
        start = 0
        while start < len(numbers):
            some = numbers[start : start + self.sizes.get(operation, beginning)]
            start += len(some)
            told, result = self._ask(operation, kind, some, variables)
            if result.cost is not None and result.cost.requested > 0:
                fitting = int(MOST_POINTS * len(some) / result.cost.requested)
                self.sizes[operation] = max(1, min(fitting, MOST_AT_ONCE))
            yield told

    def one(self, operation: str, kind: str, number: str, schema: Loader, **variables: Any) -> Node:
        """Return one object that was there a moment ago. Raises TranslationError."""
        [node] = self._ask(operation, kind, [number], variables)[0].values()
        if node is None:
            raise PlatformUnavailable(f"shop {self.shop!r}: {kind} {number} vanished while it was read")
        return load(schema, node, what=f"{kind.lower()} {number}")

    def _ask(
        self, operation: str, kind: str, numbers: Sequence[str], variables: Mapping[str, Any]
    ) -> tuple[dict[str, Node | None], Result]:
        ids = [gid(kind, number) for number in numbers]
        result = self.client.query(operation, {"ids": ids, **variables})
        nodes = result.data.get("nodes")
        if not isinstance(nodes, list) or len(nodes) != len(ids):
            raise PlatformUnavailable(f"shop {self.shop!r}: Shopify answered {operation} with other objects")
        told: dict[str, Node | None] = {}
        for place, (number, node) in enumerate(zip(numbers, nodes, strict=True)):
            if node is None and result.withheld("nodes", place):
                self._withheld(result, operation)
            told[number] = node if isinstance(node, dict) else None
        for problem in result.errors:
            if problem.sort is not Sort.DENIED:
                # What is null because of it is not so in the shop: not a cancellation that was taken back.
                self._withheld(result, operation)
            if problem.path[:1] == ("nodes",):
                _leave_out(nodes, problem.path[1:])
        return told, result

    def _withheld(self, result: Result, operation: str) -> NoReturn:
        """Raise for an object that was not shown because of an error: it is not one that is gone."""
        if all(problem.sort is Sort.DENIED for problem in result.errors):
            scopes = sorted({scope for problem in result.errors for scope in problem.scopes})
            cure = f"the scope {' and '.join(scopes)}" if scopes else "the scopes that the docs name"
            raise ConfigurationError(
                f"shop {self.shop!r}: Shopify does not show what {operation} asks for (ACCESS_DENIED): "
                f"give the app {cure}, and install it again in the shop so that its token has it"
            )
        raise PlatformUnavailable(f"shop {self.shop!r}: Shopify answered {operation} with errors")


def _leave_out(told: Any, path: Sequence[str | int]) -> None:
    """Take out of an answer what an app may not see: null then is what the shop has nothing of."""
    for step in path:
        if isinstance(told, dict) and isinstance(step, str):
            if told.get(step) is None:
                told.pop(step, None)
                return
            told = told[step]
        elif isinstance(told, list) and isinstance(step, int) and step < len(told):
            told = told[step]
        else:
            return


def append(connection: Node, more: Node) -> None:
    """Add a page to a list that is told in pages, unless the one before was its last."""
    if connection["page"]["more"]:
        connection["nodes"] += more["nodes"]
        connection["page"] = more["page"]
