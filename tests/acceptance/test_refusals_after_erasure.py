"""What a person has refused is honoured after their erasure, without knowing who it was (LAW-20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
import requests

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.suppressing import suppress
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState
from aftercare_sdk.model.outcomes import OutcomeKind, Report, SuppressionReason
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import people, suppressions
from tests.acceptance.test_unsubscribe import ANN, BOB, ONE_CLICK, Adverts, at, fates, serving, words
from tests.support.erasures import erase_whoever
from tests.support.shop import DAY, HOUR, LAWFUL, UNCAPPED, Bench, consent, customer, in_threads, order

WORK = "ann@work.example"
ALL = {"marketing", "review_request", "survey"}


def account(number: str, email: str, **told: object) -> CustomerSnapshot:
    """Draw an account where no consent is needed, until it is refused (LAW-16)."""
    contact = Contact(email=email, given_name="Ann", country="US")
    return replace(customer(number, **told), contact=contact)


def nobody_is(bench: Bench, text: str = ANN) -> bool:
    """Tell whether nobody is known under a text."""
    with bench.aftercare.brand.database.read() as connection:
        return not people.search(connection, text)


def refused(bench: Bench, email: str = ANN) -> set[str]:
    """Let somebody buy as a guest, where no consent is needed; return what they are not sent."""
    later = bench.clock.now() + DAY
    number = str(len(bench.journal()))
    bench.tell(order(number, email=email, placed=later, country="US"), at=later)
    bench.run(2 * DAY)
    told = fates(bench, number)
    assert {*ALL, "service"} == told.keys()
    assert set(told.values()) <= {"accepted", "objected", "suppressed_unsubscribe", "suppressed_complaint"}
    return {label for label, code in told.items() if code != "accepted"}


@pytest.fixture
def shop(migrated_database_url):
    """A shop that advertises, to which Ann is known."""
    with Bench(migrated_database_url, {"adverts": Adverts()}, config={**LAWFUL, **UNCAPPED}) as bench:
        bench.tell(account("7", email=ANN), order("1", customer="7", country="US"))
        bench.run(DAY)
        yield bench


@pytest.mark.parametrize("purpose", [None, *(one for one in Purpose if one is not Purpose.TRANSACTIONAL)])
def test_law_20_each_refusal_outlives_the_person_and_nothing_else_is_withheld(shop, purpose):
    """A refusal of one purpose is one of that purpose afterwards, too."""
    shop.aftercare.consents.refuse(email=ANN, purpose=purpose)
    erase_whoever(shop, ANN)
    assert ({purpose.value} if purpose else ALL) == refused(shop)


def test_law_20_who_refused_nothing_is_somebody_new(shop):
    """An erasure alone is no refusal."""
    erase_whoever(shop, ANN)
    assert set() == refused(shop)


def test_law_14_what_was_agreed_to_after_a_refusal_is_not_refused_by_an_erasure(shop):
    """The last word counts, for each purpose."""
    shop.aftercare.consents.refuse(email=ANN)
    shop.clock.move(shop.clock.now() + HOUR)
    consent(shop, purpose=Purpose.MARKETING)
    erase_whoever(shop, ANN)
    assert ALL - {"marketing"} == refused(shop)


def test_law_14_who_agrees_again_after_the_erasure_agrees_to_that_and_no_more(shop):
    """Somebody new with the same address agrees to marketing: reviews and surveys stay refused."""
    shop.aftercare.consents.refuse(email=ANN)
    erase_whoever(shop, ANN)
    shop.clock.move(shop.clock.now() + 2 * DAY)
    consent(shop, purpose=Purpose.MARKETING)
    assert ALL - {"marketing"} == refused(shop)
    shop.aftercare.consents.refuse(email=ANN, purpose=Purpose.MARKETING)
    assert ALL == refused(shop)


def test_law_20_a_refusal_counts_for_each_address_of_the_person(shop):
    """As it did before."""
    shop.tell(account("7", email=WORK, modified=shop.clock.now()))
    shop.run(HOUR)
    shop.aftercare.consents.refuse(email=ANN)
    erase_whoever(shop, ANN)
    assert [ALL, ALL, set()] == [refused(shop, one) for one in (ANN, WORK, BOB)]


@pytest.mark.parametrize("who", [WORK, BOB])
@pytest.mark.parametrize("complained", [True, False])
def test_law_14_everybody_has_refused_for_themselves(shop, who, complained):
    """A mailbox that only a present went to is erased with the buyer, and keeps what its owner refused."""
    now = shop.clock.now()
    shop.tell(account("8", email=BOB), order("5", customer="8", email=WORK, country="US", placed=now))
    shop.run(HOUR)
    if complained:
        database, now = shop.aftercare.brand.database, shop.clock.now()
        suppress(database, who, SuppressionReason.COMPLAINT, at=now, by="operator")
    else:
        shop.aftercare.consents.refuse(email=who)
    erase_whoever(shop, BOB)
    assert nobody_is(shop, WORK)
    kept = {*ALL, "service"} if complained else ALL
    assert {one: kept if one == who else set() for one in (BOB, WORK)} == {
        one: refused(shop, one) for one in (BOB, WORK)
    }


def test_law_20_what_stands_against_an_address_outlives_the_person(shop):
    """A suppression stays, without the person; the word of a person counts for each of their addresses."""
    shop.tell(account("7", email=WORK, modified=shop.clock.now()))
    shop.run(HOUR)
    database, now = shop.aftercare.brand.database, shop.clock.now()
    suppress(database, ANN, SuppressionReason.COMPLAINT, at=now, by="operator")
    suppress(database, ANN, SuppressionReason.HARD_BOUNCE, at=now, by="operator")
    erase_whoever(shop, ANN)
    with database.read() as connection:
        found, _ = suppressions.listing(connection)
    of = shop.aftercare.brand.address_hash
    assert {(of(ANN), "hard_bounce", None), (of(ANN), "complaint", None), (of(WORK), "complaint", None)} == {
        (one.address, one.reason.value, one.identity) for one in found
    }
    assert {*ALL, "service"} == refused(shop, WORK)


def link_to(bench: Bench, url: str, number: str = "1") -> str:
    """Return where the link of the advert about an order is served."""
    (advert,) = (one for one in bench.messages() if (one.object, one.label) == (number, "marketing"))
    (mail,) = (one for one in bench.sent if one.id == advert.id)
    return at(url, mail)


@pytest.mark.parametrize("how", [None, ONE_CLICK])
def test_law_20_a_link_refuses_for_whoever_was_erased(shop, how):
    """By hand or by the mail program; at each address of the person, who does not come back by it."""
    shop.tell(account("7", email=WORK, modified=shop.clock.now()))
    shop.run(HOUR)
    with serving(shop) as url:
        link = link_to(shop, url)
        erase_whoever(shop, ANN)
        assert "Stop these messages?" in words(requests.get(link, timeout=10))
        assert "You get no more offers" in words(requests.post(link, data=how, timeout=10))
        assert "You get no more offers" in words(requests.get(link, timeout=10))
        assert nobody_is(shop)
        assert nobody_is(shop, WORK)
        assert [ALL, ALL, set()] == [refused(shop, one) for one in (ANN, WORK, BOB)]


def test_law_20_looking_at_a_link_refuses_nothing_after_an_erasure(shop):
    """Programs follow links; people press buttons (FEED-04)."""
    with serving(shop) as url:
        link = link_to(shop, url)
        erase_whoever(shop, ANN)
        requests.get(link, timeout=10)
        assert set() == refused(shop)


def test_law_20_a_link_refuses_for_the_erased_mailbox_that_a_present_went_to(shop):
    """The buyer, who is still a customer, has refused nothing."""
    now = shop.clock.now()
    present = order("5", customer="8", email=ANN, country="US", placed=now)
    shop.tell(account("8", email=BOB), present, at=now)
    shop.run(DAY)
    with serving(shop) as url:
        link = link_to(shop, url, "5")
        erase_whoever(shop, ANN)
        requests.post(link, timeout=10)
        assert [ALL, set()] == [refused(shop, one) for one in (ANN, BOB)]


def test_law_14_an_old_link_refuses_again_what_was_agreed_to_since(shop):
    """The last word counts, also if the one was said before an erasure and the other after it."""
    with serving(shop) as url:
        link = link_to(shop, url)
        erase_whoever(shop, ANN)
        for _ in range(2):
            shop.clock.move(shop.clock.now() + HOUR)
            requests.post(link, timeout=10)
            assert ALL == refused(shop)
            shop.clock.move(shop.clock.now() + HOUR)
            consent(shop)
            assert set() == refused(shop)
        assert ["suppressions.add"] == [
            one.topic for one in shop.journal() if one.topic.startswith("suppressions")
        ]


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLAINED, OutcomeKind.UNSUBSCRIBED])
def test_law_14_what_a_provider_reports_after_an_erasure_is_refused_by_purpose_too(shop, kind):
    """Who then agrees to marketing, as somebody new, has not agreed to surveys, and may refuse once more."""
    (sent,) = (one for one in shop.messages() if one.label == "marketing")
    erase_whoever(shop, ANN)
    for number in range(2):
        shop.clock.move(shop.clock.now() + HOUR)
        shop.aftercare.tell_outcomes("email", [Report(kind=kind, message=sent.id, body=b"%d" % number)])
        assert refused(shop) >= ALL
        shop.clock.move(shop.clock.now() + HOUR)
        consent(shop, purpose=Purpose.MARKETING)
        assert ALL - {"marketing"} == refused(shop)


def test_several_at_once_are_one_refusal_after_an_erasure(shop):
    """A button that is pressed twice, and the mail program beside it."""
    with serving(shop) as url:
        link = link_to(shop, url)
        erase_whoever(shop, ANN)
        answers = in_threads([lambda: requests.post(link, timeout=30).status_code] * 4)
    assert [200] * 4 == answers
    assert 1 == sum(one.topic == "suppressions.add" for one in shop.journal())


def since_then(bench: Bench) -> datetime:
    """Erase Ann, and let time pass; return a moment before the erasure."""
    before = bench.clock.now()
    bench.clock.move(before + HOUR)
    erase_whoever(bench, ANN)
    bench.clock.move(before + DAY)
    return before


@pytest.mark.parametrize("who", [{"email": ANN}, {"shop": "main", "account": "7"}])
def test_law_20_a_consent_from_before_an_erasure_is_not_noted_again(shop, who):
    """A list that is read once more brings nobody back."""
    before, rows = since_then(shop), len(shop.journal())
    given = {"form": "2026-05", "words": "Yes.", "at": before}
    assert not shop.aftercare.consents.give(**who, **given)
    if "email" in who:
        assert not shop.aftercare.consents.ask(**who, **given)
    shop.run_due()
    assert (True, rows) == (nobody_is(shop), len(shop.journal()))
    assert set() == refused(shop)


def test_law_14_a_consent_from_before_an_erasure_is_none_of_somebody_new(shop):
    """Who comes back has agreed to nothing, in a place where that is needed."""
    before = since_then(shop)
    shop.tell(order("5", placed=shop.clock.now()))
    shop.process()
    assert not shop.aftercare.consents.give(email=ANN, form="2026-05", words="Yes.", at=before)
    shop.run(DAY)
    assert "no_lawful_basis" == fates(shop, "5")["marketing"]


@pytest.mark.parametrize("who", [{"email": ANN}, {"shop": "main", "account": "7"}])
@pytest.mark.parametrize("purpose", [None, Purpose.SURVEY])
def test_law_20_a_refusal_from_before_an_erasure_is_kept_without_the_person(shop, who, purpose):
    """It becomes known late, and is honoured at the address; nobody comes back by it, and it is news once."""
    before = since_then(shop)
    told = [shop.aftercare.consents.refuse(**who, purpose=purpose, at=before) for _ in range(2)]
    assert [True, False] == told
    assert nobody_is(shop)
    assert ({purpose.value} if purpose else ALL) == refused(shop)
    shop.clock.move(shop.clock.now() + HOUR)
    consent(shop)
    assert set() == refused(shop)


def test_law_20_what_is_said_after_an_erasure_is_said_by_somebody_new(shop):
    """As if they had never been there."""
    since_then(shop)
    assert consent(shop)
    assert not nobody_is(shop)
    shop.clock.move(shop.clock.now() + HOUR)
    assert shop.aftercare.consents.refuse(email=ANN)
    assert ALL == refused(shop)


def consent_of(account: str, state: ConsentState, modified: datetime | None, **told: object) -> object:
    """Draw what a platform says of an account's consent."""
    version = Version(modified_at=modified)
    return ConsentSnapshot(shop="main", customer=account, version=version, state=state, **told)


