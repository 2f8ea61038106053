"""Authoritative reads: what objects are now, complete, by Shopify's GraphQL API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aftercare_sdk.errors import ConfigurationError, TranslationError
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import Gone, Reading, Ref
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.codes import KIND as CODE
from aftercare_shopify.codes import NODE
from aftercare_shopify.consents import EMAIL
from aftercare_shopify.nodes import schemas
from aftercare_shopify.nodes.asking import Client, Node, Nodes, append
from aftercare_shopify.nodes.codes import code
from aftercare_shopify.nodes.consents import email_consent, is_shown
from aftercare_shopify.nodes.people import customer
from aftercare_shopify.nodes.products import product
from aftercare_shopify.nodes.subscriptions import subscription
from aftercare_shopify.nodes.whole import WholeOrders
from aftercare_shopify.options import Rules
from aftercare_shopify.versions import UNDATED

ALL_ORDERS = "read_all_orders"
"""The scope without which Shopify shows the orders of the last sixty days only."""

_AT_ONCE = 50
_SUBSCRIPTIONS, _SUBSCRIPTION_LINES = 20, 10
_MORE_SUBSCRIPTION_LINES = 100
_LARGEST_ID = 2**63 - 1


class Hidden(ConfigurationError):
    """What was asked for may be there, and this app may not see it."""


Attempt = tuple[Ref, Reading | TranslationError | Hidden]
"""What was asked for, and what came of it. One object that is not understood keeps no other waiting."""


_Told = Iterator[tuple[str, Reading | TranslationError | Hidden | None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one shop. `nodes` learns how many can be asked for at once."""

    client: Client
    shop: str
    rules: Rules
    nodes: Nodes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Ask by ids."""
        object.__setattr__(self, "nodes", Nodes(self.client, self.shop))

    def read(self, refs: Iterable[Ref]) -> Iterator[Reading]:
        """Read objects, those of one kind together.

        Raises TranslationError for one that cannot be understood, and ConfigurationError where this app may
        see none of them; if it may see others, those are told, and of the hidden ones nothing.
        """
        hidden: Hidden | None = None
        others = False
        for _, told in self.attempts(refs):
            if isinstance(told, TranslationError):
                raise told
            if isinstance(told, Hidden):
                hidden = told
            else:
                others = True
                yield told
        if hidden is not None and not others:
            raise hidden

    def attempts(self, refs: Iterable[Ref]) -> Iterator[Attempt]:
        """Read objects, and give the errors of those that cannot be understood in their place."""
        wanted = dict.fromkeys(refs)
        for kind, read in (
            ("order", self._orders),
            ("customer", self._customers),
            ("product", self._products),
            ("subscription", self._subscriptions),
            ("consent", self._consents),
            (CODE, self._codes),
        ):
            numbers = {}
            for ref in wanted:
                if ref.kind == kind:
                    number = _number(ref)
                    if number is None:
                        # Out of a file, perhaps: no object of Shopify is called so.
                        yield ref, Gone(ref)
                    else:
                        numbers[number] = ref
            for number, told in read(list(numbers)):
                ref = numbers[number]
                yield ref, Gone(ref) if told is None else told

    # ---- objects with their numbers; None for what is gone

    def _orders(self, numbers: Sequence[str]) -> _Told:
        missing = []
        for number, told in WholeOrders(self.nodes, self.rules).read(numbers):
            if told is None:
                missing.append(number)
            else:
                yield number, told
        if missing:
            yield from self._not_found(missing)

    def _not_found(self, numbers: Sequence[str]) -> _Told:
        """Tell orders that are gone from those that are too old to be shown to this app.

        Of those nothing is told: a picture without a word in it, which contradicts nothing that is known.
        """
        visible = self._visible_from()
        for number in numbers:
            is_old = visible is not None and int(number) < visible
            nothing = OrderSnapshot(shop=self.shop, id=number, version=UNDATED, partial=True)
            yield number, nothing if is_old else None

    def _visible_from(self) -> int | None:
        """Return the id of the oldest order that this app may see; None: there is no such limit.

        Ids grow with time. Where no order is to be seen, any may be too old.
        """
        data = self.client.query("order_access").data
        if ALL_ORDERS in granted(data):
            return None
        nodes = (data.get("orders") or {}).get("nodes") or []
        return min((int(schemas.number_in(node["id"])) for node in nodes), default=_LARGEST_ID)

    def _customers(self, numbers: Sequence[str]) -> _Told:
        def understand(number: str, node: Node) -> Reading:
            return customer(load(schemas.CUSTOMER, node, what=f"customer {number}"), shop=self.shop)

        return self._each("read_customers", "Customer", numbers, understand)

    def _consents(self, numbers: Sequence[str]) -> _Told:
        def understand(number: str, node: Node) -> Reading | Hidden | None:
            if not is_shown(node):
                return Hidden(
                    f"shop {self.shop!r}: Shopify does not show this app what customers said about mails: "
                    "ask for access to protected customer data, with the e-mail address (Partner Dashboard "
                    "or Dev Dashboard > your app > API access)"
                )
            return email_consent(load(schemas.CUSTOMER, node, what=f"customer {number}"), shop=self.shop)

        return self._each("read_customers", "Customer", numbers, understand)

    def _products(self, numbers: Sequence[str]) -> _Told:
        def understand(number: str, node: Node) -> Reading:
            told = load(schemas.PRODUCT, node, what=f"product {number}")
            return product(told, shop=self.shop, rules=self.rules)

        return self._each("read_products", "Product", numbers, understand)

    def _subscriptions(self, numbers: Sequence[str]) -> _Told:
        operation, kind, schema = "read_subscriptions", "SubscriptionContract", schemas.SUBSCRIPTION

        def understand(number: str, node: Node) -> Reading:
            contract = load(schema, node, what=f"subscription {number}")
            lines = contract["lines"]
            while lines["page"]["more"]:
                page = {"lines": _MORE_SUBSCRIPTION_LINES, "linesAfter": lines["page"]["end"]}
                append(lines, self.nodes.one(operation, kind, number, schema, **page)["lines"])
            return subscription(contract, shop=self.shop)

        first = {"lines": _SUBSCRIPTION_LINES, "linesAfter": None}
        return self._each(operation, kind, numbers, understand, beginning=_SUBSCRIPTIONS, **first)

    def _codes(self, numbers: Sequence[str]) -> _Told:
        def understand(number: str, node: Node) -> Reading | None:
            return code(load(schemas.CODE, node, what=f"discount {number}"), shop=self.shop)

        return self._each("read_codes", NODE, numbers, understand)

    def _each(
        self,
        operation: str,
        kind: str,
        numbers: Sequence[str],
        understand: Callable[[str, Node], Reading | Hidden | None],
        *,
        beginning: int = _AT_ONCE,
        **variables: Any,
    ) -> _Told:
        for nodes in self.nodes.batches(operation, kind, numbers, beginning=beginning, **variables):
            for number, node in nodes.items():
                told: Reading | TranslationError | Hidden | None = None
                if node is not None:
                    try:
                        told = understand(number, node)
                    except TranslationError as error:
                        told = error
                yield number, told


def granted(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes in the answer to `order_access`."""
    installation = data.get("currentAppInstallation") or {}
    return frozenset(scope["handle"] for scope in installation.get("accessScopes") or ())


def _number(ref: Ref) -> str | None:
    """Return the number in the name of an object; None: it cannot be one of Shopify's.

    A consent is known by the account and the channel: `42/email`; a code by the global id of its discount.
    """
    prefix = schemas.gid(NODE, "") if ref.kind == CODE else ""
    if not ref.id.startswith(prefix):
        return None
    name, slash, channel = ref.id.removeprefix(prefix).partition("/")
    if (slash + channel) != (f"/{EMAIL}" if ref.kind == "consent" else ""):
        return None
    known = name.isascii() and name.isdigit() and not name.startswith("0") and int(name) <= _LARGEST_ID
    return name if known else None
