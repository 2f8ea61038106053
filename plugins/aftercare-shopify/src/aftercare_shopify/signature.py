"""Who speaks for the shop: Shopify signs the raw body, and nothing but the body, with the app's secret."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest
from aftercare_shopify.headers import Header, told

_LENGTH = 44
"""Characters of 32 bytes in base64. Anything longer is not even decoded."""


def sign(secret: str, body: bytes) -> str:
    """Return what Shopify writes into the signature header: base64 of HMAC-SHA256."""
    return base64.b64encode(_digest(secret, body)).decode("ascii")


def check(request: RawRequest, secrets: Iterable[str], *, shop: str) -> None:
    """Raise SignatureError unless one of `secrets` signed the body.

    For up to an hour after the secret of an app was replaced, Shopify signs with the old one.
    """
    # Anybody can sign with an empty secret.
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError(f"shop {shop!r} has no webhook secret, so that no request can be verified")
    written = told(request, Header.SIGNATURE)
    if not written:
        raise SignatureError(f"shop {shop!r}: the header X-{Header.SIGNATURE} is missing")
    signature = _decoded(written)
    # A list, so that the time taken does not tell which of the secrets matched.
    if True not in [hmac.compare_digest(_digest(secret, request.body), signature) for secret in usable]:
        raise SignatureError(
            f"shop {shop!r}: the signature does not belong to this body; `secret` is the client secret of "
            "the app that made the webhook (webhooks made by hand in the shop's settings have another one)"
        )


def _digest(secret: str, body: bytes) -> bytes:
    # A secret from the environment may hold bytes that are no UTF-8; this gives them back unchanged.
    return hmac.digest(secret.encode(errors="surrogateescape"), body, "sha256")


def _decoded(written: str) -> bytes:
    """Return the bytes of a signature; none, which match nothing, if it is none."""
    text = written.strip()
    if len(text) != _LENGTH or not text.isascii():
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
