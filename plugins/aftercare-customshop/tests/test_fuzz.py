"""Whatever arrives: a translation, or one of two errors without a trace of what was in it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import islice

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_customshop import samples
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.export import json_schema
from aftercare_customshop.options import Rules
from aftercare_customshop.pulling import Reader
from aftercare_customshop.signing import signed
from aftercare_customshop.translate import KINDS
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, SignatureError, TranslationError
from aftercare_sdk.model.shops import RawRequest, Ref, Shop, Webhook
from aftercare_sdk.model.sync import Cursor
from aftercare_sdk.shops.asking import Answer
from aftercare_sdk.testing.fuzzing import broken, mutated, paths, values, whatever

# A busy machine is slow, which is nobody's mistake here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ADAPTER = CustomShopAdapter(Shop(name="main", secrets=(SECRET,)))
NOW = datetime(2026, 4, 1, 9, 5, tzinfo=UTC)
PERSON = ("hana@customer.example", "小川", "花", "丸の内", "+81-3-0000-0000", "100-0005")

VALUES = values("\ud800", people=PERSON)


@cache
def documents():
    """Return every sample once."""
    return tuple(json.dumps(told).encode() for _, told in samples.messages())


def translated(body):
    """Return what a log would show of the translation, or of its error with all that hangs on it."""
    try:
        return repr(ADAPTER.translate(Webhook(topic="", body=body)))
    except TranslationError as error:
        return f"error: {error} {error.args!r} {error.__cause__} {error.__context__}"


@unhurried
@given(body=whatever(documents, VALUES))
def test_translate(body):
    """Translating never raises anything but a TranslationError, and that tells no values."""
    told = translated(body)
    # A person's name that was put into a title or a status is not recognisable as one.
    if told.startswith("error: "):
        assert [] == [word for word in PERSON if word in told]


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
    "12.5",
    "hana@customer.example",
    "0000-00-00T00:00:00Z",
    [],
    {},
    [[]],
    [None],
    {"id": {}},
)
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("name", [name for name, _ in samples.messages()])
def test_every_field(name):
    """No field of any message, replaced by any nonsense or left out, raises anything but a TranslationError.

    What the adapter takes all the same, the JSON Schema of the docs takes as well.
    """
    text = json.dumps(samples.message(name))
    for path in [each for each in paths(json.loads(text)) if each]:
        for nonsense in (*NONSENSE, ...):
            body = parent = json.loads(text)
            for key in path[:-1]:
                parent = parent[key]
            if nonsense is ...:
                del parent[path[-1]]
            else:
                parent[path[-1]] = nonsense
            told = translated(json.dumps(body).encode())
            if not told.startswith("error: ") and body["type"] in KINDS:
                assert VALIDATOR.is_valid(body), (path, nonsense)


PAGES = st.builds(
    lambda items, next_, more: json.dumps({"items": items, "next": next_, **more}).encode(),
    st.lists(VALUES | mutated(documents, VALUES).map(json.loads).map(lambda told: told.get("data"))) | VALUES,
    VALUES,
    st.dictionaries(st.sampled_from(["total", "other"]), VALUES),
)


class Answering:
    """Stands for the client of a shop that answers one thing to everything."""

    def __init__(self, status, body):
        self.answer = Answer(status, {}, body)

    def post(self, *_, **__):
        return self.answer


@unhurried
@given(
    body=PAGES | mutated(documents, VALUES) | broken(documents) | st.binary(),
    status=st.sampled_from([200, 400, 422]),
    stream=st.sampled_from(["orders", "customers-all", "products"]),
)
def test_answers(body, status, stream):
    """Whatever a shop answers to a list: pages, or an error of two kinds that tells no values."""
    reader = Reader(Answering(status, body), Rules.of(Shop(name="main")))
    try:
        told = [repr(page) for page in islice(reader.changes(Cursor(stream=stream)), 3)]
    except (ConfigurationError, PlatformUnavailable) as error:
        told = [f"{error} {error.args!r} {error.__cause__} {error.__context__}"]
    assert [] == [word for word in PERSON if word in "".join(told)]


@unhurried
@given(
    body=mutated(documents, VALUES).map(json.loads).map(lambda told: json.dumps(told.get("data")).encode())
    | broken(documents)
)
@pytest.mark.parametrize("kind", ["order", "customer", "product"])
def test_read(kind, body):
    """The same for one object, which may also be one that cannot be understood."""
    reader = Reader(Answering(200, body), Rules.of(Shop(name="main")))
    with suppress(ConfigurationError, PlatformUnavailable, TranslationError):
        list(reader.read([Ref(kind, "1042")]))


HEADERS = st.sampled_from(["webhook-id", "Webhook-Timestamp", "webhook-signature", "content-type", ""])
HOSTILE = (
    st.text(st.characters())
    | st.integers().map(str)
    | st.lists(st.sampled_from(["v1,", "v1,AAAA", "v1a,", "v2,x", ",", "", "v1,é"]), max_size=50).map(
        " ".join
    )
    | st.sampled_from([str(int(NOW.timestamp())), "9" * 5_000, "-5", "1e3", "v1," + "A" * 50_000])
)


@unhurried
@given(headers=st.dictionaries(HEADERS | st.text(), HOSTILE), body=st.binary() | mutated(documents, VALUES))
def test_verify(headers, body):
    """Verifying a forged request raises SignatureError and nothing else."""
    with pytest.raises(SignatureError) as caught:
        ADAPTER.verify(RawRequest(headers, body, received_at=NOW))
    assert SECRET not in str(caught.value)


@unhurried
@given(body=mutated(documents, VALUES))
def test_signed(body):
    """A signed request is verified whatever its body is."""
    ADAPTER.verify(signed(SECRET, body, NOW))


@unhurried
@given(name=HEADERS, place=st.integers(0), value=st.characters())
def test_one_letter(name, place, value):
    """A single letter put into a signed header makes it void, or is not signed at all."""
    request = signed(SECRET, documents()[0], NOW)
    key = name.lower()
    if key not in request.headers or not key.startswith("webhook-"):
        return
    told = request.headers[key]
    place %= len(told) + 1
    changed = {**request.headers, key: told[:place] + value + told[place:]}
    try:
        ADAPTER.verify(RawRequest(changed, request.body, received_at=NOW))
    except SignatureError:
        return
    assert "webhook-signature" == key
    assert value == " "
