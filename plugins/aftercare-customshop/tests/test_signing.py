from __future__ import annotations

import base64
import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook as Library

from aftercare_customshop import signature
from aftercare_customshop.signing import new_secret, signed

MESSAGE = {"type": "ping", "timestamp": "2026-04-01T09:00:00Z", "data": {"note": "茶"}}


def test_headers(secret, now):
    """A request has the three headers of the specification, and says that it is JSON."""
    request = signed(secret, MESSAGE, now)
    assert ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"] == list(request.headers)
    assert "1775034300" == request.header("webhook-timestamp")
    assert json.loads(request.body) == MESSAGE
    assert now == request.received_at


def test_zone(secret, now):
    """The zone in which the time is given makes no difference, though the library would take it for UTC."""
    tokyo = now.astimezone(timezone(timedelta(hours=9)))
    assert signed(secret, MESSAGE, now).headers == signed(secret, MESSAGE, tokyo).headers


def test_message_id(secret, now):
    """The same message of the same second has the same id; a new one has its own; a repeat keeps its id."""
    ids = [signed(secret, MESSAGE, now).header("webhook-id") for _ in range(2)]
    others = [
        signed(secret, {**MESSAGE, "type": "x"}, now).header("webhook-id"),
        signed(secret, MESSAGE, now + timedelta(seconds=1)).header("webhook-id"),
    ]
    assert 3 == len({*ids, *others})
    again = signed(secret, MESSAGE, now + timedelta(hours=1), message_id=ids[0])
    assert ids[0] == again.header("webhook-id")


def test_bytes(secret, now):
    """Bytes are sent as they are."""
    assert b'{ "type":"ping" }' == signed(secret, b'{ "type":"ping" }', now).body


def test_naive_time(secret, now):
    """A time without a zone is a mistake."""
    with pytest.raises(ValueError, match="aware"):
        signed(secret, MESSAGE, now.replace(tzinfo=None))


def test_no_secret(now):
    """What is no secret signs nothing."""
    with pytest.raises(ValueError, match="is empty; make one"):
        signed("", MESSAGE, now)


def test_no_numbers_that_json_lacks(secret, now):
    """What the other side could not read is not sent."""
    with pytest.raises(ValueError, match="JSON"):
        signed(secret, {**MESSAGE, "data": {"paid": float("nan")}}, now)


def test_new_secret():
    """Secrets are written as the specification does, long enough, and never the same."""
    made = {new_secret() for _ in range(10)}
    assert 10 == len(made)
    assert {32} == {len(signature.key_of(secret)) for secret in made}
    assert all(secret.startswith("whsec_") for secret in made)


@settings(deadline=None)
@given(
    key=st.binary(min_size=24, max_size=64),
    body=st.text().map(str.encode),
    at=st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year >= 1970),
)
def test_understood_by_the_adapter(key, body, at):
    """Whatever the library signs, this adapter takes, and with no other key."""
    request = signed(base64.b64encode(key).decode(), body, at)
    assert request.header("webhook-id") == signature.check(request, [key], shop="main")
    second = at.replace(microsecond=0)  # the library rounds fractions, some of them up
    assert Library(key).sign(request.header("webhook-id"), second, body.decode()) == request.header(
        "webhook-signature"
    )
