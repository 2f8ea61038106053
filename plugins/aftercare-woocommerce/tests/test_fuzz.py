"""Whatever arrives: a translation, or one of two errors without a trace of personal data."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_sdk.errors import SignatureError, TranslationError
from aftercare_sdk.model.shops import Ping, RawRequest, Shop, Webhook
from aftercare_sdk.testing.fuzzing import mutated, paths, values, whatever
from aftercare_woocommerce import samples, signature
from aftercare_woocommerce.adapter import WooCommerceAdapter

# A busy machine is slow, which is nobody's mistake here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ADAPTER = WooCommerceAdapter(Shop(name="tea", secrets=("secret",)))
PERSON = ("ogawa@example.jp", "小川", "直人", "Megumi", "齋藤", "yamada", "山田")

VALUES = values(people=PERSON)


@cache
def bodies():
    """Return every recorded JSON body once."""
    told = dict.fromkeys(each.request.body for each in samples.webhooks() if each.request.body[:1] == b"{")
    return tuple(told)


TOPICS = st.sampled_from(
    [
        "",
        "order.updated",
        "order.deleted",
        "customer.updated",
        "product.deleted",
        "coupon.updated",
        "action.x",
    ]
)


def translated(topic, body):
    """Return what a log would show of the translation, or of its error with all that hangs on it."""
    try:
        return repr(ADAPTER.translate(Webhook(topic=topic, body=body)))
    except TranslationError as error:
        return f"{error} {error.args!r} {error.__cause__} {error.__context__}"


@unhurried
@given(topic=TOPICS | st.text(), body=whatever(bodies, VALUES))
def test_translate(topic, body):
    """Translating never raises anything but a TranslationError, and that tells no values."""
    told = translated(topic, body)
    # A person's name that was put into a product's title or a status is not recognisable as one.
    if told.startswith(("order: ", "customer: ", "product: ", "the body ")):
        assert [] == [word for word in PERSON if word in told]


@unhurried
@given(topic=TOPICS, body=st.sampled_from(bodies()))
def test_recorded_reprs(topic, body):
    """Under any topic, what a recorded body becomes shows nobody's address or name."""
    assert [] == [word for word in PERSON if word in translated(topic, body)]


NONSENSE = (
    None,
    True,
    0,
    -1,
    1.5,
    2**70,
    "",
    "x",
    "\x00",
    "-0001-11-30T00:00:00",
    [],
    {},
    [[]],
    [None],
    {"id": {}},
)


@pytest.mark.parametrize("prefix", ["022-", "062-", "104-", "153-", "025-", "051-", "053-", "160-"])
def test_every_field(prefix):
    """No field of any kind of body, replaced by any kind of nonsense or left out, raises anything else."""
    (recorded,) = (each.request.body for each in samples.webhooks() if each.name.startswith(prefix))
    for path in [each for each in paths(json.loads(recorded)) if each]:
        for nonsense in NONSENSE:
            body = parent = json.loads(recorded)
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = nonsense
            translated("order.updated", json.dumps(body).encode())
        del parent[path[-1]]
        translated("order.updated", json.dumps(body).encode())


NAMES = st.sampled_from(
    ["X-WC-Webhook-Signature", "x-wc-webhook-topic", "X-WC-Webhook-Delivery-ID", "Content-Type", ""]
)


@unhurried
@given(
    headers=st.dictionaries(NAMES | st.text(), st.text(st.characters())),
    body=st.sampled_from([b"webhook_id=1", b"{}"]) | st.binary(),
)
def test_verify(headers, body):
    """Verifying a forged request raises SignatureError and nothing else; a ping is let through."""
    request = RawRequest(headers, body)
    if signature.is_ping(request):
        assert Ping() == ADAPTER.verify(request)
        return
    with pytest.raises(SignatureError) as caught:
        ADAPTER.verify(request)
    assert "secret" not in str(caught.value)


@unhurried
@given(
    headers=st.dictionaries(NAMES | st.text(), st.text(st.characters())),
    body=mutated(bodies, VALUES) | st.binary(),
)
def test_signed(headers, body):
    """A signed request is verified whatever else its headers and body are."""
    kept = {key: value for key, value in headers.items() if key.lower() != signature.HEADER.lower()}
    told = {**kept, signature.HEADER: signature.sign("secret", body).decode()}
    webhook = ADAPTER.verify(RawRequest(told, body))
    assert body == webhook.body
    assert b"\x00" not in f"{webhook.topic}{webhook.delivery}".encode()
