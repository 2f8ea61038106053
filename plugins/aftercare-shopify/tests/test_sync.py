from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import responses
from graphql import GraphQLError

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ref, Shop
from aftercare_sdk.model.sync import Cursor
from aftercare_shopify import sync
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.fake import TOKEN, Api, FakeShopify, answer_in
from aftercare_shopify.fake.graph import connections
from aftercare_shopify.options import Rules
from aftercare_shopify.results import Result
from aftercare_shopify.sync import Listing

START = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pages of five, so that a test need not make hundreds of objects."""
    monkeypatch.setattr(sync, "_SIZE", 5)


def written(moment):
    """Write a moment as Shopify does."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Shelf:
    """Lists products, by an index that may be behind them, with cursors of one kind or another.

    `by_number`: a cursor is the number of rows before it, so that rows shift when others move. Else it says
    what row it stands behind, as Shopify's do. `whole_days`: the search knows no times of day.
    """

    def __init__(self, count=0, *, every=SECOND, by_number=False, whole_days=False):
        self.products = {number: START + number * every for number in range(1, count + 1)}
        self.index = dict(self.products)
        self.by_number, self.whole_days = by_number, whole_days
        self.asked = []
        self.scopes = ["read_all_orders", "read_products"]
        self.broken = ()
        self.deepest = 25_000

    def touch(self, number, moment=None, *, indexed=True):
        """Modify a product, by default as the last of all."""
        self.products[number] = moment or max(self.products.values()) + SECOND
        if indexed:
            self.index[number] = self.products[number]

    def remove(self, number):
        """Delete a product."""
        del self.products[number], self.index[number]

    def query(self, name, variables=None):
        """Answer a question."""
        if name == "order_access":
            scopes = [{"handle": each} for each in self.scopes]
            return Result(data={"currentAppInstallation": {"accessScopes": scopes}, "orders": {"nodes": []}})
        if name.startswith("list_"):
            self.asked.append(variables)
            return Result(data=self.list(name.removeprefix("list_"), variables))
        numbers = [int(each.rpartition("/")[2]) for each in variables["ids"]]
        return Result(data={"nodes": [self.node(number) for number in numbers]})

    def node(self, number):
        """Return a product, if there is one."""
        if number not in self.products:
            return None
        told = {"id": f"gid://shopify/Product/{number}", "updatedAt": written(self.products[number])}
        if number in self.broken:
            told["id"] = "secret"
        return {**told, "title": "茶", "handle": "", "status": "ACTIVE", "tags": [], "productType": ""}

    def list(self, plural, asked):
        """Return a page of a list."""
        rows = [(at, number) for number, at in self.index.items()]
        wanted = asked["query"] or ""
        for term in re.findall(r"\S+", wanted):
            name, sign, bound = re.fullmatch(r"(\w+):(>=?)(.+)", term).groups()
            if name == "id":
                assert ">" == sign
                rows = [row for row in rows if row[1] > int(bound)]
            else:
                since = datetime.fromisoformat(bound.strip("'"))
                if self.whole_days:
                    since = since.replace(hour=0, minute=0, second=0)
                rows = [row for row in rows if row[0] >= since]
        rows.sort(key=lambda row: row if asked["sort"] == "UPDATED_AT" else row[1])
        total = len(rows)
        cursors = [
            str(place + 1) if self.by_number else json.dumps([*map(str, row)])
            for place, row in enumerate(rows)
        ]
        start = 0
        if asked["after"] and self.by_number:
            start = int(asked["after"])
        elif asked["after"]:
            at, number = json.loads(asked["after"])
            start = sum((str(row[0]), row[1]) <= (at, int(number)) for row in rows)
        page = slice(start, start + asked["first"])
        if asked["after"] and page.stop > self.deepest:
            raise PlatformUnavailable("too far")
        edges = [
            {
                "cursor": cursor,
                "node": {
                    "id": f"gid://shopify/Product/{row[1]}",
                    "updatedAt": written(self.products[row[1]]),
                },
            }
            for row, cursor in zip(rows[page], cursors[page], strict=True)
        ]
        return {
            plural: {"pageInfo": {"hasNextPage": page.stop < total}, "edges": edges},
            f"{plural}Count": {"count": total, "precision": "EXACT"} if asked.get("count") else None,
        }

    def pages(self, stream="products", since=None, position=""):
        """Take the pages of a stream, each with a new call, as after a restart; give them one by one."""
        while position is not None:
            cursor = Cursor(stream=stream, since=since, position=position)
            page = next(iter(Listing(self, "tea", Rules.of({})).changes(cursor)))
            assert page.position not in {"", position}
            yield page
            position = page.position

    def ids(self, stream="products", since=None):
        """Return the ids that a stream lists, in the order in which it lists them."""
        return ids(self.pages(stream, since))


