from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.consent_ledger import ALL_CHANNELS, Basis, ConsentEntry, ConsentWord
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.records import ConsentRecord, consent_record
from aftercare_sdk.model.records.consents import gone_consent
from aftercare_sdk.model.versions import Version
from aftercare_sdk.outreach.permission.consent import agreed_again, standing, told_by_platform

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YES = ConsentEntry(channel="email", purpose=Purpose.MARKETING, word=ConsentWord.GIVEN, at=NOW - 9 * DAY)
NO = replace(YES, word=ConsentWord.OBJECTED, purpose=None, at=NOW - 5 * DAY)
BOUGHT = replace(YES, basis=Basis.IMPLIED, until=NOW + DAY, by_person=False)
ASKED = replace(YES, word=ConsentWord.ASKED)


def ask(*said, channel="email", purpose=Purpose.MARKETING, now=NOW):
    """Return where it stands."""
    return standing(said, channel, purpose, now)


def test_what_was_given_counts_for_its_channel_and_purpose():
    """For no other."""
    assert (YES,) == ask(YES).given
    assert () == ask(YES, channel="sms").given
    assert () == ask(YES, purpose=Purpose.REVIEW_REQUEST).given
    for wide in (replace(YES, channel=ALL_CHANNELS), replace(YES, purpose=None)):
        assert (wide,) == ask(wide).given


def test_law_14_an_objection_beats_everything_before_it():
    """Also what comes later, unless it is express and of the person."""
    assert ask(YES, NO).objected
    for later in (
        replace(YES, at=NO.at),
        replace(YES, at=NOW, by_person=False),
        replace(YES, at=NOW, basis=Basis.SOFT_OPT_IN),
        replace(BOUGHT, at=NOW),
    ):
        assert ask(NO, later).objected, later


def test_law_14_a_later_express_consent_of_the_person_counts_again():
    """And only that one."""
    again = replace(YES, at=NO.at + timedelta(microseconds=1))
    told = ask(YES, NO, again, BOUGHT)
    assert ((again,), False) == (told.given, told.objected)
    assert ask(YES, NO, again, replace(NO, at=NOW)).objected


def test_an_objection_to_one_purpose_leaves_the_others():
    """Whoever wants no advertising may still be asked for reviews."""
    to_marketing = replace(NO, purpose=Purpose.MARKETING)
    assert ask(to_marketing).objected
    assert not ask(to_marketing, purpose=Purpose.REVIEW_REQUEST).objected
    assert ask(NO, purpose=Purpose.REVIEW_REQUEST).objected


def test_law_17_what_is_implied_ends():
    """At its moment."""
    assert (BOUGHT,) == ask(BOUGHT, now=BOUGHT.until - timedelta(microseconds=1)).given
    assert () == ask(BOUGHT, now=BOUGHT.until).given


def test_law_21_whoever_was_asked_and_has_not_confirmed_has_not_consented():
    """Until the mail is confirmed."""
    assert ((), True) == (ask(ASKED).given, ask(ASKED).asked)
    assert not ask(ASKED, YES).asked
    assert not ask(ASKED, NO).asked
    assert ask(NO, replace(ASKED, at=NOW)).asked


def test_what_is_given_later_does_not_count_yet():
    """A hook that is called late decides as one that was not."""
    assert () == ask(replace(YES, at=NOW + DAY)).given


def test_law_14_an_objection_counts_at_once_whatever_its_date():
    """Whoever told it may have a clock that is ahead of ours."""
    ahead = replace(NO, at=NOW + DAY)
    assert ask(YES, ahead).objected
    assert ask(YES, ahead, replace(YES, at=NOW)).objected
    assert not ask(ahead, replace(YES, at=NOW + 2 * DAY), now=NOW + 2 * DAY).objected
    assert not agreed_again([replace(YES, at=NOW), ahead], "email", NOW - DAY, NOW)


@pytest.mark.parametrize(
    ("later", "lifts"),
    [
        (YES, True),
        (replace(YES, by_person=False), False),
        (replace(YES, basis=Basis.SOFT_OPT_IN), False),
        (BOUGHT, False),
        (replace(YES, channel="sms"), False),
        (ASKED, False),
        (replace(YES, at=NOW - 6 * DAY), False),
        (replace(YES, at=NOW + DAY), False),
    ],
)
def test_law_14_only_the_persons_own_express_word_lifts_a_suppression(later, lifts):
    """Not what somebody of the shop notes for them, nor what was said before or is not said yet."""
    said = replace(later, at=NOW - DAY) if later.at in {YES.at, BOUGHT.at} else later
    assert lifts is agreed_again([YES, NO, said], "email", NO.at, NOW)
    assert not agreed_again([YES, said, replace(NO, at=NOW)], "email", NO.at, NOW)


