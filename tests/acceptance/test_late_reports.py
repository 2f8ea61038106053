"""What is reported after the erasure of a person, or with a date that cannot be, still counts (SEND-06)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.consenting import said_by_whom
from aftercare_sdk.events import OutcomeKind, RejectReason
from aftercare_sdk.model.consent_ledger import ConsentWord
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.model.people import Contact
from aftercare_sdk.store import suppressions
from tests.support.erasures import erase_whoever
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    UNCAPPED,
    Bench,
    always,
    consent,
    customer,
    note,
    order,
    program,
)

ANN = "ann@customer.example"
ADVERT = note("advert", purpose=Purpose.MARKETING)
GONE = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.INVALID}
COMPLAINED = {"kind": OutcomeKind.COMPLAINED}
UNSUBSCRIBED = {"kind": OutcomeKind.UNSUBSCRIBED}
DELIVERED = {"kind": OutcomeKind.DELIVERED}


@pytest.fixture
def bench(migrated_database_url):
    """A shop that advertises after each purchase; Ann has agreed, and was written to once."""
    plugins = {"adverts": program(on_purchase=always(ADVERT))}
    with Bench(migrated_database_url, plugins, config={**LAWFUL, **UNCAPPED}) as shop:
        consent(shop)
        shop.run(HOUR)
        shop.tell(order("1", country="US", placed=shop.clock.now()))
        shop.run(HOUR)
        yield shop


def report(bench, **told):
    """Report something of the first message."""
    told = {"message": bench.message("advert", "1").id, "body": repr(told).encode(), **told}
    return bench.aftercare.tell_outcomes("email", [Report(**told)])


def against(bench):
    """Return why Ann's address is suppressed, and for whom."""
    with bench.aftercare.brand.database.read() as connection:
        return [
            (one.reason.value, one.identity)
            for one in suppressions.of(connection, [bench.aftercare.brand.address_hash(ANN)])
        ]


def buys_again(bench, country="US", **told):
    """Let Ann buy again a day later; return what becomes of the advert."""
    later = bench.clock.now() + DAY
    bench.tell(order("2", placed=later, country=country, **told), at=later)
    bench.run(2 * DAY)
    return bench.message("advert", "2").code


@pytest.mark.parametrize(
    ("told", "why"),
    [(COMPLAINED, "complaint"), (UNSUBSCRIBED, "unsubscribe"), (GONE, "hard_bounce")],
    ids=["complained", "unsubscribed", "bounced"],
)
@pytest.mark.parametrize("forwarded", ["", "other@forwarded.example"])
def test_law_20_what_is_reported_after_the_erasure_suppresses_the_address(bench, told, why, forwarded):
    """Under the hash of the mailbox that was written to, which is all that is left of it; it names nobody."""
    erase_whoever(bench, ANN)
    report(bench, **told, recipient=forwarded)
    assert (why, None) in against(bench)
    assert f"suppressed_{why}" == buys_again(bench)


@pytest.mark.parametrize(
    ("told", "code"),
    [(COMPLAINED, "suppressed_unsubscribe"), (UNSUBSCRIBED, "suppressed_unsubscribe"), (GONE, "accepted")],
    ids=["complained", "unsubscribed", "bounced"],
)
def test_law_20_a_late_word_of_the_person_counts_for_each_address_they_had(migrated_database_url, told, code):
    """As it does before the erasure; that a mailbox is gone says nothing of another."""
    plugins = {"adverts": program(on_purchase=always(ADVERT))}
    with Bench(migrated_database_url, plugins, config={**LAWFUL, **UNCAPPED}) as bench:
        bench.tell(customer("7"), order("1", customer="7"))
        consent(bench)
        bench.run(HOUR)
        now = bench.clock.now()
        bench.tell(customer("7", email="ann@work.example", modified=now))
        bench.run(HOUR)
        erase_whoever(bench, ANN)
        report(bench, **told)
        assert code == buys_again(bench, email="ann@work.example")


def test_law_20_the_address_alone_is_enough_after_the_erasure(bench):
    """It is known by its hash; nothing that is reported may be lost because it names no message."""
    erase_whoever(bench, ANN)
    bench.aftercare.tell_outcomes("email", [Report(**COMPLAINED, recipient=ANN.upper(), body=b"{}")])
    assert ("complaint", None) in against(bench)
    assert [("1", "complained", "reported_complained")] == bench.outcomes()


