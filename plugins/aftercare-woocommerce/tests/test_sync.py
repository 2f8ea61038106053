from __future__ import annotations

import random
from datetime import timedelta

import pytest

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.shops import Shop
from aftercare_sdk.model.sync import Cursor
from aftercare_woocommerce import sync
from aftercare_woocommerce.adapter import WooCommerceAdapter


@pytest.fixture
def small(monkeypatch):
    """Pages of five, so that a test need not make hundreds of orders."""
    monkeypatch.setattr(sync, "_LARGEST_PAGE", 5)
    monkeypatch.setattr(sync, "_PRODUCTS", 5)


def test_nothing_to_list_without_credentials():
    """A shop that is not to be asked has no streams, nor has a store of recordings."""
    assert () == WooCommerceAdapter(Shop(name="tea")).streams
    recordings = Shop(name="tea", options={"read_from": "recordings"})
    assert () == WooCommerceAdapter(recordings).streams
    with pytest.raises(ConfigurationError, match="no credentials"):
        WooCommerceAdapter(Shop(name="tea")).changes(Cursor(stream="orders"))


def test_streams(woo):
    """Every kind of object is listed whole, so that nothing stays lost."""
    kinds = {"order", "customer", "product", "review"}
    assert kinds == {each.kind for each in woo.adapter.streams if each.whole}
    with pytest.raises(ConfigurationError, match="no stream 'coupons'"):
        woo.adapter.changes(Cursor(stream="coupons"))


@pytest.mark.parametrize("stream", [each.name for each in sync.STREAMS])
def test_an_empty_shop(connect, stream):
    """There is one last page with nothing in it."""
    woo = connect()
    woo.shop.products.clear()
    [page] = woo.pages(stream)
    assert ((), None) == (page.snapshots, page.position)


