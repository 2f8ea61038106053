from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from aftercare_customshop import samples, signature
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.signing import signed
from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import Ping, RawRequest, Shop

MESSAGE = samples.message("order.updated")


@pytest.fixture
def request_of(secret, now):
    """A request with other headers; None takes one away."""

    def request_of(received_at=now, body=None, **changes):
        right = signed(secret, MESSAGE, now)
        headers = {**right.headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
        return RawRequest(
            {name: value for name, value in headers.items() if value is not None},
            right.body if body is None else body,
            received_at=received_at,
        )

    return request_of


def refused(adapter, request):
    """Return why a request is refused."""
    with pytest.raises(SignatureError) as caught:
        adapter.verify(request)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_vector():
    """The example of the specification's own tests: the library and this adapter agree with it."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    request = RawRequest(
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    )
    at = replace(request, received_at=datetime.fromtimestamp(1614265330, UTC))
    assert "msg_p5jXN8AQM9LWM0D4loKWxJek" == signature.check(at, [signature.key_of(secret)], shop="main")


class TestVerified:
    def test_webhook(self, adapter, secret, now):
        """A signed message is taken with its type, its id and its exact bytes."""
        request = signed(secret, MESSAGE, now, message_id="msg_1")
        webhook = adapter.verify(request)
        assert ("order.updated", "msg_1", request.body, True) == (
            webhook.topic,
            webhook.delivery,
            webhook.body,
            webhook.dated,
        )

    def test_capitals(self, adapter, request_of):
        """Headers may be spelt in any way."""
        request = request_of()
        loud = {name.title(): value for name, value in request.headers.items()}
        assert adapter.verify(request) == adapter.verify(replace(request, headers=loud))

    def test_ping(self, adapter, secret, now):
        """A signed ping is answered and not stored; an unsigned one is refused."""
        request = signed(secret, samples.message("ping"), now)
        assert Ping() == adapter.verify(request)
        refused(adapter, replace(request, headers={}))

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"null", b'"ping"', b"\xff\xfe", b"[" * 100_000, b'{"type": 1}', b'{"type": []}'],
    )
    def test_no_message(self, secret, now, body):
        """What the shop has signed is stored, even if nobody will understand it: a person must see it."""
        key = signature.key_of(secret)
        content = b"msg_1.%d.%b" % (now.timestamp(), body)
        told = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": f"v1,{told}",
        }
        webhook = CustomShopAdapter(Shop(name="main", secrets=(secret,))).verify(
            RawRequest(headers, body, received_at=now)
        )
        assert ("", False, body) == (webhook.topic, webhook.dated, webhook.body)


class TestDated:
    @pytest.mark.parametrize("name", [name for name, _ in samples.messages() if name != "ping"])
    def test_dated(self, adapter, secret, now, name):
        """A message that carries its own date tells nothing new when it comes twice."""
        assert adapter.verify(signed(secret, samples.message(name), now)).dated is True

    @pytest.mark.parametrize(
        "name", ["order.updated", "customer.updated", "product.updated", "order.deleted"]
    )
    def test_undated(self, adapter, secret, now, message, name):
        """One without a date may tell something new, even in the same words."""
        for told in (..., None, 1):
            undated = message(name, updated_at=told, deleted_at=told)
            assert adapter.verify(signed(secret, undated, now)).dated is False

    def test_date_of_somebody_else(self, adapter, secret, now, message):
        """A date that belongs to a part of the message, or to another type, does not count."""
        parts = message("order.updated", updated_at=..., shipments=[{"id": 1, "updated_at": "2026-04-01"}])
        assert adapter.verify(signed(secret, parts, now)).dated is False
        unknown = {"type": "cart.updated", "data": {"updated_at": "2026-04-01T00:00:00Z"}}
        assert adapter.verify(signed(secret, unknown, now)).dated is False


class TestRotation:
    def test_several_secrets_here(self, secret, other_secret, now):
        """While the shop still signs with the old secret, the new one stands beside it."""
        for secrets in ((secret, other_secret), (other_secret, secret)):
            adapter = CustomShopAdapter(Shop(name="main", secrets=secrets))
            for used in secrets:
                assert adapter.verify(signed(used, MESSAGE, now))

    def test_several_signatures(self, adapter, secret, other_secret, now):
        """A shop that signs with both is understood by whoever knows one of them."""
        for both in ((secret, other_secret), (other_secret, secret)):
            request = signed(both, MESSAGE, now)
            assert 2 == len(request.header("webhook-signature").split())
            assert adapter.verify(request)

    def test_old_secret(self, adapter, other_secret, now):
        """Once a secret is removed, nothing opens with it."""
        assert "no signature belongs" in refused(adapter, signed(other_secret, MESSAGE, now))

    def test_without_prefix(self, secret, now):
        """`whsec_` and the padding of base64 are decoration."""
        bare = secret.removeprefix("whsec_").rstrip("=")
        assert CustomShopAdapter(Shop(name="main", secrets=(bare,))).verify(signed(secret, MESSAGE, now))

    def test_no_secret(self, request_of):
        """Without a secret nothing is verified."""
        assert "no webhook secret" in refused(CustomShopAdapter(Shop(name="main")), request_of())


class TestTampered:
    def test_every_part_is_signed(self, adapter, request_of, now):
        """Body, id and time belong together: none can be exchanged."""
        assert "no signature belongs" in refused(adapter, request_of(body=json.dumps(MESSAGE).encode()))
        assert "no signature belongs" in refused(adapter, request_of(webhook_id="msg_2"))
        later = str(int(now.timestamp()) + 1)
        assert "no signature belongs" in refused(adapter, request_of(webhook_timestamp=later))

    def test_every_letter_of_the_signature(self, adapter, request_of):
        """One changed letter is enough, also in the last of which base64 uses only a part."""
        right = request_of().header("webhook-signature")
        for place in range(len("v1,"), len(right)):
            other = "A" if right[place] != "A" else "B"
            refused(adapter, request_of(webhook_signature=f"{right[:place]}{other}{right[place + 1 :]}"))

    @pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp", "webhook_signature"])
    @pytest.mark.parametrize("value", [None, ""])
    def test_missing(self, adapter, request_of, name, value):
        """A header that is missing is named."""
        assert name.replace("_", "-") in refused(adapter, request_of(**{name: value}))

    @pytest.mark.parametrize("wrong", ["a.b", "a b", "", "注文", "\udcff", "a" * 201, "a\n", "a\x00"])
    def test_id(self, adapter, request_of, wrong):
        """An id with a full stop could be cut elsewhere, and is refused like every other that is none."""
        assert "webhook-id" in refused(adapter, request_of(webhook_id=wrong))

    @pytest.mark.parametrize(
        "wrong",
        [
            "-1",
            "+1775034300",
            "1775034300.0",
            "1.7e9",
            "NaN",
            "inf",
            "1" * 400,
            "١٧٧٥٠٣٤٣٠٠",
            "１７",
            " 1",
            "0x1",
            "\udcff",
        ],
    )
    def test_timestamp(self, adapter, request_of, wrong):
        """A time that is no whole number of seconds is refused, whatever Python would make of it."""
        assert "whole seconds" in refused(adapter, request_of(webhook_timestamp=wrong))

    @pytest.mark.parametrize(
        "wrong",
        [
            "v1,",
            "v1",
            ",",
            " ",
            "v1,====",
            "v1,not base64",
            "v1,署名",
            "v1,\udcff",
            "v1a,{}",
            "v2,{}",
            "{}",
            "V1,{}",
            "v1, {}",
            "v1,{}\n",
            "v1,{}=",
            "v1,v1,{}",
        ],
    )
    def test_signature(self, adapter, request_of, wrong):
        """A header that is no list of signatures, or of another version only, is refused."""
        told = request_of().header("webhook-signature").removeprefix("v1,")
        refused(adapter, request_of(webhook_signature=wrong.format(told)))

    def test_among_others(self, adapter, request_of):
        """The right one is found between others, unknown versions and too many spaces."""
        right = request_of().header("webhook-signature")
        for told in (f"v1,AAAA  {right}", f" v1a,BBBB {right} ", f"x {right}   v1,", f"{right} {right}"):
            assert adapter.verify(request_of(webhook_signature=told))

    def test_thousands(self, adapter, request_of):
        """A header of thousands of signatures is refused unread, though one of them may be right."""
        right = request_of().header("webhook-signature")
        assert "longer" in refused(adapter, request_of(webhook_signature=f"{'v1,AAAA ' * 5_000}{right}"))

    def test_error_tells_nothing(self, adapter, request_of, secret):
        """Neither secret nor signature nor body is in the error."""
        told = refused(adapter, request_of(body=b'{"email": "hana@customer.example"}'))
        for word in (secret, request_of().header("webhook-signature"), "hana"):
            assert word not in told


class TestTime:
    @pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
    def test_within(self, adapter, request_of, now, seconds):
        """Five minutes to either side are allowed, the last second included."""
        assert adapter.verify(request_of(received_at=now + timedelta(seconds=seconds)))

    @pytest.mark.parametrize("seconds", [-86_400, -301, -300.000001, 300.000001, 301, 86_400])
    def test_beyond(self, adapter, request_of, now, seconds):
        """A request that was signed earlier or later is refused although its signature is right."""
        assert "five minutes" in refused(adapter, request_of(received_at=now + timedelta(seconds=seconds)))

    def test_other_zone(self, adapter, request_of, now):
        """An instant is an instant in every zone."""
        assert adapter.verify(request_of(received_at=now.astimezone(timezone(timedelta(hours=9)))))

    def test_nobody_knows(self, adapter, request_of, now):
        """Without the time of receipt, or with one that is no instant, the age is unknown: refused."""
        for unknown in (None, now.replace(tzinfo=None)):
            assert "received_at" in refused(adapter, request_of(received_at=unknown))
