"""Messages as the tests of the store plan them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.premises import OrderStands
from aftercare_sdk.store.messages import Copy, Message
from tests.support.histories import DAWN, DAY, HOUR

LEASE = timedelta(seconds=60)
COPY = Copy(message="m-1", locale="ja", subject="件名", text="本文", html="<p>本文</p>")


def message(key="m-1", **said):
    """Return a message that is planned for an hour after dawn, about order 1042."""
    return Message(
        **{
            "key": key,
            "id": f"id-{key}",
            "plugin": "flows",
            "event": "main/order/1042/purchase",
            "shop": "main",
            "object": "1042",
            "identity": 1,
            "label": "thank-you",
            "template": "thank-you",
            "purpose": "service",
            "channel": "email",
            "anchor": "main/order/1042/purchase",
            "delay": HOUR,
            "window": 7 * DAY,
            "premises": (OrderStands(order="main/order/1042"),),
            "data": {},
            "reason": "to thank",
            "planned_at": DAWN,
            "due_at": DAWN + HOUR,
            "next_at": DAWN + HOUR,
            "expires_at": DAWN + HOUR + 7 * DAY,
            "state": MessageState.PLANNED,
            **said,
        }
    )


def copy_of(message):
    """Return what a message says."""
    return replace(COPY, message=message.key)
