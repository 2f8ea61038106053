"""Make requests as a custom shop sends them: for shops written in Python, for tests, for trying out.

request = signed(secret, {"type": "order.updated", "timestamp": ..., "data": {...}}, at=now)
requests.post(url, data=request.body, headers=dict(request.headers), timeout=30)
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from aftercare_customshop.signature import ID, SIGNATURES, TIMESTAMP, key_of
from aftercare_sdk.model.shops import RawRequest

__all__ = ["new_secret", "signed"]


def signed(
    secret: str | Sequence[str],
    payload: Mapping[str, Any] | bytes,
    at: datetime,
    *,
    message_id: str = "",
) -> RawRequest:
    """Return the request that tells `payload`, signed with `secret` (or with each of several) at `at`.

    `payload` is the whole message with `type`, `timestamp` and `data`, or its exact bytes in UTF-8. Give a
    `message_id` to send the same message again: without one it is made from the payload and the second.
    The request counts as received in the moment in which it was signed, so that an adapter in a test takes
    it; over HTTP the engine's clock decides.
    Raises ValueError for a secret that is none and for a naive `at`.
    """
    if at.utcoffset() is None:
        raise ValueError("the time of signing must be aware: give it a zone or an offset")
    second = at.astimezone(UTC).replace(microsecond=0)
    body = payload if isinstance(payload, bytes) else _encoded(payload)
    keys = [key_of(each) for each in ([secret] if isinstance(secret, str) else secret)]
    if not message_id:
        message_id = f"msg_{hashlib.sha256(second.isoformat().encode() + body).hexdigest()[:32]}"
    text = body.decode()
    headers = {
        "content-type": "application/json",
        ID: message_id,
        TIMESTAMP: str(int(second.timestamp())),
        # `sign` takes the clock face of whatever zone it is given for UTC.
        SIGNATURES: " ".join(Webhook(key).sign(message_id, second, text) for key in keys),
    }
    return RawRequest(headers, body, received_at=at)


def new_secret() -> str:
    """Return a new secret as the specification writes it: `whsec_` and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
