"""The headers of a webhook. None of them is signed.

Shopify writes them with `X-` in front; its events, which are to follow webhooks, without. So both are read,
by this table.
"""

from __future__ import annotations

from enum import StrEnum

from aftercare_sdk.model.shops import RawRequest


class Header(StrEnum):
    """What a header says, by the name that follows `X-`."""

    SIGNATURE = "Shopify-Hmac-Sha256"
    TOPIC = "Shopify-Topic"
    SHOP = "Shopify-Shop-Domain"
    VERSION = "Shopify-API-Version"
    DELIVERY = "Shopify-Webhook-Id"
    EVENT = "Shopify-Event-Id"
    TRIGGERED = "Shopify-Triggered-At"


def told(request: RawRequest, header: Header) -> str:
    """Return what a header says, or an empty string."""
    return request.header(f"X-{header}") or request.header(header)