@pytest.mark.usefixtures("small")
class TestModified:
    def test_all_pages(self, woo):
        """Everything is listed, and each page is asked for when it is taken."""
        made = woo.orders(23)
        pages = woo.pages("orders")
        first = next(pages)
        assert ["orders"] == [each.path for each in woo.api.asked]
        assert made[:4] == [int(one.id) for one in first.snapshots]
        assert made[4:] == [int(one.id) for page in pages for one in page.snapshots]

    def test_since(self, woo):
        """Only what was modified in the second of the cursor or later is listed."""
        made = woo.orders(3)
        since = woo.shop.now
        woo.orders(2)
        woo.shop.wait(hours=1)
        woo.shop.edit(made[1], note="x")
        assert [*range(made[-1] + 1, made[-1] + 3), made[1]] == woo.ids("orders", since)
        assert "true" == woo.api.asked[-1].params["dates_are_gmt"]

    def test_trash(self, woo):
        """An order in the trash is listed with what was modified, and cancelled."""
        made = woo.orders(2)
        since = woo.shop.now
        woo.shop.trash(made[0])
        [told] = [one for page in woo.pages("orders", since) for one in page.snapshots]
        assert (str(made[0]), True) == (told.id, told.cancelled)

    def test_moves_while_listed(self, woo):
        """An order that is modified while one pages is listed again, and hides no other."""
        made = woo.orders(23)
        seen = []
        for number, page in enumerate(woo.pages("orders")):
            seen += [int(one.id) for one in page.snapshots]
            if number < 3:
                woo.shop.wait(seconds=1)
                woo.shop.edit(made[number], note="x")
        assert set(made) == set(seen)
        assert {2} == {seen.count(each) for each in made[:3]}

    @pytest.mark.parametrize("count", [4, 5, 6, 23])
    def test_one_second(self, woo, count):
        """More orders of one second than a page holds, as an import makes them, are all listed."""
        before = woo.orders(2)
        same = woo.orders(count, every=0)
        woo.shop.wait(seconds=1)
        behind = woo.orders(2)
        assert [*before, *same, *behind] == sorted(set(woo.ids("orders")))

    def test_one_second_that_moves(self, woo):
        """Even there nothing is hidden by an order that leaves the second meanwhile."""
        made = woo.orders(23, every=0)
        seen = []
        for number, page in enumerate(woo.pages("orders")):
            seen += [int(one.id) for one in page.snapshots]
            woo.shop.wait(seconds=1)
            if number < 6:
                woo.shop.edit(made[number], note="x")
        assert set(made) == set(seen)

    def test_whatever_happens_meanwhile(self, woo):
        """A hundred edits, deletions and orders between the pages: what stayed as it was is listed."""
        chance = random.Random(4)  # noqa: S311
        made = woo.orders(60)
        untouched, seen = set(made), set()
        for page in woo.pages("orders"):
            seen |= {int(one.id) for one in page.snapshots}
            woo.shop.wait(seconds=1)
            for _ in range(4):
                order = chance.choice([*woo.shop.orders])
                untouched.discard(order)
                act = chance.choice([woo.shop.edit, woo.shop.delete_order, woo.shop.edit])
                act(order)
            if len(seen) > 400:
                pytest.fail("the listing has no end")
        assert untouched <= seen

    def test_unsorted(self, woo):
        """A shop whose lists are not sorted is not trusted: orders would be missed."""
        made = woo.orders(6)

        def before(_):
            for order in woo.shop.orders.values():
                order.modified = woo.shop.now

        woo.api.before = before
        woo.shop.orders[made[0]].modified = woo.shop.now
        answer = woo.api._routed

        def unsorted(*asked):
            status, page = answer(*asked)
            for place, row in enumerate(reversed(page.rows)):
                row["date_modified_gmt"] = f"2026-04-01T00:00:0{place}"
            return status, page

        woo.api._routed = unsorted
        with pytest.raises(ConfigurationError, match="not sorted"):
            woo.ids("orders")

    @pytest.fixture
    def undate(self, woo):
        """Have the shop tell of some orders without a date of modification."""

        def undate(numbers):
            answer = woo.api._routed

            def routed(*asked):
                status, page = answer(*asked)
                for row in getattr(page, "rows", ()):
                    if row["id"] in numbers:
                        row["date_modified_gmt"] = row["date_modified"] = None
                return status, page

            woo.api._routed = routed

        return undate

    def test_one_without_a_date(self, woo, undate, caplog):
        """An order that does not say when it was modified stops nothing; the listing of everything has it."""
        made = woo.orders(23)
        few = {made[0], made[3], made[4], made[9], made[22]}
        undate(few)
        assert set(made) - few <= set(woo.ids("orders"))
        assert {f"orders/{number}" in caplog.text for number in few - {made[22]}} == {True}
        assert set(made) == set(woo.ids("orders-all"))

    def test_none_has_a_date(self, woo, undate):
        """Where nothing says when it was modified, a plugin of the shop has taken the dates away."""
        made = woo.orders(6)
        undate(set(made))
        with pytest.raises(ConfigurationError, match="do not say when they were modified"):
            woo.ids("orders")

    def test_the_only_one_without_a_date(self, woo, undate):
        """What fits into one page needs no order."""
        made = woo.orders(1)
        undate(set(made))
        assert made == woo.ids("orders")

    @pytest.mark.parametrize("position", ["nonsense", "[]", '["a", 1, 2, 3, 4, 5]', "{}"])
    def test_a_position_of_another_release(self, woo, position):
        """It begins anew instead of ending for ever."""
        made = woo.orders(2)
        page, _ = woo.pages("orders", position=position)
        assert made == [int(one.id) for one in page.snapshots]

    def test_products(self, woo):
        """A changed variation is listed with its product, by its full name."""
        food = woo.shop.product("Dog food", "1980")
        small = woo.shop.product("3kg", "1980", parent=food, meta={"supply_days": "28"})
        woo.shop.wait(hours=1)
        since = woo.shop.now
        woo.shop.edit_product(food, name="Dog food")
        listed = [one for page in woo.pages("products", since) for one in page.snapshots]
        assert [str(food), str(small)] == [one.id for one in listed]
        assert "Dog food - 3kg" == listed[1].title
        assert listed[1] == woo.read("product", small)


