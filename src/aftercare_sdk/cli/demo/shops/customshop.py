"""A home-made shop for the demo: a small server that speaks the wire format of custom shops.

It tells of an order after each change, answers what it is asked, and makes discount codes. All of that is
signed; the library of the Standard Webhooks project does it, by way of the plugin.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from aftercare_sdk.cli.demo.shops import OFFERS, Buyer, Coupon, Item, Network, Post, Sent, ShopKind, served
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.shops import fakes
from aftercare_sdk.shops.fakes import Reply

PLUGIN = "customshop"
PORT = 18_082
"""Where it is served, unless something else is."""
_SECRET = "whsec_ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8h"  # noqa: S105 - two threads of one process share it
_SHIPPING = 600
_TAX_RATE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """A message that waits. It has the same id however often it is sent."""

    id: str
    kind: str
    at: datetime
    data: Mapping[str, Any]


@contextmanager
def opened(now: datetime, post: Post) -> Iterator[CustomShop]:
    """Open the shop, until the block ends."""
    shop = CustomShop(now, post)
    with ExitStack() as stack:
        shop.url = served(stack, lambda port: fakes.served(shop.answer, port=port), PORT)
        yield shop


class CustomShop:
    """The shop, once it is open. It is asked by other threads than the one that lets people buy."""

    name = "custom"
    platform = "Custom"
    environ: Mapping[str, str] = {"DEMO_CUSTOM_SECRET": _SECRET}

    def __init__(self, now: datetime, post: Post) -> None:
        """Open without an order. `url` is set as soon as it is served."""
        self.url = ""
        self._now = now
        self._post = post
        self._to = ""
        self._orders: dict[str, dict[str, Any]] = {}
        self._codes: dict[str, Coupon] = {}
        self._placed = 0
        self._told = 0
        self._waiting: list[_Message] = []
        self._lock = threading.Lock()

    @property
    def settings(self) -> Mapping[str, object]:
        """What a shop of one's own is told with."""
        return {
            "adapter": PLUGIN,
            "url": self.url,
            "secret": {"env": "DEMO_CUSTOM_SECRET"},
            "read_url": f"{self.url}/aftercare",
            "effects_url": f"{self.url}/aftercare",
            "lists": ["orders"],
            "currency": "JPY",
        }

    def connect(self, url: str) -> int:
        """Note where messages go: there is one address for all of them."""
        self._to = url
        return 1

    def wait_until(self, moment: datetime) -> None:
        """Move the shop's clock."""
        self._now = max(self._now, moment)

    # ---- what people do

    def buy(self, buyer: Buyer, item: Item, quantity: int, *, account: bool = False, code: str = "") -> str:
        """Buy something and pay."""
        offer = OFFERS[item]
        with self._lock:
            self._placed += 1
            id_ = str(100 + self._placed)
            whole = offer.price * quantity
            paid = whole - self._off(code, whole)
            self._orders[id_] = {
                "id": id_,
                "number": f"C-{id_}",
                "placed_at": self._now.isoformat(),
                "paid_at": self._now.isoformat(),
                "currency": "JPY",
                "total": str(paid + _SHIPPING),
                "shipping": str(_SHIPPING),
                "lines": [
                    {
                        "id": "1",
                        "title": offer.title,
                        "quantity": quantity,
                        "paid": str(paid),
                        "tax": str(paid * _TAX_RATE // (100 + _TAX_RATE)),
                        "product": item.value,
                        "sku": offer.sku,
                    }
                ],
                "customer": buyer.email.partition("@")[0] if account else None,
                "contact": {
                    "email": buyer.email,
                    "family_name": buyer.last_name,
                    "given_name": buyer.first_name,
                    "country": "JP",
                },
                "country": "JP",
                "cancelled": False,
                "codes": [code] if code else [],
                "shipments": [],
                "refunds": [],
            }
            self._changed(id_, "order.created", status="paid")
        return id_

    def ship(self, order: str) -> None:
        """Hand a parcel over."""
        with self._lock:
            parcel = {"id": "1", "shipped_at": self._now.isoformat()}
            self._changed(order, "order.updated", status="shipped", shipments=[parcel])

    def cancel(self, order: str) -> None:
        """Cancel an order."""
        with self._lock:
            self._changed(order, "order.updated", status="cancelled", cancelled=True)

    def delete(self, order: str) -> None:
        """Delete an order for good; this shop tells of it no more than a hand in its database would."""
        with self._lock:
            del self._orders[order]

    def _off(self, code: str, amount: int) -> int:
        if not code:
            return 0
        coupon = self._codes[code]
        self._codes[code] = replace(coupon, used=coupon.used + 1)
        return int(amount * Decimal(coupon.off.removesuffix("%")) / 100)

    def _changed(self, order: str, kind: str, **fields: Any) -> None:
        told = {**self._orders[order], **fields, "updated_at": self._now.isoformat()}
        self._orders[order] = told
        self._told += 1
        self._waiting.append(_Message(id=f"msg_{self._told}", kind=kind, at=self._now, data=told))

    # ---- what it tells

    def tell(self, network: Network) -> Sent:
        """Send the messages that wait."""
        waiting, self._waiting = self._waiting, []
        if network is Network.LOST:
            return Sent(webhooks=len(waiting), statuses=())
        sent = [*reversed(waiting), *waiting] if network is Network.TWICE else waiting
        return Sent(webhooks=len(waiting), statuses=tuple(self._send(message) for message in sent))

    def _send(self, message: _Message) -> int | None:
        from aftercare_customshop.signing import signed

        payload = {"type": message.kind, "timestamp": message.at.isoformat(), "data": message.data}
        request = signed(_SECRET, payload, self._now, message_id=message.id)
        return self._post(self._to, request.headers, request.body)

    def coupons(self) -> tuple[Coupon, ...]:
        """Return what discount codes there are."""
        return tuple(self._codes.values())

    # ---- what it is asked, and told to do

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a message, at whatever path."""
        del method, path
        status, told = self._answered(headers, body)
        return Reply(status, {"Content-Type": "application/json"}, json.dumps(told).encode())

    def _answered(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, Any]]:
        """Answer a signed message: a question, or something to do."""
        from aftercare_customshop.signature import check, key_of

        # Whoever asks signs by the clock of the machine, whatever time it is in the demo.
        request = RawRequest(headers, body, received_at=SystemClock().now())
        try:
            check(request, [key_of(_SECRET)], shop=self.name)
        except SignatureError:
            return 401, {"error": "not signed"}
        message = json.loads(body)
        data = message["data"]
        with self._lock:
            match message["type"]:
                case "orders.list":
                    return 200, self._page(data)
                case "order.get":
                    told = self._orders.get(data["id"])
                    return (404, {"gone": True}) if told is None else (200, told)
                case "discount_code.issue" if data["percent"]:
                    return 200, self._issued(data)
        return 422, {"reason": "unknown_type"}

    def _page(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the orders of a listing behind its cursor, in the order of their last change."""
        since = datetime.fromisoformat(data["updated_since"]) if data["updated_since"] else None
        last = json.loads(data["cursor"]) if data["cursor"] else ["", ""]
        # Times of one shop in one zone: the order of the texts is that of the moments.
        behind = sorted(
            (order["updated_at"], order["id"], order)
            for order in self._orders.values()
            if since is None or datetime.fromisoformat(order["updated_at"]) >= since
        )
        behind = [each for each in behind if [*each[:2]] > last]
        page = behind[: data["limit"]]
        more = len(behind) > len(page)
        return {
            "items": [order for _, _, order in page],
            "next": json.dumps(page[-1][:2]) if more else None,
        }

    def _issued(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a code; one that is there already is done."""
        expires = data["expires_at"]
        self._codes.setdefault(
            data["code"],
            Coupon(
                code=data["code"],
                off=f"{data['percent']}%",
                expires_at=datetime.fromisoformat(expires) if expires else None,
                used=0,
                emails=(data["email"],),
            ),
        )
        return {"reference": data["code"]}


KIND = ShopKind(plugin=PLUGIN, platform=CustomShop.platform, package="aftercare-customshop", open=opened)
