"""A channel that sends nothing and keeps, or hands over, what it was given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from aftercare_sdk.model.messages import Accepted, ChannelSettings, ChannelType, OutgoingMessage, SendResult

KEPT = 1_000


class NullChannel:
    """Accepts everything. `received` holds the last thousand messages; `deliver` gets each."""

    def __init__(
        self, settings: ChannelSettings, deliver: Callable[[OutgoingMessage], object] | None = None
    ) -> None:
        self.settings = settings
        self.received: deque[OutgoingMessage] = deque(maxlen=KEPT)
        self._deliver = deliver

    def send(self, message: OutgoingMessage) -> SendResult:
        self.received.append(message)
        if self._deliver is not None:
            self._deliver(message)
        return Accepted(message.id)

    def close(self) -> None:
        """Keep what was received."""


def null_type(deliver: Callable[[OutgoingMessage], object] | None = None) -> ChannelType:
    """Return the kind `null`; a test passes `list.append` or a function of its own."""
    return ChannelType(name="null", build=lambda settings: NullChannel(settings, deliver))