def test_law_20_the_address_alone_means_who_has_it_now(bench):
    """Somebody new has it, and was written to since."""
    erase_whoever(bench, ANN)
    assert "accepted" == buys_again(bench)
    bench.aftercare.tell_outcomes("email", [Report(**COMPLAINED, recipient=ANN, body=b"{}")])
    assert {"1": "accepted", "2": "complained"} == {one.object: one.state for one in bench.messages()}


def test_law_20_what_says_nothing_against_the_address_suppresses_nothing(bench):
    """Somebody new who has the address is written to."""
    erase_whoever(bench, ANN)
    report(bench, **DELIVERED)
    assert [] == against(bench)
    assert "accepted" == buys_again(bench)


@pytest.mark.parametrize("is_erased", [False, True])
@pytest.mark.parametrize(
    ("told", "why"),
    [(COMPLAINED, "complaint"), (UNSUBSCRIBED, "unsubscribe"), (GONE, "hard_bounce")],
    ids=["complained", "unsubscribed", "bounced"],
)
def test_send_06_a_mail_to_the_address_of_an_account_is_reported_as_any_other(
    migrated_database_url, is_erased, told, why
):
    """The order names no address; a report that names only the message is of the mailbox it went to."""
    plugins = {"adverts": program(on_purchase=always(ADVERT))}
    with Bench(migrated_database_url, plugins, config={**LAWFUL, **UNCAPPED}) as bench:
        account = customer("7")
        bench.tell(replace(account, contact=replace(account.contact, country="US")))
        bench.tell(order("1", customer="7", contact=Contact(country="US"), country="US"))
        bench.process()
        consent(bench)
        bench.run(HOUR)
        assert [ANN] == [one.recipient for one in bench.sent]
        if is_erased:
            erase_whoever(bench, ANN)
        report(bench, **told)
        assert why in [reason for reason, _ in against(bench)]
        refused = told is not GONE and not is_erased
        assert ("objected" if refused else f"suppressed_{why}") == buys_again(bench)


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("told", "why"), [(COMPLAINED, "complaint"), (UNSUBSCRIBED, "unsubscribe")])
@pytest.mark.parametrize("date", ["nothing", "the day", "tomorrow"])
@pytest.mark.parametrize("names", ["the message", "the address"])
def test_law_14_no_wrong_date_makes_a_refusal_older_than_the_consent(bench, told, why, date, names):
    """Nobody complains of a message before it has left, nor later than now, whatever a provider tells."""
    left = bench.message("advert").submitted_at
    at = {"nothing": LONG_AGO, "the day": left.replace(hour=0, minute=0), "tomorrow": left + DAY}[date]
    report(bench, **told, at=at, **({"message": "", "recipient": ANN} if names == "the address" else {}))
    counts = bench.clock.now() if date == "tomorrow" else left
    with bench.aftercare.brand.database.read() as connection:
        (one,) = suppressions.listing(connection)[0]
        ((*_, refused),) = said_by_whom(connection, ANN)
    assert (why, counts, ConsentWord.OBJECTED, counts) == (one.reason, one.at, refused.word, refused.at)
    assert counts == next(one.event.occurred_at for one in bench.events() if one.event.id.count("/outcome/"))
    if told is COMPLAINED:
        assert counts == bench.message("advert").final_at
    assert "objected" == buys_again(bench, "JP")


def test_law_14_a_refusal_that_is_told_late_does_not_undo_what_was_agreed_since(bench):
    """Its date is possible, so it is believed."""
    at = bench.clock.now()
    bench.clock.move(at + DAY)
    consent(bench)
    report(bench, **UNSUBSCRIBED, at=at)
    assert "accepted" == buys_again(bench, "JP")


@pytest.mark.parametrize("turned", [False, True])
def test_send_05_wrong_dates_come_to_the_same_in_any_order(bench, turned):
    """Twice as well: the earliest possible moment is that of the message."""
    told = [{**GONE, "at": LONG_AGO}, {**COMPLAINED, "at": LONG_AGO}, {**GONE, "at": LONG_AGO}]
    for one in reversed(told) if turned else told:
        report(bench, **one)
        bench.clock.move(bench.clock.now() + HOUR)
    message = bench.message("advert")
    assert ("complained", message.submitted_at) == (message.state, message.final_at)
    with bench.aftercare.brand.database.read() as connection:
        listed, _ = suppressions.listing(connection)
    assert {("complaint", message.submitted_at), ("hard_bounce", message.submitted_at)} == {
        (one.reason, one.at) for one in listed
    }
