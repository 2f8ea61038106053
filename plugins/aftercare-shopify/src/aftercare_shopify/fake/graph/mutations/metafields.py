"""Writing and deleting metafields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.graph.metafields import OWNERS, metafield_node
from aftercare_shopify.fake.graph.mutations.errors import UserError, need
from aftercare_shopify.fake.graph.nodes import node
from aftercare_shopify.fake.graph.parts import Node, parsed
from aftercare_shopify.fake.state.metafields import Metafield, namespace_of

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

_MOST = 25
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHECKS: dict[str, Callable[[str], Any]] = {
    "single_line_text_field": lambda value: "\n" not in value or _wrong(),
    "multi_line_text_field": str,
    "number_integer": int,
    "number_decimal": float,
    "boolean": lambda value: value in ("true", "false") or _wrong(),
    "json": json.loads,
    "date_time": lambda value: re.match(r"\d{4}-\d\d-\d\dT", value) or _wrong(),
    "date": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\d", value) or _wrong(),
    "list.single_line_text_field": lambda value: isinstance(json.loads(value), list) or _wrong(),
}


def fields(shop: Records) -> dict[str, Callable[..., Node]]:
    """Return the fields of Mutation for metafields."""
    return {
        "metafieldsSet": lambda metafields, **_: _set(shop, metafields),
        "metafieldsDelete": lambda metafields, **_: _delete(shop, metafields),
    }


def _set(shop: Records, told: Sequence[Mapping[str, Any]]) -> Node:
    for each in told:
        need(shop, "metafieldsSet", parsed(each["ownerId"])[0])
    if len(told) > _MOST:
        error = UserError(
            "Exceeded the maximum metafields input limit of 25.", "metafields", code="LESS_THAN_OR_EQUAL_TO"
        )
        return {"metafields": [], "userErrors": [error.node]}
    errors: list[Node] = []
    checked: list[tuple[tuple[str, str, str], str, str]] = []
    for index, each in enumerate(told):
        try:
            checked.append(_checked(shop, index, each))
        except UserError as error:
            errors.append(error.node)
    if errors:
        # All of them or none.
        return {"metafields": [], "userErrors": errors}
    return {
        "metafields": [metafield_node(shop, _kept(shop, *each)) for each in checked],
        "userErrors": [],
    }


def _checked(shop: Records, index: int, told: Mapping[str, Any]) -> tuple[tuple[str, str, str], str, str]:
    """Return where a value belongs, its type and itself. Raises UserError."""

    def error(message: str, field: str, code: str) -> UserError:
        return UserError(message, "metafields", str(index), field, code=code, index=None)

    owner, name = told["ownerId"], told.get("namespace")
    if parsed(owner)[0] not in OWNERS or node(shop, owner) is None:
        raise error("Owner does not exist.", "ownerId", "INVALID")
    namespace = namespace_of(name, shop.app_id)
    _name(shop, namespace, told["key"], error)
    known = shop.metafields.get((owner, namespace, told["key"]))
    type_ = told.get("type") or (known.type if known else None)
    if type_ is None:
        raise error("Type can't be blank", "type", "BLANK")
    if type_ not in _CHECKS:
        raise error(f"Type must be one of the following: {', '.join(_CHECKS)}", "type", "INVALID_TYPE")
    if told["value"] == "":
        raise error("Value can't be blank.", "value", "BLANK")
    try:
        _CHECKS[type_](told["value"])
    except ValueError:
        raise error(f"Value is invalid for the type {type_}.", "value", "INVALID_VALUE") from None
    _compare(known, told, error)
    return (owner, namespace, told["key"]), type_, told["value"]


def _name(shop: Records, namespace: str, key: str, error: Callable[[str, str, str], UserError]) -> None:
    """Raise UserError for a name that cannot be, or that is another app's."""
    if namespace.startswith("app--") and not re.match(rf"app--{shop.app_id}(--|$)", namespace):
        raise error(
            "Access to this namespace and key on Metafields for this resource type is not allowed.",
            "namespace",
            "APP_NOT_AUTHORIZED",
        )
    for field, value, least, most in (("namespace", namespace, 3, 255), ("key", key, 2, 64)):
        if len(value) < least:
            raise error(f"{field.title()} is too short (minimum is {least} characters)", field, "TOO_SHORT")
        if len(value) > most:
            raise error(f"{field.title()} is too long (maximum is {most} characters)", field, "TOO_LONG")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
            raise error(f"{field.title()} contains invalid characters", field, "INVALID")


def _compare(
    known: Metafield | None, told: Mapping[str, Any], error: Callable[[str, str, str], UserError]
) -> None:
    """Raise UserError unless the value is still what the caller has seen; null says that there was none."""
    if "compareDigest" not in told:
        return
    digest = told["compareDigest"]
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise error("The compareDigest is invalid.", "compareDigest", "INVALID_COMPARE_DIGEST")
    if digest != (None if known is None else known.digest):
        raise error(
            "The resource has been updated since it was loaded. Try again with an updated `compareDigest`"
            " value.",
            "compareDigest",
            "STALE_OBJECT",
        )


def _kept(shop: Records, place: tuple[str, str, str], type_: str, value: str) -> Metafield:
    known = shop.metafields.get(place)
    if known is None:
        owner, namespace, key = place
        known = shop.metafields[place] = Metafield(
            id=shop.new_id(),
            owner=owner,
            namespace=namespace,
            key=key,
            type=type_,
            value=value,
            created=shop.now,
            updated=shop.now,
        )
    known.type, known.value, known.updated = type_, value, shop.now
    return known


def _delete(shop: Records, told: Sequence[Mapping[str, Any]]) -> Node:
    for each in told:
        need(shop, "metafieldsDelete", parsed(each["ownerId"])[0])
    gone: list[Node | None] = []
    for each in told:
        place = (each["ownerId"], namespace_of(each["namespace"], shop.app_id), each["key"])
        found = shop.metafields.pop(place, None)
        gone.append(None if found is None else {"ownerId": place[0], "namespace": place[1], "key": place[2]})
    return {"deletedMetafields": gone, "userErrors": []}


def _wrong() -> bool:
    raise ValueError
