"""How mutations say no: user errors, and scopes that depend on what is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

_WRITES = {
    "Customer": "write_customers",
    "Order": "write_orders",
    "Product": "write_products",
    "ProductVariant": "write_products",
    "DiscountCodeNode": "write_discounts",
}


class UserError(Exception):
    """Something that is refused because of what was told: `field` is the path to it in the arguments."""

    def __init__(self, message: str, *field: str, code: str | None = None, index: int | None = None) -> None:
        super().__init__(message)
        self.node: dict[str, Any] = {
            "message": message,
            "field": list(field) or None,
            "code": code,
            "extraInfo": None,
            "elementIndex": index,
        }


def need(shop: Records, field: str, kind: str) -> None:
    """Raise GraphQLError unless the app may change things of a kind."""
    scope = _WRITES.get(kind)
    if scope is not None and not shop.access.may(frozenset({scope})):
        said = f"`{scope}` access scope."
        raise GraphQLError(
            f"Access denied for {field} field. Required access: {said}",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": said,
            },
        )
