from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis, ConsentEntry, ConsentWord
from aftercare_sdk.outreach.permission.consent import Standing
from aftercare_sdk.outreach.permission.jurisdictions import LAWS, Question, ruling_on
from aftercare_sdk.outreach.reasons import Reason

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YES = ConsentEntry(channel="email", purpose=None, word=ConsentWord.GIVEN, at=NOW - DAY)
SOFT = replace(YES, basis=Basis.SOFT_OPT_IN, order="main/order/1", refusal_offered=True)
INQUIRY = replace(YES, basis=Basis.IMPLIED, until=NOW + DAY)
NO = replace(YES, word=ConsentWord.OBJECTED)
PLACES = ("JP", "DE", "GB", "US", "CA", "BR")


def ask(*countries, purpose=Purpose.MARKETING, given=(), objection=None, **more):
    """Return the ruling on a mail to somebody in these places."""
    question = Question(
        purpose=purpose,
        channel="email",
        now=NOW,
        countries=frozenset(countries),
        home="JP",
        said=Standing(given=tuple(given), objection=objection),
    )
    return ruling_on(replace(question, **more))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("purpose", [Purpose.MARKETING, Purpose.REVIEW_REQUEST])
def test_law_14_express_consent_is_enough_everywhere(place, purpose):
    """And is named as the basis."""
    told = ask(place, purpose=purpose, given=[YES])
    assert (Basis.EXPRESS, Reason.CONSENT_GIVEN, YES) == (told.basis, told.code, told.entry)


@pytest.mark.parametrize("place", PLACES)
def test_law_14_an_objection_is_one_everywhere(place):
    """Also where nothing needs to be asked, and also to surveys and service."""
    for purpose in set(Purpose) - {Purpose.TRANSACTIONAL}:
        told = ask(place, purpose=purpose, objection=NO, purchased_at=NOW - DAY)
        assert (False, Reason.OBJECTED, "LAW-14") == (told.allowed, told.code, told.rule)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_part_of_a_purchase_needs_no_consent(place):
    """A survey without links to products is service (LAW-02)."""
    for purpose in (Purpose.TRANSACTIONAL, Purpose.SERVICE, Purpose.SURVEY):
        assert Basis.CONTRACT is ask(place, purpose=purpose).basis
    assert ask(place, purpose=Purpose.TRANSACTIONAL, objection=NO).allowed


def test_law_03_japan_has_no_exception_for_customers():
    """Neither by a purchase nor by an address that came with one."""
    for given_ in ([], [SOFT], [INQUIRY]):
        told = ask("JP", given=given_, purchased_at=NOW - DAY)
        assert (False, Reason.NO_LAWFUL_BASIS, "LAW-03") == (told.allowed, told.code, told.rule)


def test_law_13_a_soft_opt_in_is_for_similar_products_and_only_if_refusing_was_offered():
    """In the EU, the rest of the EEA and the UK."""
    for place in ("DE", "IE", "NO", "GB"):
        assert (Basis.SOFT_OPT_IN, "LAW-13") == (
            ask(place, given=[SOFT]).basis,
            ask(place, given=[SOFT]).rule,
        )
        assert not ask(place, given=[replace(SOFT, refusal_offered=False)]).allowed
        tea = replace(SOFT, categories=("tea",))
        assert ask(place, given=[tea], categories=frozenset({"tea", "cups"})).allowed
        assert not ask(place, given=[tea], categories=frozenset({"cups"})).allowed
        assert not ask(place, given=[tea]).allowed


def test_law_16_in_the_us_mail_needs_no_consent_until_somebody_objects():
    """But a text message does (LAW-18)."""
    told = ask("US")
    assert (Basis.NONE, "LAW-16") == (told.basis, told.rule)
    short = ask("US", channel="sms")
    assert (False, "LAW-18") == (short.allowed, short.rule)
    assert ask("US", channel="sms", given=[YES]).allowed


