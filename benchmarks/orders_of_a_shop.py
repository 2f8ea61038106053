"""Orders as WooCommerce sends them, each distinct and signed, made from a recorded one."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aftercare_sdk import RawRequest
from aftercare_woocommerce import samples

SECRET = "the secret of a shop that exists in benchmarks only"  # noqa: S105
SECRET_VARIABLE = "AFTERCARE_BENCHMARK_SECRET"  # noqa: S105 - a name
SHOP = "main"
PATH = f"/webhooks/{SHOP}"
BYTES = 8_000
"""How long a body is at least."""
LINES = 5
"""How many things an order is of."""
_RECORDED = "230-order-created-many-lines"
_NUMBER, _PERSON = "770000077", "880000088"
"""Stand in the template where the numbers of an order and of its customer will stand."""
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""An odd number: multiplied by it, all numbers stay different."""
FIRST = 100_000_000
"""Numbers have nine digits, so that all bodies are equally long."""


class Orders:
    """Paid orders that were made at one moment, of 8 kB and five lines."""

    def __init__(self, at: datetime) -> None:
        self._template = json.dumps(_order(at), separators=(",", ":")).encode()
        same = self._template.replace(_PERSON.encode(), _NUMBER.encode())
        self._parts = same.split(_NUMBER.encode())

    @property
    def size(self) -> int:
        """How long each body is, in bytes."""
        return len(self._template)

    def body(self, number: int, person: int | None = None) -> bytes:
        """Return the body of an order; `person` None: a customer of its own."""
        if person is None:
            return str(FIRST + number).encode().join(self._parts)
        body = self._template.replace(_NUMBER.encode(), str(FIRST + number).encode())
        return body.replace(_PERSON.encode(), str(FIRST + person).encode())

    def request(self, number: int, person: int | None = None) -> RawRequest:
        """Return the request that brings an order."""
        body = self.body(number, person)
        return RawRequest(headers=headers(number, signature(body)), body=body, path=PATH)


def signature(body: bytes) -> str:
    """Return what WooCommerce writes into the header of the signature."""
    return base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


def delivery(number: int) -> str:
    """Return the id of a delivery: 32 hexadecimal digits in no order, as WooCommerce makes them."""
    return f"{(FIRST + number) * _SPREAD % 2**128:032x}"


def headers(number: int, signed: str) -> dict[str, str]:
    """Return the headers of a webhook, all that WooCommerce sends."""
    return {
        "Host": "127.0.0.1",
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "http://127.0.0.1/",
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Resource": "order",
        "X-WC-Webhook-Event": "created",
        "X-WC-Webhook-Signature": signed,
        "X-WC-Webhook-ID": "1",
        "X-WC-Webhook-Delivery-ID": delivery(number),
    }


def settings(url: str) -> dict[str, Any]:
    """Return the configuration of a shop with both presets of flows, and a channel that sends nothing."""
    return {
        "brand": {"name": "Hibi", "locale": "ja", "zone": "Asia/Tokyo"},
        "database": {"url": url},
        "shops": {
            SHOP: {
                "adapter": "woocommerce",
                "secrets": [{"env": SECRET_VARIABLE}],
                "read_from": "recordings",
                "country": "JP",
                "shipped_statuses": ["completed"],
            }
        },
        "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
        "plugins": {"flows": {"thank-you": {}, "how-to-use": {}}},
    }


def environ() -> Mapping[str, str]:
    """Return the variables that the configuration names."""
    return {SECRET_VARIABLE: SECRET}


@cache
def _recorded() -> str:
    (sample,) = (each for each in samples.webhooks() if each.name == _RECORDED)
    return sample.request.body.decode()


def _order(at: datetime) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(_recorded())
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    number = int(_NUMBER)
    order |= {
        "id": number,
        "number": _NUMBER,
        "order_key": f"wc_order_{_NUMBER}",
        "status": "processing",
        "transaction_id": f"t-{_NUMBER}",
        "needs_payment": False,
    }
    order |= {
        f"date_{what}{zone}": moment for what in ("created", "modified", "paid") for zone in ("", "_gmt")
    }
    order["billing"] |= {"email": f"customer-{_PERSON}@shop.example", "phone": _PERSON}
    order["line_items"] = [
        {**line, "id": int(f"{_NUMBER}{place:02}")} for place, line in enumerate(order["line_items"][:LINES])
    ]
    # What shops keep beside an order, and plugins and analytics most of all: where the visitor came from.
    meta = order["meta_data"]
    while len(json.dumps(order, separators=(",", ":"))) < BYTES:
        value = f"https://shop.example/campaign/{len(meta)}?from=newsletter&session={_NUMBER}"
        key = f"_wc_order_attribution_{len(meta)}"
        meta.append({"id": int(f"{_NUMBER}{len(meta):02}"), "key": key, "value": value})
    return order
