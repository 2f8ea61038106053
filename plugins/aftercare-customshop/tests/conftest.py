from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import pytest

from aftercare_customshop import samples
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_sdk.model.shops import Shop, Webhook

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHNhbWUgc2hvcCE="


@pytest.fixture(scope="session")
def secret():
    """The secret of the shop, as the specification writes it."""
    return SECRET


@pytest.fixture(scope="session")
def other_secret():
    """Another secret, without `whsec_`."""
    return OTHER_SECRET


@pytest.fixture(scope="session")
def now():
    """When requests arrive."""
    return datetime(2026, 4, 1, 9, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def adapter():
    """The adapter of a shop that names its currency in every message."""
    return CustomShopAdapter(Shop(name="main", secrets=(SECRET,)))


@pytest.fixture
def translate(adapter):
    """Translate a message, or bytes, in that shop or in one with other settings."""

    def translate(message, **shop):
        chosen = CustomShopAdapter(Shop(name="main", **shop)) if shop else adapter
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return chosen.translate(Webhook(topic="", body=body))

    return translate


@pytest.fixture
def message():
    """The sample of a type, with changes to its data; `...` takes a field away."""

    def message(name, /, **changes):
        told = samples.message(name)
        data = {**told["data"], **copy.deepcopy(changes)}
        return {**told, "data": {key: value for key, value in data.items() if value is not ...}}

    return message


@pytest.fixture
def order(translate, message):
    """The picture of the sample order, with changes."""

    def order(**changes):
        (told,) = translate(message("order.updated", **changes))
        return told

    return order
