"""Metafields as nodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.graph.connections import connection
from aftercare_shopify.fake.graph.parts import Node, ids, moment
from aftercare_shopify.fake.state.metafields import Metafield, namespace_of

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

OWNERS = {
    "Customer": "CUSTOMER",
    "Order": "ORDER",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "DiscountCodeNode": "DISCOUNT",
    "Shop": "SHOP",
    "AppInstallation": "API_PERMISSION",
}
"""What can have metafields here."""


def metafield_node(shop: Records, told: Metafield) -> Node:
    """Return a metafield."""
    from aftercare_shopify.fake.graph.nodes import node

    return {
        **ids("Metafield", told.id),
        "namespace": told.namespace,
        "key": told.key,
        "type": told.type,
        "value": told.value,
        "jsonValue": _json(told),
        "sizeInBytes": len(told.value.encode()),
        "compareDigest": told.digest,
        "createdAt": moment(told.created),
        "updatedAt": moment(told.updated),
        "ownerType": OWNERS[told.owner.removeprefix("gid://shopify/").partition("/")[0]],
        "owner": lambda **_: node(shop, told.owner),
    }


def fields(shop: Records, owner: str) -> dict[str, Any]:
    """Return the fields `metafield` and `metafields` of a thing."""

    def one(key: str, namespace: str | None = None, **_: Any) -> Node | None:
        # "custom.tier" may stand in the key alone.
        if namespace is None and "." in key:
            namespace, key = key.rsplit(".", 1)
        found = shop.metafields.get((owner, namespace_of(namespace, shop.app_id), key))
        return None if found is None else metafield_node(shop, found)

    def many(namespace: str | None = None, keys: list[str] | None = None, **told: Any) -> Node:
        found = shop.metafields_of(owner)
        if namespace is not None:
            found = [each for each in found if each.namespace == namespace_of(namespace, shop.app_id)]
        if keys is not None:
            wanted = {_whole(shop, key) for key in keys}
            found = [each for each in found if f"{each.namespace}.{each.key}" in wanted]
        return connection(
            found, told, lambda each: metafield_node(shop, each), lambda each: (each.id, each.id)
        )

    return {"metafield": one, "metafields": many}


def _whole(shop: Records, key: str) -> str:
    namespace, _, name = key.rpartition(".")
    return f"{namespace_of(namespace or None, shop.app_id)}.{name}"


def _json(told: Metafield) -> Any:
    if told.type in ("json", "number_integer", "boolean") or told.type.startswith("list."):
        return json.loads(told.value)
    return told.value
