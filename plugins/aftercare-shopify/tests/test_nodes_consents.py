from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.model.consents import ConsentState, OptIn
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import schemas
from aftercare_shopify.nodes.consents import email_consent


def told(mailbox):
    """Make a snapshot of the consent in an account, as GraphQL tells it."""
    node = {
        "id": "gid://shopify/Customer/42",
        "updatedAt": "2026-11-02T14:00:01Z",
        "tags": [],
        "defaultEmailAddress": mailbox,
    }
    return email_consent(load(schemas.CUSTOMER, node, what="customer"), shop="tea")


def mailbox(state, level=None, since=None):
    """Return an address, as GraphQL tells it."""
    return {
        "emailAddress": "hana@example.jp",
        "marketingState": state,
        "marketingOptInLevel": level,
        "marketingUpdatedAt": since,
    }


@pytest.mark.parametrize("state", ConsentState)
def test_states(state):
    """Every state of Shopify's has its counterpart."""
    said = told(mailbox(state.value.upper()))
    assert ("tea", "42/email", state, state.value) == (said.shop, said.id, said.state, said.word)


@pytest.mark.parametrize(
    ("level", "opt_in"),
    [
        ("SINGLE_OPT_IN", OptIn.SINGLE),
        ("CONFIRMED_OPT_IN", OptIn.CONFIRMED),
        ("UNKNOWN", OptIn.UNKNOWN),
        (None, None),
        ("BY_PIGEON", None),
    ],
)
def test_levels(level, opt_in):
    """How sure it is that it was this person is told as Shopify tells it."""
    assert opt_in is told(mailbox("SUBSCRIBED", level)).opt_in


def test_a_new_word():
    """A state that is not known here is none, and its word is kept."""
    said = told(mailbox("SNOOZED"))
    assert (None, "snoozed") == (said.state, said.word)


def test_dated():
    """A consent is as old as the word of the customer, not as the last change of the account."""
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    said = told(mailbox("UNSUBSCRIBED", since="2026-10-01T09:00:00+09:00"))
    assert (moment, moment) == (said.since, said.version.modified_at)
    for state in ("NOT_SUBSCRIBED", "UNSUBSCRIBED", "SUBSCRIBED"):
        assert (None, None) == (told(mailbox(state)).since, told(mailbox(state)).version.modified_at)


def test_no_address():
    """Without an address there is nothing to consent to."""
    assert None is told(None)


def test_nothing_private():
    """The address is not in it."""
    assert "example.jp" not in repr(told(mailbox("SUBSCRIBED")))