def test_law_17_in_canada_a_purchase_implies_consent_for_two_years():
    """To the day, also over a leap day; an inquiry as long as it was told."""
    told = ask("CA", purchased_at=NOW - DAY)
    assert (Basis.IMPLIED, Reason.BOUGHT_RECENTLY, "LAW-17") == (told.basis, told.code, told.rule)
    bought = datetime(2024, 2, 29, 12, tzinfo=UTC)
    ends = datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert ends == ask("CA", purchased_at=bought, now=ends - timedelta(microseconds=1)).until
    assert not ask("CA", purchased_at=bought, now=ends).allowed
    assert not ask("CA").allowed
    assert (Basis.IMPLIED, INQUIRY.until) == (
        ask("CA", given=[INQUIRY]).basis,
        ask("CA", given=[INQUIRY]).until,
    )
    assert not ask("CA", given=[SOFT]).allowed


def test_law_03_a_review_request_needs_consent_in_japan_unless_the_shop_says_why_not():
    """For Japan only, and for nothing else."""
    reason = {"JP": "no reward and no link; our lawyer, 2 May 2026"}
    assert not ask("JP", purpose=Purpose.REVIEW_REQUEST).allowed
    told = ask("JP", purpose=Purpose.REVIEW_REQUEST, reclassified=reason)
    assert (Basis.CONTRACT, Reason.RECLASSIFIED) == (told.basis, told.code)
    assert reason["JP"] == told.why
    assert not ask("JP", reclassified=reason).allowed
    assert not ask("DE", purpose=Purpose.REVIEW_REQUEST, reclassified=reason).allowed
    assert not ask("JP", "DE", purpose=Purpose.REVIEW_REQUEST, reclassified=reason).allowed
    assert not ask("JP", purpose=Purpose.REVIEW_REQUEST, reclassified=reason, objection=NO).allowed


def test_the_strictest_of_several_places_wins():
    """What one of them does not allow is not allowed."""
    assert ask("US").allowed
    assert not ask("US", "JP").allowed
    assert not ask("US", "CA").allowed
    assert ask("US", "CA", purchased_at=NOW - DAY).allowed
    assert ask("DE", "US", given=[SOFT]).allowed
    assert not ask("DE", "CA", given=[SOFT]).allowed
    assert "LAW-03" == ask("US", "JP").rule


def test_an_unknown_country_means_the_shops_own():
    """And one that nobody has looked up asks for what is enough everywhere."""
    assert ("JP",) == ask().places
    assert ("US",) == ask(home="US").places
    assert ask(home="US").allowed
    assert (("other",), False) == (ask("ZZ").places, ask("ZZ").allowed)
    assert ("other",) == ask(home="").places


def test_law_21_somebody_who_was_only_asked_has_not_consented():
    """It is said that the confirmation is missing."""
    told = ask("DE", said=Standing(asked=True))
    assert (False, Reason.NOT_CONFIRMED) == (told.allowed, told.code)


def test_every_country_of_the_table_is_one():
    """By ISO 3166-1; thirty of them are in the EU or the EEA."""
    territories = Locale("en").territories
    assert [] == [country for country in LAWS if country not in territories]
    assert 30 == sum(law.name == "EU" for law in LAWS.values())


@given(
    st.frozensets(st.sampled_from([*PLACES, "fr", "ZZ"]), min_size=1),
    st.sampled_from([*PLACES, "FR"]),
    st.sampled_from([(), (YES,), (SOFT,), (INQUIRY,), (SOFT, INQUIRY)]),
    st.sampled_from([Purpose.MARKETING, Purpose.REVIEW_REQUEST]),
    st.sampled_from([None, NOW - DAY, NOW - 900 * DAY]),
)
def test_another_place_never_allows_more(places, further, said, purpose, bought):
    """Whatever was said."""
    more = {"purpose": purpose, "given": said, "purchased_at": bought}
    if ask(*places, further, **more).allowed:
        assert ask(*places, **more).allowed


@given(st.lists(st.sampled_from(["jp", "JP", "DE", "FR", "US", ""]), max_size=4), st.sampled_from(["GB", ""]))
def test_each_law_is_asked_once(countries, home):
    """However many countries of it are named, in any capitals."""
    places = ask(*countries, home=home).places
    assert len(places) == len(set(places)) >= 1
