from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.approvals import Approval, ApprovalState, FlowVersion
from aftercare_sdk.model.consent_ledger import ConsentEntry, ConsentWord
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.model.pauses import Cause, Pause, Tally
from aftercare_sdk.model.premises import NotSentWithin, OrderStands
from aftercare_sdk.outreach.gate import (
    CHECKS,
    WINDOWS,
    Candidate,
    Check,
    Outcome,
    Person,
    approved,
    decide,
    sending,
    suppression,
    window,
)
from aftercare_sdk.outreach.reasons import Reason
from tests.unit.outreach.samples import NOW, order
from tests.unit.outreach.test_premises import REF, WEEK, Known

HOUR = timedelta(hours=1)
GONE, ASKED = SuppressionReason.HARD_BOUNCE, SuppressionReason.UNSUBSCRIBE
FACTS = Known(orders={REF: order()})


def candidate(**changes) -> Candidate:
    """Return a message that may leave."""
    fields = {
        "purpose": Purpose.SERVICE,
        "due_at": NOW,
        "premises": (OrderStands(order=REF), NotSentWithin(label="thank-you", period=WEEK)),
        "recipient": "ogawa@example.jp",
    }
    return Candidate(**{**fields, **changes})


def test_a_message_that_passes_every_check_leaves_with_the_whole_record():
    """The record says what was asked, under which rule, and what the answer was."""
    decision = decide(candidate(), FACTS)
    assert Outcome.ALLOW is decision.outcome
    assert [
        ("window", "WINDOW", Reason.WINDOW_OPEN),
        ("lawful_basis", "LAW-02", Reason.NEEDS_NO_CONSENT),
        ("settled", "READ", Reason.NOTHING_AWAITED),
        ("premise", "OrderStands", Reason.ORDER_STANDS),
        ("premise", "NotSentWithin", Reason.NOT_SENT_RECENTLY),
        ("recipient", "ADDRESS", Reason.HAS_ADDRESS),
        ("suppression", "SEND-06", Reason.NOT_SUPPRESSED),
    ] == [(check.name, check.rule, check.code) for check in decision.checks]


@pytest.mark.parametrize(
    ("changes", "facts", "outcome", "code", "asked"),
    [
        ({"due_at": NOW + HOUR}, FACTS, Outcome.DEFER, Reason.NOT_YET_DUE, 1),
        ({"due_at": NOW - 7 * 24 * HOUR}, FACTS, Outcome.DENY, Reason.WINDOW_CLOSED, 1),
        ({"due_at": NOW - HOUR, "window": HOUR}, FACTS, Outcome.DENY, Reason.WINDOW_CLOSED, 1),
        ({"purpose": Purpose.MARKETING}, FACTS, Outcome.DENY, Reason.NO_LAWFUL_BASIS, 2),
        ({"awaiting_read": REF}, FACTS, Outcome.HOLD, Reason.AWAITING_READ, 3),
        ({"awaiting_event": f"{REF}/purchase"}, FACTS, Outcome.HOLD, Reason.AWAITING_PLUGIN, 3),
        ({}, Known(), Outcome.DENY, Reason.ORDER_UNKNOWN, 4),
        ({}, Known(orders={REF: order(cancelled=True)}), Outcome.DENY, Reason.ORDER_CANCELLED, 4),
        (
            {},
            Known(orders={REF: order()}, sent={"thank-you": [NOW - HOUR]}),
            Outcome.DENY,
            Reason.SENT_RECENTLY,
            5,
        ),
        ({"recipient": " "}, FACTS, Outcome.DENY, Reason.NO_ADDRESS, 6),
        ({"recipient": "ogawa"}, FACTS, Outcome.DENY, Reason.ADDRESS_UNUSABLE, 6),
        ({"suppressed": {GONE, ASKED}}, FACTS, Outcome.DENY, Reason.SUPPRESSED_HARD_BOUNCE, 7),
    ],
)
def test_the_first_check_that_does_not_allow_decides(changes, facts, outcome, code, asked):
    """What comes behind it is not asked any more."""
    decision = decide(candidate(**changes), facts)
    assert (outcome, code, asked) == (decision.outcome, decision.code, len(decision.checks))
    assert {Outcome.ALLOW} | {outcome} >= {check.outcome for check in decision.checks}


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("why", SuppressionReason)
def test_a_suppressed_address_gets_at_most_what_is_owed_send_06(purpose, why):
    """Transactional messages go on leaving, unless there is no mailbox at all."""
    (check,) = suppression(candidate(purpose=purpose, suppressed={why}), FACTS)
    owed = purpose is Purpose.TRANSACTIONAL and why is not SuppressionReason.HARD_BOUNCE
    code = Reason.NOT_SUPPRESSED if owed else Reason(f"suppressed_{why}")
    assert (Outcome.ALLOW if owed else Outcome.DENY, code) == (check.outcome, check.code)


VERSION = FlowVersion(
    plugin="flows",
    label="news",
    template="news",
    sources="",
    purpose="marketing",
    channel="email",
    version="1",
)


@pytest.mark.parametrize(
    ("state", "outcome", "code"),
    [
        (ApprovalState.WAITING, Outcome.HOLD, Reason.NOT_APPROVED),
        (ApprovalState.APPROVED, Outcome.ALLOW, Reason.APPROVED),
        (ApprovalState.REJECTED, Outcome.DENY, Reason.REJECTED),
    ],
)
def test_a_version_is_held_until_a_person_decides(state, outcome, code):
    """And the record names the version, who has decided, and the note."""
    asked = Approval(of=VERSION, first_seen=NOW, state=state, by="mori", note="seen")
    (check,) = approved(candidate(approval=asked), FACTS)
    assert (outcome, code) == (check.outcome, check.code)
    assert {"version": asked.id, "by": "mori", "note": "seen"} == check.values
    assert [] == list(approved(candidate(), FACTS))


