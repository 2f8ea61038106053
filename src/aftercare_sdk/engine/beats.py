"""Signs of life: somebody decides, somebody sends, a shop's webhooks come, its mails are accepted.

And what becomes of mails is reported, or is awaited.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.model.outcomes import OutcomeKind
from aftercare_sdk.store import beats

DECIDER = "decider"
SENDER = "sender"
EVERY = timedelta(minutes=1)
"""How exact a beat is. Alerts wait for minutes and hours, and no transaction has to wait for a beat's row."""


def webhook_of(shop: str) -> str:
    """Return the beat of a shop's webhooks."""
    return f"webhook/{shop}"


def found_of(shop: str) -> str:
    """Return the beat of orders that a listing of a shop has found and no webhook had told."""
    return f"found/{shop}"


def accepted_of(shop: str) -> str:
    """Return the beat of a shop's messages that a channel has accepted."""
    return f"accepted/{shop}"


def delivered_of(channel: str) -> str:
    """Return the beat of deliveries that were reported of a channel's messages."""
    return f"delivered/{channel}"


def awaited_of(channel: str) -> str:
    """Return the beat of the first message that a channel has accepted since anything was reported of it."""
    return f"awaited/{channel}"


class Beats:
    """Notes beats, each at most once a minute, as far as this process knows.

    What a transaction that is undone has noted is thought to be known: the next minute mends it.
    """

    def __init__(self) -> None:
        self._noted: dict[str, datetime] = {}

    def note(self, connection: Connection, moments: Mapping[str, datetime]) -> None:
        """Note when things were seen. Last in its transaction: others may wait for the rows."""
        news = self._news(moments)
        beats.note(connection, news)
        self._noted |= news

    def await_reports(self, connection: Connection, channels: Collection[str], now: datetime) -> None:
        """Note that reports of these channels are awaited, if they are not yet. Last in its transaction.

        If another process has just heard of one, that is noted with what it accepts a minute later.
        """
        news = self._news({awaited_of(channel): now for channel in channels})
        beats.expect(connection, news, now)
        self._noted |= news

    def reported(
        self, connection: Connection, channel: str, kinds: Collection[OutcomeKind], now: datetime
    ) -> None:
        """Note that a channel's outcomes are reported: none is awaited any more. Last in its transaction."""
        awaited = awaited_of(channel)
        # Each time, unlike what is noted: what is forgotten late would be missed on a quiet day.
        beats.forget(connection, awaited)
        self._noted.pop(awaited, None)
        if OutcomeKind.DELIVERED in kinds:
            self.note(connection, {delivered_of(channel): now})

    def _news(self, moments: Mapping[str, datetime]) -> dict[str, datetime]:
        return {
            name: at
            for name, at in moments.items()
            if (noted := self._noted.get(name)) is None or at - noted >= EVERY
        }
