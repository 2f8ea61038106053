from __future__ import annotations

import json
from pathlib import Path

import pytest
import responses

from aftercare_sdk.model.shops import Ref, Shop
from aftercare_sdk.model.sync import Cursor
from aftercare_woocommerce import samples
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in

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


@pytest.fixture(scope="session")
def adapter_of():
    """An adapter of a shop with one secret."""
    return lambda secret: WooCommerceAdapter(Shop(name="tea", currency="JPY", secrets=(secret,)))


class Connected:
    """An adapter, the fake shop that it is connected to, and that shop's API."""

    def __init__(self, mock, **how):
        self.shop = FakeWooCommerce(deliver=lambda _: 200, **how)
        self.api = Api(self.shop)
        self.pauses = []
        answer_in(mock, self.api)
        client = RestClient(
            shop="tea",
            url=self.shop.site.url,
            consumer_key=KEY,
            consumer_secret=SECRET,
            sleep=self.pauses.append,
        )
        options = {"url": self.shop.site.url, "consumer_key": KEY, "consumer_secret": SECRET}
        self.adapter = WooCommerceAdapter(Shop(name="tea", currency="JPY", options=options), client)
        self.tea = self.shop.product("茶", "880", tax=8)

    def orders(self, count, *, every=1):
        """Take some orders, each so many seconds after the last."""
        made = []
        for _ in range(count):
            made.append(self.shop.checkout({self.tea: 1}, email="a@example.jp", paid=True))
            self.shop.wait(seconds=every)
        return made

    def pages(self, stream, since=None, position=""):
        """Take the pages of a stream, each with a new call, as after a restart; give them one by one."""
        while position is not None:
            cursor = Cursor(stream=stream, since=since, position=position)
            page = next(iter(self.adapter.changes(cursor)))
            yield page
            position = page.position

    def ids(self, stream, since=None):
        """Return the ids that a stream lists, in the order in which it lists them."""
        return [int(one.id) for page in self.pages(stream, since) for one in page.snapshots]

    def read(self, kind, number):
        """Read one object alone."""
        [told] = self.adapter.read([Ref(kind, str(number))])
        return told


@pytest.fixture
def connect():
    """Connect adapters to fake shops in this process."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield lambda **how: Connected(mock, **how)


@pytest.fixture
def woo(connect):
    """A connected shop."""
    return connect()
