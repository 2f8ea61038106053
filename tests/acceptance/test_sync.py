"""What webhooks lost is found by listing the shop, wherever a listing is cut off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.cli import output, sync
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine import imported, syncing
from aftercare_sdk.engine.recovered import Fate, Part, Recovered, recovered
from aftercare_sdk.engine.syncing import OVERLAP, PATIENCE, REST, UNTIL_MENDED
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ref
from aftercare_sdk.model.sync import Page, Stream
from aftercare_sdk.store import journal, objects, streams
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.streams import Stand
from tests.support.databases import migrate
from tests.support.projection import project
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    customer,
    needs_read,
    note,
    order,
    program,
)

EVERY = timedelta(minutes=15)
ORDERS = Stream(name="orders", kind="order", every=EVERY)
WHOLE = Stream(name="all-orders", kind="order", every=DAY, whole=True)


def thanks() -> dict[str, object]:
    """A program that thanks for every purchase."""
    return {"thanks": program(on_purchase=always(note()))}


def bench(url: str, *listed: Stream, **said) -> Bench:
    """A shop that can be listed."""
    made = Bench(url, thanks(), **said)
    made.shelf.streams = listed or (ORDERS,)
    return made


def stand(shop: Bench, name: str = "orders") -> Stand:
    """Return where a listing stands."""
    with shop.aftercare.brand.database.read() as connection:
        return next(one for one in streams.listing(connection) if one.name == name)


def listed_rows(shop: Bench) -> list[str]:
    """Return what became of each page that was listed, oldest first."""
    return [one.outcome for one in shop.journal() if one.kind is Kind.SYNC]


def test_the_first_listing_brings_the_history_and_sends_nothing(migrated_database_url):
    """Five old orders come in, page by page; nobody is thanked for them, and they are no gaps."""
    with bench(migrated_database_url) as shop:
        shop.shelf.put(*(order(str(n), placed=START - 400 * DAY) for n in range(1, 6)))
        shop.run(START)
        assert 5 == len(shop.event_ids()) == stand(shop).listed
        assert [] == shop.sent
        assert (START, 0, None, "") == (
            stand(shop).finished_at,
            stand(shop).closed,
            stand(shop).began_at,
            stand(shop).error,
        )
        assert ["", "2", "4"] == [one.position for one in shop.shelf.listed]
        assert {None} == {one.since for one in shop.shelf.listed}


def test_what_a_webhook_did_not_tell_is_found(migrated_database_url):
    """At the next listing, which reaches back behind the last; the customer is thanked, and it is said."""
    with bench(migrated_database_url) as shop:
        shop.tell(order("1"))
        shop.shelf.put(order("1"))
        shop.run(START)
        assert [START + EVERY, 0] == [stand(shop).due_at, stand(shop).closed]
        lost = START + MINUTE
        shop.shelf.put(order("2", placed=lost, email="bob@customer.example"))
        shop.run(START + EVERY)
        assert ["ann@customer.example", "bob@customer.example"] == [one.recipient for one in shop.sent]
        assert START - OVERLAP == shop.shelf.listed[-1].since
        assert "orders: 2 listed; order 2: first seen" == listed_rows(shop)[-1]
        assert 1 == stand(shop).closed
        shop.run(START + 3 * EVERY)
        assert (1, 2) == (stand(shop).closed, len(shop.sent))


def found_by(shop: Bench, **asked) -> list[Recovered]:
    """Return what listings have found."""
    with shop.aftercare.brand.database.read() as connection:
        return list(recovered(connection, journal.discoveries(connection, **asked)))


def test_what_was_found_is_named(migrated_database_url):
    """Which orders, and what of each had not been told; not what they hold."""
    with bench(migrated_database_url, ORDERS, WHOLE) as shop:
        old = [order(id_, placed=START - DAY, modified=START - DAY) for id_ in ("8", "9", "10", "11")]
        shop.shelf.put(*old)
        shop.run(START + HOUR)
        assert [] == found_by(shop)
        later = {"placed": START - DAY, "modified": START + HOUR}
        eight = order("8", shipped={"5": START + HOUR}, refunds={"77": (300, START + HOUR)}, **later)
        nine = order("9", cancelled=True, email="bob@customer.example", **later)
        shop.shelf.put(eight, nine, order("12", placed=START + HOUR, email="cat@customer.example"))
        del shop.shelf.objects[Ref("order", "10")]
        shop.run(START + 2 * HOUR)
        told = [(one.name, one.fate, [(part.what, part.id) for part in one.parts]) for one in found_by(shop)]
        assert [
            ("8", Fate.CHANGED, [("shipment", "5"), ("refund", "77")]),
            ("9", Fate.CHANGED, [("contact", ""), ("cancelled", "")]),
            ("12", Fate.NEW, []),
        ] == told
        shop.run(START + 2 * DAY)
        assert [("10", Fate.DELETED)] == [(one.name, one.fate) for one in found_by(shop)][2:3]
        assert "customer.example" not in repr(found_by(shop))
        assert 4 == len(found_by(shop)) == stand(shop).closed + stand(shop, "all-orders").closed


def test_what_a_webhook_announced_is_no_find(migrated_database_url):
    """It waits to be read, and the listing only came first."""
    with bench(migrated_database_url) as shop:
        shop.run(START)
        shop.tell(needs_read("1"))
        shop.shelf.close()
        shop.run(START + MINUTE)
        shop.shelf.closed = None
        shop.shelf.put(order("1"))
        with shop.aftercare.brand.database.write() as connection:
            streams.hurry(connection, shop.aftercare.listings(), shop.clock.now())
        assert 1 == shop.aftercare.sync()
        shop.process()
        assert ["main/order/1/purchase"] == shop.event_ids()
        assert ([], 0) == (found_by(shop), stand(shop).closed)


def test_what_was_found_is_kept_as_long_as_bodies(migrated_database_url):
    """A shop that loses webhooks every day does not fill the journal for ever."""
    with bench(migrated_database_url) as shop:
        shop.run(START)
        shop.shelf.put(order("1", placed=START + MINUTE))
        shop.run(START + EVERY)
        before = [one.id for one in found_by(shop)]
        with shop.aftercare.brand.database.write() as connection:
            journal.forget_bodies(connection, after=0, received_before=START + DAY, limit=100)
        assert (["1"], []) == (before, found_by(shop))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["main order #8 changed: shipment 5, refund 77", "main order 41 new", "… and 15 more"]),
        ("ja", ["main 注文 #8 変更：発送 5、返金 77", "main 注文 41 新規", "… ほか15件"]),
    ],
)
def test_the_report_stays_short(capsys, lang, words):
    """Twenty objects by name, and how many more there are."""
    parts = (Part(what="shipment", id="5"), Part(what="refund", id="77"))
    plain = {"shop": "main", "kind": "order", "parts": (), "listings": ("orders",)}
    first = Recovered(**{**plain, "parts": parts}, id="8", name="#8", fate=Fate.CHANGED)
    more = [Recovered(**plain, id=str(n), name=str(n), fate=Fate.NEW) for n in range(41, 75)]
    output.show(sync.report([first, *more], Speaker(lang, ZoneInfo("Asia/Tokyo")), ""))
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert 22 == len(shown)
    assert [] == [line for line in words if line not in shown]


def test_by_webhook_or_by_listing_the_facts_are_the_same(databases):
    """Also when both tell them."""
    history = [
        order("1", shipped={"a": START + HOUR}, modified=START + HOUR),
        order("2", refunds={"7": (300, START + DAY)}, modified=START + DAY),
        order("3", cancelled=True, modified=START + DAY),
        order("4", email="bob@customer.example"),
    ]
    told = []
    for by_webhook, by_listing in ((True, False), (False, True), (True, True)):
        url = databases.copy_of(migrate)
        with bench(url) as shop:
            if by_listing:
                shop.shelf.put(*history)
            else:
                shop.shelf.streams = ()
                shop.shelf.put(*history)
            if by_webhook:
                shop.tell(*history)
            shop.run(START + 2 * DAY)
            told.append(project(shop.aftercare.brand.database))
        databases.drop(url)
    assert told[0] == told[1] == told[2]


def test_edits_and_deletions_that_nobody_tells_are_found(migrated_database_url):
    """A complete listing shows an edit that moved no date; what it does not name is asked for, and gone."""
    with bench(migrated_database_url, ORDERS, WHOLE) as shop:
        shop.shelf.put(*(order(str(n)) for n in range(1, 5)))
        shop.run(START + 3 * HOUR)
        shop.shelf.put(order("2", total=900))  # the same date of modification
        del shop.shelf.objects[Ref("order", "3")]
        shop.run(START + DAY - MINUTE)
        assert [] == [one for one in shop.event_ids() if "cancellation" in one]
        shop.run(START + DAY + HOUR)
        assert [Ref("order", "3")] == shop.shelf.asked
        assert ["main/order/3/cancellation"] == [one for one in shop.event_ids() if "cancellation" in one]
        with shop.aftercare.brand.database.read() as connection:
            assert [2, 0] == [one.closed for one in streams.listing(connection)]
        asked = len(shop.shelf.asked)
        shop.run(START + 3 * DAY)
        assert asked == len(shop.shelf.asked), "what is known to be gone is not asked for again"


@pytest.mark.parametrize("at_page", [0, 1, 2])
@pytest.mark.parametrize("after_commit", [False, True], ids=["before the commit", "after it"])
def test_a_listing_that_is_cut_off_goes_on_where_it_was(
    migrated_database_url, monkeypatch, at_page, after_commit
):
    """Its page and the place of the next are one commit: nothing is missed, nothing comes twice."""
    append = syncing.journal.append
    pages = []

    def dies(connection, rows):
        pages.append(rows)
        if len(pages) == at_page + 1 and not after_commit:
            raise KeyboardInterrupt
        stored = append(connection, rows)
        if len(pages) == at_page + 2 and after_commit:
            raise KeyboardInterrupt
        return stored

    with bench(migrated_database_url) as shop:
        shop.shelf.put(*(order(str(n)) for n in range(1, 7)))
        monkeypatch.setattr(syncing.journal, "append", dies)
        with contextlib.suppress(KeyboardInterrupt):
            shop.aftercare.sync()
        monkeypatch.setattr(syncing.journal, "append", append)
        shop.run(START + PATIENCE + MINUTE)
        rows = [one for one in shop.journal() if one.kind is Kind.SYNC]
        assert 6 == len(shop.event_ids()) == sum(one.weight for one in rows[-3:])
        assert stand(shop).finished_at is not None


def test_a_shop_that_is_down_is_asked_again(migrated_database_url):
    """Sooner than its turn, and with what was wrong; then the listing is complete."""
    with bench(migrated_database_url) as shop:
        shop.shelf.put(order("1"))
        shop.shelf.closed = PlatformUnavailable("the shop does not answer")
        shop.run(START)
        assert ("PlatformUnavailable: the shop does not answer", 1, None) == (
            stand(shop).error,
            stand(shop).attempts,
            stand(shop).finished_at,
        )
        shop.shelf.closed = None
        shop.run(START + 2 * MINUTE)
        assert ("", 0, 1) == (stand(shop).error, stand(shop).attempts, len(shop.event_ids()))


@pytest.mark.parametrize("error", [ConfigurationError("no keys"), KeyError("ann@customer.example")])
def test_what_a_person_must_mend_waits_for_that(migrated_database_url, error):
    """A wrong key or a bug of the adapter is told without what it quotes, and asked again in an hour."""
    with bench(migrated_database_url) as shop:
        shop.shelf.closed = error
        shop.run(START)
        assert type(error).__name__ == stand(shop).error.partition(":")[0]
        assert "ann" not in stand(shop).error
        expected = UNTIL_MENDED if isinstance(error, ConfigurationError) else MINUTE
        assert START + expected == stand(shop).due_at


def test_two_workers_do_not_list_the_same(migrated_database_url):
    """Whoever has taken a listing keeps it; one that was given up loses it, and writes nothing more."""
    with bench(migrated_database_url) as shop, shop.twin() as other:
        shop.shelf.put(*(order(str(n)) for n in range(1, 7)))
        shop.shelf.streams = other.shelf.streams = (ORDERS,)
        pages = shop.shelf.pages
        seen: list[int] = []

        def slow(cursor) -> Iterator[Page]:
            for page in pages(cursor):
                if not seen:
                    seen.append(other.aftercare.sync())
                    shop.clock.move(START + 2 * PATIENCE)
                    shop.shelf.pages = pages
                    seen.append(other.aftercare.sync())
                yield page

        shop.shelf.pages = slow
        shop.aftercare.sync()
        assert [0, 3] == seen
        shop.run(START + HOUR)
        assert 6 == len(shop.event_ids())
        assert 6 == stand(shop).listed


def test_the_decider_sets_the_pace(migrated_database_url, monkeypatch):
    """While many rows are waiting, no further page is asked for."""
    monkeypatch.setattr(syncing, "MOST_WAITING", 2)
    with bench(migrated_database_url) as shop:
        shop.shelf.put(*(order(str(n)) for n in range(1, 9)))
        assert 2 == shop.aftercare.sync()
        assert 0 == shop.aftercare.sync()
        shop.run(START + MINUTE)
        assert (8, 8) == (len(shop.event_ids()), stand(shop).listed)


def test_a_large_page_is_several_rows(migrated_database_url, monkeypatch):
    """So that no transaction of the decider holds the lock for long."""
    monkeypatch.setattr(syncing, "OBJECTS_PER_ROW", 2)
    with bench(migrated_database_url, WHOLE) as shop:
        shop.shelf.page_size = 5
        shop.shelf.put(*(order(str(n)) for n in range(1, 6)))
        shop.run(START)
        assert [2, 2, 1] == [one.weight for one in shop.journal() if one.kind is Kind.SYNC]
        assert {State.DONE} == {one.state for one in shop.journal() if one.kind is Kind.SYNC}


def test_a_shop_may_be_left_alone_or_begin_later(migrated_database_url):
    """`sync = false`, and `sync_from` for shops with a long past."""
    shops = {
        "main": {
            "adapter": "test",
            "secrets": [{"env": "SHOP_SECRET"}],
            "currency": "GBP",
            "assume_delivered": False,
        }
    }
    quiet = {"shops": {"main": {**shops["main"], "sync": False}}}
    with bench(migrated_database_url, config=quiet) as shop:
        shop.shelf.put(order("1"))
        shop.run(START + DAY)
        assert ([], frozenset()) == (shop.shelf.listed, shop.aftercare.listings())
    since = (START - DAY).replace(microsecond=0)
    young = {"shops": {"main": {**shops["main"], "sync_from": since}}}
    with bench(migrated_database_url, config=young) as shop:
        shop.shelf.put(order("1", placed=START - 2 * DAY), order("2", placed=START - HOUR))
        shop.run(START + DAY)
        assert since == shop.shelf.listed[0].since
        assert ["main/order/2/purchase"] == shop.event_ids()


def test_a_stream_that_is_gone_stops_nothing(migrated_database_url):
    """An adapter of another release may list other things."""
    with bench(migrated_database_url, ORDERS, replace(ORDERS, name="old")) as shop:
        shop.run(START)
    with bench(migrated_database_url, start=START + DAY) as shop:
        shop.shelf.put(order("1", placed=START + DAY))
        shop.run(START + DAY)
        assert ["main/order/1/purchase"] == shop.event_ids()


def test_a_listing_without_its_last_page_is_a_failure(migrated_database_url):
    """An adapter that has no page at all is told of, and asked again after a pause, not at once."""
    with bench(migrated_database_url) as shop:
        asked = []
        shop.shelf.pages = lambda cursor: iter(asked.append(cursor) or ())
        assert [1, *[0] * 19] == [shop.aftercare.sync() for _ in range(20)]
        assert 1 == len(asked)
        assert ("Bug: the listing ended without its last page", 1, START + MINUTE, None) == (
            stand(shop).error,
            stand(shop).attempts,
            stand(shop).due_at,
            stand(shop).finished_at,
        )


@pytest.mark.parametrize("place", ["2", ""])
def test_a_listing_that_stands_still_is_a_failure(migrated_database_url, place):
    """An adapter that names the same place for ever, or the beginning, does not fill the journal."""
    with bench(migrated_database_url) as shop:
        positions = iter(["2"])

        def pages(cursor) -> Iterator[Page]:
            while True:
                yield Page(snapshots=(order("1"),), position=next(positions, place))

        shop.shelf.pages = pages
        shop.run(START + HOUR)
        assert "never end" in stand(shop).error
        assert ["orders: 1 listed; order 1: first seen"] == listed_rows(shop)


def test_a_listing_that_never_ends_keeps_nobody_for_ever(migrated_database_url, monkeypatch):
    """It rests after many pages, so `work --once` ends; the next run goes on where it was."""
    monkeypatch.setattr(syncing, "PAGES_AT_A_STRETCH", 30)
    with bench(migrated_database_url) as shop:

        def pages(cursor) -> Iterator[Page]:
            for number in count(int(cursor.position or 0) + 1):
                yield Page(snapshots=(order("1"),), position=str(number))

        shop.shelf.pages = pages
        shop.run_due()
        assert ("30", START + REST) == (stand(shop).position, stand(shop).due_at)
        shop.run_due()
        assert "30" == stand(shop).position
        shop.clock.move(START + REST)
        shop.run_due()
        assert "60" == stand(shop).position


def listed_of_another_shop(shop: Bench) -> None:
    """Have the adapter list an order of another shop."""
    shop.shelf.pages = lambda _: iter(
        [Page(snapshots=(replace(order("1"), shop="elsewhere"),), position=None)]
    )
    shop.run_due()
    assert "of another shop, 'elsewhere'" in stand(shop).error


def read_of_another_shop(shop: Bench) -> None:
    """Have the adapter answer a read with an order of another shop."""
    shop.shelf.objects[Ref("order", "1")] = replace(order("1"), shop="elsewhere")
    shop.shelf.streams = ()
    shop.tell(needs_read("1"))
    shop.run(START + MINUTE)
    assert [Ref("order", "1")] * len(shop.shelf.asked) == shop.shelf.asked != []


def told_of_another_shop(shop: Bench) -> None:
    """Have the adapter understand a webhook as one of another shop."""
    shop.tell(replace(order("1"), shop="elsewhere"))
    shop.process()
    (row,) = shop.webhooks()
    assert (State.PARKED, "adapter 'test' told of another shop, 'elsewhere', in a row of shop 'main'") == (
        row.state,
        row.outcome,
    )


def imported_of_another_shop(shop: Bench) -> None:
    """Have a file tell of an order of another shop."""
    body = imported.encode([replace(order("1"), shop="elsewhere")])
    with shop.aftercare.brand.database.write() as connection:
        journal.append(
            connection,
            [Arrival(kind=Kind.IMPORT, shop="main", topic="orders", received_at=START, body=body)],
        )
    shop.process()
    (row,) = shop.journal()
    assert (State.PARKED, "the file told of another shop, 'elsewhere', in a row of shop 'main'") == (
        row.state,
        row.outcome,
    )


@pytest.mark.parametrize(
    "tell", [listed_of_another_shop, read_of_another_shop, told_of_another_shop, imported_of_another_shop]
)
def test_no_shop_can_change_what_is_known_of_another(migrated_database_url, tell):
    """An adapter or a file that names another shop is refused, with a reason."""
    with bench(migrated_database_url) as shop:
        tell(shop)
        shop.process()
        with shop.aftercare.brand.database.read() as connection:
            assert [] == [one.record.shop for one in objects.everything(connection)]


def test_a_listing_brings_only_what_it_is_a_listing_of(migrated_database_url):
    """A complete listing of orders that brought customers would have every order asked for."""
    with bench(migrated_database_url, WHOLE) as shop:
        shop.tell(order("1"))
        shop.process()
        shop.shelf.pages = lambda _: iter([Page(snapshots=(customer("7"),), position=None)])
        shop.run(START + HOUR)
        assert "the listing of objects of kind 'order' brought one of kind 'customer'" in (
            stand(shop, "all-orders").error
        )
        assert [] == shop.shelf.asked


def test_a_listing_begins_before_its_first_page_is_asked_for(migrated_database_url):
    """However long that page takes, the next listing reaches back behind its beginning."""
    with bench(migrated_database_url) as shop:

        def pages(cursor) -> Iterator[Page]:
            shop.clock.move(START + 2 * HOUR)
            yield Page(snapshots=(order("1"),), position=None)

        shop.shelf.pages = pages
        assert 1 == shop.aftercare.sync()
        assert START == stand(shop).finished_at


def test_a_listing_whose_first_page_failed_begins_anew(migrated_database_url):
    """Nothing of it has come, so what was modified since is not its business."""
    with bench(migrated_database_url) as shop:
        shop.shelf.close()
        shop.aftercare.sync()
        shop.shelf.closed = None
        shop.clock.move(START + HOUR)
        shop.aftercare.sync()
        assert START + HOUR == stand(shop).finished_at


@pytest.mark.parametrize("after_a_failure", [False, True], ids=["the first", "a retry"])
def test_whoever_hurries_a_listing_does_not_take_it_away(migrated_database_url, after_a_failure):
    """Its first page is under way: it counts, and nothing is said to have failed."""
    with bench(migrated_database_url) as shop:
        if after_a_failure:
            shop.shelf.close()
            shop.aftercare.sync()
            shop.clock.move(START + HOUR)

        def pages(cursor) -> Iterator[Page]:
            shop.clock.move(shop.clock.now() + MINUTE)
            hurry(shop)
            yield Page(snapshots=(order("1"),), position=None)

        shop.shelf.pages = pages
        assert (1, "") == (shop.aftercare.sync(), stand(shop).error)


@pytest.mark.parametrize("closed", [False, True], ids=["complete", "failed"])
def test_whoever_hurries_a_listing_does_not_wait_for_its_turn(migrated_database_url, closed):
    """Neither for the next time nor for the next try."""
    with bench(migrated_database_url) as shop:
        if closed:
            shop.shelf.close()
        shop.aftercare.sync()
        assert stand(shop).due_at > START
        hurry(shop)
        assert stand(shop).due_at == START


def hurry(shop: Bench) -> None:
    """Do as `aftercare sync` does."""
    with shop.aftercare.brand.database.write() as connection:
        streams.hurry(connection, [("main", "orders")], shop.clock.now())


def test_an_adapter_looks_after_its_connection(migrated_database_url):
    """After each listing of what was modified; what it says is told in the journal."""
    with bench(migrated_database_url, ORDERS, WHOLE) as shop:
        shop.shelf.put(order("1"))
        shop.shelf.tend = lambda: ["webhook 7 was disabled; it is active again"]
        shop.run(START)
        assert ["webhook 7 was disabled; it is active again"] == [
            one.outcome for one in shop.journal() if one.topic == "connection"
        ]
        shop.shelf.tend = lambda: 1 / 0
        shop.run(START + 2 * EVERY)
        assert (None, "") == (stand(shop).began_at, stand(shop).error)