class TestHidden:
    """WooCommerce leaves out of its pages, after cutting them, what the key may not read."""

    @pytest.fixture
    def hide(self, woo):
        def hide(numbers):
            answer = woo.api._routed

            def routed(*asked):
                status, page = answer(*asked)
                if hasattr(page, "rows"):
                    page.rows = [row for row in page.rows if row["id"] not in numbers]
                return status, page

            woo.api._routed = routed

        return hide

    @pytest.mark.usefixtures("small")
    @pytest.mark.parametrize("stream", ["orders", "orders-all"])
    @pytest.mark.parametrize("hidden", [[1], [3, 4, 5], [0, 1, 2, 3], [9, 10, 11, 12], [*range(7, 19)], [29]])
    def test_a_few(self, woo, hide, stream, hidden):
        """A page with fewer rows is not the last one."""
        made = woo.orders(30)
        hide({made[place] for place in hidden})
        assert [each for place, each in enumerate(made) if place not in hidden] == woo.ids(stream)

    @pytest.mark.usefixtures("small")
    def test_while_rows_vanish(self, woo, hide):
        """Both at once."""
        made = woo.orders(40)
        hide(set(made[10:17]) | set(made[30:33]))
        pages = woo.pages("orders-all")
        seen = [int(one.id) for _ in range(3) for one in next(pages).snapshots]
        for order in made[:9]:
            woo.shop.delete_order(order)
        seen += [int(one.id) for page in pages for one in page.snapshots]
        assert [*made[:10], *made[17:30], *made[33:]] == seen


@pytest.mark.parametrize("stream", ["products", "products-all"])
@pytest.mark.parametrize("every", [0, 1])
def test_many_variations(woo, monkeypatch, stream, every):
    """Products with many variations are told in small pages, so that a slow shop keeps none for long."""
    monkeypatch.setattr(sync, "_VARIATIONS", 4)
    expected = [woo.tea]
    for count in (3, 2, 9, 0, 1, 3):
        woo.shop.wait(seconds=every)
        expected.append(woo.shop.product("Food", "100"))
        expected += [woo.shop.product(f"{size} kg", "100", parent=expected[-1]) for size in range(count)]
    pages = [[int(one.id) for one in page.snapshots] for page in woo.pages(stream)]
    assert sorted(expected) == sorted({number for page in pages for number in page})
    assert 10 == max(map(len, pages))


