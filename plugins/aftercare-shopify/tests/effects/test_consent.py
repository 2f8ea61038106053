from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_shopify.effects import consent
from aftercare_shopify.effects.consent import EmailConsent, Level, State


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("spelling", [str.upper, str.lower])
def test_every_state_is_known(state, spelling):
    """The states of the API and of webhooks are the same."""
    assert (state, Level.SINGLE_OPT_IN) == (
        (found := consent.told(spelling(state.value), spelling("SINGLE_OPT_IN"))).state,
        found.level,
    )


def test_a_new_state():
    """A word that Shopify has added is no yes, and is kept."""
    assert EmailConsent(state=None, word="MAYBE", level_word="TRIPLE") == consent.told(
        "MAYBE", "TRIPLE", "soon"
    )
    assert EmailConsent(state=None) == consent.told(None, 3, 7)


def test_states_are_those_of_the_schemas(schemas):
    """No state and no level of any release is missing."""
    for schema in schemas.values():
        for name in ("CustomerEmailMarketingState", "CustomerEmailAddressMarketingState"):
            assert set(schema.type_map[name].values) <= {state.value for state in State}
        assert {level.value for level in Level} == set(schema.type_map["CustomerMarketingOptInLevel"].values)


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED", "INVALID"])
def test_reading(torii, state):
    """What a customer said is read as it was said."""
    torii.shop.change_consent(torii.hana, state, level="CONFIRMED_OPT_IN")
    found = consent.read_consent(torii.client, "torii", str(torii.hana))
    assert (State(state), Level.CONFIRMED_OPT_IN) == (found.state, found.level)
    assert (None if state == "NOT_SUBSCRIBED" else torii.shop.now) == found.at


def test_reading_an_erased_customer(torii):
    """An erased customer has no address left, and so no consent."""
    torii.shop.redact_customer(torii.hana)
    assert consent.read_consent(torii.client, "torii", str(torii.hana)) is None


def test_reading_nobody(torii):
    """A customer who is gone or has no address has said nothing."""
    phone = torii.shop.add_customer(phone="+81312345678")
    assert [None, None] == [consent.read_consent(torii.client, "torii", one) for one in ("12345", str(phone))]


@pytest.mark.parametrize("state", sorted(consent.SETTABLE))
def test_writing(torii, state):
    """A word is written with its time and how it came about, and is what Shopify keeps then."""
    at = torii.shop.now - timedelta(hours=1)
    said = EmailConsent(state=state, level=Level.CONFIRMED_OPT_IN, at=at)
    written = consent.write_consent(torii.client, "torii", str(torii.hana), said)
    assert (state, Level.CONFIRMED_OPT_IN, at) == (written.state, written.level, written.at)
    torii.asked()
    assert written == consent.write_consent(torii.client, "torii", str(torii.hana), said)
    assert ["email_consent"] == torii.asked()


def test_a_newer_word_stays(torii):
    """What the customer said in the shop since is not overwritten."""
    torii.shop.change_consent(torii.hana, "UNSUBSCRIBED")
    said = EmailConsent(state=State.SUBSCRIBED, at=torii.shop.now - timedelta(seconds=1))
    written = consent.write_consent(torii.client, "torii", str(torii.hana), said)
    assert (State.UNSUBSCRIBED, "UNSUBSCRIBED") == (
        written.state,
        torii.shop.customers[torii.hana].consent.state,
    )


@pytest.mark.parametrize("state", [State.NOT_SUBSCRIBED, State.REDACTED, State.INVALID, None])
def test_states_that_cannot_be_written(torii, state):
    """The states that are Shopify's own to say are refused, with the word to use instead."""
    with pytest.raises(CommandRefused, match="cannot be written to Shopify; a no is UNSUBSCRIBED"):
        consent.write_consent(torii.client, "torii", str(torii.hana), EmailConsent(state=state))
    assert [] == torii.asked()


def test_writing_for_nobody(torii):
    """There must be a customer with an address."""
    with pytest.raises(CommandRefused, match="is gone"):
        consent.write_consent(torii.client, "torii", "12345", EmailConsent(state=State.SUBSCRIBED))
    with pytest.raises(CommandRefused, match="whole numbers"):
        consent.read_consent(torii.client, "torii", "hana")


@pytest.mark.parametrize(
    ("code", "error"), [("INTERNAL_ERROR", PlatformUnavailable), ("INVALID", CommandRefused)]
)
def test_a_consent_in_trouble(torii, code, error, instead, against):
    """The same holds for consent."""
    instead(torii, "update_email_consent", against("customerEmailMarketingConsentUpdate", code=code))
    with pytest.raises(error) as caught:
        consent.write_consent(torii.client, "torii", str(torii.hana), EmailConsent(state=State.SUBSCRIBED))
    assert "@" not in str(caught.value)
