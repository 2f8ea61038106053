from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from aftercare_sdk.errors import SignatureError
from aftercare_sdk.model.shops import RawRequest
from aftercare_shopify import signature
from aftercare_shopify.headers import Header, told

FIXTURES = Path(__file__).parent / "fixtures" / "webhooks"
VECTORS = json.loads((FIXTURES / "hmac-vectors.json").read_bytes())
KEPT = [
    each
    for each in VECTORS["vectors"]
    if "derived" in (each["file"] or "") and each["body"] == "file bytes exactly as stored"
]
BODY = '{"id": 1, "name": "山田"}'.encode()
NAME = "x-shopify-hmac-sha256"


def request(written, body=BODY, name=NAME):
    """Return a request with this signature."""
    return RawRequest({name: written, "Content-Type": "application/json"}, body)


@pytest.fixture
def signed():
    """A request that is signed with the secret `right`."""
    return request(signature.sign("right", BODY))


class TestCheck:
    def test_each_secret(self, signed):
        """While the app's secret changes, the old and the new one both open."""
        signature.check(signed, ("wrong", "right"), shop="main")
        signature.check(signed, ("right", "wrong"), shop="main")

    @pytest.mark.parametrize("secrets", [(), ("",), ("wrong",), ("Right",)])
    def test_no_right_secret(self, signed, secrets):
        """Without the right secret nothing opens, with an empty one neither."""
        with pytest.raises(SignatureError, match="main"):
            signature.check(signed, secrets, shop="main")

    def test_empty_secret_signs_nothing(self):
        """A request signed with the empty secret is forged, even if an empty secret is configured."""
        with pytest.raises(SignatureError):
            signature.check(request(signature.sign("", BODY)), ("", "right"), shop="main")

    @pytest.mark.parametrize(
        "written",
        ["", " ", "=", "not base64", "署名", "\udcff", "a" * 44, "é" * 44, "=" * 44, "a" * 100_000, "right"],
    )
    def test_malformed_header(self, written):
        """Whatever the header holds, the answer is the same error."""
        with pytest.raises(SignatureError):
            signature.check(request(written), ("right",), shop="main")

    def test_hexadecimal(self):
        """The same digest in other letters is not what Shopify writes."""
        digest = base64.b64decode(signature.sign("right", BODY)).hex()
        with pytest.raises(SignatureError):
            signature.check(request(digest), ("right",), shop="main")

    def test_tampered_body(self, signed):
        """One changed byte is enough."""
        with pytest.raises(SignatureError):
            signature.check(replace(signed, body=BODY + b" "), ("right",), shop="main")

    def test_no_header(self):
        """An unsigned body is refused."""
        with pytest.raises(SignatureError, match="X-Shopify-Hmac-Sha256 is missing"):
            signature.check(RawRequest({}, BODY), ("right",), shop="main")

    def test_secret_of_bytes(self):
        """A secret from the environment that is no UTF-8 signs with its bytes."""
        secret = b"\xff\xfe".decode(errors="surrogateescape")
        signature.check(request(signature.sign(secret, BODY)), (secret,), shop="main")

    def test_the_error_names_the_cure(self, signed):
        """Webhooks made by hand in the shop's settings have another secret, which is the usual mistake."""
        with pytest.raises(SignatureError, match="client secret of the app"):
            signature.check(signed, ("wrong",), shop="main")


@pytest.mark.parametrize("vector", KEPT)
def test_vectors(vector):
    """Signatures that were made elsewhere are accepted, of bytes as they are."""
    body = (FIXTURES / "derived" / Path(vector["file"]).name).read_bytes()
    assert vector["length"] == len(body)
    assert vector["X-Shopify-Hmac-Sha256"] == signature.sign(VECTORS["client_secret"], body)
    signature.check(request(vector["X-Shopify-Hmac-Sha256"], body), (VECTORS["client_secret"],), shop="main")


class TestHeaders:
    @pytest.mark.parametrize("name", ["X-Shopify-Topic", "x-shopify-topic", "Shopify-Topic", "SHOPIFY-TOPIC"])
    def test_both_spellings(self, name):
        """Headers are read with and without `X-`, in any capitals."""
        assert "orders/create" == told(RawRequest({name: "orders/create"}, b""), Header.TOPIC)

    def test_the_signature_of_an_event(self):
        """A signature under the shorter name counts as well."""
        short = request(signature.sign("right", BODY), name="Shopify-Hmac-Sha256")
        signature.check(short, ("right",), shop="main")

    def test_missing(self):
        """A header that is not there is empty."""
        assert "" == told(RawRequest({}, b""), Header.SHOP)