@pytest.mark.parametrize(
    ("last", "decided", "code"),
    [
        ("not_approved", None, Reason.APPROVAL_LAPSED),
        ("not_approved", NOW, Reason.APPROVAL_LAPSED),
        ("not_approved", NOW - 2 * HOUR, Reason.WINDOW_CLOSED),
        ("quiet_hours", None, Reason.WINDOW_CLOSED),
        ("", None, Reason.WINDOW_CLOSED),
    ],
)
def test_what_lapses_unapproved_says_so(last, decided, code):
    """Only if nothing else but a person kept it waiting, who had not decided by then."""
    asked = Approval(of=VERSION, first_seen=NOW, decided_at=decided)
    late = candidate(due_at=NOW - 2 * HOUR, window=HOUR, approval=asked, last=last)
    (check,) = window(late, FACTS)
    assert (Outcome.DENY, code) == (check.outcome, check.code)


@pytest.mark.parametrize("purpose", Purpose)
def test_send_04_only_what_advertises_is_paused(purpose):
    """And only mail: other channels have no sender domain."""
    pause = Pause(domain="shop.example", at=NOW, cause=Cause.COMPLAINTS, tally=Tally(mails=500, complaints=2))
    found = list(sending(candidate(purpose=purpose, sender="shop.example", pause=pause), FACTS))
    held = [(Outcome.HOLD, Reason.SENDING_PAUSED)]
    advertises = purpose in {Purpose.MARKETING, Purpose.REVIEW_REQUEST}
    assert (held if advertises else []) == [(one.outcome, one.code) for one in found]
    assert [] == list(sending(candidate(purpose=purpose), FACTS))


def test_a_message_that_is_early_waits_for_its_moment():
    """Its fact may have moved since it was claimed."""
    decision = decide(candidate(due_at=NOW + HOUR), FACTS)
    assert NOW + HOUR == decision.until
    assert (NOW + HOUR).isoformat() == decision.values["due"]


@pytest.mark.parametrize("purpose", Purpose)
def test_law_03_what_advertises_needs_a_basis(purpose):
    """Advertising and invitations to review; what serves the order goes out."""
    decision = decide(candidate(purpose=purpose), FACTS)
    expected = Outcome.DENY if purpose in {Purpose.MARKETING, Purpose.REVIEW_REQUEST} else Outcome.ALLOW
    assert expected is decision.outcome


SAID = ConsentEntry(channel="email", purpose=None, word=ConsentWord.GIVEN, at=NOW - HOUR)


@pytest.mark.parametrize(
    ("person", "outcome", "rule", "code"),
    [
        ({}, Outcome.HOLD, "LAW-01", Reason.SENDER_UNNAMED),
        ({"sender_named": True}, Outcome.HOLD, "SEND-01", Reason.NO_WAY_OUT),
        ({"sender_named": True, "way_out": True}, Outcome.ALLOW, "LAW-01", Reason.SENDER_NAMED),
    ],
)
def test_law_01_send_01_who_advertises_says_who_it_is_and_how_to_refuse(person, outcome, rule, code):
    """Until it can, the message waits; what serves the order does not."""
    advert = candidate(purpose=Purpose.MARKETING, person=Person(said=(SAID,), **person))
    last = decide(advert, FACTS).checks[-1]
    assert (outcome, rule, code) == (last.outcome, last.rule, last.code)
    assert Outcome.ALLOW is decide(candidate(person=Person(**person)), FACTS).outcome


def test_every_purpose_has_a_window():
    """7 days, 3 for marketing, 45 for an invitation to review."""
    days = {purpose.value: WINDOWS[purpose].days for purpose in Purpose}
    assert {"transactional": 7, "service": 7, "survey": 7, "review_request": 45, "marketing": 3} == days


@given(st.integers(-20 * 24 * 60, 20 * 24 * 60), st.integers(1, 20 * 24 * 60))
def test_a_message_is_early_in_time_or_late_and_nothing_else(minutes, length):
    """The window begins with the moment and ends before its end."""
    due = NOW + timedelta(minutes=minutes)
    decision = decide(candidate(due_at=due, window=timedelta(minutes=length)), FACTS)
    expected = Outcome.DEFER if NOW < due else Outcome.ALLOW
    if due + timedelta(minutes=length) <= NOW:
        expected = Outcome.DENY
    assert expected is decision.outcome


def test_a_further_rule_takes_its_place_among_the_others():
    """A later rule, on quiet hours for instance, is one more function."""

    def quiet_hours(candidate, facts):
        yield Check(
            name="quiet_hours",
            rule="LAW-22",
            outcome=Outcome.DEFER,
            code=Reason.NOT_YET_DUE,
            until=facts.now + HOUR,
        )

    decision = decide(candidate(), FACTS, (*CHECKS[:-1], quiet_hours, CHECKS[-1]))
    assert (Outcome.DEFER, NOW + HOUR, "quiet_hours") == (
        decision.outcome,
        decision.until,
        decision.checks[-1].name,
    )


def test_the_record_holds_no_address():
    """Neither the question nor the answer shows who it was."""
    asked = candidate(recipient="ogawa@bad address")
    assert "ogawa" not in f"{asked}{decide(asked, FACTS)}"
