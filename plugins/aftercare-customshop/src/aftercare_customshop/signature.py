"""Who speaks for the shop: signatures by the Standard Webhooks specification."""

from __future__ import annotations

from collections.abc import Sequence

from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.shops import standard_webhooks
from aftercare_sdk.shops.standard_webhooks import ID, SIGNATURES, TIMESTAMP, TOLERANCE

__all__ = ["ID", "SIGNATURES", "TIMESTAMP", "TOLERANCE", "check", "key_of"]

_CURE = 'make one: python3 -c "from aftercare_customshop.signing import new_secret; print(new_secret())"'


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for: base64, with or without `whsec_` before it.

    Raises ValueError with what is wrong and the cure, and without a word of the secret.
    """
    return standard_webhooks.key_of(secret, _CURE)


def check(request: RawRequest, keys: Sequence[bytes], *, shop: str) -> str:
    """Return the id of the message. Raises SignatureError unless one of `keys` signed it, and just now."""
    return standard_webhooks.check(request, keys, whose=f"shop {shop!r}")