def ids(pages):
    """Return the ids on some pages."""
    return [int(one.id) for page in pages for one in page.snapshots]


def test_streams():
    """Every kind of object is listed by date, and whole, so that nothing stays lost."""
    kinds = {"order", "customer", "product", "consent", "subscription"}
    for whole in (True, False):
        assert kinds == {each.kind for each in sync.STREAMS if each.whole is whole}
    with pytest.raises(ConfigurationError, match="no stream 'coupons'"):
        Listing(Shelf(), "tea", Rules.of({})).changes(Cursor(stream="coupons"))


@pytest.mark.parametrize("stream", [each.name for each in sync.STREAMS])
def test_an_empty_shop(stream):
    """There is one last page with nothing in it."""
    [page] = Shelf().pages(stream)
    assert ((), None, 0) == (page.snapshots, page.position, page.total)


class TestModified:
    @pytest.mark.parametrize("count", [1, 4, 5, 6, 9, 10, 23])
    @pytest.mark.parametrize("by_number", [True, False])
    def test_all_pages(self, count, by_number):
        """Everything is listed once, in the order of its modification."""
        shelf = Shelf(count, by_number=by_number)
        assert list(range(1, count + 1)) == shelf.ids()

    def test_asked_when_taken(self):
        """Each page is asked for when it is taken."""
        shelf = Shelf(23)
        pages = Listing(shelf, "tea", Rules.of({})).changes(Cursor(stream="products"))
        next(pages)
        assert 1 == len(shelf.asked)

    def test_since(self):
        """Only what was modified in the second of the cursor or later is listed, whatever its zone."""
        from zoneinfo import ZoneInfo

        shelf = Shelf(12)
        since = (START + 9 * SECOND).astimezone(ZoneInfo("Asia/Tokyo"))
        assert [9, 10, 11, 12] == shelf.ids(since=since)
        assert "updated_at:>='2026-11-02T14:00:09Z'" == shelf.asked[0]["query"]

    @pytest.mark.parametrize("by_number", [True, False])
    def test_moves_while_listed(self, by_number):
        """What is modified while one pages is listed again, and hides no other."""
        shelf = Shelf(43, by_number=by_number)
        seen = []
        for number, page in enumerate(shelf.pages()):
            seen += ids([page])
            if number < 3:
                # In front of the page, at its end, and behind it.
                for moved in (seen[0], seen[-1], 40 - number):
                    shelf.touch(moved)
        assert set(range(1, 44)) == set(seen)

    def test_vanishes_while_listed(self):
        """What is deleted while one pages hides no other."""
        shelf = Shelf(23, by_number=True)
        pages = shelf.pages()
        seen = ids([next(pages), next(pages)])
        for number in (1, 2, seen[-1]):
            shelf.remove(number)
        seen += ids(pages)
        assert set(range(10, 24)) <= set(seen)

    @pytest.mark.parametrize("by_number", [True, False])
    def test_one_second(self, by_number):
        """More objects of one second than a page holds, as an import makes them, are all listed."""
        shelf = Shelf(23, every=0 * SECOND, by_number=by_number)
        assert list(range(1, 24)) == shelf.ids()

    def test_whole_days(self):
        """A search that knows no times of day, as that for customers, leaves out none."""
        shelf = Shelf(30, every=timedelta(minutes=30), whole_days=True)
        shelf.scopes = []
        since = START + timedelta(hours=6)
        assert set(range(12, 31)) <= set(shelf.ids(since=since))

    def test_index_behind(self):
        """An object that is newer than its place in the list makes none behind it be left out."""
        shelf = Shelf(23)
        shelf.touch(5, START + timedelta(days=1), indexed=False)
        shelf.touch(10, START + timedelta(days=1), indexed=False)
        assert list(range(1, 24)) == shelf.ids()

    def test_goes_back_far_enough(self):
        """Where a listing goes back, objects newer than their places do not lead it too far ahead."""
        shelf = Shelf(23)
        pages = shelf.pages()
        seen = ids([next(pages)])
        for number in range(5, 10):
            shelf.touch(number, START + timedelta(minutes=30), indexed=False)
        seen += ids([next(pages)])
        shelf.remove(seen[-1])
        seen += ids(pages)
        assert set(range(1, 24)) == set(seen)

    def test_goes_back_not_too_far(self):
        """A listing never goes back to before the moment that was asked for."""
        shelf = Shelf(23)
        pages = shelf.pages(since=START + 3 * SECOND)
        shelf.remove(ids([next(pages)])[-1])
        assert [*range(3, 7), *range(8, 24)] == ids(pages)
        assert {"updated_at:>='2026-11-02T14:00:03Z'"} == {asked["query"] for asked in shelf.asked}

    @pytest.mark.parametrize("by_number", [True, False])
    def test_always_moving(self, by_number):
        """A list that never stands still comes to an end all the same."""
        shelf = Shelf(40, by_number=by_number)
        seen = []
        for page in shelf.pages():
            seen += ids([page])
            assert 200 > len(shelf.asked)
            shelf.touch(seen[-1])
        if not by_number:
            assert set(range(1, 41)) == set(seen)

    def test_deep(self, monkeypatch):
        """A list that is longer than Shopify lets one page through goes on by id, from an hour before."""
        monkeypatch.setattr(sync, "_DEEPEST", 20)
        shelf = Shelf(100, every=timedelta(hours=1))
        seen = shelf.ids()
        assert list(range(1, 101)) == sorted(set(seen))
        assert 30 > len(shelf.asked)

    @pytest.mark.parametrize("every", [SECOND, 0 * SECOND], ids=["within an hour", "within a second"])
    @pytest.mark.parametrize("since", [None, START - timedelta(days=1), START])
    def test_many_at_once(self, monkeypatch, every, since):
        """More rows of one hour, or of one second, than one can page through are all listed."""
        monkeypatch.setattr(sync, "_DEEPEST", 20)
        shelf = Shelf(100, every=every)
        shelf.deepest = 30
        assert set(range(1, 101)) == set(shelf.ids(since=since))
        assert 30 > len(shelf.asked)

    def test_many_move(self, monkeypatch):
        """What is modified while a long list is gone through hides no other."""
        monkeypatch.setattr(sync, "_DEEPEST", 20)
        shelf = Shelf(100)
        seen = []
        for page in shelf.pages():
            seen += ids([page])
            for moved in (seen[0], seen[-1], max(seen) + 3):
                if moved <= 100:
                    shelf.touch(moved)
        assert set(range(1, 101)) == set(seen)

    def test_total(self):
        """How many there are is asked once, in the beginning."""
        shelf = Shelf(23)
        assert {23} == {page.total for page in shelf.pages()}
        assert [True] + [False] * (len(shelf.asked) - 1) == [asked["count"] for asked in shelf.asked]

    def test_too_many_to_count(self):
        """A number that Shopify did not count to its end is not told."""
        assert None is sync._count({"count": 10001, "precision": "AT_LEAST"})
        assert None is sync._count(None)

    def test_cut_off(self):
        """A shop that fails in the middle is asked again for the page that failed, and for no other."""
        shelf = Shelf(12)
        pages = Listing(shelf, "tea", Rules.of({})).changes(Cursor(stream="products"))
        first = next(pages)

        def fails(*_):
            raise PlatformUnavailable("down")

        answer, shelf.query = shelf.query, fails
        with pytest.raises(PlatformUnavailable):
            next(pages)
        shelf.query = answer
        rest = ids(shelf.pages(position=first.position))
        assert list(range(1, 13)) == ids([first]) + rest

    def test_position_of_another_release(self):
        """A position that is not understood begins the listing anew."""
        assert list(range(1, 13)) == ids(Shelf(12).pages(position="[1, 2]"))


