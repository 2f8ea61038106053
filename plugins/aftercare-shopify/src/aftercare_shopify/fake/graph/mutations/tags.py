"""Adding and removing tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.acts.accounts import unlike
from aftercare_shopify.fake.graph.mutations.errors import UserError, need
from aftercare_shopify.fake.graph.nodes import node
from aftercare_shopify.fake.graph.parts import Node, parsed

if TYPE_CHECKING:
    from aftercare_shopify.fake.shop import FakeShopify

_LONGEST, _MOST = 255, 250


def fields(shop: FakeShopify) -> dict[str, Callable[..., Node]]:
    """Return the fields of Mutation for tags."""
    return {
        "tagsAdd": lambda id, tags, **_: _tried(shop, "tagsAdd", id, tags),  # noqa: A006 - as GraphQL calls it
        "tagsRemove": lambda id, tags, **_: _tried(shop, "tagsRemove", id, tags),  # noqa: A006 - as GraphQL calls it
    }


def _tried(shop: FakeShopify, field: str, told: str, tags: Sequence[str]) -> Node:
    kind, number = parsed(told)
    need(shop, field, kind)
    try:
        _changed(shop, field == "tagsAdd", kind, number, _split(tags))
    except UserError as error:
        return {"node": None, "userErrors": [error.node]}
    return {"node": node(shop, told), "userErrors": []}


def _split(tags: Sequence[str]) -> list[str]:
    # "a, b" is two tags.
    return [part.strip() for each in tags for part in each.split(",") if part.strip()]


def _changed(shop: FakeShopify, add: bool, kind: str, number: int, tags: list[str]) -> None:  # noqa: FBT001 - which of the two it is
    if any(len(tag) > _LONGEST for tag in tags):
        raise UserError("Tag exceeds the maximum length of 255 characters", "tags")
    there: dict[str, dict[int, Any]] = {
        "Customer": shop.customers,
        "Order": shop.orders,
        "Product": shop.products,
    }
    if kind not in there or number not in there[kind]:
        raise UserError(f"{kind} does not exist", "id")
    owner = there[kind][number]
    known = {each.casefold() for each in owner.tags}
    if add and len(known | {tag.casefold() for tag in tags}) > _MOST:
        raise UserError("Tags cannot exceed 250", "tags")
    if kind == "Customer":
        (shop.tag if add else shop.untag)(number, *tags)
        return
    wanted = {tag.casefold() for tag in tags}
    new = [each for each in unlike(tags) if each.casefold() not in known] if add else []
    left = owner.tags if add else [each for each in owner.tags if each.casefold() not in wanted]
    if [*left, *new] == owner.tags:
        return
    change = {"tags": sorted([*left, *new])}
    if kind == "Order":
        shop.change(number, **change)
    else:
        shop.edit_product(number, **change)
