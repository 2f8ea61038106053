"""What a subscription wants of an event: its filter, and the fields that it includes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aftercare_shopify.fake import search
from aftercare_shopify.fake.state.webhooks import Subscription

_NAMES = re.compile(r"([A-Za-z_][\w.]*):")


def wanted(subscription: Subscription, body: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a body passes the filter.

    A filter on a field that the body does not have, or that is not included, lets nothing through, ever.
    """
    if not subscription.filter:
        return True
    fields = {
        name: _field(name, body)
        for name in _NAMES.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "", subscription.filter))
    }
    for name in fields:
        if not _there(body, name.split(".")):
            return False
        if (
            subscription.include
            and name not in subscription.include
            and name.split(".")[0] not in subscription.include
        ):
            return False
    return search.read(subscription.filter, fields, now).match(body)


def included(body: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return a body with these fields only, such as `id` and `line_items.id`; with all, if none is named."""
    if not fields:
        return dict(body)
    tree: dict[str, Any] = {}
    for each in fields:
        branch = tree
        for part in each.split("."):
            branch = branch.setdefault(part, {})
    pruned: dict[str, Any] = _pruned(body, tree)
    return pruned


def _pruned(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pruned(each, tree) for each in value]
    if isinstance(value, Mapping):
        return {name: _pruned(each, tree[name]) for name, each in value.items() if name in tree}
    return value


def _there(value: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        # An empty list tells nothing of what its entries have.
        return not value or any(_there(each, path) for each in value)
    return isinstance(value, Mapping) and path[0] in value and _there(value[path[0]], path[1:])


def _found(value: Any, path: Sequence[str]) -> list[Any]:
    if isinstance(value, list):
        return [found for each in value for found in _found(each, path)]
    if not path:
        return [] if value is None else [value]
    return _found(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


def _field(name: str, body: Mapping[str, Any]) -> search.Field:
    values = _found(body, name.split("."))
    first = values[0] if values else None
    if len(values) > 1:
        return search.Field("words", lambda _: [_text(each) for each in values])
    if isinstance(first, str) and re.fullmatch(r"-?\d+(\.\d+)?", first):
        return search.Field("number", lambda _: first)
    if isinstance(first, bool):
        return search.Field("text", lambda _: _text(first))
    if isinstance(first, int | float):
        return search.Field("number", lambda _: str(first))
    if isinstance(first, str) and re.match(r"\d{4}-\d\d-\d\dT", first):
        return search.Field("time", lambda _: datetime.fromisoformat(first))
    return search.Field("text", lambda _: _text(first))


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