class TestEverything:
    def test_all_pages(self):
        """Everything is listed once, by id, and no page needs a cursor that grows old."""
        shelf = Shelf(23)
        shelf.touch(3)
        assert list(range(1, 24)) == shelf.ids("products-all")
        assert {None} == {asked["after"] for asked in shelf.asked}

    def test_moves_while_listed(self):
        """Whatever is modified, deleted or made while one pages hides no other."""
        shelf = Shelf(43)
        seen = []
        for number, page in enumerate(shelf.pages("products-all")):
            seen += ids([page])
            if number == 2:
                for gone in (1, 2, 15):
                    shelf.remove(gone)
                shelf.touch(3)
                shelf.touch(40)
                shelf.touch(44)
        assert list(range(1, 45)) == seen

    def test_since(self):
        """Orders from before the cursor are not wanted; of other objects, all are."""
        shelf = Shelf()
        shelf.ids("orders-all", START)
        shelf.ids("products-all", START)
        assert ["id:>0 created_at:>='2026-11-02T14:00:00Z'", "id:>0"] == [
            each["query"] for each in shelf.asked
        ]

    def test_filter_that_does_nothing(self):
        """A shop that always lists the same is not asked for ever."""
        shelf = Shelf(12)
        answer = shelf.list
        shelf.list = lambda plural, asked: answer(plural, {**asked, "query": None})
        with pytest.raises(PlatformUnavailable, match="by id"):
            shelf.ids("products-all")


