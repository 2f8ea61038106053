"""The checks that every message passes just before it is submitted, in their order.

Each check is a pure function from the message and the facts to a `Check`. The gate asks one after the other
and stops at the first that does not allow: what was asked until then is the decision record. A new rule, say
on quiet hours, is one more function in `CHECKS`, at the place where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.approvals import Approval, ApprovalState
from aftercare_sdk.model.budgets import EACH
from aftercare_sdk.model.consent_ledger import ConsentEntry
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.model.pauses import Pause
from aftercare_sdk.model.premises import Premise
from aftercare_sdk.outreach.addresses import UnusableAddress, parse_address
from aftercare_sdk.outreach.budget import RESTING, Account, free, rests_until
from aftercare_sdk.outreach.hours.quiet_hours import OpenHours
from aftercare_sdk.outreach.permission.consent import standing
from aftercare_sdk.outreach.permission.jurisdictions import ADVERTISING, Question, ruling_on
from aftercare_sdk.outreach.premises import Facts, check
from aftercare_sdk.outreach.reasons import Reason

WINDOWS: Mapping[Purpose, timedelta] = MappingProxyType(
    {
        Purpose.TRANSACTIONAL: timedelta(days=7),
        Purpose.SERVICE: timedelta(days=7),
        Purpose.SURVEY: timedelta(days=7),
        Purpose.MARKETING: timedelta(days=3),
        Purpose.REVIEW_REQUEST: timedelta(days=45),
    }
)
NEXT_TURN = timedelta(minutes=1)
"""After which whatever gave way is looked at again."""
_SHOWN = 3
"""How many zones of a person are named."""
_SUPPRESSED: Mapping[SuppressionReason, Reason] = MappingProxyType(
    {
        SuppressionReason.HARD_BOUNCE: Reason.SUPPRESSED_HARD_BOUNCE,
        SuppressionReason.COMPLAINT: Reason.SUPPRESSED_COMPLAINT,
        SuppressionReason.UNSUBSCRIBE: Reason.SUPPRESSED_UNSUBSCRIBE,
        SuppressionReason.SOFT_BOUNCES: Reason.SUPPRESSED_SOFT_BOUNCES,
    }
)
"""The strongest first: that is the one that is told."""


class Outcome(StrEnum):
    """What a check says: go on, never, not before a moment, or not until something else has happened."""

    ALLOW = "allow"
    DENY = "deny"
    DEFER = "defer"
    HOLD = "hold"


_APPROVALS: Mapping[ApprovalState, tuple[Outcome, Reason]] = MappingProxyType(
    {
        ApprovalState.WAITING: (Outcome.HOLD, Reason.NOT_APPROVED),
        ApprovalState.APPROVED: (Outcome.ALLOW, Reason.APPROVED),
        ApprovalState.REJECTED: (Outcome.DENY, Reason.REJECTED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the law asks of whom a message goes to, by which kind of channel; see `jurisdictions.Question`.

    `said` is all that this person has said, and whoever else the message concerns. `sender_named`: the shop
    says who it is in the eyes of the law; `way_out`: there is an address at which people can refuse.
    """

    channel: str = "email"
    countries: frozenset[str] = frozenset()
    home: str = ""
    said: tuple[ConsentEntry, ...] = ()
    purchased_at: datetime | None = None
    reclassified: Mapping[str, str] = field(default_factory=dict)
    sender_named: bool = False
    way_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that is about to be submitted.

    `due_at` is its moment, counted from its fact. `awaiting_read` names the object that it is about, if that
    object is still to be read from the shop. `awaiting_event` is an event that its plugin failed on and is to
    be told of again, at `awaiting_until` or when a person says so. `suppressed` says why the address is not
    to be written to any more. `hours` None: it may leave at any hour. `categories` are those of the products
    that it is about. `approval` is where its version stands; None: nobody is asked. `last` is the code of the
    verdict before this one. `sender` is the domain that it leaves from, if it is a mail, `pause` what stands
    against advertising from there. `account` None: it is not counted.
    """

    purpose: Purpose
    due_at: datetime
    window: timedelta | None = None
    premises: tuple[Premise, ...] = ()
    awaiting_read: str | None = None
    awaiting_event: str | None = None
    awaiting_until: datetime | None = None
    recipient: str = field(default="", repr=False)
    suppressed: frozenset[SuppressionReason] = frozenset()
    person: Person = Person()
    hours: OpenHours | None = None
    account: Account | None = None
    categories: tuple[str, ...] = ()
    approval: Approval | None = None
    last: str = ""
    sender: str = ""
    pause: Pause | None = None

    def question(self, now: datetime) -> Question:
        """Return what the law is asked about this message at a moment."""
        person = self.person
        return Question(
            purpose=self.purpose,
            channel=person.channel,
            now=now,
            countries=person.countries,
            home=person.home,
            said=standing(person.said, person.channel, self.purpose, now),
            purchased_at=person.purchased_at,
            categories=frozenset(self.categories),
            reclassified=person.reclassified,
        )

    @property
    def closes_at(self) -> datetime:
        """From when on it is too late."""
        return self.due_at + (WINDOWS[self.purpose] if self.window is None else self.window)

    @property
    def lapsed_unapproved(self) -> bool:
        """Whether it waited for a person who had not decided by the end of its window."""
        if self.approval is None or self.last != Reason.NOT_APPROVED:
            return False
        return self.approval.decided_at is None or self.approval.decided_at >= self.closes_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of a decision record: `name` was asked, under `rule`, and `code` with `values` says why."""

    name: str
    rule: str
    outcome: Outcome
    code: Reason
    values: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate says: the checks made, at least one. The last decides; the others allowed."""

    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        """What is to happen with the message."""
        return self.checks[-1].outcome

    @property
    def code(self) -> Reason:
        """Why."""
        return self.checks[-1].code

    @property
    def values(self) -> Mapping[str, str]:
        """What the sentence of `code` speaks of."""
        return self.checks[-1].values

    @property
    def until(self) -> datetime | None:
        """When to ask again, if the message is deferred or held and that is known."""
        return self.checks[-1].until


Rule = Callable[[Candidate, Facts], Iterable[Check]]


def window(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Let a message leave from its moment on and until its window closes; later it is not sent at all."""
    values = {"due": candidate.due_at.isoformat(), "until": candidate.closes_at.isoformat()}
    name, rule = "window", "WINDOW"
    if facts.now < candidate.due_at:
        yield Check(
            name=name,
            rule=rule,
            outcome=Outcome.DEFER,
            code=Reason.NOT_YET_DUE,
            values=values,
            until=candidate.due_at,
        )
    elif facts.now >= candidate.closes_at:
        code = Reason.APPROVAL_LAPSED if candidate.lapsed_unapproved else Reason.WINDOW_CLOSED
        yield Check(name=name, rule=rule, outcome=Outcome.DENY, code=code, values=values)
    else:
        yield Check(name=name, rule=rule, outcome=Outcome.ALLOW, code=Reason.WINDOW_OPEN, values=values)


