"""A client that answers from the recordings, so that reads can be tried out without a shop."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from aftercare_sdk.shops.asking import Answer
from aftercare_woocommerce.samples import recordings
from aftercare_woocommerce.translate import kind_of

_KINDS = {
    "orders": "order",
    "customers": "customer",
    "products": "product",
    "coupons": "coupon",
    "refunds": "refund",
}
_ERRORS = {"order": "error-404-order", "customer": "error-404-customer", "product": "error-404-product"}
_TOLD = frozenset({*_ERRORS, "coupon"})
_NO_ROUTE = "error-404-route"
_NO_COUPON = "158-coupon-restored-product-untrashed"
"""A webhook that carries what the store answers for a coupon that is none."""


@dataclass(frozen=True, slots=True)
class _State:
    """What an object was at a moment; None: it was not there."""

    at: datetime
    kind: str
    id: int
    body: dict[str, Any] | None = field(repr=False)


class RecordedClient:
    """Answers what the store would have answered after the last recording.

    A state is what the API answered when asked or after a change, or what a webhook carried, which is the
    same. The latest wins, by the time of the answer: deleting a refund does not move `date_modified_gmt`.
    """

    def get(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Get `orders/42`, `orders/42/refunds`, `customers/42`, `products/42`, `coupons/42` or `coupons`."""
        collection, _, rest = path.partition("/")
        number, _, below = rest.partition("/")
        kind = _KINDS.get(collection)
        if path == "coupons":
            return _answer(_coupons(str(params.get("include", "")).split(",")))
        if kind not in _TOLD or not number.isdecimal() or (below and (kind, below) != ("order", "refunds")):
            return _recorded_error(_NO_ROUTE)
        dp = params.get("dp")
        told = _pick(_states().get((kind, int(number)), ()), dp)
        if told is None:
            return _recorded_error(_ERRORS[kind]) if kind in _ERRORS else _no_coupon()
        return _answer(_refunds(told, params) if below else told)


def _coupons(ids: list[str]) -> list[dict[str, Any]]:
    told = (_pick(_states().get(("coupon", int(number)), ()), None) for number in ids if number.isdecimal())
    return [coupon for coupon in told if coupon is not None]


def _refunds(order: Mapping[str, Any], params: Mapping[str, int | str]) -> list[dict[str, Any]]:
    listed = [
        _pick(_states().get(("refund", refund["id"]), ()), params.get("dp")) for refund in order["refunds"]
    ]
    size, page = int(params.get("per_page", 10)), int(params.get("page", 1))
    return [refund for refund in listed if refund is not None][(page - 1) * size : page * size]


def _pick(states: tuple[_State, ...], dp: int | str | None) -> dict[str, Any] | None:
    """Return the latest state, told with `dp` decimals if it was recorded with so many."""
    if not states:
        return None
    last = states[-1].body
    if last is None or dp is None:
        return last
    same = [
        state.body
        for state in states
        if state.body is not None and state.body.get("date_modified_gmt") == last.get("date_modified_gmt")
    ]
    exact = [body for body in same if _decimals(body) == int(dp)]
    return exact[-1] if exact else last


def _decimals(body: Mapping[str, Any]) -> int:
    return len(str(body.get("total", body.get("amount", ""))).partition(".")[2])


@cache
def _states() -> Mapping[tuple[str, int], tuple[_State, ...]]:
    found: dict[tuple[str, int], list[_State]] = defaultdict(list)
    for state in (*_from_webhooks(), *_from_rest()):
        found[state.kind, state.id].append(state)
    return {key: tuple(sorted(states, key=lambda state: state.at)) for key, states in found.items()}


def _from_webhooks() -> Iterator[_State]:
    for _, recorded in recordings("webhooks"):
        if recorded["body"].startswith("{"):
            body = json.loads(recorded["body"])
            kind = kind_of(body)
            if kind in _TOLD:
                yield _State(datetime.fromisoformat(recorded["received_at"]), kind, body["id"], body)


def _from_rest() -> Iterator[_State]:
    for _, recorded in recordings("rest"):
        request, status, body = recorded["request"], recorded["status"], recorded["body"]
        at = parsedate_to_datetime(recorded["headers"]["Date"])
        collection, *below = request["path"].removeprefix("/wp-json/wc/v3/").split("/")
        kind = _KINDS.get(below[1] if len(below) > 1 else collection)
        if kind is None:
            continue
        if status < 300 and request["method"] != "DELETE":  # noqa: PLR2004
            for told in body if isinstance(body, list) else [body]:
                yield _State(at, kind, told["id"], told)
        # What is moved to the trash is still there; what is deleted by force is not.
        elif len(below) == 1 and (status == 404 or request["params"].get("force")):  # noqa: PLR2004
            yield _State(at, kind, int(below[0]), None)


def _answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def _no_coupon() -> Answer:
    told = json.loads(dict(recordings("webhooks"))[_NO_COUPON]["body"])
    return _answer(told, told["data"]["status"])


def _recorded_error(name: str) -> Answer:
    recorded = dict(recordings("rest"))[name]
    return _answer(recorded["body"], recorded["status"])
