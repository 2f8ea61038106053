from __future__ import annotations

from dataclasses import replace

import pytest

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest, Shop
from aftercare_woocommerce import signature
from aftercare_woocommerce.adapter import WooCommerceAdapter

BODY = '{"id": 1, "name": "山田"}'.encode()


def request(told, body=BODY):
    """Return a request with this signature."""
    return RawRequest({"x-wc-webhook-signature": told, "Content-Type": "application/json"}, body)


@pytest.fixture
def signed():
    """A request that is signed with the secret `right`."""
    return request(signature.sign("right", BODY).decode())


class TestCheck:
    def test_each_secret(self, signed):
        """While secrets change, the old and the new one both open."""
        signature.check(signed, ("wrong", "right"), shop="tea")
        signature.check(signed, ("right", "wrong"), shop="tea")

    @pytest.mark.parametrize("secrets", [(), ("",), ("wrong",), ("Right",)])
    def test_no_right_secret(self, signed, secrets):
        """Without the right secret nothing opens, with an empty one neither."""
        with pytest.raises(SignatureError, match="tea"):
            signature.check(signed, secrets, shop="tea")

    def test_empty_secret_signs_nothing(self):
        """A request signed with the empty secret is forged, even if an empty secret is configured."""
        with pytest.raises(SignatureError):
            signature.check(request(signature.sign("", BODY).decode()), ("", "right"), shop="tea")

    @pytest.mark.parametrize("told", ["", " ", "=", "not base64", "署名", "\udcff", "a" * 100_000, "right"])
    def test_malformed_header(self, told):
        """Whatever the header holds, the answer is the same error."""
        with pytest.raises(SignatureError):
            signature.check(request(told), ("right",), shop="tea")

    def test_tampered_body(self, signed):
        """One changed byte is enough."""
        with pytest.raises(SignatureError):
            signature.check(replace(signed, body=BODY + b" "), ("right",), shop="tea")

    def test_no_header(self):
        """An unsigned body is refused."""
        with pytest.raises(SignatureError, match="missing"):
            signature.check(RawRequest({}, BODY), ("right",), shop="tea")

    def test_secret_of_bytes(self):
        """A secret from the environment that is no UTF-8 signs with its bytes."""
        secret = b"\xff\xfe".decode(errors="surrogateescape")
        signature.check(request(signature.sign(secret, BODY).decode()), (secret,), shop="tea")

    def test_error_tells_no_secret(self, signed):
        """Neither the secret nor the signature nor the body is in the error."""
        with pytest.raises(SignatureError) as caught:
            signature.check(replace(signed, body=b"[]"), ("the secret",), shop="tea")
        told = f"{caught.value} {caught.value.args!r}"
        assert "the secret" not in told
        assert signed.header("X-WC-Webhook-Signature") not in told


class TestPing:
    def test_ping_with_other_body(self):
        """Only the form that WooCommerce posts is a ping; anything longer must be signed."""
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        assert signature.is_ping(RawRequest(form, b"webhook_id=1"))
        assert not signature.is_ping(RawRequest(form, b"webhook_id=1&id=2"))
        assert not signature.is_ping(RawRequest(form, b"webhook_id=1\n"))
        assert not signature.is_ping(RawRequest({"Content-Type": "application/json"}, b"webhook_id=1"))
        assert not signature.is_ping(RawRequest({**form, "x-wc-webhook-topic": "x"}, b"webhook_id=1"))

    def test_ping_without_secret(self):
        """A ping is answered before the secret is set."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert WooCommerceAdapter(Shop(name="tea")).verify(RawRequest(form, b"webhook_id=7"))