def lawful_basis(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Deny what the person has objected to, and advertising without a basis (LAW-03, LAW-13 to LAW-18)."""
    yield basis_of(candidate, facts.now)


def basis_of(candidate: Candidate, now: datetime) -> Check:
    """Return what the law says of a message at a moment; `until`: when what it rests on ends."""
    ruling = ruling_on(candidate.question(now))
    values = {"purpose": candidate.purpose.value, "places": ", ".join(ruling.places)}
    if ruling.basis is not None:
        values["basis"] = ruling.basis.value
    if ruling.why:
        values["why"] = ruling.why
    if ruling.entry is not None:
        values["said_at"] = ruling.entry.at.isoformat()
    return Check(
        name="lawful_basis",
        rule=ruling.rule,
        outcome=Outcome.ALLOW if ruling.allowed else Outcome.DENY,
        code=ruling.code,
        values=values,
        until=ruling.until,
    )


def identified(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Hold what advertises until it can say who sends it, and how to get no more of it (LAW-01, SEND-01)."""
    if candidate.purpose not in ADVERTISING:
        return
    person = candidate.person
    if not person.sender_named:
        yield Check(name="identified", rule="LAW-01", outcome=Outcome.HOLD, code=Reason.SENDER_UNNAMED)
    elif not person.way_out:
        yield Check(name="identified", rule="SEND-01", outcome=Outcome.HOLD, code=Reason.NO_WAY_OUT)
    else:
        yield Check(name="identified", rule="LAW-01", outcome=Outcome.ALLOW, code=Reason.SENDER_NAMED)


def settled(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Hold a message while what it is about is to be read, or may yet make its plugin call it off."""
    if candidate.awaiting_read is not None:
        yield Check(
            name="settled",
            rule="READ",
            outcome=Outcome.HOLD,
            code=Reason.AWAITING_READ,
            values={"object": candidate.awaiting_read},
        )
    elif candidate.awaiting_event is not None:
        yield Check(
            name="settled",
            rule="RETRY",
            outcome=Outcome.HOLD,
            code=Reason.AWAITING_PLUGIN,
            values={"event": candidate.awaiting_event},
            until=candidate.awaiting_until,
        )
    else:
        yield Check(name="settled", rule="READ", outcome=Outcome.ALLOW, code=Reason.NOTHING_AWAITED)


def premises(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Deny a message if something that its plugin took for granted is no longer so."""
    for premise in candidate.premises:
        verdict = check(premise, facts)
        yield Check(
            name="premise",
            rule=type(premise).__name__,
            outcome=Outcome.ALLOW if verdict.ok else Outcome.DENY,
            code=verdict.code,
            values=verdict.values,
        )


def recipient(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Deny a message to nobody, or to an e-mail address that no server takes."""
    code = Reason.HAS_ADDRESS
    if not candidate.recipient.strip():
        code = Reason.NO_ADDRESS
    else:
        try:
            parse_address(candidate.recipient)
        except UnusableAddress:
            code = Reason.ADDRESS_UNUSABLE
    outcome = Outcome.ALLOW if code is Reason.HAS_ADDRESS else Outcome.DENY
    yield Check(name="recipient", rule="ADDRESS", outcome=outcome, code=code)


def suppression(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Deny a message to an address that is suppressed (SEND-06).

    After a hard bounce nothing leaves: there is no mailbox. After a complaint, an unsubscription or a week of
    soft bounces only transactional messages do: they are owed, and nobody can object to them. All others
    count as unwanted, service messages too, and mail that nobody wants closes the way to everybody (SEND-04).
    """
    transactional = candidate.purpose is Purpose.TRANSACTIONAL
    against = (
        code
        for why, code in _SUPPRESSED.items()
        if why in candidate.suppressed and (why is SuppressionReason.HARD_BOUNCE or not transactional)
    )
    code = next(against, Reason.NOT_SUPPRESSED)
    outcome = Outcome.ALLOW if code is Reason.NOT_SUPPRESSED else Outcome.DENY
    yield Check(name="suppression", rule="SEND-06", outcome=outcome, code=code)


def approved(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Hold marketing of a version that nobody has approved yet; deny what a person has rejected."""
    if (approval := candidate.approval) is None:
        return
    outcome, code = _APPROVALS[approval.state]
    told = {"version": approval.id, "by": approval.by, "note": approval.note}
    values = {name: value for name, value in told.items() if value}
    yield Check(name="approved", rule="APPROVAL", outcome=outcome, code=code, values=values)


def sending(candidate: Candidate, facts: Facts) -> Iterator[Check]:  # noqa: ARG001 - as all rules
    """Hold what advertises while its sender domain is paused (SEND-04); all else goes on leaving."""
    if candidate.purpose not in ADVERTISING or not candidate.sender:
        return
    values, outcome, code = {"domain": candidate.sender}, Outcome.ALLOW, Reason.SENDING_OPEN
    if (pause := candidate.pause) is not None:
        values |= {"since": pause.at.isoformat(), "cause": pause.cause.value}
        outcome, code = Outcome.HOLD, Reason.SENDING_PAUSED
    yield Check(name="sending", rule="SEND-04", outcome=outcome, code=code, values=values)


def quiet_hours(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Let a message wait for the morning of whoever gets it (LAW-18, LAW-22)."""
    if candidate.hours is None:
        return
    until = candidate.hours.next(facts.now)
    hours, zones = candidate.hours.hours, ", ".join(str(zone) for zone in candidate.hours.zones[:_SHOWN])
    is_open = until == facts.now
    yield Check(
        name="quiet_hours",
        rule="LAW-22",
        outcome=Outcome.ALLOW if is_open else Outcome.DEFER,
        code=Reason.IN_HOURS if is_open else Reason.QUIET_HOURS,
        values={"from": f"{hours.opens:%H:%M}", "to": f"{hours.closes:%H:%M}", "zones": zones},
        until=None if is_open else until,
    )


def cool_down(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Let what advertises rest after a complaint (FEED-08); that never ends a review request (LAW-19)."""
    account = candidate.account
    if account is None or candidate.purpose not in RESTING:
        return
    rule = "LAW-19" if candidate.purpose is Purpose.REVIEW_REQUEST else "FEED-08"
    until = rests_until(account, candidate.purpose, candidate.closes_at)
    if until is None or until <= facts.now:
        yield Check(name="cool_down", rule=rule, outcome=Outcome.ALLOW, code=Reason.NO_COMPLAINT)
        return
    since = account.complained_at
    yield Check(
        name="cool_down",
        rule=rule,
        outcome=Outcome.DEFER,
        code=Reason.COOLING_DOWN,
        values={"since": since.isoformat() if since else "", "until": until.isoformat()},
        until=min(until, candidate.closes_at),
    )


def budget(candidate: Candidate, facts: Facts) -> Iterator[Check]:
    """Let a message wait until it fits into the caps, and until what goes first has left (LAW-23)."""
    account = candidate.account
    if account is None:
        return
    fits = free(account, facts.now)
    if fits.cap is not None:
        yield Check(
            name="budget",
            rule="LAW-23",
            outcome=Outcome.DEFER,
            code=Reason.OVER_BUDGET,
            values={
                "most": str(fits.cap.most),
                "within": str(int(fits.cap.within.total_seconds())),
                "channel": account.medium if fits.cap.channel == EACH else fits.cap.channel,
            },
            until=min(fits.at, candidate.closes_at),
        )
    else:
        yield Check(name="budget", rule="LAW-23", outcome=Outcome.ALLOW, code=Reason.WITHIN_BUDGET)


def gives_way(candidate: Candidate, first: str, now: datetime) -> Check:
    """Let a message wait that would fit into the caps, if `first` did not leave at the same moment."""
    return Check(
        name="budget",
        rule="LAW-23",
        outcome=Outcome.DEFER,
        code=Reason.GIVES_WAY,
        values={"first": first},
        until=min(now + NEXT_TURN, candidate.closes_at),
    )


# What ends a message for good stands before what only delays it, as far as the facts are sure: premises are
# asked once the object has been read.
CHECKS: tuple[Rule, ...] = (
    window,
    lawful_basis,
    settled,
    premises,
    recipient,
    suppression,
    identified,
    approved,
    sending,
    quiet_hours,
    cool_down,
    budget,
)


def decide(candidate: Candidate, facts: Facts, rules: Iterable[Rule] = CHECKS) -> Decision:
    """Ask every rule in order, until one does not allow."""
    made: list[Check] = []
    for rule in rules:
        for made_now in rule(candidate, facts):
            made.append(made_now)
            if made_now.outcome is not Outcome.ALLOW:
                return Decision(checks=tuple(made))
    return Decision(checks=tuple(made))
