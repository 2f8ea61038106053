"""What advertises stops leaving a domain before mailbox providers stop the domain (SEND-04)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine import breaking
from aftercare_sdk.errors import InputError
from aftercare_sdk.events import OutcomeKind, RejectReason
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.outreach.breaker import Level
from aftercare_sdk.store import messages
from aftercare_sdk.store.journal import Kind
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    UNCAPPED,
    Bench,
    always,
    consent,
    in_threads,
    note,
    order,
    program,
)
from tests.unit.store.letters import message

DOMAIN = "shop.example"
SPAM = {"kind": OutcomeKind.COMPLAINED}
GONE = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.INVALID}
FULL = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.TIMED_OUT}
ALL = tuple(note(one.value, purpose=one) for one in Purpose)
ADVERTS = ("marketing", "review_request")


def shop(url, **more):
    """Return a shop that writes one message of each purpose to whoever has bought."""
    return Bench(url, {"writer": program(on_purchase=always(*ALL))}, config={**LAWFUL, **UNCAPPED}, **more)


def has_sent(bench, count, *, ago=HOUR, domain=DOMAIN, name="m"):
    """Let so many mails have left, one in a second; return their ids."""
    first = bench.clock.now() - ago
    several = [
        message(
            f"{name}-{number}",
            state=MessageState.ACCEPTED,
            submitted_at=first + number * timedelta(milliseconds=1),
            sender=domain,
            next_at=None,
        )
        for number in range(count)
    ]
    with bench.aftercare.brand.database.write() as connection:
        messages.plan(connection, several)
    return [one.id for one in several]


@pytest.fixture
def bench(migrated_database_url):
    """A shop in which Dan has bought something long ago, to whom all mails went that are looked at here."""
    with shop(migrated_database_url) as bench:
        bench.tell(order("0", email="dan@customer.example", placed=START - 100 * DAY))
        bench.run(DAY)
        yield bench


def report(bench, ids, what=SPAM):
    """Report the same of several mails."""
    told = [Report(message=id_, body=f"{id_} {what}".encode(), **what) for id_ in ids]
    return bench.aftercare.tell_outcomes("email", told)


def health(bench, domain=DOMAIN):
    """Return how a domain stands."""
    (found,) = breaking.health(bench.aftercare.brand.database, [domain], bench.clock.now())
    return found


def buys(bench, number="1"):
    """Let Ann buy who has agreed to everything; return what became of each message."""
    bench.tell(order(number, placed=bench.clock.now()))
    bench.process()
    consent(bench)
    bench.run(MINUTE)
    return {one.label: one.code for one in bench.messages() if one.object == number}


def resume(bench, domain=DOMAIN, **said):
    """Let a person say that advertising may leave again."""
    return breaking.resume(bench.aftercare.brand, domain, **{"by": "mori", "note": "list cleaned", **said})


@pytest.mark.parametrize(("what", "few", "enough"), [(SPAM, 2, 3), (GONE, 49, 50)])
def test_send_04_too_much_pauses_what_advertises_and_nothing_else(bench, what, few, enough):
    """At 0.3 % complaints or 5 % hard bounces of 1,000 mails."""
    ids = has_sent(bench, 1_000)
    report(bench, ids[:few], what)
    assert (Level.WARNED, None) == (health(bench).standing.level, health(bench).pause)
    report(bench, ids[:enough], what)
    assert Level.PAUSED is health(bench).standing.level
    expected = {one.value: "sending_paused" if one.value in ADVERTS else "accepted" for one in Purpose}
    assert expected == buys(bench)


def test_send_04_soft_bounces_and_repeated_reports_pause_nothing(bench):
    """A full mailbox is no sign of a bad list; each mail counts once."""
    ids = has_sent(bench, 1_000)
    report(bench, ids[:400], FULL)
    for body in range(5):
        bench.aftercare.tell_outcomes(
            "email", [Report(message=ids[0], body=f"{body}".encode(), **SPAM) for _ in range(3)]
        )
    assert (1, 0) == (health(bench).tally.complaints, health(bench).tally.bounces)
    assert {"accepted"} == set(buys(bench).values())


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), START - 3 * DAY])
def test_send_04_reports_with_a_date_that_cannot_be_pause_too(bench, at):
    """They are of mails that have left."""
    report(bench, has_sent(bench, 500)[:5], {**SPAM, "at": at})
    assert 5 == health(bench).tally.complaints
    assert health(bench).pause is not None


def test_send_04_a_small_shop_is_not_paused_for_one_complaint(bench):
    """One of three mails, and one of a hundred."""
    report(bench, has_sent(bench, 3, name="few")[:1])
    assert Level.UNTOLD is health(bench).standing.level
    has_sent(bench, 97, name="more")
    report(bench, ["id-more-0"], GONE)
    assert {"accepted"} == set(buys(bench).values())


def test_send_04_the_last_day_counts_or_the_last_500_mails(bench):
    """Whichever is more; what left before that counts no more."""
    old = has_sent(bench, 400, ago=30 * DAY, name="old")
    has_sent(bench, 300, name="new")
    assert 500 == health(bench).tally.mails
    report(bench, old[:200])
    assert 0 == health(bench).tally.complaints
    report(bench, old[200:203])
    assert (500, 3) == (health(bench).tally.mails, health(bench).tally.complaints)
    assert health(bench).pause is not None
    has_sent(bench, 600, name="newer")
    assert 900 == health(bench).tally.mails


def test_send_04_a_domain_answers_for_itself(migrated_database_url):
    """Mail of another domain goes on leaving, and is not counted."""
    channels = {
        "email": {"kind": "probe", "sender": "hello@Shop.example"},
        "news": {"kind": "probe", "sender": "hello@news.example"},
    }
    ads = [note(name, purpose=Purpose.MARKETING, channel=name) for name in channels]
    told = program(on_purchase=always(*ads))
    config = {**LAWFUL, **UNCAPPED, "channels": channels}
    with Bench(migrated_database_url, {"writer": told}, config=config) as bench:
        bench.tell(order("0", email="dan@customer.example", placed=START - 100 * DAY))
        bench.run(DAY)
        report(bench, has_sent(bench, 200)[:2])
        has_sent(bench, 200, domain="news.example", name="news")
        assert {"email": "sending_paused", "news": "accepted"} == buys(bench)
        assert (200, 201) == (health(bench).tally.mails, health(bench, "news.example").tally.mails)


def test_send_04_a_person_resumes_and_what_was_before_counts_no_more(bench):
    """What waits leaves at once; the journal says who has said so."""
    ids = has_sent(bench, 1_000)
    report(bench, ids[:3])
    assert "sending_paused" == buys(bench)["marketing"]
    resume(bench)
    bench.run(MINUTE)
    assert {"accepted"} == {one.code for one in bench.messages() if one.object == "1"}
    (row,) = [one for one in bench.journal() if one.topic == "sending.resume"]
    assert (Kind.COMMAND, f"advertising from {DOMAIN} resumed by mori") == (row.kind, row.outcome)
    report(bench, ids[3:50])
    assert health(bench).pause is None
    assert len(ADVERTS) == health(bench).tally.mails
    bench.clock.move(bench.clock.now() + 2 * HOUR)
    report(bench, has_sent(bench, 200, name="after")[:2])
    assert health(bench).pause is not None
    assert ["mori", ""] == [one.resumed_by for one in reversed(health(bench).pauses)]


def test_send_04_only_what_is_paused_can_be_resumed(bench):
    """A mistyped domain is an error, and so is a second time."""
    report(bench, has_sent(bench, 1_000)[:3])
    with pytest.raises(InputError, match="is not paused"):
        resume(bench, "shop.exmaple")
    resume(bench, DOMAIN.upper())
    with pytest.raises(InputError, match="is not paused"):
        resume(bench)


def test_send_04_what_waits_too_long_is_not_sent(bench):
    """A pause does not end by itself."""
    report(bench, has_sent(bench, 1_000)[:3])
    buys(bench)
    bench.run(4 * DAY)
    assert ("skipped", "window_closed") == (
        bench.message("marketing", "1").state.value,
        bench.message("marketing", "1").code,
    )
    assert "held" == bench.message("review_request", "1").state


def test_send_04_any_order_of_reports_comes_to_the_same(bench):
    """One by one or together, deliveries between them."""
    ids = has_sent(bench, 400)
    told = [
        *((id_, SPAM) for id_ in ids[:1]),
        *((id_, GONE) for id_ in ids[:20]),
        *((id_, {"kind": OutcomeKind.DELIVERED}) for id_ in ids[:40]),
    ]
    random.Random(7).shuffle(told)  # noqa: S311 - dice
    for id_, what in told:
        report(bench, [id_], what)
    assert (400, 1, 20) == (
        health(bench).tally.mails,
        health(bench).tally.complaints,
        health(bench).tally.bounces,
    )
    assert "bounces" == health(bench).pause.cause


def test_send_04_two_complaints_at_the_same_moment_pause(bench):
    """Neither alone would have; and there is one pause."""
    ids = has_sent(bench, 600)
    in_threads([partial(report, bench, [id_]) for id_ in ids[:4]])
    assert [4] == [health(bench).tally.complaints]
    assert 1 == len(health(bench).pauses)
    assert 2 == health(bench).pause.tally.complaints
