"""Whatever arrives: a translation, or one of two errors without a trace of personal data."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_sdk.errors import SignatureError, TranslationError
from aftercare_sdk.model.shops import RawRequest, Shop, Webhook
from aftercare_sdk.testing.fuzzing import mutated, paths, values, whatever
from aftercare_shopify import signature
from aftercare_shopify.adapter import ShopifyAdapter

# A busy machine is slow, which is nobody's mistake here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIXTURES = Path(__file__).parent / "fixtures" / "webhooks"
ADAPTER = ShopifyAdapter(Shop(name="main", secrets=("secret",)))
PERSON = ("jon@example.com", "john@example.com", "bob@biller.com", "Steve", "Biller", "Shippington", "山田")
TOPICS = (
    "",
    "orders/updated",
    "orders/delete",
    "refunds/create",
    "customers/update",
    "products/delete",
    "app/uninstalled",
    "fulfillment_events/delete",
)
VALUES = values("gid://shopify/Order/1", "gid://shopify/Customer/99999999999999999999", people=PERSON)


@cache
def bodies():
    """Return the bodies of the kinds that are used, each once."""
    used = ("orders", "refunds", "fulfillment", "customer", "product", "app/", "shop/", "order_")
    told = json.loads(gzip.decompress((FIXTURES / "samples-2026-07.json.gz").read_bytes()))
    examples = [json.dumps(body).encode() for topic, body in told.items() if topic.startswith(used)]
    return tuple(
        dict.fromkeys([*examples, *(file.read_bytes() for file in (FIXTURES / "derived").iterdir())])
    )


def translated(topic, body):
    """Return what a log would show of the translation, or of its error with all that hangs on it."""
    try:
        return repr(ADAPTER.translate(Webhook(topic=topic, body=body)))
    except TranslationError as error:
        return f"{error} {error.args!r} {error.__cause__} {error.__context__}"


@unhurried
@given(
    topic=st.sampled_from(TOPICS) | st.text(),
    body=whatever(bodies, VALUES),
)
def test_translate(topic, body):
    """Translating never raises anything but a TranslationError, and that tells no values."""
    told = translated(topic, body)
    # A person's name that was put into a product's title or a status is not recognisable as one.
    if ": not understood: " in told or told.startswith("the body "):
        assert [] == [word for word in PERSON if word in told]


@unhurried
@given(topic=st.sampled_from(TOPICS), body=st.sampled_from(bodies()))
def test_reprs(topic, body):
    """Under any topic, what a body becomes shows nobody's address or name."""
    assert [] == [word for word in PERSON if word in translated(topic, body)]


def shortened(value):
    """Return JSON with the first of each list only: the others are alike."""
    if isinstance(value, dict):
        return {key: shortened(below) for key, below in value.items()}
    return [shortened(below) for below in value[:1]] if isinstance(value, list) else value


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
    "-0001-11-30T00:00:00Z",
    "gid://shopify/Order/7",
    [],
    {},
    [[]],
    [None],
    {"id": {}},
)


@pytest.mark.parametrize(
    "name",
    ["orders-updated.partially-refunded", "fulfillment_events-create.delivered", "customers-redact"],
)
def test_every_field(name):
    """No field of any kind of body, replaced by any kind of nonsense or left out, raises anything else."""
    raw = json.dumps(shortened(json.loads((FIXTURES / "derived" / f"{name}.json").read_bytes())))
    for path in [each for each in paths(json.loads(raw)) if each]:
        body = json.loads(raw)
        parent = body
        for key in path[:-1]:
            parent = parent[key]
        for nonsense in NONSENSE:
            parent[path[-1]] = nonsense
            translated("orders/updated", json.dumps(body).encode())
        del parent[path[-1]]
        translated("orders/updated", json.dumps(body).encode())


NAMES = st.sampled_from(
    [
        "X-Shopify-Hmac-Sha256",
        "Shopify-Hmac-Sha256",
        "x-shopify-topic",
        "X-Shopify-Webhook-Id",
        "X-Shopify-Shop-Domain",
        "",
    ]
)


@unhurried
@given(headers=st.dictionaries(NAMES | st.text(), st.text(st.characters())), body=st.binary())
def test_verify(headers, body):
    """Verifying a forged request raises SignatureError and nothing else."""
    with pytest.raises(SignatureError) as caught:
        ADAPTER.verify(RawRequest(headers, body))
    assert "'secret'" not in str(caught.value)


@unhurried
@given(
    headers=st.dictionaries(NAMES | st.text(), st.text(st.characters())),
    body=mutated(bodies, VALUES) | st.binary(),
)
def test_signed(headers, body):
    """A signed request is verified whatever else its headers and body are."""
    kept = {key: value for key, value in headers.items() if "hmac" not in key.lower()}
    webhook = ADAPTER.verify(
        RawRequest({**kept, "X-Shopify-Hmac-Sha256": signature.sign("secret", body)}, body)
    )
    assert body == webhook.body
    assert b"\x00" not in f"{webhook.topic}{webhook.delivery}{webhook.hints}".encode()
