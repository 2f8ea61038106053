from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from aftercare_sdk.model.consents import ConsentState, OptIn
from aftercare_sdk.model.records import consent_record
from aftercare_sdk.model.shops import NeedsRead, Ref

TOPIC = "customers_email_marketing_consent/update"
ACCOUNT = "706405506930370084"
SINCE = datetime(2026, 11, 2, 14, tzinfo=UTC)


@pytest.fixture
def consent(told):
    """What the body of a consent says."""

    def consent(state, level="single_opt_in", since="2026-11-02T09:00:00-05:00"):
        said = {"state": state, "opt_in_level": level, "consent_updated_at": since}
        return told(TOPIC, email_marketing_consent=said)

    return consent


@pytest.mark.parametrize("state", list(ConsentState))
@pytest.mark.parametrize("spelt", [str.lower, str.upper])
def test_every_state(consent, state, spelt):
    """Each of Shopify's states is told as what it is, in any letters, of when it was changed."""
    told, *_ = consent(spelt(state))
    assert (state, state.value, OptIn.SINGLE) == (told.state, told.word, told.opt_in)
    assert SINCE == told.since == told.version.modified_at
    assert (ACCOUNT, "email", f"{ACCOUNT}/email") == (told.customer, told.channel, told.id)


@pytest.mark.parametrize(
    ("level", "opt_in"),
    [
        ("confirmed_opt_in", OptIn.CONFIRMED),
        ("single_opt_in", OptIn.SINGLE),
        ("unknown", OptIn.UNKNOWN),
        ("double_double", None),
        (None, None),
    ],
)
def test_how_sure(consent, level, opt_in):
    """How the customer said yes is kept, as far as it is known here."""
    (told,) = consent("subscribed", level)
    assert opt_in is told.opt_in


def test_a_new_word(consent):
    """A state that Shopify adds is none that is known, and its word is kept."""
    (told,) = consent("snoozed")
    assert (None, "snoozed") == (told.state, told.word)


def test_never_asked(told):
    """Who was never asked has no date."""
    (consent,) = told(TOPIC)
    assert (ConsentState.NOT_SUBSCRIBED, None, None) == (
        consent.state,
        consent.since,
        consent.version.modified_at,
    )


@pytest.mark.parametrize("state", [ConsentState.UNSUBSCRIBED, ConsentState.REDACTED])
def test_a_refusal_without_a_date(consent, state):
    """It is told without one, never as of the account's last change; it then counts from when it was told."""
    told, *_ = consent(state.value, since=None)
    assert (state, None, None) == (told.state, told.since, told.version.modified_at)
    agreed, *_ = consent("subscribed")
    for one, other in permutations((consent_record(told, SINCE), consent_record(agreed))):
        assert SINCE == one.merge(other).objected.value


def test_a_consent_without_a_date(consent):
    """It is not dated by anything else either: nobody knows when it was given."""
    (told,) = consent("subscribed", since=None)
    assert (ConsentState.SUBSCRIBED, None, None) == (told.state, told.since, told.version.modified_at)


def test_redacted(consent):
    """A consent that says that its customer was removed lets that customer be read."""
    told, doubt = consent("redacted")
    assert ConsentState.REDACTED is told.state
    assert isinstance(doubt, NeedsRead)
    assert Ref("customer", ACCOUNT) == doubt.ref