@pytest.mark.usefixtures("small")
class TestEverything:
    def test_all_pages(self, woo):
        """All orders are listed by id, those of the trash behind the others, with their number."""
        made = woo.orders(23)
        woo.shop.trash(made[3])
        pages = list(woo.pages("orders-all"))
        told = [int(one.id) for page in pages for one in page.snapshots]
        assert [*made[:3], *made[4:], made[3]] == told
        assert {23} == {page.total for page in pages}

    def test_silent_edits(self, woo):
        """What moved no date and sent no webhook is found: an edit in the database, a deleted refund."""
        made = woo.orders(7)
        refund = woo.shop.refund(made[5], amount="100")
        since = woo.shop.wait(hours=1)
        woo.shop.edit_silently(made[2], billing={"email": "new@example.jp"})
        woo.shop.delete_refund(refund)
        assert [] == woo.ids("orders", since)
        listed = {int(one.id): one for page in woo.pages("orders-all") for one in page.snapshots}
        assert "new@example.jp" == listed[made[2]].contact.email
        assert ((), True) == (listed[made[5]].refunds, listed[made[5]].refunds_complete)

    @pytest.mark.parametrize("gone", [1, 4, 5, 6, 12])
    def test_rows_vanish(self, woo, gone):
        """Orders that are deleted between two pages hide none of the others."""
        made = woo.orders(40)
        pages = woo.pages("orders-all")
        seen = [int(one.id) for _ in range(3) for one in next(pages).snapshots]
        for order in made[:gone]:
            woo.shop.delete_order(order)
        seen += [int(one.id) for page in pages for one in page.snapshots]
        assert made == seen

    def test_all_rows_vanish(self, woo):
        """A shop that was emptied meanwhile comes to an end."""
        made = woo.orders(12)
        pages = woo.pages("orders-all")
        next(pages)
        for order in made:
            woo.shop.delete_order(order)
        assert [] == [one for page in pages for one in page.snapshots]

    def test_rows_appear(self, woo):
        """Orders that come back from the trash in front of the page repeat nothing and hide nothing."""
        made = woo.orders(30)
        for order in made[:12]:
            woo.shop.trash(order)
        pages = woo.pages("orders-all")
        seen = [int(one.id) for _ in range(2) for one in next(pages).snapshots]
        for order in made[:12]:
            woo.shop.restore(order)
        seen += [int(one.id) for page in pages for one in page.snapshots]
        assert made[12:] == seen

    def test_new_orders(self, woo):
        """Orders that are made meanwhile stand at the end."""
        made = woo.orders(12)
        pages = woo.pages("orders-all")
        seen = [int(one.id) for one in next(pages).snapshots]
        made += woo.orders(9)
        assert made == seen + [int(one.id) for page in pages for one in page.snapshots]

    def test_since(self, woo):
        """Orders from before the cursor are not wanted."""
        woo.orders(3)
        since = woo.shop.wait(days=1)
        assert woo.orders(3) == woo.ids("orders-all", since)

    def test_offset_that_does_nothing(self, woo):
        """A shop that always answers the first page is not asked for ever."""
        woo.orders(12)
        answer = woo.api._routed
        woo.api._routed = lambda method, path, told, data: answer(
            method, path, {name: value for name, value in told.items() if name != "offset"}, data
        )
        with pytest.raises(ConfigurationError, match="offset"):
            woo.ids("orders-all")

    def test_customers(self, woo):
        """Accounts have no filter by date, so all are listed; staff is none of them."""
        accounts = [woo.shop.customer(f"a{number}@example.jp") for number in range(12)]
        accounts.append(woo.shop.customer("s@example.jp", role="subscriber"))
        woo.shop.customer("boss@example.jp", role="shop_manager")
        woo.shop.edit_customer(accounts[3], silently=True, first_name="花")
        listed = [one for page in woo.pages("customers") for one in page.snapshots]
        assert accounts == [int(one.id) for one in listed]
        assert "花" == listed[3].contact.given_name

    def test_products(self, woo):
        """Products and their variations are listed; those in the trash as deleted."""
        food = woo.shop.product("Dog food", "1980")
        sizes = [woo.shop.product(size, "1980", parent=food) for size in ("1kg", "3kg")]
        woo.shop.products[woo.tea].fields["status"] = "trash"
        listed = [one for page in woo.pages("products-all") for one in page.snapshots]
        assert [food, *sizes, woo.tea] == [int(one.id) for one in listed]
        assert [False, False, False, True] == [one.deleted for one in listed]


