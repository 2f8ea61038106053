"""What is planned for a customer, when it will really leave, and what would hold it.

The checks are asked as they will be when each message is due, with what is known now; what leaves on the way
counts for what comes after it. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.looking import Seen, look_at, see
from aftercare_sdk.engine.turns import Look, take_turns
from aftercare_sdk.outreach.budget import CAPPED
from aftercare_sdk.outreach.gate import Check, Outcome
from aftercare_sdk.store import messages
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.sending import Reached, Sent

_MOST_LOOKS = 10_000
"""After which a story that never ends is told as far as it is known."""
_INSTANT = timedelta(microseconds=1)


class Prospect(StrEnum):
    """What will become of a planned message, as things stand."""

    GOES = "goes"
    WITH = "with"
    """It leaves as part of another one."""
    WAITS = "waits"
    """Something else must happen first, and nobody knows when."""
    LATER = "later"
    """After the time that was asked for."""
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """A planned message, and what becomes of it as things stand.

    `at` is when it leaves or is looked at again, `checks` what is against it until then, `host` the message
    that it leaves with, `number` that of its order, if it is about one.
    """

    message: Message
    prospect: Prospect
    at: datetime | None
    checks: tuple[Check, ...] = ()
    host: Message | None = None
    number: str = ""


def upcoming(
    brand: Brand, connection: Connection, customers: Collection[int], until: datetime
) -> list[Upcoming]:
    """Return what is planned for customers until a moment, what is due first before the rest."""
    now = brand.clock.now()
    planned = messages.waiting_for(connection, customers, until)
    if not planned:
        return []
    story = _Story(brand, see(brand, connection, planned, now), planned, now, until)
    return story.tell()


class _Story:
    """The days ahead, moment by moment."""

    def __init__(
        self, brand: Brand, seen: Seen, planned: Sequence[Message], now: datetime, until: datetime
    ) -> None:
        self._brand = brand
        self._seen = seen
        self._now = now
        self._until = until
        self._planned = {one.key: one for one in planned}
        self._next = {one.key: max(one.next_at or now, one.due_at or now, now) for one in planned}
        self._against: dict[str, list[Check]] = {one.key: [] for one in planned}
        self._told: dict[str, Upcoming] = {}

    def tell(self) -> list[Upcoming]:
        self._recall()
        for _ in range(_MOST_LOOKS):
            at = min(self._next.values(), default=None)
            if at is None or at > self._until:
                break
            self._look(at)
        for key, at in [*self._next.items()]:
            self._end(key, Prospect.LATER, at)
        return [self._told[key] for key in self._planned]

    def _recall(self) -> None:
        """Note what keeps back now what is due already, and is to be looked at later."""
        for key, look in self._turns(self._now).items():
            if self._next[key] > self._now and not look.may:
                self._against[key].append(look.verdict.checks[-1])

    def _turns(self, at: datetime) -> dict[str, Look]:
        looks = {
            key: look_at(self._brand, self._seen, replace(self._planned[key], next_at=next_at), at)
            for key, next_at in self._next.items()
            if (self._planned[key].due_at or at) <= at
        }
        return take_turns(looks, self._brand.settings.budget.priorities, at)

    def _look(self, at: datetime) -> None:
        """Look at all that is due at a moment, as the senders will."""
        for key, look in self._turns(at).items():
            if look.host:
                self._end(key, Prospect.WITH, at, host=self._planned[look.host])
            elif self._next[key] > at:
                continue
            elif look.may:
                self._leave(look, at)
            else:
                self._wait(key, look, at)

    def _leave(self, look: Look, at: datetime) -> None:
        message = look.message
        self._end(message.key, Prospect.GOES, at)
        sent = Sent(
            key=message.key,
            plugin=message.plugin,
            label=message.label,
            customer=self._seen.customers[message.identity],
            recipient=look.recipient,
            at=at,
        )
        reached = Reached(
            key=message.key, customers=look.persons, channel=message.channel, plugin=message.plugin, at=at
        )
        self._seen = replace(
            self._seen,
            sent=[*self._seen.sent, sent],
            reached=[*self._seen.reached, reached] if message.purpose in CAPPED else self._seen.reached,
        )

    def _wait(self, key: str, look: Look, at: datetime) -> None:
        check = look.verdict.checks[-1]
        if check.code not in {one.code for one in self._against[key]}:
            self._against[key].append(check)
        if check.outcome is Outcome.DENY:
            self._end(key, Prospect.NOT, at)
        elif check.outcome is Outcome.HOLD or check.until is None:
            self._end(key, Prospect.WAITS, None)
        else:
            self._next[key] = max(check.until, at + _INSTANT)

    def _end(self, key: str, prospect: Prospect, at: datetime | None, host: Message | None = None) -> None:
        self._next.pop(key)
        message = self._planned[key]
        order = self._seen.orders.get((message.shop, message.object_kind, message.object))
        self._told[key] = Upcoming(
            message=message,
            prospect=prospect,
            at=at,
            checks=tuple(self._against[key]),
            host=host,
            number=order.number if order else "",
        )
