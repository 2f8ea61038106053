"""Signs of life: somebody decides, somebody sends, a shop's webhooks come, its mails are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

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


class Beats:
    """Notes beats, each at most once a minute, as far as this process knows.

    What a transaction that is undone has noted is thought to be known: the next minute mends it.
    """

    def __init__(self) -> None:
        self._noted: dict[str, datetime] = {}

    def note(self, connection: Connection, moments: Mapping[str, datetime]) -> None:
        """Note when things were seen. Last in its transaction: others may wait for the rows."""
        news = {
            name: at
            for name, at in moments.items()
            if (noted := self._noted.get(name)) is None or at - noted >= EVERY
        }
        beats.note(connection, news)
        self._noted |= news
