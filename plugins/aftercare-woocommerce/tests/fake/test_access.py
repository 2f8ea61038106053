from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from aftercare_woocommerce.fake import KEY, SECRET, Refusal
from aftercare_woocommerce.fake.access import Keys, signature
from aftercare_woocommerce.fake.rest import params as parameters


def test_keys_may_do_what_they_may(shop, api, recorded, ask):
    """A key for reading writes nothing, and the other way round."""
    for permission, method, name in (
        ("read", "PUT", "error-401-write-with-read-key"),
        ("write", "GET", "error-401-read-with-write-key"),
    ):
        shop.keys.known[KEY] = (SECRET, permission)
        status, told, _ = ask(api, method, "orders/1", {})
        expected = recorded("error-401-write-with-read-key")["body"]
        assert (401, expected["code"]) == (status, told["code"])
        assert ("write" if permission == "read" else "read") in told["message"], name


class TestOAuth:
    @pytest.fixture
    def real(self, recorded):
        return recorded("orders-oauth-http")["request"]["url_sent"]

    def test_recorded_signature(self, real):
        """The signature of the recorded request is the one that is expected."""
        told = parameters.read(urlsplit(real).query)
        secret = "cs_8456e13fb33bba485faaaf61f65211cb7cf405a4"
        assert told["oauth_signature"] == signature("GET", real, told, secret)

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            (None, {}),
            ("error-401-oauth-wrong-secret", {"page": "3"}),
            ("error-401-oauth-old-timestamp", {"now": 3600}),
            ("error-401-oauth-nonce-reused", {"again": True}),
        ],
    )
    def test_refusals(self, real, recorded, name, change):
        """A changed request, a clock that is off and a request sent twice are refused as recorded."""
        told = parameters.read(urlsplit(real).query)
        keys = Keys(clock=lambda: int(told["oauth_timestamp"]) + change.get("now", 60))
        keys.known[told["oauth_consumer_key"]] = ("cs_8456e13fb33bba485faaaf61f65211cb7cf405a4", "read")
        if "page" in change:
            told["page"] = change["page"]
        if change.get("again"):
            keys.check("GET", real, {}, told)
        if name is None:
            keys.check("GET", real, {}, told)
            return
        with pytest.raises(Refusal) as caught:
            keys.check("GET", real, {}, told)
        assert recorded(name)["body"] == caught.value.body

    def test_basic_over_http_is_not_looked_at(self, api, recorded, basic):
        """A password over plain HTTP is as good as none."""
        reply = api.answer("GET", "http://shop.example/wp-json/wc/v3/orders", basic)
        assert recorded("error-401-basic-over-http")["body"] == json.loads(reply.body)
