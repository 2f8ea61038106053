"""Who goes first of what is due to the same person, and what leaves together.

All programs share one budget for each person. Where one more message fits and several are due, they take
turns; what belongs together leaves as one message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.people import Contact, fold_email
from aftercare_sdk.outreach import budget
from aftercare_sdk.outreach.budget import Account
from aftercare_sdk.outreach.gate import Candidate, Decision, Outcome, gives_way
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one transaction says of a message: the verdict, and what is needed to write it.

    `persons` are the customers whom it concerns: whose it is, and whose mailbox it goes to. `after` is the
    key of the message that it gives way to, `host` of the one that it leaves in; `members` leave in it.
    """

    message: Message
    candidate: Candidate = field(repr=False)
    verdict: Decision
    order: Order | None
    recipient: int | None
    persons: frozenset[int]
    contact: Contact = field(repr=False)
    locale: str
    zone: ZoneInfo
    after: str = ""
    host: str = ""
    members: tuple[Look, ...] = ()

    @property
    def may(self) -> bool:
        """Whether the message may leave now."""
        return self.verdict.outcome is Outcome.ALLOW

    @property
    def material(self) -> tuple[object, ...]:
        """What the message is written from, and where it goes."""
        merged = tuple((one.message.key, one.order) for one in self.members)
        return (self.order, self.recipient, self.contact, self.locale, self.zone, merged)

    @property
    def group(self) -> tuple[object, ...] | None:
        """What messages have in common that leave as one; None: it leaves alone.

        The purpose is part of it, so that none is judged by a milder one than its own.
        """
        message = self.message
        if not message.merge_group:
            return None
        return (
            message.plugin,
            message.merge_group,
            message.template,
            message.purpose,
            message.channel,
            message.shop,
            self.persons,
            fold_email(self.contact.email),
        )


def take_turns(looks: Mapping[str, Look], priorities: Sequence[str], now: datetime) -> dict[str, Look]:
    """Let the first of what goes to the same person go, and what fits beside it; the others ride or wait.

    What rides is no contact of its own, so it may be over budget, or not to be looked at yet. It does not go
    first then.
    """
    turns = dict(looks)
    hosts: dict[tuple[object, ...], str] = {}
    ahead: list[Look] = []
    ordered = sorted(looks.values(), key=lambda one: _turn(one, priorities))
    for one in ordered:
        if not one.may or not _is_at_hand(one.message, now) or one.group in hosts:
            continue
        first = _taken_by(one, ahead, now)
        if first is not None:
            turns[one.message.key] = _after(one, first, now)
            continue
        ahead.append(one)
        if one.group is not None:
            hosts[one.group] = one.message.key
    riding: dict[str, list[Look]] = {}
    for one in ordered:
        host = hosts.get(one.group) if one.group is not None else None
        if host and host != one.message.key and (one.may or one.verdict.code is Reason.OVER_BUDGET):
            turns[one.message.key] = replace(_after(one, looks[host], now), host=host)
            riding.setdefault(host, []).append(one)
    for host, members in riding.items():
        turns[host] = replace(turns[host], members=tuple(members))
    return turns


def _turn(one: Look, priorities: Sequence[str]) -> tuple[object, ...]:
    message = one.message
    order = budget.turn(
        one.candidate.account or Account(medium=""),
        plugin=message.plugin,
        label=message.label,
        priorities=priorities,
        closes_at=one.candidate.closes_at,
    )
    return (*order, one.candidate.due_at, message.key)


def _is_at_hand(message: Message, now: datetime) -> bool:
    """Tell whether somebody sends a message now, if it may be sent."""
    return message.state is MessageState.CLAIMED or (message.next_at is not None and message.next_at <= now)


def _taken_by(one: Look, ahead: Sequence[Look], now: datetime) -> Look | None:
    """Return the message that leaves no room for another one; None: there is room."""
    account = one.candidate.account
    rivals = [
        (other, rival)
        for other in ahead
        if other.persons & one.persons and (rival := other.candidate.account) is not None
    ]
    if account is None or not rivals:
        return None
    taken = (budget.Contact(at=now, medium=rival.medium) for _, rival in rivals)
    fits = budget.free(replace(account, contacts=(*account.contacts, *taken)), now)
    return None if fits.cap is None else rivals[-1][0]


def _after(one: Look, first: Look, now: datetime) -> Look:
    name = f"{first.message.plugin}/{first.message.label}"
    made = gives_way(one.candidate, name, now)
    before = (check for check in one.verdict.checks if check.name != made.name)
    verdict = Decision(checks=(*before, made))
    return replace(one, after=first.message.key, verdict=verdict)
