"""`POST /outcomes/{channel}`: over real HTTP, and what it is answered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
import requests

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.posted import MOST
from aftercare_sdk.errors import SettingsError, StorageUnavailable
from aftercare_sdk.events import MessageOutcome, OutcomeKind, RejectReason
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.shop import MINUTE, SECRET, Bench, always, note, order, program

KEY, OTHER = b"k" * 32, b"o" * 24
PROBE = {"kind": "probe", "sender": "hello@shop.example"}
CHANNELS = {
    "email": {**PROBE, "outcome_secrets": [{"env": "HOOK"}, {"env": "OLD_HOOK"}]},
    "silent": PROBE,
}
ENVIRON = {
    "SHOP_SECRET": SECRET,
    "HOOK": f"whsec_{base64.b64encode(KEY).decode()}",
    "OLD_HOOK": base64.b64encode(OTHER).decode(),
}


@pytest.fixture
def bench(migrated_database_url):
    """A shop that has written to Ann."""
    config = {"channels": CHANNELS, "server": {"body_limit": 200_000}}
    writer = program(on_purchase=always(note()))
    with Bench(migrated_database_url, {"writer": writer}, config=config, environ=ENVIRON) as bench:
        bench.tell(order())
        bench.run(MINUTE)
        yield bench


@pytest.fixture
def endpoint(bench):
    """The endpoint, listening on a free port of loopback."""
    with Endpoint(make_app(bench.aftercare, dict), "127.0.0.1", 0) as listening:
        yield listening


@pytest.fixture
def post(bench, endpoint):
    """A function that posts outcomes, signed now unless it is told otherwise."""

    def post(body, *, channel="email", key=KEY, age=timedelta(0), **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        at = str(int((bench.clock.now() - age).timestamp()))
        signature = hmac.new(key, b".".join((b"msg_1", at.encode(), body)), hashlib.sha256).digest()
        given = {
            "webhook-id": "msg_1",
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
            **headers,
        }
        url = f"http://127.0.0.1:{endpoint.port}/outcomes/{channel}"
        answer = requests.post(url, data=body, headers=given, timeout=10)
        return answer.status_code, answer.json()["outcome"]

    return post


def told(bench, **changes):
    """Return an outcome as a provider tells it."""
    return {
        "event_type": "bounced",
        "event_id": "evt_81",
        "timestamp": (bench.clock.now() - MINUTE / 2).isoformat(),
        "message_id": f"<{bench.message().id}@shop.example>",
        "recipient": "ann@customer.example",
        "reject_reason": "bounced",
        "mta_response": "550 5.1.1 <ann@customer.example> no such user",
        "esp_event": {"more": ["of", "it"]},
        **changes,
    }


def events(bench):
    """Return the outcomes that were raised."""
    return [one.event for one in bench.events() if isinstance(one.event, MessageOutcome)]


def test_a_signed_list_is_taken_send_05(bench, post):
    """Each is a row of the journal with all of it, and an event; again, it has been seen before."""
    several = [
        told(bench),
        told(bench, event_type="opened", event_id="evt_82"),
        told(bench, message_id="x@y"),
    ]
    several[2]["event_id"] = "evt_83"
    assert (202, "2 new, 0 seen before, 1 ignored") == post(several)
    assert (202, "0 new, 2 seen before, 1 ignored") == post(several, key=OTHER)
    assert [("1", "bounced", "reported_bounced")] == bench.outcomes()
    bounced, opened = events(bench)
    assert (OutcomeKind.BOUNCED, RejectReason.BOUNCED, True) == (
        *(bounced.outcome, bounced.reason, bounced.permanent),
    )
    assert OutcomeKind.OPENED is opened.outcome
    assert bench.clock.now() - MINUTE / 2 == bounced.occurred_at
    kept = [one for one in bench.journal() if one.kind is Kind.OUTCOME and one.copies]
    assert [State.DONE, State.DONE, State.IGNORED] == [one.state for one in kept]
    assert several == [json.loads(one.body) for one in kept]


def test_what_has_no_name_here_is_unknown_send_05(bench, post):
    """A new kind of a provider is no error, and nothing comes of it."""
    strange = told(bench, event_type="teleported", reject_reason="vibes", esp_event=None)
    assert (202, "1 new, 0 seen before, 0 ignored") == post([strange])
    (event,) = events(bench)
    assert (OutcomeKind.UNKNOWN, RejectReason.OTHER) == (event.outcome, event.reason)
    assert [("1", "accepted", "accepted")] == bench.outcomes()


@pytest.mark.parametrize(
    "bare",
    [
        {"event_type": "delivered", "recipient": "ann@customer.example"},
        {"event_type": "delivered", "recipient": "ann@customer.example", "message_id": None, "timestamp": 0},
        {"event_type": "delivered", "recipient": "ANN@customer.example", "timestamp": 1.5, "event_id": None},
    ],
)
def test_an_address_alone_is_enough(bench, post, bare):
    """It means the last message that went there."""
    assert (202, "1 new, 0 seen before, 0 ignored") == post([bare])
    assert "delivered" == bench.message().state


@pytest.mark.parametrize(
    "changes",
    [
        {"key": b"x" * 32},
        {"age": 6 * MINUTE},
        {"age": -6 * MINUTE},
        {"webhook-signature": "v1,nonsense"},
        {"webhook-id": ""},
        {"channel": "silent"},
    ],
)
def test_what_is_not_signed_is_refused(bench, post, changes):
    """Also for a channel that has no secret."""
    assert (401, "bad signature") == post([told(bench)], **changes)
    assert [] == events(bench)


def test_a_channel_that_is_not_there_is_told(bench, post):
    """It has no outcomes."""
    assert (404, "unknown channel") == post([told(bench)], channel="sms")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[{", "the body is no JSON"),
        (b"[" * 100_000, "the body is no JSON"),
        (b"{}", "the body is no list of outcomes"),
        (b"[7]", "outcome 0: "),
        (b'[{"recipient": "a@b.example"}]', "outcome 0: event_type: Missing"),
        (b'[{"event_type": "sent", "timestamp": "2026-05-01"}]', "outcome 0: timestamp: must be ISO 8601"),
        (b'[{"event_type": "sent", "timestamp": 1e300}]', "outcome 0: timestamp: must be ISO 8601"),
        (b'[{"event_type": "sent", "message_id": "a\\u0000b"}]', "outcome 0: message_id: must be one line"),
        (b'[{"event_type": "sent", "event_id": "\\ud800"}]', "outcome 0: event_id: must be one line"),
        (b'[{"event_type": "sent"}, {"event_type": ["sent"]}]', "outcome 1: event_type: "),
    ],
)
def test_what_is_no_list_of_outcomes_is_refused_as_a_whole(bench, post, body, problem):
    """With the place and the cure, and nothing of what was in it."""
    before = len(bench.journal())
    status, outcome = post(body)
    assert 400 == status
    assert outcome.startswith(problem)
    assert before == len(bench.journal())


def test_what_is_too_much_is_refused(bench, post):
    """By its bytes, and by how many there are."""
    assert (413, "body too large") == post(b" " * 200_001)
    many = [{"event_type": "sent"}] * (MOST + 1)
    assert (413, f"more than {MOST} outcomes") == post(many)


def test_what_could_not_be_stored_is_asked_for_again(bench, post, monkeypatch):
    """503: the provider sends it once more."""

    def fail(*_, **__):
        raise StorageUnavailable("the database cannot be used now")

    monkeypatch.setattr(bench.aftercare.brand.database, "write", fail)
    assert (503, "could not store, try again") == post([told(bench)])


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"SHOP_SECRET": SECRET, "OLD_HOOK": ENVIRON["OLD_HOOK"]}, "HOOK is not set"),
        ({**ENVIRON, "HOOK": "c2hvcnQ="}, r"channels.email.outcome_secrets.0.: is shorter than 24 bytes"),
    ],
)
def test_a_secret_that_is_none_is_told_at_the_start(migrated_database_url, environ, problem):
    """Not when the first outcome is lost."""
    with pytest.raises(SettingsError, match=problem):
        Aftercare(
            {
                "brand": {"name": "Hibi"},
                "database": {"url": migrated_database_url},
                "shops": {"main": {"adapter": "woocommerce", "secrets": []}},
                "channels": {"email": {**CHANNELS["email"], "kind": "null"}},
            },
            environ=environ,
        )
