"""Who speaks for the shop: WooCommerce signs the raw body, and nothing but the body."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest

HEADER = "X-WC-Webhook-Signature"
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def sign(secret: str, body: bytes) -> bytes:
    """Return what WooCommerce writes into the signature header: base64 of HMAC-SHA256."""
    # A secret from the environment may hold bytes that are no UTF-8; this gives them back unchanged.
    key = secret.encode(errors="surrogateescape")
    return base64.b64encode(hmac.digest(key, body, "sha256"))


def check(request: RawRequest, secrets: Iterable[str], *, shop: str) -> None:
    """Raise SignatureError unless one of `secrets` signed the body."""
    # Anybody can sign with an empty secret.
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError(f"shop {shop!r} has no webhook secret, so that no request can be verified")
    told = request.header(HEADER).encode(errors="replace")
    if not told:
        raise SignatureError(f"shop {shop!r}: the header {HEADER} is missing")
    # A list, so that the time taken does not tell which of the secrets matched.
    if True not in [hmac.compare_digest(sign(secret, request.body), told) for secret in usable]:
        raise SignatureError(f"shop {shop!r}: the signature does not belong to this body")


def is_ping(request: RawRequest) -> bool:
    """Tell whether this is the unsigned form that WooCommerce posts when a webhook is created."""
    return (
        _PING.fullmatch(request.body) is not None
        and request.header("Content-Type").partition(";")[0].strip().lower()
        == "application/x-www-form-urlencoded"
        and not any(name.lower().startswith("x-wc-") for name in request.headers)
    )
