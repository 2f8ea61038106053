"""What a request costs, before and after it is answered.

Shopify publishes the rules in words only. These numbers are fitted to costs that its API told others, and
that the audit of costs in microsoft/BCApps published. An object costs 1; money, page information and the
edges of a connection cost nothing. A connection costs 2, and its objects count twice the natural logarithm
of how many are asked for. A mutation costs 10. Lists that are no connection, `nodes(ids:)` among them,
count as one object.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

LARGEST = 1000
_MUTATION = 10
_CONNECTION = 2
_FREE = frozenset(
    {
        *("MoneyBag", "MoneyV2", "PageInfo", "CustomerEmailAddress", "CustomerPhoneNumber"),
        "CustomerEmailMarketingConsentState",
    }
)


def requested(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, told: Mapping[str, Any]
) -> int:
    """Return what a request may cost at most."""
    return _Weigher(schema, document, operation, told).operation(operation, None, known=False)


def actual(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    told: Mapping[str, Any],
    data: Any,
) -> int:
    """Return what a request did cost, by what was answered."""
    return _Weigher(schema, document, operation, told).operation(operation, data or {}, known=True)


def sized(many: int) -> int:
    """Return how often the objects of a connection count."""
    return max(1, math.floor(2 * math.log(many))) if many > 0 else 0


class _Weigher:
    """Walks over what is asked for; `known` tells whether `data` is what was answered."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        told: Mapping[str, Any],
    ) -> None:
        self._schema, self._told = schema, {**_defaults(operation), **told}
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }

    def operation(self, operation: OperationDefinitionNode, data: Any, *, known: bool) -> int:
        """Return what an operation costs."""
        mutation = operation.operation.value == "mutation"
        root = self._schema.mutation_type if mutation else self._schema.query_type
        if root is None:
            return 0
        cost = 0
        for each, _ in self._fields(operation.selection_set, root):
            value = _of(each, data, known=known)
            if mutation:
                payload = get_named_type(root.fields[each.name.value].type)
                inside = self._selected(each.selection_set, payload, value, known=known, free="userErrors")
                cost += _MUTATION + inside
            else:
                cost += self._field(each, root, value, known=known)
        return max(1, cost)

    def _selected(
        self,
        selected: SelectionSetNode | None,
        of: GraphQLNamedType,
        data: Any,
        *,
        known: bool,
        free: str = "",
    ) -> int:
        if selected is None or (known and data is None):
            return 0
        # Of a union or an interface the dearest of what it may be counts.
        shared, options = 0, dict[str, int]()
        for each, only in self._fields(selected, of):
            owner = self._schema.type_map.get(only) if only else of
            if owner is None or each.name.value in (free, "__typename"):
                continue
            cost = self._field(each, owner, _of(each, data, known=known), known=known)
            if only and only != of.name:
                options[only] = options.get(only, 0) + cost
            else:
                shared += cost
        return shared + max(options.values(), default=0)

    def _field(self, node: FieldNode, owner: GraphQLNamedType, data: Any, *, known: bool) -> int:
        if not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) or node.selection_set is None:
            return 0
        field = owner.fields.get(node.name.value)
        if field is None or (known and data is None):
            return 0
        kind = get_named_type(field.type)
        if kind.name in _FREE:
            return 0
        if kind.name.endswith("Connection"):
            return self._connection(node, kind, data, known=known)
        rows = data if isinstance(data, list) else [data]
        if known:
            inside = max(
                (self._selected(node.selection_set, kind, row, known=True) for row in rows), default=0
            )
            return inside + (1 if any(row is not None for row in rows) else 0)
        return 1 + self._selected(node.selection_set, kind, None, known=False)

    def _connection(self, node: FieldNode, kind: GraphQLNamedType, data: Any, *, known: bool) -> int:
        asked = self._argument(node, "first") or self._argument(node, "last") or 0
        dearest, many = 0, asked
        for each, _ in self._fields(node.selection_set, kind):
            told = _of(each, data, known=known)
            if each.name.value not in ("nodes", "edges") or not isinstance(kind, GraphQLObjectType):
                continue
            rows = (told or []) if known else [None]
            many = len(rows) if known else asked
            item = get_named_type(kind.fields[each.name.value].type)
            for row in rows:
                dearest = max(dearest, self._item(each, item, row, known=known))
        return _CONNECTION + sized(many) * dearest

    def _item(self, node: FieldNode, item: GraphQLNamedType, row: Any, *, known: bool) -> int:
        if node.name.value == "nodes":
            return 1 + self._selected(node.selection_set, item, row, known=known)
        for each, _ in self._fields(node.selection_set, item):
            if each.name.value == "node" and isinstance(item, GraphQLObjectType):
                kind = get_named_type(item.fields["node"].type)
                return 1 + self._selected(each.selection_set, kind, _of(each, row, known=known), known=known)
        return 0

    def _fields(
        self, selected: SelectionSetNode | None, of: GraphQLNamedType, only: str = ""
    ) -> Iterator[tuple[FieldNode, str]]:
        """Give the fields that are asked for, with the type that they are only asked of."""
        for each in selected.selections if selected else ():
            if not self._wanted(each):
                continue
            if isinstance(each, FieldNode):
                yield each, only
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition.name.value if each.type_condition else only
                yield from self._fields(each.selection_set, of, "" if condition == of.name else condition)
            elif isinstance(each, FragmentSpreadNode) and each.name.value in self._fragments:
                fragment = self._fragments[each.name.value]
                condition = fragment.type_condition.name.value
                yield from self._fields(
                    fragment.selection_set, of, only if condition == of.name else condition
                )

    def _wanted(self, node: Any) -> bool:
        for directive in node.directives or ():
            if directive.name.value in ("include", "skip") and directive.arguments:
                value = directive.arguments[0].value
                told = (
                    self._told.get(value.name.value)
                    if isinstance(value, VariableNode)
                    else getattr(value, "value", None)
                )
                if bool(told) is (directive.name.value == "skip"):
                    return False
        return True

    def _argument(self, node: FieldNode, name: str) -> int | None:
        for each in node.arguments or ():
            if each.name.value == name:
                if isinstance(each.value, IntValueNode):
                    return int(each.value.value)
                if isinstance(each.value, VariableNode):
                    told = self._told.get(each.value.name.value)
                    return int(told) if isinstance(told, int) else None
        return None


def _of(node: FieldNode, data: Any, *, known: bool) -> Any:
    if not known or not isinstance(data, Mapping):
        return None
    return data.get(node.alias.value if node.alias else node.name.value)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
