"""What a person has refused is honoured after their erasure, without knowing who it was (LAW-20)."""

from __future__ import annotations

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.erasing import erase
from aftercare_sdk.engine.suppressing import suppress
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.store import people, suppressions
from tests.acceptance.test_unsubscribe import ANN, BOB, Adverts, fates
from tests.support.shop import DAY, HOUR, LAWFUL, UNCAPPED, Bench, consent, customer, order

WORK = "ann@work.example"
ALL = {"marketing", "review_request", "survey"}


def erased(bench: Bench, text: str = ANN) -> None:
    """Erase whoever is known under a text."""
    with bench.aftercare.brand.database.read() as connection:
        known = people.search(connection, text)
    assert known
    erase(bench.aftercare.brand, known, reason="asked for it", actor="K. Mori")


def nobody_is(bench: Bench, text: str = ANN) -> bool:
    """Tell whether nobody is known under a text."""
    with bench.aftercare.brand.database.read() as connection:
        return not people.search(connection, text)


def refused(bench: Bench, email: str = ANN) -> set[str]:
    """Let somebody new buy with an address, where no consent is needed; return what they are not sent."""
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
        bench.tell(customer("7", email=ANN), order("1", customer="7", country="US"))
        bench.run(DAY)
        yield bench


@pytest.mark.parametrize("purpose", [None, *(one for one in Purpose if one is not Purpose.TRANSACTIONAL)])
def test_law_20_each_refusal_outlives_the_person_and_nothing_else_is_withheld(shop, purpose):
    """A refusal of one purpose is one of that purpose afterwards, too."""
    shop.aftercare.consents.refuse(email=ANN, purpose=purpose)
    erased(shop)
    assert ({purpose.value} if purpose else ALL) == refused(shop)


def test_law_20_who_refused_nothing_is_somebody_new(shop):
    """An erasure alone is no refusal."""
    erased(shop)
    assert set() == refused(shop)


def test_law_14_what_was_agreed_to_after_a_refusal_is_not_refused_by_an_erasure(shop):
    """The last word counts, for each purpose."""
    shop.aftercare.consents.refuse(email=ANN)
    shop.clock.move(shop.clock.now() + HOUR)
    consent(shop, purpose=Purpose.MARKETING)
    erased(shop)
    assert ALL - {"marketing"} == refused(shop)


def test_law_14_who_agrees_again_after_the_erasure_agrees_to_that_and_no_more(shop):
    """Somebody new with the same address agrees to marketing: reviews and surveys stay refused."""
    shop.aftercare.consents.refuse(email=ANN)
    erased(shop)
    shop.clock.move(shop.clock.now() + 2 * DAY)
    consent(shop, purpose=Purpose.MARKETING)
    assert ALL - {"marketing"} == refused(shop)
    shop.aftercare.consents.refuse(email=ANN, purpose=Purpose.MARKETING)
    assert ALL == refused(shop)


def test_law_20_a_refusal_counts_for_each_address_of_the_person(shop):
    """As it did before."""
    shop.tell(customer("7", email=WORK, modified=shop.clock.now()))
    shop.run(HOUR)
    shop.aftercare.consents.refuse(email=ANN)
    erased(shop)
    assert [ALL, ALL, set()] == [refused(shop, one) for one in (ANN, WORK, BOB)]


def test_law_20_what_stands_against_an_address_outlives_the_person(shop):
    """A suppression stays, without the person; the word of a person counts for each of their addresses."""
    shop.tell(customer("7", email=WORK, modified=shop.clock.now()))
    shop.run(HOUR)
    database, now = shop.aftercare.brand.database, shop.clock.now()
    suppress(database, ANN, SuppressionReason.COMPLAINT, at=now, by="operator")
    suppress(database, ANN, SuppressionReason.HARD_BOUNCE, at=now, by="operator")
    erased(shop)
    with database.read() as connection:
        found, _ = suppressions.listing(connection)
    of = shop.aftercare.brand.address_hash
    assert {(of(ANN), "hard_bounce", None), (of(ANN), "complaint", None), (of(WORK), "complaint", None)} == {
        (one.address, one.reason.value, one.identity) for one in found
    }
    assert {*ALL, "service"} == refused(shop, WORK)
