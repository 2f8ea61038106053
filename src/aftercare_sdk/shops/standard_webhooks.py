"""Signatures by the Standard Webhooks specification.

Signed is `<webhook-id>.<webhook-timestamp>.<body>`, with HMAC-SHA256 and every secret that is in use; the
header lists one `v1,<base64>` for each, separated by spaces. Everything here works on the bytes as they came.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest

ID, TIMESTAMP, SIGNATURES = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""How far the time of signing may lie from that of the engine's clock, to either side."""

_PREFIX = "whsec_"
_FEWEST_BYTES = 24  # as the specification asks; also notices a password that happens to be base64
_CURE = (
    "make one: python3 -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""
)

# A full stop in it could be taken for the one that ends it (the specification rules it out).
_MESSAGE_ID = re.compile(r"[!-\-/-~]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_LONGEST_LIST = 8_192
_VERSION = "v1,"


def key_of(secret: str, cure: str = _CURE) -> bytes:
    """Return the key that a secret stands for: base64, with or without `whsec_` before it.

    Raises ValueError with what is wrong and the cure, and without a word of the secret.
    """
    text = secret.strip().removeprefix(_PREFIX).rstrip("=")
    if not text:
        raise ValueError(f"is empty; {cure}")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = None
    if key is None:  # outside the handler: the decoder's error must not travel along
        raise ValueError(f"is no base64; {cure}")
    if len(key) < _FEWEST_BYTES:
        raise ValueError(f"is shorter than {_FEWEST_BYTES} bytes; {cure}")
    return key


def check(request: RawRequest, keys: Sequence[bytes], *, whose: str) -> str:
    """Return the id of the message. Raises SignatureError unless one of `keys` signed it, and just now.

    `whose` begins the words of the error: `shop 'main'`.
    """
    problem = _problem(request, keys)
    if problem:
        raise SignatureError(f"{whose}: {problem}")
    return request.header(ID)


def _problem(request: RawRequest, keys: Sequence[bytes]) -> str:
    if not keys:
        return "there is no webhook secret, so that no request can be verified"
    message_id, timestamp = request.header(ID), request.header(TIMESTAMP)
    told = request.header(SIGNATURES)
    missing = [name for name in (ID, TIMESTAMP, SIGNATURES) if not request.header(name)]
    if missing:
        return f"missing: {', '.join(missing)}"
    if not _MESSAGE_ID.fullmatch(message_id):
        return f"{ID} must be at most 200 letters, digits and signs of ASCII, without a full stop"
    if not _SECONDS.fullmatch(timestamp):
        return f"{TIMESTAMP} must be whole seconds since 1970"
    if problem := _untimely(request, int(timestamp)):
        return problem
    if len(told) > _LONGEST_LIST:
        return f"{SIGNATURES} is longer than any list of signatures"
    content = b".".join((message_id.encode(), timestamp.encode(), request.body))
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    offered = [
        each.removeprefix(_VERSION).encode(errors="replace")
        for each in told.split(" ")
        if each.startswith(_VERSION)
    ]
    # A list, so that the time taken does not tell which of the secrets matched.
    if True not in [hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered]:
        return "no signature belongs to this body, id and timestamp"
    return ""


def _untimely(request: RawRequest, signed_at: int) -> str:
    now = request.received_at
    if now is None or now.utcoffset() is None:
        return (
            "nobody says when the request was received, so that its age is unknown; "
            "the engine does, a test must (RawRequest.received_at, aware)"
        )
    if abs(now.timestamp() - signed_at) > TOLERANCE.total_seconds():
        return f"{TIMESTAMP} is more than five minutes from the time here; compare the two clocks"
    return ""