class TestSameAsRead:
    """What a listing says of an object is what a read of it says: else each would contradict the other."""

    def test_orders(self, woo):
        """Plain, refunded in two ways, cancelled, in the trash, erased; with few questions."""
        made = woo.orders(6)
        woo.shop.refund(made[1], lines={0: 1})
        woo.shop.refund(made[2], amount="300")
        woo.shop.refund(made[2], amount="50")
        woo.shop.set_status(made[3], "cancelled")
        woo.shop.anonymise("a@example.jp", most=1)
        pages = list(woo.pages("orders-all"))
        assert ["orders"] * 3 + ["refunds", "orders"] == [each.path for each in woo.api.asked]
        listed = [one for page in pages for one in page.snapshots]
        assert [woo.read("order", number) for number in made] == listed
        assert 3 == sum(len(one.refunds) for one in listed)
        assert [(1, Money(880, "JPY"))] == [
            (line.quantity, line.amount) for line in listed[1].refunds[0].lines
        ]

    @pytest.mark.parametrize("release", ["11.0.1", "7.9.0"])
    def test_many_refunds(self, connect, release):
        """Before WooCommerce 9 each order is asked for its refunds."""
        woo = connect(release=release)
        made = woo.orders(3)
        for order in made[:2]:
            for _ in range(60):
                woo.shop.refund(order, amount="1")
        page, _ = woo.pages("orders")
        assert [0, 60, 60] == [len(one.refunds) for one in page.snapshots]
        expected = (
            ["refunds", "refunds"]
            if release == "11.0.1"
            else ["refunds", *(f"orders/{order}/refunds" for order in made[:2])]
        )
        assert ["orders", *expected, "orders"] == [each.path for each in woo.api.asked]
        assert [woo.read("order", one.id) for one in page.snapshots] == list(page.snapshots)

    def test_rounded(self, woo):
        """Dollars in a shop of whole yen are asked for again, all of a page together, with their cents."""
        cap = woo.shop.product("Cap", "10.65")
        dinar = woo.shop.product("Dates", "1.635")
        made = [
            woo.shop.checkout({product: 1}, email="a@example.com", currency=currency, shipping="0")
            for product, currency in ((cap, "USD"), (woo.tea, "JPY"), (cap, "USD"), (dinar, "BHD"))
        ]
        woo.shop.refund(made[2], lines={0: 1})
        page, _ = woo.pages("orders")
        asked = [each.params.get("dp") for each in woo.api.asked if each.path == "orders"]
        assert [None, "2", "3", None] == asked
        assert [woo.read("order", number) for number in made] == list(page.snapshots)
        assert [1065, 880, 1065, 1635] == [one.amounts.lines[0].paid.minor for one in page.snapshots]

    def test_refunds_that_are_hidden(self, woo):
        """An order whose refunds a plugin hides from the list of all is read alone."""
        [order] = woo.orders(1)
        woo.shop.refund(order, amount="1")
        answer = woo.api._routed
        woo.api._routed = lambda method, path, told, data: (
            (200, []) if path == "refunds" else answer(method, path, told, data)
        )
        page, _ = woo.pages("orders")
        assert [1] == [len(one.refunds) for one in page.snapshots]


def test_an_object_that_cannot_be_understood(woo, caplog):
    """It is left out and named by its fields; the others do not wait for it."""
    made = woo.orders(3)
    woo.shop.orders[made[1]].currency = "Yen!"
    assert [made[0], made[2]] == woo.ids("orders")
    assert f"orders/{made[1]}: not understood: currency" in caplog.text
    assert "Yen!" not in caplog.text


def test_a_draft(woo):
    """An open checkout is no order."""
    made = woo.orders(2)
    woo.shop.set_status(made[0], "checkout-draft")
    assert [made[1]] == woo.ids("orders")


def test_cut_off(woo, monkeypatch):
    """A shop that fails in the middle is asked again for the page that failed, and for no other."""
    monkeypatch.setattr(sync, "_LARGEST_PAGE", 5)
    made = woo.orders(12)
    pages = iter(woo.adapter.changes(Cursor(stream="orders")))
    first = next(pages)
    woo.api.fail(times=4)
    with pytest.raises(PlatformUnavailable):
        next(pages)
    rest = [int(one.id) for page in woo.pages("orders", position=first.position) for one in page.snapshots]
    assert made == [int(one.id) for one in first.snapshots] + rest


def test_no_personal_data_in_positions(woo, monkeypatch):
    """A position is kept in the database and shown: it holds dates and numbers only."""
    monkeypatch.setattr(sync, "_LARGEST_PAGE", 5)
    woo.orders(12)
    for page in woo.pages("orders"):
        assert "example.jp" not in f"{page.position} {page!r}"


def test_overlap(woo):
    """Times are asked for in UTC, whatever the zone of the cursor."""
    woo.orders(1)
    since = woo.shop.now.astimezone(woo.shop.site.zone) - timedelta(seconds=1)
    assert 1 == len(woo.ids("orders", since))
    assert 0 == len(woo.ids("orders", since + timedelta(seconds=1)))
