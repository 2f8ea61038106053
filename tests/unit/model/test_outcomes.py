from __future__ import annotations

import pytest

from aftercare_sdk.model.outcomes import (
    REPORTED,
    STATES,
    Bounce,
    OutcomeKind,
    RejectReason,
    Report,
    SuppressionReason,
    bounce_of,
)

ANYMAIL = (
    "queued sent rejected failed bounced deferred delivered autoresponded "
    "opened clicked complained unsubscribed subscribed unknown"
)


def test_the_names_are_those_of_django_anymail_send_05():
    """In its order, so that whoever knows it finds them."""
    assert ANYMAIL.split() == [kind.value for kind in OutcomeKind]
    reasons = "invalid bounced timed_out blocked spam unsubscribed other"
    assert reasons.split() == [reason.value for reason in RejectReason]


BACK, NO = OutcomeKind.BOUNCED, RejectReason


@pytest.mark.parametrize(
    ("kind", "reason", "response", "expected"),
    [
        (BACK, NO.INVALID, "", Bounce.HARD),
        (BACK, NO.BOUNCED, "", Bounce.HARD),
        (BACK, NO.TIMED_OUT, "", Bounce.SOFT),
        (BACK, NO.BLOCKED, "", Bounce.SOFT),
        (BACK, NO.SPAM, "", Bounce.SOFT),
        (BACK, NO.OTHER, "", Bounce.SOFT),
        (BACK, None, "", Bounce.SOFT),
        (BACK, NO.OTHER, "550 5.1.1 no such user", Bounce.HARD),
        (BACK, None, "smtp; 550-5.1.10 RESOLVER.ADR.RecipientNotFound", Bounce.HARD),
        (BACK, None, "5.2.1 mailbox disabled", Bounce.HARD),
        (BACK, NO.BOUNCED, "552 5.2.2 mailbox full", Bounce.SOFT),
        (BACK, NO.BOUNCED, "550 5.7.1 not authorised", Bounce.SOFT),
        (BACK, NO.BOUNCED, "450 4.1.1 try later", Bounce.SOFT),
        (BACK, NO.BOUNCED, "421 busy", Bounce.SOFT),
        (BACK, NO.BOUNCED, "550 no such user", Bounce.HARD),
        (OutcomeKind.REJECTED, NO.BOUNCED, "", Bounce.HARD),
        (OutcomeKind.REJECTED, NO.INVALID, "", Bounce.HARD),
        (OutcomeKind.REJECTED, NO.SPAM, "", None),
        (OutcomeKind.REJECTED, None, "550 5.1.1", None),
        (OutcomeKind.DEFERRED, None, "", Bounce.SOFT),
        (OutcomeKind.DELIVERED, None, "250 2.1.5 ok", None),
        (OutcomeKind.FAILED, NO.INVALID, "", None),
    ],
)
def test_what_a_failure_says_of_the_address_send_06(kind, reason, response, expected):
    """The mail server's own code goes before the provider's word for it."""
    assert expected == bounce_of(kind, reason, response)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_only_what_is_certain_suppresses_at_once_send_06(kind):
    """One outcome alone, without a word of why."""
    expected = {
        OutcomeKind.COMPLAINED: SuppressionReason.COMPLAINT,
        OutcomeKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBE,
    }.get(kind)
    assert expected is Report(kind=kind, body=b"").suppresses


def test_a_complaint_beats_all_and_a_bounce_a_delivery():
    """The order in which they stand is their strength."""
    states = list(dict.fromkeys(STATES.values()))
    assert ["failed", "delivered", "bounced", "complained"] == states
    assert set(states[1:]) == REPORTED


def test_what_came_back_does_not_count_as_contact():
    """What was delivered does, and what was complained of even more."""
    reached = {state.value: state.may_have_reached for state in REPORTED}
    assert {"delivered": True, "bounced": False, "complained": True} == reached
    assert all(state.final for state in REPORTED)


def test_a_report_shows_nobody():
    """Addresses, and what mail servers say, stay out of logs."""
    report = Report(
        kind=BACK, recipient="ann@customer.example", response="550 <ann@customer.example>", body=b"ann@"
    )
    assert "ann" not in repr(report)
