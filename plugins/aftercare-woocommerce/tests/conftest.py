from __future__ import annotations

import json
from pathlib import Path

import pytest

from aftercare_sdk.model.shops import Shop
from aftercare_woocommerce import samples
from aftercare_woocommerce.adapter import WooCommerceAdapter

FIXTURES = Path(__file__).parent / "fixtures" / "rest"
OPTIONS = {"read_from": "recordings", "shipped_statuses": ["completed", "shipped"]}


@pytest.fixture(scope="session")
def shop():
    """The shop of the recordings, as it would be configured."""
    return Shop(
        name="tea",
        country="JP",
        locale="ja",
        zone="Asia/Tokyo",
        currency="JPY",
        secrets=samples.secrets(),
        options=OPTIONS,
    )


@pytest.fixture(scope="session")
def adapter(shop):
    """The adapter of that shop."""
    return WooCommerceAdapter(shop)


@pytest.fixture(scope="session")
def sample():
    """The recorded request of a number, such as `sample(96)`."""
    recorded = {int(each.name[:3]): each for each in samples.webhooks()}
    return recorded.__getitem__


@pytest.fixture(scope="session")
def rest():
    """The recorded REST answer of a name."""
    return dict(samples.recordings("rest")).__getitem__


@pytest.fixture(scope="session")
def payload(sample):
    """The parsed body of a recorded webhook, a new copy at each call."""
    return lambda number: json.loads(sample(number).request.body)


@pytest.fixture(scope="session")
def told(adapter, sample):
    """What the adapter makes of a recorded webhook."""
    return lambda number: adapter.translate(adapter.verify(sample(number).request))


@pytest.fixture(scope="session")
def recorded():
    """The recorded REST answer of a name, of those in the package and those that only tests need."""

    def recorded(name):
        for folder in (samples.RECORDINGS / "rest", FIXTURES):
            file = folder / f"{name}.json"
            if file.is_file():
                return json.loads(file.read_text(encoding="utf-8"))
        raise LookupError(name)

    return recorded
