"""What webhooks lost is found by listing the shop, wherever a listing is cut off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from aftercare_sdk.engine import syncing
from aftercare_sdk.engine.syncing import OVERLAP, PATIENCE, UNTIL_MENDED
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ref
from aftercare_sdk.model.sync import Page, Stream
from aftercare_sdk.store import streams
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.store.streams import Stand
from tests.support.databases import migrate
from tests.support.projection import project
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, note, order, program

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
