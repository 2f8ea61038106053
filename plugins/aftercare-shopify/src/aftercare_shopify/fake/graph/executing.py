"""One GraphQL request: read, weighed, and executed on the schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute_sync,
    get_named_type,
    get_operation_ast,
    parse,
    validate,
)

from aftercare_shopify.fake.graph import cost, mutations
from aftercare_shopify.fake.graph.denied import check
from aftercare_shopify.fake.graph.queries import root
from aftercare_shopify.fake.graph.schema import schema

if TYPE_CHECKING:
    from aftercare_shopify.fake.shop import FakeShopify

_MISSING = object()


@dataclass(slots=True)
class Asking:
    """What one request leads to besides its data."""

    shop: FakeShopify
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, name: str, query: str, unknown: list[str]) -> None:
        """Note that a search has fields that there are not; Shopify ignores them and says so."""
        self.warnings.append(
            {
                "path": [name],
                "query": query,
                "warnings": [
                    {"field": each, "message": "Invalid search field for this query."} for each in unknown
                ],
            }
        )


def answer(shop: FakeShopify, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of the answer to a request, which Shopify always gives with status 200."""
    document, errors = _read(str(told.get("query") or ""))
    if document is None or errors:
        return {"errors": [_error(each) for each in errors]}
    operation = get_operation_ast(document, told.get("operationName"))
    if operation is None:
        return {"errors": [{"message": "An operation name is required"}]}
    variables = told.get("variables") or {}
    requested = cost.requested(schema(), document, operation, variables)
    if requested > cost.LARGEST:
        return _too_costly(requested)
    if not shop.bucket.take(requested):
        return {"errors": [_THROTTLED], "extensions": {"cost": _cost(shop, requested, None)}}
    return _executed(shop, document, operation, variables, requested)


def _executed(
    shop: FakeShopify,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    requested: int,
) -> dict[str, Any]:
    asking = Asking(shop)
    mutation = operation.operation.value == "mutation"
    with shop.queue.event():
        result = execute_sync(
            schema(),
            document,
            root_value=mutations.root(shop) if mutation else root(shop, asking),
            context_value=asking,
            variable_values=variables,
            operation_name=operation.name.value if operation.name else None,
            field_resolver=_resolve,
            type_resolver=_type,
        )
    body: dict[str, Any] = {}
    if result.data is not None or not result.errors or all(each.path for each in result.errors):
        body["data"] = result.data
    if result.errors:
        body["errors"] = [_error(each) for each in result.errors]
    actual = cost.actual(schema(), document, operation, variables, result.data)
    shop.bucket.give_back(requested - actual)
    body["extensions"] = {"cost": _cost(shop, requested, actual)}
    if asking.warnings:
        body["extensions"]["search"] = asking.warnings
    return body


@lru_cache(maxsize=512)
def _read(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **told: Any) -> Any:
    """Return a field of a node: told, unknown and so null, or refused."""
    shop: FakeShopify = info.context.shop
    owner, name = info.parent_type.name, info.field_name
    check(shop.access, owner, name, get_named_type(info.return_type).name)
    value = source.get(name, _MISSING) if isinstance(source, Mapping) else _MISSING
    if value is _MISSING:
        if isinstance(info.return_type, GraphQLNonNull) or owner in ("QueryRoot", "Mutation"):
            raise GraphQLError(
                f"The fake Shopify does not keep {owner}.{name}: ask for something else, or teach it",
                extensions={"code": "FAKE_SHOPIFY_DOES_NOT_KEEP"},
            )
        return None
    return value(**told) if callable(value) else value


def _type(value: Any, info: GraphQLResolveInfo[Any], _: Any) -> Any:
    """Return which type something is: known only now, as is the scope that it takes."""
    kind = value.get("__typename")
    check(info.context.shop.access, info.parent_type.name, info.field_name, str(kind))
    return kind


def _error(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = dict(error.formatted)
    return told


_THROTTLED = {
    "message": "Throttled",
    "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
}


def _too_costly(requested: int) -> dict[str, Any]:
    return {
        "errors": [
            {
                "message": f"Query cost is {requested}, which exceeds the single query max cost limit"
                f" ({cost.LARGEST}).\n\nSee https://shopify.dev/concepts/about-apis/rate-limits for more"
                " information on how the\ncost of a query is calculated.\n",
                "extensions": {
                    "code": "MAX_COST_EXCEEDED",
                    "cost": requested,
                    "maxCost": cost.LARGEST,
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ]
    }


def _cost(shop: FakeShopify, requested: int, actual: int | None) -> dict[str, Any]:
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": shop.bucket.status(),
    }