def test_law_20_what_a_platform_says_of_a_consent_too_late_brings_nobody_back(shop):
    """From before the erasure, or without a day: it is told of nobody, and its raw body goes."""
    before = since_then(shop)
    for modified in (before, None):
        shop.tell(consent_of("7", ConsentState.SUBSCRIBED, modified))
        shop.process()
        row = shop.webhooks()[-1]
        assert ("about somebody who was erased", b"") == (row.outcome, row.body or b"")
    assert nobody_is(shop, "main/7")
    assert set() == refused(shop)


@pytest.mark.parametrize("waits", [True, False])
def test_law_20_a_refusal_that_a_platform_tells_too_late_is_kept(shop, waits):
    """Also if its webhook waits to be processed while the person is erased."""
    told = consent_of("7", ConsentState.UNSUBSCRIBED, shop.clock.now())
    if waits:
        shop.tell(told)
    since_then(shop)
    if not waits:
        shop.tell(told, told)
    shop.process()
    assert nobody_is(shop, "main/7")
    assert 1 == sum(one.topic == "suppressions.add" for one in shop.journal())
    assert ALL == refused(shop)
    consent(shop)
    assert set() == refused(shop)


def test_law_20_no_refusal_of_mail_comes_of_one_by_text_message(shop):
    """Nor of an account that has never agreed."""
    before = since_then(shop)
    shop.tell(
        consent_of("7", ConsentState.UNSUBSCRIBED, before, channel="sms"),
        consent_of("7", ConsentState.NOT_SUBSCRIBED, before),
    )
    shop.process()
    assert not shop.aftercare.consents.refuse(email=ANN, channel="sms", at=before)
    assert set() == refused(shop)
