from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.store import people, suppressions
from aftercare_sdk.store.suppressions import Suppression
from tests.support.histories import DAWN

HOUR = timedelta(hours=1)
GONE, ASKED = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT
A, B = "a" * 64, "b" * 64


def against(address=A, reason=GONE, at=DAWN, **more):
    """Return something that stands against an address."""
    return Suppression(
        **{"identity": None, "source": "channel email", **more}, address=address, reason=reason, at=at
    )


def standing(connection, *addresses):
    """Return what stands against addresses: hash, reason and since when."""
    return sorted((one.address, one.reason, one.at) for one in suppressions.of(connection, addresses))


def test_several_reasons_stand_side_by_side(database):
    """Each since its first moment, whoever asks and however often it is told."""
    with database.write() as connection:
        suppressions.add(connection, [against(at=DAWN + HOUR), against(), against(reason=ASKED)])
        suppressions.add(connection, [against(at=DAWN + 2 * HOUR), against(B)])
        assert [(A, ASKED, DAWN), (A, GONE, DAWN)] == standing(connection, A)
        assert 3 == len(standing(connection, A, B)) == suppressions.listing(connection)[1]
        assert [] == standing(connection, "c" * 64)
        assert [] == standing(connection)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_in_which_it_is_told_makes_no_difference(database, order):
    """Before a lifting it is lifted, behind it it stands since the first moment."""
    with database.write() as connection:
        suppressions.add(connection, [against(at=DAWN)])
        assert 1 == suppressions.lift(connection, A, at=DAWN + 2 * HOUR, by="a person")
        for number in order:
            suppressions.add(connection, [against(at=DAWN + (1 + 2 * number) * HOUR)])
        assert [(A, GONE, DAWN + 3 * HOUR)] == standing(connection, A)
        assert {A: DAWN + 2 * HOUR} == suppressions.lifted(connection, [A], GONE)


def test_what_is_lifted_stays_on_record(database):
    """With when, and by whom."""
    with database.write() as connection:
        suppressions.add(connection, [against(), against(reason=ASKED)])
        assert 2 == suppressions.lift(connection, A, at=DAWN + HOUR, by="a person")
        assert 0 == suppressions.lift(connection, A, at=DAWN + HOUR, by="a person")
        assert ([], 0) == suppressions.listing(connection)
        found, count = suppressions.listing(connection, everything=True, limit=1)
        assert (2, DAWN + HOUR, "a person", False) == (
            *(count, found[0].lifted_at, found[0].lifted_by, found[0].stands),
        )


def test_what_never_was_a_reason_is_forgotten(database):
    """What was lifted before stays lifted, and other reasons stand."""
    with database.write() as connection:
        suppressions.add(connection, [against(), against(reason=ASKED), against(B)])
        suppressions.lift(connection, B, at=DAWN + HOUR, by="a person")
        suppressions.add(connection, [against(B, at=DAWN + 2 * HOUR)])
        suppressions.withdraw(connection, [A, B], GONE)
        assert [(A, ASKED, DAWN)] == standing(connection, A, B)
        assert {B: DAWN + HOUR} == suppressions.lifted(connection, [A, B], GONE)


def test_what_a_person_has_said_is_found_by_all_that_are_the_same_person(database):
    """The customer is asked for, so that identities that were joined later count too."""
    mailboxes = [Identity(kind=IdentityKind.EMAIL, value=f"{name}@customer.example") for name in "ab"]
    with database.write() as connection:
        one, other = people.ids(connection, mailboxes, DAWN).values()
        suppressions.add(connection, [against(reason=ASKED, identity=one)])
        theirs = people.customers_of(connection, [other])[other]
        assert [] == suppressions.of(connection, [B], [theirs])
        people.join(connection, [(one, other)])
        customer = people.customers_of(connection, [other])[other]
        (found,) = suppressions.of(connection, [B], [customer])
        assert (ASKED, A, customer) == (found.reason, found.address, found.customer)
        suppressions.add(connection, [against(reason=ASKED)])
        assert one == suppressions.of(connection, [A])[0].identity


def test_a_refusal_of_purposes_is_one_of_each_and_the_last_one_counts(database):
    """However often it is said, in whatever order it becomes known; beside what stands for all purposes."""
    purposes = [Purpose.MARKETING, Purpose.SURVEY]
    with database.write() as connection:
        suppressions.add(connection, [against(reason=ASKED)])
        for at in (DAWN + HOUR, DAWN + 3 * HOUR, DAWN + 2 * HOUR):
            suppressions.refuse(connection, [A, B], purposes, at=at, source="a link")
        found = {(one.address, one.purpose): one.at for one in suppressions.of(connection, [A, B])}
        told = {(address, purpose): DAWN + 3 * HOUR for address in (A, B) for purpose in purposes}
        assert {(A, None): DAWN, **told} == found
        assert 3 == suppressions.lift(connection, A, at=DAWN + 4 * HOUR, by="a person")
        suppressions.refuse(connection, [A], purposes[:1], at=DAWN + 3 * HOUR, source="a link")
        assert [] == suppressions.of(connection, [A])
        suppressions.refuse(connection, [A], purposes[:1], at=DAWN + 5 * HOUR, source="a link")
        assert [Purpose.MARKETING] == [one.purpose for one in suppressions.of(connection, [A])]
