from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.outcomes import Bounce, OutcomeKind, RejectReason
from aftercare_sdk.outreach.bounces import read_bounce

BOUNCES = Path(__file__).parents[2] / "fixtures" / "bounces"
ANN = "ann@customer.example"
ID = "0b4e2ad6-0c51-5d7a-9a64-1f0b7c2d7e11"


def mail(name, address=ANN, message=ID):
    """Return a mail of the fixtures."""
    raw = (BOUNCES / f"{name}.eml").read_bytes()
    return raw.replace(b"{address}", address.encode()).replace(b"{message}", message.encode())


@pytest.mark.parametrize(
    ("name", "kind", "message", "reason", "bounce"),
    [
        ("postfix-user-unknown", OutcomeKind.BOUNCED, ID, RejectReason.BOUNCED, Bounce.HARD),
        ("postfix-mailbox-full", OutcomeKind.BOUNCED, ID, RejectReason.BOUNCED, Bounce.SOFT),
        ("postfix-delayed", OutcomeKind.DEFERRED, ID, None, Bounce.SOFT),
        ("carrier-ja", OutcomeKind.BOUNCED, ID, RejectReason.BOUNCED, Bounce.HARD),
        ("delivered", OutcomeKind.DELIVERED, ID, None, None),
        ("gave-up", OutcomeKind.BOUNCED, ID, RejectReason.TIMED_OUT, Bounce.SOFT),
        ("qmail", OutcomeKind.BOUNCED, ID, RejectReason.BOUNCED, Bounce.HARD),
        ("no-message-id", OutcomeKind.BOUNCED, "", RejectReason.BOUNCED, Bounce.HARD),
        ("complaint", OutcomeKind.COMPLAINED, ID, None, None),
    ],
)
def test_what_a_mail_reports_send_05(name, kind, message, reason, bounce):
    """Who, of which message, and whether the address is gone for good; with either kind of line breaks."""
    for raw in (mail(name), mail(name).replace(b"\n", b"\r\n")):
        (report,) = read_bounce(raw)
        assert (kind, message, reason, bounce) == (report.kind, report.message, report.reason, report.bounce)
        assert ANN == report.recipient
        assert datetime(2026, 5, 2, 1, tzinfo=UTC) <= report.at < datetime(2026, 5, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "other", [mail("out-of-office"), b"", b"\xff\x00nonsense", b"Subject: hi\n\nhello\n"]
)
def test_another_mail_reports_nothing(other):
    """An answer of a machine, or of a person, says nothing of where a mail has gone."""
    assert [] == read_bounce(other)


def test_the_same_mail_is_known_again_and_another_is_another():
    """Also if the same message has come back twice."""
    ids = [read_bounce(mail(name))[0].event_id for name in ("qmail", "qmail", "gave-up")]
    assert ids[0] == ids[1] != ids[2]


def test_several_recipients_of_a_report_are_several_outcomes():
    """A mailing list or a forwarding can make two of one."""
    raw = mail("postfix-user-unknown").replace(
        b"\nFinal-Recipient:",
        b"\nFinal-Recipient: rfc822; bob@customer.example\nAction: failed\nStatus: 5.1.1\n\nFinal-Recipient:",
    )
    reports = read_bounce(raw)
    assert [ANN, "bob@customer.example"] == [one.recipient for one in reports]
    assert 2 == len({one.event_id for one in reports})


@given(st.data())
def test_a_broken_report_breaks_nothing(data):
    """Whatever is missing or changed in a mail: it reports something, or nothing."""
    name = data.draw(st.sampled_from(["postfix-user-unknown", "carrier-ja", "qmail", "complaint"]))
    raw = mail(name)
    first = data.draw(st.integers(0, len(raw)))
    put = data.draw(st.binary(max_size=20))
    for report in read_bounce(raw[:first] + put + raw[first + data.draw(st.integers(0, 200)) :]):
        assert report.recipient.isprintable()
        assert report.message.isprintable()


def test_without_the_extra_the_cure_is_told(monkeypatch):
    """The package is small, and not everybody needs it."""
    monkeypatch.setitem(sys.modules, "flufl.bounce", None)
    with pytest.raises(ConfigurationError, match=r"aftercare-sdk\[bounces\]"):
        read_bounce(mail("qmail"))
