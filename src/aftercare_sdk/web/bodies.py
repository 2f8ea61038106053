"""Bodies of requests, read no further than they may be long."""

from __future__ import annotations

from starlette.types import Receive

from aftercare_sdk.engine.receive import TOO_LARGE, Reply

INTERRUPTED = Reply(400, "the body broke off")
"""Nobody reads this answer; it is what the log says."""


async def read_body(told: str, receive: Receive, limit: int) -> bytes | Reply:
    """Read the body, or return an answer as soon as it is known that there will be none to store.

    `told` is what the header Content-Length says, if anything.
    """
    if told.isdecimal() and int(told) > limit:
        return TOO_LARGE
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return INTERRUPTED
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return TOO_LARGE
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