def platform(*pictures):
    """Return what a platform says of an account in pictures, each of which is told a day after the other."""
    told = [consent_record(one, NOW - (len(pictures) - day) * DAY) for day, one in enumerate(pictures)]
    return told_by_platform(reduce(ConsentRecord.merge, told))


def picture(state, at=None, **changes):
    """Draw what a platform says of an account."""
    version = Version(modified_at=at)
    return ConsentSnapshot(
        shop="main", customer="7", version=version, state=state, opt_in=OptIn.SINGLE, since=at, **changes
    )


SUBSCRIBED, REFUSED = ConsentState.SUBSCRIBED, ConsentState.UNSUBSCRIBED


def test_law_21_a_redacted_person_has_refused():
    """Also if nothing else is on record that a message would need."""
    assert ask(*platform(picture(ConsentState.REDACTED, NOW - DAY))).objected


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("before", [(), (picture(REFUSED, NOW - 20 * DAY),)])
def test_law_21_a_refusal_without_a_date_counts_in_any_order(turned, before):
    """It was made by the time it was told, so what was given before that does not beat it."""
    told = [*before, picture(SUBSCRIBED, NOW - 9 * DAY), picture(REFUSED)]
    said = platform(*(reversed(told) if turned else told))
    assert ask(*said).objected
    again = picture(SUBSCRIBED, NOW - timedelta(seconds=1))
    assert not ask(*platform(*told, again)).objected


def test_law_21_a_consent_without_a_date_is_none():
    """Nobody can prove when it was given; that it was read today does not make it one of today (LAW-04)."""
    read = replace(picture(SUBSCRIBED), version=Version(read_at=NOW))
    assert () == platform(picture(SUBSCRIBED)) == platform(read)
    assert ask(*platform(picture(REFUSED, NOW - DAY), read)).objected


def test_law_21_a_refusal_outlives_the_account():
    """What the shop has deleted takes consents with it, and no objection."""
    gone = gone_consent("main", "7/email", Version(read_at=NOW))
    for state, words in ((SUBSCRIBED, []), (REFUSED, [ConsentWord.OBJECTED])):
        record = consent_record(picture(state, NOW - DAY)).merge(gone)
        assert words == [one.word for one in told_by_platform(record)]


def test_the_strongest_comes_first():
    """Express, then the soft opt-in, then what is implied; of one basis the latest."""
    soft = replace(YES, basis=Basis.SOFT_OPT_IN, at=NOW)
    older = replace(YES, at=NOW - 30 * DAY)
    assert (YES, older, soft, BOUGHT) == ask(BOUGHT, soft, older, YES).given


ENTRIES = st.builds(
    ConsentEntry,
    channel=st.sampled_from(["email", "sms", ALL_CHANNELS]),
    purpose=st.sampled_from([Purpose.MARKETING, Purpose.REVIEW_REQUEST, None]),
    word=st.sampled_from(ConsentWord),
    at=st.integers(-5, 5).map(lambda days: NOW + days * DAY),
    basis=st.sampled_from([Basis.EXPRESS, Basis.SOFT_OPT_IN, Basis.IMPLIED]),
    until=st.none() | st.integers(-5, 5).map(lambda days: NOW + days * DAY),
    by_person=st.booleans(),
    source=st.sampled_from(["form", "shop:main"]),
)


@given(st.data(), st.lists(ENTRIES, max_size=6))
def test_the_order_in_which_it_becomes_known_does_not_matter(data, said):
    """Nor how often it is told."""
    shuffled = data.draw(st.permutations(said + said[:2]))
    told, again = ask(*said), ask(*shuffled)
    assert (told.objected, told.asked, told.given[:1]) == (again.objected, again.asked, again.given[:1])
    assert set(told.given) == set(again.given)


@given(st.lists(ENTRIES, max_size=6), st.sampled_from(Basis))
def test_nothing_beats_an_objection_of_now(said, basis):
    """Whatever was said before, and on whatever basis."""
    wide = replace(NO, channel=ALL_CHANNELS, at=NOW, basis=basis)
    assert ask(*said, wide).objected


@pytest.mark.parametrize("channel", ["email", "sms", "line"])
def test_an_objection_to_all_channels_is_one_to_each(channel):
    """One click is enough."""
    assert ask(replace(NO, channel=ALL_CHANNELS), channel=channel).objected