def test_no_products():
    """An app that is not shown products is told so with the cure."""
    shelf = Shelf()
    shelf.scopes = ["read_all_orders", "read_orders"]
    [told] = sync.limits(shelf, shop="tea")
    assert told.startswith("shop 'tea': Shopify does not show products")
    assert "read_products" in told
    shelf.scopes.append("write_products")
    assert () == sync.limits(shelf, shop="tea")


def test_sixty_days():
    """That Shopify shows no older orders is told with its cure, to apps that lack the scope."""
    shelf = Shelf()
    assert () == sync.limits(shelf, shop="tea")
    shelf.scopes = ["read_orders", "read_products"]
    [told] = sync.limits(shelf, shop="tea")
    assert told.startswith("shop 'tea': Shopify shows the orders of the last 60 days only")
    assert "read_all_orders" in told


@pytest.mark.parametrize("stream", ["products", "products-all"])
def test_an_object_that_cannot_be_understood(stream, caplog):
    """It is left out and named by its fields; the others do not wait for it."""
    shelf = Shelf(12)
    shelf.broken = (7,)
    assert [*range(1, 7), *range(8, 13)] == shelf.ids(stream)
    assert "shop tea: left out of a listing: product 7: not understood: id" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"products": None},
        {"products": {"edges": [], "pageInfo": {"hasNextPage": True}}, "productsCount": None},
        {"products": {"edges": [{"cursor": "", "node": {"id": "7", "updatedAt": "now"}}], "pageInfo": {}}},
    ],
)
@pytest.mark.parametrize("stream", ["products", "products-all"])
def test_an_answer_that_cannot_be_understood(stream, answer):
    """What is no list is asked for again later."""
    shelf = Shelf()
    shelf.list = lambda *_: answer
    with pytest.raises(PlatformUnavailable, match="'tea'"):
        shelf.ids(stream)


@pytest.mark.parametrize("stream", ["orders", "orders-all"])
def test_too_old_to_be_seen(stream):
    """An order that this app may not see is no order without a word in it."""
    shelf = Shelf(3)
    shelf.scopes = ["read_orders"]
    shelf.node = lambda _: None
    assert [] == shelf.ids(stream)


def test_gone_meanwhile():
    """What is still in the index and was deleted is not listed."""
    shelf = Shelf(3)
    answer = shelf.node
    shelf.node = lambda number: None if number == 2 else answer(number)
    assert [1, 3] == shelf.ids()


class Connected:
    """A fake shop with some objects of every kind, and the adapter that is connected to it."""

    def __init__(self, mock):
        self.shop = FakeShopify()
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        options = {"domain": self.shop.domain, "access_token": TOKEN}
        self.adapter = ShopifyAdapter(Shop(name="tea", currency="JPY", options=options))
        self.made = {"order": [], "customer": [], "product": [], "consent": [], "subscription": []}
        for number in range(12):
            self.make(number)

    def make(self, number):
        """Make one more object of every kind."""
        product = self.shop.add_product(f"茶 {number}", "880")
        customer = self.shop.add_customer(f"a{number}@example.jp", first_name="花")
        order = self.shop.order({product: 2}, customer=customer, paid=True)
        self.made["product"].append(product)
        self.made["customer"].append(customer)
        self.made["consent"].append(f"{customer}/email")
        self.made["order"].append(order)
        self.made["subscription"].append(self.shop.subscribe_customer(customer, {product: 1}))
        self.shop.wait(minutes=1)

    def pages(self, stream, since=None):
        """Take the pages of a stream, each with a new call, as after a restart; give them one by one."""
        position = ""
        while position is not None:
            cursor = Cursor(stream=stream, since=since, position=position)
            page = next(iter(self.adapter.changes(cursor)))
            yield page
            position = page.position


@pytest.fixture
def connected():
    """A connected shop."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Connected(mock)


class TestConnected:
    @pytest.mark.parametrize("stream", sync.STREAMS, ids=lambda stream: stream.name)
    def test_same_as_read(self, connected, stream):
        """A listing says of every object what a read of it says; no place holds personal data."""
        shop, made = connected.shop, connected.made[stream.kind]
        shop.refund(connected.made["order"][3], {0: 1})
        shop.fulfil(connected.made["order"][4])
        shop.cancel(connected.made["order"][5])
        pages = list(connected.pages(stream.name))
        listed = {one.id: one for page in pages for one in page.snapshots}
        read = connected.adapter.read([Ref(stream.kind, str(number)) for number in made])
        assert {one.id: one for one in read} == listed
        assert {str(number) for number in made} == listed.keys()
        # Of subscriptions Shopify does not say how many there are.
        assert {None if stream.kind == "subscription" else 12} == {page.total for page in pages}
        assert 3 <= len(pages)
        assert "example.jp" not in "".join(f"{page.position} {page!r}" for page in pages)

    def test_what_was_modified(self, connected):
        """Only what was modified since a moment is listed."""
        since = connected.shop.wait(days=1)
        order, product, customer = (connected.made[kind][2] for kind in ("order", "product", "customer"))
        connected.shop.tag_order(order, ["x"])
        connected.shop.edit_product(product, title="玉露")
        connected.shop.edit_customer(customer, last_name="小川")
        for stream, number in (("orders", order), ("products", product), ("customers", customer)):
            [page] = connected.pages(stream, since)
            assert [str(number)] == [one.id for one in page.snapshots]

    def test_moves_while_listed(self, connected):
        """What is modified, made or deleted meanwhile hides no other."""
        seen = []
        for number, page in enumerate(connected.pages("orders")):
            seen += ids([page])
            connected.shop.wait(seconds=1)
            if number < 3:
                connected.shop.tag_order(seen[0], [f"x{number}"])
                connected.shop.tag_order(seen[-1], [f"y{number}"])
                connected.make(20 + number)
        assert set(connected.made["order"]) == set(seen)

    def test_deep(self, connected, monkeypatch):
        """A shop in which more was modified than it lets one page through is listed to its end."""
        monkeypatch.setattr(connections, "DEEPEST", 10)
        asked = {"first": 5, "after": None}
        rows = range(1, 13)

        def page():
            return connections.connection(rows, asked, lambda each: each, lambda each: (each, each))

        asked["after"] = page()["pageInfo"]["endCursor"]
        asked["after"] = page()["pageInfo"]["endCursor"]
        with pytest.raises(GraphQLError, match="limited to 10"):
            page()
        monkeypatch.setattr(sync, "_DEEPEST", 5)
        for stream in ("orders", "customers", "products", "consents", "subscriptions"):
            listed = {one.id for page in connected.pages(stream) for one in page.snapshots}
            kind = stream.removesuffix("s")
            assert {str(number) for number in connected.made[kind]} == listed

    @pytest.mark.parametrize("stream", ["consents", "consents-all"])
    def test_hidden_consents(self, connected, stream, caplog):
        """Consents that this app may not see are not listed, which is said; none of them is gone."""
        connected.shop.access.approved = frozenset({"name"})
        assert () == tuple(one for page in connected.pages(stream) for one in page.snapshots)
        assert "protected customer data" in caplog.text

    @pytest.mark.parametrize("stream", ["subscriptions", "subscriptions-all"])
    def test_no_subscriptions(self, connected, stream):
        """An app without the scope for subscriptions has none, and is not troubled for it."""
        scopes = connected.shop.access.scopes
        scopes -= {"read_own_subscription_contracts", "write_own_subscription_contracts"}
        [page] = connected.pages(stream)
        assert ((), 0) == (page.snapshots, page.total)

    def test_without_all_orders(self, connected):
        """Orders that this app may not see any more are not listed, and are not missed."""
        connected.shop.wait(days=61)
        connected.make(12)
        connected.shop.access.scopes.remove("read_all_orders")
        for stream in ("orders", "orders-all"):
            [page] = connected.pages(stream)
            assert [str(connected.made["order"][-1])] == [one.id for one in page.snapshots]
